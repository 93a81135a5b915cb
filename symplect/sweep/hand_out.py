"""Jobs go to any executor; what failed or was lost is asked for again."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Executor, Future, wait
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import Any

from tqdm import tqdm

from symplect.errors import LostError, one_line
from symplect.sweep.index import Index
from symplect.sweep.job import Job, run_job

OpenExecutor = Callable[[], AbstractContextManager[Executor]]

_ERRORS = 3  # of a job, then it is given up
_LOSSES = 20  # in a row, between which a job got nowhere
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


def hand_out(jobs: Iterable[Job], open_executor: OpenExecutor, workers: int, index: Index, bar: Any) -> None:
    """Has all jobs done, or given up and named in the index.

    Args:
        jobs: in the order in which they are begun.
        open_executor: gives an executor, and again when that one broke.
        workers: jobs handed out at a time.
        index: that learns what failed.
        bar: of progress, in jobs.
    """
    waiting, later = deque(map(_Attempt, jobs)), list[_Attempt]()
    running: dict[Future[str], _Attempt] = {}
    with ExitStack() as stack:
        executor = stack.enter_context(open_executor())
        try:
            while waiting or later or running:
                waiting.extend(_due(later))
                while waiting and len(running) < workers:
                    attempt = waiting.popleft()
                    running[_submitted(executor, attempt.job)] = attempt
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
                    stack.close()
                    executor = stack.enter_context(open_executor())
        except BaseException:
            for future in running:
                future.cancel()
            raise


def _due(later: list[_Attempt]) -> list[_Attempt]:
    """Takes out what is to be asked for again now."""
    due = [attempt for attempt in later if attempt.not_before <= time.monotonic()]
    later[:] = [attempt for attempt in later if attempt not in due]
    return due


def _submitted(executor: Executor, job: Job) -> Future[str]:
    try:
        return executor.submit(run_job, job)
    except BrokenExecutor as error:
        future: Future[str] = Future()
        future.set_exception(error)
        return future


def _ended(running: Iterable[Future[str]]) -> list[Future[str]]:
    """Returns the jobs that ended, after at most a moment."""
    if not running:
        time.sleep(_LOOK)
    return list(wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED).done)


def _outcome(future: Future[str], attempt: _Attempt) -> str:
    """Returns what became of an attempt, and notes it there."""
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
    """Returns when the job last wrote a checkpoint: one whose worker is lost over and over may still get on."""
    checkpoints = [path.with_suffix(".checkpoint.safetensors") for path in job.paths]
    return max((path.stat().st_mtime_ns for path in checkpoints if path.exists()), default=0)


def _is_broken(future: Future[str]) -> bool:
    return not future.cancelled() and isinstance(future.exception(), BrokenExecutor)


def _tell(index: Index, attempt: _Attempt) -> None:
    tqdm.write(f"{attempt.job}: {attempt.reason}: tried again", file=sys.stderr)
    for folder in attempt.job.folders:
        index.wait(folder, attempt.reason)


def _give_up(index: Index, attempt: _Attempt) -> None:
    tqdm.write(f"{attempt.job}: {attempt.reason}: given up", file=sys.stderr)
    for folder, path in zip(attempt.job.folders, attempt.job.paths, strict=True):
        if not path.exists():
            index.fail(folder, attempt.reason)
