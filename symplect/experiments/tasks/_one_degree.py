"""What the paper's two noisy tasks of one degree of freedom share."""

from functools import partial

import numpy as np

from symplect.data import add_noise, simulate
from symplect.dynamics import AbstractHamiltonian
from symplect.evaluation import EnergyProtocol, EvaluationData
from symplect.experiments.tasks._task import evaluation_rng

TRIALS = 25  # for training, and as many for testing
NOISE = 0.1  # standard deviation on the states; the derivatives stay exact
HORIZON = 20.0


def noisy_data(
    energy: AbstractHamiltonian, radii: tuple[float, float], samples: int, published: EnergyProtocol, seed: int
) -> EvaluationData:
    """Simulate 25 + 25 noisy trials over three units of time from random directions and radii."""
    rng = np.random.default_rng(seed)
    directions = rng.uniform(-1, 1, (2 * TRIALS, 2))
    starts = directions / np.linalg.norm(directions, axis=1, keepdims=True) * rng.uniform(*radii, (2 * TRIALS, 1))
    clean = simulate(energy, starts, np.linspace(0.0, 3.0, samples))
    train, test = add_noise(clean, NOISE, rng).split(TRIALS)
    truth = partial(simulate, energy, evaluation_starts(), np.linspace(0.0, HORIZON, 100))
    return EvaluationData(energy, train, test, truth, clean.split(TRIALS)[1], published)


def evaluation_starts() -> np.ndarray:
    """Return 15 starts with components of random sign and size in [0.2, 1]."""
    rng = evaluation_rng()
    return rng.choice([-1.0, 1.0], (15, 2)) * rng.uniform(0.2, 1.0, (15, 2))
