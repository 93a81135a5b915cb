"""Learned dynamics."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from symplect.errors import InputError
from symplect.models import features
from symplect.models.autoencoder import Autoencoder
from symplect.models.baseline import Baseline
from symplect.models.description import skeleton
from symplect.models.dissipative import DissipativeHNN, NonlinearFriction, PortHamiltonian
from symplect.models.hnn import HNN
from symplect.models.network import Network
from symplect.models.pixels import AbstractPixelDynamics, PixelBaseline, PixelHNN
from symplect.models.random_feature import RandomFeatureField, RandomFeatureHNN

LearnedDynamics = Baseline | HNN | PixelBaseline | PixelHNN | RandomFeatureHNN | RandomFeatureField | DissipativeHNN

NETWORKS = {kind.__name__: kind for kind in (Baseline, HNN, PixelBaseline, PixelHNN)}
"""The classes whose sizes are enough to make one of the same shape."""

PARTS: dict[str, type[eqx.Module]] = {
    kind.__name__: kind
    for kind in (
        RandomFeatureHNN,
        RandomFeatureField,
        DissipativeHNN,
        NonlinearFriction,
        HNN,
        Network,
        *(
            getattr(features, name)
            for name in features.__all__
            if name[0].isupper() and not name.startswith("Abstract")
        ),
    )
}
"""The classes that a model of parts may name in a file. A new one is a line here or in `features`."""


_DEEPEST = 1000  # layers that a file may ask for


def blank_model(name: str, configuration: dict[str, Any]) -> LearnedDynamics:
    """Returns a model with shapes in place of numbers, from what its weights file says of it.

    Raises:
        InputError: the file names something that is no model of this package, or a part that is not one.
    """
    if build := NETWORKS.get(name):
        if configuration.get("depth", 1) > _DEEPEST:
            raise InputError(f"expected a network of at most {_DEEPEST} layers, found {configuration['depth']}")
        make: Callable[[], LearnedDynamics] = lambda: build(jax.random.key(0), **configuration)  # noqa: E731
        return eqx.filter_eval_shape(make)
    model = skeleton(configuration, PARTS)
    if type(model).__name__ != name or not isinstance(model, LearnedDynamics):
        raise InputError(f"expected a model out of {', '.join([*NETWORKS, *PARTS])}, found {name!r}")
    _require_that_parts_fit(model)
    return model


def _require_that_parts_fit(model: LearnedDynamics) -> None:
    """A file may name parts whose shapes do not go together: traces the field, without computing it, to find out."""
    try:
        with jax.enable_x64(True):
            start = jax.ShapeDtypeStruct((2 * model.degrees_of_freedom,), jnp.float64)
            eqx.filter_eval_shape(lambda parts, z: parts.time_derivative(z), model, start)
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise InputError(f"expected parts that fit together, found {type(model).__name__}: {error}") from error


__all__ = [
    "HNN",
    "NETWORKS",
    "AbstractPixelDynamics",
    "Autoencoder",
    "Baseline",
    "DissipativeHNN",
    "LearnedDynamics",
    "NonlinearFriction",
    "PixelBaseline",
    "PixelHNN",
    "PortHamiltonian",
    "RandomFeatureField",
    "RandomFeatureHNN",
    "blank_model",
]
