"""Is the automatic choice as good as the best method? Every method on the same data, judged on paths none has seen.

.venv/bin/python benchmarks/automatic.py [NAME ...]
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

from symplect import PortHamiltonian, Trajectories, add_noise, simulate
from symplect.auto import METHODS, fit_reading
from symplect.auto.judgement import geometric_mean, squared_errors
from symplect.data import measured_pendulum
from symplect.errors import InputError
from symplect.experiments.tasks import TASKS
from symplect.systems import MassSpring
from symplect.tables import Columns, Reading, read


@dataclass
class Case:
    """Data as a user would have them, and paths to judge by."""

    reading: Reading
    test: Trajectories


def table(data: Trajectories, *, derivatives: bool, paths: bool = True, angles: bool = False) -> Reading:
    """Returns trajectories as a table that was read."""
    n = data.dimension // 2
    columns = {f"z{i}": data.states[:, i] for i in range(2 * n)}
    roles = {"q": tuple(f"z{i}" for i in range(n)), "p": tuple(f"z{i}" for i in range(n, 2 * n))}
    roles |= {"angles": roles["q"]} if angles else {}
    if paths:
        columns |= {"t": data.times, "trial": np.repeat(np.arange(len(data)), data.lengths)}
        roles |= {"time": "t", "trial": "trial"}
    if derivatives:
        columns |= {f"d{i}": data.derivatives[:, i] for i in range(2 * n)}
        roles |= {"dq": tuple(f"d{i}" for i in range(n)), "dp": tuple(f"d{i}" for i in range(n, 2 * n))}
    return read(columns, Columns(**roles))


def of_task(name: str, **how: bool) -> Callable[[], Case]:
    def make() -> Case:
        data = TASKS[name].make_data(0, None, None)
        return Case(table(data.train, **how), data.truth)

    return make


def damped_spring() -> Case:
    system = PortHamiltonian(MassSpring.reference(), damping=jnp.array([[0.3]]))
    rng = np.random.default_rng(0)
    clean = simulate(system, rng.uniform(-1, 1, (24, 2)), np.linspace(0.0, 6.0, 60))
    train, test = clean.split(12)
    return Case(table(add_noise(train, 0.02, rng), derivatives=False), test)


def measured() -> Case:
    train, test = measured_pendulum().cut(444)
    return Case(table(train, derivatives=False, angles=True), test)


CASES = {
    "mass-spring": of_task("mass-spring", derivatives=True),
    "mass-spring, no derivatives": of_task("mass-spring", derivatives=False),
    "pendulum": of_task("pendulum", derivatives=True),
    "pendulum, an angle": of_task("pendulum", derivatives=True, angles=True),
    "pendulum, no derivatives": of_task("pendulum", derivatives=False, angles=True),
    "real-pendulum": measured,
    "two-body": of_task("two-body", derivatives=True),
    "double-pendulum": of_task("double-pendulum", derivatives=True, paths=False, angles=True),
    "damped spring": damped_spring,
}


def compared(case: Case) -> str:
    """Returns the ratio of the automatic choice's error to that of the best method, and all errors."""
    scale = np.std(case.test.states, axis=0)
    errors: dict[str, float] = {}
    said: list[str] = []
    for method in ("auto", *METHODS):
        try:
            found = fit_reading(case.reading, method=method)
        except InputError:  # paths where samples stand alone
            continue
        squares = squared_errors(found.model, case.test, scale, case.reading.observed, free_starts=False)
        errors[method] = geometric_mean(squares)
        chosen = f"{found.method}, {found.kind}" if method == "auto" else found.kind
        said.append(f"{method} {errors[method]:.2e} ({chosen}) {found.seconds:.0f} s")
    return f"ratio {errors['auto'] / min(errors.values()):.2f}: {'; '.join(said)}"


def main() -> None:
    print("error on unseen paths, geometric mean, in units of their spread; the automatic choice over the best method")
    for name in sys.argv[1:] or CASES:
        print(f"{name:28} {compared(CASES[name]())}", flush=True)


if __name__ == "__main__":
    main()
