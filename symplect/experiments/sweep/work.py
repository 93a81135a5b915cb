"""The runs of one job, each by one process at a time."""

from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path

import jax

from symplect.experiments.sweep.early_stopping import MedianStopping
from symplect.experiments.sweep.index import begin, note
from symplect.experiments.sweep.job import Job
from symplect.experiments.tasks import TASKS, MakeData, Method
from symplect.experiments.tasks.settings import descent
from symplect.experiments.training import PrunedError, train_seeds
from symplect.experiments.training_run import TrainingRun

_MAPS = Path("/proc/self/maps")
_MOST_MAPS = 20_000  # compiled programs of many settings take them, and Linux gives a process 65,530


def work(job: Job) -> str:
    """Do those runs of a job that are not finished, and return "finished", or "taken" if another is at one.

    A run that is given up as hopeless is finished, as far as that goes.
    """
    with ExitStack() as held:
        mine = [run for run in job.runs if held.enter_context(run.held())]
        left = [run for run in mine if not run.is_finished]
        for run in left:
            begin(run)
        try:
            if left:
                _train(job, left)
        except PrunedError as error:
            note(left[0], "stopped", str(error))
            left[0].lock.unlink(missing_ok=True)
            return "finished"
        for run in left:
            note(run, "finished")
        for run in mine:
            run.tidy()
    return "finished" if len(mine) == len(job.runs) else "taken"


def data_of(run: TrainingRun, folder: Path | None, progress: bool = False) -> object:
    """Return the data of a run's task for its seed; the last ones are kept, since runs that share them follow.

    Args:
        run: run that needs them.
        folder: folder of the measurements, or `None`.
        progress: whether a bar is shown.
    """
    return _made(
        TASKS[run.task].make_data, run.seed, folder, f"simulating {run.task}, seed {run.seed}" if progress else None
    )


def forget_data() -> None:
    """Forget the data that were made last, before a plan begins: a task may make others since."""
    _made.cache_clear()


@lru_cache(maxsize=1)
def _made(make: MakeData, seed: int, folder: Path | None, progress: str | None) -> object:
    return make(seed, folder, progress)


def _train(job: Job, runs: list[TrainingRun]) -> None:
    data = [data_of(run, job.data, job.label is not None) for run in runs]
    method = TASKS[runs[0].task].methods[runs[0].model]
    watch = None
    if job.stop_hopeless and isinstance(method, Method):
        watch = MedianStopping(job, descent(method, runs[0].settings).steps).judge
    train_seeds(runs, data, job.label, watch)
    if _MAPS.exists() and len(_MAPS.read_text().splitlines()) > _MOST_MAPS:
        jax.clear_caches()
