"""Which runs a figure shows."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

from symplect.errors import InputError
from symplect.evaluation import EvaluationData
from symplect.experiments.tasks import TASKS, Task
from symplect.runs import TaskRun
from symplect.systems import NBody


def one_degree() -> tuple[str, ...]:
    """Return the names of the tasks whose states are one position and its momentum."""
    tasks = TASKS.items()
    return tuple(name for name, task in tasks if task.energy.degrees_of_freedom == 1 and not task.pixels)


def of_pixels() -> tuple[str, ...]:
    """Return the names of the tasks whose models see films."""
    return tuple(name for name, task in TASKS.items() if task.pixels)


def bodies(task: Task) -> int:
    """Return how many bodies of the plane a state lists; none for other systems."""
    energy = task.energy
    return len(energy.masses) if isinstance(energy, NBody) and energy.dimensions == 2 else 0


def by_task(runs: Sequence[TaskRun], tasks: Sequence[str]) -> Mapping[str, Mapping[str, TaskRun]]:
    """Return the first run of every task and model.

    Args:
        runs: in the order in which models are shown.
        tasks: wanted tasks, in the order in which they are shown.

    Raises:
        InputError: there is no run of any of them.
    """
    found = {task: _by_model([run for run in runs if run.config.task == task]) for task in tasks}
    if not any(found.values()):
        raise InputError(
            f"expected a run of {' or '.join(tasks)}, found none: make one with `symplect reproduce {' '.join(tasks)}`"
        )
    return {task: models for task, models in found.items() if models}


def first_of_pixels(runs: Sequence[TaskRun]) -> Mapping[str, TaskRun]:
    """Return the first run of every model of the first task of pixels.

    Raises:
        InputError: there is none.
    """
    return next(iter(by_task(runs, of_pixels()).values()))


def _by_model(runs: Sequence[TaskRun]) -> dict[str, TaskRun]:
    found: dict[str, TaskRun] = {}
    for run in runs:
        found.setdefault(run.config.model, run)
    return found


@lru_cache  # simulated once for all figures and the explorer
def training_data(task: str, seed: int, folder: Path | None) -> EvaluationData:
    """Make the data again that a task's models were fitted to and are judged on.

    Args:
        task: name of the task.
        seed: random seed of the run.
        folder: folder of the measurements, as in `measured_pendulum`.

    Raises:
        InputError: no measurements in the folder.
        NotAvailableError: the measurements could not be downloaded.
    """
    return TASKS[task].make_states(seed, folder, None)
