"""The pixel pendulum in motion: the truth, every model, and a swing that is given energy half-way."""

import io
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFont

from symplect.dynamics import AbstractHamiltonian
from symplect.models import AbstractPixelDynamics
from symplect.runs import TaskRun
from symplect.views.plots import by_task, colour, energy_step, name, of_pixels

_SIDE = 168  # pixels of a panel, six for each of a frame's
_GAP, _TITLE = 12, 28
_SHADES = 15  # of grey; the faint noise of a decoder would make half the file
_MILLISECONDS = 50  # of one frame, the time in which the pendulum moves so far


class Film(NamedTuple):
    """One panel: what is written above it, in whose colour, and its frames."""

    title: str
    who: str
    frames: UInt8[np.ndarray, "times height width"]


def animation(runs: Sequence[TaskRun]) -> bytes:
    """Return an animated GIF of the first run of every model of the pixel pendulum.

    Raises:
        InputError: no run of the pixel pendulum, or a learned H to which no energy can be added.
    """
    films = _films(next(iter(by_task(runs, of_pixels()).values())))
    times = min(len(film.frames) for film in films)
    white = int(np.max(films[0].frames))
    pictures = [_picture(films, time, white) for time in range(times)]
    file = io.BytesIO()
    pictures[0].save(file, "GIF", save_all=True, append_images=pictures[1:], duration=_MILLISECONDS, loop=0)
    return file.getvalue()


def _films(models: Mapping[str, TaskRun]) -> list[Film]:
    films = [Film(name("truth"), "truth", next(iter(models.values())).rollout["frames_truth"][0])]
    films += [Film(name(who), who, run.rollout["frames_prediction"][0]) for who, run in models.items()]
    for who, run in models.items():
        if isinstance(run.model, AbstractHamiltonian) and isinstance(run.model, AbstractPixelDynamics):
            times = run.rollout["t"]
            step = energy_step(run.model, run.rollout, times[: len(times) // 2])
            frames = _decoded(run.model, np.concatenate([step.before, step.after]))
            films.append(Film(f"{name(who)}, energy added", who, frames))
    return films


def _decoded(
    model: AbstractPixelDynamics, path: Float[np.ndarray, "times 2"]
) -> UInt8[np.ndarray, "times height width"]:
    """Return the later of the two frames that belong to each latent state."""
    seen = np.split(np.asarray(jax.vmap(model.decode)(jnp.asarray(path, jnp.float32))), 2, axis=1)[1]
    side = round(seen.shape[1] ** 0.5)
    return np.round(255 * np.clip(seen, 0, 1)).astype(np.uint8).reshape(-1, side, side)


def _picture(films: Sequence[Film], time: int, white: int) -> Image.Image:
    """Return all panels at one time, each with its title; a pixel as bright as `white` becomes white."""
    picture = Image.new("RGB", (len(films) * (_SIDE + _GAP) + _GAP, _TITLE + _SIDE + _GAP), "white")
    draw = ImageDraw.Draw(picture)
    for number, film in enumerate(films):
        left = _GAP + number * (_SIDE + _GAP)
        draw.text((left, 8), film.title, fill=colour(film.who), font=ImageFont.load_default(13))
        frame = (np.round(_SHADES * np.minimum(film.frames[time] / white, 1)) * (255 / _SHADES)).astype(np.uint8)
        picture.paste(Image.fromarray(frame).resize((_SIDE, _SIDE), Image.Resampling.NEAREST), (left, _TITLE))
    return picture.quantize(64)
