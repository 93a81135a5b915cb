"""Gradient descent on any loss, which may be interrupted: the core of the fits that train networks."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PyTree, Shaped
from tqdm import tqdm

from symplect._types import Key, Scalar
from symplect.errors import InputError

Model = TypeVar("Model", bound=eqx.Module)
Rows = tuple[Shaped[Array, "_ ..."], ...]
Loss = Callable[..., Scalar]

CHUNK = 100  # steps in one compiled call, and between two entries of the history


@dataclass(frozen=True)
class GradientSettings:
    """How long and how fast to descend; the defaults are those of the paper's first tasks.

    Args:
        steps: number of Adam steps.
        batch_size: rows of one step, drawn with replacement; all rows unless given.
        learning_rate: of Adam.
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
        optimizer_state: Adam's moments.
        step: steps done.
        seconds: time spent, compilation included.
        history: a row `(step, loss of the last batch, test loss)` per `CHUNK` steps; NaN where not yet reached.
    """

    model: Model
    optimizer_state: PyTree
    step: Int[np.ndarray, ""]
    seconds: Float[np.ndarray, ""]
    history: Float[np.ndarray, "entries 3"]


def initial_state(model: Model, settings: GradientSettings) -> FitState[Model]:
    """Returns the state of a fit that has not begun."""
    return FitState(
        model,
        _optimizer(settings).init(eqx.filter(model, eqx.is_inexact_array)),
        np.asarray(0),
        np.asarray(0.0),
        np.full((-(-settings.steps // CHUNK), 3), np.nan),
    )


def descend(
    model: Model,
    loss: Loss,
    rows: Rows,
    *,
    key: Key,
    settings: GradientSettings,
    test_rows: Rows,
    resume: FitState[Model] | None = None,
    checkpoint: Callable[[FitState[Model]], None] | None = None,
    progress: str | None = None,
) -> FitState[Model]:
    """Lowers a loss by Adam.

    Args:
        model: a freshly initialised model.
        loss: from the model and a batch of rows to a number, lower is better; a function of the module or a frozen
            dataclass, since a new one compiles anew.
        rows: arrays with one sample per entry of the first axis, from which batches are drawn.
        key: random key of the batches.
        settings: steps, batch, learning rate, weight decay.
        test_rows: what only the history sees.
        resume: what an earlier call handed to `checkpoint`; the fit goes on from there.
        checkpoint: called with the state of affairs after every `CHUNK` steps.
        progress: label of a progress bar with loss and time left; none unless given.

    Returns:
        The state of affairs after the last step, with the fitted `model` and the `history`.

    Raises:
        ArithmeticError: the loss left the finite numbers.
    """
    state = resume or initial_state(model, settings)
    bar = tqdm(
        total=settings.steps,
        initial=int(state.step),
        desc=progress,
        unit="step",
        disable=None if progress else True,
        leave=False,
    )
    with bar:
        while state.step < settings.steps:
            state = _next_chunk(state, loss, rows, test_rows, key, settings)
            if checkpoint:
                checkpoint(state)
            bar.set_postfix_str(f"test loss {_last_test_loss(state):.3e}", refresh=False)
            bar.update(int(state.step) - bar.n)
    return state


def _last_test_loss(state: FitState[Model]) -> float:
    return float(state.history[(int(state.step) - 1) // CHUNK, 2])


def _next_chunk(
    state: FitState[Model], loss: Loss, rows: Rows, test_rows: Rows, key: Key, settings: GradientSettings
) -> FitState[Model]:
    began = time.perf_counter()
    done = int(state.step)
    count = min(CHUNK, settings.steps - done)
    model, optimizer_state, losses = take_steps(
        state.model, state.optimizer_state, loss, rows, key, jnp.asarray(done, jnp.int32), count, settings
    )
    entry = [done + count, float(losses[-1]), float(_evaluate(loss, model, test_rows))]
    if not np.all(np.isfinite(entry)):
        raise ArithmeticError(
            f"the loss left the finite numbers near step {done}: lower the learning rate, or check the data"
        )
    history = state.history.copy()
    history[done // CHUNK] = entry
    seconds = np.asarray(state.seconds + time.perf_counter() - began)
    return FitState(model, optimizer_state, np.asarray(done + count), seconds, history)


@eqx.filter_jit
def take_steps(
    model: Model,
    optimizer_state: PyTree,
    loss: Loss,
    rows: Rows,
    key: Key,
    first: Int[Array, ""],
    count: int,
    settings: GradientSettings,
) -> tuple[Model, PyTree, Float[Array, " count"]]:
    """Takes `count` steps in one compiled call; the batch of a step depends on its number alone."""
    parameters, fixed = eqx.partition(model, eqx.is_inexact_array)
    optimizer = _optimizer(settings)

    def value(parameters: PyTree, batch: Rows) -> Scalar:
        return loss(eqx.combine(parameters, fixed), *batch)

    def step(carry: tuple[PyTree, PyTree], number: Int[Array, ""]) -> tuple[tuple[PyTree, PyTree], Scalar]:
        parameters, optimizer_state = carry
        batch = _batch(key, number, settings.batch_size, rows)
        reached, gradient = jax.value_and_grad(value)(parameters, batch)
        updates, optimizer_state = optimizer.update(gradient, optimizer_state, parameters)
        return (optax.apply_updates(parameters, updates), optimizer_state), reached

    numbers = first + jnp.arange(count, dtype=jnp.int32)
    (parameters, optimizer_state), losses = jax.lax.scan(step, (parameters, optimizer_state), numbers)
    return eqx.combine(parameters, fixed), optimizer_state, losses


@eqx.filter_jit
def _evaluate(loss: Loss, model: eqx.Module, rows: Rows) -> Scalar:
    return loss(model, *rows)


def _batch(key: Key, number: Int[Array, ""], size: int | None, rows: Rows) -> Rows:
    if size is None:
        return rows
    drawn = jax.random.randint(jax.random.fold_in(key, number), (size,), 0, rows[0].shape[0], jnp.int32)
    return tuple(values[drawn] for values in rows)


def _optimizer(settings: GradientSettings) -> optax.GradientTransformation:
    constant = settings.learning_rate
    rate = optax.cosine_decay_schedule(constant, settings.steps) if settings.cosine else constant
    return optax.chain(optax.add_decayed_weights(settings.weight_decay), optax.adam(rate))
