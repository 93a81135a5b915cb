"""Where a training run lies, below the folder of a reproduction or of one choice of settings, and what beside it."""

from pathlib import Path

from filelock import FileLock, Timeout

from symplect.files import discard_leftovers

RUNS = "[!.]*/[!.]*/seed-*"
"""Pattern of all training runs below a folder."""


def place(task: str, model: str, seed: int | str) -> str:
    """Return the path of a training run below its folder; a star for what may be anything.

    Example:
        >>> place("pendulum", "hnn", 0)
        'pendulum/hnn/seed-0'
    """
    return f"{task}/{model}/seed-{seed}"


def parts(path: str) -> tuple[str, str, int]:
    """Return the task, model and seed of a path that `place` made.

    Example:
        >>> parts("pendulum/hnn/seed-0")
        ('pendulum', 'hnn', 0)
    """
    task, model, seed = path.split("/")
    return task, model, int(seed.removeprefix("seed-"))


def lock_of(path: Path) -> Path:
    """Return the file that is locked while someone makes the run."""
    return path.with_suffix(".lock")


def checkpoint_of(path: Path) -> Path:
    """Return the file from which the run goes on."""
    return path.with_suffix(".checkpoint.safetensors")


def is_taken(path: Path) -> bool:
    """Return whether some process is making the run; the lock of one that died is free."""
    if not lock_of(path).exists():
        return False
    try:
        with FileLock(lock_of(path)).acquire(blocking=False):
            return False
    except Timeout:
        return True


def tidy(path: Path) -> None:
    """Remove what a finished run needs no more, a process may have been killed before it did.

    Whoever gets hold of the lock at this moment finds the run finished.
    """
    discard_leftovers(path)
    discard_leftovers(checkpoint_of(path))
    checkpoint_of(path).unlink(missing_ok=True)
    lock_of(path).unlink(missing_ok=True)
