"""What a worker does: importable anywhere, before JAX is."""

from threadpoolctl import threadpool_limits

from symplect.environment import configure, use_one_thread
from symplect.errors import one_line
from symplect.experiments.sweep.job import Job, JobError
from symplect.terminal import quiet


def run_job(job: Job) -> str:
    """Do those of the runs that are not finished, in a process for nothing else; the results are in the run folders.

    Returns:
        "finished", or "taken" if someone else is at one of them: then ask again later.

    Raises:
        JobError: a run failed.
    """
    configure()
    use_one_thread()
    try:
        with quiet():
            from symplect.experiments.sweep.work import work  # brings JAX

            with threadpool_limits(1):  # sums of BLAS, too, are in the same order everywhere
                return work(job)
    except Exception as error:
        raise JobError(one_line(f"{type(error).__name__}: {error}")) from error
