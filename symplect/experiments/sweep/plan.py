"""What a sweep is to run: a reproduction for every choice of settings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from symplect.errors import InputError
from symplect.experiments.reproduction import Plan
from symplect.experiments.sweep.grid import Setting, choices, name_of
from symplect.experiments.sweep.job import Job
from symplect.experiments.tasks import TASKS, known_settings


@dataclass(frozen=True)
class SweepPlan:
    """What to run.

    Args:
        tasks: names out of `TASKS`.
        models: names of the tasks' methods; a task without one of that name skips it. `None` for all of each task.
        seeds: number of seeds, counted from 0; a seed makes data and network.
        out: the folder of the sweep.
        data: the folder of the measurements, or `None` for the cache or a download.
        grid: values by the name of a setting, which every method must have; all their combinations are run.
        together: seeds of one job; the published models train them in one program.
        stop_hopeless: whether unpromising runs are stopped early (median stopping).

    Raises:
        InputError: an unknown name, or a value that a setting cannot have.

    Example:
        >>> plan = SweepPlan(["pendulum"], ["hnn"], seeds=2, out=Path("runs"), grid={"width": [50, 100]})
        >>> [str(job) for job in plan.jobs({})][:2]
        ['width=50/pendulum/hnn/seed-0', 'width=100/pendulum/hnn/seed-0']
    """

    tasks: Sequence[str]
    models: Sequence[str] | None
    seeds: int
    out: Path
    data: Path | None = None
    grid: Mapping[str, Sequence[Setting]] = field(default_factory=dict)
    together: int = 1
    stop_hopeless: bool = False

    def __post_init__(self):
        if self.together < 1:
            raise InputError(f"expected at least one seed of a job, found {self.together}: give --together more")
        if self.stop_hopeless and self.together > 1:
            raise InputError(
                f"expected one seed of a job where hopeless ones are stopped, found {self.together}: "
                "leave --together or --stop-hopeless out"
            )
        for plan in self.plans:
            for task in self.tasks:
                for model in plan.methods(TASKS[task]):
                    _require_settings(
                        f"{model} of {task}", plan.settings, list(known_settings(TASKS[task].methods[model]))
                    )

    @property
    def plans(self) -> list[Plan]:
        """What is run with each choice of settings, in a folder of its own."""
        return [
            Plan(self.tasks, self.models, self.seeds, self.out / name_of(choice), self.data, choice)
            for choice in choices(self.grid)
        ]

    def jobs(self, not_run: Mapping[str, str]) -> list[Job]:
        """Return what is to be run, without those tasks that cannot be; those of one task and seed share its data."""
        return [
            self._job(plan, task, model, range(first, self.seeds)[: self.together])
            for task in self.tasks
            if task not in not_run
            for first in range(0, self.seeds, self.together)
            for plan in self.plans
            for model in plan.methods(TASKS[task])
        ]

    def _job(self, plan: Plan, task: str, model: str, seeds: Sequence[int]) -> Job:
        settings = tuple(plan.settings_of(TASKS[task], model).items())
        data = None if self.data is None else str(self.data.absolute())
        return Job(task, model, tuple(seeds), settings, str(self.out.absolute()), data, self.stop_hopeless)


def _require_settings(what: str, settings: Mapping[str, Setting], known: Sequence[str]) -> None:
    for name in settings:
        if name not in known:
            raise InputError(
                f"expected a setting of {what} out of {', '.join(known) or 'none at all'}, found {name!r}: "
                "leave it out, or name the models that have it with --models"
            )
