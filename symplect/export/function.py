"""What a file carries: the energy and the vector field of one model at many states, and what its coordinates are."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import final

import jax
import numpy as np
from jaxtyping import Array

from symplect._types import State, States
from symplect.dynamics import AbstractDynamics, AbstractEnergyDynamics, default_names
from symplect.errors import InputError
from symplect.files import arrays_of
from symplect.models import AbstractModel
from symplect.precision import cast

PRECISIONS = (np.dtype(np.float32), np.dtype(np.float64))


@final
class ModelFunction:
    """A batch of states in, a dictionary of `hamiltonian` (where the model has one) and `field` out.

    Args:
        model: a learned model.
        names: names of the coordinates, `q1, ..., p1, ...` unless given.
        units: units of the coordinates, as labels; none unless given.

    Attributes:
        precision: float32 or float64, whatever the model's numbers need.

    Raises:
        InputError: not a model of this package, numbers that are not finite, names that do not fit.

    Example:
        >>> from symplect.models import HNN
        >>> import jax.numpy as jnp
        >>> function = ModelFunction(HNN(jax.random.key(0), 1, width=4), ["angle", "angular momentum"])
        >>> {name: value.shape for name, value in function(jnp.zeros((3, 2), jnp.float32)).items()}
        {'hamiltonian': (3,), 'field': (3, 2)}
    """

    model: AbstractModel
    precision: np.dtype
    dimension: int
    names: tuple[str, ...]
    units: tuple[str, ...]

    def __init__(self, model: AbstractDynamics, names: Sequence[str] = (), units: Sequence[str] = ()):
        if not isinstance(model, AbstractModel):
            raise InputError(
                f"export: expected a learned model, found {type(model).__name__}: a true system is its own formula"
            )
        self.precision = _precision(model)
        with self.arithmetic():
            self.model = cast(model, self.precision)
        self.dimension = 2 * model.degrees_of_freedom
        self.names = tuple(names) or default_names(model.degrees_of_freedom)
        self.units = tuple(units)
        _require_labels(self.dimension, self.names, self.units)

    @property
    def kind(self) -> str:
        """The name of the model's class."""
        return type(self.model).__name__

    @property
    def metadata(self) -> dict[str, str | list[str]]:
        """What a reader of the file wants to know first."""
        return {
            "model": self.kind,
            "coordinates": list(self.names),
            "units": list(self.units),
            "precision": self.precision.name,
            "symplect": version("symplect"),
        }

    @property
    def outputs(self) -> dict[str, Callable[[State], Array]]:
        """What is computed of one state, by name."""
        model = self.model
        energy = {"hamiltonian": model.hamiltonian} if isinstance(model, AbstractEnergyDynamics) else {}
        return {**energy, "field": model.time_derivative}

    def __call__(self, states: States) -> dict[str, Array]:
        return {name: jax.vmap(output)(states) for name, output in self.outputs.items()}

    @contextmanager
    def arithmetic(self) -> Generator[None]:
        """JAX computes in the precision of the file, and accelerators do not shorten their products."""
        with jax.enable_x64(self.precision == np.float64), jax.default_matmul_precision("highest"):
            yield

    def any_number_of_states(self) -> jax.ShapeDtypeStruct:
        """Return the shape of the input, with a symbol for the size of the batch."""
        return jax.ShapeDtypeStruct((*jax.export.symbolic_shape("batch"), self.dimension), self.precision)


def _precision(model: AbstractModel) -> np.dtype:
    for name, array in arrays_of(model).items():
        if not np.all(np.isfinite(np.asarray(array))):
            raise InputError(f"export: expected finite numbers, found NaN or infinity in {name}: the fit has diverged")
    precision = np.result_type(*[array.dtype for array in arrays_of(model).values() if array.size])
    if precision not in PRECISIONS:
        raise InputError(f"export: expected a model in float32 or float64, found {precision}: cast it first")
    return precision


def _require_labels(dimension: int, names: Sequence[str], units: Sequence[str]) -> None:
    if len(names) != dimension:
        raise InputError(f"export: expected {dimension} names, one per coordinate, found {len(names)}")
    if len(units) not in (0, dimension):
        raise InputError(f"export: expected {dimension} units, one per coordinate, or none, found {len(units)}")
