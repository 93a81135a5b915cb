"""The loss whose gradient is written out is the loss that jax.grad differentiates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN
from symplect.fitting.gradient import mean_squared_error
from symplect.models.network import ACTIVATIONS


def plain_loss(model, states, derivatives):
    return jnp.mean((jax.vmap(model.time_derivative)(states) - derivatives) ** 2)


def problem(activation, depth, degrees_of_freedom):
    model = HNN(jax.random.key(0), degrees_of_freedom, width=7, depth=depth, activation=activation)
    model = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), model)
    states = jax.random.normal(jax.random.key(1), (11, 2 * degrees_of_freedom), jnp.float64)
    return model, states, jnp.cos(states)


def require_same(found, expected):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14), found, expected)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(("depth", "degrees_of_freedom"), [(1, 1), (2, 1), (3, 2), (2, 7)])
def test_the_value_and_all_gradients_are_those_of_the_plain_loss(activation, depth, degrees_of_freedom):
    given = problem(activation, depth, degrees_of_freedom)
    expected = jax.value_and_grad(plain_loss, (0, 1, 2))(*given)
    require_same(jax.value_and_grad(mean_squared_error, (0, 1, 2))(*given), expected)
    np.testing.assert_allclose(mean_squared_error(*given), expected[0], rtol=1e-12)


def test_it_is_differentiated_twice_as_well():
    model, states, derivatives = problem("tanh", 2, 1)

    def curvature(loss):
        return jax.grad(lambda z: jnp.sum(jax.grad(lambda z: loss(model, z, derivatives))(z) ** 2))(states)

    require_same(curvature(mean_squared_error), curvature(plain_loss))


def test_many_networks_at_once():
    models = [problem("tanh", 2, 1)[0], jax.tree.map(lambda leaf: 2 * leaf, problem("tanh", 2, 1)[0])]
    _, states, derivatives = problem("tanh", 2, 1)
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *models)
    found = jax.vmap(jax.grad(mean_squared_error), (0, None, None))(stacked, states, derivatives)
    for number, model in enumerate(models):
        expected = jax.grad(plain_loss)(model, states, derivatives)
        require_same(jax.tree.map(lambda leaf, number=number: leaf[number], found), expected)


def test_gradients_have_the_precision_of_what_they_belong_to():
    model, states, derivatives = problem("tanh", 2, 1)
    single = jax.tree.map(lambda leaf: leaf.astype(jnp.float32), model)
    found = jax.grad(mean_squared_error, (0, 1))(single, states, derivatives)
    assert {leaf.dtype for leaf in jax.tree.leaves(found[0])} == {jnp.dtype("float32")}
    assert found[1].dtype == jnp.float64
