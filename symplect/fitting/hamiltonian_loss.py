r"""The paper's loss of a Hamiltonian network, with its gradient written out.

With $f = J \nabla H$ and what it misses, $r = f - \dot z$, the gradient of the loss in the weights is that of
$v \cdot \nabla H$ with $v = J^T r$ held still, and so the change of $\nabla_\theta H$ along $v$. One more pass forward
and backward gives it (Pearlmutter 1994, "Fast exact multiplication by the Hessian", section 3). `jax.grad` takes
the same products of matrices and passes over the arrays between them more often.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from symplect._types import Scalar
from symplect.dynamics import rotate
from symplect.models.network import ACTIVATIONS, Network

Rows = Float[Array, "rows dimension"]
Units = Float[Array, "rows _"]

_FEW = 12  # rows of a matrix whose product is done in the loop of the activation after it, and not in a pass by itself


@jax.custom_vjp
def hamiltonian_loss(network: Network, states: Rows, derivatives: Rows) -> Scalar:
    """Return the mean over all elements of `(f(z) - dz/dt)^2`, with `f` the symplectic gradient of a network.

    Args:
        network: its one output is the energy.
        states: a sample per row.
        derivatives: their time derivatives.
    """
    return _value_and_gradients(network, states, derivatives)[0]


def _value_and_gradients(
    network: Network, states: Rows, derivatives: Rows
) -> tuple[Scalar, tuple[Network, Rows, Rows]]:
    """Return the loss and its gradients in all arguments; a dot above, as in dh, is a change along v."""
    *weights, readout = network.weights
    h, s, c = [states], [], []  # outputs, slopes and curvatures of the layers
    for weight, b in zip(weights, network.biases, strict=True):
        value, slope, curvature = _activation(network.activation, _product(h[-1], weight) + b[None])
        h, s, c = [*h, value], [*s, slope], [*c, curvature]

    e = readout.T  # dH/dh of a layer
    es, ds = [], []  # and with d = dH/da, where a is what the activation sees
    for weight, slope in zip(weights[::-1], s[::-1], strict=True):
        es, ds = [e, *es], [e * slope, *ds]
        e = ds[0] @ weight.T

    missed = jax.vmap(rotate)(e) - derivatives
    change = missed * (2 / missed.size)
    dh = [-jax.vmap(rotate)(change)]
    da = []
    for weight, slope in zip(weights, s, strict=True):
        da = [*da, _product(dh[-1], weight)]
        dh = [*dh, slope * da[-1]]

    de = jnp.zeros_like(readout.T)
    dds = []
    for weight, slope, curvature, e, a in zip(weights[::-1], s[::-1], c[::-1], es[::-1], da[::-1], strict=True):
        dds = [de * slope + e * curvature * a, *dds]
        de = dds[0] @ weight.T

    along = [dh_.T @ d + h_.T @ dd for dh_, d, h_, dd in zip(dh, ds, h, dds, strict=False)]
    gradient = jax.tree.unflatten(
        jax.tree.structure(network), [*along, jnp.sum(dh[-1], 0)[:, None], *(jnp.sum(dd, 0) for dd in dds)]
    )
    gradients = (gradient, de, -change)
    given = (network, states, derivatives)
    return jnp.mean(missed**2), jax.tree.map(lambda found, like: found.astype(like.dtype), gradients, given)


def _product(x: Units, weight: Float[Array, "_ outputs"]) -> Units:
    if len(weight) > _FEW:
        return x @ weight
    return sum((x[:, i, None] * weight[None, i] for i in range(1, len(weight))), start=x[:, :1] * weight[:1])


def _activation(name: str, a: Units) -> tuple[Units, Units, Units]:
    """Return the activation, its first and its second derivative."""

    def differentiated(function: Callable[[Array], Any]) -> Callable[[Array], Any]:
        return lambda x: jax.jvp(function, (x,), (jnp.ones_like(x),))

    (value, slope), (_, curvature) = differentiated(differentiated(ACTIVATIONS[name]))(a)
    return value, slope, curvature


def _pull_back(gradients: tuple[Network, Rows, Rows], cotangent: Scalar) -> tuple[Network, Rows, Rows]:
    return jax.tree.map(lambda leaf: cotangent.astype(leaf.dtype) * leaf, gradients)


hamiltonian_loss.defvjp(_value_and_gradients, _pull_back)
