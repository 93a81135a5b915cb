"""What is to be run: tasks, models and seeds, with every choice of settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from symplect.errors import InputError
from symplect.experiments.grid import Setting, choices, name_of
from symplect.experiments.tasks import TASKS, checked_settings, known_settings
from symplect.experiments.training_run import TrainingRun


@dataclass(frozen=True)
class Plan:
    """What to run.

    Args:
        tasks: names out of `TASKS`.
        models: names of the tasks' methods; a task without one of that name skips it. `None` for all of each task.
        seeds: number of seeds, counted from 0; a seed makes data and network.
        out: the folder for runs and results.
        data: the folder of the measurements, or `None` for the cache or a download.
        settings: other than each method's own, such as `{"steps": 100}`; methods that have no such setting go without.
        grid: for a sweep, values by the name of a setting, which every method must have; all their combinations are
            run.

    Raises:
        InputError: an unknown name, a number that is not positive, or a value that a setting cannot have.

    Example:
        >>> plan = Plan(["pendulum"], ["hnn"], seeds=2, out=Path("runs"), grid={"width": [50, 100]})
        >>> [str(one.out) for one in plan.choices]
        ['runs/width=50', 'runs/width=100']
    """

    tasks: Sequence[str]
    models: Sequence[str] | None
    seeds: int
    out: Path
    data: Path | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)
    grid: Mapping[str, Sequence[Setting]] = field(default_factory=dict)

    def __post_init__(self):
        _require_known("task", self.tasks, list(TASKS))
        known = dict.fromkeys(name for task in self.tasks for name in TASKS[task].methods)
        _require_known("model", self.models or (), list(known))
        if self.seeds < 1:
            raise InputError(f"expected at least one seed, found {self.seeds}: give --seeds a positive number")
        for task in self.tasks:
            for model in self.methods(task):
                _require_settings(f"{model} of {task}", self.grid, list(known_settings(TASKS[task].methods[model])))
                for choice in choices(self.grid):
                    self._settings(task, model, choice)

    def methods(self, task: str) -> list[str]:
        """Return the names of those methods of a task that are asked for."""
        return [name for name in TASKS[task].methods if self.models is None or name in self.models]

    @property
    def choices(self) -> list["Plan"]:
        """One plan without a grid for every choice of its values, in a folder named after them."""
        return [
            replace(self, out=self.out / name_of(choice), settings={**self.settings, **choice}, grid={})
            for choice in choices(self.grid)
        ]

    def runs(self, not_run: Mapping[str, str]) -> list[TrainingRun]:
        """Return what is to be run with the plan's settings; the models of one seed follow each other.

        Args:
            not_run: reasons, by task, of those that cannot be run.
        """
        return [
            TrainingRun(task, model, seed, self.out, self._settings(task, model))
            for task in self.tasks
            if task not in not_run
            for seed in range(self.seeds)
            for model in self.methods(task)
        ]

    def _settings(self, task: str, model: str, choice: Mapping[str, Setting] | None = None) -> dict[str, Setting]:
        """Return those of the settings that a method has."""
        method = TASKS[task].methods[model]
        known, asked = known_settings(method), {**self.settings, **(choice or {})}
        return checked_settings(method, {name: value for name, value in asked.items() if name in known})


def _require_known(kind: str, chosen: Sequence[str], known: Sequence[str]) -> None:
    for name in chosen:
        if name not in known:
            raise InputError(f"expected a {kind} out of {', '.join(known)}, found {name!r}")


def _require_settings(what: str, grid: Mapping[str, Sequence[Setting]], known: Sequence[str]) -> None:
    for name in grid:
        if name not in known:
            raise InputError(
                f"expected a setting of {what} out of {', '.join(known) or 'none at all'}, found {name!r}: "
                "leave it out, or name the models that have it with --models"
            )
