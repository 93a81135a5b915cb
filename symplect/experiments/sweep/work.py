"""The runs of one job, each by one process at a time."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax
from filelock import FileLock, Timeout
from threadpoolctl import threadpool_limits

from symplect.experiments.sweep.grid import name_of
from symplect.experiments.sweep.hopeless import Rivals
from symplect.experiments.sweep.index import Index
from symplect.experiments.sweep.job import Job
from symplect.experiments.sweep.places import lock_of, tidy
from symplect.experiments.tasks import TASKS, Method
from symplect.experiments.tasks.settings import descent
from symplect.experiments.training import GivenUpError, Unit, run_unit, run_units

_MAPS = Path("/proc/self/maps")
_MOST_MAPS = 20_000  # compiled programs of many settings take them, and Linux gives a process 65,530


def work(job: Job) -> str:
    """Do those runs of a job that are not finished, and return "finished", or "taken" if another is at one.

    A run that is given up as hopeless is finished, as far as that goes.
    """
    index, taken = Index(Path(job.out)), False
    with ExitStack() as held:
        mine: dict[int, str] = {}
        for seed, folder, path in zip(job.seeds, job.folders, job.paths, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                held.enter_context(FileLock(lock_of(path)).acquire(blocking=False))
                mine[seed] = folder
            except Timeout:
                taken = True
        left = {seed: folder for seed, folder in mine.items() if not (Path(job.out) / folder).exists()}
        for folder in left.values():
            index.begin(folder)
        try:
            if left:
                _run(job, list(left))
        except GivenUpError as error:
            index.stop(job.folders[0], str(error))
            lock_of(job.paths[0]).unlink(missing_ok=True)
            return "finished"
        for folder in mine.values():
            index.finish(folder)
            tidy(Path(job.out) / folder)
    return "taken" if taken else "finished"


def _run(job: Job, seeds: Sequence[int]) -> None:
    settings = dict(job.settings)
    out = Path(job.out) / name_of(settings)
    units = [Unit(TASKS[job.task], job.model, seed, out, settings) for seed in seeds]
    with threadpool_limits(1):  # sums of BLAS, too, are in the same order everywhere
        data = [_make_data(job.task, seed, job.data) for seed in seeds]
        if job.stop_hopeless and isinstance(method := units[0].method, Method):
            rivals = Rivals(job, descent(method, settings).steps)
            run_unit(units[0], data[0], watch=rivals.judge)
        else:
            run_units(units, data)
    if _MAPS.exists() and len(_MAPS.read_text().splitlines()) > _MOST_MAPS:
        jax.clear_caches()


@lru_cache(maxsize=1)  # jobs of one task and seed follow each other
def _make_data(task: str, seed: int, folder: str | None) -> Any:
    return TASKS[task].make_data(seed, None if folder is None else Path(folder), None)
