"""Where a path should begin to meet what was measured, for a model that is fixed."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from symplect._types import Scalar, State
from symplect.fitting.segments import Segments
from symplect.fitting.shooting import Parameters, Parametrised, Starts, under_inputs
from symplect.integrate import RK4

_ITERATIONS = 6


@eqx.filter_jit
def fitted_starts(
    model: Parametrised,
    parameters: Parameters,
    segments: Segments,
    weights: Float[Array, " dimension"],
    solver: RK4,
) -> Starts:
    """Returns the start of every segment from which its path meets the measured one best, by Gauss and Newton.

    Of all starts on the way the best is taken.

    Args:
        model, parameters: that are followed.
        segments: with the measured paths, whose first samples are tried first.
        weights: of the coordinates in the sum of squares; 0 for those that were not observed.
        solver: follows the model.
    """

    def one(measured: Array, own: Array, times: Array, inputs: Array) -> State:
        moved = under_inputs(model(parameters), times, inputs)

        def residual(start: State) -> tuple[Array, Array]:
            missed = ((solver.solve(moved, start, times)[0] - measured) * own * weights[None, :]).ravel()
            return missed, missed

        def improved(_: Array, known: tuple[State, State, Scalar]) -> tuple[State, State, Scalar]:
            start, best, least = known
            J, missed = jax.jacfwd(residual, has_aux=True)(start)
            cost, normal = jnp.sum(missed**2), J.T @ J
            diagonal = jnp.diag(normal)
            ridge = 1e-9 * jnp.diag(jnp.where(diagonal > 0, diagonal, 1.0))
            better = cost < least
            there = start - jnp.linalg.solve(normal + ridge, J.T @ missed)
            return there, jnp.where(better, start, best), jnp.where(better, cost, least)

        first = measured[0]
        return jax.lax.fori_loop(0, _ITERATIONS, improved, (first, first, jnp.asarray(jnp.inf, first.dtype)))[1]

    rows = (segments.states, segments.weights, segments.times, segments.inputs)
    return jax.vmap(one)(*map(jnp.asarray, rows))
