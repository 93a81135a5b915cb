"""What starting costs, in fresh processes and in turns: python benchmarks/start_up.py [--record]

Seconds are printed; what is recorded is each over the time that JAX, Equinox and Diffrax alone take to be imported.
The second run is data, network and first step of the mass-spring as `symplect reproduce` makes them, with the programs
that a first run has compiled.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
from _results import tell
from _spent import spent
from _timing import spread

ROUNDS = 7
BASE = "import jax, equinox, diffrax"
NAMES = "from symplect import HNN, fit_gradient, rollout, simulate"
TRAIN = Path(__file__).with_name("_train.py")
SYMPLECT = Path(sys.executable).with_name("symplect")


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        second_run(Path(place))  # compiles
        calls = {
            "base": lambda: python(BASE),
            "import": lambda: python(f"{BASE}; {NAMES}"),
            "help": lambda: spent([str(SYMPLECT), "--help"]).seconds,
            "second run": lambda: second_run(Path(place)),
        }
        rounds = [{name: call() for name, call in calls.items()} for _ in range(ROUNDS)]
    taken = {name: np.array([each[name] for each in rounds]) for name in calls}
    print(f"{BASE}: {spread(taken['base'])} s")
    print(f"{NAMES}, beyond these: {spread(taken['import'] - taken['base'])} s")
    print(f"symplect --help: {spread(taken['help'])} s")
    print(f"second run, to the end of the first step: {spread(taken['second run'])} s")
    tell("start: import with symplect over JAX, Equinox and Diffrax", taken["import"] / taken["base"], better="lower")
    tell("start: symplect --help over these imports", taken["help"] / taken["base"], better="lower")
    tell("start: second run to its first step over these imports", taken["second run"] / taken["base"], better="lower")


def python(code: str) -> float:
    return spent([sys.executable, "-c", code]).seconds


def second_run(place: Path) -> float:
    kept = {"JAX_COMPILATION_CACHE_DIR": str(place), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    found = spent([sys.executable, str(TRAIN), "mass-spring", "1", str(place / "model")], **kept)
    parts = json.loads(found.printed)
    return sum(parts[name] for name in ("import", "data", "first steps"))


if __name__ == "__main__":
    main()
