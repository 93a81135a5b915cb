"""What one process takes: seconds and peak memory. As a program: python benchmarks/_spent.py COMMAND ...

A process inherits the peak of the one that starts it, so commands are started by this small one, without JAX or NumPy.
"""

import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass
class Spent:
    """Seconds on the clock and of all cores, peak memory in MiB, and what was printed."""

    seconds: float
    cpu: float
    peak: float
    printed: str

    def __str__(self):
        return f"{self.seconds:.1f} s ({self.cpu:.1f} s of all cores), {self.peak:.0f} MiB"


def spent(command: list[str], **environment: str) -> Spent:
    """Runs a command to its end, or ends the script with what it said."""
    done = subprocess.run(
        [sys.executable, __file__, *command], env=os.environ | environment, capture_output=True, text=True
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr}")
    return Spent(**json.loads(done.stdout))


def main() -> None:
    began = time.perf_counter()
    done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True)
    seconds = time.perf_counter() - began
    if done.returncode:
        sys.exit(done.returncode)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = usage.ru_utime + usage.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": usage.ru_maxrss / 1024, "printed": done.stdout}))


if __name__ == "__main__":
    main()
