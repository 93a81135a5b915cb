"""Features know their derivatives in closed form, in NumPy, and they are those of JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect.models import FeatureField, FeatureHamiltonian, PortHamiltonian
from symplect.models.features import ChebyshevLog, InversePowers
from symplect.models.features._features import AbstractFeatures
from symplect.models.features.distances import AbstractRadial
from tests.every_model import MODELS


def features_of(name):
    model = MODELS[name]()
    model = model.conservative if isinstance(model, PortHamiltonian) else model
    return (model.features, 2 * model.degrees_of_freedom) if hasattr(model, "features") else (None, 0)


LINEAR = [
    name
    for name, make in MODELS.items()
    if isinstance(make(), FeatureHamiltonian | FeatureField) or name == "dissipative"
]


@pytest.mark.parametrize("name", LINEAR)
def test_derivatives_in_closed_form_are_those_of_jax(name):
    features, dimension = features_of(name)
    states = np.random.default_rng(5).standard_normal((dimension, 7))
    weights = np.random.default_rng(6).standard_normal((features.size, 7))
    found, compiled = features.derivatives()(states), AbstractFeatures.derivatives(features)(states)
    with jax.enable_x64(True):
        values = jax.vmap(features)(jnp.asarray(states.T))
    np.testing.assert_allclose(found.values, np.asarray(values).T, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.values, compiled.values, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.gradients, compiled.gradients, rtol=1e-10, atol=1e-10)
    for some in (weights, weights[:, 0]):
        np.testing.assert_allclose(found.hessian(some), compiled.hessian(some), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("radial", [ChebyshevLog(6, 0.2, 3.0), InversePowers((1, -2, 3))], ids=str)
def test_derivatives_of_functions_of_a_distance_are_those_of_jax(radial):
    r = np.random.default_rng(0).uniform(0.3, 2.5, (3, 5))
    for found, compiled in zip(radial.derivatives(r), AbstractRadial.derivatives(radial, r), strict=True):
        assert found.shape == (radial.size, 3, 5)
        np.testing.assert_allclose(found, compiled, rtol=1e-9, atol=1e-9)
