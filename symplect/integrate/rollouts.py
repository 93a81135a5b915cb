"""From a starting state to a path: the one function that moves true and learned systems alike."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int

from symplect.dynamics import AbstractDynamics
from symplect.errors import InputError
from symplect.integrate._solver import AbstractSolver, Status
from symplect.integrate.adaptive import Adaptive
from symplect.precision import as_precise_as


class Rollout(eqx.Module):
    """Paths through phase space, and how they ended.

    Attributes:
        times: shape `(times,)`.
        states: shape `(*starts, times, dimension)`; NaN from where a solver failed.
        status: shape `(*starts)`, a `Status` for every start.
    """

    times: Float[Array, " times"]
    states: Float[Array, "*starts times dimension"]
    status: Int[Array, "*starts"]

    def check(self) -> "Rollout":
        """Return itself if every path reached the last time.

        Raises:
            ArithmeticError: says how many paths failed, how, and what to do.
        """
        status = np.atleast_1d(np.asarray(self.status))
        failed = status[status != Status.SUCCESS]
        if failed.size:
            raise ArithmeticError(
                f"{failed.size} of {status.size} rollouts failed: the first {Status(int(failed[0])).message}"
            )
        return self


def rollout(
    dynamics: AbstractDynamics,
    z0: ArrayLike,
    ts: ArrayLike,
    *,
    solver: AbstractSolver | None = None,
) -> Rollout:
    """Follow any dynamics, true or learned, from one or many starts.

    Args:
        dynamics: a true system or a model.
        z0: one state of shape `(dimension,)`, or many of shape `(*starts, dimension)`, which move as one batch.
        ts: at least two strictly monotone output times; the first is the start's, a decreasing sequence runs backward.
        solver: `Adaptive()` unless given; `RK4(substeps)` is the paper's method, `Leapfrog`, `Yoshida4` and
            `ImplicitMidpoint` are symplectic.

    Returns:
        A `Rollout`. A failure is in its `status`, never an exception: call `check()` for one.

    Raises:
        InputError: times or starts of the wrong shape, or times that do not run one way.

    Example:
        >>> from symplect.systems import MassSpring
        >>> path = rollout(MassSpring(k=1.0, m=1.0), jnp.array([1.0, 0.0]), jnp.linspace(0.0, 2 * jnp.pi, 5))
        >>> path.states.shape
        (5, 2)
    """
    with as_precise_as(dynamics):
        z0 = jnp.asarray(z0)
        _check_start(dynamics, z0)
        _check_times(ts)
        return _rollout(dynamics, z0, jnp.asarray(ts), solver or Adaptive())


@eqx.filter_jit
def _rollout(dynamics: AbstractDynamics, z0: Array, ts: Array, solver: AbstractSolver) -> Rollout:
    flat = z0.reshape(-1, z0.shape[-1])
    states, status = jax.vmap(lambda start: solver.solve(dynamics, start, ts))(flat)
    return Rollout(ts, states.reshape(*z0.shape[:-1], *states.shape[1:]), status.reshape(z0.shape[:-1]))


def _check_start(dynamics: AbstractDynamics, z0: Array) -> None:
    dimension = 2 * dynamics.degrees_of_freedom
    if z0.ndim == 0 or z0.shape[-1] != dimension:
        raise InputError(
            f"rollout: expected starts with {dimension} entries [q..., p...] on the last axis, found shape {z0.shape}"
        )
    if not jnp.issubdtype(z0.dtype, jnp.floating):
        raise InputError(f"rollout: expected starts of a floating type, found {z0.dtype}: write 1.0 rather than 1")


def _check_times(ts: ArrayLike) -> None:
    if np.ndim(ts) != 1 or np.shape(ts)[0] < 2:
        raise InputError(f"rollout: expected at least two times in one dimension, found shape {np.shape(ts)}")
    if isinstance(ts, Tracer):
        return
    steps = np.diff(np.asarray(ts))
    if not (np.all(steps > 0) or np.all(steps < 0)):
        raise InputError(
            "rollout: expected strictly increasing or decreasing times, found repeated, unordered or missing ones"
            ": sort them"
        )
