"""Jobs go to any executor; what failed or was lost is asked for again."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import final

from tqdm import tqdm

from symplect.errors import LostError, one_line
from symplect.experiments.sweep.index import tell
from symplect.experiments.sweep.job import Job
from symplect.experiments.sweep.worker import run_job

OpenExecutor = Callable[[], AbstractContextManager[Executor]]

_MOST_ERRORS = 3  # of a job, then it is given up
_MOST_LOSSES = 50  # in a row, between which a job got nowhere
_LATER_SECONDS = 2.0  # until a job that another process is at is asked for again
_LOOK_SECONDS = 0.5


@dataclass(eq=False)
class _Attempt:
    """A job, and how it went so far."""

    job: Job
    errors: int = 0
    losses: int = 0
    reached: int = 0
    reason: str = ""
    not_before: float = 0.0


@final
class RestartingExecutor:
    """An executor, and another one when it broke; it is open from the start.

    Args:
        open_executor: gives an executor.
        call: does a job and returns what became of it.
    """

    def __init__(self, open_executor: OpenExecutor, call: Callable[[Job], str] = run_job):
        self._open, self._call, self._stack = open_executor, call, ExitStack()
        self._executor = self._stack.enter_context(open_executor())

    def __enter__(self) -> "RestartingExecutor":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return self._stack.__exit__(kind, error, trace)

    def renew(self) -> None:
        """Close the executor and open another."""
        self._stack.close()
        self._executor = self._stack.enter_context(self._open())

    def submit(self, job: Job) -> Future[str]:
        """Hand out a job; if the executor is broken, so is the future."""
        try:
            return self._executor.submit(self._call, job)
        except BrokenExecutor as error:
            future: Future[str] = Future()
            future.set_exception(error)
            return future


def run_jobs(
    jobs: Iterable[Job], executor: RestartingExecutor, workers: int = 1, ended: Callable[[], object] = lambda: None
) -> None:
    """Run all jobs, retrying failures; permanent failures are noted in the status of their runs.

    Args:
        jobs: in the order in which they are begun.
        executor: place to run them.
        workers: jobs handed out at a time.
        ended: called after every job that is done or given up.
    """
    waiting, later = deque(map(_Attempt, jobs)), list[_Attempt]()
    running: dict[Future[str], _Attempt] = {}
    try:
        while waiting or later or running:
            waiting.extend(_due(later))
            while waiting and len(running) < workers:
                attempt = waiting.popleft()
                running[executor.submit(attempt.job)] = attempt
            back = {future: running.pop(future) for future in _back(running)}
            for future, attempt in back.items():
                match _outcome(future, attempt):
                    case "finished":
                        ended()
                    case "taken":
                        if not attempt.not_before:
                            _say(attempt, "another process is at it, left for later")
                        attempt.not_before = time.monotonic() + _LATER_SECONDS
                        later.append(attempt)
                    case "lost" if attempt.losses < _MOST_LOSSES:
                        _tell(attempt, "waiting", "tried again")
                        waiting.appendleft(attempt)
                    case "failed" if attempt.errors < _MOST_ERRORS:
                        _tell(attempt, "waiting", "tried again")
                        waiting.append(attempt)
                    case _:
                        _tell(attempt, "failed", "given up")
                        ended()
            if any(map(_is_broken, back)):
                executor.renew()
    except BaseException:
        for future in running:
            future.cancel()
        raise


def _due(later: list[_Attempt]) -> list[_Attempt]:
    """Take out what is to be asked for again now."""
    due = [attempt for attempt in later if attempt.not_before <= time.monotonic()]
    later[:] = [attempt for attempt in later if attempt not in due]
    return due


def _back(running: Iterable[Future[str]]) -> list[Future[str]]:
    """Return the jobs that ended, after at most a moment."""
    if not running:
        time.sleep(_LOOK_SECONDS)
    return list(wait(running, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED).done)


def _outcome(future: Future[str], attempt: _Attempt) -> str:
    """Return what became of an attempt, and note it there."""
    try:
        return future.result()
    except (LostError, BrokenExecutor, CancelledError) as error:
        reached = _reached(attempt.job)
        attempt.losses = attempt.losses + 1 if reached == attempt.reached else 1
        attempt.reached, attempt.reason = reached, f"lost, {one_line(error)}"
        return "lost"
    except Exception as error:
        attempt.errors, attempt.reason = attempt.errors + 1, one_line(error)
        return "failed"


def _reached(job: Job) -> int:
    """Return when the job last wrote a checkpoint: one whose worker is lost over and over may still get on."""
    return max((run.checkpoint.stat().st_mtime_ns for run in job.runs if run.checkpoint.exists()), default=0)


def _is_broken(future: Future[str]) -> bool:
    return not future.cancelled() and isinstance(future.exception(), BrokenExecutor)


def _tell(attempt: _Attempt, state: str, words: str) -> None:
    _say(attempt, f"{attempt.reason}: {words}")
    for run in attempt.job.left:
        tell(run, state, attempt.reason)


def _say(attempt: _Attempt, words: str) -> None:
    tqdm.write(f"{attempt.job}: {words}", file=sys.stderr)
