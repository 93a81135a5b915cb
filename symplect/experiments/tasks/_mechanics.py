"""The methods for mechanical systems, as tasks have them."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from symplect import fitting
from symplect.data import Trajectories
from symplect.evaluation import EvaluationData
from symplect.experiments.tasks._task import DirectMethod, Fitted, Judge, Method, by_gradient, published_pair
from symplect.fitting import GradientSettings
from symplect.models import FeatureMechanical, MechanicalHNN
from symplect.models.features import AbstractFeatures, Fourier

Sensed = Callable[[Any], Trajectories]


def mechanical_methods(
    degrees_of_freedom: int, settings: GradientSettings, features: AbstractFeatures, sensed: Sensed, judge: Judge
) -> dict[str, Method | DirectMethod]:
    """Return the paper's two models, one with a mass matrix, and the fit from positions and velocities.

    Args:
        degrees_of_freedom: number of positions.
        settings: settings of the fits of networks.
        features: basis of mass matrix and potential.
        sensed: map of the task's data to the `[q, v]` of its training data, with what else is known of them.
        judge: evaluation of all of them.
    """
    structured = by_gradient(partial(MechanicalHNN, degrees_of_freedom=degrees_of_freedom), settings, judge)
    return {
        **published_pair(degrees_of_freedom, settings, judge),
        "mechanical-hnn": structured,
        "mechanics": DirectMethod(partial(_fit, features, sensed), judge),
    }


def _fit(
    features: AbstractFeatures, sensed: Sensed, data: EvaluationData, *, seed: int, progress: str | None
) -> Fitted:
    """Fit positions, velocities and forces; momenta give but the unit of H, where no forces do."""
    found = fitting.fit_mechanics(sensed(data), features, features)
    inner = found.model.mechanical
    assert isinstance(inner, FeatureMechanical)
    model = inner if found.scaled else _in_units_of(data.train, inner)
    return Fitted(model, found.seconds, {"least_mass": found.least_mass, "equation_residual": found.residual})


def paths_sensed(data: EvaluationData) -> Trajectories:
    """Return paths of `[q, v]`; the derivatives of positions are the velocities."""
    train = data.train
    assert train.derivatives is not None
    half = train.dimension // 2
    states = np.concatenate([train.states[:, :half], train.derivatives[:, :half]], axis=1)
    return Trajectories(train.times, states, train.lengths)


def _in_units_of(data: Trajectories, model: FeatureMechanical) -> FeatureMechanical:
    """Return the model with the factor that paths leave open taken from the momenta."""
    assert data.derivatives is not None
    q, p = np.split(data.states, 2, axis=1)
    v = data.derivatives[:, : q.shape[1]]
    with jax.enable_x64(True):
        own = np.asarray(jax.vmap(model.momenta)(jnp.asarray(q), jnp.asarray(v)))
    factor = float(np.sum(p * own) / np.sum(own**2))
    weights = (model.potential_weights * factor, model.mass_weights * factor)
    return FeatureMechanical(model.potential_features, model.mass_features, *weights, q.shape[1])


def pairwise(angles: int) -> Fourier:
    """Return the waves of first order in one angle or two."""
    one = np.eye(angles, dtype=int)
    pairs = [one[i] + sign * one[j] for i in range(angles) for j in range(i + 1, angles) for sign in (1, -1)]
    return Fourier(tuple(tuple(k) for k in [*one.tolist(), *(pair.tolist() for pair in pairs)]))
