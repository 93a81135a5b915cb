"""A pendulum seen as pixels: films rendered by Gymnasium, kept on disk once made."""

import importlib.metadata
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pooch
from jaxtyping import Float, UInt8
from tqdm import tqdm

from symplect.errors import InputError, NotAvailableError
from symplect.files import read_arrays, write_arrays

SIDE = 28
_ROWS, _COLUMNS = slice(220, 390), slice(165, 335)  # of 500 and 500: the published crop, just what the rod reaches
_MOMENTUM = 0.25  # per unit of angular velocity, so that H = 15/8 (1 - cos q) + p^2


@dataclass(frozen=True, eq=False)
class PixelTrajectories:
    """Films of equal length, with the true state behind every frame, which no model is shown.

    Attributes:
        frames: shape `(trials, times, SIDE, SIDE)`, 255 is the brightest.
        states: shape `(trials, times, 2)`, angle from the lowest point in radians, and a quarter of its velocity per
            second.
    """

    frames: UInt8[np.ndarray, "trials times side side"]
    states: Float[np.ndarray, "trials times 2"]

    def __len__(self) -> int:
        return len(self.frames)

    def split(self, trials: int) -> tuple["PixelTrajectories", "PixelTrajectories"]:
        """Return the first so many films and the rest.

        Raises:
            InputError: a part would be empty.
        """
        if not 0 < trials < len(self):
            raise InputError(f"split: expected between 1 and {len(self) - 1} films in the first part, found {trials}")
        first, rest = slice(None, trials), slice(trials, None)
        return (
            PixelTrajectories(self.frames[first], self.states[first]),
            PixelTrajectories(self.frames[rest], self.states[rest]),
        )

    def windows(self, length: int, every: int = 1) -> UInt8[np.ndarray, "windows length side side"]:
        """Return all runs of so many neighbouring frames that begin `every` so many frames of a film.

        Raises:
            InputError: films shorter than that.
        """
        if length > self.frames.shape[1]:
            raise InputError(f"windows: expected films of at least {length} frames, found {self.frames.shape[1]}")
        starts = range(0, self.frames.shape[1] - length + 1, every)
        return np.concatenate([self.frames[:, start : start + length] for start in starts])


def require_pixels() -> None:
    """Make sure of what renders the films.

    Raises:
        NotAvailableError: the extra is not installed.
    """
    if missing := [name for name in ("gymnasium", "pygame", "PIL") if importlib.util.find_spec(name) is None]:
        raise NotAvailableError(
            f'the pixel pendulum needs {", ".join(missing)}, not installed here: pip install "symplect[pixels]"'
        )


def pixel_pendulum(
    trials: int, frames: int, seed: int, *, folder: Path | None = None, progress: str | None = None
) -> PixelTrajectories:
    """Return films of a swinging pendulum (Gymnasium's Pendulum-v1 without torque, 20 frames per second).

    Starts are as in the paper: angles up to 30 degrees from the lowest point, velocities up to 1 rad/s (Greydanus et
    al. 2019, section 5). Films once rendered are kept in the user's cache; about 300 frames per second otherwise.

    Args:
        trials: number of films.
        frames: number of frames of each film.
        seed: random seed of the initial conditions.
        folder: where films are kept; the user's cache unless given.
        progress: label of a progress bar; none unless given.

    Raises:
        NotAvailableError: the extra "pixels" is not installed.
    """
    require_pixels()
    version = importlib.metadata.version("gymnasium")
    name = f"pixel-pendulum-{trials}-films-{frames}-frames-of-{SIDE}-pixels-seed-{seed}-gymnasium-{version}.npz"
    path = (folder or Path(pooch.os_cache("symplect"))) / name
    if path.exists():
        try:
            return PixelTrajectories(**read_arrays(path))
        except (InputError, TypeError):
            path.unlink()  # not as it was written: render it again
    rng = np.random.default_rng(seed)
    starts = np.stack([rng.uniform(-np.pi / 6, np.pi / 6, trials), rng.uniform(-1, 1, trials)], axis=1)
    films = render_pendulum(starts, frames, progress=progress)
    write_arrays(path, {"frames": films.frames, "states": films.states})
    return films


def render_pendulum(
    starts: Float[np.ndarray, "trials 2"], frames: int, *, progress: str | None = None
) -> PixelTrajectories:
    """Film Gymnasium's pendulum from given starts.

    Args:
        starts: angle from the lowest point in radians, and angular velocity in radians per second.
        frames: number of frames of each film.
        progress: label of a progress bar; none unless given.
    """
    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    os.environ.setdefault("SDL_VIDEODRIVER", "dummy")  # no window is opened
    from gymnasium.envs.classic_control import PendulumEnv

    pendulum = PendulumEnv(render_mode="rgb_array")
    pendulum.reset(seed=0)
    images, states = [], []
    bar = tqdm(total=len(starts) * frames, desc=progress, unit="frame", disable=None if progress else True, leave=False)
    with bar:
        for angle, velocity in starts:
            pendulum.state = np.array([angle + np.pi, velocity])  # there, angle 0 is the highest point
            for _ in range(frames):
                states.append(pendulum.state - np.array([np.pi, 0.0]))
                images.append(_small(np.asarray(pendulum.render())))
                pendulum.step(np.zeros(1, np.float32))
                pendulum.last_u = None  # or an arrow of no torque is loaded from disk for every frame
            bar.update(frames)
    shape = (len(starts), frames)
    return PixelTrajectories(
        np.stack(images).reshape(*shape, SIDE, SIDE), np.stack(states).reshape(*shape, 2) * [1.0, _MOMENTUM]
    )


def _small(image: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "side side"]:
    """Crops, keeps the red rod alone (red minus green, as in the paper's code), and averages over boxes."""
    from PIL import Image

    red, green = (image[_ROWS, _COLUMNS, channel] for channel in (0, 1))
    rod = red - np.minimum(red, green)
    return np.asarray(Image.fromarray(rod).resize((SIDE, SIDE), Image.Resampling.BOX))
