"""Dask distributed, by the address of its scheduler."""

import asyncio
import sys
import threading
from collections.abc import Callable, Generator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import contextmanager
from typing import Any, final

from tqdm import tqdm

from symplect.errors import InputError, LostError, NotAvailableError, one_line
from symplect.experiments.sweep.cluster import Arguments, Result

try:
    import distributed
    from distributed.comm.core import connect
except ImportError:
    raise NotAvailableError('--on dask=... needs Dask: pip install "symplect[cluster]"') from None

_SECONDS = 5  # in which a scheduler answers, and a result arrives, unless there is none
_LOOK_SECONDS = 2.0  # between two looks for workers
_ALONE_SECONDS = 30.0  # without a worker, after which calls are taken back
_PATIENCE_SECONDS = 1800.0  # for which a worker is waited for


@contextmanager
def dask_executor(address: str) -> Generator[Executor]:
    """Run calls on the workers of a Dask scheduler.

    Args:
        address: address of the scheduler, such as tcp://127.0.0.1:8786.

    Yields:
        The executor. Calls that wait when the context is left are taken back; those that run, run to their end.

    Raises:
        InputError: no scheduler answers there, or no worker comes.
    """

    async def knock() -> None:
        await (await connect(address, timeout=_SECONDS)).close()

    try:
        asyncio.run(knock())  # a client that finds nobody leaves threads behind
    except (OSError, ValueError, TypeError) as error:
        raise InputError(
            f"expected a Dask scheduler at {address or 'an address'}, found {one_line(error, 200)}: "
            "start one with `dask scheduler`, and give its address as in --on dask=tcp://127.0.0.1:8786"
        ) from error
    with distributed.Client(address, set_as_default=False) as client:
        _require_worker(client, address)
        executor = DaskExecutor(client)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


def _require_worker(client: distributed.Client, address: str) -> None:
    """Wait for a worker, and say so.

    Raises:
        InputError: none came in time.
    """
    if client.scheduler_info()["workers"]:
        return
    start = f"start one, as in `dask worker {address}`"
    tqdm.write(f"no worker at {address}: waiting {_PATIENCE_SECONDS:.0f} s for one; {start}", file=sys.stderr)
    try:
        client.wait_for_workers(1, timeout=_PATIENCE_SECONDS)
    except TimeoutError:
        raise InputError(
            f"expected a Dask worker at {address}, found none in {_PATIENCE_SECONDS:.0f} s: {start}, and run the same "
            "command again; what was finished is kept"
        ) from None


@final
class DaskExecutor(Executor):
    """Calls as Dask's futures, in the exceptions of ours.

    Dask's own executor is not used: a call whose result was lost with its worker would never end there.
    Dask repeats a call whose worker died; when too many did, or a result is lost, its future raises `LostError`. When
    the scheduler or the last worker is gone, all raise `BrokenExecutor`.

    Args:
        client: connection to the scheduler.
    """

    def __init__(self, client: distributed.Client) -> None:
        self._client = client
        self._running: dict[distributed.Future[Any], Future[Any]] = {}  # Dask forgets a call that nobody holds
        self._closed = threading.Event()
        threading.Thread(target=self._look_after, name="symplect-dask", daemon=True).start()

    def submit(
        self, fn: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Future[Result]:
        """Send a call to the scheduler."""
        future: Future[Result] = Future()
        future.set_running_or_notify_cancel()
        call = self._client.submit(fn, *args, pure=False, **kwargs)  # the same call may be asked for again
        self._running[call] = future

        def pass_on(call: distributed.Future[Result]) -> None:
            if self._running.pop(call, None):  # unless it was taken back
                _pass_on(call, future)

        call.add_done_callback(pass_on)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Wait for what runs; with `cancel_futures` those that wait are taken back instead."""
        self._closed.set()
        if cancel_futures:
            self._client.cancel(list(self._running))
        elif wait:
            distributed.wait(list(self._running))

    def _look_after(self) -> None:
        """Take calls back when there was no worker for a while: nobody would ever do them."""
        alone = 0.0
        while not self._closed.wait(_LOOK_SECONDS):
            try:
                there = bool(self._client.scheduler_info()["workers"])
            except Exception:  # of any kind, when the scheduler is gone, which its calls tell themselves
                continue
            alone = 0.0 if there or not self._running else alone + _LOOK_SECONDS
            if alone > _ALONE_SECONDS:
                for call, future in list(self._running.items()):
                    if self._running.pop(call, None):
                        call.cancel()
                        future.set_exception(BrokenExecutor("the last Dask worker is gone"))


def _pass_on(call: distributed.Future[Result], future: Future[Result]) -> None:
    try:
        future.set_result(call.result(timeout=_SECONDS))
    except CancelledError as error:
        if "scheduler" in getattr(error, "reason", ""):
            future.set_exception(BrokenExecutor("the Dask scheduler is gone"))
        else:
            future.set_exception(LostError("its result was lost with a worker"))
    except TimeoutError:
        future.set_exception(LostError(f"its result did not arrive in {_SECONDS} s"))
    except distributed.KilledWorker as error:
        deaths, last = error.allowed_failures + 1, error.last_worker.address
        future.set_exception(LostError(f"{deaths} workers died while they ran it, the last one at {last}"))
    except Exception as error:
        future.set_exception(error)
