"""Runs that nobody trained: their models are random and their arrays made up, but their names and shapes are real."""

import jax
import numpy as np

from symplect import HNN, Baseline, rollout
from symplect.dynamics import energies
from symplect.integrate import RK4
from symplect.models import PixelBaseline, PixelHNN
from symplect.runs import Run
from symplect.tasks import TASKS
from symplect.tasks.three_body import random_starts as triangles
from symplect.tasks.two_body import random_starts as pairs

TIMES = 24
STARTS = {
    "pendulum": lambda rng: rng.uniform(-1, 1, (3, 2)),
    "two-body": lambda rng: pairs(rng, 3),
    "three-body": lambda rng: triangles(rng, 3),
}


def pixel_runs():
    """Returns a run of the pixel pendulum for each of its models."""
    models = {"baseline": PixelBaseline, "hnn": PixelHNN, "pixel-hnn": PixelHNN}
    return [_pixel_run(name, kind(jax.random.key(i), width=8), i + 1) for i, (name, kind) in enumerate(models.items())]


def published_runs(task):
    """Returns a run of a simulated task for each of the published models."""
    system = TASKS[task].energy
    starts = STARTS[task](np.random.default_rng(0))
    t = np.linspace(0.0, 3.0, TIMES)
    truth = np.asarray(rollout(system, starts, t, solver=RK4(substeps=20)).states)
    models = {"baseline": Baseline, "hnn": HNN}
    return [
        _run(task, name, kind(jax.random.key(i), system.degrees_of_freedom, width=8), t, truth, truth + 0.1 * i)
        for i, (name, kind) in enumerate(models.items(), 1)
    ]


def _pixel_run(name, model, number):
    t = np.arange(float(TIMES))
    amplitude = np.linspace(0.1, 0.5, 3)[:, None]
    truth = np.stack([amplitude * np.cos(t / 4), -amplitude * np.sin(t / 4)], axis=-1)
    prediction = truth * (1 - 0.01 * number * t[:, None])
    points = 0.3 * np.random.default_rng(number).standard_normal((200, 2))
    more = {
        "latent_truth": truth,
        "latent_prediction": prediction,
        "frames_truth": _frames(truth[:2, :, 0]),
        "frames_prediction": _frames(prediction[:2, :, 0]),
        "latent_training": points,
        "state_training": points[:, ::-1].copy(),
    }
    return _run("pixel-pendulum", name, model, t, truth, prediction, **more)


def _run(task, name, model, t, truth, prediction, **more):
    both = {"truth": truth, "prediction": prediction}
    energy = {f"energy_{who}": np.asarray(energies(TASKS[task].energy.hamiltonian, path)) for who, path in both.items()}
    losses = {"train_loss": np.array([0.3, 0.1]), "test_loss": np.array([0.4, 0.2])}
    return Run(
        config={"task": task, "model": name, "seed": 0, "settings": {"steps": 10}, "version": "0.1.0"},
        metrics={"energy_mse": float(np.mean((energy["energy_truth"] - energy["energy_prediction"]) ** 2))},
        history={"step": np.array([5.0, 10.0]), **losses},
        rollout={"t": t, **both, **energy, **more},
        model=model,
    )


def _frames(angles):
    """Returns a bright rod on a dark ground, hanging at the given angles."""
    down, right = np.mgrid[:28, :28] - 13.5
    cos, sin = np.cos(angles)[..., None, None], np.sin(angles)[..., None, None]
    along, across = down * cos + right * sin, right * cos - down * sin
    return np.where((along > 0) & (np.abs(across) < 2), 128, 0).astype(np.uint8)
