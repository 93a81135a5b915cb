"""A solver that finds its own steps."""

from typing import final

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from symplect._types import State
from symplect.dynamics import AbstractDynamics
from symplect.integrate._solver import AbstractSolver, Path, Status


@final
class Adaptive(AbstractSolver):
    """An explicit Runge-Kutta method of order 8 with error control, stepping exactly onto every output time (Diffrax).

    A tolerance finer than the state's number type can resolve is raised to that limit, so the same solver serves
    float32 and float64.

    Args:
        rtol, atol: relative and absolute tolerance of one step. The default is the paper's 1e-9.
        max_steps: give up after so many steps, with `Status.STEP_LIMIT`.
        reverse: whether a rollout can be differentiated as by `jax.grad`; if not, JAX traces it in half the time.
    """

    rtol: float = eqx.field(static=True, default=1e-9)
    atol: float = eqx.field(static=True, default=1e-9)
    max_steps: int = eqx.field(static=True, default=100_000)
    reverse: bool = eqx.field(static=True, default=True)

    def solve(self, dynamics: AbstractDynamics, z0: State, ts: Float[Array, " times"]) -> tuple[Path, Int[Array, ""]]:
        import diffrax  # takes longer to import than most of the package

        finest = 4 * float(jnp.finfo(z0.dtype).eps)
        steps = diffrax.PIDController(rtol=max(self.rtol, finest), atol=max(self.atol, finest))
        solution = diffrax.diffeqsolve(
            diffrax.ODETerm(lambda t, z, _: dynamics.time_derivative(z, jnp.asarray(t))),
            diffrax.Dopri8(),
            t0=ts[0],
            t1=ts[-1],
            dt0=None,
            y0=z0,
            saveat=diffrax.SaveAt(ts=ts),
            stepsize_controller=diffrax.ClipStepSizeController(steps, step_ts=ts),
            max_steps=self.max_steps,
            throw=False,
            adjoint=diffrax.RecursiveCheckpointAdjoint() if self.reverse else diffrax.ForwardMode(),
        )
        path = jnp.asarray(solution.ys)
        finite = jnp.all(jnp.isfinite(path))
        out_of_steps = solution.result == diffrax.RESULTS.max_steps_reached
        status = jnp.where(out_of_steps, Status.STEP_LIMIT, jnp.where(finite, Status.SUCCESS, Status.NOT_FINITE))
        return jnp.where(jnp.isfinite(path), path, jnp.nan), status.astype(jnp.int32)


TRUTH = Adaptive(rtol=1e-12, atol=1e-12, reverse=False)
"""The solver behind every ground truth here (with the paper's tolerances true energies drift by up to 4e-5)."""
