"""Models as JSON: every number and the formula, from which another program can compute what the model does."""

import json
from pathlib import Path
from typing import TypedDict

import jax
import jax.numpy as jnp
import numpy as np

from symplect.errors import InputError
from symplect.export.formulas import formulas
from symplect.export.function import ModelFunction
from symplect.files import arrays_of, name_of, read_json, typed_json
from symplect.models import AbstractModel, blank_model

CONVENTIONS = {
    "state": "z = [q..., p...], positions and then momenta",
    "field": "dq/dt = dH/dp, dp/dt = -dH/dq unless the formula of the model says otherwise",
}


class _Exported(TypedDict):
    """What is read of a file."""

    model: str
    configuration: dict[str, object]
    precision: str
    weights: dict[str, object]


def json_bytes(function: ModelFunction) -> bytes:
    """Return strict JSON, an entry per line; every number is exact.

    Example:
        >>> from symplect.models import HNN
        >>> content = json.loads(json_bytes(ModelFunction(HNN(jax.random.key(0), 1, width=4))))
        >>> content["model"], list(content["weights"])[:2]
        ('HNN', ['network.weights.0', 'network.weights.1'])
    """
    content = {
        **function.metadata,
        "conventions": CONVENTIONS,
        "formulas": formulas(function.model),
        "configuration": function.model.configuration,
        "weights": {name: np.asarray(array).tolist() for name, array in arrays_of(function.model).items()},
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in content.items()]
    return ("{\n" + ",\n".join(lines) + "\n}\n").encode()


def read_json_model(path: Path) -> AbstractModel:
    """Read a model that `export_model` wrote as JSON, number for number the same.

    Raises:
        InputError: the file is missing, broken or of something else.

    Example:
        >>> model = read_json_model(Path("pendulum.json"))  # doctest: +SKIP
    """
    content = typed_json(read_json(path), _Exported, path, "export again")
    try:
        blank = blank_model(content["model"], content["configuration"])
        precision, weights = np.dtype(content["precision"]), content["weights"]
        with jax.enable_x64(precision == np.float64):
            found = {
                name: _array(name, weights[name], like.shape, precision) for name, like in arrays_of(blank).items()
            }
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"expected {path} to be a model that symplect exported, found {error}: export again"
        ) from error
    return jax.tree_util.tree_map_with_path(lambda place, like: found.get(name_of(place), like), blank)


def _array(name: str, numbers: object, shape: tuple[int, ...], precision: np.dtype) -> jax.Array:
    array = np.asarray(numbers, precision)
    if array.shape != shape:
        raise InputError(f"{name} of shape {array.shape} in place of {shape}")
    return jnp.asarray(array)
