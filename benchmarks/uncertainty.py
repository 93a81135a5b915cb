"""How often intervals of 90 % hold the truth on fresh data sets: python benchmarks/uncertainty.py 50

Prints, for tasks 1 and 2 and both fits, the mean coverage over data sets for H and the field at clean test states, the
smallest and largest coverage of a single data set, and how wide intervals are against the errors that they bound.
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np

from symplect.data import Trajectories, clean_by_derivatives
from symplect.dynamics import energies, vector_field
from symplect.experiments.tasks import TASKS
from symplect.fitting.candidates import smooth_hamiltonians
from symplect.fitting.closed_form import fit_closed_form
from symplect.fitting.trajectory import fit_trajectory
from symplect.fitting.uncertainty import Deviations, closed_form_deviations, trajectory_deviations
from symplect.models import FeatureHamiltonian
from symplect.models.features import Polynomial, RandomTanh

NINETY = 1.645
FIRST_SEED = 200  # no other experiment here uses these data sets


def by_trajectories(train: Trajectories, states: np.ndarray) -> tuple[FeatureHamiltonian, Deviations]:
    found = fit_trajectory(smooth_hamiltonians(train.states, structure="separable"), train)
    return found.model, trajectory_deviations(found, states)


def by_jackknife(train: Trajectories, states: np.ndarray) -> tuple[FeatureHamiltonian, Deviations]:
    clean = clean_by_derivatives(train)
    features = Polynomial(2, 2) + RandomTanh.isotropic(clean.states, 30, np.random.default_rng(0), gain=0.5)
    found = fit_closed_form(features, clean)
    return found.model, closed_form_deviations(found, clean, states)


def judged(task: str, seed: int, fit) -> list[float]:
    """Returns coverage of H and field, and for both the width of the intervals over the errors."""
    data = TASKS[task].make_data(seed, None, None)
    states = data.clean.states[::7]
    model, deviations = fit(data.train, states)
    truth = [centred(data.energy, states), np.asarray(vector_field(data.energy, jnp.asarray(states)))]
    found = [centred(model, states), np.asarray(vector_field(model, jnp.asarray(states)))]
    errors = [np.abs(a - b) for a, b in zip(truth, found, strict=True)]
    bounds = [NINETY * deviations.energy, NINETY * deviations.field]
    covered = [float(np.mean(e <= b)) for e, b in zip(errors, bounds, strict=True)]
    return covered + [float(np.sqrt(np.mean(b**2) / np.mean(e**2))) for e, b in zip(errors, bounds, strict=True)]


def centred(system, states: np.ndarray) -> np.ndarray:
    along = np.asarray(energies(system.hamiltonian, jnp.asarray(states)))
    return along - np.mean(along)


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    for name, fit in {"trajectory": by_trajectories, "closed form, cleaned, jackknife": by_jackknife}.items():
        for task in ("mass-spring", "pendulum"):
            rows = np.array([judged(task, seed, fit) for seed in range(FIRST_SEED, FIRST_SEED + count)])
            mean, low, high = np.mean(rows, axis=0), np.min(rows, axis=0), np.max(rows, axis=0)
            width = np.median(rows, axis=0)
            covered = [f"{what} {mean[i]:.3f} ({low[i]:.2f} to {high[i]:.2f})" for i, what in enumerate(("H", "field"))]
            bounds = f"bound over error, median: H {width[2]:.2f}, field {width[3]:.2f}"
            print(f"{task}, {name}, {count} data sets: covered {', '.join(covered)}; {bounds}", flush=True)


if __name__ == "__main__":
    main()
