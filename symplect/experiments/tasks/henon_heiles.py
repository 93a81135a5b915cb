"""Beyond the paper: a star in a galactic potential, without noise."""

from functools import partial
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from symplect.data import simulate
from symplect.dynamics import energies
from symplect.evaluation import EvaluationData
from symplect.experiments.tasks._closed_form import closed_form
from symplect.experiments.tasks._task import Task, evaluation_rng, published_pair
from symplect.fitting import GradientSettings
from symplect.systems import HenonHeiles

TRIALS, TEST_TRIALS, SAMPLES = 400, 200, 50  # 10,000 states for training
HIGHEST_ENERGY = 0.15  # of a start; below 1/6 orbits stay bounded


def random_starts(rng: np.random.Generator, trials: int) -> np.ndarray:
    """Return starts that are uniform in the part of a box where orbits are bounded."""
    drawn = rng.uniform(-0.5, 0.5, (100 * trials, 4))
    energy = np.asarray(energies(HenonHeiles().hamiltonian, jnp.asarray(drawn)))
    return drawn[energy < HIGHEST_ENERGY][:trials]


def make_data(seed: int, folder: Path | None, progress: str | None) -> EvaluationData:
    system = HenonHeiles()
    starts = random_starts(np.random.default_rng(seed), TRIALS)
    test, train = simulate(system, starts, np.linspace(0.0, 10.0, SAMPLES), progress=progress).split(TEST_TRIALS)
    truth = partial(simulate, system, random_starts(evaluation_rng(), 15), np.linspace(0.0, 50.0, 500))
    return EvaluationData(system, train, test, truth, clean=test)


HENON_HEILES = Task(
    name="henon-heiles",
    number="7",
    title="Henon-Heiles",
    energy=HenonHeiles(),
    make_data=make_data,
    methods={
        **published_pair(2, GradientSettings(steps=10_000, batch_size=200)),
        "closed-form": closed_form(features=800),
    },
    published={},
    notes={},
)
