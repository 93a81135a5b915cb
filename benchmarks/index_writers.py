"""Runs that the index of a sweep takes a second, by the number of its writers: python benchmarks/index_writers.py"""

import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from symplect.experiments.sweep.index import Index
from symplect.files import write_json

WRITERS, RUNS = (1, 2, 4, 8, 16), 100


def main() -> None:
    for writers in WRITERS:
        with tempfile.TemporaryDirectory() as place, ProcessPoolExecutor(writers, get_context("spawn")) as pool:
            start = time.time() + 4.0  # when all have started
            ends = pool.map(write, [Path(place)] * writers, range(writers), [start] * writers)
            rate = writers * RUNS / (max(ends) - start)
        print(f"{writers:3} writers: {rate:.0f} runs begun and finished a second", flush=True)


def write(out: Path, writer: int, start: float) -> float:
    """Begins and finishes runs, one after the other, and returns when that was done."""
    folders = [f"default/mass-spring/hnn/seed-{RUNS * writer + run}" for run in range(RUNS)]
    for folder in folders:
        write_json(out / folder / "metrics.json", {"energy_mse": 1.0})
    index = Index(out)
    time.sleep(max(0.0, start - time.time()))
    for folder in folders:
        index.begin(folder)
        index.finish(folder)
    return time.time()


if __name__ == "__main__":
    main()
