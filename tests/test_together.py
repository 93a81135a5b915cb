"""Several models at once end where each ends by itself."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN, Baseline, GradientSettings
from symplect.errors import InputError
from symplect.experiments.tasks import TASKS
from symplect.experiments.training import train_seeds
from symplect.experiments.training_run import TrainingRun
from symplect.fitting.descent import descend
from symplect.fitting.gradient import mean_squared_error
from symplect.fitting.together import descend_together

SEEDS = range(3)


def rows_of(seed):
    states = jax.random.normal(jax.random.key(100 + seed), (30, 2), jnp.float32)
    return states, jnp.sin(states)


def together(kind, settings, **how):
    how = {"keys": [jax.random.key(50 + seed) for seed in SEEDS], "settings": settings} | how
    return descend_together(
        [kind(jax.random.key(seed), 1, width=8) for seed in SEEDS],
        mean_squared_error,
        [rows_of(seed) for seed in SEEDS],
        test_rows=[rows_of(9 + seed) for seed in SEEDS],
        **how,
    )


def require_same(found, expected):
    jax.tree.map(np.testing.assert_array_equal, found.model, expected.model)
    np.testing.assert_array_equal(found.history, expected.history)


@pytest.mark.parametrize(
    ("kind", "batch_size"),
    [(HNN, 7), (Baseline, None), *(pytest.param(*of, marks=pytest.mark.slow) for of in [(HNN, None), (Baseline, 7)])],
)
def test_each_ends_in_the_numbers_of_a_fit_by_itself(kind, batch_size):
    settings = GradientSettings(steps=230, batch_size=batch_size, weight_decay=1e-4)
    for seed, found in zip(SEEDS, together(kind, settings), strict=True):
        alone = descend(
            kind(jax.random.key(seed), 1, width=8),
            mean_squared_error,
            rows_of(seed),
            key=jax.random.key(50 + seed),
            settings=settings,
            test_rows=rows_of(9 + seed),
        )
        require_same(found, alone)


@pytest.mark.slow
def test_what_was_interrupted_goes_on_to_the_same_numbers():
    settings = GradientSettings(steps=250, batch_size=7)
    whole, kept = together(HNN, settings), []
    together(HNN, settings, checkpoint=kept.append)
    assert [int(states[0].step) for states in kept] == [100, 200, 250]
    for found, expected in zip(together(HNN, settings, resume=kept[0]), whole, strict=True):
        require_same(found, expected)


def test_a_loss_that_leaves_the_finite_numbers_is_named():
    with pytest.raises(ArithmeticError, match="left the finite numbers"):
        together(Baseline, GradientSettings(steps=300, learning_rate=1e30))


@pytest.mark.parametrize(
    ("models", "rows", "message"),
    [
        ([HNN(jax.random.key(0), 1, width=8), HNN(jax.random.key(0), 1, width=9)], [rows_of(0)] * 2, "models"),
        ([HNN(jax.random.key(0), 1, width=8)] * 2, [rows_of(0), tuple(x[:9] for x in rows_of(0))], "rows"),
        ([HNN(jax.random.key(0), 1, width=8)] * 2, [rows_of(0)], "rows"),
    ],
)
def test_what_does_not_go_together_is_refused(models, rows, message):
    with pytest.raises(InputError, match=f"expected {message} of one shape"):
        descend_together(
            models,
            mean_squared_error,
            rows,
            keys=[jax.random.key(0)] * 2,
            settings=GradientSettings(steps=1),
            test_rows=[rows_of(0)] * 2,
        )


def test_keys_and_states_that_do_not_belong_to_the_models_are_refused():
    settings, kept = GradientSettings(steps=110, batch_size=7), []
    together(HNN, settings, checkpoint=kept.append)
    for wrong, message in (
        ({"resume": kept[0][:2]}, "found 3 keys and 2 states"),
        ({"keys": [jax.random.key(0)]}, "found 1 keys and 3 states"),
        ({"resume": [kept[0][0], kept[0][1], kept[1][2]]}, "equally many steps done"),
        ({"resume": kept[0], "settings": GradientSettings(steps=300)}, "go on with the steps of before"),
    ):
        with pytest.raises(InputError, match=message):
            together(HNN, **{"settings": settings} | wrong)


@pytest.mark.slow
def test_a_seed_that_diverges_does_not_take_the_others_with_it(tmp_path):
    task = TASKS["mass-spring"]
    settings = {"steps": 20, "width": 4}
    runs = [TrainingRun("mass-spring", "hnn", seed, tmp_path, settings) for seed in (0, 1)]
    data = [task.make_data(seed, None, None) for seed in (0, 1)]
    spoilt = dataclasses.replace(data[0].train, derivatives=np.full_like(data[0].train.states, 1e30))
    data[0] = dataclasses.replace(data[0], train=spoilt)
    with pytest.raises(ArithmeticError):
        train_seeds(runs, data)
    assert not runs[0].folder.exists()
    assert runs[1].folder.exists()
