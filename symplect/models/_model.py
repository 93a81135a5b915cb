"""What every model has beside its dynamics: what it takes to save it, and to load it again."""

import abc
from collections.abc import Mapping
from typing import ClassVar

from symplect.dynamics import AbstractDynamics


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
