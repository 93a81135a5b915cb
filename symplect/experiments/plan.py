"""What is to be run: tasks, models and seeds, with every choice of settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import tyro

from symplect.errors import InputError
from symplect.experiments.grid import Setting, choices, name_of
from symplect.experiments.training_run import TrainingRun


@dataclass(frozen=True)
class Request:
    """What a person asks for, in words that the command line shows; it is known before JAX is.

    Args:
        tasks: names as listed by `symplect tasks`; unless given, those of the paper and two more.
        models: models to fit, such as baseline and hnn; all that a task has unless given.
        seeds: number of seeds, each of data and network; more than one gives mean and spread.
        out: folder for the runs and the table; what is finished there is kept.
        data: folder of the measured data; without it SYMPLECT_DATA, the cache or a download.
    """

    tasks: tyro.conf.Positional[Sequence[str]] = ()
    models: Sequence[str] | None = None
    seeds: int = 1
    out: Path = Path("runs")
    data: Path | None = None

    def plan(
        self,
        *,
        settings: Mapping[str, Setting] | None = None,
        grid: Mapping[str, Sequence[Setting]] | None = None,
    ) -> "Plan":
        """Return the plan of what is asked for, with settings or a grid."""
        return Plan(self.tasks, self.models, self.seeds, self.out, self.data, settings or {}, grid or {})


@dataclass(frozen=True)
class Plan(Request):
    """What to run: tasks, models, seeds, folder and data as in `Request`, and how.

    Args:
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

    settings: Mapping[str, Setting] = field(default_factory=dict)
    grid: Mapping[str, Sequence[Setting]] = field(default_factory=dict)

    def __post_init__(self):
        from symplect.experiments.tasks import TASKS, UNLESS_NAMED, known_settings

        object.__setattr__(self, "tasks", self.tasks or UNLESS_NAMED)
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
        from symplect.experiments.tasks import TASKS

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
        from symplect.experiments.tasks import TASKS, checked_settings, known_settings

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
