"""The runs of one job, each by one process at a time."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
from filelock import FileLock, Timeout
from threadpoolctl import threadpool_limits

from symplect.sweep.grid import name_of
from symplect.sweep.index import Index
from symplect.sweep.job import Job
from symplect.sweep.places import lock_of, tidy
from symplect.tasks import TASKS
from symplect.units import Unit, run_unit

_MAPS = Path("/proc/self/maps")
_MOST_MAPS = 20_000  # compiled programs of many settings take them, and Linux gives a process 65,530


def work(job: Job) -> str:
    """Does those runs of a job that are not finished, and returns "finished", or "taken" if another is at one."""
    said = {_alone(job, seed, folder) for seed, folder in zip(job.seeds, job.folders, strict=True)}
    return "taken" if "taken" in said else "finished"


def _alone(job: Job, seed: int, folder: str) -> str:
    index, path = Index(Path(job.out)), Path(job.out) / folder
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_of(path))
    try:
        with lock.acquire(blocking=False):
            if not path.exists():
                index.begin(folder)
                _run(job, seed)
            index.finish(folder)
            tidy(path)
    except Timeout:
        return "taken"
    return "finished"


def _run(job: Job, seed: int) -> None:
    settings = dict(job.settings)
    unit = Unit(TASKS[job.task], job.model, seed, Path(job.out) / name_of(settings), settings)
    with threadpool_limits(1):  # sums of BLAS, too, are in the same order everywhere
        run_unit(unit, _make_data(job.task, seed, job.data))
    if _MAPS.exists() and len(_MAPS.read_text().splitlines()) > _MOST_MAPS:
        jax.clear_caches()


@lru_cache(maxsize=1)  # jobs of one task and seed follow each other
def _make_data(task: str, seed: int, folder: str | None) -> Any:
    return TASKS[task].make_data(seed, None if folder is None else Path(folder), None)
