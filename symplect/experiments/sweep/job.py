"""What a worker is told: importable anywhere, before JAX is."""

from dataclasses import dataclass
from pathlib import Path

from symplect.experiments.sweep.grid import Setting, name_of


class JobError(Exception):
    """What went wrong in a worker, in words that travel between processes and machines."""


@dataclass(frozen=True)
class Job:
    """Some runs that a worker does, in plain values.

    Args:
        task: name of the task.
        model: name of one of its methods.
        seeds: random seeds of the runs.
        settings: names and values, as `checked_settings` returns them.
        out: the folder of the sweep.
        data: the folder of the measurements, or `None`.
        stop_hopeless: whether its run, which is then one alone, may be given up early.
    """

    task: str
    model: str
    seeds: tuple[int, ...]
    settings: tuple[tuple[str, Setting], ...]
    out: str
    data: str | None = None
    stop_hopeless: bool = False

    @property
    def folders(self) -> list[str]:
        """Where each run goes, below the folder of the sweep."""
        return [f"{name_of(dict(self.settings))}/{self.task}/{self.model}/seed-{seed}" for seed in self.seeds]

    @property
    def paths(self) -> list[Path]:
        """The same from where we are."""
        return [Path(self.out) / folder for folder in self.folders]

    def __str__(self) -> str:
        return ", ".join(self.folders)
