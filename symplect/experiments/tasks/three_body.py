"""Task 4b: three bodies, chaotic."""

from functools import partial
from pathlib import Path

import numpy as np

from symplect.data import simulate
from symplect.evaluation import EvaluationData
from symplect.experiments.tasks._closed_form import of_pair_distances
from symplect.experiments.tasks._task import Task, evaluation_rng, published_pair
from symplect.fitting import GradientSettings
from symplect.systems import NBody

TRIALS, TEST_TRIALS = 5000, 1000


def random_starts(rng: np.random.Generator, trials: int) -> np.ndarray:
    """Return equilateral triangles, each component of the circular velocities times `1 + 0.2 U(-1, 1)`."""
    angles = rng.uniform(0.0, 2 * np.pi, (trials, 1)) + 2 * np.pi / 3 * np.arange(3)
    radius = rng.uniform(0.9, 1.2, (trials, 1, 1))
    outward = np.stack([np.cos(angles), np.sin(angles)], axis=1)  # trials, dimensions, bodies
    across = np.stack([-np.sin(angles), np.cos(angles)], axis=1)
    speed = np.sqrt(1 / (np.sqrt(3) * radius))
    velocity = speed * across * (1 + 0.2 * rng.uniform(-1, 1, (trials, 2, 3)))
    return np.concatenate([radius * outward, velocity], axis=1).reshape(trials, 12)


def make_data(seed: int, folder: Path | None, progress: str | None) -> EvaluationData:
    system = NBody.reference(bodies=3)
    starts = random_starts(np.random.default_rng(seed), TRIALS)
    test, train = simulate(system, starts, np.linspace(0.0, 5.0, 20), progress=progress).split(TEST_TRIALS)
    truth = partial(simulate, system, random_starts(evaluation_rng(), 15), np.linspace(0.0, 3.0, 500))
    return EvaluationData(system, train, test, truth, clean=test)


THREE_BODY = Task(
    name="three-body",
    number="4b",
    title="Three bodies",
    energy=NBody.reference(bodies=3),
    make_data=make_data,
    methods={
        **published_pair(6, GradientSettings(steps=10_000, batch_size=600, weight_decay=1e-4)),
        "pair-distances": of_pair_distances(bodies=3),
    },
    published={
        "baseline": {"train_loss": 9.56e-2, "test_loss": 3.80e-1, "energy_mse_published": 1.09e2},
        "hnn": {"train_loss": 8.03e-2, "test_loss": 4.88e-1, "energy_mse_published": 4.19e-2},
    },
    notes={
        "test_loss": "Ruled by the few samples near a collision, where the field diverges.",
        "energy_mse_published": "The baseline's mean is ruled by a few starts; its median is far lower "
        "(metrics.json has both).",
    },
)
