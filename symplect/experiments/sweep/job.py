"""What a worker is told: importable anywhere, before JAX is."""

from dataclasses import dataclass
from pathlib import Path

from symplect.experiments.training_run import TrainingRun


class JobError(Exception):
    """What went wrong in a worker, in words that travel between processes and machines."""


@dataclass(frozen=True, eq=False)
class Job:
    """Some training runs that a worker does.

    Args:
        runs: training runs of one task, model and settings, each with a seed of its own.
        out: the folder of the reproduction or sweep.
        data: the folder of the measurements, or `None`.
        stop_hopeless: whether its run, which is then one alone, may be given up early.
        label: name in messages, and of progress bars; without it there are none.
    """

    runs: tuple[TrainingRun, ...]
    out: Path
    data: Path | None = None
    stop_hopeless: bool = False
    label: str | None = None

    @property
    def folders(self) -> list[str]:
        """Where each run goes, below the folder of the sweep."""
        return [str(run.folder.relative_to(self.out)) for run in self.runs]

    @property
    def left(self) -> list[TrainingRun]:
        """The runs that are not finished."""
        return [run for run in self.runs if not run.is_finished]

    def __str__(self) -> str:
        return self.label or ", ".join(self.folders)
