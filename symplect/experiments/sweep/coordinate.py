"""The sweep itself: what is not finished is handed out, and then there is a table."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tqdm import tqdm

from symplect.errors import InputError
from symplect.experiments.reproduction import missing, write_results
from symplect.experiments.sweep.grid import name_of
from symplect.experiments.sweep.hand_out import OpenExecutor, Renewed, hand_out
from symplect.experiments.sweep.index import INDEX_FILE, Index, Row
from symplect.experiments.sweep.places import tidy
from symplect.experiments.sweep.plan import SweepPlan
from symplect.experiments.sweep.summary import summary
from symplect.experiments.tasks import TASKS
from symplect.experiments.training import require_same_settings
from symplect.files import discard_leftovers, read_json, require_place, writing


@dataclass(frozen=True)
class Outcome:
    """What a sweep ends with.

    Attributes:
        table: one line per task, model and settings, and what failed.
        failed: the reason by the folder of each run that was given up.
    """

    table: str
    failed: Mapping[str, str]


def sweep(plan: SweepPlan, open_executor: OpenExecutor, workers: int = 2) -> Outcome:
    """Run what the plan asks for and is not finished yet.

    Finished runs are kept; interrupted ones go on from their last checkpoint to the same numbers. A job that fails is
    tried three times, one whose worker was lost as long as it gets on. Writes `index.sqlite`, `sweep.md`, and
    `results.json` and `table.md` for each choice of settings.

    Args:
        plan: grid of runs, and where they go.
        open_executor: gives an executor, and again when that one broke.
        workers: jobs handed out at a time.

    Raises:
        InputError: no worker, or the folder cannot be written or holds runs of other settings, or the measurements
            are not as published.

    Example:
        >>> from concurrent.futures import ProcessPoolExecutor
        >>> plan = SweepPlan(["pendulum"], ["hnn"], seeds=8, out=Path("runs"))  # doctest: +SKIP
        >>> print(sweep(plan, lambda: ProcessPoolExecutor(4), workers=4).table)  # doctest: +SKIP
    """
    if workers < 1:
        raise InputError(f"expected at least one worker, found {workers}: give --workers a positive number")
    require_place(plan.out / INDEX_FILE)
    not_run = missing(plan.plans[0])
    _require_as_planned(plan, not_run)
    jobs, index = plan.jobs(not_run), Index(plan.out)
    for path in (path for job in jobs for path in job.paths if path.exists()):
        tidy(path)
    left = [job for job in jobs if not all(path.exists() for path in job.paths)]
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


def _summed_up(plan: SweepPlan, index: Index, not_run: Mapping[str, str]) -> Outcome:
    index.follow()
    rows = _rows(plan, index, not_run)
    failed = {row["folder"]: row["error"] for row in rows if row["state"] == "failed"}
    return Outcome(_write(plan, rows, not_run), failed)


def _require_as_planned(plan: SweepPlan, not_run: Mapping[str, str]) -> None:
    for one in plan.plans:
        for unit in one.units(not_run):
            if unit.folder.exists():
                require_same_settings(unit, read_json(unit.folder / "config.json"), unit.folder)


def _rows(plan: SweepPlan, index: Index, not_run: Mapping[str, str]) -> list[Row]:
    """Return what the index has of the plan, seeds of one task, model and settings together."""
    row_of = {row["folder"]: row for row in index.rows()}
    rows = [row_of[folder] for job in plan.jobs(not_run) for folder in job.folders]
    settings = [one.out.name for one in plan.plans]
    methods = [(task, model) for task in plan.tasks for model in plan.plans[0].methods(TASKS[task])]
    return sorted(
        rows,
        key=lambda row: (
            methods.index((row["task"], row["model"])),
            settings.index(name_of(row["settings"])),
            row["seed"],
        ),
    )


def _write(plan: SweepPlan, rows: Sequence[Row], not_run: Mapping[str, str]) -> str:
    """Write the results of each choice of settings as a reproduction does, and the table of all, which it returns."""
    for one in plan.plans:
        finished = [row for row in rows if row["state"] == "finished" and name_of(row["settings"]) == one.out.name]
        if finished:
            discard_leftovers(one.out / "results.json")
            discard_leftovers(one.out / "table.md")
            write_results(one, map(_result, finished), not_run)
    table = summary(rows, not_run)
    discard_leftovers(plan.out / "sweep.md")
    with writing(plan.out / "sweep.md") as temporary:
        temporary.write_text(table, encoding="utf-8")
    return table


def _result(row: Row) -> Row:
    metrics = {name: math.nan if value is None else value for name, value in row["metrics"].items()}
    return {name: row[name] for name in ("task", "model", "seed")} | metrics
