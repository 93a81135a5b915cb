"""Paths cut into pieces that are simulated from a free start each."""

import warnings
from typing import final

import equinox as eqx
import numpy as np
from jaxtyping import Float, Int

from symplect.data import Scaling, Trajectories
from symplect.errors import FitWarning, InputError

_GAP = 3.5  # times the usual time step: across a longer one a path is cut
_LONGEST = 60  # samples of a piece, unless asked for
_STEP = 0.125  # of the time in which states change by their spread: a step of Runge-Kutta
_NEARLY_ALL = 0.9  # of the time steps, between which so many substeps are enough
_MOST_SUBSTEPS = 16


@final
class Segments(eqx.Module):
    """Pieces of paths, filled up to one length.

    Attributes:
        times: of the samples; behind the end they go on.
        states: observed ones; behind the end the last one stands.
        weights: 1 where a coordinate was observed, 0 where not.
        inputs: known inputs, none of them as zero columns.
        trials: the number of the trial each piece was cut from.
    """

    times: Float[np.ndarray, "segments samples"]
    states: Float[np.ndarray, "segments samples dimension"]
    weights: Float[np.ndarray, "segments samples dimension"]
    inputs: Float[np.ndarray, "segments samples channels"]
    trials: Int[np.ndarray, " segments"]

    def __len__(self) -> int:
        return len(self.trials)


def cut_segments(data: Trajectories, observed: Float[np.ndarray, " dimension"], longest: int | None) -> Segments:
    """Cut every trial at its gaps, and into pieces of equal length of at most `longest` samples.

    Args:
        data: paths, of two samples or more each.
        observed: 1 for every coordinate that was observed, 0 for the others.
        longest: samples of a piece; 60 unless given.

    Raises:
        InputError: pieces of less than two samples.
    """
    if longest is not None and longest < 2:
        raise InputError(f"fit_trajectory: expected segments of two samples or more, found {longest}")
    steps = [float(np.median(np.diff(trial.times))) for trial in data]
    rows: list[np.ndarray] = []
    trials: list[int] = []
    first = 0
    for number, trial in enumerate(data):
        for piece in _pieces(trial.times, _GAP * steps[number], longest or _LONGEST):
            rows.append(first + piece)
            trials.append(number)
        first += len(trial.times)
    if not rows:
        raise InputError(
            "fit_trajectory: expected neighbouring samples, found gaps between all: leave the rare ones out"
        )
    if (left := len(data.times) - sum(map(len, rows))) > 0:
        warnings.warn(
            f"fit_trajectory: {left} samples stand alone between gaps and are not fitted", FitWarning, stacklevel=3
        )
    return _filled(data, observed, rows, trials, float(np.median(steps)))


def enough_substeps(data: Trajectories) -> int:
    r"""Return Runge-Kutta steps between two samples that change the frequency of a swing by about 1e-6.

    Steps of h change a frequency $\omega$ by $(\omega h)^4 / 120$, relatively, which a fitted model makes up for: it
    would be wrong by as much.

    Example:
        >>> t = np.linspace(0.0, 100.0, 130)  # eight samples a turn
        >>> enough_substeps(Trajectories(t, np.stack([np.cos(t), -np.sin(t)], axis=1), (130,)))
        7
    """
    scaling = Scaling.of(data)
    steps = np.concatenate([np.diff(trial.times) for trial in data])
    usual = steps[steps <= _GAP * np.median(steps)]
    return int(np.clip(np.ceil(np.quantile(usual, _NEARLY_ALL) / (_STEP * scaling.time)), 1, _MOST_SUBSTEPS))


def _pieces(times: Float[np.ndarray, " samples"], gap: float, longest: int) -> list[np.ndarray]:
    """Return the rows of every piece; a piece of a single sample says nothing and is left out."""
    between = np.split(np.arange(len(times)), np.flatnonzero(np.diff(times) > gap) + 1)
    pieces = [piece for part in between for piece in np.array_split(part, -(-len(part) // longest))]
    return [piece for piece in pieces if len(piece) > 1]


def _filled(
    data: Trajectories,
    observed: Float[np.ndarray, " dimension"],
    rows: list[np.ndarray],
    trials: list[int],
    step: float,
) -> Segments:
    length = max(map(len, rows))
    index = np.stack([np.pad(piece, (0, length - len(piece)), mode="edge") for piece in rows])
    beyond = np.maximum(np.arange(length) - np.array([[len(piece) - 1] for piece in rows]), 0)
    inputs = np.zeros((len(data.times), 0)) if data.inputs is None else data.inputs
    return Segments(
        times=data.times[index] + step * beyond,
        states=np.asarray(data.states[index], np.float64),
        weights=(beyond == 0)[:, :, None] * observed,
        inputs=np.asarray(inputs[index], np.float64),
        trials=np.array(trials),
    )
