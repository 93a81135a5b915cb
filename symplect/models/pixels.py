"""Dynamics learned from observations: an autoencoder, and a model that moves its latent state."""

from typing import ClassVar, final

import equinox as eqx
import jax

from symplect._types import Key, Scalar, State
from symplect.dynamics import AbstractHamiltonian
from symplect.models._model import AbstractModel
from symplect.models.autoencoder import Autoencoder, Observation
from symplect.models.baseline import Baseline
from symplect.models.hnn import HNN

PIXELS = 2 * 28 * 28
"""Two neighbouring frames, without which the velocity cannot be seen."""


class AbstractPixelDynamics(AbstractModel):
    """Dynamics whose state `z = (q, p)` is latent: encoded from an observation, and decoded to one.

    Everything that takes dynamics moves the latent state. Time counts frames.
    """

    autoencoder: eqx.AbstractVar[Autoencoder]

    def encode(self, x: Observation) -> State:
        """Return the latent state of an observation, two neighbouring frames laid end to end, the earlier first."""
        return self.autoencoder.encode(x)

    def decode(self, z: State) -> Observation:
        """Return the observation that belongs to a latent state."""
        return self.autoencoder.decode(z)

    @property
    def degrees_of_freedom(self) -> int:
        return 1

    @property
    def configuration(self) -> dict[str, int]:
        """The arguments that make a model of this shape again."""
        return self.autoencoder.configuration


@final
class PixelHNN(AbstractPixelDynamics, AbstractHamiltonian):
    """An HNN that moves the latent state of an autoencoder (Greydanus et al. 2019, section 5).

    Args:
        key: random key of the initial weights.
        pixels: length of an observation.
        width: units of every hidden layer.

    Raises:
        InputError: a size that is not positive.

    Example:
        >>> import jax.numpy as jnp
        >>> model = PixelHNN(jax.random.key(0), pixels=50, width=8)
        >>> model.time_derivative(model.encode(jnp.zeros(50))).shape
        (2,)
    """

    formula: ClassVar[str] = (
        "z = encoder(x) of an observation x, two frames end to end; H(z) = latent.network(z)[0]; x = decoder(z)"
    )

    autoencoder: Autoencoder
    latent: HNN

    def __init__(self, key: Key, *, pixels: int = PIXELS, width: int = 200):
        key_autoencoder, key_latent = jax.random.split(key)
        self.autoencoder = Autoencoder(key_autoencoder, pixels=pixels, width=width)
        self.latent = HNN(key_latent, 1, width=width)

    def hamiltonian(self, z: State) -> Scalar:
        """Return the learned energy of a latent state, up to a constant."""
        return self.latent.hamiltonian(z)


@final
class PixelBaseline(AbstractPixelDynamics):
    """The same with a plain network for the latent state's time derivative.

    Args:
        key: random key of the initial weights.
        pixels: length of an observation.
        width: units of every hidden layer.

    Raises:
        InputError: a size that is not positive.

    Example:
        >>> import jax.numpy as jnp
        >>> model = PixelBaseline(jax.random.key(0), pixels=50, width=8)
        >>> model.time_derivative(model.encode(jnp.zeros(50))).shape
        (2,)
    """

    formula: ClassVar[str] = (
        "z = encoder(x) of an observation x, two frames end to end; dz/dt = latent.network(z); x = decoder(z)"
    )

    autoencoder: Autoencoder
    latent: Baseline

    def __init__(self, key: Key, *, pixels: int = PIXELS, width: int = 200):
        key_autoencoder, key_latent = jax.random.split(key)
        self.autoencoder = Autoencoder(key_autoencoder, pixels=pixels, width=width)
        self.latent = Baseline(key_latent, 1, width=width)

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        return self.latent.time_derivative(z, t)
