"""Dask distributed, by the address of its scheduler."""

import asyncio
import sys
from collections.abc import Callable, Generator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager
from typing import Any, final

from symplect.errors import InputError, LostError, NotAvailableError, one_line

_SECONDS = 5  # in which a scheduler answers, unless there is none


@contextmanager
def dask_executor(address: str) -> Generator[Executor]:
    """Runs calls on the workers of a Dask scheduler.

    Args:
        address: of the scheduler, such as tcp://127.0.0.1:8786.

    Yields:
        The executor. Calls that wait when the context is left are taken back; those that run, run to their end.

    Raises:
        NotAvailableError: Dask distributed is not installed.
        InputError: no scheduler answers there.
    """
    try:
        from distributed import Client
        from distributed.comm.core import connect
    except ImportError:
        raise NotAvailableError('--on dask=... needs Dask: pip install "symplect[cluster]"') from None

    async def knock() -> None:
        await (await connect(address, timeout=_SECONDS)).close()

    try:
        asyncio.run(knock())  # a client that finds nobody leaves threads behind
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"expected a Dask scheduler at {address or 'an address'}, found {one_line(error, 200)}: "
            "start one with `dask scheduler`, and give its address as in --on dask=tcp://127.0.0.1:8786"
        ) from error
    with Client(address, set_as_default=False) as client:
        if not client.scheduler_info()["workers"]:
            print(f"no workers at {address} yet: waiting for some, as in `dask worker {address}`", file=sys.stderr)
        executor = DaskExecutor(client)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


@final
class DaskExecutor(Executor):
    """Dask's own executor, in the exceptions of ours.

    Dask repeats a call whose worker died; when too many did, its future raises `LostError`. When the scheduler is gone,
    all raise `BrokenExecutor`.

    Args:
        client: a `distributed.Client`.
    """

    def __init__(self, client: Any) -> None:
        self._executor = client.get_executor(pure=False)  # the same call may be asked for again

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Sends a call to the scheduler."""
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()
        self._executor.submit(fn, *args, **kwargs).add_done_callback(lambda inner: _pass_on(inner, future))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Takes no more calls; with `cancel_futures` those that wait are taken back."""
        self._executor.shutdown(wait=wait and not cancel_futures)


def _pass_on(inner: Future[Any], outer: Future[Any]) -> None:
    from distributed import KilledWorker

    try:
        outer.set_result(inner.result())
    except CancelledError:
        outer.set_exception(BrokenExecutor("the Dask scheduler is gone"))
    except KilledWorker as error:
        deaths, last = error.allowed_failures + 1, error.last_worker.address
        outer.set_exception(LostError(f"{deaths} workers died while they ran it, the last one at {last}"))
    except Exception as error:
        outer.set_exception(error)
