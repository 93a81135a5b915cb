"""How well H and the field are known: standard deviations at any state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect.data import Trajectories
from symplect.dynamics import AbstractHamiltonian, energies, vector_field
from symplect.errors import InputError
from symplect.fitting.closed_form import fit_closed_form
from symplect.fitting.shooting import Parametrised
from symplect.fitting.trajectory import TrajectoryFit
from symplect.models import DissipativeHNN
from symplect.models.features import AbstractFeatures

States = Float[np.ndarray, "samples dimension"]


@dataclass(frozen=True, eq=False)
class Deviations:
    """Standard deviations at some states; 1.645 times either way is an interval of 90 %.

    Attributes:
        energy: of H minus its mean over those states, since the constant of H is arbitrary; NaN without a Hamiltonian.
        field: of every component of the time derivative.
    """

    energy: Float[np.ndarray, " samples"]
    field: Float[np.ndarray, "samples dimension"]


def trajectory_deviations(fit: TrajectoryFit, states: States) -> Deviations:
    r"""Returns standard deviations by linearising a trajectory fit.

    The covariance of the weights is the inverse of the penalised normal matrix, with the estimated noise: the noise is
    where the fit believes it to be, on the measured states, which is not so for a fit of derivatives.

    Source: Nychka 1988, J. Am. Stat. Assoc. 83, 1134 (why the penalty belongs into the matrix).

    Args:
        fit: of `fit_trajectory`.
        states: where to know, at least two.

    Example:
        >>> from symplect import add_noise, simulate
        >>> from symplect.fitting.trajectory import fit_trajectory
        >>> from symplect.models import RandomFeatureHNN
        >>> from symplect.models.features import Polynomial
        >>> from symplect.systems import MassSpring
        >>> starts = np.random.default_rng(0).uniform(-1, 1, (10, 2))
        >>> clean = simulate(MassSpring.reference(), starts, np.linspace(0.0, 3.0, 30))
        >>> fit = fit_trajectory(RandomFeatureHNN(Polynomial(2, 2)), add_noise(clean, 0.1, np.random.default_rng(1)))
        >>> bool(np.all(trajectory_deviations(fit, starts).energy < 0.1))
        True
    """
    with jax.enable_x64(True):
        function, vector = Parametrised.split(fit.model)
        root = _root(fit.covariance)
        field = _spread(lambda parameters: vector_field(function(parameters), jnp.asarray(states)), vector, root)
        energy = np.full(len(states), np.nan)
        if isinstance(fit.model, AbstractHamiltonian | DissipativeHNN):
            energy = _spread(lambda parameters: _centred(function(parameters), states), vector, root)
    return Deviations(energy, field)


def _root(covariance: np.ndarray) -> np.ndarray:
    values, directions = np.linalg.eigh(covariance)
    return directions * np.sqrt(np.maximum(values, 0.0))


def _spread(outcome: Callable[[Array], Array], vector: Array, root: np.ndarray) -> np.ndarray:
    """Returns the standard deviation of what depends on the parameters, to first order."""
    _, push = jax.linearize(outcome, vector)
    changes = jax.vmap(push)(jnp.asarray(root.T))
    return np.sqrt(np.sum(np.asarray(changes) ** 2, axis=0))


def _centred(model: Any, states: States) -> Array:
    along = energies(model.hamiltonian, jnp.asarray(states))
    return along - jnp.mean(along)


def bootstrap_deviations(
    features: AbstractFeatures,
    data: Trajectories,
    states: States,
    *,
    ridge: float,
    resamples: int = 100,
    seed: int = 0,
) -> Deviations:
    """Returns standard deviations of a closed-form fit over resampled trajectories (Efron, Tibshirani 1993, chapter 8).

    Whole trajectories are drawn with replacement, so that errors may be alike within one. It sees no bias: give it data
    whose states are clean or cleaned (`clean_by_derivatives`).

    Args:
        features: of H.
        data: states with derivatives, two trials or more.
        states: where to know, at least two.
        ridge: as the fit chose it.
        resamples: fits to draw.
        seed: of the draws.

    Raises:
        InputError: a single trial, which cannot be resampled.
    """
    if len(data) < 2:
        raise InputError("bootstrap_deviations: expected two trials or more, found one: cut it into pieces")
    rng = np.random.default_rng(seed)
    draws = [rng.integers(len(data), size=len(data)).tolist() for _ in range(resamples)]
    fits = [fit_closed_form(features, data.select(draw), ridges=np.array([ridge])).model for draw in draws]
    widening = np.sqrt(len(data) / (len(data) - 1))
    return _over(fits, states, widening)


def ensemble_deviations(models: Sequence[Any], states: States) -> Deviations:
    """Returns the spread of models that were fitted from different seeds, such as networks.

    Args:
        models: two or more, of one kind.
        states: where to know, at least two.

    Raises:
        InputError: fewer than two models.
    """
    if len(models) < 2:
        raise InputError(f"ensemble_deviations: expected two models or more, found {len(models)}")
    return _over(models, states, 1.0)


def _over(models: Sequence[Any], states: States, widening: float) -> Deviations:
    with jax.enable_x64(True):
        fields = np.stack([np.asarray(vector_field(model, jnp.asarray(states))) for model in models])
        energy = np.full(len(states), np.nan)
        if all(hasattr(model, "hamiltonian") for model in models):
            energy = np.std(np.stack([np.asarray(_centred(model, states)) for model in models]), axis=0, ddof=1)
    return Deviations(widening * energy, widening * np.std(fields, axis=0, ddof=1))
