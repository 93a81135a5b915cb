"""The main job: every task, model and seed, from data to table, resumable after interruption."""

import importlib.metadata
import platform
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from symplect.errors import InputError, NotAvailableError
from symplect.experiments.paper_table import table
from symplect.experiments.plan import Plan
from symplect.experiments.tasks import TASKS
from symplect.experiments.training import load_finished, record, train
from symplect.experiments.training_run import TrainingRun
from symplect.files import discard_leftovers, write_json, writing

Row = dict[str, Any]


def reproduce(plan: Plan) -> str:
    """Run what the plan asks for and is not finished yet, and return the table.

    Finished runs are kept and not run again; an interrupted one goes on from its last checkpoint to the same numbers.
    Writes `results.json` and `table.md` after every run.

    Raises:
        InputError: a plan with a grid, or the folder cannot be written or holds runs of other settings, or the
            measurements are not as published.
    """
    if plan.grid:
        raise InputError(f"expected a plan without a grid, found {', '.join(plan.grid)}: use sweep, or settings")
    discard_leftovers(plan.out / "results.json")
    not_run = missing(plan)
    runs = plan.runs(not_run)
    finished = {run: record(load_finished(run)) for run in runs if run.folder.exists()}
    write_results(plan, finished.values(), not_run)
    make_data = lru_cache(maxsize=1)(_make_data)  # shared by the models of one task and seed
    labels = {run: f"[{number}/{len(runs)}] {run}" for number, run in enumerate(runs, 1)}
    for run in finished:
        _say(f"{labels[run]}: finished before, kept")
    for patient in (False, True):  # what another process is at comes last
        for run in [run for run in runs if run not in finished]:
            with _held(run, labels[run], patient) as held:
                if held:
                    finished[run] = _run(run, labels[run], make_data, plan.data)
                    write_results(plan, [finished[own] for own in runs if own in finished], not_run)
    return write_results(plan, [finished[run] for run in runs], not_run)


@contextmanager
def _held(run: TrainingRun, label: str, patient: bool) -> Generator[bool]:
    """Hold the lock of a run, so that no two processes make it; gives False if another has it and is not waited for.

    Args:
        run: run to be made.
        label: its name in messages.
        patient: whether to wait.
    """
    run.lock.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run.lock)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        _say(f"{label}: another process is at it, {'waiting for its end' if patient else 'left for later'}")
        if not patient:
            yield False
            return
        lock.acquire()
    try:
        yield True
    finally:
        run.lock.unlink(missing_ok=True)
        lock.release()


def _run(run: TrainingRun, label: str, make_data: Callable[[str, int, Path | None], Any], data: Path | None) -> Row:
    """Return the line of a run, which is made unless another process has made it meanwhile."""
    if run.folder.exists():
        _say(f"{label}: finished by another process, kept")
        return record(load_finished(run))
    began = time.perf_counter()
    done = record(train(run, make_data(run.task, run.seed, data), label))
    _say(f"{label}: {time.perf_counter() - began:.0f} s")
    return done


def missing(plan: Plan) -> dict[str, str]:
    """Return the tasks that cannot be run here, with the reason; asked before anything is fitted."""
    reasons: dict[str, str] = {}
    for name in plan.tasks:
        if requires := TASKS[name].requires:
            try:
                requires(plan.data)
            except NotAvailableError as error:
                reasons[name] = str(error)
                _say(f"{name} is not run: {error}")
    return reasons


def _make_data(task: str, seed: int, folder: Path | None) -> Any:
    return TASKS[task].make_data(seed, folder, f"simulating {task}, seed {seed}")


def write_results(plan: Plan, rows: Iterable[Mapping[str, Any]], not_run: Mapping[str, str]) -> str:
    """Write `results.json` and `table.md` and return the table.

    Args:
        plan: finished plan.
        rows: task, model, seed and metrics of every finished run.
        not_run: reasons by task.
    """
    rows = list(rows)
    settings = {
        "tasks": plan.tasks,
        "models": plan.models,
        "seeds": plan.seeds,
        "out": str(plan.out),
        "data": None if plan.data is None else str(plan.data),
        **plan.settings,
    }
    write_json(
        plan.out / "results.json", {"versions": _versions(), "settings": settings, "runs": rows, "not_run": not_run}
    )
    text = table(rows, not_run)
    with writing(plan.out / "table.md") as temporary:
        temporary.write_text(text, encoding="utf-8")
    return text


def _versions() -> dict[str, str]:
    packages = ("symplect", "jax", "jaxlib", "equinox", "diffrax", "optax", "numpy")
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
