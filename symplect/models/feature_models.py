"""Models that are linear in what is fitted: a weighted sum of fixed features."""

from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import Scalar, State
from symplect.dynamics import AbstractHamiltonian, split
from symplect.models._model import AbstractModelOfParts
from symplect.models.features import AbstractFeatures
from symplect.precision import on_device


@final
class FeatureHamiltonian(AbstractHamiltonian, AbstractModelOfParts):
    r"""$H(z) = \sum_k c_k \phi_k(z)$ with fixed features, so that the vector field is linear in the weights $c$.

    A network with one hidden layer whose inner weights are drawn rather than trained (Rahma, Datar, Dietrich 2024,
    arXiv:2411.17511), or any other features.

    Args:
        features: basis over a state.
        weights: $c$; zero unless given.
        degrees_of_freedom: number of (q, p) pairs.
        newtonian: whether `H = |p|^2 / 2 + sum c_k phi_k`, so that `p = dq/dt`; the features then see positions only.

    Example:
        >>> from symplect.models.features import Polynomial
        >>> spring = FeatureHamiltonian(Polynomial(2, degree=2), jnp.array([0.0, 0.0, 1.0, 0.0, 1.0]))
        >>> spring.time_derivative(jnp.array([1.0, 0.0])).tolist()  # H = q^2 + p^2
        [0.0, -2.0]
    """

    formula: ClassVar[str] = "H(z) = sum_k weights[k] features(z)[k], plus sum(p^2) / 2 if newtonian"

    features: AbstractFeatures
    weights: Float[Array, " features"]
    size: int = eqx.field(static=True)
    newtonian: bool = eqx.field(static=True)

    def __init__(
        self,
        features: AbstractFeatures,
        weights: Float[Array, " features"] | None = None,
        degrees_of_freedom: int = 1,
        *,
        newtonian: bool = False,
    ):
        self.features = features
        self.weights = on_device(np.zeros(features.size)) if weights is None else weights
        self.size = degrees_of_freedom
        self.newtonian = newtonian

    @property
    def degrees_of_freedom(self) -> int:
        return self.size

    @property
    def separable(self) -> bool:
        return self.newtonian or not bool(np.any(self.features.couples))

    def hamiltonian(self, z: State) -> Scalar:
        """Return the learned energy, up to the constant that no data determine."""
        learned = self.features(z) @ self.weights
        return learned + jnp.sum(split(z)[1] ** 2) / 2 if self.newtonian else learned


@final
class FeatureField(AbstractModelOfParts):
    r"""$\dot z = \sum_k c_k \phi_k(z) + c_0$ with a weight vector per feature: the same, with no physics in it.

    Args:
        features: basis over a state.
        weights: $c$; zero unless given.
        constant: $c_0$; zero unless given.
        degrees_of_freedom: number of (q, p) pairs.

    Example:
        >>> from symplect.models.features import Polynomial
        >>> turning = FeatureField(Polynomial(2, degree=1), jnp.array([[0.0, -1.0], [1.0, 0.0]]))
        >>> turning.time_derivative(jnp.array([1.0, 0.0])).tolist()
        [0.0, -1.0]
    """

    formula: ClassVar[str] = "dz/dt = features(z) @ weights + constant"

    features: AbstractFeatures
    weights: Float[Array, "features dimension"]
    constant: Float[Array, " dimension"]

    def __init__(
        self,
        features: AbstractFeatures,
        weights: Float[Array, "features dimension"] | None = None,
        constant: Float[Array, " dimension"] | None = None,
        degrees_of_freedom: int = 1,
    ):
        dimension = 2 * degrees_of_freedom
        self.features = features
        self.weights = on_device(np.zeros((features.size, dimension))) if weights is None else weights
        self.constant = on_device(np.zeros(dimension)) if constant is None else constant

    @property
    def degrees_of_freedom(self) -> int:
        return self.constant.shape[0] // 2

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        return self.features(z) @ self.weights + self.constant
