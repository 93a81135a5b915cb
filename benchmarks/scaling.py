"""How the cost of a gradient fit grows: python benchmarks/scaling.py

In steps, rows, width, degrees of freedom and seeds, each over sizes that make the law visible; the rest stays fixed.
Workers have `python benchmarks/sweep_rate.py`, rows on disk `python benchmarks/streamed_batches.py`.
"""

import time
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np

from symplect import HNN, GradientSettings
from symplect.fitting.batches import Batches, laid_out
from symplect.fitting.descent import initial_state, take_steps
from symplect.fitting.gradient import mean_squared_error
from symplect.fitting.together import descend_together

LAWS = {
    "steps": (lambda size: fit(steps=size), (100, 1_000, 10_000, 100_000)),
    "rows of a step": (lambda size: fit(rows=size, steps=4), (1_000, 10_000, 100_000, 1_000_000)),
    "width": (lambda size: fit(rows=750, width=size, steps=20), (50, 100, 200, 400, 800, 1600)),
    "degrees of freedom": (lambda size: fit(rows=200, width=200, pairs=size, steps=20), (1, 10, 100, 1_000, 10_000)),
    "seeds": (lambda size: fit_seeds(size), (1, 2, 4, 8)),
}


def main() -> None:
    for name, (prepare, sizes) in LAWS.items():
        seconds = [best(prepare(size)) for size in sizes]
        print(f"\n{name:20} seconds   exponent since the size before")
        exponents = ["", *(f"{slope:.2f}" for slope in slopes(sizes, seconds))]
        for size, taken, exponent in zip(sizes, seconds, exponents, strict=True):
            print(f"{size:<20,} {taken:<9.3g} {exponent}", flush=True)


def fit(*, steps: int, rows: int = 100, width: int = 50, pairs: int = 1) -> Callable[[], object]:
    """Returns a call that takes full-batch steps of an HNN."""
    settings = GradientSettings(steps=steps)
    states = jax.random.normal(jax.random.key(1), (rows, 2 * pairs), jnp.float32)
    chunk = Batches(laid_out((states, -states), mesh=None), drawn=None, steps=steps)
    start = initial_state(HNN(jax.random.key(0), pairs, width=width), settings)
    reached = start.model, start.optimizer_state

    def train() -> object:
        nonlocal reached
        *reached, losses = take_steps(chunk, *reached, mean_squared_error, settings)
        return losses

    return train


def fit_seeds(count: int) -> Callable[[], object]:
    keys = [jax.random.key(seed) for seed in range(count)]
    states = [jax.random.normal(key, (750, 2), jnp.float32) for key in keys]
    rows = [(z, -z) for z in states]
    models = [HNN(key, 1) for key in keys]
    settings = GradientSettings(steps=100)
    return lambda: descend_together(models, mean_squared_error, rows, keys=keys, settings=settings, test_rows=rows)


def best(call: Callable[[], object], rounds: int = 3) -> float:
    """Returns the least seconds of some rounds after one that compiles: other work only ever adds."""
    jax.block_until_ready(call())
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        jax.block_until_ready(call())
        taken.append(time.perf_counter() - began)
    return min(taken)


def slopes(sizes: Sequence[int], seconds: Sequence[float]) -> list[float]:
    return list(np.diff(np.log(seconds)) / np.diff(np.log(sizes)))


if __name__ == "__main__":
    main()
