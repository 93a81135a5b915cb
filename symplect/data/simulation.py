"""Data from a true system."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from symplect.data.trajectories import Trajectories
from symplect.dynamics import AbstractDynamics, vector_field
from symplect.integrate import TRUTH, AbstractSolver, rollout

_BATCH = 500  # starts integrated together: enough to fill the cores, few enough to show progress


def simulate(
    system: AbstractDynamics,
    starts: Float[np.ndarray, "trials dimension"],
    times: Float[np.ndarray, " times"],
    *,
    solver: AbstractSolver = TRUTH,
    progress: str | None = None,
) -> Trajectories:
    """Follow a system from every start, in float64 whatever JAX is set to.

    Args:
        system: the dynamics, usually a true system.
        starts: one row per trial.
        times: output times of every trial, in the system's unit of time.
        solver: tolerance 1e-12 unless given.
        progress: label of a progress bar; none unless given.

    Returns:
        Clean states with their exact derivatives; add noise with `add_noise`.

    Raises:
        ArithmeticError: a path that the solver could not finish.
        InputError: starts or times of the wrong shape.

    Example:
        >>> from symplect.systems import Pendulum
        >>> data = simulate(Pendulum.reference(), np.array([[1.0, 0.0]]), np.linspace(0.0, 3.0, 45))
        >>> data.states.shape
        (45, 2)
    """
    starts, times = np.asarray(starts, np.float64), np.asarray(times, np.float64)
    with jax.enable_x64(True):
        batches = [starts[i : i + _BATCH] for i in range(0, len(starts), _BATCH)]
        with tqdm(
            total=len(starts), desc=progress, unit="path", disable=None if progress else True, leave=False
        ) as bar:
            paths: list[np.ndarray] = []
            for batch in batches:
                paths.append(np.asarray(rollout(system, jnp.asarray(batch), times, solver=solver).check().states))
                bar.update(len(batch))
        states = np.concatenate(paths)
        derivatives = np.asarray(vector_field(system, jnp.asarray(states)))
    return Trajectories.stack(times, states, derivatives)
