"""How far task 4's energy error moves within one fit at a constant rate: python benchmarks/two_body_snapshots.py

About three minutes on two cores.
"""

import jax
import jax.numpy as jnp
import numpy as np

from symplect import HNN, fit_gradient, rollout
from symplect.dynamics import energies
from symplect.evaluation.held_out import SOLVER
from symplect.experiments.tasks import TASKS
from symplect.fitting import FitState
from symplect.precision import cast

SEEDS, FIRST, EVERY = 6, 7000, 500


def main() -> None:
    jax.config.update("jax_enable_x64", True)  # as the command line does
    task = TASKS["two-body"]
    errors = []
    for seed in range(SEEDS):
        data = task.make_data(seed, None, None)
        key_model, key_batches = jax.random.split(jax.random.key(seed))
        snapshots: list[HNN] = []

        def keep(state: FitState[HNN], snapshots=snapshots) -> None:
            if int(state.step) >= FIRST and int(state.step) % EVERY == 0:
                snapshots.append(state.model)

        settings = task.methods["hnn"].settings
        fit_gradient(HNN(key_model, 4), data.train, key=key_batches, settings=settings, checkpoint=keep)
        errors.append([energy_mse(model, data) for model in snapshots])
        print(f"seed {seed}: " + "  ".join(f"{error:.1e}" for error in errors[-1]), flush=True)
    print(f"all {np.size(errors)}: mean {np.mean(errors):.1e}, geometric mean {np.exp(np.mean(np.log(errors))):.1e}")
    print(f"last snapshots alone: mean {np.mean(errors, axis=0)[-1]:.1e}")


def energy_mse(model: HNN, data) -> float:
    """Returns the true energy's mean squared error over all paths and times, as `evaluate` does."""
    paths = data.truth.paths()
    with jax.enable_x64(True):
        found = rollout(cast(model, jnp.float64), paths[:, 0], data.truth[0].times, solver=SOLVER).states
        truth, prediction = (np.asarray(energies(data.energy.hamiltonian, jnp.asarray(p))) for p in (paths, found))
    return float(np.mean((truth - prediction) ** 2))


if __name__ == "__main__":
    main()
