"""The paper's own data sets, trained at the paper's settings, against what its code scores on them (slow)."""

import jax
import numpy as np
import pytest

from symplect import Trajectories, fit_gradient
from symplect.experiments.tasks import TASKS
from tests.needs import REFERENCE, needs_reference

pytestmark = [pytest.mark.slow, needs_reference]


def rows(states, derivatives):
    return Trajectories(np.arange(float(len(states))), states.astype(float), (len(states),), derivatives.astype(float))


def final_test_losses(file, task, model, initialisations):
    """Returns the last test loss of every initialisation."""
    with np.load(REFERENCE / f"{file}-seed0.npz", allow_pickle=False) as data:
        train, test = rows(data["x"], data["dx"]), rows(data["test_x"], data["test_dx"])
    losses = []
    for seed in range(initialisations):
        key_model, key_batches = jax.random.split(jax.random.key(seed))
        method = TASKS[task].methods[model]
        fitted = fit_gradient(method.start(key_model), train, key=key_batches, settings=method.settings, test=test)
        losses.append(fitted.history[-1, 2])
    print(f"\n{file} {model}: {losses}, mean {np.mean(losses):.3e}")
    return np.array(losses)


@pytest.mark.parametrize(
    ("file", "task", "model", "published_code"),
    [
        ("spring", "mass-spring", "hnn", 3.595e-2),
        ("spring", "mass-spring", "baseline", 3.658e-2),
        ("pend", "pendulum", "hnn", 3.559e-2),
        ("pend", "pendulum", "baseline", 3.528e-2),
    ],
)
def test_the_noisy_tasks_score_what_the_papers_code_scores(file, task, model, published_code):
    assert np.mean(final_test_losses(file, task, model, 3)) == pytest.approx(published_code, rel=0.05)


@pytest.mark.parametrize(("model", "low", "high"), [("hnn", 2e-6, 1e-5), ("baseline", 2.3e-5, 3.8e-5)])
def test_two_bodies_score_what_the_papers_code_scores(model, low, high):
    assert low < np.mean(final_test_losses("two-body", "two-body", model, 3)) < high
