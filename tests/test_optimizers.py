"""The gradient fit with any optax optimizer and any loss."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from symplect import HNN, GradientSettings, fit_gradient, simulate
from symplect.errors import InputError
from symplect.fitting import fit_gradient_together, initial_state
from symplect.fitting.gradient import mean_squared_error
from symplect.systems import MassSpring

DATA = simulate(MassSpring.reference(), np.array([[1.0, 0.0], [0.5, 0.2]]), np.linspace(0.0, 3.0, 20))
ROWS = tuple(jnp.asarray(rows, jnp.float32) for rows in (DATA.states, DATA.derivatives))
STEPS = GradientSettings(steps=200)
OPTIMIZERS = {
    "sgd": optax.sgd(1e-2),
    "lion": optax.lion(1e-3),
    "scheduled": optax.adamw(optax.warmup_cosine_decay_schedule(0.0, 1e-2, 20, 200)),
    "lbfgs": optax.lbfgs(),
}


def model():
    return HNN(jax.random.key(0), 1, width=16)


def mean_absolute_error(model, states, derivatives):
    return jnp.mean(jnp.abs(jax.vmap(model.time_derivative)(states) - derivatives))


def fitted(**how):
    return fit_gradient(model(), DATA, key=jax.random.key(1), **{"settings": STEPS} | how)


def assert_equal(found, expected):
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_any_optimizer_lowers_the_loss_and_goes_on_to_equal_numbers(name):
    kept = []
    whole = fitted(optimizer=OPTIMIZERS[name], checkpoint=kept.append)
    assert whole.history[-1, 1] < 0.9 * float(mean_squared_error(model(), *ROWS))
    again = fitted(optimizer=OPTIMIZERS[name], resume=kept[0])
    assert_equal((again.model, again.optimizer_state), (whole.model, whole.optimizer_state))


def test_a_step_is_that_of_the_optimizer():
    found = fitted(optimizer=optax.sgd(0.1), loss=mean_absolute_error, settings=GradientSettings(steps=1))
    start = model()
    slope = eqx.filter_grad(mean_absolute_error)(start, *ROWS)
    expected = eqx.apply_updates(start, jax.tree.map(lambda by: -0.1 * by, slope))
    for one, other in zip(jax.tree.leaves(found.model), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-7)


def test_a_line_search_is_ahead_of_adam():
    assert fitted(optimizer=OPTIMIZERS["lbfgs"]).history[-1, 1] < 0.1 * fitted().history[-1, 1]


def test_another_loss_is_the_one_that_falls():
    found = fitted(loss=mean_absolute_error)
    np.testing.assert_allclose(found.history[-1, 2], mean_absolute_error(found.model, *ROWS), rtol=1e-5)


def test_models_together_take_the_same_steps():
    how = {"settings": STEPS, "optimizer": OPTIMIZERS["lion"], "loss": mean_absolute_error}
    (together,) = fit_gradient_together([model()], [DATA], tests=[DATA], keys=[jax.random.key(1)], **how)
    assert_equal(together.model, fitted(**how).model)


def test_what_does_not_go_together_is_refused():
    adams = GradientSettings(steps=10, learning_rate=1e-2, cosine=True)
    with pytest.raises(InputError, match="beside an optimizer, found learning_rate, cosine: they are Adam's"):
        fitted(optimizer=OPTIMIZERS["sgd"], settings=adams)
    with pytest.raises(InputError, match="go on with the optimizer of before"):
        fitted(optimizer=OPTIMIZERS["lion"], resume=initial_state(model(), STEPS, OPTIMIZERS["sgd"]))
