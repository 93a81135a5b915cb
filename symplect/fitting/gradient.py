"""The paper's fit: gradient descent on the error of the time derivative."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from symplect._types import Key, Scalar
from symplect.data import RowsOnDisk, Trajectories
from symplect.dynamics import AbstractDynamics
from symplect.errors import InputError
from symplect.fitting.descent import FitState, GradientSettings, Loss, Optimizer, descend
from symplect.fitting.hamiltonian_loss import hamiltonian_loss
from symplect.fitting.together import descend_together
from symplect.models import HNN

Model = TypeVar("Model", bound=AbstractDynamics)
Rows = Float[Array, "_ dimension"]


def mean_squared_error(model: AbstractDynamics, states: Rows, derivatives: Rows) -> Scalar:
    """Return the paper's loss: the mean over all elements of `(f(z) - dz/dt)^2`."""
    if isinstance(model, HNN):
        return hamiltonian_loss(model.network, states, derivatives)  # the same number, with a faster gradient
    return jnp.mean((jax.vmap(model.time_derivative)(states) - derivatives) ** 2)


def fit_gradient(
    model: Model,
    train: Trajectories | RowsOnDisk,
    *,
    key: Key,
    settings: GradientSettings = GradientSettings(),
    optimizer: Optimizer | None = None,
    loss: Loss = mean_squared_error,
    test: Trajectories | RowsOnDisk | None = None,
    devices: Sequence[jax.Device] | None = None,
    resume: FitState[Model] | None = None,
    checkpoint: Callable[[FitState[Model]], None] | None = None,
    progress: str | None = None,
) -> FitState[Model]:
    """Fit any model to states and their time derivatives by gradient descent (Greydanus et al. 2019, equation 3).

    With the defaults it is the published fit.

    Args:
        model: a freshly initialised model.
        train: states with derivatives, in memory or on disk; used in float32.
        test: states with derivatives that only the history sees.
        loss: map of model, states and derivatives to a number, lower is better: a function of a module, since a new
            one compiles anew.
        key, settings, optimizer, devices, resume, checkpoint, progress: as in `symplect.fitting.descend`.

    Returns:
        The final training state, with the fitted `model` and the `history`.

    Raises:
        InputError: data without derivatives, or of other dimension than the model.
        ArithmeticError: the loss left the finite numbers.

    Example:
        >>> import numpy as np
        >>> from symplect import HNN, simulate
        >>> from symplect.systems import MassSpring
        >>> data = simulate(MassSpring.reference(), np.array([[1.0, 0.0]]), np.linspace(0.0, 3.0, 30))
        >>> fitted = fit_gradient(
        ...     HNN(jax.random.key(0), 1), data, key=jax.random.key(1), settings=GradientSettings(steps=10)
        ... )
        >>> int(fitted.step)
        10
    """
    return descend(
        model,
        loss,
        _rows(model, train),
        key=key,
        settings=settings,
        optimizer=optimizer,
        test_rows=_rows(model, test if test is not None else train),
        devices=devices,
        resume=resume,
        checkpoint=checkpoint,
        progress=progress,
    )


def fit_gradient_together(
    models: Sequence[Model],
    trains: Sequence[Trajectories],
    *,
    tests: Sequence[Trajectories],
    loss: Loss = mean_squared_error,
    **how: Any,
) -> list[FitState[Model]]:
    """Fit models of one shape, each to data of its own, in one program: the seeds of one setting, or an ensemble.

    Args:
        models: freshly initialised.
        trains, tests: for each model, as in `fit_gradient`.
        loss: as in `fit_gradient`.
        how: as in `symplect.fitting.together.descend_together`: keys, settings, optimizer, devices, resume,
            checkpoint, progress.

    Returns:
        The state of each model after the last step.

    Raises:
        InputError: data without derivatives, of other dimension than the model, or of different sizes.
        ArithmeticError: a loss left the finite numbers.

    Example:
        >>> import numpy as np
        >>> from symplect import HNN, simulate
        >>> from symplect.systems import MassSpring
        >>> data = simulate(MassSpring.reference(), np.array([[1.0, 0.0]]), np.linspace(0.0, 3.0, 30))
        >>> keys = [jax.random.key(seed) for seed in range(3)]
        >>> models = [HNN(key, 1, width=8) for key in keys]
        >>> settings = GradientSettings(steps=10)
        >>> len(fit_gradient_together(models, [data] * 3, tests=[data] * 3, keys=keys, settings=settings))
        3
    """
    rows = [_in_memory(model, data) for model, data in zip(models, trains, strict=True)]
    seen = [_in_memory(model, data) for model, data in zip(models, tests, strict=True)]
    return descend_together(models, loss, rows, test_rows=seen, **how)


def _rows(model: AbstractDynamics, data: Trajectories | RowsOnDisk) -> tuple[Rows, Rows] | RowsOnDisk:
    if not isinstance(data, RowsOnDisk):
        return _in_memory(model, data)
    _require_dimension(model, data.dimension)
    return data


def _in_memory(model: AbstractDynamics, data: Trajectories) -> tuple[Rows, Rows]:
    _require_dimension(model, data.dimension)
    if data.derivatives is None:
        raise InputError(
            "fit_gradient: expected data with derivatives, found none: estimate them, as forward_difference does"
        )
    return jnp.asarray(data.states, jnp.float32), jnp.asarray(data.derivatives, jnp.float32)


def _require_dimension(model: AbstractDynamics, dimension: int) -> None:
    if dimension != 2 * model.degrees_of_freedom:
        raise InputError(
            f"fit_gradient: expected data with {2 * model.degrees_of_freedom} coordinates, found {dimension}"
        )
