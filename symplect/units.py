"""One task, model, seed and settings: fitted, judged and saved, as often interrupted as you like."""

import importlib.metadata
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import jax

from symplect.errors import InputError
from symplect.files import discard_leftovers, read_header, read_tree, write_tree
from symplect.fitting import FitState, initial_state
from symplect.models import LearnedDynamics
from symplect.runs import Run, load_run, save_run
from symplect.tasks import DirectMethod, Fitted, Method, Setting, Task
from symplect.tasks.settings import descent, sizes

_CHECKPOINT_SECONDS = 2.0

Fit = FitState[LearnedDynamics]


@dataclass(frozen=True, eq=False)
class Unit:
    """The least that is run, kept and resumed.

    Args:
        task: that makes the data.
        model: the name of one of the task's methods.
        seed: of data and network.
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
    """Reads a finished run.

    Raises:
        InputError: it is broken, or was made with other settings.
    """
    run = load_run(unit.folder)
    require_same_settings(unit, run.config, unit.folder)
    return run


def require_same_settings(unit: Unit, found: Mapping[str, Any], place: Path) -> None:
    """Refuses what was made otherwise; a package of another version is no other setting, a number of steps is.

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
    """Returns the line of a run in `results.json`: task, model, seed and metrics."""
    return {name: run.config[name] for name in ("task", "model", "seed")} | dict(run.metrics)


def run_unit(unit: Unit, data: Any, progress: str | None = None) -> Run:
    """Fits, judges and saves; what was interrupted goes on from its last checkpoint to the same numbers.

    Args:
        unit: to run.
        data: what its task makes of its seed.
        progress: label of progress bars; none unless given.

    Raises:
        InputError: the folder cannot be written, or holds a checkpoint of other settings.
        ArithmeticError: the loss left the finite numbers.
    """
    discard_leftovers(unit.folder)
    discard_leftovers(unit.checkpoint)
    fitted = _fitted(unit, data, progress and f"{progress}: fitting")
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


def _fitted(unit: Unit, data: Any, progress: str | None) -> Fitted:
    method = unit.method
    if isinstance(method, DirectMethod):
        return method.fit(data, seed=unit.seed, progress=progress, **unit.settings)
    state = _descended(unit, method, data, progress)
    return Fitted(state.model, float(state.seconds), history=state.history)


def _descended(unit: Unit, method: Method, data: Any, progress: str | None) -> Fit:
    """Fits, with a checkpoint every few seconds and on Ctrl-C."""
    key_model, key_batches = jax.random.split(jax.random.key(unit.seed))
    settings = descent(method, unit.settings)
    latest = _resume(unit, initial_state(method.start(key_model, **sizes(method, unit.settings)), settings))
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
            progress=progress,
        )
    except KeyboardInterrupt:
        _save_checkpoint(unit, latest)
        raise


def _save_checkpoint(unit: Unit, state: Fit) -> None:
    write_tree(unit.checkpoint, state, {"config": unit.config})


def _resume(unit: Unit, start: Fit) -> Fit:
    if not unit.checkpoint.exists():
        return start
    require_same_settings(unit, read_header(unit.checkpoint)["config"], unit.checkpoint)
    return read_tree(unit.checkpoint, start)
