"""Memory and time of the closed-form fit for many rows, in fresh processes: python benchmarks/streaming.py [MILLIONS]

A row is one equation; a sample of one degree of freedom has two. Without a size, all three sizes follow each other.
"""

import resource
import subprocess
import sys
import time

import jax.numpy as jnp
import numpy as np

from symplect import Trajectories
from symplect.dynamics import vector_field
from symplect.fitting.closed_form import fit_closed_form
from symplect.models.features import Polynomial, RandomTanh
from symplect.systems import Pendulum

SIZES, FEATURES, TRIALS = ("0.5", "1.5", "5"), 500, 100


def main() -> None:
    if len(sys.argv) > 1:
        print(measured(float(sys.argv[1])), flush=True)
    else:
        for size in SIZES:
            subprocess.run([sys.executable, __file__, size], check=True)


def measured(millions: float) -> str:
    """Returns what one fit took: the states are drawn, not followed, for their derivatives are known anyway."""
    samples = int(millions * 1e6) // (2 * TRIALS) * TRIALS
    rng = np.random.default_rng(0)
    states = rng.uniform(-2.0, 2.0, (samples, 2))
    derivatives = np.asarray(vector_field(Pendulum.reference(), jnp.asarray(states)), np.float64)
    times = np.tile(np.arange(samples / TRIALS), TRIALS)
    data = Trajectories(times, states, (samples // TRIALS,) * TRIALS, derivatives)
    polynomial = Polynomial(2, degree=2)
    features = polynomial + RandomTanh.from_pairs(states, FEATURES - polynomial.size, rng)
    began = time.perf_counter()
    fitted = fit_closed_form(features, data, progress="fitting")
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    per_million = seconds / (2e-6 * samples)
    return (
        f"{2 * samples / 1e6:.1f} million rows x {features.size}: {seconds:.0f} s, {per_million:.1f} s per million, "
        f"peak memory {peak:.2f} GiB, held-out error {fitted.held_out_error:.1e}"
    )


if __name__ == "__main__":
    main()
