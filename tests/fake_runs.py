"""Runs that nobody trained: their models are random and their arrays made up, but their names and shapes are real."""

import shutil

import jax
import numpy as np

from symplect import HNN, Baseline, rollout
from symplect.dynamics import energies
from symplect.experiments.tasks import TASKS
from symplect.experiments.tasks.three_body import random_starts as triangles
from symplect.experiments.tasks.two_body import random_starts as pairs
from symplect.files import read_json, write_json
from symplect.integrate import RK4
from symplect.models import (
    FeatureHamiltonian,
    FeatureMechanical,
    MechanicalHNN,
    PixelBaseline,
    PixelHNN,
    PortHamiltonian,
)
from symplect.models.features import ChebyshevLog, Fourier, PairDistances, Polynomial, RandomTanh, separable
from symplect.runs import TaskConfig, TaskRun, save_run

TIMES = 24
STARTS = {
    "pendulum": lambda rng: rng.uniform(-1, 1, (3, 2)),
    "two-body": lambda rng: pairs(rng, 3),
    "three-body": lambda rng: triangles(rng, 3),
}


TRAINING = "symplect.views.explorer.tasks._made_again"
"""What simulates a task's data again for the explorer, which takes long."""


def made_up_training(task, seed, data):
    """Stands in for it."""
    n = TASKS[task].energy.degrees_of_freedom
    return np.random.default_rng(seed).standard_normal((100, 2 * n)), 1234


def reproduction(reproduced, out):
    """Writes a folder with the trained runs of task 1 and fake ones of the other tasks; returns its results."""
    shutil.copytree(reproduced, out)
    results = read_json(out / "results.json")
    for run in [*(run for task in STARTS for run in published_runs(task)), *pixel_runs()]:
        config = run.config
        save_run(out / config.task / config.model / f"seed-{config.seed}", run)
        results["runs"].append({name: getattr(config, name) for name in ("task", "model", "seed")})
    write_json(out / "results.json", results)
    return results


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


def runs_of_every_method(task, width=8):
    """Returns a run of a task for each of its methods; their paths are no motion, but where motion might be."""
    if task == "pixel-pendulum":
        return pixel_runs()
    n = TASKS[task].energy.degrees_of_freedom
    rng = np.random.default_rng(0)
    starts = STARTS[task](rng) if task in STARTS else rng.uniform(-0.6, 0.6, (3, 2 * n))
    t = np.linspace(0.0, 3.0, TIMES)
    truth = starts[:, None] * (1 + 0.1 * np.sin(t))[:, None]
    models = {name: MODELS[name](n, starts, width) for name in TASKS[task].methods}
    return [_run(task, name, model, t, truth, truth + 0.01) for name, model in models.items()]


def _weighted(features, n):
    weights = np.random.default_rng(n).standard_normal(features.size)
    return FeatureHamiltonian(features, jax.numpy.asarray(weights), n)


def _smooth(n, starts, width):
    return _weighted(Polynomial(2 * n, 2) + RandomTanh.isotropic(starts, 2 * width, np.random.default_rng(1)), n)


def _with_friction(n, starts, width):
    conservative = _weighted(separable(Polynomial(n, 2), Fourier.up_to(n, 1)), n)
    return PortHamiltonian(conservative, 0.1 * jax.numpy.eye(n))


def _of_distances(n, starts, width):
    return _weighted(separable(Polynomial(n, 2), PairDistances(ChebyshevLog(6, 0.3, 6.0), bodies=n // 2)), n)


def _with_mass_matrix(n, starts, width):
    features = Fourier.up_to(n, 1)
    weights = np.random.default_rng(n).standard_normal(features.size)
    return FeatureMechanical(features, features, jax.numpy.asarray(weights), degrees_of_freedom=n)


MODELS = {
    "baseline": lambda n, starts, width: Baseline(jax.random.key(1), n, width=width),
    "hnn": lambda n, starts, width: HNN(jax.random.key(2), n, width=width),
    **dict.fromkeys(("closed-form", "cleaned", "trajectory"), _smooth),
    "dissipative": _with_friction,
    "mechanical-hnn": lambda n, starts, width: MechanicalHNN(jax.random.key(3), n, width=width),
    "mechanics": _with_mass_matrix,
    "pair-distances": _of_distances,
}
"""A model of the kind that each method of the tasks makes: a new one is tested by one line here."""


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
    return TaskRun(
        config=TaskConfig(task, name, seed=0, settings={"steps": 10}, version="0.1.0"),
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
