"""One task, model, seed and settings: fitted, evaluated and saved, resumable after interruption."""

import importlib.metadata
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import jax

from symplect._types import Key
from symplect.errors import InputError
from symplect.experiments.tasks import DirectMethod, Fitted, Method, Setting, Task
from symplect.experiments.tasks.settings import descent, sizes
from symplect.files import discard_leftovers, read_header, read_tree, write_tree
from symplect.fitting import FitState, initial_state
from symplect.models import AbstractModel, require_known
from symplect.runs import Run, load_run, save_run

_CHECKPOINT_SECONDS = 2.0

Fit = FitState[AbstractModel]


class GivenUpError(Exception):
    """Raised by those who watch a fit, to stop it; it may go on later, from its checkpoint."""


@dataclass(frozen=True, eq=False)
class Unit:
    """One training run: the unit of scheduling and checkpointing.

    Args:
        task: task that makes the data.
        model: the name of one of the task's methods.
        seed: random seed of data and network.
        out: the folder below which the run goes.
        settings: other than the method's own, as `checked_settings` returns them.
    """

    task: Task
    model: str
    seed: int
    out: Path
    settings: Mapping[str, Setting] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where the finished run lies."""
        return self.out / self.task.name / self.model / f"seed-{self.seed}"

    @property
    def checkpoint(self) -> Path:
        """Where the unfinished run lies."""
        return self.folder.with_suffix(".checkpoint.safetensors")

    @property
    def lock(self) -> Path:
        """File that is locked while a process makes the run, as in a sweep."""
        return self.folder.with_suffix(".lock")

    @property
    def method(self) -> Method | DirectMethod:
        """How the model is made, fitted and judged."""
        return self.task.methods[self.model]

    @property
    def config(self) -> dict[str, Any]:
        """Everything needed to repeat the run."""
        method = self.method
        own = asdict(descent(method, self.settings)) if isinstance(method, Method) else {}
        return {
            "task": self.task.name,
            "model": self.model,
            "seed": self.seed,
            "settings": {**own, **self.settings},
            "version": importlib.metadata.version("symplect"),
        }


def load_unit(unit: Unit) -> Run:
    """Read a finished run.

    Raises:
        InputError: it is broken, or was made with other settings.
    """
    run = load_run(unit.folder)
    require_same_settings(unit, run.config, unit.folder)
    return run


def require_same_settings(unit: Unit, found: Mapping[str, Any], place: Path) -> None:
    """Refuse what was made otherwise; a package of another version is no other setting, a number of steps is.

    Raises:
        InputError: task, model, seed or settings differ.
    """
    expected = unit.config
    for name in ("task", "model", "seed", "settings"):
        if found.get(name) != expected[name]:
            raise InputError(
                f"expected {place} to be made with {name} {expected[name]}, found {found.get(name)}: "
                "give another folder with --out, or delete that one"
            )


def row(run: Run) -> dict[str, Any]:
    """Return the line of a run in `results.json`: task, model, seed and metrics."""
    return {name: run.config[name] for name in ("task", "model", "seed")} | dict(run.metrics)


def run_unit(unit: Unit, data: Any, progress: str | None = None, watch: Callable[[Fit], None] | None = None) -> Run:
    """Fit, judge and save; what was interrupted goes on from its last checkpoint to the same numbers.

    Args:
        unit: run to be done.
        data: its task's data for its seed.
        progress: label of progress bars; none unless given.
        watch: sees a descent under way every few steps.

    Raises:
        InputError: the folder cannot be written, or holds a checkpoint of other settings.
        ArithmeticError: the loss left the finite numbers.
        GivenUpError: from `watch`.
    """
    return _judged(unit, _fitted(unit, data, progress and f"{progress}: fitting", watch), data, progress)


def run_units(units: Sequence[Unit], data: Sequence[Any]) -> list[Run]:
    """Run what differs in the seed alone; in one program where the method has that and all are equally far.

    Args:
        units: runs of one task, model and settings.
        data: their task's data for each seed.

    Raises:
        InputError, ArithmeticError: as `run_unit`.
    """
    method = units[0].method
    if len(units) == 1 or isinstance(method, DirectMethod) or method.fit_together is None:
        return _one_by_one(units, data)
    states = [_state(unit, method) for unit in units]
    if len({int(state.step) for state in states}) > 1:
        return _one_by_one(units, data)
    settings, keys = descent(method, units[0].settings), [_keys(unit)[1] for unit in units]
    models = [state.model for state in states]
    try:
        with _Keeper(units, states) as keeper:
            states = method.fit_together(
                models, data, resume=states, keys=keys, settings=settings, checkpoint=keeper.keep
            )
    except ArithmeticError:  # of one of them, which the others must not suffer for
        return _one_by_one(units, data)
    return [_judged(unit, _after(state), own, None) for unit, state, own in zip(units, states, data, strict=True)]


def _one_by_one(units: Sequence[Unit], data: Sequence[Any]) -> list[Run]:
    """Run all that can be, before the first error is raised."""
    runs: list[Run] = []
    errors: list[ArithmeticError] = []
    for unit, own in zip(units, data, strict=True):
        try:
            runs.append(run_unit(unit, own))
        except ArithmeticError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return runs


def _judged(unit: Unit, fitted: Fitted, data: Any, progress: str | None) -> Run:
    discard_leftovers(unit.folder)
    evaluation = unit.method.evaluate(fitted.model, data, progress=progress and f"{progress}: evaluating")
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


def _fitted(unit: Unit, data: Any, progress: str | None, watch: Callable[[Fit], None] | None) -> Fitted:
    method = unit.method
    if isinstance(method, DirectMethod):
        return method.fit(data, seed=unit.seed, progress=progress, **unit.settings)
    start, settings = _state(unit, method), descent(method, unit.settings)
    with _Keeper([unit], [start]) as keeper:

        def reached(state: Fit) -> None:
            keeper.keep([state])
            if watch:
                watch(state)

        if watch:
            watch(start)
        state = method.fit(
            start.model,
            data,
            resume=start,
            key=_keys(unit)[1],
            settings=settings,
            checkpoint=reached,
            progress=progress,
        )
    return _after(state)


def _after(state: Fit) -> Fitted:
    return Fitted(state.model, float(state.seconds), history=state.history)


def _keys(unit: Unit) -> tuple[Key, Key]:
    """Return the random keys of the network and of the batches."""
    network, batches = jax.random.split(jax.random.key(unit.seed))
    return network, batches


def _state(unit: Unit, method: Method) -> Fit:
    """Return where a fit stands: at its last checkpoint, or at its start."""
    model = method.start(_keys(unit)[0], **sizes(method, unit.settings))
    require_known(type(model))
    start = initial_state(model, descent(method, unit.settings))
    discard_leftovers(unit.checkpoint)
    if not unit.checkpoint.exists():
        return start
    require_same_settings(unit, read_header(unit.checkpoint)["config"], unit.checkpoint)
    return read_tree(unit.checkpoint, start)


class _Keeper:
    """Saves checkpoints of fits under way every few seconds, on Ctrl-C, and when they are given up."""

    def __init__(self, units: Sequence[Unit], states: Sequence[Fit]):
        self.units, self.latest = units, states
        self.saved = time.monotonic()

    def keep(self, states: Sequence[Fit]) -> None:
        self.latest = states
        if time.monotonic() - self.saved > _CHECKPOINT_SECONDS:
            self._save()

    def _save(self) -> None:
        for unit, state in zip(self.units, self.latest, strict=True):
            write_tree(unit.checkpoint, state, {"config": unit.config})
        self.saved = time.monotonic()

    def __enter__(self) -> "_Keeper":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind in (KeyboardInterrupt, GivenUpError):
            self._save()
