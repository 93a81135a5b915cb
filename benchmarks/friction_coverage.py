"""How often the 90 % interval of the loss rate holds the true friction: python benchmarks/friction_coverage.py [DRAWS]

A damped spring and a damped pendulum, each with fresh noise and starts in every draw, by the comparison of kinds that
`fit` and `diagnose` make, among separable Hamiltonians to be quick. The goal is 80 to 100 %.
"""

import sys
import time
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np

from symplect import PortHamiltonian, add_noise, simulate
from symplect.auto.diagnosis import Diagnosis, by_kind, compare_kinds
from symplect.fitting import smooth_hamiltonians
from symplect.systems import MassSpring, Pendulum

NINETY = 1.645  # standard errors
FIRST_SEED = 500  # no other experiment uses these draws
TIMES = np.linspace(0.0, 9.0, 70)
TRIALS, NOISE = 4, 0.01


@dataclass(frozen=True)
class Damped:
    """A system of unit mass with linear friction, which is its loss rate too, and the largest start that is drawn."""

    hamiltonian: MassSpring | Pendulum
    friction: float
    largest: float


SYSTEMS = {
    "damped spring": Damped(MassSpring(k=1.7, m=1.0), 0.13, 1.0),
    "damped pendulum": Damped(Pendulum(m=1.0, l=1.0, g=4.0), 0.09, 1.2),
}


def found(system: Damped, seed: int) -> Diagnosis:
    """Return the diagnosis of one draw of starts and noise."""
    rng = np.random.default_rng(seed)
    starts = rng.uniform(0.5, 1.0, (TRIALS, 2)) * system.largest * rng.choice([-1, 1], (TRIALS, 2))
    dynamics = PortHamiltonian(system.hamiltonian, damping=jnp.array([[np.sqrt(system.friction)]]))
    train, held_out = add_noise(simulate(dynamics, starts, TIMES), NOISE, rng).split(TRIALS - 1)
    return compare_kinds(by_kind(smooth_hamiltonians(train.states, structure="separable")), train, held_out)


def coverage(system: Damped, draws: int) -> str:
    """Return in words how often intervals hold the truth, and how the estimates scatter."""
    began = time.perf_counter()
    diagnoses = [found(system, FIRST_SEED + k) for k in range(draws)]
    rates = np.array([one.loss_rate for one in diagnoses])
    errors = np.array([one.loss_rate_error for one in diagnoses])
    covered = np.mean(np.abs(rates - system.friction) <= NINETY * errors)
    return (
        f"covered {100 * covered:.0f} % of {draws} draws; rate {np.mean(rates):.4g}, truth {system.friction:.4g}; "
        f"scatter {np.std(rates):.2g}, stated error {np.median(errors):.2g} (median); "
        f"{sum(one.conserves for one in diagnoses)} called conserved; "
        f"{(time.perf_counter() - began) / draws:.1f} s a draw"
    )


def main() -> None:
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    for name, system in SYSTEMS.items():
        print(f"{name}: {coverage(system, draws)}", flush=True)


if __name__ == "__main__":
    main()
