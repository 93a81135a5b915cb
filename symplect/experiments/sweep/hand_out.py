"""Jobs go to any executor; what failed or was lost is asked for again."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any, final

from tqdm import tqdm

from symplect.errors import LostError, one_line
from symplect.experiments.sweep.index import Index
from symplect.experiments.sweep.job import Job
from symplect.experiments.sweep.worker import run_job

OpenExecutor = Callable[[], AbstractContextManager[Executor]]

_ERRORS = 3  # of a job, then it is given up
_LOSSES = 50  # in a row, between which a job got nowhere
_LATER = 2.0  # seconds until a job that another sweep is at is asked for again
_LOOK = 0.5  # seconds


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
class Renewed:
    """An executor, and another one when it broke; it is open from the start.

    Args:
        open_executor: gives an executor.
    """

    def __init__(self, open_executor: OpenExecutor):
        self._open, self._stack = open_executor, ExitStack()
        self._executor = self._stack.enter_context(open_executor())

    def __enter__(self) -> "Renewed":
        return self

    def __exit__(self, *error: Any) -> bool | None:
        return self._stack.__exit__(*error)

    def renew(self) -> None:
        """Close the executor and opens another."""
        self._stack.close()
        self._executor = self._stack.enter_context(self._open())

    def submit(self, job: Job) -> Future[str]:
        """Hand out a job; if the executor is broken, so is the future."""
        try:
            return self._executor.submit(run_job, job)
        except BrokenExecutor as error:
            future: Future[str] = Future()
            future.set_exception(error)
            return future


def hand_out(jobs: Iterable[Job], executor: Renewed, workers: int, index: Index, bar: Any) -> None:
    """Run all jobs, retrying failures; permanent failures are recorded in the index.

    Args:
        jobs: in the order in which they are begun.
        executor: place to run them.
        workers: jobs handed out at a time.
        index: record of what failed.
        bar: progress bar, in jobs.
    """
    waiting, later = deque(map(_Attempt, jobs)), list[_Attempt]()
    running: dict[Future[str], _Attempt] = {}
    try:
        while waiting or later or running:
            waiting.extend(_due(later))
            while waiting and len(running) < workers:
                attempt = waiting.popleft()
                running[executor.submit(attempt.job)] = attempt
            ended = {future: running.pop(future) for future in _ended(running)}
            for future, attempt in ended.items():
                match _outcome(future, attempt):
                    case "finished":
                        bar.update()
                    case "taken":
                        later.append(attempt)
                    case "lost" if attempt.losses < _LOSSES:
                        _tell(index, attempt)
                        waiting.appendleft(attempt)
                    case "failed" if attempt.errors < _ERRORS:
                        _tell(index, attempt)
                        waiting.append(attempt)
                    case _:
                        _give_up(index, attempt)
                        bar.update()
            if any(map(_is_broken, ended)):
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


def _ended(running: Iterable[Future[str]]) -> list[Future[str]]:
    """Return the jobs that ended, after at most a moment."""
    if not running:
        time.sleep(_LOOK)
    return list(wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED).done)


def _outcome(future: Future[str], attempt: _Attempt) -> str:
    """Return what became of an attempt, and notes it there."""
    try:
        said = future.result()
    except (LostError, BrokenExecutor, CancelledError) as error:
        reached = _reached(attempt.job)
        attempt.losses = attempt.losses + 1 if reached == attempt.reached else 1
        attempt.reached, attempt.reason = reached, f"lost, {one_line(error)}"
        return "lost"
    except Exception as error:
        attempt.errors, attempt.reason = attempt.errors + 1, one_line(error)
        return "failed"
    attempt.not_before = time.monotonic() + _LATER
    return said


def _reached(job: Job) -> int:
    """Return when the job last wrote a checkpoint: one whose worker is lost over and over may still get on."""
    return max((run.checkpoint.stat().st_mtime_ns for run in job.runs if run.checkpoint.exists()), default=0)


def _is_broken(future: Future[str]) -> bool:
    return not future.cancelled() and isinstance(future.exception(), BrokenExecutor)


def _tell(index: Index, attempt: _Attempt) -> None:
    tqdm.write(f"{attempt.job}: {attempt.reason}: tried again", file=sys.stderr)
    for folder in _unfinished(attempt.job):
        index.wait(folder, attempt.reason)


def _give_up(index: Index, attempt: _Attempt) -> None:
    tqdm.write(f"{attempt.job}: {attempt.reason}: given up", file=sys.stderr)
    for folder in _unfinished(attempt.job):
        index.fail(folder, attempt.reason)


def _unfinished(job: Job) -> list[str]:
    return [folder for folder in job.folders if not (job.out / folder).exists()]
