"""The published networks, as published."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN, Baseline
from symplect.dynamics import AbstractHamiltonian, split
from symplect.errors import InputError
from symplect.models.network import ACTIVATIONS
from symplect.precision import cast

PAIR = (Baseline, HNN)
ALL = [(kind, degrees) for kind in PAIR for degrees in (1, 4)]


@pytest.mark.parametrize(("kind", "degrees"), ALL)
def test_the_default_shape_is_the_published_one(kind, degrees):
    network = kind(jax.random.key(0), degrees).network
    outputs = 1 if kind is HNN else 2 * degrees
    assert [weight.shape for weight in network.weights] == [(2 * degrees, 200), (200, 200), (200, outputs)]
    assert [bias.shape for bias in network.biases] == [(200,), (200,)]
    assert network.activation == "tanh"


@pytest.mark.parametrize(("kind", "degrees"), ALL)
def test_weights_start_orthogonal_and_biases_small(kind, degrees):
    network = kind(jax.random.key(1), degrees).network
    for weight in network.weights:
        small = weight if weight.shape[0] <= weight.shape[1] else weight.T
        np.testing.assert_allclose(small @ small.T, np.eye(len(small)), atol=1e-5)
        assert weight.dtype == jnp.float32
    for bias, inputs in zip(network.biases, (2 * degrees, 200), strict=True):
        assert 0.9 < jnp.max(jnp.abs(bias)) * np.sqrt(inputs) <= 1.0


@pytest.mark.parametrize(("kind", "degrees"), ALL)
def test_a_model_gives_the_field_of_one_state(kind, degrees):
    model = kind(jax.random.key(2), degrees, width=16)
    assert model.degrees_of_freedom == degrees
    assert model.time_derivative(jnp.ones(2 * degrees, jnp.float32)).shape == (2 * degrees,)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("depth", [1, 3])
def test_the_hnns_field_is_the_symplectic_gradient_of_its_energy(activation, depth):
    model = cast(HNN(jax.random.key(3), 2, width=8, depth=depth, activation=activation), jnp.float64)
    z, step = jnp.array([0.3, -0.2, 0.5, 0.1]), 1e-6
    slopes = [(model.hamiltonian(z + step * e) - model.hamiltonian(z - step * e)) / (2 * step) for e in jnp.eye(4)]
    dH_dq, dH_dp = split(jnp.stack(slopes))
    np.testing.assert_allclose(model.time_derivative(z), jnp.concatenate([dH_dp, -dH_dq]), atol=1e-8)


def test_the_network_is_the_written_formula():
    model = Baseline(jax.random.key(4), 1, width=5)
    (w1, w2, w3), (b1, b2) = model.network.weights, model.network.biases
    z = np.array([0.4, -1.0], np.float32)
    expected = np.tanh(np.tanh(z @ w1 + b1) @ w2 + b2) @ w3
    np.testing.assert_allclose(model.time_derivative(jnp.asarray(z)), expected, rtol=1e-5)


def test_an_hnns_field_has_no_divergence_and_a_baselines_has():
    z = jnp.array([0.3, -0.2, 0.5, 0.1])
    traces = [
        jnp.trace(jax.jit(jax.jacfwd(cast(kind(jax.random.key(5), 2, width=16), jnp.float64).time_derivative))(z))
        for kind in (HNN, Baseline)
    ]
    assert abs(traces[0]) < 1e-12
    assert abs(traces[1]) > 1e-3


@pytest.mark.parametrize("kind", PAIR)
def test_a_configuration_makes_the_same_shape_again(kind):
    model = kind(jax.random.key(0), 3, width=7, depth=3, activation="sin")
    again = kind(jax.random.key(0), **model.configuration)
    assert jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.all(a == b)), model, again))


def test_the_kinds_are_told_apart():
    assert isinstance(HNN(jax.random.key(0), 1, width=2), AbstractHamiltonian)
    assert not isinstance(Baseline(jax.random.key(0), 1, width=2), AbstractHamiltonian)


@pytest.mark.parametrize("kind", PAIR)
@pytest.mark.parametrize("wrong", [{"width": 0}, {"depth": 0}, {"degrees_of_freedom": 0}, {"activation": "relu"}])
def test_impossible_shapes_are_refused(kind, wrong):
    with pytest.raises(InputError, match="Network: expected"):
        kind(jax.random.key(0), **({"degrees_of_freedom": 1} | wrong))
