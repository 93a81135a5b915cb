"""The gradient fit: what it computes, that it repeats, and that it goes on where it stopped."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN, Baseline, GradientSettings, Trajectories, fit_gradient
from symplect.dynamics import vector_field
from symplect.errors import InputError
from tests.members import circles


@pytest.fixture(scope="module")
def data():
    starts = np.array([[1.0, 0.0], [0.0, 0.5], [-0.7, 0.2]])
    return circles(starts, np.linspace(0.0, 3.0, 20), omega=2.0)


def same(a, b):
    return jax.tree.all(jax.tree.map(lambda x, y: bool(jnp.all(x == y)), a, b))


def adam_with_coupled_decay(parameters, slopes, rate, decay, steps):
    """Adam as Kingma and Ba 2015 write it, with the decay added to the gradient before the moments."""
    first = [np.zeros_like(p) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]
    for t in range(1, steps + 1):
        for i, slope in enumerate(slopes(parameters)):
            slope = slope + decay * parameters[i]
            first[i] = 0.9 * first[i] + 0.1 * slope
            second[i] = 0.999 * second[i] + 0.001 * slope**2
            step = first[i] / (1 - 0.9**t) / (np.sqrt(second[i] / (1 - 0.999**t)) + 1e-8)
            parameters[i] = parameters[i] - rate * step
    return parameters


def test_the_steps_are_adams_with_coupled_decay(data):
    model = Baseline(jax.random.key(0), 1, width=6)
    settings = GradientSettings(steps=30, learning_rate=1e-2, weight_decay=0.1)
    fitted = fit_gradient(model, data, key=jax.random.key(1), settings=settings).model
    x, dx = data.states, data.derivatives

    def slopes(parameters):
        """Backpropagation by hand through two tanh layers and a linear one."""
        w1, w2, w3, b1, b2 = parameters
        h1 = np.tanh(x @ w1 + b1)
        h2 = np.tanh(h1 @ w2 + b2)
        out = 2 * (h2 @ w3 - dx) / dx.size
        d2 = (out @ w3.T) * (1 - h2**2)
        d1 = (d2 @ w2.T) * (1 - h1**2)
        return [x.T @ d1, h1.T @ d2, h2.T @ out, d1.sum(0), d2.sum(0)]

    start = [np.asarray(p, np.float64) for p in (*model.network.weights, *model.network.biases)]
    expected = adam_with_coupled_decay(start, slopes, 1e-2, 0.1, 30)
    for ours, theirs in zip((*fitted.network.weights, *fitted.network.biases), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=2e-4)


@pytest.mark.parametrize("kind", [HNN, pytest.param(Baseline, marks=pytest.mark.slow)])
@pytest.mark.parametrize("batch_size", [None, 16])
def test_a_fit_learns_and_repeats(data, kind, batch_size):
    settings = GradientSettings(steps=300, batch_size=batch_size)
    fits = [
        fit_gradient(kind(jax.random.key(0), 1, width=32), data, key=jax.random.key(1), settings=settings) for _ in "ab"
    ]
    assert same(fits[0].model, fits[1].model)
    history = fits[0].history
    assert history[:, 0].tolist() == [100, 200, 300]
    assert history[-1, 2] < 0.2 * history[0, 2]
    error = np.asarray(vector_field(fits[0].model, jnp.asarray(data.states, jnp.float32))) - data.derivatives
    np.testing.assert_allclose(np.mean(error**2), history[-1, 2], rtol=1e-4)


@pytest.mark.parametrize("batch_size", [None, 16])
@pytest.mark.parametrize("stop", [1, 2])
def test_an_interrupted_fit_ends_in_the_same_numbers(data, batch_size, stop):
    settings = GradientSettings(steps=250, batch_size=batch_size)
    model, key = HNN(jax.random.key(0), 1, width=16), jax.random.key(1)
    states = []
    whole = fit_gradient(model, data, key=key, settings=settings, test=data, checkpoint=states.append)
    assert [int(state.step) for state in states] == [100, 200, 250]
    resumed = fit_gradient(model, data, key=key, settings=settings, test=data, resume=states[stop - 1])
    assert same(whole.model, resumed.model)
    np.testing.assert_array_equal(whole.history, resumed.history)
    assert resumed.seconds > states[stop - 1].seconds


def test_batches_depend_on_the_key(data):
    settings = GradientSettings(steps=5, batch_size=4)
    fits = [
        fit_gradient(HNN(jax.random.key(0), 1, width=8), data, key=jax.random.key(seed), settings=settings).model
        for seed in (0, 1)
    ]
    assert not same(*fits)


def test_the_test_set_changes_nothing_but_the_history(data):
    settings = GradientSettings(steps=20)
    other = circles(np.array([[3.0, 0.0]]), np.linspace(0.0, 1.0, 5), omega=2.0)
    model = HNN(jax.random.key(0), 1, width=8)
    fits = [fit_gradient(model, data, key=jax.random.key(0), settings=settings, test=test) for test in (None, other)]
    assert same(fits[0].model, fits[1].model)
    assert fits[0].history[-1, 2] != fits[1].history[-1, 2]


def test_any_size_may_be_fitted(data):
    model = HNN(jax.random.key(0), 1, width=8, depth=3, activation="softplus")
    fitted = fit_gradient(model, data, key=jax.random.key(0), settings=GradientSettings(steps=3), progress="fit")
    assert fitted.model.configuration == model.configuration


def test_a_loss_that_explodes_is_reported(data):
    settings = GradientSettings(steps=300, learning_rate=1e30)
    with pytest.raises(ArithmeticError, match="lower the learning rate"):
        fit_gradient(HNN(jax.random.key(0), 1, width=8), data, key=jax.random.key(0), settings=settings)


def test_data_that_do_not_fit_are_refused(data):
    model = HNN(jax.random.key(0), 1, width=8)
    bare = Trajectories(data.times, data.states, data.lengths)
    with pytest.raises(InputError, match="expected data with derivatives"):
        fit_gradient(model, bare, key=jax.random.key(0))
    with pytest.raises(InputError, match="4 coordinates, found 2"):
        fit_gradient(HNN(jax.random.key(0), 2, width=8), data, key=jax.random.key(0))


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"batch_size": 0}, {"learning_rate": 0.0}, {"weight_decay": -1.0}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(InputError, match="expected"):
        GradientSettings(**wrong)
