"""The main job: every task, model and seed, from data to table, in this process and resumable after interruption."""

import sys
import time
from dataclasses import replace

from symplect.errors import InputError
from symplect.experiments.plan import Plan
from symplect.experiments.schedule import prepare, write_results
from symplect.experiments.sweep.executors import ThisProcess
from symplect.experiments.sweep.job import Job
from symplect.experiments.sweep.scheduler import RestartingExecutor, run_jobs
from symplect.experiments.sweep.work import work


def reproduce(plan: Plan) -> str:
    """Run what the plan asks for and is not finished yet, and return the table.

    Finished runs are kept and not run again; an interrupted one goes on from its last checkpoint to the same numbers.
    Writes `results.json` and `table.md` after every run.

    Raises:
        InputError: a plan with a grid, or the folder cannot be written or holds runs of other settings or data, or the
            measurements are not as published.
    """
    if plan.grid:
        raise InputError(f"expected a plan without a grid, found {', '.join(plan.grid)}: use sweep, or settings")
    jobs, not_run = prepare([plan], plan.out)
    jobs = [replace(job, label=f"[{number}/{len(jobs)}] {job.runs[0]}") for number, job in enumerate(jobs, 1)]
    write_results(plan, not_run)
    for job in jobs:
        if not job.left:
            _say(f"{job}: finished before, kept")

    def run_here(job: Job) -> str:
        left, began = job.left, time.perf_counter()
        outcome = work(job)
        if outcome == "finished":
            _say(f"{job}: {time.perf_counter() - began:.0f} s" if left else f"{job}: finished by another process, kept")
            write_results(plan, not_run)
        return outcome

    run_jobs([job for job in jobs if job.left], RestartingExecutor(ThisProcess, run_here))
    return write_results(plan, not_run)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
