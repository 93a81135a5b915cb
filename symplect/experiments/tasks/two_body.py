"""Task 4: two bodies on nearly circular orbits."""

from functools import partial
from pathlib import Path

import numpy as np

from symplect.data import simulate
from symplect.evaluation import EvaluationData
from symplect.experiments.tasks._closed_form import closed_form, of_pair_distances
from symplect.experiments.tasks._task import Task, evaluation_rng, published_pair
from symplect.fitting import GradientSettings
from symplect.systems import NBody

TRIALS, TEST_TRIALS = 1000, 200


def random_starts(rng: np.random.Generator, trials: int) -> np.ndarray:
    """Return mirrored pairs about the origin, at the speed of a circular orbit times `1 + 0.05 N(0, 1)`."""
    position = rng.uniform(0.5, 1.5, (trials, 2))
    radius = np.linalg.norm(position, axis=1, keepdims=True)
    across = np.stack([-position[:, 1], position[:, 0]], axis=1)
    velocity = across / (2 * radius**1.5) * (1 + 0.05 * rng.standard_normal((trials, 1)))
    one = np.concatenate([position, velocity], axis=1)  # x, y, px, py of the first body
    return np.stack([one, -one], axis=2).reshape(trials, 8)


def make_data(seed: int, folder: Path | None, progress: str | None) -> EvaluationData:
    system = NBody.reference(bodies=2)
    starts = random_starts(np.random.default_rng(seed), TRIALS)
    test, train = simulate(system, starts, np.linspace(0.0, 20.0, 50), progress=progress).split(TEST_TRIALS)
    truth = partial(simulate, system, random_starts(evaluation_rng(), 15), np.linspace(0.0, 25.0, 500))
    return EvaluationData(system, train, test, truth, clean=test)


TWO_BODY = Task(
    name="two-body",
    number="4",
    title="Two bodies",
    energy=NBody.reference(bodies=2),
    make_data=make_data,
    methods={
        **published_pair(4, GradientSettings(steps=10_000, batch_size=200)),
        "closed-form": closed_form(features=1500),
        "pair-distances": of_pair_distances(bodies=2),
    },
    published={
        "baseline": {"train_loss": 3.27e-5, "test_loss": 2.96e-5, "energy_mse_published": 6.33e-2},
        "hnn": {"train_loss": 3.00e-6, "test_loss": 2.82e-6, "energy_mse_published": 3.88e-5},
    },
    notes={
        "energy_mse_published": "The baseline's mean is ruled by a few starts whose bodies fly apart or collide; its "
        "median is far lower (metrics.json has both).",
    },
)
