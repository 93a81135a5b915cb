"""SLURM, through submitit."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import traceback
from collections.abc import Collection, Generator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import final

from filelock import FileLock, Timeout

from symplect.errors import InputError, NotAvailableError, one_line
from symplect.experiments.sweep.cluster import AbstractCluster, Call, ClusterExecutor, RefusedError

try:
    import submitit
    from submitit.core.utils import FailedJobError, FailedSubmissionError, pickle_load
except ImportError:
    raise NotAvailableError('SLURM jobs need submitit: pip install "symplect[cluster]"') from None

_PREFIX, _LOCK = "slurm-", "coordinator.lock"
Outcome = tuple[object, Exception | None]
_SECONDS = 20  # in which a controller answers, unless there is none


@contextmanager
def slurm_executor(options: Mapping[str, str], workers: int, folder: Path) -> Generator[Executor]:
    """Run calls as SLURM jobs of one task each.

    Args:
        options: options of sbatch by their long names, such as partition, time and mem.
        workers: most jobs at a time, whether they wait or run.
        folder: below which calls, results and logs go while they are needed; all nodes must see it.

    Yields:
        The executor. Jobs that run when the context is left are cancelled.

    Raises:
        InputError: there is no SLURM, it does not answer, or it would never run such jobs.
    """
    _require_slurm(options)
    folder.mkdir(parents=True, exist_ok=True)
    discard_abandoned(folder)
    place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder.resolve()))
    lock = FileLock(place / _LOCK)
    lock.acquire()
    scheduler = submitit.SlurmExecutor(place)
    scheduler.update_parameters(
        job_name="symplect",
        time=None,  # the partition's, not submitit's 5 minutes
        wckey=None,
        array_parallelism=workers,
        stderr_to_stdout=True,
        additional_parameters={name.replace("-", "_"): value for name, value in options.items()},
    )
    cluster = SlurmCluster(scheduler)
    executor = ClusterExecutor(cluster, workers)
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)
        lock.release()
        (place / _LOCK).unlink(missing_ok=True)
        if not cluster.logs_matter:
            shutil.rmtree(place, ignore_errors=True)


def discard_abandoned(folder: Path) -> None:
    """Remove what coordinators that were killed left of their calls and logs; their jobs that run go on.

    A coordinator that lives holds the lock in its folder, one that kept the logs of failed jobs has removed it.

    Args:
        folder: folder of the sweep.
    """
    for lock in folder.glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(Timeout), FileLock(lock).acquire(blocking=False):
            shutil.rmtree(lock.parent, ignore_errors=True)


@final
class SlurmCluster(AbstractCluster):
    """The jobs of one submitit executor."""

    def __init__(self, scheduler: submitit.SlurmExecutor) -> None:
        self._scheduler = scheduler
        self._jobs: dict[str, submitit.Job[Outcome]] = {}
        self.logs_matter = False

    def start(self, calls: Sequence[Call]) -> list[str]:
        """Submit one array of jobs."""
        try:
            jobs = self._scheduler.submit_array([partial(_run, call) for call in calls])
        except (FailedJobError, FailedSubmissionError, OSError) as error:
            raise RefusedError(one_line(error, 300)) from error
        self._jobs |= {job.job_id: job for job in jobs}
        return [job.job_id for job in jobs]

    def finished(self) -> list[str]:
        """List the folder once, whatever the number of jobs."""
        there = set(os.listdir(self._scheduler.folder))
        return [name for name, job in self._jobs.items() if job.paths.result_pickle.name in there]

    def take(self, job: str) -> object:
        """Read what this very sweep's job wrote; its files are removed unless it failed."""
        paths = self._jobs.pop(job).paths
        outcome, value = pickle_load(paths.result_pickle)
        if outcome == "error":
            result, error = None, RuntimeError(f"SLURM job {job} failed: {one_line(value.splitlines()[-1])}")
        else:
            result, error = value
        if error is not None:
            self.logs_matter = True
            raise error
        for path in (paths.submitted_pickle, paths.result_pickle, paths.stdout):
            path.unlink(missing_ok=True)
        return result

    def alive(self) -> list[str] | None:
        """Ask squeue rather than sacct, since not every cluster keeps accounts."""
        command = ["squeue", "--me", "--noheader", "--array", "--format=%i"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=True)
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.split()

    def last_words(self, job: str) -> str:
        """Return the end of its log."""
        self.logs_matter = True
        log = self._jobs.pop(job).paths.stdout
        said = log.read_text(errors="replace").splitlines() if log.exists() else []
        return f"SLURM job {job} ended without a result, {f'{log} ends in: {said[-1]}' if said else 'nor a log'}"

    def cancel(self, jobs: Collection[str]) -> None:
        """End jobs, at once since `_run` leaves signals alone."""
        if jobs:
            subprocess.run(["scancel", *jobs], capture_output=True, timeout=_SECONDS, check=False)


def _run(call: Call) -> Outcome:
    """Run on the node. A job that SLURM ends just ends, since units keep checkpoints; submitit would hold it up."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    try:
        return call(), None
    except Exception as error:
        traceback.print_exc()
        return None, error


def _require_slurm(options: Mapping[str, str]) -> None:
    if shutil.which("sbatch") is None:
        raise InputError("expected sbatch on this machine, found none: sweep from a login node, or with --on local")
    if " is UP" not in (said := _said(["scontrol", "ping"])):
        raise InputError(f"expected SLURM's controller to answer, found: {said}: try again when it runs")
    flags = [f"--{name}={value}" for name, value in options.items()]
    test = subprocess.run(["sbatch", "--test-only", *flags, "--wrap=true"], capture_output=True, text=True)
    if test.returncode:
        found = f"{' '.join(flags) or 'none'}: it says {one_line(test.stderr)}"
        raise InputError(f"expected options that sbatch takes, found {found}: mend them in --on slurm=...")


def _said(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
    except (OSError, subprocess.SubprocessError) as error:
        return one_line(error)
    return one_line(done.stdout + done.stderr)
