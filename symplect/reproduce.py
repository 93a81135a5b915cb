"""The main job: every task, model and seed, from data to table, as often interrupted as you like."""

import dataclasses
import importlib.metadata
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import jax

from symplect.errors import InputError, NotAvailableError
from symplect.files import discard_leftovers, read_header, read_tree, write_json, write_tree, writing
from symplect.fitting import FitState, GradientSettings, initial_state
from symplect.models import LearnedDynamics
from symplect.runs import Run, load_run, save_run
from symplect.table import table
from symplect.tasks import TASKS, DirectMethod, Fitted, Method, Task

_CHECKPOINT_SECONDS = 2.0

Fit = FitState[LearnedDynamics]


@dataclass(frozen=True)
class Plan:
    """What to run.

    Args:
        tasks: names out of `TASKS`.
        models: names of the tasks' methods; a task without one of that name skips it. `None` for all of each task.
        seeds: number of seeds, counted from 0; a seed makes data and network.
        out: the folder for runs and results.
        data: the folder of the measurements, or `None` for the cache or a download.
        steps: of every fit, or `None` for each task's own.

    Raises:
        InputError: an unknown name, or a number that is not positive.
    """

    tasks: Sequence[str]
    models: Sequence[str] | None
    seeds: int
    out: Path
    data: Path | None = None
    steps: int | None = None

    def __post_init__(self):
        _require_known("task", self.tasks, list(TASKS))
        known = dict.fromkeys(name for task in self.tasks for name in TASKS[task].methods)
        _require_known("model", self.models or (), list(known))
        if self.seeds < 1:
            raise InputError(f"expected at least one seed, found {self.seeds}: give --seeds a positive number")
        if self.steps is not None and self.steps < 1:
            raise InputError(f"expected at least one step, found {self.steps}: give --steps a positive number")

    def methods(self, task: Task) -> list[str]:
        """Returns the names of those methods of a task that are asked for."""
        return [name for name in task.methods if self.models is None or name in self.models]


def _require_known(kind: str, chosen: Sequence[str], known: Sequence[str]) -> None:
    for name in chosen:
        if name not in known:
            raise InputError(f"expected a {kind} out of {', '.join(known)}, found {name!r}")


@dataclass(frozen=True)
class Unit:
    """One task, model and seed of a plan."""

    task: Task
    model: str
    seed: int
    out: Path
    steps: int | None

    @property
    def folder(self) -> Path:
        """Where the finished run lies."""
        return self.out / self.task.name / self.model / f"seed-{self.seed}"

    @property
    def checkpoint(self) -> Path:
        """Where the unfinished run lies."""
        return self.folder.with_suffix(".checkpoint.safetensors")

    @property
    def method(self) -> Method | DirectMethod:
        """How the model is made, fitted and judged."""
        return self.task.methods[self.model]

    def settings(self, method: Method) -> GradientSettings:
        """Returns the settings of a descent, with the plan's steps."""
        return dataclasses.replace(method.settings, steps=self.steps) if self.steps else method.settings

    @property
    def config(self) -> dict[str, Any]:
        """Everything needed to repeat the run."""
        method = self.method
        return {
            "task": self.task.name,
            "model": self.model,
            "seed": self.seed,
            "settings": dataclasses.asdict(self.settings(method)) if isinstance(method, Method) else {},
            "version": importlib.metadata.version("symplect"),
        }


def reproduce(plan: Plan) -> str:
    """Runs what the plan asks for and is not finished yet, and returns the table.

    Finished runs are kept and not run again; an interrupted one goes on from its last checkpoint to the same numbers.
    Writes `results.json` and `table.md` after every run.

    Raises:
        InputError: the folder cannot be written or holds runs of other settings, or the measurements are not as
            published.
    """
    discard_leftovers(plan.out / "results.json")
    not_run = _missing(plan)
    units = [
        Unit(TASKS[task], model, seed, plan.out, plan.steps)
        for task in plan.tasks
        if task not in not_run
        for seed in range(plan.seeds)
        for model in plan.methods(TASKS[task])
    ]
    finished = {unit: _load(unit) for unit in units if unit.folder.exists()}
    _write_results(plan, finished, not_run)
    make_data = lru_cache(maxsize=1)(_make_data)  # shared by the models of one task and seed
    for number, unit in enumerate(units, 1):
        label = f"[{number}/{len(units)}] {unit.task.name}, {unit.model}, seed {unit.seed}"
        if unit not in finished:
            began = time.perf_counter()
            finished[unit] = _run(unit, make_data(unit.task, unit.seed, plan.data), label)
            _say(f"{label}: {time.perf_counter() - began:.0f} s")
            _write_results(plan, finished, not_run)
        else:
            _say(f"{label}: finished before, kept")
    return _write_results(plan, finished, not_run)


def _missing(plan: Plan) -> dict[str, str]:
    """Returns the tasks that cannot be run here, with the reason; asked before anything is fitted."""
    reasons: dict[str, str] = {}
    for name in plan.tasks:
        if requires := TASKS[name].requires:
            try:
                requires(plan.data)
            except NotAvailableError as error:
                reasons[name] = str(error)
                _say(f"{name} is not run: {error}")
    return reasons


def _load(unit: Unit) -> Run:
    run = load_run(unit.folder)
    _require_same_settings(unit, run.config, unit.folder)
    return run


def _require_same_settings(unit: Unit, found: Mapping[str, Any], place: Path) -> None:
    """A package of another version is no other setting; a number of steps is."""
    expected = unit.config
    for name in ("task", "model", "seed", "settings"):
        if found.get(name) != expected[name]:
            raise InputError(
                f"expected {place} to be made with {name} {expected[name]}, found {found.get(name)}: "
                "give another folder with --out, or delete that one"
            )


def _make_data(task: Task, seed: int, folder: Path | None) -> Any:
    return task.make_data(seed, folder, f"simulating {task.name}, seed {seed}")


def _run(unit: Unit, data: Any, label: str) -> Run:
    discard_leftovers(unit.folder)
    discard_leftovers(unit.checkpoint)
    fitted = _fitted(unit, data, label)
    evaluation = unit.method.evaluate(fitted.model, data, progress=f"{label}: evaluating")
    step, train_loss, test_loss = fitted.history.T
    run = Run(
        config=unit.config,
        metrics={**evaluation.metrics, **fitted.metrics, "fit_seconds": fitted.seconds},
        history={"step": step, "train_loss": train_loss, "test_loss": test_loss},
        rollout=evaluation.paths,
        model=fitted.model,
    )
    save_run(unit.folder, run)
    unit.checkpoint.unlink(missing_ok=True)
    return run


def _fitted(unit: Unit, data: Any, label: str) -> Fitted:
    method = unit.method
    if isinstance(method, DirectMethod):
        return method.fit(data, seed=unit.seed, progress=f"{label}: fitting")
    state = _descended(unit, method, data, label)
    return Fitted(state.model, float(state.seconds), history=state.history)


def _descended(unit: Unit, method: Method, data: Any, label: str) -> Fit:
    """Fits, with a checkpoint every few seconds and on Ctrl-C."""
    key_model, key_batches = jax.random.split(jax.random.key(unit.seed))
    settings = unit.settings(method)
    latest = _resume(unit, initial_state(method.start(key_model), settings))
    saved = time.monotonic()

    def keep(state: Fit) -> None:
        nonlocal latest, saved
        latest = state
        if time.monotonic() - saved > _CHECKPOINT_SECONDS:
            _save_checkpoint(unit, state)
            saved = time.monotonic()

    try:
        return method.fit(
            latest.model,
            data,
            resume=latest,
            key=key_batches,
            settings=settings,
            checkpoint=keep,
            progress=f"{label}: fitting",
        )
    except KeyboardInterrupt:
        _save_checkpoint(unit, latest)
        raise


def _save_checkpoint(unit: Unit, state: Fit) -> None:
    write_tree(unit.checkpoint, state, {"config": unit.config})


def _resume(unit: Unit, start: Fit) -> Fit:
    if not unit.checkpoint.exists():
        return start
    _require_same_settings(unit, read_header(unit.checkpoint)["config"], unit.checkpoint)
    return read_tree(unit.checkpoint, start)


def _write_results(plan: Plan, finished: Mapping[Unit, Run], not_run: Mapping[str, str]) -> str:
    """Writes `results.json` and `table.md` and returns the table."""
    rows = [{**_row(run.config), **run.metrics} for run in finished.values()]
    settings = dataclasses.asdict(plan) | {"out": str(plan.out), "data": None if plan.data is None else str(plan.data)}
    write_json(
        plan.out / "results.json", {"versions": _versions(), "settings": settings, "runs": rows, "not_run": not_run}
    )
    text = table(rows, not_run)
    with writing(plan.out / "table.md") as temporary:
        temporary.write_text(text)
    return text


def _row(config: Mapping[str, Any]) -> dict[str, Any]:
    return {name: config[name] for name in ("task", "model", "seed")}


def _versions() -> dict[str, str]:
    packages = ("symplect", "jax", "jaxlib", "equinox", "diffrax", "optax", "numpy")
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
