"""What every model has beside its dynamics: what it takes to save it, and to load it again."""

import abc
from collections.abc import Mapping
from typing import ClassVar

import equinox as eqx

from symplect.dynamics import AbstractDynamics
from symplect.models.description import describe
from symplect.models.network import Network


class AbstractModel(AbstractDynamics):
    """Dynamics that can be saved and loaded: networks, and models that are put together from parts.

    Attributes:
        formula: the dynamics in words, for readers of an exported file; `@` is a product of matrices, `*` one of
            entries, and arrays are called as in the file.
    """

    formula: ClassVar[str]

    @property
    @abc.abstractmethod
    def configuration(self) -> Mapping[str, object]:
        """Every argument of the constructor but the key, or the parts of a model without their numbers.

        What is left out would be its default when the model is loaded, so that is refused before anything is trained.
        """


class AbstractModelOfParts(AbstractModel):
    """A model that is made again out of its parts, without the numbers in their arrays."""

    @property
    def configuration(self) -> Mapping[str, object]:
        return describe(self)


class AbstractNetworkModel(AbstractModel):
    """A model that is one network of a state, and is made again out of the sizes of its layers."""

    network: eqx.AbstractVar[Network]

    @property
    def degrees_of_freedom(self) -> int:
        return self.network.weights[0].shape[0] // 2

    @property
    def configuration(self) -> Mapping[str, object]:
        return {"degrees_of_freedom": self.degrees_of_freedom, **self.network.configuration}
