"""How well H and the field are known: standard deviations at any state."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect.data import Trajectories
from symplect.dynamics import AbstractEnergyDynamics, energies, vector_field
from symplect.errors import InputError
from symplect.fitting.checks import require_fittable
from symplect.fitting.closed_form import ClosedFormFit, equations
from symplect.fitting.least_squares import merge, ridge_path
from symplect.fitting.parametrised import Parametrised
from symplect.fitting.trajectory import TrajectoryFit
from symplect.models.feature_models import FeatureHamiltonian

States = Float[np.ndarray, "samples dimension"]

_LESS = 10  # times less smoothing than is best for prediction


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
    r"""Return standard deviations by linearising a trajectory fit.

    The covariance of the weights is the inverse of the penalised normal matrix, with the estimated noise: the noise is
    where the fit believes it to be, on the measured states, which is not so for a fit of derivatives.

    Source: Nychka 1988, J. Am. Stat. Assoc. 83, 1134 (why the penalty belongs into the matrix).

    Args:
        fit: result of `fit_trajectory`.
        states: where to know, at least two.

    Raises:
        InputError: the fit of a network, which has no covariance.

    Example:
        >>> from symplect import add_noise, simulate
        >>> from symplect.fitting.trajectory import fit_trajectory
        >>> from symplect.models import FeatureHamiltonian
        >>> from symplect.models.features import Polynomial
        >>> from symplect.systems import MassSpring
        >>> starts = np.random.default_rng(0).uniform(-1, 1, (10, 2))
        >>> clean = simulate(MassSpring.reference(), starts, np.linspace(0.0, 3.0, 30))
        >>> fit = fit_trajectory(FeatureHamiltonian(Polynomial(2, 2)), add_noise(clean, 0.1, np.random.default_rng(1)))
        >>> bool(np.all(trajectory_deviations(fit, starts).energy < 0.1))
        True
    """
    if fit.covariance is None:
        raise InputError(
            "trajectory_deviations: expected the fit of a model of features, found a network's: "
            "fit it from several seeds and take ensemble_deviations"
        )
    with jax.enable_x64(True):
        function, vector = Parametrised.split(fit.model)
        root = _root(fit.covariance)
        field = _spread(lambda parameters: vector_field(function(parameters), jnp.asarray(states)), vector, root)
        energy = np.full(len(states), np.nan)
        if isinstance(fit.model, AbstractEnergyDynamics):
            energy = _spread(lambda parameters: _centred(function(parameters), states), vector, root)
    return Deviations(energy, field)


def _root(covariance: np.ndarray) -> np.ndarray:
    sizes = np.sqrt(np.diag(covariance))
    sizes = np.where(sizes > 0, sizes, 1.0)
    values, directions = np.linalg.eigh(covariance / np.outer(sizes, sizes))
    return sizes[:, None] * directions * np.sqrt(np.maximum(values, 0.0))


def _spread(outcome: Callable[[Array], Array], vector: np.ndarray, root: np.ndarray) -> np.ndarray:
    """Return the standard deviation of what depends on the parameters, to first order."""
    _, push = jax.linearize(outcome, jnp.asarray(vector))
    changes = jax.vmap(push)(jnp.asarray(root.T))
    return np.sqrt(np.sum(np.asarray(changes) ** 2, axis=0))


def _centred(model: Any, states: States) -> Array:
    along = energies(model.hamiltonian, jnp.asarray(states))
    return along - jnp.mean(along)


def closed_form_deviations(fit: ClosedFormFit, data: Trajectories, states: States) -> Deviations:
    """Return standard deviations of a closed-form fit by leaving out one trajectory after the other (a jackknife).

    Errors may be alike within a trajectory, as those of cleaned states are. The ridge of these fits is a tenth of the
    one that predicts best, since a ridge that is good for a prediction has a bias as large as its spread. The bias of
    noisy states is not seen: fit to data whose states are clean or cleaned (`clean_by_derivatives`).

    Source: Efron, Stein 1981, Ann. Statist. 9, 586; Hall 1992, Ann. Statist. 20, 675 (why to smooth less).

    Args:
        fit: result of `fit_closed_form` or one of the fits around it.
        data: fitted trajectories, two or more.
        states: where to know, at least two.

    Raises:
        InputError: a single trial, which cannot be left out, or data that cannot be fitted.

    Example:
        >>> from symplect import simulate
        >>> from symplect.fitting.closed_form import fit_closed_form
        >>> from symplect.models.features import Polynomial
        >>> from symplect.systems import MassSpring
        >>> starts = np.random.default_rng(0).uniform(-1, 1, (10, 2))
        >>> data = simulate(MassSpring.reference(), starts, np.linspace(0.0, 3.0, 30))
        >>> fit = fit_closed_form(Polynomial(2, 2), data)
        >>> bool(np.all(closed_form_deviations(fit, data, starts).field < 1e-9))
        True
    """
    if len(data) < 2:
        raise InputError("closed_form_deviations: expected two trials or more, found one: cut it into pieces")
    require_fittable("closed_form_deviations", data, derivatives=True)
    features, ridge = fit.model.features, np.array([fit.ridge / _LESS])
    parts = equations(features, data, np.repeat(np.arange(len(data)), data.lengths))
    models: list[FeatureHamiltonian] = []
    for number in range(len(parts)):
        others = merge(parts[:number] + parts[number + 1 :])
        weights = ridge_path(others, features.penalties, ridge).coefficients[:, 0]
        with jax.enable_x64(True):
            models.append(FeatureHamiltonian(features, jnp.asarray(weights), data.dimension // 2))
    return _over(models, states, (len(data) - 1) / np.sqrt(len(data)))


def ensemble_deviations(models: Sequence[Any], states: States) -> Deviations:
    """Return the spread of models that were fitted from different seeds, such as networks.

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
        if all(isinstance(model, AbstractEnergyDynamics) for model in models):
            energy = np.std(np.stack([np.asarray(_centred(model, states)) for model in models]), axis=0, ddof=1)
    return Deviations(widening * energy, widening * np.std(fields, axis=0, ddof=1))
