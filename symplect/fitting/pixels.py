"""Fits of pixel models: the published loss, and one whose steps are symmetric in time."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, UInt8

from symplect._types import Key, Scalar, State
from symplect.data.pixels import PixelTrajectories
from symplect.errors import InputError
from symplect.fitting.descent import FitState, GradientSettings, descend
from symplect.integrate import RK4, rollout
from symplect.models import AbstractPixelDynamics

Model = TypeVar("Model", bound=AbstractPixelDynamics)
Windows = UInt8[Array, "batch frames side side"]
Observations = Float[Array, "batch times pixels"]


def observations(frames: Windows) -> Observations:
    """Return all pairs of neighbouring frames, the earlier first, laid end to end and scaled to [0, 1]."""
    flat = frames.reshape(*frames.shape[:2], -1).astype(jnp.float32) / 255
    return jnp.concatenate([flat[:, :-1], flat[:, 1:]], axis=-1)


@final
@dataclass(frozen=True)
class PublishedPixelLoss:
    """Reconstruction + canonical coordinates + 0.1 x one Euler step of one frame (Greydanus et al. 2019, equation 8).

    The Euler step contracts: an exact fit of it shrinks the swing to 0.15 in 100 frames.
    """

    frames = 3

    def __call__(self, model: AbstractPixelDynamics, windows: Windows) -> Scalar:
        x = observations(windows)
        z = over(model.encode, x)
        now, after = z[:, 0], z[:, 1]
        reconstruction = jnp.mean((over(model.decode, now) - x[:, 0]) ** 2)
        euler = jnp.mean((now + over(model.time_derivative, now) - after) ** 2)
        canonical = jnp.mean((after[:, 0] - now[:, 0] - now[:, 1]) ** 2)
        return reconstruction + canonical + 0.1 * euler


@final
@dataclass(frozen=True)
class RolloutPixelLoss:
    """Every observation of a window, decoded from one rollout that starts in its middle and goes both ways.

    Forward and backward steps of order 4 have no first-order bias, so the flow of the latent state neither contracts
    nor runs slow. Two weak terms, both free of the latent state's scale, ask the encoder to agree with the rollout and
    `p` to be half the difference between the next and the previous `q`, which makes `(q, p)` canonical coordinates.

    Args:
        length: observations of a window.
        weight: weight of the two weak terms.

    Raises:
        InputError: a window too short for a middle.
    """

    length: int = 16
    weight: float = 0.01

    def __post_init__(self):
        if self.length < 3:
            raise InputError(f"RolloutPixelLoss: expected windows of at least 3 observations, found {self.length}")

    @property
    def frames(self) -> int:
        """Frames of a window: each observation needs two."""
        return self.length + 1

    def __call__(self, model: AbstractPixelDynamics, windows: Windows) -> Scalar:
        x = observations(windows)
        z = over(model.encode, x)
        path = self._path(model, z)
        reconstruction = jnp.mean((over(model.decode, path) - x) ** 2)
        momentum = (z[:, 2:, 0] - z[:, :-2, 0]) / 2
        agreement = _relative(path, z) + _relative(momentum, z[:, 1:-1, 1])
        return reconstruction + self.weight * agreement

    def _path(self, model: AbstractPixelDynamics, z: Float[Array, "batch times 2"]) -> Float[Array, "batch times 2"]:
        """Follow the model from the middle to both ends, one step per frame."""
        middle = self.length // 2
        start = z[:, middle]
        after = rollout(model, start, jnp.arange(0.0, self.length - middle, dtype=z.dtype), solver=RK4()).states
        before = rollout(model, start, -jnp.arange(0.0, middle + 1, dtype=z.dtype), solver=RK4()).states
        return jnp.concatenate([before[:, :0:-1], after], axis=1)


def _relative(found: Float[Array, "*batch"], expected: Float[Array, "*batch"]) -> Scalar:
    """Return the squared difference in units of the variance."""
    return jnp.mean((found - expected) ** 2) / jnp.var(expected)


def over(function: Callable[[State], Array], batch: Float[Array, "*batch size"]) -> Float[Array, "*batch out"]:
    """Apply a function of one vector along the last axis."""
    flat = jax.vmap(function)(batch.reshape(-1, batch.shape[-1]))
    return flat.reshape(*batch.shape[:-1], -1)


PixelLoss = PublishedPixelLoss | RolloutPixelLoss


def fit_pixels(
    model: Model,
    train: PixelTrajectories,
    loss: PixelLoss,
    *,
    key: Key,
    settings: GradientSettings,
    test: PixelTrajectories | None = None,
    resume: FitState[Model] | None = None,
    checkpoint: Callable[[FitState[Model]], None] | None = None,
    progress: str | None = None,
) -> FitState[Model]:
    """Fit a pixel model to films.

    Args:
        model: a freshly initialised pixel model.
        train: the films; a row of a batch is a window of `loss.frames` frames.
        loss: the published one, or the symmetric one.
        test: films that only the history sees.
        key, settings, resume, checkpoint, progress: as in `symplect.fitting.descend`.

    Returns:
        The final training state.

    Raises:
        InputError: films shorter than a window, or of another size than the model sees.
        ArithmeticError: the loss left the finite numbers.
    """
    _require_size(model, train)
    return descend(
        model,
        loss,
        (jnp.asarray(train.windows(loss.frames, every=max(1, loss.frames // 4))),),
        key=key,
        settings=settings,
        test_rows=(jnp.asarray((test or train).windows(loss.frames, every=loss.frames)),),
        resume=resume,
        checkpoint=checkpoint,
        progress=progress,
    )


def _require_size(model: AbstractPixelDynamics, films: PixelTrajectories) -> None:
    expected, found = model.configuration["pixels"], 2 * films.frames[0, 0].size
    if expected != found:
        raise InputError(f"fit_pixels: expected films whose two frames have {expected} pixels, found {found}")
