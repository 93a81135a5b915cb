"""From an observation of many numbers to a few, and back."""

from typing import ClassVar, final

import equinox as eqx
import jax
from jaxtyping import Array, Float

from symplect._types import Key, State
from symplect.errors import InputError
from symplect.models.network import Biases, Weights, initial_layers

Observation = Float[Array, " pixels"]

LATENTS = 2
"""One angle and its momentum."""


@final
class ResidualNetwork(eqx.Module):
    """Four layers, ReLU between them, the two middle ones adding to what they are given.

    Args:
        key: random key of the initial weights.
        inputs: length of the input.
        outputs: length of the output.
        width: units of every hidden layer.
    """

    formula: ClassVar[str] = (
        "h = relu(x @ weights[0] + biases[0]); h = h + relu(h @ weights[i] + biases[i]) for i = 1, 2; result h @ "
        "weights[3] + biases[3]"
    )

    weights: Weights
    biases: Biases

    def __init__(self, key: Key, inputs: int, outputs: int, *, width: int):
        self.weights, self.biases = initial_layers(key, (inputs, width, width, width, outputs))

    def __call__(self, x: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        (w1, w2, w3, w4), (b1, b2, b3, b4) = self.weights, self.biases
        h = jax.nn.relu(x @ w1 + b1)
        h = h + jax.nn.relu(h @ w2 + b2)
        h = h + jax.nn.relu(h @ w3 + b3)
        return h @ w4 + b4


@final
class Autoencoder(eqx.Module):
    """An encoder to a latent state and a decoder from it (Greydanus et al. 2019, section 5 and appendix A).

    Args:
        key: random key of the initial weights.
        pixels: length of an observation.
        width: units of every hidden layer.

    Raises:
        InputError: a size that is not positive.

    Example:
        >>> import jax.numpy as jnp
        >>> autoencoder = Autoencoder(jax.random.key(0), pixels=50, width=8)
        >>> autoencoder.decode(autoencoder.encode(jnp.zeros(50))).shape
        (50,)
    """

    formula: ClassVar[str] = "an encoder from observations to latent states z = [q, p], and a decoder back"

    encoder: ResidualNetwork
    decoder: ResidualNetwork

    def __init__(self, key: Key, *, pixels: int, width: int = 200):
        if min(pixels, width) < 1:
            raise InputError(f"Autoencoder: expected positive sizes, found pixels={pixels}, width={width}")
        key_encoder, key_decoder = jax.random.split(key)
        self.encoder = ResidualNetwork(key_encoder, pixels, LATENTS, width=width)
        self.decoder = ResidualNetwork(key_decoder, LATENTS, pixels, width=width)

    def encode(self, x: Observation) -> State:
        """Return the latent state of one observation."""
        return self.encoder(x)

    def decode(self, z: State) -> Observation:
        """Return the observation that belongs to one latent state."""
        return self.decoder(z)

    @property
    def configuration(self) -> dict[str, int]:
        """The sizes that make an autoencoder of this shape again."""
        pixels, width = self.encoder.weights[0].shape
        return {"pixels": pixels, "width": width}
