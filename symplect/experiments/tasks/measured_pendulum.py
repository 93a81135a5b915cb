"""Task 3: a pendulum somebody measured."""

from pathlib import Path

from symplect.data import forward_difference, measured_pendulum
from symplect.evaluation import EvaluationData
from symplect.experiments.tasks._smooth import by_trajectories
from symplect.experiments.tasks._task import Labels, Task, published_pair
from symplect.fitting import GradientSettings
from symplect.systems import Pendulum

_TRAINING = 444  # rows, 80 % of the record


def make_data(seed: int, folder: Path | None, progress: str | None) -> EvaluationData:
    """The record is the same for every seed; its tail is the test block and the path to follow."""
    rows = forward_difference(measured_pendulum(folder))
    train, test = rows.cut(_TRAINING)
    return EvaluationData(Pendulum.reference(strength=2.4), train, test, make_truth=lambda: test)


REAL_PENDULUM = Task(
    name="real-pendulum",
    number="3",
    title="Real pendulum",
    energy=Pendulum.reference(strength=2.4),
    make_data=make_data,
    methods={
        **published_pair(1, GradientSettings(steps=2000, weight_decay=1e-5)),
        "trajectory": by_trajectories(structure="angles", substeps=2),
        "dissipative": by_trajectories(friction=True, structure="angles", substeps=2),
    },
    published={
        "baseline": {"train_loss": 2.75e-3, "test_loss": 2.19e-3, "energy_mse_published": 3.86e-1},
        "hnn": {"train_loss": 9.24e-3, "test_loss": 5.96e-3, "energy_mse_published": 1.45e-2},
    },
    notes={
        "test_loss": "Forward differences at 6 samples per second add a contraction of 0.10 to 0.12 per second, ten "
        "times the real friction, which a plain network can fit and an HNN cannot.",
        "energy_mse_published": "The baseline's energy error is that contraction. The real pendulum loses energy, so "
        "a perfect conserver scores 1.2e-2.",
    },
    labels=Labels("angle q (rad)", "angular velocity p (rad/s)", "t (s)", "energy (rad²/s²)"),
    truth_known=False,
    needs="the measurements of Schmidt and Lipson 2009 (0.6 MB, downloaded on first use)",
    requires=measured_pendulum,
)
