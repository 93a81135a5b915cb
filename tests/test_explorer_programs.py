"""The programs of the page: every model kind and every system, lowered and run by NumPy, against JAX."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect.models import EulerLagrange
from symplect.views.explorer.payload import payload
from tests.every_model import MODELS
from tests.programs import decoded, run


def functions(model):
    """Returns what a page can ask of a model."""
    found = {"field": model.time_derivative, "jacobian": lambda z: jax.jacfwd(model.time_derivative)(z).ravel()}
    if hasattr(model, "hamiltonian"):
        found |= {"hamiltonian": model.hamiltonian, "gradient": jax.grad(model.hamiltonian)}
    if isinstance(model, EulerLagrange):
        found["density"] = model.density
    return found


@pytest.mark.parametrize("name", MODELS)
def test_a_program_computes_what_jax_computes(name):
    model = MODELS[name]()
    found = payload(model)
    precision = np.dtype(found["precision"])
    assert found["programs"].keys() == functions(model).keys()
    states = np.random.default_rng(3).standard_normal((5, 2 * model.degrees_of_freedom)).astype(precision)
    for what, function in functions(model).items():
        for state, exact in zip(states, jax.jit(jax.vmap(function))(jnp.asarray(states)), strict=True):
            expected = np.ravel(exact)
            result = run(found["programs"][what], decoded(found), state)
            tolerance = np.max(np.abs(expected)) * (1e-5 if precision == np.float32 else 1e-12)
            np.testing.assert_allclose(result, expected, atol=tolerance)
