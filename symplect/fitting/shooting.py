"""Multiple shooting: the weights of a model and the start of every segment, found together by Levenberg-Marquardt."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float

from symplect._types import Scalar, State
from symplect.dynamics import AbstractDynamics
from symplect.fitting.least_squares import solve_symmetric
from symplect.fitting.segments import Segments
from symplect.integrate import RK4
from symplect.models.dissipative import DissipativeHNN
from symplect.models.features import AbstractFeatures

Parameters = Float[Array, " parameters"]
Starts = Float[Array, "*segments dimension"]

_ITERATIONS = 40
_ENOUGH = 1e-7  # relative decrease of the cost at which the iteration ends
_BATCH = 32  # segments followed at a time, which bounds the memory


@final
class Parametrised(eqx.Module):
    """A model as a function of one vector, its trainable numbers; fixed features are not among them.

    Attributes:
        rebuild: from that vector to the trainable part of the model.
        fixed: the rest of the model.
    """

    rebuild: Callable[[Parameters], Any] = eqx.field(static=True)
    fixed: Any

    @classmethod
    def split(cls, model: AbstractDynamics) -> tuple["Parametrised", Parameters]:
        """Returns the function, and the vector that gives the model itself."""
        trainable, fixed = eqx.partition(model, trainable_filter(model))
        vector, rebuild = ravel_pytree(trainable)
        return cls(_Rebuild.of(rebuild, trainable), fixed), vector

    def __call__(self, vector: Parameters) -> Any:
        return eqx.combine(self.rebuild(vector), self.fixed)


class _Rebuild:
    """The inverse of flattening, equal for models of one shape, so that a program is compiled once for all of them."""

    def __init__(self, rebuild: Callable[[Parameters], Any], key: Any):
        self._rebuild, self._key = rebuild, key

    @classmethod
    def of(cls, rebuild: Callable[[Parameters], Any], tree: Any) -> "_Rebuild":
        leaves, structure = jax.tree.flatten(tree)
        return cls(rebuild, (structure, tuple(leaf.shape for leaf in leaves)))

    def __call__(self, vector: Parameters) -> Any:
        return self._rebuild(vector)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rebuild) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


def trainable_filter(model: AbstractDynamics) -> Any:
    """Returns a tree of truth values: all real numbers of a model but those inside fixed features."""

    def is_features(node: Any) -> bool:
        return isinstance(node, AbstractFeatures)

    def mark(node: Any) -> Any:
        return jax.tree.map(lambda _: False, node) if is_features(node) else eqx.is_inexact_array(node)

    return jax.tree.map(mark, model, is_leaf=is_features)


@final
class _Variational(AbstractDynamics):
    r"""A state, and behind it the derivatives of that state by the parameters and by the start.

    $$\dot S = \frac{\partial f}{\partial z} S + \frac{\partial f}{\partial \theta}$$

    Moved by the same Runge-Kutta steps as the state, S is the exact derivative of those steps.
    """

    model: Parametrised
    parameters: Parameters
    course: tuple[Float[Array, " samples"], Float[Array, "samples channels"]]
    dimension: int = eqx.field(static=True)

    @property
    def degrees_of_freedom(self) -> int:
        return self.dimension // 2

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        d, n = self.dimension, len(self.parameters)
        state, S = z[:d], z[d:].reshape(d, n + d)

        def field(parameters: Parameters, state: State) -> State:
            return under_inputs(self.model(parameters), *self.course).time_derivative(state, t)

        by_parameters = jax.jacrev(field)(self.parameters, state)
        by_state = jax.jacfwd(field, argnums=1)(self.parameters, state)
        source = jnp.concatenate([by_parameters, jnp.zeros((d, d), z.dtype)], axis=1)
        return jnp.concatenate([field(self.parameters, state), (by_state @ S + source).ravel()])


def under_inputs(
    model: AbstractDynamics, times: Float[Array, " samples"], inputs: Float[Array, "samples channels"]
) -> AbstractDynamics:
    """Returns the model under the inputs of one segment, or the model itself where there are none."""
    return model.driven(times, inputs) if isinstance(model, DissipativeHNN) and inputs.shape[1] else model


class Normal(eqx.Module):
    """The normal equations of every segment, its start eliminated.

    Attributes:
        matrix, gradient: of the parameters.
        cost: sum of squared weighted residuals.
        start_matrix, start_gradient, cross: what gives the change of the start for a change of the parameters.
    """

    matrix: Float[Array, "*segments parameters parameters"]
    gradient: Float[Array, "*segments parameters"]
    cost: Float[Array, "*segments"]
    start_matrix: Float[Array, "*segments dimension dimension"]
    start_gradient: Float[Array, "*segments dimension"]
    cross: Float[Array, "*segments parameters dimension"]

    def starts(self, change: Parameters) -> Starts:
        """Returns the best change of every start for a change of the parameters."""
        right = self.start_gradient - jnp.einsum("spd,p->sd", self.cross, change)
        return jnp.linalg.solve(self.start_matrix, right[..., None])[..., 0]


@eqx.filter_jit
def normal_equations(
    model: Parametrised, parameters: Parameters, starts: Starts, segments: Segments, noise: State, solver: RK4
) -> Normal:
    """Returns the linearised problem at the given parameters and starts.

    Args:
        model, parameters: what moves the states.
        starts: one state per segment.
        segments: what was observed.
        noise: standard deviation of every coordinate, which divides its residuals.
        solver: moves states and derivatives.
    """
    d = starts.shape[1]

    def one(segment: tuple[State, Array, Array, Array, Array]) -> Normal:
        start, times, states, weights, inputs = segment
        begin = jnp.concatenate([jnp.zeros((d, len(parameters))), jnp.eye(d)], axis=1)
        moving = _Variational(model, parameters, (times, inputs), d)
        path, _ = solver.solve(moving, jnp.concatenate([start, begin.ravel()]), times)
        scale = weights / noise[None, :]
        residual = ((states - path[:, :d]) * scale).ravel()
        jacobian = (path[:, d:].reshape(*path.shape[:1], d, -1) * scale[..., None]).reshape(residual.size, -1)
        return _eliminate(jacobian[:, :-d], jacobian[:, -d:], residual)

    rows = (starts, *map(jnp.asarray, (segments.times, segments.states, segments.weights, segments.inputs)))
    return jax.lax.map(one, rows, batch_size=_BATCH)


def _eliminate(A: Array, B: Array, residual: Array) -> Normal:
    start_matrix = B.T @ B
    diagonal = jnp.diag(start_matrix)
    start_matrix = start_matrix + 1e-9 * jnp.diag(jnp.where(diagonal > 0, diagonal, 1.0))
    cross, start_gradient = A.T @ B, B.T @ residual
    solved = jnp.linalg.solve(start_matrix, jnp.concatenate([cross.T, start_gradient[:, None]], axis=1))
    return Normal(
        matrix=A.T @ A - cross @ solved[:, :-1],
        gradient=A.T @ residual - cross @ solved[:, -1],
        cost=jnp.sum(residual**2),
        start_matrix=start_matrix,
        start_gradient=start_gradient,
        cross=cross,
    )


@eqx.filter_jit
def follow(
    model: Parametrised, parameters: Parameters, starts: Starts, segments: Segments, solver: RK4
) -> Float[Array, "segments samples dimension"]:
    """Returns the path of every segment from its start."""

    def one(start: State, times: Array, inputs: Array) -> Array:
        return solver.solve(under_inputs(model(parameters), times, inputs), start, times)[0]

    return jax.vmap(one)(starts, jnp.asarray(segments.times), jnp.asarray(segments.inputs))


@dataclass(frozen=True, eq=False)
class Shot:
    """Where Levenberg-Marquardt ended.

    Attributes:
        parameters, starts: that were found.
        normal: the linearised problem there.
        cost: the penalty included.
        converged: whether the cost had stopped falling.
    """

    parameters: np.ndarray
    starts: np.ndarray
    normal: Normal
    cost: float
    converged: bool


def shoot(
    model: Parametrised,
    parameters: Parameters,
    starts: Starts,
    segments: Segments,
    *,
    noise: Float[np.ndarray, " dimension"],
    penalty: Float[np.ndarray, " parameters"],
    solver: RK4,
    iterations: int = _ITERATIONS,
) -> Shot:
    r"""Minimises $\sum |x - \Phi(\theta, s)|^2 / \sigma^2 + \sum_k P_k \theta_k^2$ over parameters and starts together.

    Levenberg-Marquardt; starts are eliminated segment by segment (a Schur complement), so the work grows linearly with
    their number. Source: Nocedal, Wright, *Numerical Optimization* (2006), 10.3.
    """
    sigma = jnp.asarray(noise)

    def total(normal: Normal, parameters: Parameters) -> float:
        return float(jnp.sum(normal.cost) + jnp.sum(penalty * parameters**2))

    normal = normal_equations(model, parameters, starts, segments, sigma, solver)
    cost, damping, enough = total(normal, parameters), 1e-3, False
    for _ in range(iterations if np.isfinite(cost) else 0):
        matrix = np.asarray(jnp.sum(normal.matrix, axis=0)) + np.diag(penalty)
        gradient = np.asarray(jnp.sum(normal.gradient, axis=0)) - penalty * np.asarray(parameters)
        change = jnp.asarray(solve_symmetric(matrix, gradient, damping=damping, rcond=1e-13))
        proposed, moved = parameters + change, starts + normal.starts(change)
        there = normal_equations(model, proposed, moved, segments, sigma, solver)
        reached = total(there, proposed)
        if not reached < cost:
            damping *= 8
            if enough := damping > 1e8:
                break
            continue
        enough = cost - reached < _ENOUGH * cost
        parameters, starts, normal, cost, damping = proposed, moved, there, reached, max(damping / 5, 1e-9)
        if enough:
            break
    return Shot(np.asarray(parameters), np.asarray(starts), normal, cost, enough)
