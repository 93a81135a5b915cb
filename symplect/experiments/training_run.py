"""One training run in plain values, which travels between processes and machines and is known before JAX is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from symplect.experiments.grid import Setting
from symplect.experiments.places import checkpoint_of, lock_of, place


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """One model of a task, trained with one seed: what is scheduled, checkpointed and saved.

    Args:
        task: name out of `TASKS`.
        model: name of one of the task's methods.
        seed: random seed of data and network.
        out: the folder below which the run goes.
        settings: other than the method's own, as `checked_settings` returns them.

    Example:
        >>> TrainingRun("pendulum", "hnn", 0, Path("runs")).folder
        PosixPath('runs/pendulum/hnn/seed-0')
    """

    task: str
    model: str
    seed: int
    out: Path
    settings: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the finished run lies."""
        return self.out / place(self.task, self.model, self.seed)

    @property
    def checkpoint(self) -> Path:
        """Where the unfinished run lies."""
        return checkpoint_of(self.folder)

    @property
    def lock(self) -> Path:
        """File that is locked while a process makes the run."""
        return lock_of(self.folder)

    def __str__(self) -> str:
        return f"{self.task}, {self.model}, seed {self.seed}"
