"""Learned mechanical systems: a mass matrix and a potential, linear in what is fitted or of a network."""

from typing import ClassVar, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import Half, Key, Scalar
from symplect.mechanics import AbstractMechanical, Matrix, symmetric
from symplect.models._model import AbstractModelOfParts, AbstractNetworkModel
from symplect.models.features import AbstractFeatures
from symplect.models.network import Network
from symplect.precision import on_device

_LEAST = 1e-3  # on the diagonal of L, so that M has an inverse


@final
class FeatureMechanical(AbstractMechanical, AbstractModelOfParts):
    r"""$M(q) = A_0 + \sum_k \phi_k(q) A_k$ and $V(q) = \sum_k c_k \psi_k(q)$ with fixed features.

    The equations of Euler and Lagrange are then linear in the entries of all $A_k$ and in $c$. Nothing makes M positive
    definite but the data; `least_mass` of a fit says where it is not.

    Args:
        potential_features: $\psi$, over positions.
        mass_features: $\phi$, over positions; a constant mass matrix unless given.
        potential_weights: $c$; zero unless given.
        mass_weights: $A_0$, then all $A_k$, their lower triangles row by row; the identity unless given.
        degrees_of_freedom: number of positions.

    Example:
        >>> import jax.numpy as jnp
        >>> from symplect.models.features import Fourier
        >>> pendulum = FeatureMechanical(Fourier(((1,),)), potential_weights=jnp.array([-1.0, 0.0]))
        >>> pendulum.hamiltonian(jnp.array([0.0, 2.0])).item()
        1.0
    """

    formula: ClassVar[str] = (
        "H = p . M^-1 p / 2 + V with V = potential_features(q) @ potential_weights and the lower triangle of M, row by "
        "row, [1, mass_features(q)...] @ mass_weights"
    )

    potential_features: AbstractFeatures
    mass_features: AbstractFeatures | None
    potential_weights: Float[Array, " potential_features"]
    mass_weights: Float[Array, "mass_features entries"]

    def __init__(
        self,
        potential_features: AbstractFeatures,
        mass_features: AbstractFeatures | None = None,
        potential_weights: Float[Array, " potential_features"] | None = None,
        mass_weights: Float[Array, "mass_features entries"] | None = None,
        degrees_of_freedom: int = 1,
    ):
        n = degrees_of_freedom
        constant = np.eye(n)[np.tril_indices(n)]
        others = np.zeros((mass_features.size if mass_features else 0, len(constant)))
        self.potential_features, self.mass_features = potential_features, mass_features
        self.potential_weights = (
            on_device(np.zeros(potential_features.size)) if potential_weights is None else potential_weights
        )
        self.mass_weights = on_device(np.vstack([constant, others])) if mass_weights is None else mass_weights

    @property
    def degrees_of_freedom(self) -> int:
        return (int((8 * self.mass_weights.shape[1] + 1) ** 0.5) - 1) // 2

    def mass_matrix(self, q: Half) -> Matrix:
        """Return `M(q)`, up to a factor where no force was known to the fit."""
        lower = self.mass_weights[0]
        if self.mass_features:
            lower = lower + self.mass_features(q) @ self.mass_weights[1:]
        return symmetric(lower, self.degrees_of_freedom)

    def potential(self, q: Half) -> Scalar:
        """Return the learned potential, up to the constant that no data determine."""
        return self.potential_features(q) @ self.potential_weights


@final
class MechanicalHNN(AbstractMechanical, AbstractNetworkModel):
    r"""A network for $M = L L^T$, whose diagonal of L is positive, and for V.

    Known as a structured HNN, and trained on torques as a Deep Lagrangian Network. Source: Lutter, Ritter, Peters 2019
    (arXiv:1907.04490), section 3.

    Args:
        key: random key of the initial weights.
        degrees_of_freedom: number of positions.
        width, depth, activation: sizes and activation of the hidden layers.

    Raises:
        InputError: a size that is not positive.

    Example:
        >>> import jax.numpy as jnp
        >>> model = MechanicalHNN(jax.random.key(0), degrees_of_freedom=2, width=8)
        >>> model.mass_matrix(jnp.zeros(2)).shape
        (2, 2)
    """

    formula: ClassVar[str] = (
        "H = p . M^-1 p / 2 + V; out = network(q): V = out[0], then the lower triangle of L, row by row, its diagonal "
        "softplus(x) + 1e-3; M = L L^T"
    )

    network: Network

    def __init__(
        self, key: Key, degrees_of_freedom: int, *, width: int = 64, depth: int = 2, activation: str = "softplus"
    ):
        n = degrees_of_freedom
        self.network = Network(key, n, 1 + n * (n + 1) // 2, width=width, depth=depth, activation=activation)

    @property
    def degrees_of_freedom(self) -> int:
        return self.network.weights[0].shape[0]

    def mass_matrix(self, q: Half) -> Matrix:
        n = self.degrees_of_freedom
        free = symmetric(self.network(q)[1:], n)
        below, diagonal = on_device(np.tri(n, k=-1)), on_device(np.eye(n))
        L = below.astype(free.dtype) * free + diagonal.astype(free.dtype) * (jax.nn.softplus(free) + _LEAST)
        return jnp.sum(L[:, None] * L[None], axis=2)

    def potential(self, q: Half) -> Scalar:
        return self.network(q)[0]
