"""Reading the physical state off a latent one."""

from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np
from jaxtyping import Float

States = Float[np.ndarray, "*batch dimension"]


@dataclass(frozen=True, eq=False)
class Readout:
    """A polynomial of third degree from latent states to physical ones; call it with an array of latent states.

    Attributes:
        scale: that latent states are divided by.
        coefficients: one row per monomial.
    """

    scale: Float[np.ndarray, " dimension"]
    coefficients: Float[np.ndarray, "monomials dimension"]

    def __call__(self, latent: States) -> States:
        return _monomials(latent / self.scale) @ self.coefficients


def fit_readout(
    latent: Float[np.ndarray, "samples dimension"], states: Float[np.ndarray, "samples dimension"]
) -> Readout:
    """Fit a readout by least squares.

    Example:
        >>> latent = np.random.default_rng(0).standard_normal((50, 2))
        >>> np.allclose(fit_readout(latent, 2 * latent)(latent), 2 * latent)
        True
    """
    scale = np.std(latent, axis=0)
    coefficients = np.linalg.lstsq(_monomials(latent / scale), states, rcond=None)[0]
    return Readout(scale, coefficients)


def _monomials(z: States) -> Float[np.ndarray, "*batch monomials"]:
    powers = [choice for degree in range(4) for choice in combinations_with_replacement(range(z.shape[-1]), degree)]
    return np.stack([np.prod(z[..., list(choice)], axis=-1) for choice in powers], axis=-1)
