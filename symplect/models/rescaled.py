"""Models in other units: what was fitted to scaled data, brought back to the units that the data came in."""

from dataclasses import replace
from functools import singledispatch
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from symplect.data.scaling import Scaling
from symplect.models.baseline import Baseline
from symplect.models.euler_lagrange import EulerLagrange
from symplect.models.feature_models import FeatureField, FeatureHamiltonian
from symplect.models.features import (
    AbstractFeatures,
    CentreDistance,
    ChebyshevLog,
    Concatenated,
    InversePowers,
    OfMomenta,
    OfPositions,
    PairDistances,
    Polynomial,
    Product,
    Projected,
    RandomTanh,
    Selected,
    Symmetric,
)
from symplect.models.hnn import HNN
from symplect.models.mechanical import FeatureMechanical
from symplect.models.network import Network
from symplect.models.port_hamiltonian import NonlinearFriction, PortHamiltonian
from symplect.precision import on_device

Model = TypeVar("Model")
Coordinates = Float[np.ndarray, " dimension"]
Factors = Float[np.ndarray, " features"]


def restored(model: Model, scaling: Scaling) -> Model:
    r"""Return, of the same class, the model in the units that data had before they were scaled.

    $$\dot z(z) = \frac{s}{\tau} f'\!\left(\frac{z - c}{s}\right), \qquad H(z) = \frac{C}{\tau} H'$$

    Features keep their structure where a change of units allows it, and are `Projected` where it does not.

    Args:
        model: learned model of the scaled states.
        scaling: the units.

    Raises:
        TypeError: a model that cannot be scaled, or a newtonian one and units that do not keep `p = dq/dt`.

    Example:
        >>> scaling = Scaling(0.5, np.zeros(2), np.array([2.0, 3.0]))
        >>> spring = FeatureHamiltonian(Polynomial(2, degree=2), jnp.array([0.0, 0.0, 0.5, 0.0, 0.5]))
        >>> restored(spring, scaling).time_derivative(jnp.array([2.0, 0.0])).tolist()
        [0.0, -6.0]
    """
    with jax.enable_x64(True):
        return _restored(model, scaling)


def scaled(model: Model, scaling: Scaling) -> Model:
    """Return the model of the scaled states: the inverse of `restored`."""
    return restored(model, scaling.inverse)


def features_in(features: AbstractFeatures, scaling: Scaling) -> tuple[AbstractFeatures, Factors]:
    """Return features of the scaled states, and by what they are to be multiplied to be those given."""
    inverse = scaling.inverse
    with jax.enable_x64(True):
        return rescaled_features(features, inverse.centre, inverse.scale)


@singledispatch
def _restored(model: Model, scaling: Scaling) -> Model:
    raise TypeError(f"restored: expected a learned model of states, found {type(model).__name__}")


@_restored.register
def _(model: FeatureHamiltonian, scaling: Scaling) -> FeatureHamiltonian:
    half = model.degrees_of_freedom
    if model.newtonian and not _keeps_velocities(scaling, half):
        raise TypeError(
            "restored: expected units in which p = dq/dt stays so, found others: Scaling.of(newtonian=True)"
        )
    features, factors = rescaled_features(model.features, scaling.centre, scaling.scale)
    weights = on_device(np.asarray(model.weights, float) * factors * scaling.energy)
    return FeatureHamiltonian(features, weights, half, newtonian=model.newtonian)


@_restored.register
def _(model: FeatureField, scaling: Scaling) -> FeatureField:
    features, factors = rescaled_features(model.features, scaling.centre, scaling.scale)
    weights = on_device(np.asarray(model.weights, float) * factors[:, None] * scaling.rates)
    constant = on_device(np.asarray(model.constant, float) * scaling.rates)
    return FeatureField(features, weights, constant, model.degrees_of_freedom)


@_restored.register
def _(model: PortHamiltonian, scaling: Scaling) -> PortHamiltonian:
    momenta = scaling.scale[model.degrees_of_freedom :]
    channels = model.input_matrix.shape[1]
    inputs = scaling.inputs if len(scaling.inputs) == channels else np.ones(channels)
    damping = np.asarray(model.damping, float) * (momenta / np.sqrt(scaling.action))[:, None]
    matrix = np.asarray(model.input_matrix, float) * scaling.rates[:, None] / inputs
    return PortHamiltonian(
        _restored(model.conservative, scaling),
        on_device(damping.astype(model.damping.dtype)),
        on_device(matrix.astype(model.input_matrix.dtype)),
        nonlinear=None if model.nonlinear is None else _friction(model.nonlinear, scaling),
        held=model.held,
    )


@_restored.register
def _(model: FeatureMechanical, scaling: Scaling) -> FeatureMechanical:
    half = model.degrees_of_freedom
    centre, scale = scaling.centre[:half], scaling.scale[:half]
    potential, factors = rescaled_features(model.potential_features, centre, scale)
    mass, of_mass = None, np.ones(0)
    if model.mass_features:
        mass, of_mass = rescaled_features(model.mass_features, centre, scale)
    rows, columns = np.tril_indices(half)
    units = scaling.energy * scaling.time**2 / (scale[rows] * scale[columns])
    weights = np.asarray(model.mass_weights, float) * np.append(1.0, of_mass)[:, None] * units
    return FeatureMechanical(
        potential,
        mass,
        on_device(np.asarray(model.potential_weights, float) * factors * scaling.energy),
        on_device(weights),
        half,
    )


@_restored.register
def _(model: EulerLagrange, scaling: Scaling) -> EulerLagrange:
    """Change the units of positions and velocities; the unit of energy, which they leave open, is kept."""
    half = model.degrees_of_freedom
    positions = scaling.scale[:half]
    momenta = scaling.time / positions
    centre = np.concatenate([scaling.centre[:half], np.zeros(half)])
    canonical = replace(scaling, centre=centre, scale=np.concatenate([positions, momenta]))
    return EulerLagrange(_restored(model.system, canonical), forces=model.forces)


def _friction(friction: NonlinearFriction, scaling: Scaling) -> NonlinearFriction:
    """Change the units of forces, and of the velocities on which they depend."""
    half = len(friction.rest)
    forces, speeds = scaling.rates[half:], scaling.rates[:half]
    return NonlinearFriction(
        jnp.asarray(np.asarray(friction.dry, float) * forces**0.5, friction.dry.dtype),
        jnp.asarray(np.asarray(friction.drag, float) * forces**0.5 / speeds, friction.drag.dtype),
        rest_in(friction, speeds),
    )


def rest_in(friction: NonlinearFriction, speeds: Float[np.ndarray, " half"]) -> tuple[float, ...]:
    """Return below which speeds dry friction is rounded, where the units of the velocities are these."""
    return tuple((np.array(friction.rest) * speeds).tolist())


@_restored.register
def _(model: HNN, scaling: Scaling) -> HNN:
    return eqx.tree_at(lambda own: own.network, model, _network(model.network, scaling, np.array([scaling.energy])))


@_restored.register
def _(model: Baseline, scaling: Scaling) -> Baseline:
    return eqx.tree_at(lambda own: own.network, model, _network(model.network, scaling, scaling.rates))


def _network(network: Network, scaling: Scaling, outputs: np.ndarray) -> Network:
    """Change the first layer and the last, which take up the units of inputs and outputs."""
    first, last, bias = network.weights[0], network.weights[-1], network.biases[0]
    inward = np.asarray(first, float) / scaling.scale[:, None]
    shifted = np.asarray(bias, float) - scaling.centre @ inward
    outward = np.asarray(last, float) * outputs
    return eqx.tree_at(
        lambda own: (own.weights[0], own.weights[-1], own.biases[0]),
        network,
        (jnp.asarray(inward, first.dtype), jnp.asarray(outward, last.dtype), jnp.asarray(shifted, bias.dtype)),
    )


def _keeps_velocities(scaling: Scaling, half: int) -> bool:
    momenta, velocities = scaling.scale[half:], scaling.scale[:half] / scaling.time
    return bool(np.allclose(momenta, velocities, rtol=1e-9, atol=0.0) and not np.any(scaling.centre[half:]))


@singledispatch
def rescaled_features(
    features: AbstractFeatures, centre: Coordinates, scale: Coordinates
) -> tuple[AbstractFeatures, Factors]:
    """Return features of z and factors that make them those of `(z - centre) / scale`: a function per class."""
    if not np.any(centre) and np.all(scale == 1):
        return features, np.ones(features.size)
    return Projected(features, np.diag(1 / scale), centre), np.ones(features.size)


_general = rescaled_features.dispatch(object)


@rescaled_features.register
def _(features: Polynomial, centre: Coordinates, scale: Coordinates) -> tuple[AbstractFeatures, Factors]:
    if np.any(centre):
        return _general(features, centre, scale)
    return features, np.array([1 / np.prod(scale[list(pick)]) for pick in features.factors])


@rescaled_features.register
def _(features: RandomTanh, centre: Coordinates, scale: Coordinates) -> tuple[AbstractFeatures, Factors]:
    if np.any(centre):
        return _general(features, centre, scale)  # a bias that makes up for a large centre would lose digits
    directions = np.asarray(features.directions, float) / scale[:, None]
    return RandomTanh(directions, features.biases), np.ones(features.size)


@rescaled_features.register
def _(features: CentreDistance, centre: Coordinates, scale: Coordinates) -> tuple[AbstractFeatures, Factors]:
    size, radial = float(scale[0]), features.radial
    if np.any(centre) or np.any(scale != size) or not isinstance(radial, ChebyshevLog):
        return _general(features, centre, scale)
    longer = ChebyshevLog(radial.terms, radial.shortest * size, radial.longest * size)
    return CentreDistance(longer), np.ones(features.size)


@rescaled_features.register
def _(features: PairDistances, centre: Coordinates, scale: Coordinates) -> tuple[AbstractFeatures, Factors]:
    """Distances have a unit if all positions share it, and no centre if all bodies do."""
    size, radial = float(scale[0]), features.radial
    shifts = centre.reshape(features.dimensions, -1)
    if np.any(scale != size) or np.any(shifts != shifts[:, :1]):
        return _general(features, centre, scale)
    if isinstance(radial, InversePowers):
        return features, size ** np.asarray(radial.exponents, float)
    if isinstance(radial, ChebyshevLog):
        longer = ChebyshevLog(radial.terms, radial.shortest * size, radial.longest * size)
        return PairDistances(longer, features.bodies, features.dimensions), np.ones(features.size)
    return _general(features, centre, scale)


@rescaled_features.register
def _(features: Projected, centre: Coordinates, scale: Coordinates) -> tuple[AbstractFeatures, Factors]:
    matrix = np.asarray(features.matrix, float) / scale
    return Projected(features.inner, matrix, centre + scale * np.asarray(features.centre, float)), np.ones(
        features.size
    )


@rescaled_features.register
def _(features: Concatenated, centre: Coordinates, scale: Coordinates) -> tuple[AbstractFeatures, Factors]:
    parts, factors = zip(*(rescaled_features(part, centre, scale) for part in features.parts), strict=True)
    return Concatenated(parts), np.concatenate(factors)


@rescaled_features.register
def _(features: OfPositions, centre: Coordinates, scale: Coordinates) -> tuple[AbstractFeatures, Factors]:
    half = len(scale) // 2
    inner, factors = rescaled_features(features.inner, centre[:half], scale[:half])
    return OfPositions(inner), factors


@rescaled_features.register
def _(features: OfMomenta, centre: Coordinates, scale: Coordinates) -> tuple[AbstractFeatures, Factors]:
    half = len(scale) // 2
    inner, factors = rescaled_features(features.inner, centre[half:], scale[half:])
    return OfMomenta(inner), factors


@rescaled_features.register
def _(features: Product, centre: Coordinates, scale: Coordinates) -> tuple[AbstractFeatures, Factors]:
    half = len(scale) // 2
    of_q, left = rescaled_features(features.of_positions, centre[:half], scale[:half])
    of_p, right = rescaled_features(features.of_momenta, centre[half:], scale[half:])
    return Product(of_q, of_p), np.outer(np.append(1.0, left), np.append(1.0, right)).ravel()[1:]


@rescaled_features.register
def _(features: Selected, centre: Coordinates, scale: Coordinates) -> tuple[AbstractFeatures, Factors]:
    inner, factors = rescaled_features(features.inner, centre, scale)
    return Selected(inner, features.indices), factors[list(features.indices)]


@rescaled_features.register
def _(features: Symmetric, centre: Coordinates, scale: Coordinates) -> tuple[AbstractFeatures, Factors]:
    if np.any(centre):
        return _general(features, centre, scale)
    inner, factors = rescaled_features(features.inner, centre, scale)
    return Symmetric(inner, features.signs), factors
