"""One hidden layer that is drawn rather than trained."""

from functools import partial
from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import State
from symplect.errors import InputError
from symplect.models.features._features import (
    AbstractFeatures,
    Derivatives,
    Differentiated,
    Values,
    along_lines,
)
from symplect.precision import on_device

States = Float[np.ndarray, "samples dimension"]

_TRIES = 100  # at drawing two different points


@final
class RandomTanh(AbstractFeatures):
    r"""$\phi_k(z) = \tanh(w_k \cdot z + b_k)$ with fixed directions $w_k$ and biases $b_k$.

    Args:
        directions: `w`, one column per feature.
        biases: `b`.
    """

    formula: ClassVar[str] = "tanh(z @ directions + biases)"

    directions: Float[Array, "dimension features"] = eqx.field(converter=on_device)
    biases: Float[Array, " features"] = eqx.field(converter=on_device)

    @property
    def size(self) -> int:
        return self.biases.shape[0]

    def __call__(self, z: State) -> Values:
        return jnp.tanh(z @ self.directions + self.biases)

    def derivatives(self) -> Differentiated:
        directions, biases = np.asarray(self.directions, float).T.copy(), np.asarray(self.biases, float)[:, None]

        def at(states: Float[np.ndarray, "dimension samples"]) -> Derivatives:
            values = np.tanh(directions @ states + biases)
            slopes = 1 - values**2
            hessian = partial(along_lines, directions, -2 * values * slopes)
            return Derivatives(values, directions[:, :, None] * slopes[:, None, :], hessian)

        return at

    @classmethod
    def from_pairs(
        cls,
        states: States,
        count: int,
        rng: np.random.Generator,
        *,
        steepness: float = 3.0,
        energies: Float[np.ndarray, " samples"] | None = None,
    ) -> "RandomTanh":
        r"""Draw every feature from a pair of data points, so that it rises from one to the other.

        $$w = 2 s \frac{z_j - z_i}{|z_j - z_i|^2}, \qquad b = -w \cdot z_i - s, \qquad s = c \ln(3) / 2$$

        Source: Bolager et al. 2023 (arXiv:2306.16830), section 3; Rahma, Datar, Dietrich 2024 (arXiv:2411.17511), with
        $c = 1$. Steeper features were measured to be far more accurate on clean data.

        Args:
            states: data points.
            count: number of features.
            rng: source of the pairs.
            steepness: $c$.
            energies: energies of the data points by an earlier fit; pairs are then drawn with a probability
                proportional to $|H_j - H_i| / |z_j - z_i|$, where H changes most.

        Example:
            >>> RandomTanh.from_pairs(np.eye(3), 10, np.random.default_rng(0)).size
            10
        """
        candidates = count if energies is None else 10 * count
        first, second = _distinct_pairs(states, candidates, rng)
        difference = states[second] - states[first]
        squares = np.sum(difference**2, axis=1)
        if energies is not None:
            slopes = np.abs(energies[second] - energies[first]) / np.sqrt(squares) + 1e-300
            chosen = rng.choice(candidates, count, replace=False, p=slopes / np.sum(slopes))
            first, difference, squares = first[chosen], difference[chosen], squares[chosen]
        s = steepness * np.log(3) / 2
        directions = 2 * s * difference / squares[:, None]
        return cls(directions.T, -np.sum(directions * states[first], axis=1) - s)

    @classmethod
    def isotropic(cls, states: States, count: int, rng: np.random.Generator, *, gain: float = 0.5) -> "RandomTanh":
        """Draw directions of equal length in units of the data's spread, centred at data points: for noisy data.

        Args:
            states: data points.
            count: number of features.
            rng: source of directions and centres.
            gain: length of a direction per standard deviation of the data; a larger one gives a rougher H.

        Example:
            >>> RandomTanh.isotropic(np.eye(3), 10, np.random.default_rng(0)).size
            10
        """
        spread = np.std(states, axis=0)
        spread = np.where(spread > 0, spread, 1.0)
        unit = rng.standard_normal((count, states.shape[1]))
        directions = gain * unit / np.linalg.norm(unit, axis=1, keepdims=True) / spread
        centres = states[rng.integers(len(states), size=count)]
        return cls(directions.T, -np.sum(directions * centres, axis=1))


def _distinct_pairs(states: States, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw pairs of points that are not the same, which have no direction between them."""
    first = rng.integers(len(states), size=count)
    second = rng.integers(len(states), size=count)
    for _ in range(_TRIES):
        same = np.all(states[first] == states[second], axis=1)
        if not np.any(same):
            return first, second
        second = np.where(same, rng.integers(len(states), size=count), second)
    raise InputError("RandomTanh: expected data points that differ, found hardly any: the data are all at rest")
