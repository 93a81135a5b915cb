"""What a plan comes to: jobs to be done, wherever, and the results that the finished ones make."""

import importlib.metadata
import platform
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from symplect.errors import NotAvailableError
from symplect.experiments.paper_table import Row, table
from symplect.experiments.plan import Plan
from symplect.experiments.sweep.job import Job
from symplect.experiments.sweep.work import data_of, forget_data
from symplect.experiments.tasks import TASKS
from symplect.experiments.training import config_of, load_finished, require_same
from symplect.experiments.training_run import TrainingRun
from symplect.files import discard_leftovers, require_place, write_json, writing
from symplect.runs import read_metrics


def prepare(
    plans: Sequence[Plan], out: Path, together: int = 1, stop_hopeless: bool = False
) -> tuple[list[Job], dict[str, str]]:
    """Return all jobs of some plans, and the reasons, by task, of what cannot be run here.

    Finished runs are checked, and rid of what killed processes left beside them.

    Args:
        plans: plans without a grid, which differ in settings and folder.
        out: the folder that holds theirs.
        together: seeds of one job.
        stop_hopeless: whether unpromising runs are stopped early.

    Raises:
        InputError: the folder cannot be written, or holds runs that are broken or of other settings or data.
    """
    require_place(out / "results.json")
    forget_data()
    not_run = _not_run(plans[0])
    jobs = jobs_of(plans, out, not_run, together, stop_hopeless)
    finished = [run for job in jobs for run in job.runs if run.is_finished]
    configs = {run: load_finished(run).config for run in finished}
    hashed = {run.task: run for run in reversed(finished) if configs[run].data_hash}
    for run in hashed.values():  # one of each task, since what makes its data is the same for every seed
        require_same(config_of(run, data_of(run, plans[0].data)), configs[run], run.folder)
    for run in finished:
        run.tidy()
    return jobs, not_run


def jobs_of(
    plans: Sequence[Plan], out: Path, not_run: Mapping[str, str], together: int = 1, stop_hopeless: bool = False
) -> list[Job]:
    """Return what is handed out; jobs of one task and seed follow each other, since they share its data.

    Args:
        plans, out, together, stop_hopeless: as for `prepare`.
        not_run: reasons, by task, of those that cannot be run.
    """
    groups: dict[tuple[object, ...], list[TrainingRun]] = defaultdict(list)
    tasks = list(plans[0].tasks)
    for run in sorted(runs_of(plans, not_run), key=lambda run: (tasks.index(run.task), run.seed // together)):
        groups[run.task, run.seed // together, run.out, run.model].append(run)
    return [Job(tuple(group), out, plans[0].data, stop_hopeless) for group in groups.values()]


def runs_of(plans: Sequence[Plan], not_run: Mapping[str, str]) -> list[TrainingRun]:
    """Return the runs of some plans; a task or value that is given twice is run once."""
    return list({run.folder: run for plan in plans for run in plan.runs(not_run)}.values())


def write_results(plan: Plan, not_run: Mapping[str, str]) -> str:
    """Write `results.json` and `table.md` of the runs that are finished, and return the table.

    Args:
        plan: plan without a grid.
        not_run: reasons, by task, of those that cannot be run.
    """
    rows = [
        Row(run.task, run.model, run.seed, read_metrics(run.folder))
        for run in runs_of([plan], not_run)
        if run.is_finished
    ]
    settings = {
        "tasks": plan.tasks,
        "models": plan.models,
        "seeds": plan.seeds,
        "out": str(plan.out),
        "data": None if plan.data is None else str(plan.data),
        **plan.settings,
    }
    discard_leftovers(plan.out / "results.json")
    write_json(
        plan.out / "results.json",
        {
            "versions": _versions(),
            "settings": settings,
            "runs": [{"task": row.task, "model": row.model, "seed": row.seed, **row.metrics} for row in rows],
            "not_run": not_run,
        },
    )
    return write_text(plan.out / "table.md", table(rows, not_run))


def _not_run(plan: Plan) -> dict[str, str]:
    """Return the tasks that cannot be run here, with the reason; asked before anything is fitted."""
    reasons: dict[str, str] = {}
    for name in plan.tasks:
        if requires := TASKS[name].requires:
            try:
                requires(plan.data)
            except NotAvailableError as error:
                reasons[name] = str(error)
                print(f"{name} is not run: {error}", file=sys.stderr, flush=True)
    return reasons


def write_text(path: Path, text: str) -> str:
    """Write a file whole or not at all, and return what it holds."""
    discard_leftovers(path)
    with writing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return text


def _versions() -> dict[str, str]:
    packages = ("symplect", "jax", "jaxlib", "equinox", "diffrax", "optax", "numpy")
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}
