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
_BATCHES = (4, 32, 256)  # segments that are followed at a time
_MEMORY = 2**25  # bytes of the derivatives of a batch of paths
_DAMPING, _LEAST = 1e-3, 1e-9  # of the first step, and of any
_GROWTH, _RELIEF = 4, 0.1  # of the damping after a step that led up, or down as far as was foreseen
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
        """Return the best change of every start for a change of the parameters."""
        right = self.start_gradient - np.einsum("spd,p->sd", self.cross, change)
        return _solved(self.start_matrix, right[..., None])[..., 0]


class PathResiduals:
    """What the paths of a model miss of the measured ones, each from a start of its own.

    Args:
        model: dynamics as a function of their parameters.
        segments: measured pieces.
        noise: standard deviation of every coordinate, which divides its residuals.
        substeps: Runge-Kutta steps between two samples.
    """

    def __init__(self, model: Parametrised, segments: Segments, noise: Float[np.ndarray, " dimension"], substeps: int):
        self._model, self._substeps = model, jnp.asarray(substeps)
        number, self._samples = segments.times.shape
        dimension = segments.states.shape[2]
        self._size = _batch_size(number, self._samples * dimension * (model.size + dimension))
        rows = (segments.times, segments.states, segments.weights / noise, segments.inputs)
        self._batches = [tuple(map(jnp.asarray, batch)) for batch in _batches(rows, self._size)]

    def linearised(
        self, parameters: Float[np.ndarray, " parameters"], starts: Float[np.ndarray, "segments dimension"]
    ) -> Normal:
        """Return the normal equations at the given parameters and starts, one state per segment."""
        at, number = jnp.asarray(parameters, jnp.float64), len(starts)
        filled = np.pad(starts, ((0, -number % self._size), (0, 0)), mode="edge")
        batches = zip(np.split(filled, len(self._batches)), self._batches, strict=True)
        parts = [_sums(self._model, at, self._substeps, (jnp.asarray(begins), *batch)) for begins, batch in batches]
        matrix, cross, start_matrix, gradient, start_gradient, cost, paths = (
            np.concatenate([np.asarray(one) for one in part])[:number] for part in zip(*parts, strict=True)
        )
        diagonal = np.einsum("sii->si", start_matrix)
        start_matrix = start_matrix + 1e-9 * np.where(diagonal > 0, diagonal, 1.0)[..., None] * np.eye(starts.shape[1])
        solved = _solved(start_matrix, np.concatenate([cross.swapaxes(1, 2), start_gradient[..., None]], axis=2))
        return Normal(
            matrix=matrix - cross @ solved[..., :-1],
            gradient=gradient - (cross @ solved[..., -1:])[..., 0],
            cost=cost,
            paths=paths[:, : self._samples],
            start_matrix=start_matrix,
            start_gradient=start_gradient,
            cross=cross,
        )


def _batch_size(number: int, numbers: int) -> int:
    """Return how many segments are followed at a time: one of few sizes, for the numbers that each of them takes."""
    allowed = [size for size in _BATCHES if 8 * size * numbers <= _MEMORY] or _BATCHES[:1]
    return next((size for size in allowed if size >= number), allowed[-1])


def _batches(rows: tuple[np.ndarray, ...], size: int) -> Iterator[tuple[np.ndarray, ...]]:
    """Fill up segments and samples to one of few shapes, since every shape is a program to compile."""
    times, *others = rows
    number, samples = times.shape
    more, longer = (0, -number % size), (0, max(_SHORTEST, 1 << (samples - 1).bit_length()) - samples)
    states, scale, inputs = (np.pad(part, (more, longer, (0, 0)), mode="edge") for part in others)
    scale[:, samples:] = 0.0
    filled = (np.pad(times, (more, longer), mode="edge"), states, scale, inputs)
    for first in range(0, number, size):
        yield tuple(part[first : first + size] for part in filled)


@eqx.filter_jit
def _sums(
    model: Parametrised, parameters: Parameters, substeps: Int[Array, ""], batch: tuple[Array, ...]
) -> tuple[Array, ...]:
    """Return the products of derivatives by parameters, by starts, and residuals; the cost; the path."""

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
    """Solve small systems; NaN where a path left the finite numbers."""
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
    """Return the path of every segment from its start."""
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
        damping: of the next step, relative to `sizes` and the penalty.
        sizes: the largest squared sensitivity to each parameter so far.
        converged: whether the cost had stopped falling.
    """

    parameters: np.ndarray
    starts: np.ndarray
    normal: Normal
    cost: float
    damping: float
    sizes: np.ndarray
    converged: bool = False


@dataclass(frozen=True, eq=False)
class ShootingProblem:
    r"""The sum $\sum |x - \Phi(\theta, s)|^2 / \sigma^2 + \sum_k P_k \theta_k^2$ over parameters and starts.

    Attributes:
        residuals: the first sum.
        penalty: P.
    """

    residuals: PathResiduals
    penalty: Float[np.ndarray, " parameters"]

    def at(
        self,
        parameters: Float[np.ndarray, " parameters"],
        starts: Float[np.ndarray, "segments dimension"],
        before: Shot | None = None,
    ) -> Shot:
        """Return the sum at some parameters and starts, and how far to go from there: as from the shot before."""
        normal = self.residuals.linearised(parameters, starts)
        cost = float(np.sum(normal.cost) + np.sum(self.penalty * parameters**2))
        sizes = np.sum(np.einsum("spp->sp", normal.matrix), axis=0)
        damping, sizes = (before.damping, np.fmax(sizes, before.sizes)) if before else (_DAMPING, sizes)
        return Shot(parameters, starts, normal, cost if np.isfinite(cost) else np.inf, damping, sizes)

    def minimised(self, best: Shot, enough: float) -> Shot:
        """Minimise the sum, from where it has been evaluated.

        Levenberg-Marquardt; starts are eliminated segment by segment (a Schur complement), so the work grows linearly
        with their number. A parameter is damped by the largest sensitivity to it that was met, so that one which does
        nothing at present, as the root of a friction that is zero, is not thrown far. Sources: Nocedal, Wright,
        *Numerical Optimization* (2006), 10.3; More 1978 (the damping); Nielsen 1999 (how it changes).

        Args:
            best: where to begin.
            enough: relative decrease of the sum at which to end.
        """
        growth = _GROWTH
        for _ in range(_ITERATIONS if np.isfinite(best.cost) else 0):
            damped = best.damping * (best.sizes + self.penalty)
            matrix = np.sum(best.normal.matrix, axis=0) + np.diag(self.penalty + damped)
            gradient = np.sum(best.normal.gradient, axis=0) - self.penalty * best.parameters
            change = solve_symmetric(matrix, gradient, rcond=1e-13)
            there = self.at(best.parameters + change, best.starts + best.normal.starts(change), best)
            if there.cost < best.cost:
                foreseen = change @ (gradient + damped * change)
                share = (best.cost - there.cost) / foreseen
                damping = float(max(best.damping * max(_RELIEF, 1 - (2 * share - 1) ** 3), _LEAST))
                converged = best.cost - there.cost < enough * best.cost
                best, growth = replace(there, damping=damping, converged=converged), _GROWTH
            else:
                best, growth = replace(best, damping=growth * best.damping, converged=best.damping > 1e7), 2 * growth
            if best.converged:
                break
        return best
