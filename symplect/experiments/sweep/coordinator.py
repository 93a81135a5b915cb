"""The sweep itself: what is not finished is handed out, and then there is a table."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tqdm import tqdm

from symplect.errors import InputError
from symplect.experiments.plan import Plan
from symplect.experiments.schedule import prepare, runs_of, write_results, write_text
from symplect.experiments.sweep.index import expect, row_of
from symplect.experiments.sweep.scheduler import OpenExecutor, RestartingExecutor, run_jobs
from symplect.experiments.sweep.summary import summary


@dataclass(frozen=True)
class Outcome:
    """What a sweep ends with.

    Attributes:
        table: one line per task, model and settings, and what failed.
        failed: the reason by the folder of each run that was given up.
    """

    table: str
    failed: Mapping[str, str]


def sweep(
    plan: Plan, open_executor: OpenExecutor, workers: int = 2, *, together: int = 1, stop_hopeless: bool = False
) -> Outcome:
    """Run what the plan asks for and is not finished yet.

    Finished runs are kept; interrupted ones go on from their last checkpoint to the same numbers. A job that fails is
    tried three times, one whose worker was lost as long as it gets on. Writes `sweep.md`, and `results.json` and
    `table.md` for each choice of settings.

    Args:
        plan: grid of runs, and where they go.
        open_executor: gives an executor, and again when that one broke.
        workers: jobs handed out at a time.
        together: seeds of one job; the published models train them in one program.
        stop_hopeless: whether unpromising runs are stopped early (median stopping).

    Raises:
        InputError: no worker, or seeds together that are to be stopped one by one, or the folder cannot be written or
            holds runs of other settings or data, or the measurements are not as published.

    Example:
        >>> from concurrent.futures import ProcessPoolExecutor
        >>> plan = Plan(["pendulum"], ["hnn"], seeds=8, out=Path("runs"))  # doctest: +SKIP
        >>> print(sweep(plan, lambda: ProcessPoolExecutor(4), workers=4).table)  # doctest: +SKIP
    """
    if workers < 1:
        raise InputError(f"expected at least one worker, found {workers}: give --workers a positive number")
    _require_apart(together, stop_hopeless)
    everywhere = replace(plan, out=plan.out.absolute(), data=plan.data and plan.data.absolute())
    jobs, not_run = prepare(everywhere.choices, everywhere.out, together, stop_hopeless)
    left = [job for job in jobs if job.left]
    if not left:
        return _summed_up(plan, not_run)
    executor = RestartingExecutor(open_executor)  # if it cannot be opened, nothing is written
    try:
        done = len(jobs) - len(left)
        with executor, tqdm(total=len(jobs), initial=done, desc="sweep", unit="job", disable=None) as bar:
            expect(everywhere.out, [run for job in left for run in job.left])
            run_jobs(left, executor, workers, bar.update)
    finally:
        outcome = _summed_up(plan, not_run)
    return outcome


def _require_apart(together: int, stop_hopeless: bool) -> None:
    if together < 1:
        raise InputError(f"expected at least one seed of a job, found {together}: give --together more")
    if stop_hopeless and together > 1:
        raise InputError(
            f"expected one seed of a job where hopeless ones are stopped, found {together}: "
            "leave --together or --stop-hopeless out"
        )


def _summed_up(plan: Plan, not_run: Mapping[str, str]) -> Outcome:
    """Write the results of each choice of settings as a reproduction does, and the table of all."""
    for choice in plan.choices:
        if any(run.is_finished for run in choice.runs(not_run)):
            write_results(choice, not_run)
    methods = [(task, model) for task in plan.tasks for model in plan.methods(task)]
    runs = sorted(runs_of(plan.choices, not_run), key=lambda run: methods.index((run.task, run.model)))
    rows = [row_of(run, plan.out) for run in runs]
    table = write_text(plan.out / "sweep.md", summary(rows, not_run))
    return Outcome(table, {row["folder"]: row["error"] or "" for row in rows if row["state"] == "failed"})
