"""Simulated data, all starts as one call, against SciPy one by one: python benchmarks/data_generation.py [--record]

SciPy's DOP853 has the tolerance of `simulate`, 1e-12, and the field as a compiled function, so that both integrate
alike. It follows a sample of the starts, and its time is scaled to all; compilation is on neither side.
"""

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from _results import tell
from scipy.integrate import solve_ivp

from symplect import simulate
from symplect.dynamics import AbstractHamiltonian
from symplect.experiments.tasks.two_body import random_starts
from symplect.systems import NBody, Pendulum

ROUNDS, SAMPLE = 5, 2


def main() -> None:
    jax.config.update("jax_enable_x64", True)  # as the command line does
    rng = np.random.default_rng(0)
    pendulum = rng.uniform(-1.5, 1.5, (50, 2))
    compare("pendulum, 50 starts", Pendulum.reference(), pendulum, np.linspace(0.0, 3.0, 45))
    compare("two bodies, 1000 starts", NBody.reference(2), random_starts(rng, 1000), np.linspace(0.0, 20.0, 50))
    for bodies in (4, 16, 64):
        starts = np.stack([ring(bodies, rng) for _ in range(100)])
        system = NBody(masses=jnp.full(bodies, 1 / bodies**2), G=1.0)
        compare(f"{bodies} bodies, 100 starts", system, starts, np.linspace(0.0, 1.0, 20))


def ring(bodies: int, rng: np.random.Generator) -> np.ndarray:
    """Returns light bodies that fly apart from an uneven ring, which has them all in reach and none in collision."""
    angles = 2 * np.pi * (np.arange(bodies) + rng.uniform(-0.1, 0.1, bodies)) / bodies
    positions = np.stack([np.cos(angles), np.sin(angles)])
    return np.concatenate([positions, positions / bodies**2]).ravel()


def compare(name: str, system: AbstractHamiltonian, starts: np.ndarray, times: np.ndarray) -> None:
    field = jax.jit(lambda z: system.time_derivative(z))

    def alone(start: np.ndarray) -> int:
        span = (times[0], times[-1])
        tolerance = {"rtol": 1e-12, "atol": 1e-12}
        return solve_ivp(lambda t, z: field(z), span, start, "DOP853", times, **tolerance).nfev

    simulate(system, starts, times)
    alone(starts[0])
    ratios = []
    for number in range(ROUNDS):
        together = seconds(lambda: simulate(system, starts, times))
        sample = starts[number * SAMPLE : (number + 1) * SAMPLE]
        apart = seconds(lambda sample=sample: [alone(start) for start in sample]) * len(starts) / SAMPLE
        ratios.append(apart / together)
    print(f"{name}: {together:.2f} s as one call, {apart:.1f} s one by one")
    tell(f"data: {name}, times faster than SciPy one by one", np.array(ratios))


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
