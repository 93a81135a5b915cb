"""Task 2: an ideal pendulum, with noise."""

from pathlib import Path

import jax.numpy as jnp
import numpy as np

from symplect._types import Scalar, State
from symplect.evaluation import EnergyProtocol, EvaluationData
from symplect.experiments.tasks._one_degree import HORIZON, noisy_data
from symplect.experiments.tasks._smooth import by_trajectories, smooth_closed_form
from symplect.experiments.tasks._task import Labels, Task, published_pair
from symplect.fitting import GradientSettings
from symplect.systems import Pendulum


def published_energy(z: State) -> Scalar:
    """The published notebook measures a pendulum with the spring's energy."""
    return jnp.sum(z**2)


def make_data(seed: int, folder: Path | None, progress: str | None) -> EvaluationData:
    protocol = EnergyProtocol(published_energy, np.tile(np.linspace(0.0, HORIZON, 100), (15, 1)))
    return noisy_data(Pendulum.reference(), (1.3, 2.3), 45, protocol, seed)


PENDULUM = Task(
    name="pendulum",
    number="2",
    title="Ideal pendulum",
    energy=Pendulum.reference(),
    make_data=make_data,
    methods={
        **published_pair(1, GradientSettings(steps=2000, weight_decay=1e-4)),
        "closed-form": smooth_closed_form(clean=False),
        "cleaned": smooth_closed_form(clean=True),
        "trajectory": by_trajectories(),
    },
    published={
        "baseline": {"train_loss": 3.26e-2, "test_loss": 3.53e-2, "energy_mse_published": 4.15e-2},
        "hnn": {"train_loss": 3.28e-2, "test_loss": 3.56e-2, "energy_mse_published": 2.49e-2},
    },
    labels=Labels(q="angle q (rad)"),
    shown_start=(2.1, 0.0),
    notes={
        "test_loss": "The losses sit on the noise of the states: the true field itself scores 3.56e-2 on the "
        "published test set, so a lower loss is not a better field. See field_error and the energies.",
        "energy_mse_published": "The published notebook measures q^2 + p^2, which a pendulum does not conserve: a "
        "perfect model that runs 3 % slow scores 2.4e-2 on it. energy_mse is 3 (1 - cos q) + p^2.",
    },
)
