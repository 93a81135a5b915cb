"""How well a model predicts what was held out."""

import warnings
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from symplect.auto.parts import thinned
from symplect.data import Trajectories
from symplect.dynamics import vector_field
from symplect.fitting.parametrised import Parametrised
from symplect.fitting.paths import follow
from symplect.fitting.segments import cut_segments, enough_substeps
from symplect.fitting.starts import best_paths
from symplect.models import AbstractModel
from symplect.precision import cast

_PIECES = 6  # or more of them, to tell chance from difference
_SHORTEST, _LONGEST = 10, 60  # samples that are predicted from the first of them
_MOST = 6000  # samples that are predicted to compare models
_WORST = 4.0  # squared error in units of the variance: a path that has nothing to do with the measured one
_SUBSTEPS = 4  # between two samples, at least
TINY = 1e-24  # squared error, below which there is nothing to compare
_VALID = 0.4  # of the root mean square, the error at which a prediction has ended

Coordinates = Float[np.ndarray, " dimension"]
Path = Float[np.ndarray, "samples dimension"]


@dataclass(frozen=True, eq=False)
class Prediction:
    """One path, measured and predicted from its first sample; NaN where the prediction left the finite numbers."""

    times: Float[np.ndarray, " samples"]
    measured: Path
    predicted: Path


def predictions(
    model: AbstractModel, data: Trajectories, longest: int | None = None, weights: Coordinates | None = None
) -> list[Prediction]:
    """Follow a model from the first sample of every trial, under the trial's inputs.

    Args:
        model: model of the data's dimension.
        data: trials of two samples or more; they are cut at gaps, and a path begins anew behind each.
        longest: samples of a path, after which another begins; whole trials unless given.
        weights: one per coordinate, by which initial states are fitted; none to begin at the first samples.
    """
    with jax.enable_x64(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of lone samples, which cannot be predicted
        segments = cut_segments(data, np.ones(data.dimension), longest or len(data.times))
        exact, substeps = cast(model, jnp.float64), max(_SUBSTEPS, enough_substeps(data))
        if weights is None:
            paths = follow(*Parametrised.split(exact), segments.states[:, 0], segments, substeps)
        else:
            paths = best_paths(exact, segments, weights, substeps)
    counts = np.sum(segments.weights[:, :, 0], axis=1).astype(int)
    whole = zip(segments.times, segments.states, paths, counts, strict=True)
    return [Prediction(times[:n], states[:n], path[:n]) for times, states, path, n in whole]


def squared_errors(
    model: AbstractModel,
    held_out: Trajectories,
    scale: Coordinates,
    observed: tuple[bool, ...],
    *,
    free_starts: bool = True,
) -> Float[np.ndarray, " pieces"]:
    """Return the mean squared error of every held-out piece of up to 60 samples, in units of the scale.

    Samples that stand alone are judged by their derivatives, in units of the spread of those.

    Args:
        model: model of the data's dimension.
        held_out: trajectories that the fit has not seen.
        scale: unit of every coordinate.
        observed: which coordinates count.
        free_starts: whether a path begins where it fits its piece best, or at the piece's first sample, whose noise
            may be larger than what models differ by.
    """
    if max(held_out.lengths) == 1:
        return _derivative_errors(model, held_out)
    seen = np.flatnonzero(observed)
    some = thinned(held_out, _MOST)
    longest = int(np.clip(len(some.times) // _PIECES, _SHORTEST, _LONGEST))
    weights = np.array(observed) / scale if free_starts else None
    pieces = predictions(model, some, longest, weights)
    found = [np.mean(((piece.predicted - piece.measured) / scale)[:, seen] ** 2) for piece in pieces]
    return np.minimum(np.nan_to_num(np.array(found), nan=_WORST, posinf=_WORST), _WORST)


def geometric_mean(squares: Float[np.ndarray, " pieces"]) -> float:
    """Return the geometric mean of errors, out of squared ones."""
    return float(np.exp(np.mean(np.log(np.maximum(squares, TINY))) / 2))


def valid_time(paths: list[Prediction], observed: tuple[bool, ...]) -> tuple[float, float]:
    """Return the median time for which predictions hold, and that for which they could be compared.

    A prediction has ended when it is wrong by 0.4 of the root mean square of the measured paths about their mean.
    """
    seen = np.flatnonzero(observed)
    size = np.std(np.concatenate([path.measured for path in paths]), axis=0)[seen]
    held: list[float] = []
    for path in paths:
        errors = (path.predicted - path.measured)[:, seen] / np.maximum(size, 1e-300)
        wrong = ~(np.sqrt(np.mean(errors**2, axis=1)) <= _VALID)
        ended = int(np.argmax(wrong)) if np.any(wrong) else len(wrong) - 1
        held.append(float(path.times[ended] - path.times[0]))
    return float(np.median(held)), float(np.median([path.times[-1] - path.times[0] for path in paths]))


def _derivative_errors(model: AbstractModel, held_out: Trajectories) -> Float[np.ndarray, " samples"]:
    assert held_out.derivatives is not None
    with jax.enable_x64(True):
        found = np.asarray(vector_field(cast(model, jnp.float64), jnp.asarray(held_out.states, jnp.float64)))
    scale = np.std(held_out.derivatives, axis=0)
    return np.mean(((found - held_out.derivatives) / scale) ** 2, axis=1)
