"""There and back over 10 to 1000 periods, by a true system and two learned ones: python benchmarks/reversibility.py

Trains the published pair on the mass-spring task and prints the tables of docs/reversibility.md: four minutes.
"""

import jax

jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpy as np

from symplect import HNN, AbstractDynamics, AbstractSeparableHamiltonian, Baseline, fit_gradient, rollout
from symplect.evaluation.structure import flow_jacobians
from symplect.experiments.tasks import TASKS
from symplect.integrate import RK4, AbstractSolver, Adaptive, ImplicitMidpoint, Leapfrog, Yoshida4
from symplect.precision import cast

PERIOD, PERIODS = np.pi, (10, 100, 1000)  # of the true spring at every energy
STEPS = 40  # a period
SOLVERS = {
    "RK4": RK4(STEPS),
    "leapfrog": Leapfrog(STEPS),
    "Yoshida 4": Yoshida4(STEPS),
    "implicit midpoint": ImplicitMidpoint(STEPS),
    "adaptive, 1e-9": Adaptive(rtol=1e-9, atol=1e-9),
}
STARTS = np.array([[1.0, 0.0], [0.0, 0.8], [0.6, 0.6], [-0.5, 0.3], [0.4, -0.9]])


def main() -> None:
    cases = [
        (title, name, dynamics, solver)
        for title, dynamics in trained().items()
        for name, solver in SOLVERS.items()
        if isinstance(dynamics, AbstractSeparableHamiltonian) or not isinstance(solver, Leapfrog | Yoshida4)
    ]
    double, single, volumes, costs, spreads = [], [], [], [], []
    for title, name, dynamics, solver in cases:
        path, errors = there_and_back(cast(dynamics, jnp.float64), STARTS, solver)
        double.append([title, name, *map(scientific, errors)])
        logarithms, worst = volume_and_amplification(cast(dynamics, jnp.float64), path, solver)
        volumes.append([title, name, *map(scientific, logarithms)])
        costs.append([title, name, *(f"{round(value / np.log(10), 1) + 0.0}" for value in worst)])
        spreads.append([title, name, *spread(path)])
        errors = there_and_back(cast(dynamics, jnp.float32), STARTS.astype(np.float32), solver)[1]
        single.append([title, name, *map(scientific, errors)])
    show("Return error |x - back| / |x| in float64, median of 5 starts", double)
    show("The same in float32", single)
    show("ln |det D| of the way there, median of 5 starts", volumes)
    show("Digits that the way back costs: log10 of its largest amplification, median of 5 starts", costs)
    show("q^2 + p^2 of the 5 starts, smallest and largest", spreads)


def trained() -> dict[str, AbstractDynamics]:
    """Returns the true spring, and the published pair fitted to its noisy data with the paper's settings."""
    task = TASKS["mass-spring"]
    data, settings = task.make_data(0, None, None), task.methods["hnn"].settings
    models = {"HNN": HNN(jax.random.key(0), 1), "baseline": Baseline(jax.random.key(0), 1)}
    fitted = {
        title: fit_gradient(model, data.train, key=jax.random.key(1), settings=settings).model
        for title, model in models.items()
    }
    return {"true spring": task.energy, **fitted}


def there_and_back(dynamics: AbstractDynamics, starts: np.ndarray, solver: AbstractSolver) -> tuple[np.ndarray, list]:
    """Returns the states after every period, and the median return error after each number of periods."""
    times = PERIOD * np.arange(PERIODS[-1] + 1)
    path = np.asarray(rollout(dynamics, starts, times, solver=solver).states)
    errors = []
    for periods in PERIODS:
        back = np.asarray(rollout(dynamics, path[:, periods], times[periods::-1], solver=solver).states)[:, -1]
        errors.append(np.median(np.linalg.norm(back - starts, axis=1) / np.linalg.norm(starts, axis=1)))
    return path, errors


def volume_and_amplification(
    dynamics: AbstractDynamics, path: np.ndarray, solver: AbstractSolver
) -> tuple[np.ndarray, np.ndarray]:
    """Returns ln |det D| of the way there, and ln of the largest factor by which the way back stretches an error.

    D is the product of the derivatives over each period, through the solver's own steps. Of a 2 x 2 matrix the inverse
    stretches by its largest singular value over its determinant.
    """
    states = jnp.asarray(path[:, :-1].reshape(-1, 2))
    jacobians = np.asarray(flow_jacobians(dynamics, states, PERIOD, solver)).reshape(len(path), -1, 2, 2)
    volume = np.cumsum(np.linalg.slogdet(jacobians)[1], axis=1)
    product, size = np.tile(np.eye(2), (len(path), 1, 1)), np.zeros(len(path))
    sizes = []
    for period in np.swapaxes(jacobians, 0, 1):
        product = period @ product
        norms = np.linalg.norm(product, ord=2, axis=(1, 2))
        product, size = product / norms[:, None, None], size + np.log(norms)
        sizes.append(size)
    at = np.array(PERIODS) - 1
    worst = np.array(sizes).T - volume
    return np.median(volume[:, at], axis=0), np.median(worst[:, at], axis=0)


def spread(path: np.ndarray) -> list[str]:
    energies = np.sum(path[:, list(PERIODS)] ** 2, axis=-1)
    return [f"{low:.2f} to {high:.2f}" for low, high in zip(energies.min(axis=0), energies.max(axis=0), strict=True)]


def scientific(value: float) -> str:
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def show(title: str, rows: list[list[str]]) -> None:
    header = ["dynamics", "integrator", *(f"{periods} periods" for periods in PERIODS)]
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in [header, *rows]]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    print(f"\n{title}\n", *[lines[0], rule, *lines[1:]], sep="\n")


if __name__ == "__main__":
    main()
