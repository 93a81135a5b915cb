"""Models as functions of their fitted numbers, with derivatives, at many states at once: small fits in NumPy."""

import abc
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Float

from symplect.fitting.parametrised import Parametrised
from symplect.models import FeatureField

States = Float[np.ndarray, "dimension samples"]
Inputs = Float[np.ndarray, "channels samples"]
Parameters = Float[np.ndarray, " parameters"]


@dataclass(frozen=True, eq=False)
class Linearised:
    """The field at some states.

    Attributes:
        velocity: the time derivative.
        by_state, by_parameters: its derivatives.
    """

    velocity: States
    by_state: Float[np.ndarray, "dimension dimension samples"]
    by_parameters: Float[np.ndarray, "dimension parameters samples"]


class AbstractField(abc.ABC):
    """A model as a function of what is fitted in it.

    Where a model of features is linear in its weights, so is its field; friction enters by its coefficients rather
    than by the roots that a `PortHamiltonian` has of them.

    Attributes:
        start: the numbers that give the model itself.
        linear: whether the field is linear in each kind of its parameters, so that any numbers do to begin with.
    """

    start: Parameters
    linear: bool

    @abc.abstractmethod
    def __call__(self, parameters: Parameters, states: States, inputs: Inputs) -> Linearised:
        """Return the field and its derivatives at states with inputs, one of each per column."""

    @abc.abstractmethod
    def model(self, parameters: Parameters) -> Any:
        """Return the model with these parameters."""

    @abc.abstractmethod
    def ridge(self, states: States) -> Parameters:
        """Return how strongly a ridge holds down each parameter, for data at some states.

        The weight of a feature counts by the mean square of the field that it makes over the data, so a ridge does not
        depend on how a feature is scaled; what is not the weight of a feature is left free.
        """

    def feasible(self, parameters: Parameters) -> tuple[Parameters, Bool[np.ndarray, " parameters"]]:
        """Return the nearest allowed parameters, and which of them are not at a bound."""
        return parameters, np.ones(len(parameters), bool)

    def covariance(self, parameters: Parameters, covariance: np.ndarray) -> np.ndarray:
        """Return the covariance of the trainable numbers of the model, out of that of the parameters."""
        return covariance


@final
class PlainField(AbstractField):
    """A plain field of features."""

    linear = True

    def __init__(self, model: FeatureField):
        self._function, vector = Parametrised.split(model)
        self._features, self._derivatives = model.features, model.features.derivatives()
        self.start = np.asarray(vector, float)

    def __call__(self, parameters: Parameters, states: States, inputs: Inputs) -> Linearised:
        dimension, samples = states.shape
        found = self._derivatives(states)
        size = len(found.values)
        weights, constant = parameters[:-dimension].reshape(size, dimension), parameters[-dimension:]
        by_weights = np.zeros((dimension, size, dimension, samples))
        for i in range(dimension):
            by_weights[i, :, i] = found.values
        by_constant = np.broadcast_to(np.eye(dimension)[:, :, None], (dimension, dimension, samples))
        return Linearised(
            weights.T @ found.values + constant[:, None],
            np.einsum("kj,kis->jis", weights, found.gradients, optimize=True),
            np.concatenate([by_weights.reshape(dimension, -1, samples), by_constant], axis=1),
        )

    def model(self, parameters: Parameters) -> Any:
        return self._function(parameters)

    def ridge(self, states: States) -> Parameters:
        found = self._features.penalties * np.mean(self._derivatives(states).values ** 2, axis=1)
        return np.concatenate([np.repeat(found, len(states)), np.zeros(len(states))])


@final
class KnownField(AbstractField):
    """A model of which nothing is fitted.

    Args:
        field: the model's own.
    """

    linear = True

    def __init__(self, field: AbstractField):
        self._field, self.start = field, np.zeros(0)

    def __call__(self, parameters: Parameters, states: States, inputs: Inputs) -> Linearised:
        found = self._field(self._field.start, states, inputs)
        return Linearised(found.velocity, found.by_state, found.by_parameters[:, :0])

    def model(self, parameters: Parameters) -> Any:
        return self._field.model(self._field.start)

    def ridge(self, states: States) -> Parameters:
        return np.zeros(0)
