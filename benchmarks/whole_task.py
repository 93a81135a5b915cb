"""Whole trainings in fresh processes, and the paper's own repository beside them on the same machine, in turns:

python benchmarks/whole_task.py [TASK ...] [--reference CHECKOUT --reference-python PYTHON] [--steps N] [--rounds N]

A training is everything from the start of the process to the file of weights: imports, making the data (ours: of the
evaluation as well), the paper's number of steps. The reference is its own train.py, which makes its data every time.
Compiled programs are kept from an earlier process; what the very first one takes more is said apart. All cores serve.
Energies are those of 15 rollouts of the trained model: here one compiled call of tolerance 1e-9 in float64, there one
after the other by SciPy's RK45, with its own tolerances; both without imports, ours without compilation, said apart.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from _results import tell
from _spent import Spent, spent

from symplect import rollout
from symplect.dynamics import energies
from symplect.evaluation.held_out import SOLVER
from symplect.experiments.tasks import TASKS
from symplect.files import read_tree
from symplect.precision import cast

HERE = Path(__file__).parent
EXPERIMENTS = {
    "mass-spring": ("experiment-spring", "spring-hnn.tar"),
    "pendulum": ("experiment-pend", "pend-hnn.tar"),
    "two-body": ("experiment-2body", "2body-orbits-hnn.tar"),
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("tasks", nargs="*", default=list(EXPERIMENTS), metavar="TASK", help=", ".join(EXPERIMENTS))
    parser.add_argument("--reference", type=Path, help="a checkout of the paper's repository")
    parser.add_argument("--reference-python", default=sys.executable, help="a Python that has PyTorch and autograd")
    parser.add_argument("--steps", type=int, help="of every training; the paper's number unless given")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--record", action="store_true", help="keep the ratios in results.json")
    arguments = parser.parse_args()
    jax.config.update("jax_enable_x64", True)  # as the command line does
    for name in arguments.tasks:
        with tempfile.TemporaryDirectory() as place:
            compare(name, Path(place), arguments)


def compare(name: str, place: Path, arguments: argparse.Namespace) -> None:
    steps = arguments.steps or TASKS[name].methods["hnn"].settings.steps
    first, second = ours(name, steps, place), ours(name, steps, place)
    print(f"\n{name}, {steps} steps: the first process compiles and takes {first.seconds - second.seconds:.1f} s more")
    mine, theirs = [], []
    for _ in range(arguments.rounds):
        mine.append(ours(name, steps, place))
        print(f"  here {mine[-1]}: {parts(mine[-1])}", flush=True)
        if arguments.reference:
            theirs.append(reference(name, steps, place, arguments))
            print(f"  reference {theirs[-1]}", flush=True)
    if theirs:
        label = f"{name}, {steps} steps"
        tell(f"{label}: training, times faster than the reference", ratios(theirs, mine, "seconds"))
        tell(f"{label}: peak memory over the reference's", ratios(mine, theirs, "peak"), better="lower")
        compare_energy(name, label, place, arguments)


def ours(name: str, steps: int, place: Path) -> Spent:
    kept = {"JAX_COMPILATION_CACHE_DIR": str(place / "compiled"), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    return spent([sys.executable, str(HERE / "_train.py"), name, str(steps), str(place / "model")], **kept)


def reference(name: str, steps: int, place: Path, arguments: argparse.Namespace) -> Spent:
    """Runs its train.py in a folder without data, so that they are made anew."""
    with tempfile.TemporaryDirectory(dir=place) as fresh:
        train = arguments.reference / EXPERIMENTS[name][0] / "train.py"
        given = ["--total_steps", str(steps), "--save_dir", fresh]
        found = spent([arguments.reference_python, str(train), *given])
        weights = EXPERIMENTS[name][1]
        os.replace(Path(fresh) / weights, place / weights)
    return found


def compare_energy(name: str, label: str, place: Path, arguments: argparse.Namespace) -> None:
    """Both models of their own training, from the same starts to the same times."""
    task = TASKS[name]
    truth = task.make_data(0, None, None).truth
    times, paths = truth[0].times, truth.paths()
    model = cast(read_tree(place / "model", task.methods["hnn"].start(jax.random.key(0))), jnp.float64)
    np.savez(place / "paths.npz", times=times, truth=paths)
    experiment, weights = EXPERIMENTS[name]
    command = [arguments.reference_python, str(HERE / "_reference_energy.py"), str(arguments.reference), experiment]

    def energy_mse() -> float:
        found = rollout(model, paths[:, 0], times, solver=SOLVER).states
        true, kept = (np.asarray(energies(task.energy.hamiltonian, jnp.asarray(path))) for path in (paths, found))
        return float(np.mean((true - kept) ** 2))

    print(f"  energies: the first call here compiles and takes {timed(energy_mse)[0]:.1f} s")
    faster = []
    for _ in range(arguments.rounds):
        here, error = timed(energy_mse)
        printed = spent([*command, str(place / weights), str(place / "paths.npz")]).printed
        there, their_error = map(float, printed.split())
        faster.append(there / here)
        print(f"  energies: here {here:.2f} s (MSE {error:.1e}), reference {there:.1f} s (MSE {their_error:.1e})")
    tell(f"{label}: energies of 15 rollouts, times faster than the reference", np.array(faster))


def timed(call) -> tuple[float, float]:
    began = time.perf_counter()
    result = call()
    return time.perf_counter() - began, result


def ratios(over: list[Spent], under: list[Spent], what: str) -> np.ndarray:
    return np.array([getattr(a, what) / getattr(b, what) for a, b in zip(over, under, strict=True)])


def parts(found: Spent) -> str:
    return ", ".join(f"{part} {value:.1f} s" for part, value in json.loads(found.printed).items())


if __name__ == "__main__":
    main()
