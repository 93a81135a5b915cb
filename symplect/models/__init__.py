"""Learned dynamics."""

import json
from collections.abc import Mapping

import equinox as eqx
import jax
import jax.numpy as jnp

from symplect.errors import InputError, one_line
from symplect.models import features
from symplect.models._model import AbstractModel
from symplect.models.autoencoder import Autoencoder
from symplect.models.baseline import Baseline
from symplect.models.description import current_name, is_described, skeleton
from symplect.models.euler_lagrange import EulerLagrange
from symplect.models.feature_models import FeatureField, FeatureHamiltonian
from symplect.models.hnn import HNN
from symplect.models.mechanical import FeatureMechanical, MechanicalHNN
from symplect.models.network import Network
from symplect.models.pixels import AbstractPixelDynamics, PixelBaseline, PixelHNN
from symplect.models.port_hamiltonian import (
    AbstractOpenSystem,
    DrivenPortHamiltonian,
    NonlinearFriction,
    PortHamiltonian,
    channels_of,
    holds_inputs,
    port_of,
)

MODELS: dict[str, type[AbstractModel]] = {
    kind.__name__: kind
    for kind in (
        Baseline,
        HNN,
        PixelBaseline,
        PixelHNN,
        FeatureHamiltonian,
        FeatureField,
        PortHamiltonian,
        FeatureMechanical,
        MechanicalHNN,
        EulerLagrange,
    )
}
"""Every model that can be saved, loaded, exported and explored. A new one is a file of this folder and a line here."""

PARTS: dict[str, type[eqx.Module]] = {
    **MODELS,
    **{kind.__name__: kind for kind in (NonlinearFriction, Network)},
    **{name: getattr(features, name) for name in features.__all__ if name[0].isupper() and name != "AbstractFeatures"},
}
"""What a model of parts may name in a file; a new part is a line in `features`."""

_DEEPEST = 1000  # layers that a file may ask for


def require_loadable(model: AbstractModel) -> None:
    """Refuse a model that could not be loaded again as it is, before any work goes into it.

    Raises:
        InputError: a class that is not in `MODELS`, without a formula, or whose configuration makes another model.
    """
    kind = type(model)
    if MODELS.get(kind.__name__) is not kind:
        raise InputError(
            f"expected a model out of {', '.join(MODELS)}, found {kind.__name__}, which could not be loaded again: "
            "add it to MODELS in symplect/models/__init__.py"
        )
    if not isinstance(getattr(kind, "formula", None), str):
        raise InputError(f"expected {kind.__name__} to say its dynamics in words, found none: give the class a formula")
    expected = f"expected {kind.__name__}.configuration to make the model again"
    remedy = "let it return every argument of the constructor but the key"
    try:
        again = blank_model(kind.__name__, json.loads(json.dumps(model.configuration)))
    except Exception as error:  # whatever a constructor raises
        raise InputError(f"{expected}, found {one_line(error, 300)}: {remedy}") from error
    if _shape_of(again) != _shape_of(model):
        raise InputError(f"{expected}, found another: {remedy}")


def _shape_of(model: AbstractModel) -> object:
    """Return all of a model but its numbers."""
    numbers, rest = eqx.partition(model, lambda leaf: hasattr(leaf, "shape"))
    return jax.tree.structure(model), [leaf.shape for leaf in jax.tree.leaves(numbers)], jax.tree.leaves(rest)


def blank_model(name: str, configuration: Mapping[str, object]) -> AbstractModel:
    """Return a model with shapes in place of numbers, from what its weights file says of it.

    Raises:
        InputError: the file names something that is no model of this package, or a part that is not one.
    """
    kind = MODELS.get(current_name(name))
    if kind is None:
        raise InputError(f"expected a model out of {', '.join(MODELS)}, found {name!r}")
    if not is_described(configuration):
        depth = configuration.get("depth")
        if isinstance(depth, int | float) and depth > _DEEPEST:
            raise InputError(f"expected a network of at most {_DEEPEST} layers, found {depth}")
        return eqx.filter_eval_shape(lambda make: make(jax.random.key(0), **configuration), kind)
    model = skeleton(configuration, PARTS)
    if not isinstance(model, kind):
        raise InputError(f"expected the parts of a model {name}, found those of {type(model).__name__}")
    _require_that_parts_fit(model)
    return model


def _require_that_parts_fit(model: AbstractModel) -> None:
    """A file may name parts whose shapes do not go together: traces the field, without computing it, to find out."""
    try:
        with jax.enable_x64(True):
            start = jax.ShapeDtypeStruct((2 * model.degrees_of_freedom,), jnp.float64)
            eqx.filter_eval_shape(lambda parts, z: parts.time_derivative(z), model, start)
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"expected parts that fit together, found {type(model).__name__}: {error}") from error


__all__ = [
    "HNN",
    "MODELS",
    "AbstractModel",
    "AbstractOpenSystem",
    "AbstractPixelDynamics",
    "Autoencoder",
    "Baseline",
    "DrivenPortHamiltonian",
    "EulerLagrange",
    "FeatureField",
    "FeatureHamiltonian",
    "FeatureMechanical",
    "MechanicalHNN",
    "NonlinearFriction",
    "PixelBaseline",
    "PixelHNN",
    "PortHamiltonian",
    "blank_model",
    "channels_of",
    "holds_inputs",
    "port_of",
    "require_loadable",
]
