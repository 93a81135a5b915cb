"""The systems of the pixel pendulum: every model has a latent space of its own, and draws what it sees in a state."""

import math
from collections.abc import Callable
from pathlib import Path

import equinox as eqx
import jax
import numpy as np

from symplect.errors import InputError
from symplect.experiments.tasks import TASKS
from symplect.models import AbstractPixelDynamics
from symplect.precision import cast
from symplect.runs import TaskRun
from symplect.views.explorer.arrays import Arrays
from symplect.views.explorer.content import Payload, System
from symplect.views.explorer.parts import clock, points, start_among
from symplect.views.explorer.program import lower
from symplect.views.explorer.tasks import run_entry, subtitle
from symplect.views.plots import name as title_of

_NOTE = (
    "The state is latent: the model finds its own q and p, which another model's cannot be compared with. Time counts "
    "frames of the film."
)


def pixel_system(folder: Path, run: TaskRun) -> System:
    """Return the system of one model that sees pixels.

    Raises:
        InputError: the model is of another kind, or cannot be moved.
    """
    task, who, model = TASKS[run.config.task], run.config.model, run.model
    if not isinstance(model, AbstractPixelDynamics):
        raise InputError(f"expected a model that sees pixels, found {type(model).__name__}: run again")
    paths, training = run.rollout["latent_truth"], run.rollout["latent_training"]
    found, side = run_entry(folder, run, training), _side(model)
    if side:
        found["decoder"] = decoder(model)
    return {
        "name": f"{task.name}-{who}",
        "title": f"{task.title}, {title_of(who)}",
        "subtitle": subtitle(task, run.config.seed),
        "coordinates": [{"name": name, "label": f"latent {name}"} for name in ("q", "p")],
        "time": task.labels.t,
        "bodies": None,
        "links": None,
        "models": [found],
        "shown": who,
        "data": points(training),
        "measured": [],
        "start": start_among(paths[:, 0], training),
        **clock(float(np.ptp(run.rollout["t"]))),
        "notes": [_NOTE],
        "omitted": [],
        "image": {"side": side} if side else None,
    }


def decoder(model: AbstractPixelDynamics) -> Payload:
    """Return the weights and the program that draw the later of a state's two frames, large matrices in 8 bits."""
    arrays = Arrays(np.dtype(np.float32), coarse=True)
    program = lower(later_frame(cast(model, np.float32)), 2, arrays)
    return {
        "precision": "float32",
        "degrees_of_freedom": 1,
        "arrays": arrays.base64(),
        "programs": {"decode": program},
    }


def later_frame(model: AbstractPixelDynamics) -> Callable[[jax.Array], jax.Array]:
    """Return the decoder without what it computes for the earlier frame."""
    network, half = model.autoencoder.decoder, _pixels(model) // 2
    last = (network.weights[-1][:, half:], network.biases[-1][half:])
    return eqx.tree_at(lambda own: (own.weights[-1], own.biases[-1]), network, last)


def _pixels(model: AbstractPixelDynamics) -> int:
    return model.configuration["pixels"]


def _side(model: AbstractPixelDynamics) -> int | None:
    """Return the side of a square frame; nothing where an observation is not two of them."""
    side = math.isqrt(_pixels(model) // 2)
    return side if 2 * side**2 == _pixels(model) else None
