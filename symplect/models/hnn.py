"""The Hamiltonian neural network."""

from typing import ClassVar, final

from symplect._types import Key, Scalar, State
from symplect.dynamics import AbstractHamiltonian
from symplect.models._model import AbstractNetworkModel
from symplect.models.network import Network


@final
class HNN(AbstractHamiltonian, AbstractNetworkModel):
    """A network for the scalar `H(z)`; the dynamics are its symplectic gradient (Greydanus et al. 2019, section 2).

    Args:
        key: random key of the initial weights.
        degrees_of_freedom: number of (q, p) pairs.
        width, depth, activation: sizes and activation of the hidden layers; the defaults are the published ones.

    Raises:
        InputError: a size that is not positive.

    Example:
        >>> import jax, jax.numpy as jnp
        >>> model = HNN(jax.random.key(0), degrees_of_freedom=1)
        >>> model.time_derivative(jnp.array([1.0, 0.0])).shape
        (2,)
    """

    formula: ClassVar[str] = "H(z) = network(z)[0]"

    network: Network

    def __init__(
        self, key: Key, degrees_of_freedom: int, *, width: int = 200, depth: int = 2, activation: str = "tanh"
    ):
        self.network = Network(key, 2 * degrees_of_freedom, 1, width=width, depth=depth, activation=activation)

    def hamiltonian(self, z: State) -> Scalar:
        """Return the learned energy, up to the constant that no data determine."""
        return self.network(z)[0]
