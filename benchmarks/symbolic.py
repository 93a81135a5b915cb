"""Formulas that the tasks' training data give up, over 3 seeds: python benchmarks/symbolic.py [TASK ...]

The first seconds of a task include compilation. Errors are relative to the true coefficients.
"""

import sys

import jax

from symplect.experiments.tasks import TASKS
from symplect.fitting.libraries import bodies_library, one_degree_library
from symplect.fitting.symbolic import SymbolicFit, fit_symbolic

SEEDS = 3
TRUTH = {
    "mass-spring": {"q**2": 1.0, "p**2": 1.0},
    "pendulum": {"p**2": 1.0, "cos(q)": -3.0},
    "two-body": {f"p{k}**2": 0.5 for k in range(1, 5)} | {"1/sqrt((q1 - q2)**2 + (q3 - q4)**2)": -1.0},
}


def main() -> None:
    jax.config.update("jax_enable_x64", True)  # as the command line does
    for name in sys.argv[1:] or TRUTH:
        for seed in range(SEEDS):
            data = TASKS[name].make_data(seed, None, None).train
            if name == "two-body":
                found = fit_symbolic(bodies_library(2), data, by="closed-form", seed=seed)
            else:
                found = fit_symbolic(one_degree_library(), data, by="trajectory", seed=seed)
            print(f"{name} seed {seed}: {report(found, TRUTH[name])}  {found.seconds:.1f} s", flush=True)


def report(found: SymbolicFit, truth: dict[str, float]) -> str:
    values = {str(term): value for term, value in found.coefficients.items()}
    if set(values) != set(truth):
        return f"another form: {found.expression}"
    worst = max(abs(values[term] / truth[term] - 1) for term in truth)
    errors = {str(term): error for term, error in found.standard_errors.items()}
    terms = ", ".join(f"{values[term]:.6g} +- {errors[term]:.1g} {term}" for term in values)
    return f"the exact form, worst coefficient off by {worst:.1e}: {terms}"


if __name__ == "__main__":
    main()
