"""A model as the page takes it: its weights, and its programs."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from symplect._types import State
from symplect.dynamics import AbstractDynamics, AbstractEnergyDynamics
from symplect.errors import InputError
from symplect.models import EulerLagrange
from symplect.precision import cast
from symplect.views.explorer.arrays import Arrays
from symplect.views.explorer.content import Payload
from symplect.views.explorer.program import lower

MOST_DEGREES = 24
"""Of freedom, for which the page computes volumes; above, the derivative of the field would fill the page."""


def payload(model: AbstractDynamics) -> Payload:
    """Return the weights and the programs of a model or of a true system, as JSON can hold them.

    Programs: `field`, its `jacobian` up to `MOST_DEGREES`, and `hamiltonian` with its `gradient` where there is one;
    the `density` of phase space where states hold velocities.

    Raises:
        InputError: numbers that are not finite, or an operation that the page does not know.

    Example:
        >>> from symplect.models import HNN
        >>> found = payload(HNN(jax.random.key(0), 1, width=4))
        >>> found["precision"], list(found["programs"])
        ('float32', ['field', 'jacobian', 'hamiltonian', 'gradient'])
    """
    precision = _precision(model)
    arrays = Arrays(precision)
    with jax.enable_x64(precision == np.float64):
        exact = cast(model, precision)
        n = model.degrees_of_freedom
        programs = {name: lower(function, 2 * n, arrays) for name, function in _functions(exact).items()}
    return {"precision": precision.name, "degrees_of_freedom": n, "arrays": arrays.base64(), "programs": programs}


def _functions(model: AbstractDynamics) -> dict[str, Callable[[State], jax.Array]]:
    found: dict[str, Callable[[State], jax.Array]] = {"field": model.time_derivative}
    if model.degrees_of_freedom <= MOST_DEGREES:
        found["jacobian"] = lambda z: jnp.ravel(jax.jacfwd(model.time_derivative)(z))
    if isinstance(model, AbstractEnergyDynamics):
        found |= {"hamiltonian": model.hamiltonian, "gradient": jax.grad(model.hamiltonian)}
    if isinstance(model, EulerLagrange):
        found["density"] = model.density
    return found


def _precision(model: AbstractDynamics) -> np.dtype:
    """Return the precision of a model's numbers: float64 where they are Python's."""
    found = [np.asarray(leaf) for leaf in jax.tree.leaves(model) if eqx.is_inexact_array_like(leaf)]
    if not all(np.all(np.isfinite(array)) for array in found):
        raise InputError("expected finite weights, found NaN or infinity among them: the fit has diverged")
    single = all(array.dtype == np.float32 for array in found if array.size)
    return np.dtype(np.float32 if single else np.float64)
