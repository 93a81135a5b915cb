"""Training from disk as the rows grow: python benchmarks/streamed_batches.py [FILE]

Peak memory in a fresh process for each size, then time per step in turns: on disk by size, in memory, and dropped from
the system's cache before every chunk. The largest table takes 1.6 GB in the folder for temporary files.
"""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import jax
import numpy as np
from _results import tell
from _timing import seconds_in_turns

from symplect import HNN, GradientSettings, Trajectories, fit_gradient
from symplect.data import RowsOnDisk

SIZES, PIECE, ROUNDS = (100_000, 1_000_000, 10_000_000, 100_000_000), 1_000_000, 8
SETTINGS = GradientSettings(steps=300, batch_size=750)


def main() -> None:
    with TemporaryDirectory() as folder:
        tables = {size: RowsOnDisk.write(Path(folder) / f"{size}.npy", pieces(size)) for size in SIZES}
        for table in tables.values():
            subprocess.run([sys.executable, __file__, str(table.path)], check=True)
        compare(tables)
        compare_cold(*list(tables.values())[-2:])


def pieces(rows: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields states of a spring and their derivatives."""
    rng = np.random.default_rng(0)
    for first in range(0, rows, PIECE):
        states = rng.standard_normal((min(PIECE, rows - first), 2), np.float32)
        yield states, states[:, ::-1] * np.array([1, -1], np.float32)


def fit(train: Trajectories | RowsOnDisk, **how: object) -> object:
    (states, derivatives) = next(pieces(750))
    test = Trajectories(np.zeros(750), states, (1,) * 750, derivatives)
    return fit_gradient(HNN(jax.random.key(0), 1), train, test=test, key=jax.random.key(1), settings=SETTINGS, **how)


def memory(table: RowsOnDisk) -> None:
    fit(table)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(table):.0e} rows on disk: peak memory {peak:.0f} MB", flush=True)


def compare(tables: dict[int, RowsOnDisk]) -> None:
    """Times fits in turns: of every size, and of the rows in memory."""
    (states, derivatives) = next(pieces(PIECE))
    in_memory = Trajectories(np.zeros(PIECE), states, (1,) * PIECE, derivatives)
    calls = {size: partial(fit, table) for size, table in tables.items()}
    taken = seconds_in_turns(calls | {0: partial(fit, in_memory)}, ROUNDS)
    for size in SIZES[1:]:
        tell(f"streamed step, {size:.0e} rows over {SIZES[0]:.0e}", taken[size] / taken[SIZES[0]], better="lower")
    tell("streamed step over step in memory, 1e+06 rows", taken[PIECE] / taken[0], better="lower")


def compare_cold(cached: RowsOnDisk, evicted: RowsOnDisk) -> None:
    """Times a table that the system keeps in memory, and a larger one that it has to read from the disk."""
    calls = {"cached": partial(fit, cached), "cold": partial(fit, evicted, checkpoint=lambda _: evict(evicted))}
    evict(evicted)
    taken = seconds_in_turns(calls, ROUNDS)
    tell("streamed step, from the disk itself over from its cache", taken["cold"] / taken["cached"], better="lower")


def evict(table: RowsOnDisk) -> None:
    """Makes the system forget what it keeps of the file in memory."""
    with table.path.open("rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    memory(RowsOnDisk(Path(sys.argv[1]))) if sys.argv[1:] and Path(sys.argv[1]).is_file() else main()
