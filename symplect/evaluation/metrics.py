"""Error metrics between true and predicted trajectories.

Paths have shape `(starts, times, dimension)`, energies `(starts, times)`. All functions are pure NumPy.
"""

import numpy as np
from jaxtyping import Bool, Float

Paths = Float[np.ndarray, "starts times dimension"]
Energies = Float[np.ndarray, "starts times"]
Times = Float[np.ndarray, " times"]


def energy_errors(truth: Energies, prediction: Energies) -> Float[np.ndarray, " starts"]:
    """Return the mean over time of `(H(x) - H(y))^2` for every start, the paper's energy metric."""
    return np.mean((truth - prediction) ** 2, axis=1)


def rollout_error(truth: Paths, prediction: Paths) -> float:
    r"""Return the geometric mean over times and starts of $\frac{rms(y - x)}{rms(y) + rms(x)}$, each at least 1e-7.

    Between 0 (the same path) and 1 (nothing in common); unlike a mean square it is not ruled by the last times or the
    worst start. NaN if a path left the finite numbers.
    """
    difference, sizes = _rms(prediction - truth), _rms(prediction) + _rms(truth)
    relative = np.divide(difference, sizes, out=np.zeros_like(sizes), where=sizes != 0)
    return float(np.exp(np.mean(np.log(np.maximum(relative, 1e-7)))))


def valid_prediction_time(times: Times, truth: Paths, prediction: Paths) -> float:
    r"""Return the median over starts of the first time with $|y - x| > 0.4 \sqrt{\langle |x|^2 \rangle}$.

    Where a path stays closer than that to the end, the time tried counts.
    """
    sizes = np.sqrt(np.mean(np.sum(truth**2, axis=-1), axis=-1, keepdims=True))
    close = np.linalg.norm(prediction - truth, axis=-1) <= 0.4 * sizes  # NaN is not close
    return float(np.median(first_failure(times - times[0], close)))


def first_failure(times: Times, close: Bool[np.ndarray, "starts times"]) -> Float[np.ndarray, " starts"]:
    """Return the first time at which each row is not close, or the last time where it always is."""
    return np.where(np.all(close, axis=1), times[-1], times[np.argmin(close, axis=1)])


def energy_drift(
    times: Times, energies: Energies, *, scales: Float[np.ndarray, " starts"] | None = None
) -> tuple[float, float]:
    """Return the least-squares slope against time of the relative energy change, and its largest size.

    Both are means over the starts of absolute values. A bounded oscillation of the energy has no slope; a leak has.

    Args:
        times, energies: output times, and the energy along each path.
        scales: energies that the change is relative to, for an energy whose constant means nothing; the first energy
            unless given.
    """
    scales = np.abs(energies[:, 0]) if scales is None else scales
    change = energies - energies[:, :1]
    change = np.divide(change, scales[:, None], out=np.zeros_like(change), where=change != 0)  # at rest, 0 of 0
    centred = times - np.mean(times)
    slopes = change @ centred / np.sum(centred**2)
    return float(np.mean(np.abs(slopes))), float(np.mean(np.max(np.abs(change), axis=1)))


def frequency_bias(
    times: Times, truth: Float[np.ndarray, "starts times"], prediction: Float[np.ndarray, "starts times"]
) -> float:
    """Return the mean of `|omega_prediction / omega_truth - 1|` over the starts whose true path oscillates.

    Each path oscillates about a position of its own. NaN if no true path does, or a prediction beside one does not: it
    makes no full turn, or none of a tenth of the true path's size.

    Args:
        times: sampling times.
        truth: the true position of a system of one degree of freedom, one row per start.
        prediction: the model's.
    """
    least = 0.1 * np.ptp(truth, axis=1)
    frequencies = np.array([_angular_frequency(times, q, size) for q, size in zip(truth, least, strict=True)])
    found = np.array([_angular_frequency(times, q, size) for q, size in zip(prediction, least, strict=True)])
    oscillates = np.isfinite(frequencies)
    return float(np.mean(np.abs(found / frequencies - 1)[oscillates])) if np.any(oscillates) else float("nan")


def unexplained_energy(truth: Energies, learned: Energies) -> float:
    r"""Return $1 - R^2$ of the best fit $H \approx a H_\theta + b$ over paths of many energies.

    The constant of a learned Hamiltonian is arbitrary, and in learned coordinates its scale too, so both are fitted.
    Within one orbit, where the true energy is constant, the number means nothing.
    """
    columns = np.stack([learned.ravel(), np.ones(learned.size)], axis=1)
    fitted = columns @ np.linalg.lstsq(columns, truth.ravel())[0]
    return float(np.sum((truth.ravel() - fitted) ** 2) / np.sum((truth - np.mean(truth)) ** 2))


def relative_error(truth: Float[np.ndarray, "..."], prediction: Float[np.ndarray, "..."]) -> float:
    r"""Return $\sqrt{\sum |f_{model} - f|^2 / \sum |f|^2}$."""
    return float(np.linalg.norm(prediction - truth) / np.linalg.norm(truth))


def _rms(vectors: Float[np.ndarray, "*batch dimension"]) -> Float[np.ndarray, "*batch"]:
    return np.sqrt(np.mean(vectors**2, axis=-1))


def _angular_frequency(times: Times, q: Times, least: float) -> float:
    """Return the frequency of the turns about the middle of a path's range; NaN if it spans less than `least`.

    A full turn lies between a crossing of the middle and the next but one, each found by linear interpolation. What
    stays within a tenth of the range about the middle between two crossings is a ripple and no turn.
    """
    at_rest = max(least, 1e-6 * np.max(np.abs(q)))  # but for round-off
    if not np.all(np.isfinite(q)) or np.ptp(q) <= at_rest:
        return float("nan")
    x = q - (np.max(q) + np.min(q)) / 2
    far = np.flatnonzero(np.abs(x) > 0.05 * np.ptp(q))
    turned = np.flatnonzero(np.signbit(x[far[:-1]]) != np.signbit(x[far[1:]]))
    if len(turned) < 3:
        return float("nan")
    crossed = np.flatnonzero(np.signbit(x[:-1]) != np.signbit(x[1:]))
    before = crossed[np.searchsorted(crossed, far[turned])]
    crossings = times[before] + x[before] / (x[before] - x[before + 1]) * (times[before + 1] - times[before])
    return float(2 * np.pi / np.mean(crossings[2:] - crossings[:-2]))
