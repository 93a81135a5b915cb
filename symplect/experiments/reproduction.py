"""The main job: every task, model and seed, from data to table, resumable after interruption."""

import importlib.metadata
import platform
import sys
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from symplect.errors import InputError, NotAvailableError
from symplect.experiments.paper_table import table
from symplect.experiments.tasks import TASKS, Setting, Task, checked_settings, known_settings
from symplect.experiments.training import Unit, load_unit, row, run_unit
from symplect.files import discard_leftovers, write_json, writing

Row = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What to run.

    Args:
        tasks: names out of `TASKS`.
        models: names of the tasks' methods; a task without one of that name skips it. `None` for all of each task.
        seeds: number of seeds, counted from 0; a seed makes data and network.
        out: the folder for runs and results.
        data: the folder of the measurements, or `None` for the cache or a download.
        settings: other than each method's own, such as `{"steps": 100}`; methods that have no such setting go without.

    Raises:
        InputError: an unknown name, or a number that is not positive.
    """

    tasks: Sequence[str]
    models: Sequence[str] | None
    seeds: int
    out: Path
    data: Path | None = None
    settings: Mapping[str, Setting] = field(default_factory=dict)

    def __post_init__(self):
        _require_known("task", self.tasks, list(TASKS))
        known = dict.fromkeys(name for task in self.tasks for name in TASKS[task].methods)
        _require_known("model", self.models or (), list(known))
        if self.seeds < 1:
            raise InputError(f"expected at least one seed, found {self.seeds}: give --seeds a positive number")
        for task in self.tasks:
            for model in self.methods(TASKS[task]):
                self.settings_of(TASKS[task], model)

    def methods(self, task: Task) -> list[str]:
        """Return the names of those methods of a task that are asked for."""
        return [name for name in task.methods if self.models is None or name in self.models]

    def settings_of(self, task: Task, model: str) -> dict[str, Setting]:
        """Return those of the settings that a method has."""
        method = task.methods[model]
        known = known_settings(method)
        return checked_settings(method, {name: value for name, value in self.settings.items() if name in known})

    def units(self, not_run: Mapping[str, str]) -> list[Unit]:
        """Return what is to be run, without those tasks that cannot be; the models of one seed follow each other."""
        return [
            Unit(TASKS[task], model, seed, self.out, self.settings_of(TASKS[task], model))
            for task in self.tasks
            if task not in not_run
            for seed in range(self.seeds)
            for model in self.methods(TASKS[task])
        ]


def _require_known(kind: str, chosen: Sequence[str], known: Sequence[str]) -> None:
    for name in chosen:
        if name not in known:
            raise InputError(f"expected a {kind} out of {', '.join(known)}, found {name!r}")


def reproduce(plan: Plan) -> str:
    """Run what the plan asks for and is not finished yet, and return the table.

    Finished runs are kept and not run again; an interrupted one goes on from its last checkpoint to the same numbers.
    Writes `results.json` and `table.md` after every run.

    Raises:
        InputError: the folder cannot be written or holds runs of other settings, or the measurements are not as
            published.
    """
    discard_leftovers(plan.out / "results.json")
    not_run = missing(plan)
    units = plan.units(not_run)
    finished = {unit: row(load_unit(unit)) for unit in units if unit.folder.exists()}
    write_results(plan, finished.values(), not_run)
    make_data = lru_cache(maxsize=1)(_make_data)  # shared by the models of one task and seed
    labels = {
        unit: f"[{number}/{len(units)}] {unit.task.name}, {unit.model}, seed {unit.seed}"
        for number, unit in enumerate(units, 1)
    }
    for unit in finished:
        _say(f"{labels[unit]}: finished before, kept")
    for patient in (False, True):  # what another process is at comes last
        for unit in [unit for unit in units if unit not in finished]:
            with _held(unit, labels[unit], patient) as held:
                if held:
                    finished[unit] = _run(unit, labels[unit], make_data, plan.data)
                    write_results(plan, [finished[own] for own in units if own in finished], not_run)
    return write_results(plan, [finished[unit] for unit in units], not_run)


@contextmanager
def _held(unit: Unit, label: str, patient: bool) -> Generator[bool]:
    """Hold the lock of a run, so that no two processes make it; gives False if another has it and is not waited for.

    Args:
        unit: run to be made.
        label: its name in messages.
        patient: whether to wait.
    """
    unit.lock.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(unit.lock)
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
        unit.lock.unlink(missing_ok=True)
        lock.release()


def _run(unit: Unit, label: str, make_data: Callable[[Task, int, Path | None], Any], data: Path | None) -> Row:
    """Return the line of a run, which is made unless another process has made it meanwhile."""
    if unit.folder.exists():
        _say(f"{label}: finished by another process, kept")
        return row(load_unit(unit))
    began = time.perf_counter()
    done = row(run_unit(unit, make_data(unit.task, unit.seed, data), label))
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


def _make_data(task: Task, seed: int, folder: Path | None) -> Any:
    return task.make_data(seed, folder, f"simulating {task.name}, seed {seed}")


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
