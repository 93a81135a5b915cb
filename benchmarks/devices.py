"""The gradient fit on two devices against one, in turns in one process: python benchmarks/devices.py

The devices are two halves of one processor, whose cores one device has to itself when it computes alone.
"""

import os

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"

from functools import partial

import jax
import numpy as np
from _results import tell
from _timing import seconds_in_turns

from symplect import HNN, GradientSettings, Trajectories, fit_gradient

ROWS, STEPS, ROUNDS = 30_001, 200, 6
BATCHES = {"paper's batch": 750, "batches of 5000": 5000}


def main() -> None:
    states = np.random.default_rng(0).standard_normal((ROWS, 2))
    data = Trajectories(np.zeros(ROWS), states, (1,) * ROWS, states[:, ::-1] * [1.0, -1.0])
    test = data.select(range(1001))
    for name, size in BATCHES.items():
        settings = GradientSettings(steps=STEPS, batch_size=size)
        how = {"key": jax.random.key(1), "settings": settings, "test": test}
        fit = partial(fit_gradient, HNN(jax.random.key(0), 1), data, **how)
        calls = {count: partial(fit, devices=jax.devices()[:count]) for count in (1, 2)}
        one, two = (call().history[:, 1:] for call in calls.values())
        print(f"{name}: losses of two devices differ from those of one by at most {np.max(np.abs(two / one - 1)):.1e}")
        taken = seconds_in_turns(calls, ROUNDS)
        tell(f"rate of two CPU devices over one, {name}", taken[1] / taken[2])


if __name__ == "__main__":
    main()
