"""The trajectory fit on tasks 1 to 3, states and times alone: python benchmarks/trajectories.py [--adam]

Per task: energy MSE of 15 rollouts (true H) and frequency bias over 5 seeds, with what is known of H; from positions
alone; beyond the training energies, beside the paper's HNN with --adam; and the measured pendulum with friction, whose
segment length is chosen by forecasts inside the training block.
"""

import sys

import jax
import jax.numpy as jnp
import numpy as np

from symplect import HNN, fit_gradient
from symplect.data import with_velocities
from symplect.dynamics import energies
from symplect.errors import NotAvailableError
from symplect.evaluation import metrics
from symplect.evaluation.held_out import SOLVER
from symplect.experiments.tasks import TASKS
from symplect.fitting.candidates import smooth_hamiltonians
from symplect.fitting.trajectory import fit_trajectory
from symplect.integrate import change_energy, rollout
from symplect.models import PortHamiltonian
from symplect.precision import cast

SEEDS = range(5)
STRUCTURES = {
    "mass-spring": ("unknown", "separable", "separable and even"),
    "pendulum": ("unknown", "separable", "separable and even", "angles"),
}
SCALE = np.array([1.0, 2.0])  # p = dq/dt is twice the p of H = V(q) + p^2


def judged(model, data, starts: np.ndarray, scale: np.ndarray | float = 1.0) -> tuple[float, float]:
    """Returns energy MSE and frequency bias of rollouts, the model's states being `scale` times the task's."""
    times = data.truth[0].times
    true = np.asarray(rollout(data.energy, starts, times, solver=SOLVER).states)
    predicted = np.asarray(rollout(model, starts * scale, times, solver=SOLVER).states) / scale
    along = [np.asarray(energies(data.energy.hamiltonian, jnp.asarray(path))) for path in (true, predicted)]
    return np.mean(metrics.energy_errors(*along)), metrics.frequency_bias(times, true[..., 0], predicted[..., 0])


def said(name: str, rows: list[tuple[float, float]], seconds: list[float]) -> None:
    energy, bias = np.array(rows).T
    print(
        f"{name:45} energy MSE mean {np.mean(energy):.2e} median {np.median(energy):.2e} worst {np.max(energy):.1e}  "
        f"frequency bias mean {100 * np.mean(bias):.2f} % worst {100 * np.max(bias):.2f} %  {np.median(seconds):.1f} s",
        flush=True,
    )


def ideal(task: str, adam: bool) -> None:
    datasets = [TASKS[task].make_data(seed, None, None) for seed in SEEDS]
    inside = datasets[0].truth.paths()[:, 0]
    for structure in STRUCTURES[task]:
        fits = [fit_trajectory(smooth_hamiltonians(d.train.states, structure=structure), d.train) for d in datasets]
        rows = [judged(fit.model, data, inside) for fit, data in zip(fits, datasets, strict=True)]
        said(f"{task}, {structure}", rows, [fit.seconds for fit in fits])
        outside = [beyond(data, inside) for data in datasets]
        far = [judged(f.model, d, starts) for f, d, starts in zip(fits, datasets, outside, strict=True)]
        said("  at 1.0 to 1.5 times the training energy", far, [0.0])
    if adam:
        hnns = [published(task, data, seed) for seed, data in zip(SEEDS, datasets, strict=True)]
        said(f"{task}, published HNN", [judged(m, d, inside) for m, d in zip(hnns, datasets, strict=True)], [0.0])
        far = [judged(m, d, starts) for m, d, starts in zip(hnns, datasets, outside, strict=True)]
        said("  at 1.0 to 1.5 times the training energy", far, [0.0])
    positions = [with_velocities(d.train.times, d.train.states[:, :1], d.train.lengths) for d in datasets]
    fits = [
        fit_trajectory(smooth_hamiltonians(x.states, structure="newtonian"), x, observed=[True, False])
        for x in positions
    ]
    rows = [judged(fit.model, data, inside, SCALE) for fit, data in zip(fits, datasets, strict=True)]
    said(f"{task}, positions only, p = dq/dt", rows, [fit.seconds for fit in fits])


def beyond(data, starts: np.ndarray) -> np.ndarray:
    """Moves the starts to 1.0 to 1.5 times the largest energy of the training paths, noise left out."""
    largest = np.max(np.asarray(energies(data.energy.hamiltonian, jnp.asarray(data.clean.states))))
    wanted = largest * np.linspace(1.0, 1.5, len(starts))
    own = np.asarray(energies(data.energy.hamiltonian, jnp.asarray(starts)))
    return np.stack([change_energy(data.energy, z, float(d)) for z, d in zip(starts, wanted - own, strict=True)])


def published(task: str, data, seed: int):
    model, batches = jax.random.split(jax.random.key(seed))
    settings = TASKS[task].methods["hnn"].settings
    return cast(fit_gradient(HNN(model, 1), data.train, key=batches, settings=settings).model, jnp.float64)


def measured() -> None:
    """The segment length is chosen by forecasts of 80 samples from four origins inside the training block."""
    data = TASKS["real-pendulum"].make_data(0, None, None)
    for segment in (30, 60, 120):
        errors: list[float] = []
        for origin in (244, 284, 324, 364):
            known, rest = data.train.cut(origin)
            models = [PortHamiltonian(m) for m in smooth_hamiltonians(known.states, structure="angles")]
            fit = fit_trajectory(models, known, segment=segment, substeps=2)
            path = np.asarray(rollout(fit.model, rest.states[0], rest.times[:80], solver=SOLVER).states)
            errors.append(float(np.mean((path - rest.states[:80]) ** 2)))
        print(
            f"real-pendulum, segments of {segment}: forecasts inside the training block {np.mean(errors):.2e}",
            flush=True,
        )


def main() -> None:
    jax.config.update("jax_enable_x64", True)
    for task in STRUCTURES:
        ideal(task, "--adam" in sys.argv)
    try:
        measured()
    except NotAvailableError as error:
        print(f"real-pendulum left out: {error}")


if __name__ == "__main__":
    main()
