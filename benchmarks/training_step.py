"""The HNN's training step against the machine's rate of matrix products: python benchmarks/training_step.py"""

import jax
import jax.numpy as jnp
import numpy as np
from _timing import seconds_in_turns, spread

from symplect import HNN, GradientSettings
from symplect.fitting.batches import Batches, laid_out
from symplect.fitting.descent import CHUNK, initial_state, take_steps
from symplect.fitting.gradient import mean_squared_error

BATCH, WIDTH, SIDE = 750, 200, 2048


def main() -> None:
    settings = GradientSettings(weight_decay=1e-4)
    states = jax.random.normal(jax.random.key(1), (BATCH, 2))
    matrix = jax.random.normal(jax.random.key(2), (SIDE, SIDE))
    product = jax.jit(jnp.matmul)
    start = initial_state(HNN(jax.random.key(0), 1, width=WIDTH), settings)
    chunk = Batches(laid_out((states, -states), mesh=None), drawn=None, steps=CHUNK)
    reached = start.model, start.optimizer_state

    def train() -> object:
        nonlocal reached
        *reached, losses = take_steps(chunk, *reached, mean_squared_error, settings)
        return losses

    taken = seconds_in_turns({"training": train, "product": lambda: product(matrix, matrix)}, rounds=30)
    # forward and backward through the 200 x 200 layer, and the two gradients of each: 6 products count
    step_rate = 6 * 2 * BATCH * WIDTH**2 * CHUNK / taken["training"]
    limit = 2 * SIDE**3 / taken["product"]
    print(
        f"training step: {np.median(step_rate) / 1e9:.0f} Gflop/s, matrix product: {np.median(limit) / 1e9:.0f} Gflop/s"
    )
    print(f"ratio of the medians: {np.median(step_rate) / np.median(limit):.3f}")
    print(f"ratio round by round: {spread(step_rate / limit)}")


if __name__ == "__main__":
    main()
