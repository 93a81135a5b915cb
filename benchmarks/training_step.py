"""The HNN's training step against the machine's rate of matrix products: python benchmarks/training_step.py

Alone and for eight seeds in one program; on all cores, which products of this size share badly, with a device for each
core to share the seeds, and on one core.
"""

import os
import subprocess
import sys

ONE_CORE = "--one-core"
if ONE_CORE in sys.argv:  # before JAX counts the cores
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import jax
import jax.numpy as jnp
from _results import tell
from _timing import seconds_in_turns

from symplect import HNN, GradientSettings
from symplect.fitting.batches import Batches, laid_out
from symplect.fitting.descent import CHUNK, initial_state, take_steps
from symplect.fitting.gradient import mean_squared_error
from symplect.fitting.together import descend_together

BATCH, WIDTH, SIDE, SEEDS = 750, 200, 2048, 8
SETTINGS = GradientSettings(steps=CHUNK, weight_decay=1e-4)
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
jax.config.update("jax_num_cpu_devices", max(count for count in (1, 2, 4, 8) if count <= CORES))


def main() -> None:
    where = "one core" if ONE_CORE in sys.argv else "all cores"
    matrix = jax.random.normal(jax.random.key(2), (SIDE, SIDE))
    product = jax.jit(jnp.matmul)
    devices = jax.devices()
    calls = {"one": one_model(), "seeds": eight_seeds(), "product": lambda: product(matrix, matrix)}
    if len(devices) > 1:
        calls["shared seeds"] = eight_seeds(devices)
    taken = seconds_in_turns(calls, rounds=20)
    # forward and backward through the 200 x 200 layer, and the two gradients of each: 6 products count
    work = 6 * 2 * BATCH * WIDTH**2 * CHUNK
    limit = 2 * SIDE**3 / taken["product"]
    tell(f"training step over matrix products, {where}", work / taken["one"] / limit)
    tell(f"training step of {SEEDS} seeds over matrix products, {where}", SEEDS * work / taken["seeds"] / limit)
    if len(devices) > 1:
        rate = SEEDS * work / taken["shared seeds"] / limit
        tell(f"training step of {SEEDS} seeds on {len(devices)} devices over matrix products, {where}", rate)
    if ONE_CORE not in sys.argv and hasattr(os, "sched_setaffinity"):
        subprocess.run([sys.executable, *sys.argv, ONE_CORE], check=True)


def one_model():
    states = jax.random.normal(jax.random.key(1), (BATCH, 2), jnp.float32)
    start = initial_state(HNN(jax.random.key(0), 1, width=WIDTH), SETTINGS)
    chunk = Batches(laid_out((states, -states), mesh=None), drawn=None, steps=CHUNK)
    reached = start.model, start.optimizer_state

    def train() -> object:
        nonlocal reached
        *reached, losses = take_steps(chunk, *reached, mean_squared_error, SETTINGS)
        return losses

    return train


def eight_seeds(devices: list[jax.Device] | None = None):
    keys = [jax.random.key(seed) for seed in range(SEEDS)]
    states = [jax.random.normal(key, (BATCH, 2), jnp.float32) for key in keys]
    rows = [(z, -z) for z in states]
    models = [HNN(key, 1, width=WIDTH) for key in keys]
    how = {"keys": keys, "settings": SETTINGS, "test_rows": rows, "devices": devices}
    return lambda: descend_together(models, mean_squared_error, rows, **how)


if __name__ == "__main__":
    main()
