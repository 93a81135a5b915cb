"""Swing-up and hold from data: 20 s of noisy motion, a mechanics fit, and a controller that moves the true plant.

    python benchmarks/swing_up.py [--record]

For each plant: two records of 10 s at 50 Hz under smooth inputs, 1 % noise on angles and velocities; a fit of mass
matrix, potential and friction; and 100 random starts, each to be brought upright and held. The shaped energy of the
model is followed along the true paths: it should never rise.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
from _results import tell

from symplect import Trajectories, fit_mechanics, fit_trajectory, rollout
from symplect.control import ClosedLoop, controller
from symplect.models import EulerLagrange, PortHamiltonian
from symplect.models.features import Fourier, Polynomial, Projected
from symplect.systems import CartPole, ChainPendulum

NOISE, STARTS, RATE, SECONDS = 0.01, 100, 4.0, 8.0
HELD = 0.05  # in the plant's own units, over the last second


def of_angle(features):
    """Returns features of the second of two positions."""
    return Projected(features, np.array([[0.0, 1.0]]), np.zeros(2))


def of_place(features):
    """Returns features of the first of two positions."""
    return Projected(features, np.array([[1.0, 0.0]]), np.zeros(2))


PLANTS = {
    "pendulum": (lambda: ChainPendulum([1.0], [1.0]), [np.pi], (Fourier.up_to(1, 1), None), [6.0]),
    "cart-pole": (
        CartPole,
        [0.0, np.pi],
        (of_angle(Fourier.up_to(1, 1)) + of_place(Polynomial(1, 2)), of_angle(Fourier.up_to(1, 1))),
        [8.0, 6.0],
    ),
    "acrobot": (
        lambda: ChainPendulum([1.0, 1.0], [1.0, 1.0]),
        [np.pi, np.pi],
        (Fourier.up_to(2, 1), Fourier.up_to(2, 1)),
        [12.0, 6.0],
    ),
}


def actuated(system):
    """Returns the plant with a little friction and an input for each position."""
    n = system.degrees_of_freedom
    G = jnp.asarray(np.concatenate([np.zeros((n, n)), np.eye(n)]))
    return EulerLagrange(PortHamiltonian(system, 0.2 * jnp.eye(n), G), forces=True)


def recorded(plant, strength, rng):
    """Returns two records of 10 s under smooth inputs, with noise."""
    n, times = plant.degrees_of_freedom, np.linspace(0.0, 10.0, 501)
    states, inputs = [], []
    for _ in range(2):
        frequencies, phases = rng.uniform(0.1, 1.2, (n, 5)), rng.uniform(0.0, 2 * np.pi, (n, 5))
        waves = np.sin(2 * np.pi * frequencies[:, :, None] * times + phases[:, :, None])
        u = (np.array(strength)[:, None] * np.mean(waves, axis=1)).T
        path = rollout(plant.driven(times, u), rng.uniform(-0.5, 0.5, 2 * n), times).check()
        states.append(np.asarray(path.states))
        inputs.append(u)
    clean = np.concatenate(states)
    noisy = clean + NOISE * np.std(clean, axis=0) * rng.standard_normal(clean.shape)
    return Trajectories(np.tile(times, 2), noisy, (501, 501), inputs=np.concatenate(inputs))


def main():
    for name, (make, target, features, strength) in PLANTS.items():
        rng = np.random.default_rng(0)
        plant, goal = actuated(make()), np.array(target)
        n = len(goal)
        data = recorded(plant, strength, rng)
        began = time.perf_counter()
        start = fit_mechanics(data, *features, friction=True)
        model = fit_trajectory(start.model, data).model
        seconds = time.perf_counter() - began
        held = controller(model, goal, rate=RATE)
        loop = ClosedLoop(plant, held)
        times = np.linspace(0.0, SECONDS, 401)
        good, rises = 0, []
        for _ in range(STARTS):
            begin = np.concatenate([rng.uniform(-np.pi, np.pi, n), rng.uniform(-1.0, 1.0, n)])
            path = np.asarray(rollout(loop, begin, times).check().states)
            good += bool(np.all(np.abs(path[-50:] - np.append(goal, np.zeros(n))) < HELD))
            energies = np.asarray(jax.vmap(held.energy)(jnp.asarray(path)))
            rises.append(np.max(np.diff(energies)) / energies[0])
        print(f"{name}: fit {seconds:.2f} s; the shaped energy rises by {max(rises):.1e} of it")
        tell(f"swing-up, {name}: share of {STARTS} random starts held", np.array([good / STARTS]))


if __name__ == "__main__":
    with jax.enable_x64(True):
        main()
