"""Paths of any model from given starts, by the steps that fits take."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from symplect._types import Scalar, State
from symplect.dynamics import AbstractDynamics
from symplect.fitting.parametrised import Parameters, Parametrised
from symplect.fitting.segments import Segments
from symplect.models.port_hamiltonian import AbstractOpenSystem

Starts = Float[Array, "*segments dimension"]


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


def under_inputs(
    model: AbstractDynamics, times: Float[Array, " samples"], inputs: Float[Array, "samples channels"]
) -> AbstractDynamics:
    """Return the model under the inputs of one segment, or the model itself where there are none."""
    return model.driven(times, inputs) if isinstance(model, AbstractOpenSystem) and inputs.shape[1] else model


def moved(
    dynamics: AbstractDynamics, z0: State, times: Float[Array, " samples"], substeps: Int[Array, ""]
) -> Float[Array, "samples dimension"]:
    """Return the states at the given times, by the steps of `RK4`.

    The four stages are one loop and the number of substeps is no constant, so that few and small programs are compiled.

    Args:
        dynamics: moves the state.
        z0: state at the first time.
        times: output times.
        substeps: steps between two neighbouring times.
    """
    shares, weights = jnp.array([0, 0.5, 0.5, 1], z0.dtype), jnp.array([1, 2, 2, 1], z0.dtype) / 6

    def step(z: State, t: Scalar, h: Scalar) -> State:
        def stage(before: tuple[State, State], part: tuple[Scalar, Scalar]) -> tuple[tuple[State, State], None]:
            (k, total), (share, weight) = before, part
            k = dynamics.time_derivative(z + share * h * k, t + share * h)
            return (k, total + weight * k), None

        (_, total), _ = jax.lax.scan(stage, (jnp.zeros_like(z), jnp.zeros_like(z)), (shares, weights))
        return z + h * total

    def interval(z: State, ends: tuple[Scalar, Scalar]) -> tuple[State, State]:
        start, end = ends
        h = ((end - start) / substeps).astype(z.dtype)
        z = jax.lax.fori_loop(0, substeps, lambda i, z: step(z, start + i * h, h), z)
        return z, z

    _, path = jax.lax.scan(interval, z0, (times[:-1], times[1:]))
    return jnp.concatenate([z0[None], path])
