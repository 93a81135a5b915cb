"""Rollouts of an HNN against the floating-point limit and against SciPy: python benchmarks/rollouts.py

One start, 1000 starts as one call, and a horizon 50 times as long; SciPy calls the same compiled field, a start at a
time.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from _results import tell
from _timing import seconds_in_turns
from scipy.integrate import solve_ivp

from symplect import HNN, GradientSettings, fit_gradient, rollout
from symplect.experiments.tasks import TASKS
from symplect.integrate import RK4, AbstractSolver, Adaptive, ImplicitMidpoint

STARTS, STEPS, HORIZON, LONGER, WIDTH, SIDE, ROUNDS = 1000, 400, 20.0, 50, 200, 2048, 5
SOLVERS = {"RK4": RK4(), "implicit midpoint": ImplicitMidpoint(), "adaptive": Adaptive(rtol=1e-5, atol=1e-8)}


def main() -> None:
    model = trained()
    starts = np.random.default_rng(0).uniform(-0.7, 0.7, (STARTS, 2)).astype(np.float32)
    matrix = jax.random.normal(jax.random.key(2), (SIDE, SIDE))
    product = jax.jit(jnp.matmul)
    calls: dict[str, Callable[[], object]] = {"product": lambda: product(matrix, matrix)}
    for name, solver in SOLVERS.items():
        calls[f"{name}, one start"] = ours(model, starts[0], solver, 1)
        calls[f"{name}, {STARTS} starts"] = ours(model, starts, solver, 1)
        calls[f"{name}, one start, {LONGER} times as long"] = ours(model, starts[0], solver, LONGER)
    calls["SciPy"] = scipys(model, starts[0], 1)
    calls["SciPy, longer"] = scipys(model, starts[0], LONGER)
    taken = seconds_in_turns(calls, ROUNDS)

    limit = 2 * SIDE**3 / taken["product"]
    work = STARTS * STEPS * 4 * 2 * 2 * WIDTH**2  # four evaluations a step, two products of the hidden layer in each
    tell(f"{STARTS} rollouts by RK4 over matrix products", work / taken[f"RK4, {STARTS} starts"] / limit)
    for name in SOLVERS:
        tell(f"{name}: one start, times faster than SciPy", taken["SciPy"] / taken[f"{name}, one start"])
        tell(
            f"{name}: each of {STARTS} starts, times faster than SciPy",
            taken["SciPy"] / (taken[f"{name}, {STARTS} starts"] / STARTS),
        )
        long = taken[f"{name}, one start, {LONGER} times as long"]
        tell(f"{name}: long horizon, times faster than SciPy", taken["SciPy, longer"] / long)


def trained() -> HNN:
    task = TASKS["mass-spring"]
    data = task.make_data(0, None, None)
    settings = GradientSettings(steps=500, weight_decay=1e-4)
    return fit_gradient(
        HNN(jax.random.key(0), 1, width=WIDTH), data.train, key=jax.random.key(1), settings=settings
    ).model


def ours(model: HNN, starts: np.ndarray, solver: AbstractSolver, longer: int) -> Callable[[], object]:
    times = jnp.linspace(0.0, longer * HORIZON, longer * STEPS + 1)
    return lambda: rollout(model, starts, times, solver=solver).states


def scipys(model: HNN, start: np.ndarray, longer: int) -> Callable[[], object]:
    field = jax.jit(lambda z: model.time_derivative(z))
    times = np.linspace(0.0, longer * HORIZON, longer * STEPS + 1)

    def run() -> object:
        return solve_ivp(
            lambda t, z: field(jnp.asarray(z, jnp.float32)), times[[0, -1]], start, t_eval=times, rtol=1e-5
        ).y

    return run


if __name__ == "__main__":
    main()
