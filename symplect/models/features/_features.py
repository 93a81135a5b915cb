"""What features are: a fixed map from a state to many numbers, none of them constant."""

import abc
from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from symplect._types import State

Values = Float[Array, " features"]
Penalties = Float[np.ndarray, " features"]
Couples = Bool[np.ndarray, " features"]


class AbstractFeatures(eqx.Module):
    """A fixed map from a state (or a part of one) to `size` numbers; `a + b` lays two such maps end to end.

    Attributes:
        formula: the map in words, for readers of an exported file.
    """

    formula: ClassVar[str]

    @property
    @abc.abstractmethod
    def size(self) -> int:
        """The number of features."""

    @abc.abstractmethod
    def __call__(self, z: State) -> Values:
        """Return the features of one state."""

    @property
    def couples(self) -> Couples:
        """Whether each feature, of a state, may depend on positions and momenta both: all, unless known better."""
        return np.ones(self.size, bool)

    @property
    def penalties(self) -> Penalties:
        """How strongly a ridge holds down the weight of each feature: 1 unless the feature is known to be harmless."""
        return np.ones(self.size)

    def __add__(self, other: "AbstractFeatures") -> "Concatenated":
        return Concatenated((self, other))


@final
class Concatenated(AbstractFeatures):
    """Features laid end to end.

    Args:
        parts: features of the same state.

    Example:
        >>> from symplect.models.features import Polynomial
        >>> (Polynomial(2, degree=1) + Polynomial(2, degree=2))(jnp.array([2.0, 3.0])).tolist()
        [2.0, 3.0, 2.0, 3.0, 4.0, 6.0, 9.0]
    """

    formula: ClassVar[str] = "the features of all parts, laid end to end"

    parts: tuple[AbstractFeatures, ...]

    @property
    def size(self) -> int:
        return sum(part.size for part in self.parts)

    def __call__(self, z: State) -> Values:
        return jnp.concatenate([part(z) for part in self.parts])

    @property
    def couples(self) -> Couples:
        return np.concatenate([part.couples for part in self.parts])

    @property
    def penalties(self) -> Penalties:
        return np.concatenate([part.penalties for part in self.parts])
