"""Fits in units of the data's own: models are brought in before a fit of paths, and back after it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from symplect.data import Scaling, Trajectories
from symplect.fitting.parametrised import Parametrised
from symplect.fitting.segments import Segments
from symplect.models import (
    HNN,
    Baseline,
    EulerLagrange,
    FeatureField,
    FeatureHamiltonian,
    NonlinearFriction,
    PortHamiltonian,
)
from symplect.models.rescaled import rest_in, restored, scaled
from symplect.precision import cast

_SMOOTHER = 2.0  # spreads of the data, that are the unit of a network's inputs


def units_of(models: Sequence[Any], data: Trajectories) -> Scaling:
    """Return the units to fit models in: those of the data, unless a model is known in its own units only."""
    if not all(_has_any_units(model) for model in models):
        return Scaling(1.0, np.zeros(data.dimension), np.ones(data.dimension), np.ones(_channels(data)))
    velocities = any(isinstance(model, EulerLagrange) for model in models)
    found = Scaling.of(data, newtonian=any(_is_newtonian(model) for model in models), velocities=velocities)
    if any(_is_network(model) for model in models):  # smaller inputs make smoother networks, which noise needs
        return replace(found, scale=_SMOOTHER * found.scale)
    return found


def segments_in(segments: Segments, scaling: Scaling) -> Segments:
    """Return the segments in units that have no centre."""
    inputs = segments.inputs / scaling.inputs if len(scaling.inputs) else segments.inputs
    return Segments(
        segments.times / scaling.time, segments.states / scaling.scale, segments.weights, inputs, segments.trials
    )


def brought_in(model: Any, scaling: Scaling) -> Any:
    """Return the model that a fit of scaled paths begins with.

    Features keep their meaning. Networks and friction keep their numbers, which are of order one and only say where to
    begin.
    """
    if isinstance(model, EulerLagrange):
        return scaled(model, scaling)  # all its numbers say where to begin
    if isinstance(model, PortHamiltonian):
        inside = eqx.tree_at(lambda own: own.conservative, model, brought_in(model.conservative, scaling))
        if (friction := model.nonlinear) is None:
            return inside
        rest = rest_in(friction, 1 / scaling.rates[: model.degrees_of_freedom])
        return PortHamiltonian(
            inside.conservative,
            inside.damping,
            inside.input_matrix,
            nonlinear=NonlinearFriction(friction.dry, friction.drag, rest),
            held=inside.held,
        )
    return scaled(model, scaling) if isinstance(model, FeatureHamiltonian | FeatureField) else model


def brought_back(fitted: Any, original: Any, scaling: Scaling) -> Any:
    """Return the fitted model in the units of the original, with the original's own features."""
    if np.all(scaling.scale == 1) and scaling.time == 1:
        return fitted
    function, _ = Parametrised.split(cast(original, jnp.float64))
    return function(Parametrised.split(restored(fitted, scaling))[1])


def unit_of_parameters(fitted: Any, scaling: Scaling) -> Float[np.ndarray, " parameters"]:
    """Return by what the trainable numbers of a model of features change when it is brought back."""
    function, vector = Parametrised.split(fitted)
    if np.all(scaling.scale == 1) and scaling.time == 1:
        return np.ones(len(vector))
    return np.asarray(Parametrised.split(restored(function(np.ones_like(vector)), scaling))[1])


def _has_any_units(model: Any) -> bool:
    inner = model.conservative if isinstance(model, PortHamiltonian) else model
    return isinstance(inner, HNN | Baseline | FeatureHamiltonian | FeatureField | EulerLagrange)


def _is_network(model: Any) -> bool:
    return isinstance(model.conservative if isinstance(model, PortHamiltonian) else model, HNN | Baseline)


def _is_newtonian(model: Any) -> bool:
    inner = model.conservative if isinstance(model, PortHamiltonian) else model
    return isinstance(inner, FeatureHamiltonian) and inner.newtonian


def _channels(data: Trajectories) -> int:
    return 0 if data.inputs is None else data.inputs.shape[1]
