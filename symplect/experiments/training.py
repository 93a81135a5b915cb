"""A training run is done: fitted, evaluated and saved, resumable after interruption."""

import hashlib
import importlib.metadata
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path

import jax
import numpy as np

from symplect._types import Key
from symplect.errors import InputError
from symplect.experiments.tasks import TASKS, DirectMethod, Fitted, Method
from symplect.experiments.tasks.settings import descent, sizes
from symplect.experiments.training_run import TrainingRun
from symplect.files import discard_leftovers, read_header, read_tree, typed_json, write_tree
from symplect.fitting import FitState, initial_state
from symplect.models import AbstractModel, require_loadable
from symplect.runs import TaskConfig, TaskRun, load_as, save_run

_CHECKPOINT_SECONDS = 2.0

Fit = FitState[AbstractModel]
Watch = Callable[[Fit], None]


class PrunedError(Exception):
    """A fit under way is stopped by who watches it, as pruned; it may go on later, from its checkpoint."""


def config_of(run: TrainingRun, data: object = None) -> TaskConfig:
    """Return everything needed to repeat a run.

    Args:
        run: run in question.
        data: its task's data for its seed, of which a hash is kept; nothing of them unless given.
    """
    method = _method(run)
    own = asdict(descent(method, run.settings)) if isinstance(method, Method) else {}
    return TaskConfig(
        run.task,
        run.model,
        run.seed,
        settings={**own, **run.settings},
        version=importlib.metadata.version("symplect"),
        data_hash=None if data is None else data_hash(data),
    )


def data_hash(data: object) -> str:
    """Return a hash of the size of each array of a task's data, and of its extent along a random direction.

    Two numbers rounded, rather than each one of an array, since round-off on another machine, which chaotic paths
    enlarge, would carry some of so many across the border of two roundings.
    """
    digest, rng = hashlib.sha256(), np.random.default_rng(0)
    for array in _arrays(data):
        values = np.ravel(array).astype(float)
        size = float(np.linalg.norm(values))
        along = float(values @ rng.standard_normal(len(values))) / (size or 1.0)
        digest.update(f"{array.shape} {size:.4e} {along:.4f}".encode())
    return digest.hexdigest()[:16]


def _arrays(data: object) -> Iterator[np.ndarray]:
    if isinstance(data, np.ndarray):
        yield data
    elif is_dataclass(data):
        for each in fields(data):
            yield from _arrays(getattr(data, each.name))


def _method(run: TrainingRun) -> Method | DirectMethod:
    """Return how the model is made, fitted and judged."""
    return TASKS[run.task].methods[run.model]


def load_finished(run: TrainingRun) -> TaskRun:
    """Read a finished run.

    Raises:
        InputError: it is broken, or was made with other settings.
    """
    found = load_as(TaskRun, run.folder)
    require_same(config_of(run), found.config, run.folder)
    return found


def require_same(expected: TaskConfig, found: TaskConfig, place: Path) -> None:
    """Refuse what was made otherwise; a package of another version is no other setting, a number of steps is.

    Raises:
        InputError: task, model, seed or settings differ, or the data where both know their hash.
    """
    for name in ("task", "model", "seed", "settings", "data_hash"):
        own, wanted = getattr(found, name), getattr(expected, name)
        if own != wanted and not (name == "data_hash" and None in (own, wanted)):
            changed = "the task makes other data now; " if name == "data_hash" else ""
            raise InputError(
                f"expected {place} to be made with {name} {wanted}, found {own}: "
                f"{changed}give another folder with --out, or delete that one"
            )


def train(run: TrainingRun, data: object, progress: str | None = None, watch: Watch | None = None) -> TaskRun:
    """Fit, judge and save; what was interrupted goes on from its last checkpoint to the same numbers.

    Args:
        run: run to be done.
        data: its task's data for its seed.
        progress: label of progress bars; none unless given.
        watch: sees a descent under way every few steps.

    Raises:
        InputError: the folder cannot be written, or holds a checkpoint of other settings or data.
        ArithmeticError: the loss left the finite numbers.
        PrunedError: from `watch`.
    """
    config = config_of(run, data)
    return _judged(run, config, _fitted(run, config, data, progress and f"{progress}: fitting", watch), data, progress)


def train_seeds(
    runs: Sequence[TrainingRun],
    data: Sequence[object],
    progress: str | None = None,
    watch: Watch | None = None,
) -> list[TaskRun]:
    """Run what differs in the seed alone; in one program where the method has that and all are equally far.

    Args:
        runs: runs of one task, model and settings.
        data: their task's data for each seed.
        progress: label of progress bars of one run alone; none unless given.
        watch: sees the descent of one run alone every few steps.

    Raises:
        InputError, ArithmeticError, PrunedError: as `train`.
    """
    method = _method(runs[0])
    if len(runs) == 1 or isinstance(method, DirectMethod) or method.fit_together is None:
        return _one_by_one(runs, data, progress, watch)
    configs = [config_of(run, own) for run, own in zip(runs, data, strict=True)]
    states = [_state(run, config, method) for run, config in zip(runs, configs, strict=True)]
    if len({int(state.step) for state in states}) > 1:
        return _one_by_one(runs, data)
    settings, keys = descent(method, runs[0].settings), [_keys(run)[1] for run in runs]
    models = [state.model for state in states]
    try:
        with _Checkpointer(runs, configs, states) as checkpointer:
            states = method.fit_together(
                models, data, resume=states, keys=keys, settings=settings, checkpoint=checkpointer.keep
            )
    except ArithmeticError:  # of one of them, which the others must not suffer for
        return _one_by_one(runs, data)
    return [
        _judged(run, config, _after(state), own)
        for run, config, state, own in zip(runs, configs, states, data, strict=True)
    ]


def _one_by_one(
    runs: Sequence[TrainingRun], data: Sequence[object], progress: str | None = None, watch: Watch | None = None
) -> list[TaskRun]:
    """Run all that can be, before the first error is raised."""
    done: list[TaskRun] = []
    errors: list[ArithmeticError] = []
    for run, own in zip(runs, data, strict=True):
        try:
            done.append(train(run, own, progress, watch))
        except ArithmeticError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return done


def _judged(run: TrainingRun, config: TaskConfig, fitted: Fitted, data: object, progress: str | None = None) -> TaskRun:
    discard_leftovers(run.folder)
    evaluation = _method(run).evaluate(fitted.model, data, progress=progress and f"{progress}: evaluating")
    step, train_loss, test_loss = fitted.history.T
    judged = TaskRun(
        config=config,
        metrics={**evaluation.metrics, **fitted.metrics, "fit_seconds": fitted.seconds},
        history={"step": step, "train_loss": train_loss, "test_loss": test_loss},
        rollout=evaluation.paths,
        model=fitted.model,
    )
    save_run(run.folder, judged)
    run.checkpoint.unlink(missing_ok=True)
    return judged


def _fitted(run: TrainingRun, config: TaskConfig, data: object, progress: str | None, watch: Watch | None) -> Fitted:
    method = _method(run)
    if isinstance(method, DirectMethod):
        return method.fit(data, seed=run.seed, progress=progress, **run.settings)
    start, settings = _state(run, config, method), descent(method, run.settings)
    with _Checkpointer([run], [config], [start]) as checkpointer:

        def reached(state: Fit) -> None:
            checkpointer.keep([state])
            if watch:
                watch(state)

        if watch:
            watch(start)
        state = method.fit(
            start.model,
            data,
            resume=start,
            key=_keys(run)[1],
            settings=settings,
            checkpoint=reached,
            progress=progress,
        )
    return _after(state)


def _after(state: Fit) -> Fitted:
    return Fitted(state.model, float(state.seconds), history=state.history)


def _keys(run: TrainingRun) -> tuple[Key, Key]:
    """Return the random keys of the network and of the batches."""
    network, batches = jax.random.split(jax.random.key(run.seed))
    return network, batches


def _state(run: TrainingRun, config: TaskConfig, method: Method) -> Fit:
    """Return where a fit stands: at its last checkpoint, or at its start."""
    model = method.start(_keys(run)[0], **sizes(method, run.settings))
    require_loadable(model)
    start = initial_state(model, descent(method, run.settings))
    discard_leftovers(run.checkpoint)
    if not run.checkpoint.exists():
        return start
    saved = typed_json(read_header(run.checkpoint).get("config"), TaskConfig, run.checkpoint)
    require_same(config, saved, run.checkpoint)
    return read_tree(run.checkpoint, start)


class _Checkpointer:
    """Saves checkpoints of fits under way every few seconds, on Ctrl-C, and when they are given up."""

    def __init__(self, runs: Sequence[TrainingRun], configs: Sequence[TaskConfig], states: Sequence[Fit]):
        self.runs, self.configs, self.latest = runs, configs, states
        self.saved = time.monotonic()

    def keep(self, states: Sequence[Fit]) -> None:
        self.latest = states
        if time.monotonic() - self.saved > _CHECKPOINT_SECONDS:
            self._save()

    def _save(self) -> None:
        for run, config, state in zip(self.runs, self.configs, self.latest, strict=True):
            write_tree(run.checkpoint, state, {"config": asdict(config)})
        self.saved = time.monotonic()

    def __enter__(self) -> "_Checkpointer":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind in (KeyboardInterrupt, PrunedError):
            self._save()
