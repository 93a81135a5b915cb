"""Timing in turns: what is compared runs alternately in one process, so that a slow spell of the machine hits both."""

import time
from collections.abc import Callable, Mapping

import jax
import numpy as np


def seconds_in_turns(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, np.ndarray]:
    """Returns the seconds of every round by name, after one call each to compile."""
    for call in calls.values():
        jax.block_until_ready(call())
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            began = time.perf_counter()
            jax.block_until_ready(call())
            taken[name].append(time.perf_counter() - began)
    return {name: np.array(values) for name, values in taken.items()}


def spread(ratios: np.ndarray) -> str:
    """Returns median, and the quartiles around it."""
    low, middle, high = np.percentile(ratios, [25, 50, 75])
    return f"{middle:.3g} (quartiles {low:.3g} to {high:.3g}, {len(ratios)} rounds)"
