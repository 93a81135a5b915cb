"""From a table to a verdict, whole commands beside the bare imports: python benchmarks/own_data_speed.py [--record]

Wall time of `symplect fit`, with nothing compiled before and again with what that has compiled, over the time that JAX,
Equinox and Diffrax alone take to be imported, its peak memory, and how many programs are compiled. The real pendulum
is fitted to its first four fifths and wants `SYMPLECT_DATA`, or the network. With `--pysindy PYTHON`, where
PySINDy is installed, plain and weak SINDy fit the same tables in a whole process of their own; all then follow unseen
paths from their exact starts: the median of the error of a path, in units of the spread. `--only NAME ...` takes some.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _results import tell
from _spent import Spent, spent
from scipy.integrate import solve_ivp

from symplect.data import measured_pendulum

ROUNDS = 3
BASE = "import jax, equinox, diffrax"
SYMPLECT = Path(sys.executable).with_name("symplect")
COUNTED = """
import jax, sys
count = 0
def heard(event, seconds, **_):
    global count
    count += event == "/jax/core/compile/backend_compile_duration"
jax.monitoring.register_event_duration_secs_listener(heard)
from symplect.cli import main
try:
    main()
finally:
    print("compilations", count)
"""
FOLLOW = """
import sys, json, jax, numpy as np
jax.config.update("jax_enable_x64", True)
import symplect
run, unseen = symplect.load(sys.argv[1]), np.load(sys.argv[2])
model = run.model.driven(unseen["t"], unseen["inputs"]) if unseen["inputs"].size else run.model
paths = [symplect.rollout(model, path[0], unseen["t"], solver=symplect.RK4(4)).states for path in unseen["paths"]]
errors = [np.sqrt(np.mean(((np.asarray(p) - q) / unseen["scale"]) ** 2)) for p, q in zip(paths, unseen["paths"])]
print(json.dumps([float(np.nan_to_num(error, nan=np.inf)) for error in errors]))
"""

Field = Callable[[float, np.ndarray], list[float]]


def pendulum(damping: float = 0.0) -> Field:
    return lambda _, z: [z[1], -np.sin(z[0]) - damping * z[1]]


def pushed(t: float) -> float:
    return float(0.4 * np.sin(1.3 * t) + 0.3 * np.sin(0.37 * t))


def driven_pendulum(t: float, z: np.ndarray) -> list[float]:
    return [z[1], pushed(t) - np.sin(z[0])]


def planet(_: float, z: np.ndarray) -> list[float]:
    return [*z[2:], *(-z[:2] / np.hypot(z[0], z[1]) ** 3)]


def coupled_wells(_: float, z: np.ndarray) -> list[float]:
    return [*z[2:], z[0] - z[0] ** 3 - 0.5 * z[1], -z[1] - 0.5 * z[0]]


def starts(count: int, *, half: int = 1, size: float = 1.5) -> np.ndarray:
    return np.random.default_rng(0).uniform(-size, size, (count, 2 * half))


def orbits(count: int) -> np.ndarray:
    speeds = np.random.default_rng(0).uniform(0.7, 1.2, count)
    return np.stack([np.ones(count), np.zeros(count), np.zeros(count), speeds], axis=1)


REAL, INPUTS = "real pendulum", "pendulum with inputs"
TABLES: dict[str, tuple[Field, np.ndarray, np.ndarray, float]] = {  # field, starts, times, noise in units of the spread
    "pendulum, 4 trials of 300, noisy": (pendulum(), starts(6), np.linspace(0, 20, 300), 0.03),
    "pendulum, 100 clean rows": (pendulum(), starts(2), np.linspace(0, 30, 100), 0.0),
    "pendulum with friction": (pendulum(0.1), starts(6), np.linspace(0, 20, 300), 0.02),
    "300 trials of 6 samples": (pendulum(), starts(302), np.linspace(0, 1.5, 6), 0.02),
    INPUTS: (driven_pendulum, starts(6, size=0.7), np.linspace(0, 20, 300), 0.02),
    "positions only": (pendulum(), starts(6), np.linspace(0, 20, 300), 0.02),
    "planar orbits": (planet, orbits(6), np.linspace(0, 15, 200), 0.01),
    "coupled wells": (coupled_wells, starts(7, half=2, size=1.0), np.linspace(0, 15, 200), 0.01),
    "a million rows": (pendulum(), starts(2), np.linspace(0, 1000, 1_000_000), 0.02),
}
UNSEEN = 2  # of the starts, whose paths are not in the table


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--record", action="store_true")
    asked.add_argument("--pysindy")
    asked.add_argument("--only", nargs="*", default=[REAL, *TABLES])
    options = asked.parse_args()
    for name in options.only:
        with tempfile.TemporaryDirectory() as place:
            measure(name, Path(place), options.pysindy)


def measure(name: str, place: Path, pysindy: str | None) -> None:
    call = written(name, place)
    ratios: dict[str, list[float]] = {}
    theirs: dict[str, list[Spent]] = {"plain": [], "weak": []} if pysindy and name != INPUTS else {}
    for number in range(ROUNDS):
        base, compiled = spent([sys.executable, "-c", BASE]).seconds, str(place / f"compiled-{number}")
        kept = {"JAX_COMPILATION_CACHE_DIR": compiled, "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        for kind, own in theirs.items():
            own.append(spent([str(pysindy), str(Path(__file__).with_name("_sindy.py")), kind, str(place)]))
        for which in ("cold", "warm"):
            found = spent([str(SYMPLECT), *call, "--out", str(place / f"{which}-{number}")], **kept)
            ratios.setdefault(f"{which}, over the imports of JAX, Equinox and Diffrax", []).append(found.seconds / base)
            for kind, own in theirs.items():
                ratios.setdefault(f"{which}, over {kind} SINDy", []).append(found.seconds / own[-1].seconds)
            print(f"{name}, {which}: {found}, imports alone {base:.2f} s", flush=True)
    counted = spent([sys.executable, "-c", COUNTED, *call, "--out", str(place / "counted")]).printed
    print(f"{name}: {counted.split('compilations')[-1].strip()} programs compiled")
    for which, own in ratios.items():
        tell(f"own data: {name}, {which}", np.array(own), better="lower")
    print(f"{name}: unseen paths are off by {errors(place):.2g} of the spread")
    for kind, own in theirs.items():
        print(f"{name}: by {kind} SINDy they are off by {float(own[0].printed):.2g}", flush=True)


def written(name: str, place: Path) -> list[str]:
    """Write a table, and the paths that it does not hold; return how it is fitted."""
    times, noisy, unseen_times, unseen = recorded() if name == REAL else simulated(name)
    half, inputs = unseen.shape[2] // 2, np.array([[pushed(t)] for t in times] if name == INPUTS else [])
    positions, velocities = ["x", "y"][:half], [] if name == "positions only" else ["vx", "vy"][:half]
    scale = np.std(np.concatenate([*noisy, *unseen]), axis=0)
    np.savez(place / "unseen.npz", t=unseen_times, paths=unseen, scale=scale, inputs=inputs)
    columns = [np.tile(times, len(noisy)), np.repeat(np.arange(len(noisy)), len(times))]
    columns += list(noisy.reshape(-1, 2 * half).T[: len(positions) + len(velocities)])
    columns += [np.tile(own, len(noisy)) for own in inputs.T]
    header = ",".join(["t", "trial", *positions, *velocities, *["u"] * bool(inputs.size)])
    np.savetxt(place / "table.csv", np.stack(columns, axis=1), delimiter=",", header=header, comments="", fmt="%.9g")
    call = ["fit", str(place / "table.csv"), "--q", *positions, "--time", "t", "--trial", "trial"]
    return [*call, *(["--velocity", *velocities] if velocities else []), *(["--inputs", "u"] if inputs.size else [])]


def simulated(name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return times and noisy paths, then times and paths that are left out."""
    field, begins, times, noise = TABLES[name]
    paths = np.stack([solve_ivp(field, times[[0, -1]], z, t_eval=times, rtol=1e-9, atol=1e-11).y.T for z in begins])
    measured, unseen = (paths[:-UNSEEN], paths[-UNSEEN:]) if len(paths) > UNSEEN else (paths[:1], paths[1:])
    scale = np.std(paths, axis=(0, 1))
    return times, measured + noise * scale * np.random.default_rng(1).standard_normal(measured.shape), times, unseen


def recorded() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return the first four fifths of the measured pendulum, then the rest."""
    data = measured_pendulum()
    last = 4 * len(data.times) // 5
    return data.times[:last], data.states[None, :last], data.times[last:], data.states[None, last:]


def errors(place: Path) -> float:
    """Return the median error of unseen paths."""
    found = spent([sys.executable, "-c", FOLLOW, str(place / "cold-0"), str(place / "unseen.npz")])
    return float(np.median(json.loads(found.printed)))


if __name__ == "__main__":
    main()
