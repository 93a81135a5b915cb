"""Beyond the paper: a double pendulum, without noise, that may turn over."""

from functools import partial
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from symplect.data import Trajectories, simulate
from symplect.dynamics import vector_field
from symplect.evaluation import EvaluationData
from symplect.experiments.tasks._closed_form import periodic_closed_form
from symplect.experiments.tasks._task import Task, evaluation_rng, published_pair
from symplect.fitting import GradientSettings
from symplect.systems import DoublePendulum

TRAIN_STATES, TEST_STATES = 10_000, 2000
LARGEST_MOMENTUM = 5.0
LARGEST_MOMENTUM_OF_A_START = 1.0  # a path gathers speed, and must stay where states were drawn


def random_states(rng: np.random.Generator, count: int, largest_momentum: float) -> np.ndarray:
    """Return states that are uniform in both angles and both momenta."""
    q = rng.uniform(-np.pi, np.pi, (count, 2))
    return np.concatenate([q, rng.uniform(-largest_momentum, largest_momentum, (count, 2))], axis=1)


def random_starts(rng: np.random.Generator, trials: int) -> np.ndarray:
    """Return slow starts with both arms below the horizontal."""
    q = rng.uniform(-np.pi / 2, np.pi / 2, (trials, 2))
    p = rng.uniform(-LARGEST_MOMENTUM_OF_A_START, LARGEST_MOMENTUM_OF_A_START, (trials, 2))
    return np.concatenate([q, p], axis=1)


def sampled(states: np.ndarray) -> Trajectories:
    """Return states with their exact derivatives, each a trial of its own: no two of them are on one path."""
    with jax.enable_x64(True):
        derivatives = np.asarray(vector_field(DoublePendulum(), jnp.asarray(states)))
    return Trajectories(np.zeros(len(states)), states, (1,) * len(states), derivatives)


def make_data(seed: int, folder: Path | None, progress: str | None) -> EvaluationData:
    states = random_states(np.random.default_rng(seed), TRAIN_STATES + TEST_STATES, LARGEST_MOMENTUM)
    test, train = sampled(states[:TEST_STATES]), sampled(states[TEST_STATES:])
    truth = partial(simulate, DoublePendulum(), random_starts(evaluation_rng(), 15), np.linspace(0.0, 5.0, 200))
    return EvaluationData(DoublePendulum(), train, test, truth, clean=test)


DOUBLE_PENDULUM = Task(
    name="double-pendulum",
    number="6",
    title="Double pendulum",
    energy=DoublePendulum(),
    make_data=make_data,
    methods={
        **published_pair(2, GradientSettings(steps=10_000, batch_size=200)),
        "closed-form": periodic_closed_form(),
    },
    published={},
    notes={},
)
