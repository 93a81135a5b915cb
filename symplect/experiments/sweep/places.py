"""What lies beside a run's folder while the run is made."""

from pathlib import Path

from filelock import FileLock, Timeout

from symplect.files import discard_leftovers


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
