"""Task 5: a pendulum seen as pixels."""

from functools import partial
from pathlib import Path
from typing import Any

from symplect.data.pixels import pixel_pendulum, require_pixels
from symplect.evaluation.pixels import PixelEvaluationData, evaluate_pixels
from symplect.experiments.tasks._task import Labels, Method, Task
from symplect.fitting import FitState, GradientSettings
from symplect.fitting.pixels import PixelLoss, PublishedPixelLoss, RolloutPixelLoss, fit_pixels
from symplect.models import AbstractModel, PixelBaseline, PixelHNN
from symplect.models.pixels import PIXELS
from symplect.systems import Pendulum

TRIALS, TEST_TRIALS, FRAMES = 200, 40, 102  # 101 observations: 100 and the successor of the last
EVALUATION_TRIALS, EVALUATION_FRAMES = 15, 1002
EVALUATION_SEED = 2019


def make_data(seed: int, folder: Path | None, progress: str | None) -> PixelEvaluationData:
    """Film for fitting depend on the seed; those the models are judged on do not."""
    test, train = pixel_pendulum(TRIALS, FRAMES, seed, progress=progress).split(TEST_TRIALS)
    truth = pixel_pendulum(EVALUATION_TRIALS, EVALUATION_FRAMES, EVALUATION_SEED, progress=progress)
    energy, published = Pendulum.reference(strength=15 / 8), Pendulum.reference(strength=1.9)
    return PixelEvaluationData(energy, published.hamiltonian, train, test, truth)


def _fit(model: Any, data: PixelEvaluationData, loss: PixelLoss, **how: Any) -> FitState[AbstractModel]:
    return fit_pixels(model, data.train, loss, test=data.test, **how)


def _method(kind: type[PixelBaseline] | type[PixelHNN], loss: PixelLoss, settings: GradientSettings) -> Method:
    start = partial(kind, pixels=PIXELS)
    return Method(start, settings, partial(_fit, loss=loss), partial(evaluate_pixels, loss=loss))


_PUBLISHED = GradientSettings(steps=10_000, batch_size=200, weight_decay=1e-5)

PIXEL_PENDULUM = Task(
    name="pixel-pendulum",
    number="5",
    title="Pixel pendulum",
    energy=Pendulum.reference(strength=15 / 8),
    make_data=make_data,
    methods={
        "baseline": _method(PixelBaseline, PublishedPixelLoss(), _PUBLISHED),
        "hnn": _method(PixelHNN, PublishedPixelLoss(), _PUBLISHED),
        "pixel-hnn": _method(PixelHNN, RolloutPixelLoss(), GradientSettings(steps=10_000, batch_size=12, cosine=True)),
    },
    published={
        "baseline": {"train_loss": 1.77e-4, "test_loss": 1.73e-4, "energy_mse_published": 9.27e-3},
        "hnn": {"train_loss": 1.87e-4, "test_loss": 1.85e-4, "energy_mse_published": 1.53e-4},
    },
    notes={
        "energy_mse_published": "The paper does not say how it read energies off frames; our way is in "
        "docs/reproducing-the-paper.md. Its H has 1.9 (1 - cos q); the renderer's pendulum has 15/8.",
    },
    labels=Labels("angle q (rad)", "p, a quarter of the angular velocity (rad/s)", "t (frames)", "energy"),
    pixels=True,
    needs='the extra "pixels" (pip install "symplect[pixels]"), which renders the films',
    requires=lambda _: require_pixels(),
)
