"""What the crop of the frames does to the published pixel models: python benchmarks/pixel_crop.py

Ten minutes on two cores; films are rendered with another crop than the task's and thrown away.
"""

import tempfile
from pathlib import Path

import jax
import numpy as np

from symplect.data import pixels
from symplect.evaluation.pixels import PixelEvaluationData
from symplect.tasks import TASKS
from symplect.tasks.pixel_pendulum import EVALUATION_FRAMES, EVALUATION_SEED, EVALUATION_TRIALS, FRAMES, TRIALS

WIDE = slice(100, 400)
SEEDS = 3


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    task = TASKS["pixel-pendulum"]
    print_shares("as published", task.make_data(0, None, "filming"))
    pixels._ROWS = pixels._COLUMNS = WIDE
    for seed in range(SEEDS):
        data = films(task, seed)
        if seed == 0:
            print_shares("wide", data)
        for model in ("baseline", "hnn"):
            key_model, key_batches = jax.random.split(jax.random.key(seed))
            method = task.methods[model]
            start = method.start(key_model)
            fitted = method.fit(
                start, data, key=key_batches, settings=method.settings, progress=f"{model}, seed {seed}"
            )
            found = method.evaluate(fitted.model, data).metrics
            names = ("test_loss", "energy_mse", "valid_prediction_time", "frequency_bias")
            print(f"{model}, seed {seed}: " + ", ".join(f"{name} {found[name]:.3g}" for name in names), flush=True)


def films(task, seed: int) -> PixelEvaluationData:
    """Returns the task's films, cropped as the module now says."""
    with tempfile.TemporaryDirectory() as folder:
        test, train = pixels.pixel_pendulum(TRIALS, FRAMES, seed, folder=Path(folder)).split(40)
        truth = pixels.pixel_pendulum(EVALUATION_TRIALS, EVALUATION_FRAMES, EVALUATION_SEED, folder=Path(folder))
    return PixelEvaluationData(task.energy, task.energy.hamiltonian, train, test, truth)


def print_shares(name: str, data: PixelEvaluationData) -> None:
    """Says how much there is to see, and the loss of the best single picture."""
    x = data.train.frames / 255
    print(f"{name}: mean x^2 {np.mean(x**2):.4f}, variance about the mean frame {np.mean(np.var(x, axis=(0, 1))):.4f}")


if __name__ == "__main__":
    main()
