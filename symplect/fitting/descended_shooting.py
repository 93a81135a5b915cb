"""Multiple shooting by gradient descent, for models of too many numbers to have a normal matrix of."""

from dataclasses import dataclass
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.lax import stop_gradient
from jaxtyping import Array, Float

from symplect._types import Key, Scalar, State
from symplect.fitting.descent import FitState, GradientSettings, Rows, descend
from symplect.fitting.paths import under_inputs
from symplect.fitting.segments import Segments
from symplect.integrate import RK4
from symplect.precision import cast

SETTINGS = GradientSettings(steps=1500, cosine=True)
_HELD_OUT = 5  # one trajectory in so many
_PRETRAINING = GradientSettings(steps=500)
_RESTING = 0.99  # of the loss 100 steps earlier, at least
_UNIT = 10.0  # standard deviations of the noise, in which starts are moved


@final
class Shooting(eqx.Module):
    """What is fitted: a model, and how far the start of every segment is from the first measured state.

    Attributes:
        model: any dynamics.
        offsets: in units of ten standard deviations of the noise.
    """

    model: Any
    offsets: Float[Array, "segments dimension"]


@dataclass(frozen=True)
class ShootingLoss:
    """Mean squared residual of simulated paths, in units of the noise.

    The first segments are held out: their starts are fitted with the others, while the model learns nothing from them.

    Args:
        held_out: how many those are.
        solver: moves the states.
    """

    held_out: int
    solver: RK4

    def __call__(self, fit: Shooting, *rows: Array) -> Scalar:
        parts = (slice(self.held_out), slice(self.held_out, None))
        first, rest = (tuple(values[part] for values in rows) for part in parts)
        frozen = jax.tree.map(lambda leaf: stop_gradient(leaf) if eqx.is_inexact_array(leaf) else leaf, fit.model)
        found = [(model, part) for model, part in ((frozen, first), (fit.model, rest)) if len(part[0])]
        return jnp.sum(jnp.stack([self._mean_square(model, fit.offsets, *part) for model, part in found]))

    def _mean_square(self, model: Any, offsets: Array, number: Array, *rows: Array) -> Scalar:
        residuals = jax.vmap(lambda *row: self.residual(model, *row))(offsets[number], *rows)
        return jnp.sum(residuals**2) / jnp.sum(rows[2] > 0)

    def residual(
        self, model: Any, offset: State, times: Array, states: Array, scale: Array, noise: State, inputs: Array
    ) -> Float[Array, "samples dimension"]:
        """Return what the path of one segment misses of the measured states, in units of the noise."""
        start = states[0] + _UNIT * noise * offset
        path, _ = self.solver.solve(under_inputs(model, times, inputs), start, times)
        return (states - path) * scale


def one_step_loss(model: Any, z0: Array, z1: Array, times: Array, inputs: Array, noise: Array) -> Scalar:
    r"""Return the mean squared residual of one symmetric step of fourth order between neighbouring samples.

    $$k_1 = f(z_0), \quad k_2 = f(z_1), \quad k_3 = f(\tfrac{z_0 + z_1}{2} + \tfrac{h}{8} (k_1 - k_2)), \qquad
    z_1 - z_0 = \tfrac{h}{6} (k_1 + k_2 + 4 k_3)$$

    Both ends are given, so it is explicit and needs no solver, and being symmetric it has no bias as a forward
    difference has. Source: the Lobatto rule as a mono-implicit method, Cash, Singhal 1982, IMA J. Numer. Anal. 2, 211.
    """

    def residual(z0: State, z1: State, times: Array, inputs: Array, noise: State) -> State:
        f, h = under_inputs(model, times, inputs).time_derivative, times[1] - times[0]
        k1, k2 = f(z0, times[0]), f(z1, times[1])
        k3 = f((z0 + z1) / 2 + h / 8 * (k1 - k2), (times[0] + times[1]) / 2)
        return (z1 - z0 - h / 6 * (k1 + k2 + 4 * k3)) / noise

    return jnp.mean(jax.vmap(residual)(z0, z1, times, inputs, noise) ** 2)


@dataclass(frozen=True, eq=False)
class Descent:
    """Where the descent ended.

    Attributes:
        model: the fitted one, in float32.
        starts: of every segment.
        held_out_error: root mean square residual of what was held out, in units of the noise; NaN without any.
        converged: whether the loss on what was held out, or on all, had stopped falling.
    """

    model: Any
    starts: Float[Array, "segments dimension"]
    held_out_error: float
    converged: bool


def descend_shooting(
    model: Any,
    segments: Segments,
    noise: Float[np.ndarray, " dimension"],
    *,
    key: Key,
    settings: GradientSettings,
    solver: RK4,
    progress: str | None,
) -> Descent:
    """Pretrain on one-step residuals, then lowers the shooting loss.

    Every fifth trajectory is held out, and the training state that predicts those best is returned: networks learn
    the noise when they go on. A lone segment cannot be held out; the last state is returned then.
    """
    order, held_out = _held_out_first(segments.trials)
    rows, pairs = _rows(segments, noise, order), _pairs(segments, noise, order[held_out:])
    single = cast(model, jnp.float32)
    first = descend(single, one_step_loss, pairs, key=key, settings=_PRETRAINING, test_rows=pairs, progress=progress)
    start = Shooting(first.model, jnp.zeros((len(order), segments.states.shape[2]), jnp.float32))
    best, lowest = start, np.inf

    def keep(state: FitState[Shooting]) -> None:
        nonlocal best, lowest
        reached = _reached(state)[-1] if held_out else -float(state.step)
        if reached < lowest:
            best, lowest = state.model, float(reached)

    seen = tuple(values[:held_out] for values in rows) if held_out else rows
    loss = ShootingLoss(held_out, solver)
    last = descend(start, loss, rows, key=key, settings=settings, test_rows=seen, checkpoint=keep, progress=progress)
    losses = _reached(last)
    starts = segments.states[:, 0] + _UNIT * noise * np.asarray(best.offsets, np.float64)
    error = lowest**0.5 if held_out else float("nan")
    converged = len(losses) > 1 and float(losses[-1]) > _RESTING * float(losses[-2])
    return Descent(best.model, jnp.asarray(starts), error, converged)


def _reached(state: FitState[Shooting]) -> np.ndarray:
    """Return the test losses so far."""
    return state.history[np.isfinite(state.history[:, 2]), 2]


def _held_out_first(trials: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the numbers of the segments, those that are held out first, and how many those are."""
    groups = trials if trials[-1] > 0 else np.arange(len(trials))
    held = groups % _HELD_OUT == _HELD_OUT // 2 if groups[-1] > _HELD_OUT // 2 else groups < 0
    return np.argsort(~held, kind="stable"), int(np.sum(held))


def _rows(segments: Segments, noise: Float[np.ndarray, " dimension"], order: np.ndarray) -> Rows:
    """Return the arguments of the loss, one entry of every first axis per segment."""
    noises = np.tile(noise, (len(order), 1))
    found = (segments.times, segments.states, segments.weights / noise, noises, segments.inputs)
    return (jnp.asarray(order), *(jnp.asarray(values[order], jnp.float32) for values in found))


def _pairs(segments: Segments, noise: Float[np.ndarray, " dimension"], chosen: np.ndarray) -> Rows:
    """Return all neighbouring samples of some segments."""
    real = np.any(segments.weights[chosen, 1:] > 0, axis=2)

    def paired(values: np.ndarray) -> np.ndarray:
        return np.stack([values[chosen, :-1][real], values[chosen, 1:][real]], axis=1)

    states, times, inputs = map(paired, (segments.states, segments.times, segments.inputs))
    found = (states[:, 0], states[:, 1], times, inputs, np.tile(noise, (len(times), 1)))
    return tuple(jnp.asarray(values, jnp.float32) for values in found)
