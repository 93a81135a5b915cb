"""The runs of one job, each by one process at a time."""

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
from filelock import FileLock, Timeout
from threadpoolctl import threadpool_limits

from symplect.experiments.places import tidy
from symplect.experiments.sweep.hopeless import Rivals
from symplect.experiments.sweep.index import Index
from symplect.experiments.sweep.job import Job
from symplect.experiments.tasks import TASKS, Method
from symplect.experiments.tasks.settings import descent
from symplect.experiments.training import PrunedError, train, train_seeds
from symplect.experiments.training_run import TrainingRun

_MAPS = Path("/proc/self/maps")
_MOST_MAPS = 20_000  # compiled programs of many settings take them, and Linux gives a process 65,530


def work(job: Job) -> str:
    """Do those runs of a job that are not finished, and return "finished", or "taken" if another is at one.

    A run that is given up as hopeless is finished, as far as that goes.
    """
    index = Index(job.out)
    with ExitStack() as held:
        mine: dict[TrainingRun, str] = {}
        for run, folder in zip(job.runs, job.folders, strict=True):
            run.lock.parent.mkdir(parents=True, exist_ok=True)
            with suppress(Timeout):
                held.enter_context(FileLock(run.lock).acquire(blocking=False))
                mine[run] = folder
        left = [run for run in mine if not run.folder.exists()]
        for run in left:
            index.begin(mine[run])
        try:
            if left:
                _train(job, left)
        except PrunedError as error:
            index.stop(job.folders[0], str(error))
            job.runs[0].lock.unlink(missing_ok=True)
            return "finished"
        for run, folder in mine.items():
            index.finish(folder)
            tidy(run.folder)
    return "finished" if len(mine) == len(job.runs) else "taken"


def _train(job: Job, runs: Sequence[TrainingRun]) -> None:
    with threadpool_limits(1):  # sums of BLAS, too, are in the same order everywhere
        data = [_make_data(run.task, run.seed, job.data) for run in runs]
        method = TASKS[runs[0].task].methods[runs[0].model]
        if job.stop_hopeless and isinstance(method, Method):
            rivals = Rivals(job, descent(method, runs[0].settings).steps)
            train(runs[0], data[0], watch=rivals.judge)
        else:
            train_seeds(runs, data)
    if _MAPS.exists() and len(_MAPS.read_text().splitlines()) > _MOST_MAPS:
        jax.clear_caches()


@lru_cache(maxsize=1)  # jobs of one task and seed follow each other
def _make_data(task: str, seed: int, folder: Path | None) -> Any:
    return TASKS[task].make_data(seed, folder, None)
