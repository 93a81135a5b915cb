"""Where runs go: this process, processes of this machine, SLURM, or Dask."""

from collections.abc import Callable, Generator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from typing import final

from symplect.errors import InputError
from symplect.experiments.sweep.cluster import Arguments, Result


@final
class ThisProcess(Executor):
    """Runs each call at once in this process, whose errors they are: no other call follows on one."""

    def submit(
        self, fn: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """Return a future that is done, or raise what the call raises."""
        future: Future[Result] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


@contextmanager
def open_executor(on: str, workers: int, folder: Path) -> Generator[Executor]:
    """Give the executor that a user names.

    Args:
        on: "local"; "slurm", or "slurm=partition:short,time:60" with options of sbatch by their long names;
            "dask=tcp://127.0.0.1:8786", the address of a scheduler.
        workers: processes here, or most SLURM jobs at a time; Dask has the workers it has.
        folder: folder of the sweep, which all machines see.

    Yields:
        The executor; whatever did not run when the context is left is taken back.

    Raises:
        InputError: no such place, or it does not answer.
        NotAvailableError: a package is missing.

    Example:
        >>> with open_executor("nowhere", 2, Path("runs")):
        ...     pass
        Traceback (most recent call last):
        symplect.errors.InputError: expected --on local, slurm or dask=tcp://HOST:PORT, found nowhere: take one of these
    """
    match on.partition("="):
        case "local", "", "":
            from symplect.experiments.sweep.local import local_executor

            opened = local_executor(workers)
        case "slurm", _, options:
            from symplect.experiments.sweep.slurm import slurm_executor

            opened = slurm_executor(slurm_options(options), workers, folder)
        case "dask", "=", address:
            from symplect.experiments.sweep.dask import dask_executor

            opened = dask_executor(address)
        case _:
            raise InputError(f"expected --on local, slurm or dask=tcp://HOST:PORT, found {on}: take one of these")
    with opened as executor:
        yield executor


def slurm_options(text: str) -> dict[str, str]:
    """Read options of sbatch.

    Args:
        text: such as "partition:short,time:1:00:00,exclusive"

    Raises:
        InputError: an option without a value.

    Example:
        >>> slurm_options("partition:short,time:1:00:00")
        {'partition': 'short', 'time': '1:00:00'}
    """
    options: dict[str, str] = {}
    for item in filter(None, text.split(",")):
        name, colon, value = item.partition(":")
        if not (name and colon and value):
            raise InputError(
                f"expected an option of sbatch, found {item}: write it as in slurm=partition:short,time:60"
            )
        options[name] = value
    return options
