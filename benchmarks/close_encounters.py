"""Where a fit of pair distances ends: its field against the shortest distance: python benchmarks/close_encounters.py"""

import jax
import jax.numpy as jnp
import numpy as np

from symplect.dynamics import vector_field
from symplect.experiments.tasks import TASKS
from symplect.experiments.tasks.three_body import random_starts
from symplect.fitting.pair_distances import fit_pair_distances
from symplect.models.features import pair_distances
from symplect.systems import NBody

FACTORS = (10.0, 3.0, 1.5, 1.0, 0.9, 0.7, 0.5, 0.3, 0.1, 0.03)  # of the shortest distance in the training data
STATES = 200


def main() -> None:
    jax.config.update("jax_enable_x64", True)  # as the command line does
    system, train = NBody.reference(bodies=3), TASKS["three-body"].make_data(0, None, None).train
    model = fit_pair_distances(train, bodies=3).model
    shortest = np.min(pair_distances(train.states[:, :6], bodies=3))
    print(f"shortest distance in the training data: {shortest:.3g}")
    for factor in FACTORS:
        states = jnp.asarray(with_distance(random_starts(np.random.default_rng(1), STATES), factor * shortest))
        truth, found = (np.asarray(vector_field(dynamics, states)) for dynamics in (system, model))
        errors = np.linalg.norm(found - truth, axis=1) / np.linalg.norm(truth, axis=1)
        where = "inside" if factor >= 1 else "outside"
        print(
            f"{factor:5.2f} of it ({where}): median relative error {np.median(errors):.1e}, worst {np.max(errors):.1e}"
        )


def with_distance(states: np.ndarray, distance: float) -> np.ndarray:
    """Moves the second body to the given distance from the first, along the line between them."""
    positions = states[:, :6].reshape(-1, 2, 3).copy()
    between = positions[:, :, 1] - positions[:, :, 0]
    positions[:, :, 1] = positions[:, :, 0] + distance * between / np.linalg.norm(between, axis=1, keepdims=True)
    return np.concatenate([positions.reshape(-1, 6), states[:, 6:]], axis=1)


if __name__ == "__main__":
    main()
