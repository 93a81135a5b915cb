"""Errors and seconds of the closed-form fits over 3 seeds: python benchmarks/closed_form.py [--adam] [TASK ...]

With --adam, the paper's HNN, fitted by 10,000 steps to the same data, stands beside them; that takes minutes a seed.
Seconds are of a second fit in the same process, which compiles nothing.
"""

import sys
import warnings

import jax
import numpy as np

from symplect.experiments.tasks import TASKS, DirectMethod, Task

SEEDS = 3
METRICS = ("test_loss", "field_error", "energy_mse", "energy_mse_median")


def main() -> None:
    jax.config.update("jax_enable_x64", True)  # as the command line does
    warnings.simplefilter("ignore")  # of the rank, which is printed
    names = [name for name in sys.argv[1:] if name != "--adam"]
    for task in [TASKS[name] for name in names or ("two-body", "three-body", "double-pendulum", "henon-heiles")]:
        for seed in range(SEEDS):
            data = task.make_data(seed, None, None)
            for name, method in task.methods.items():
                if isinstance(method, DirectMethod):
                    method.fit(data, seed=seed, progress=None)
                    fitted = method.fit(data, seed=seed, progress=None)
                    report(task, seed, name, method, fitted.model, data, fitted.seconds)
            if "--adam" in sys.argv:
                adam(task, seed, data)


def adam(task: Task, seed: int, data) -> None:
    method = task.methods["hnn"]
    key_model, key_batches = jax.random.split(jax.random.key(seed))
    state = method.fit(method.start(key_model), data, key=key_batches, settings=method.settings)
    report(task, seed, "hnn", method, state.model, data, state.seconds)


def report(task: Task, seed: int, name: str, method, model, data, seconds: float) -> None:
    found = method.evaluate(model, data).metrics
    numbers = "  ".join(f"{metric} {found.get(metric, np.nan):.1e}" for metric in METRICS)
    print(f"{task.name} seed {seed} {name}: {numbers}  {seconds:.2f} s", flush=True)


if __name__ == "__main__":
    main()
