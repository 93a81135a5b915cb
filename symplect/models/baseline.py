"""The plain network the paper compares with."""

from typing import ClassVar, final

from symplect._types import Key, Scalar, State
from symplect.models._model import AbstractNetworkModel
from symplect.models.network import Network


@final
class Baseline(AbstractNetworkModel):
    """A network for the time derivative itself, with no physics in it (Greydanus et al. 2019, section 3).

    Args:
        key: random key of the initial weights.
        degrees_of_freedom: number of (q, p) pairs.
        width, depth, activation: sizes and activation of the hidden layers; the defaults are the published ones.

    Raises:
        InputError: a size that is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> model = Baseline(jax.random.key(0), degrees_of_freedom=1)
        >>> model.time_derivative(jnp.array([1.0, 0.0])).shape
        (2,)
    """

    formula: ClassVar[str] = "dz/dt = network(z)"

    network: Network

    def __init__(
        self, key: Key, degrees_of_freedom: int, *, width: int = 200, depth: int = 2, activation: str = "tanh"
    ):
        size = 2 * degrees_of_freedom
        self.network = Network(key, size, size, width=width, depth=depth, activation=activation)

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        return self.network(z)
