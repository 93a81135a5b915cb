"""Gradient descent on any loss, which may be interrupted: the core of the fits that train networks."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import equinox as eqx
import jax
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PyTree
from tqdm import tqdm

from symplect._types import Key, Scalar
from symplect.data import RowsOnDisk
from symplect.errors import FitError, InputError
from symplect.fitting.batches import Batches, batches, laid_out
from symplect.fitting.spread import Numbers, Rows, Spread, brought, fetched, mesh_of

Model = TypeVar("Model", bound=eqx.Module)
Loss = Callable[..., Scalar]
Optimizer = optax.GradientTransformation

CHUNK = 100  # steps in one compiled call, and between two entries of the history


@dataclass(frozen=True)
class GradientSettings:
    """How long and how fast to descend; the defaults are those of the paper's first tasks.

    Args:
        steps: number of steps.
        batch_size: rows of one step, drawn with replacement; all rows unless given.
        learning_rate: initial step size of Adam.
        weight_decay: added to the gradient before Adam (the coupled kind, as in the paper's code).
        cosine: whether the learning rate falls to zero along half a cosine (Loshchilov and Hutter 2017) or stays.

    Raises:
        InputError: a number out of its range.
    """

    steps: int = 2000
    batch_size: int | None = None
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    cosine: bool = False

    def __post_init__(self):
        if self.steps < 1:
            raise InputError(f"expected at least one step, found {self.steps}: give a positive number of steps")
        if self.batch_size is not None and self.batch_size < 1:
            raise InputError(
                f"expected a batch of at least one row, found {self.batch_size}: give a positive batch size"
            )
        if self.learning_rate <= 0 or self.weight_decay < 0:
            found = f"learning_rate={self.learning_rate}, weight_decay={self.weight_decay}"
            raise InputError(f"expected a positive learning rate and no negative weight decay, found {found}")


class FitState(eqx.Module, Generic[Model]):
    """A fit under way: all it needs to go on, so that it then ends in the same numbers as without a pause.

    Attributes:
        model: the model so far.
        optimizer_state: of the optimizer, such as Adam's moments.
        step: steps done.
        seconds: time spent, compilation included.
        history: a row `(step, loss of the last batch, test loss)` per `CHUNK` steps; NaN where not yet reached.
    """

    model: Model
    optimizer_state: PyTree
    step: Int[np.ndarray, ""]
    seconds: Float[np.ndarray, ""]
    history: Float[np.ndarray, "entries 3"]

    def after(
        self, steps: int, model: Model, optimizer_state: PyTree, losses: tuple[float, float], seconds: float
    ) -> "FitState[Model]":
        """Return the state after more steps.

        Raises:
            FitError: a loss left the finite numbers.
        """
        done = int(self.step)
        if not np.all(np.isfinite(losses)):
            raise FitError(
                f"the loss left the finite numbers near step {done}: lower the learning rate, or check the data"
            )
        history = self.history.copy()
        history[done // CHUNK] = [done + steps, *losses]
        return FitState(model, optimizer_state, np.asarray(done + steps), np.asarray(self.seconds + seconds), history)


def initial_state(model: Model, settings: GradientSettings, optimizer: Optimizer | None = None) -> FitState[Model]:
    """Return the state of a fit that has not begun.

    Args:
        model: a freshly initialised model.
        settings, optimizer: as in `descend`.

    Raises:
        InputError: settings of Adam beside another optimizer.
    """
    _require_one_optimizer(settings, optimizer)
    return FitState(
        model,
        _initial_optimizer_state(eqx.filter(model, eqx.is_inexact_array), settings, optimizer),
        np.asarray(0),
        np.asarray(0.0),
        np.full((-(-settings.steps // CHUNK), 3), np.nan),
    )


def descend(
    model: Model,
    loss: Loss,
    rows: Rows | RowsOnDisk,
    *,
    key: Key,
    settings: GradientSettings,
    optimizer: Optimizer | None = None,
    test_rows: Rows | RowsOnDisk,
    devices: Sequence[jax.Device] | None = None,
    resume: FitState[Model] | None = None,
    checkpoint: Callable[[FitState[Model]], None] | None = None,
    progress: str | None = None,
) -> FitState[Model]:
    """Lower a loss by Adam, or by any optimizer of optax.

    Args:
        model: a freshly initialised model.
        loss: map of the model and a batch of rows to a number, lower is better; a function of the module or a frozen
            dataclass, since a new one compiles anew.
        rows: arrays with one sample per entry of the first axis, from which batches are drawn, or rows on disk.
        key: random key of the batches.
        settings: steps and batch; learning rate and weight decay of Adam.
        optimizer: an optax optimizer with its own learning rate, such as `optax.lion(1e-4)` or `optax.lbfgs()`; the
            paper's Adam unless given. Give the same object to every call, since a new one compiles anew.
        test_rows: rows that only the history sees; of rows on disk, at most 10,000 that are evenly spaced.
        devices: devices that share every batch, such as `jax.devices()`; the default device alone unless given. Where
            they belong to several processes, each of these gives its own share of rows in memory, and all of rows on
            disk.
        resume: state that an earlier call handed to `checkpoint`; the fit goes on from there.
        checkpoint: called with the training state after every `CHUNK` steps.
        progress: label of a progress bar with loss and time left; none unless given.

    Returns:
        The final training state, with the fitted `model` and the `history`.

    Raises:
        ArithmeticError: the loss left the finite numbers.
        InputError: rows on disk without a batch size, devices that cannot share, settings of Adam beside another
            optimizer, or a state of another optimizer to resume.
    """
    mesh = mesh_of(devices) if devices is not None else None
    require_same_optimizer([resume] if resume else [], model, settings, optimizer)
    state = brought(resume or initial_state(model, settings, optimizer), mesh)
    chunks = chunks_from(int(state.step), settings)
    coming = batches(rows, mesh, key, settings.batch_size, chunks)
    seen = laid_out(test_rows, mesh)
    bar = tqdm(
        total=settings.steps,
        initial=int(state.step),
        desc=progress,
        unit="step",
        disable=None if progress else True,
        leave=False,
    )
    with bar:
        for _ in chunks:
            state = _next_chunk(state, loss, coming, seen, settings, optimizer)
            if checkpoint:
                checkpoint(fetched(state))  # a copy, for the next steps take place in the memory of this state
            bar.set_postfix_str(f"test loss {_last_test_loss(state):.3e}", refresh=False)
            bar.update(int(state.step) - bar.n)
    return fetched(state)


def chunks_from(step: int, settings: GradientSettings) -> list[range]:
    """Return the steps still to do, in the portions of one compiled call."""
    return [range(i, min(i + CHUNK, settings.steps)) for i in range(step, settings.steps, CHUNK)]


def _last_test_loss(state: FitState[Model]) -> float:
    return float(state.history[(int(state.step) - 1) // CHUNK, 2])


def _next_chunk(
    state: FitState[Model],
    loss: Loss,
    coming: Iterator[Batches],
    seen: Spread,
    settings: GradientSettings,
    optimizer: Optimizer | None,
) -> FitState[Model]:
    began = time.perf_counter()
    chunk = next(coming)
    model, optimizer_state, losses = take_steps(chunk, state.model, state.optimizer_state, loss, settings, optimizer)
    entry = (float(np.asarray(losses)[-1]), float(_evaluate(loss, model, seen)))
    return state.after(chunk.steps, model, optimizer_state, entry, time.perf_counter() - began)


def steps(
    chunk: Batches,
    model: Model,
    optimizer_state: PyTree,
    loss: Loss,
    settings: GradientSettings,
    optimizer: Optimizer | None = None,
) -> tuple[Model, PyTree, Float[Array, " steps"]]:
    """Take a step per batch, and return what is reached and the loss of every batch."""
    parameters, fixed = eqx.partition(model, eqx.is_inexact_array)
    taken = optax.with_extra_args_support(optimizer or _adam(settings))
    everything = chunk.rows.everything()

    def value(parameters: PyTree, batch: Rows) -> Scalar:
        return loss(eqx.combine(parameters, fixed), *batch)

    def step(carry: tuple[PyTree, PyTree], drawn: Numbers | None) -> tuple[tuple[PyTree, PyTree], Scalar]:
        parameters, optimizer_state = carry
        batch = everything if drawn is None else chunk.rows.take(drawn)
        reached, gradient = jax.value_and_grad(value)(parameters, batch)
        seen = {"value": reached, "grad": gradient, "value_fn": partial(value, batch=batch)}  # for a line search
        updates, optimizer_state = taken.update(gradient, optimizer_state, parameters, **seen)
        return (optax.apply_updates(parameters, updates), optimizer_state), reached

    carry, losses = jax.lax.scan(step, (parameters, optimizer_state), chunk.drawn, length=chunk.steps)
    (parameters, optimizer_state), losses = chunk.rows.replicated((carry, losses))
    return eqx.combine(parameters, fixed), optimizer_state, losses


take_steps = eqx.filter_jit(steps, donate="all-except-first")
"""The same as one compiled call, which uses up `model` and `optimizer_state` (their memory)."""


@eqx.filter_jit
def _evaluate(loss: Loss, model: eqx.Module, rows: Spread) -> Scalar:
    return loss(model, *rows.everything())


@eqx.filter_jit  # one program to load at the start of a process
def _initial_optimizer_state(parameters: PyTree, settings: GradientSettings, optimizer: Optimizer | None) -> PyTree:
    return (optimizer or _adam(settings)).init(parameters)


def require_same_optimizer(
    states: Sequence[FitState[Any]], model: eqx.Module, settings: GradientSettings, optimizer: Optimizer | None
) -> None:
    """Refuse states to resume that another optimizer has made.

    Raises:
        InputError: one whose arrays are not those of this optimizer.
    """
    _require_one_optimizer(settings, optimizer)
    if not states:
        return
    parameters = eqx.filter(model, eqx.is_inexact_array)
    expected = jax.tree.structure(jax.eval_shape((optimizer or _adam(settings)).init, parameters))
    for state in states:
        if jax.tree.structure(state.optimizer_state) != expected:
            raise InputError(
                "expected a state of the optimizer that is given to resume, found one of another: "
                "go on with the optimizer of before"
            )


def _require_one_optimizer(settings: GradientSettings, optimizer: Optimizer | None) -> None:
    own = ("learning_rate", "weight_decay", "cosine")
    changed = [name for name in own if getattr(settings, name) != getattr(GradientSettings, name)]
    if optimizer is not None and changed:
        raise InputError(
            f"expected {', '.join(own)} to be left out beside an optimizer, found {', '.join(changed)}: "
            "they are Adam's; give them to the optimizer"
        )


def _adam(settings: GradientSettings) -> optax.GradientTransformation:
    constant = settings.learning_rate
    rate = optax.cosine_decay_schedule(constant, settings.steps) if settings.cosine else constant
    return optax.chain(optax.add_decayed_weights(settings.weight_decay), optax.adam(rate))
