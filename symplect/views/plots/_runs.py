"""Which runs a figure shows, and how the axes of a task are labelled."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from symplect.errors import InputError
from symplect.evaluation import EvaluationData
from symplect.experiments.tasks import TASKS
from symplect.runs import TaskRun


@dataclass(frozen=True)
class Labels:
    """Axis labels of one task, with units.

    Attributes:
        q, p: of the first position and its momentum.
        t: of time.
        energy: of the true energy.
    """

    q: str
    p: str
    t: str
    energy: str


_DIMENSIONLESS = Labels("q (dimensionless)", "p (dimensionless)", "t (dimensionless)", "energy (dimensionless)")

LABELS = {
    "pendulum": Labels("angle q (rad)", "p (dimensionless)", "t (dimensionless)", "energy (dimensionless)"),
    "real-pendulum": Labels("angle q (rad)", "angular velocity p (rad/s)", "t (s)", "energy (rad²/s²)"),
    "pixel-pendulum": Labels("angle q (rad)", "p, a quarter of the angular velocity (rad/s)", "t (frames)", "energy"),
}


def labels(task: str) -> Labels:
    """Return the axis labels of a task; the paper's own conventions have no dimensions."""
    return LABELS.get(task, _DIMENSIONLESS)


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
    return TASKS[task].make_data(seed, folder, None)
