"""64 runs on two local workers over one worker that has one core: python benchmarks/sweep_rate.py [--record]

Each round makes the same runs both ways, as a user does: the times hold everything from the command to its table. What
is compiled was kept by a run before the first round.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from _results import tell

RUNS, STEPS, ROUNDS = 64, 300, 3
SYMPLECT = Path(sys.executable).with_name("symplect")


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        kept = {"JAX_COMPILATION_CACHE_DIR": f"{place}/compiled", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        seconds(Path(place) / "first", kept, runs=1, workers=1, cores={0})
        ratios = []
        for number in range(ROUNDS):
            one = seconds(Path(place) / f"one-{number}", kept, RUNS, workers=1, cores={0})
            two = seconds(Path(place) / f"two-{number}", kept, RUNS, workers=2, cores={0, 1})
            print(f"{RUNS} runs: one worker {one:.0f} s, two {two:.0f} s", flush=True)
            ratios.append(one / two)
    tell("sweep: rate of two workers over one on one core", np.array(ratios))


def seconds(out: Path, kept: dict[str, str], runs: int, workers: int, cores: set[int]) -> float:
    words = [SYMPLECT, "sweep", "mass-spring", "--models", "hnn", "--seeds", runs, "--set", f"steps={STEPS}"]
    began = time.perf_counter()
    subprocess.run(
        [*map(str, words), "--workers", str(workers), "--out", str(out)],
        env=os.environ | kept,
        check=True,
        stdout=subprocess.DEVNULL,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
