"""Multiple shooting: the weights of a model and the start of every segment, found together by Levenberg-Marquardt."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from symplect._types import State
from symplect.fitting.least_squares import solve_symmetric
from symplect.fitting.parametrised import Parameters, Parametrised, Variational, moved, under_inputs
from symplect.fitting.segments import Segments

Starts = Float[Array, "*segments dimension"]

_ITERATIONS = 40
_ENOUGH = 1e-7  # relative decrease of the cost at which the iteration ends
_BATCHES = (4, 32)  # segments that are followed at a time, which bounds the memory
_SHORTEST = 8  # samples to which segments are filled up, or to a power of two


@dataclass(frozen=True, eq=False)
class Normal:
    """The normal equations of every segment, its start eliminated.

    Attributes:
        matrix, gradient: of the parameters.
        cost: sum of squared weighted residuals.
        paths: of the model, from the given starts.
        start_matrix, start_gradient, cross: what gives the change of the start for a change of the parameters.
    """

    matrix: Float[np.ndarray, "segments parameters parameters"]
    gradient: Float[np.ndarray, "segments parameters"]
    cost: Float[np.ndarray, " segments"]
    paths: Float[np.ndarray, "segments samples dimension"]
    start_matrix: Float[np.ndarray, "segments dimension dimension"]
    start_gradient: Float[np.ndarray, "segments dimension"]
    cross: Float[np.ndarray, "segments parameters dimension"]

    def starts(self, change: Float[np.ndarray, " parameters"]) -> Float[np.ndarray, "segments dimension"]:
        """Returns the best change of every start for a change of the parameters."""
        right = self.start_gradient - np.einsum("spd,p->sd", self.cross, change)
        return _solved(self.start_matrix, right[..., None])[..., 0]


def normal_equations(
    model: Parametrised,
    parameters: Float[np.ndarray, " parameters"],
    starts: Float[np.ndarray, "segments dimension"],
    segments: Segments,
    noise: Float[np.ndarray, " dimension"],
    substeps: int,
) -> Normal:
    """Returns the linearised problem at the given parameters and starts.

    Args:
        model, parameters: what moves the states.
        starts: one state per segment.
        segments: what was observed.
        noise: standard deviation of every coordinate, which divides its residuals.
        substeps: Runge-Kutta steps between two samples.
    """
    rows = (starts, segments.times, segments.states, segments.weights / noise, segments.inputs)
    known = (jnp.asarray(parameters, jnp.float64), jnp.asarray(substeps))
    parts = [_sums(model, *known, tuple(map(jnp.asarray, batch))) for batch in _batches(rows)]
    matrix, cross, start_matrix, gradient, start_gradient, cost, paths = (
        np.concatenate([np.asarray(one) for one in part])[: len(starts)] for part in zip(*parts, strict=True)
    )
    diagonal = np.einsum("sii->si", start_matrix)
    start_matrix = start_matrix + 1e-9 * np.where(diagonal > 0, diagonal, 1.0)[..., None] * np.eye(starts.shape[1])
    solved = _solved(start_matrix, np.concatenate([cross.swapaxes(1, 2), start_gradient[..., None]], axis=2))
    return Normal(
        matrix=matrix - cross @ solved[..., :-1],
        gradient=gradient - (cross @ solved[..., -1:])[..., 0],
        cost=cost,
        paths=paths[:, : segments.times.shape[1]],
        start_matrix=start_matrix,
        start_gradient=start_gradient,
        cross=cross,
    )


def _batches(rows: tuple[np.ndarray, ...]) -> Iterator[tuple[np.ndarray, ...]]:
    """Fills up segments and samples to one of few shapes, since every shape is a program to compile."""
    starts, times, *others = rows
    number, samples = times.shape
    size = next(size for size in _BATCHES if size >= min(number, _BATCHES[-1]))
    more, longer = (0, -number % size), (0, max(_SHORTEST, 1 << (samples - 1).bit_length()) - samples)
    states, scale, inputs = (np.pad(part, (more, longer, (0, 0)), mode="edge") for part in others)
    scale[:, samples:] = 0.0
    filled = (np.pad(starts, (more, (0, 0)), mode="edge"), np.pad(times, (more, longer), mode="edge"), states, scale)
    for first in range(0, number, size):
        yield tuple(part[first : first + size] for part in (*filled, inputs))


@eqx.filter_jit
def _sums(
    model: Parametrised, parameters: Parameters, substeps: Int[Array, ""], batch: tuple[Array, ...]
) -> tuple[Array, ...]:
    """Returns the products of derivatives by parameters, by starts, and residuals; the cost; the path."""

    def one(start: State, times: Array, states: Array, scale: Array, inputs: Array) -> tuple[Array, ...]:
        d = len(start)
        begin = jnp.concatenate([jnp.zeros((d, len(parameters))), jnp.eye(d)], axis=1)
        moving = Variational(model, parameters, (times, inputs), d)
        path = moved(moving, jnp.concatenate([start, begin.ravel()]), times, substeps)
        residual = ((states - path[:, :d]) * scale).ravel()
        jacobian = (path[:, d:].reshape(len(path), d, -1) * scale[..., None]).reshape(residual.size, -1)
        A, B = jacobian[:, :-d], jacobian[:, -d:]
        return A.T @ A, A.T @ B, B.T @ B, A.T @ residual, B.T @ residual, jnp.sum(residual**2), path[:, :d]

    return jax.vmap(one)(*batch)


def _solved(matrices: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solves small systems; NaN where a path left the finite numbers."""
    finite = np.all(np.isfinite(matrices), axis=(1, 2))
    found = np.linalg.solve(np.where(finite[:, None, None], matrices, np.eye(matrices.shape[1])), right)
    return np.where(finite[:, None, None], found, np.nan)


def follow(
    model: Parametrised,
    parameters: Parameters,
    starts: Float[np.ndarray, "segments dimension"],
    segments: Segments,
    substeps: int,
) -> Float[np.ndarray, "segments samples dimension"]:
    """Returns the path of every segment from its start."""
    return np.asarray(_paths(model, parameters, jnp.asarray(starts), segments, jnp.asarray(substeps)))


@eqx.filter_jit
def _paths(
    model: Parametrised, parameters: Parameters, starts: Starts, segments: Segments, substeps: Int[Array, ""]
) -> Float[Array, "segments samples dimension"]:
    def one(start: State, times: Array, inputs: Array) -> Array:
        return moved(under_inputs(model(parameters), times, inputs), start, times, substeps)

    return jax.vmap(one)(starts, jnp.asarray(segments.times), jnp.asarray(segments.inputs))


@dataclass(frozen=True, eq=False)
class Shot:
    """Parameters and starts, and the problem linearised there.

    Attributes:
        parameters, starts: of the paths.
        normal: the linearised problem there.
        cost: the penalty included; infinite where a path left the finite numbers.
        converged: whether the cost had stopped falling.
    """

    parameters: np.ndarray
    starts: np.ndarray
    normal: Normal
    cost: float
    converged: bool = False


@dataclass(frozen=True, eq=False)
class ShootingProblem:
    r"""The sum $\sum |x - \Phi(\theta, s)|^2 / \sigma^2 + \sum_k P_k \theta_k^2$ over parameters and starts.

    Attributes:
        model: what moves the states.
        segments: what was observed.
        noise: standard deviation of every coordinate.
        penalty: P.
        substeps: Runge-Kutta steps between two samples.
    """

    model: Parametrised
    segments: Segments
    noise: Float[np.ndarray, " dimension"]
    penalty: Float[np.ndarray, " parameters"]
    substeps: int

    def at(self, parameters: Float[np.ndarray, " parameters"], starts: Float[np.ndarray, "segments dimension"]) -> Shot:
        """Returns the sum at some parameters and starts."""
        normal = normal_equations(self.model, parameters, starts, self.segments, self.noise, self.substeps)
        cost = float(np.sum(normal.cost) + np.sum(self.penalty * parameters**2))
        return Shot(parameters, starts, normal, cost if np.isfinite(cost) else np.inf)

    def minimised(self, best: Shot) -> Shot:
        """Minimises the sum, from where it has been evaluated.

        Levenberg-Marquardt; starts are eliminated segment by segment (a Schur complement), so the work grows linearly
        with their number. Source: Nocedal, Wright, *Numerical Optimization* (2006), 10.3.
        """
        damping = 1e-3
        for _ in range(_ITERATIONS if np.isfinite(best.cost) else 0):
            matrix = np.sum(best.normal.matrix, axis=0) + np.diag(self.penalty)
            gradient = np.sum(best.normal.gradient, axis=0) - self.penalty * best.parameters
            change = solve_symmetric(matrix, gradient, damping=damping, rcond=1e-13)
            there = self.at(best.parameters + change, best.starts + best.normal.starts(change))
            if there.cost < best.cost:
                enough = best.cost - there.cost < _ENOUGH * best.cost
                best, damping = replace(there, converged=enough), max(damping / 5, 1e-9)
            else:
                damping *= 8
                best = replace(best, converged=damping > 1e8)
            if best.converged:
                break
        return best
