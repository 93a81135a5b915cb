"""Mechanical systems from positions and velocities, beside what others published: an arm, and chains of pendulums.

    python benchmarks/mechanics.py [--record]

The arm: 17 drawings with exact accelerations and torques, as for the networks of Lutter and Peters; once with waves
that contain the truth, once with random tanh of the angles, which do not, their steepness chosen on drawings left out;
then positions, velocities and torques alone, 1 % noise on velocities and torques, five seeds. The chains: chunks of 5
samples of positions and velocities, without noise, as for the networks of Finzi, Wang and Wilson, and waves that
contain the truth. The limit is what the true chain itself misses from a start that is off by 1e-4. Seconds are those
of the fit, a second one in the same process.
"""

from dataclasses import replace

import jax
import numpy as np
from _results import tell

from symplect import Trajectories, fit_mechanics, fit_trajectory, rollout
from symplect.evaluation import EvaluationData
from symplect.experiments.paper_table import aligned, scientific
from symplect.experiments.tasks import TASKS
from symplect.experiments.tasks import chain_pendulum as chains
from symplect.experiments.tasks import two_link_arm as arms
from symplect.experiments.tasks._task import evaluation_rng
from symplect.fitting.links import link_parameters
from symplect.integrate import TRUTH
from symplect.models.features import Fourier, RandomTanh
from symplect.systems import TwoLinkArm

FEATURES, STEEPNESS = 120, (0.3, 1.0, 3.0)
NOISE, SEEDS = 0.01, 5
SEGMENT = 6  # samples: noise of torques adds up along a path, so followed paths are short
OFF = 1e-4  # of the start of a true chain, for the limit
ROUND_OFF = {"nMSE": 1e-26, "error": 1e-13}  # below that numbers are not compared with those of the past
GOALS = {2: 5.9e-5, 3: 1.1e-4, 5: 1.5e-4}
FEWER = {10: (1.3e-2, 1e-3), 100: (6.4e-4, None), 1000: (7.8e-5, None)}  # chunks: published, goal

TABLE = [["system", "measure", "ours", "published", "goal", "limit"]]


def row(system, measure, ours, published=None, goal=None, limit=None):
    """Adds a line to the table, and compares an error with the past."""
    values = np.atleast_1d(ours)
    spread = f" ± {scientific(np.std(values, ddof=1))}" if len(values) > 1 else ""
    others = ["" if value is None else scientific(value) for value in (published, goal, limit)]
    TABLE.append([system, measure, scientific(np.mean(values)) + spread, *others])
    if kind := next((kind for kind in ROUND_OFF if kind in measure), None):
        tell(f"mechanics, {system}: {measure}", np.maximum(values, ROUND_OFF[kind]), better="lower")


def of_arm():
    data = arms.make_data(0, None, None)
    waves = Fourier.up_to(2, 1)
    judge("arm, waves", lambda: fit_mechanics(data.motions, waves, waves), data, (1e-12, 1e-10, longest(data)))
    steepness = min(STEEPNESS, key=lambda steepness: left_out_error(data, steepness))
    bases = random_bases(data.motions, steepness)
    judge("arm, random tanh", lambda: fit_mechanics(data.motions, *bases), data, (1e-11, None, None))
    noisy(data)


def random_bases(motions, steepness):
    """Returns features of the angles for potential and mass matrix; neither can be the truth."""
    rng, angles = np.random.default_rng(0), motions.states[:, :2]
    return [RandomTanh.from_pairs(angles, FEATURES, rng, steepness=steepness) for _ in range(2)]


def left_out_error(data, steepness):
    """Returns the error of torques on four of the drawings for training, infinite where no mass matrix was found."""
    out, rest = data.motions.split(4)
    try:
        model = fit_mechanics(rest, *random_bases(rest, steepness)).model.mechanical
    except ArithmeticError:
        return np.inf
    return arms.force_metrics(model, data.energy, arms.canonical(data.energy, out))["torque_nmse"]


def judge(name, fit, data, goals):
    fit()
    found = fit()
    metrics = arms.driven_metrics(found.model.mechanical, data)
    torque, acceleration, time = goals
    row(name, "torque nMSE", metrics["torque_nmse"], 1.8e-8, torque)
    row(name, "acceleration nMSE", metrics["acceleration_nmse"], 1.5e-5, acceleration)
    row(name, f"driven path holds, s of {longest(data):.3g}", metrics["driven_time"], 2.9, time)
    row(name, "seconds", found.seconds, None, 1.0)


def longest(data):
    """Returns how long the drawings for testing last on average."""
    return float(np.mean([each.samples - 1 for each in data.drawings])) * arms.STEP


def noisy(data):
    """Says what 1 % noise on velocities and torques leaves of the arm, with no accelerations."""
    found = [noisy_fits(data, np.random.default_rng(seed)) for seed in range(SEEDS)]
    for way, runs in zip(("closed form", "paths"), zip(*found, strict=True), strict=True):
        torque, links, seconds = (np.array(part) for part in zip(*runs, strict=True))
        system = f"arm, 1 % noise, {way}"
        row(system, "torque nMSE", torque)
        for name, errors in zip(("length", "first moments", "inertias"), links.T, strict=True):
            row(system, f"relative error of the {name}", errors, None, 0.01)
        row(system, "seconds", seconds)


def noisy_fits(data, rng):
    """Returns what is found by the closed form, and by paths from there."""
    clean = data.motions
    v, u = clean.states[:, 2:], clean.inputs
    v = v + NOISE * np.std(v, axis=0) * rng.standard_normal(v.shape)
    u = u + NOISE * np.std(u, axis=0) * rng.standard_normal(u.shape)
    states = np.concatenate([clean.states[:, :2], v], axis=1)
    measured = Trajectories(clean.times, states, clean.lengths, inputs=u)
    waves = Fourier.up_to(2, 1)
    start = fit_mechanics(measured, waves, waves)
    fit = fit_trajectory(start.model, measured, segment=SEGMENT)
    both = (replace(fit, model=start.model), start.seconds), (fit, start.seconds + fit.seconds)
    return [(*errors_of(one, data, states), seconds) for one, seconds in both]


def errors_of(fit, data, states):
    torque = arms.force_metrics(fit.model.mechanical, data.energy, data.test)["torque_nmse"]
    links, true = link_parameters(fit, states), TwoLinkArm()
    moments = np.array([true.m1 * true.r1 + true.m2 * true.l1, true.m2 * true.r2])
    inertias = np.array([true.I1 + true.m1 * true.r1**2 + true.m2 * true.l1**2, true.I2 + true.m2 * true.r2**2])
    pairs = ((links.lengths, np.array([true.l1])), (links.moments, moments), (links.inertias, inertias))
    return torque, [np.max(np.abs(ours / real - 1)) for ours, real in pairs]


def of_chains():
    for task in chains.CHAIN_PENDULUMS:
        published = task.published["mechanics"]["path_error"]
        judge_chain(task, chains.CHUNKS, published, GOALS.get(task.energy.degrees_of_freedom))
    for count, (published, goal) in FEWER.items():
        judge_chain(TASKS["chain-pendulum-2"], count, published, goal)


def judge_chain(task, count, published, goal):
    system = task.energy
    data = chains.chunks(system, np.random.default_rng(0), count)
    starts = chains.random_starts(system, evaluation_rng(), chains.STARTS)
    truth = paths(system, starts)
    given = EvaluationData(system, data, data, lambda: data)
    found = [task.methods["mechanics"].fit(given, seed=0, progress=None) for _ in range(2)][1]
    ours = paths(found.model, starts)
    shift = np.random.default_rng(1).standard_normal(starts.shape)
    shift *= OFF / np.linalg.norm(shift, axis=1, keepdims=True)
    limit = chains.path_error(system, truth, paths(system, starts + shift))
    name = f"chain of {system.degrees_of_freedom}, {count} chunks"
    row(name, "path error", chains.path_error(system, truth, ours), published, goal, limit)
    row(name, "seconds", found.seconds)


def paths(dynamics, starts):
    return np.asarray(rollout(dynamics, starts, chains.TIMES, solver=TRUTH).check().states)


def main():
    of_arm()
    of_chains()
    print("\n".join(aligned(TABLE)))


if __name__ == "__main__":
    with jax.enable_x64(True):
        main()
