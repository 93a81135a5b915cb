"""Beyond the paper: pendulums of point masses on rods, without noise, seen for an eighth of a second each."""

from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float

from symplect.data import Trajectories, simulate
from symplect.dynamics import AbstractDynamics
from symplect.evaluation import Evaluation, EvaluationData, evaluate
from symplect.experiments.tasks._mechanics import mechanical_methods, pairwise, paths_sensed
from symplect.experiments.tasks._task import Task, evaluation_rng
from symplect.fitting import GradientSettings
from symplect.systems import ChainPendulum

CHUNKS, TEST_CHUNKS, SAMPLES = 800, 200, 5
TIMES = 0.03 * np.arange(100)
STARTS = 200  # of the paths that models are judged on

Paths = Float[np.ndarray, "*paths dimension"]

_SOURCE = "Finzi, Wang and Wilson 2020 (arXiv:2010.13581)"


def chain(links: int) -> ChainPendulum:
    """Return the chain, its masses and lengths drawn from 0.6 to 1.4."""
    masses, lengths = np.random.default_rng(0).uniform(0.6, 1.4, (2, links))
    return ChainPendulum(masses, lengths, g=1.0)


def random_starts(system: ChainPendulum, rng: np.random.Generator, count: int) -> Float[np.ndarray, "starts dimension"]:
    """Return states with angles from a normal distribution, and velocities of the bobs that rods allow."""
    n = system.degrees_of_freedom
    q, turning = rng.standard_normal((2, count, n))
    J = _jacobian(system, q)
    wanted = 0.5 * np.einsum("sij,sj->si", J, turning) + 0.4 * rng.standard_normal((count, 2 * n))
    v = np.einsum("sij,sj->si", np.linalg.pinv(J), wanted)
    return np.concatenate([q, np.einsum("sij,sj->si", _masses(system, q), v)], axis=1)


def chunks(system: ChainPendulum, rng: np.random.Generator, count: int, progress: str | None = None) -> Trajectories:
    """Return a few neighbouring samples out of each of as many paths."""
    whole = simulate(system, random_starts(system, rng, count), TIMES, progress=progress)
    first = SAMPLES * rng.integers(0, len(TIMES) // SAMPLES, count)
    rows = (np.arange(count) * len(TIMES) + first)[:, None] + np.arange(SAMPLES)
    assert whole.derivatives is not None
    return Trajectories.stack(TIMES[:SAMPLES], whole.states[rows], whole.derivatives[rows])


def cartesian(system: ChainPendulum, paths: Paths) -> Float[np.ndarray, "*paths cartesian"]:
    """Return positions and velocities of the bobs along paths of angles and momenta."""
    lengths = np.asarray(system.lengths, float)
    q, p = np.split(paths.reshape(-1, paths.shape[-1]), 2, axis=1)
    places = np.cumsum(np.stack([np.sin(q), -np.cos(q)], axis=1) * lengths, axis=2).reshape(len(q), -1)
    v = np.linalg.solve(_masses(system, q), p[..., None])
    found = np.concatenate([places, (_jacobian(system, q) @ v)[..., 0]], axis=1)
    return found.reshape(*paths.shape[:-1], -1)


def path_error(system: ChainPendulum, truth: Paths, prediction: Paths) -> float:
    """Return the geometric mean of |y - x| / |y + x| after the start, in places and velocities of the bobs."""
    x, y = cartesian(system, truth[:, 1:]), cartesian(system, prediction[:, 1:])
    relative = np.linalg.norm(y - x, axis=-1) / np.linalg.norm(y + x, axis=-1)
    return float(np.exp(np.mean(np.log(np.maximum(relative, np.finfo(float).eps)))))


def _jacobian(system: ChainPendulum, q: np.ndarray) -> Float[np.ndarray, "states places degrees_of_freedom"]:
    """Return how the places of the bobs change with the angles."""
    lengths, above = np.asarray(system.lengths, float), np.tri(q.shape[1])
    by_angle = np.stack([np.cos(q), np.sin(q)], axis=1) * lengths
    return (above * by_angle[:, :, None]).reshape(len(q), -1, q.shape[1])


def _masses(system: ChainPendulum, q: np.ndarray) -> Float[np.ndarray, "states degrees_of_freedom degrees_of_freedom"]:
    """Return the mass matrices, by the places: a bob has the same mass in both directions."""
    J, masses = _jacobian(system, q), np.tile(np.asarray(system.masses, float), 2)
    return np.einsum("sia,i,sib->sab", J, masses, J)


def make_data(links: int, seed: int, folder: Path | None, progress: str | None) -> EvaluationData:
    system, rng = chain(links), np.random.default_rng(seed)
    test, train = chunks(system, rng, CHUNKS + TEST_CHUNKS, progress).split(TEST_CHUNKS)
    truth = partial(simulate, system, random_starts(system, evaluation_rng(), STARTS), TIMES)
    return EvaluationData(system, train, test, truth, clean=test)


def judge(model: AbstractDynamics, data: EvaluationData, *, progress: str | None = None) -> Evaluation:
    """Judge a model, by the published measure too."""
    found, system = evaluate(model, data, progress=progress), data.energy
    assert isinstance(system, ChainPendulum)
    error = path_error(system, found.paths["truth"], found.paths["prediction"])
    return Evaluation({**found.metrics, "path_error": error}, found.paths)


def _task(links: int, published: tuple[float, float, float, float]) -> Task:
    plain, hnn, lagrangian, constrained = published
    return Task(
        name=f"chain-pendulum-{links}",
        number="8",
        title=f"Chain of {links} pendulum{'s' * (links > 1)}",
        energy=chain(links),
        make_data=partial(make_data, links),
        methods=mechanical_methods(
            links, GradientSettings(steps=10_000, batch_size=200), pairwise(links), paths_sensed, judge
        ),
        published={
            "baseline": {"path_error": plain},
            "hnn": {"path_error": hnn},
            "mechanical-hnn": {"path_error": lagrangian},
            "mechanics": {"path_error": constrained},
        },
        notes={
            "path_error": "In the order of the models: a neural ODE, an HNN, a Lagrangian network with a mass matrix, "
            "and the best of all, a Lagrangian network in places of bobs with the rods as constraints, all fitted to "
            "chunks of paths. Here networks have exact derivatives; mechanics has the chunks alone, and features that "
            "contain the truth.",
        },
        source=_SOURCE,
    )


CHAIN_PENDULUMS = (
    _task(1, (3.8e-4, 1.2e-4, 2.5e-4, 5.2e-5)),
    _task(2, (6.5e-2, 1.9e-3, 1.3e-3, 1.1e-4)),
    _task(3, (0.27, 4.7e-2, 4.1e-2, 3.3e-4)),
    _task(5, (0.44, 0.34, 0.33, 9.3e-4)),
)
