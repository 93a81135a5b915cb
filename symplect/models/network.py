"""The multilayer perceptron of the published models."""

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import ClassVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from symplect._types import Key
from symplect.errors import InputError

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": jnp.tanh,
    "sin": jnp.sin,
    "softplus": jax.nn.softplus,
    "silu": jax.nn.silu,
    "gelu": jax.nn.gelu,
}
"""Twice differentiable nonlinearities by name; ReLU is not one, its Hamiltonian has kinks."""


Weights = tuple[Float[Array, "inputs outputs"], ...]
Biases = tuple[Float[Array, " outputs"], ...]


@partial(jax.jit, static_argnames="sizes")  # one program to load at the start of a process, and not a dozen
def initial_layers(key: Key, sizes: tuple[int, ...]) -> tuple[Weights, Biases]:
    """Return orthogonal weights, and biases uniform in `1 / sqrt(inputs)`, of layers between the given sizes."""
    shapes = list(pairwise(sizes))
    keys = jax.random.split(key, 2 * len(shapes))
    orthogonal = jax.nn.initializers.orthogonal()
    weights = [orthogonal(key, shape, jnp.float32) for key, shape in zip(keys, shapes, strict=False)]
    biases = [
        jax.random.uniform(key, (outputs,), jnp.float32, -(inputs**-0.5), inputs**-0.5)
        for key, (inputs, outputs) in zip(keys[len(shapes) :], shapes, strict=True)
    ]
    return tuple(weights), tuple(biases)


@final
class Network(eqx.Module):
    """Hidden layers `h -> activation(h W + b)` and a linear output without bias.

    Orthogonal weights and biases uniform in `1 / sqrt(inputs)`, as published. Weights are stored inputs first, and
    not as in `equinox.nn.Linear`: the product that gives the gradient of a layer with few inputs is then fast in XLA,
    which is a tenth of a training step.

    Args:
        key: random key of the initial weights.
        inputs: length of the input.
        outputs: length of the output.
        width: units of every hidden layer.
        depth: number of hidden layers.
        activation: a name in `ACTIVATIONS`.

    Raises:
        InputError: a size that is not positive, or an unknown activation.
    """

    formula: ClassVar[str] = (
        "h = z; h = activation(h @ weights[i] + biases[i]) for every i but the last; result h @ weights[last], "
        "without bias. Activations: tanh; sin; softplus(x) = ln(1 + e^x); silu(x) = x / (1 + e^-x); gelu(x) = x "
        "(1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2"
    )

    weights: Weights
    biases: Biases
    activation: str = eqx.field(static=True)

    def __init__(self, key: Key, inputs: int, outputs: int, *, width: int, depth: int, activation: str):
        if min(inputs, outputs, width, depth) < 1:
            found = f"inputs={inputs}, outputs={outputs}, width={width}, depth={depth}"
            raise InputError(f"Network: expected positive sizes, found {found}")
        if activation not in ACTIVATIONS:
            raise InputError(f"Network: expected an activation out of {', '.join(ACTIVATIONS)}, found {activation!r}")
        self.weights, biases = initial_layers(key, (inputs, *[width] * depth, outputs))
        self.biases = biases[:-1]
        self.activation = activation

    def __call__(self, x: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        for weight, bias in zip(self.weights, self.biases, strict=False):
            x = ACTIVATIONS[self.activation](x @ weight + bias)
        return x @ self.weights[-1]

    @property
    def configuration(self) -> dict[str, int | str]:
        """The settings that make a network of this shape again."""
        return {"width": self.weights[0].shape[1], "depth": len(self.biases), "activation": self.activation}
