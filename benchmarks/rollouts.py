"""1000 rollouts of a trained HNN as one call, against SciPy one start at a time: python benchmarks/rollouts.py"""

import time

import jax
import jax.numpy as jnp
import numpy as np
from _timing import spread
from scipy.integrate import solve_ivp

from symplect import HNN, fit_gradient, rollout
from symplect.integrate import RK4
from symplect.tasks import TASKS

STARTS, STEPS, HORIZON, SCIPY_STARTS = 1000, 400, 20.0, 5


def main() -> None:
    task = TASKS["mass-spring"]
    data = task.make_data(0, None, None)
    model = fit_gradient(
        HNN(jax.random.key(0), 1), data.train, key=jax.random.key(1), settings=task.methods["hnn"].settings
    ).model
    starts = jnp.asarray(np.random.default_rng(0).uniform(-0.7, 0.7, (STARTS, 2)), jnp.float32)
    times = jnp.linspace(0.0, HORIZON, STEPS + 1)
    field = jax.jit(lambda z: model.time_derivative(z))

    def ours() -> None:
        jax.block_until_ready(rollout(model, starts, times, solver=RK4()))

    def scipys(start: np.ndarray) -> int:
        return solve_ivp(lambda t, z: field(jnp.asarray(z, jnp.float32)), (0.0, HORIZON), start, rtol=1e-9).nfev

    ours()
    scipys(np.asarray(starts[0]))
    ratios, calls = [], []
    for start in np.asarray(starts[:SCIPY_STARTS]):
        together, (alone, evaluations) = seconds(ours)[0], seconds(lambda start=start: scipys(start))
        ratios.append(alone / (together / STARTS))
        calls.append(evaluations)
        print(
            f"one call: {1e3 * together / STARTS:.2f} ms each; SciPy: {1e3 * alone:.0f} ms, {evaluations} evaluations"
        )
    print(f"times faster per rollout: {spread(np.array(ratios))}")


def seconds(call) -> tuple[float, object]:
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result


if __name__ == "__main__":
    main()
