"""The sweep itself: what is not finished is handed out, and then there is a table."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tqdm import tqdm

from symplect.errors import InputError
from symplect.experiments.grid import name_of
from symplect.experiments.places import tidy
from symplect.experiments.plan import Plan
from symplect.experiments.reproduction import missing, write_results
from symplect.experiments.sweep.hand_out import OpenExecutor, Renewed, hand_out
from symplect.experiments.sweep.index import INDEX_FILE, Index, Row
from symplect.experiments.sweep.job import Job
from symplect.experiments.sweep.summary import summary
from symplect.experiments.training import require_same_settings
from symplect.experiments.training_run import TrainingRun
from symplect.files import discard_leftovers, require_place, writing
from symplect.runs import read_task_config


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
    tried three times, one whose worker was lost as long as it gets on. Writes `index.sqlite`, `sweep.md`, and
    `results.json` and `table.md` for each choice of settings.

    Args:
        plan: grid of runs, and where they go.
        open_executor: gives an executor, and again when that one broke.
        workers: jobs handed out at a time.
        together: seeds of one job; the published models train them in one program.
        stop_hopeless: whether unpromising runs are stopped early (median stopping).

    Raises:
        InputError: no worker, or seeds together that are to be stopped one by one, or the folder cannot be written or
            holds runs of other settings, or the measurements are not as published.

    Example:
        >>> from concurrent.futures import ProcessPoolExecutor
        >>> plan = Plan(["pendulum"], ["hnn"], seeds=8, out=Path("runs"))  # doctest: +SKIP
        >>> print(sweep(plan, lambda: ProcessPoolExecutor(4), workers=4).table)  # doctest: +SKIP
    """
    if workers < 1:
        raise InputError(f"expected at least one worker, found {workers}: give --workers a positive number")
    _require_apart(together, stop_hopeless)
    require_place(plan.out / INDEX_FILE)
    not_run = missing(plan)
    _require_as_planned(plan, not_run)
    jobs, index = jobs_of(plan, not_run, together, stop_hopeless), Index(plan.out)
    for run in (run for job in jobs for run in job.runs if run.folder.exists()):
        tidy(run.folder)
    left = [job for job in jobs if not all(run.folder.exists() for run in job.runs)]
    if not left:
        return _summed_up(plan, index, not_run)
    executor = Renewed(open_executor)  # if it cannot be opened, nothing is written
    try:
        done = len(jobs) - len(left)
        with executor, tqdm(total=len(jobs), initial=done, desc="sweep", unit="job", disable=None) as bar:
            index.follow()
            index.expect(folder for job in left for folder in job.folders)
            hand_out(left, executor, workers, index, bar)
    finally:
        outcome = _summed_up(plan, index, not_run)
    return outcome


def jobs_of(plan: Plan, not_run: Mapping[str, str], together: int = 1, stop_hopeless: bool = False) -> list[Job]:
    """Return what is handed out; jobs of one task and seed follow each other, since they share its data.

    Args:
        plan: grid of runs.
        not_run: reasons, by task, of those that cannot be run.
        together: seeds of one job.
        stop_hopeless: whether unpromising runs are stopped early.
    """
    out, data = plan.out.absolute(), plan.data and plan.data.absolute()
    every = (run for choice in replace(plan, out=out).choices for run in choice.runs(not_run))
    runs = {run.folder: run for run in every}.values()  # a task or value that is given twice is run once
    groups: dict[tuple[Any, ...], list[TrainingRun]] = defaultdict(list)
    for run in sorted(runs, key=lambda run: (plan.tasks.index(run.task), run.seed // together)):
        groups[run.task, run.seed // together, run.out, run.model].append(run)
    return [Job(tuple(group), out, data, stop_hopeless) for group in groups.values()]


def _require_apart(together: int, stop_hopeless: bool) -> None:
    if together < 1:
        raise InputError(f"expected at least one seed of a job, found {together}: give --together more")
    if stop_hopeless and together > 1:
        raise InputError(
            f"expected one seed of a job where hopeless ones are stopped, found {together}: "
            "leave --together or --stop-hopeless out"
        )


def _summed_up(plan: Plan, index: Index, not_run: Mapping[str, str]) -> Outcome:
    index.follow()
    rows = _rows(plan, index, not_run)
    failed = {row["folder"]: row["error"] for row in rows if row["state"] == "failed"}
    return Outcome(_write(plan, rows, not_run), failed)


def _require_as_planned(plan: Plan, not_run: Mapping[str, str]) -> None:
    for choice in plan.choices:
        for run in choice.runs(not_run):
            if run.folder.exists():
                require_same_settings(run, read_task_config(run.folder), run.folder)


def _rows(plan: Plan, index: Index, not_run: Mapping[str, str]) -> list[Row]:
    """Return what the index has of the plan, seeds of one task, model and settings together."""
    row_of = {row["folder"]: row for row in index.rows()}
    rows = [row_of[folder] for job in jobs_of(plan, not_run) for folder in job.folders]
    settings = [choice.out.name for choice in plan.choices]
    methods = [(task, model) for task in plan.tasks for model in plan.methods(task)]
    return sorted(
        rows,
        key=lambda row: (
            methods.index((row["task"], row["model"])),
            settings.index(name_of(row["settings"])),
            row["seed"],
        ),
    )


def _write(plan: Plan, rows: Sequence[Row], not_run: Mapping[str, str]) -> str:
    """Write the results of each choice of settings as a reproduction does, and the table of all, which it returns."""
    for choice in plan.choices:
        finished = [row for row in rows if row["state"] == "finished" and name_of(row["settings"]) == choice.out.name]
        if finished:
            discard_leftovers(choice.out / "results.json")
            discard_leftovers(choice.out / "table.md")
            write_results(choice, map(_result, finished), not_run)
    table = summary(rows, not_run)
    discard_leftovers(plan.out / "sweep.md")
    with writing(plan.out / "sweep.md") as temporary:
        temporary.write_text(table, encoding="utf-8")
    return table


def _result(row: Row) -> Row:
    metrics = {name: math.nan if value is None else value for name, value in row["metrics"].items()}
    return {name: row[name] for name in ("task", "model", "seed")} | metrics
