"""The settings of a method: what it takes besides data and seed, by name, and of what kind."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import get_args

import equinox as eqx
import jax

from symplect.errors import InputError
from symplect.experiments.grid import Setting
from symplect.experiments.tasks._task import DirectMethod, Method
from symplect.fitting import GradientSettings


def known_settings(method: Method | DirectMethod) -> dict[str, tuple[type, ...]]:
    """Return the types that the value of each setting may have.

    Those of a descent and of the model's sizes, or of a direct fit: whatever has a default.

    Example:
        >>> from symplect.experiments.tasks import TASKS
        >>> list(known_settings(TASKS["mass-spring"].methods["hnn"]))
        ['steps', 'batch_size', 'learning_rate', 'weight_decay', 'cosine', 'width', 'depth', 'activation']
    """
    if isinstance(method, DirectMethod):
        return _optional(method.fit)
    return _optional(GradientSettings) | _optional(method.start)


def checked_settings(method: Method | DirectMethod, settings: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return settings that a method can be run with; whole numbers stand for real ones where those are meant.

    Raises:
        InputError: an unknown setting, a value of another kind, or one out of its range.

    Example:
        >>> from symplect.experiments.tasks import TASKS
        >>> checked_settings(TASKS["pendulum"].methods["hnn"], {"learning_rate": 1, "width": 50})
        {'learning_rate': 1.0, 'width': 50}
    """
    known = known_settings(method)
    checked = {name: _checked(name, value, known) for name, value in settings.items()}
    if isinstance(method, Method):
        descent(method, checked)
        eqx.filter_eval_shape(lambda: method.start(jax.random.key(0), **sizes(method, checked)))
    return checked


def descent(method: Method, settings: Mapping[str, Setting]) -> GradientSettings:
    """Return a method's descent with those of the settings that it has."""
    own = {name: value for name, value in settings.items() if name in _optional(GradientSettings)}
    return dataclasses.replace(method.settings, **own)


def sizes(method: Method, settings: Mapping[str, Setting]) -> dict[str, Setting]:
    """Return those of the settings that make the model."""
    return {name: value for name, value in settings.items() if name in _optional(method.start)}


def _optional(function: Callable[..., object]) -> dict[str, tuple[type, ...]]:
    bound = function.keywords if isinstance(function, functools.partial) else {}
    return {
        name: get_args(parameter.annotation) or (parameter.annotation,)
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is not parameter.empty and name not in bound
    }


def _checked(name: str, value: Setting, known: Mapping[str, tuple[type, ...]]) -> Setting:
    if name not in known:
        raise InputError(f"expected a setting out of {', '.join(known) or 'none at all'}, found {name!r}")
    if type(value) in known[name]:
        return value
    if type(value) is int and float in known[name]:
        return float(value)
    kinds = " or ".join("none" if kind is type(None) else kind.__name__ for kind in known[name])
    raise InputError(f"expected {name} to be of kind {kinds}, found {value!r}")
