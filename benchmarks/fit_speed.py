"""The closed form against our own Adam fit, in turns in one process: python benchmarks/fit_speed.py [--record]

Both have been compiled before; features are drawn, and ridge and weights chosen, inside the time of the closed form.
"""

from functools import partial

import jax
import numpy as np
from _results import tell
from _timing import seconds_in_turns

from symplect.experiments.tasks import TASKS, Task

ROUNDS = 5
REPEATS = 20  # closed forms per round, since one takes milliseconds


def main() -> None:
    jax.config.update("jax_enable_x64", True)  # as the command line does
    for name in ("mass-spring", "pendulum"):
        compare(TASKS[name])


def compare(task: Task) -> None:
    data = task.make_data(0, None, None)
    key_model, key_batches = jax.random.split(jax.random.key(0))

    def adam() -> object:
        method = task.methods["hnn"]
        state = method.fit(method.start(key_model), data, key=key_batches, settings=method.settings)
        return state.model.network.weights

    def closed(name: str) -> None:
        for _ in range(REPEATS):
            task.methods[name].fit(data, seed=0, progress=None)

    names = ("closed-form", "cleaned")
    taken = seconds_in_turns({"adam": adam} | {name: partial(closed, name) for name in names}, ROUNDS)
    print(f"{task.name}: Adam {np.median(taken['adam']):.2f} s")
    for name in names:
        each = taken[name] / REPEATS
        print(f"  {name}: {1e3 * np.median(each):.1f} ms")
        tell(f"{task.name}: Adam's seconds over those of {name}", taken["adam"] / each)


if __name__ == "__main__":
    main()
