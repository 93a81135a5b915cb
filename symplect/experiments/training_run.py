"""One training run in plain values, which travels between processes and machines and is known before JAX is."""

import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from symplect.experiments.grid import Setting

STATUS_FILE = "status.json"


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
        return self.out / self.task / self.model / f"seed-{self.seed}"

    @property
    def checkpoint(self) -> Path:
        """Where the unfinished run lies."""
        return self.folder.with_suffix(".checkpoint.safetensors")

    @property
    def lock(self) -> Path:
        """File that is locked while a process makes the run."""
        return self.folder.with_suffix(".lock")

    @property
    def status(self) -> Path:
        """File that tells of an unfinished run who makes it, and what went wrong; later it lies in the folder."""
        return self.folder.with_suffix(f".{STATUS_FILE}")

    @property
    def is_finished(self) -> bool:
        """Whether the run's folder is there, which is whole or absent."""
        return self.folder.exists()

    @contextmanager
    def held(self) -> Generator[bool]:
        """Hold the run, so that no two processes make it; gives False if another has it. Who dies lets it go."""
        self.lock.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.lock)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            yield False
            return
        try:
            yield True
        finally:
            lock.release()

    def tidy(self) -> None:
        """Remove what a finished run needs no more, a process may have been killed before it did.

        Whoever gets hold of the lock at this moment finds the run finished.
        """
        from symplect.files import discard_leftovers  # brings JAX

        discard_leftovers(self.folder)
        discard_leftovers(self.checkpoint)
        discard_leftovers(self.status)
        with suppress(FileNotFoundError):
            os.replace(self.status, self.folder / STATUS_FILE)
        self.checkpoint.unlink(missing_ok=True)
        self.lock.unlink(missing_ok=True)

    def __str__(self) -> str:
        return f"{self.task}, {self.model}, seed {self.seed}"
