"""What a fit found, in words."""

from collections.abc import Sequence

import numpy as np

from symplect.automatic.choice import Judged, diagnosis_of
from symplect.automatic.judgement import Prediction, valid_time
from symplect.data import Trajectories
from symplect.reading import Reading

_FEW_TRIALS = 5
_POOR = 0.1  # of the spread, beyond which predictions are called poor
_NARROW = 0.3  # of its middle value, over which the energy of all paths lies
_OUTSIDE = 0.05  # of the range of the training data, beyond which a path has left it
_MANY_TURNS = 50  # radians


def headline(chosen: Judged, paths: Sequence[Prediction], reading: Reading, held_out: str) -> str:
    """Says how far predictions hold."""
    error = 100 * chosen.error
    size = f"{error:.1f} %" if error >= 0.1 else f"{error:.1e} %"
    what = "derivatives" if reading.alone else "paths"
    said = f"On {held_out}, which the fit has not seen, predicted {what} are off by {size} of the data's spread"
    if not paths:
        return f"{said}."
    held, followed = valid_time(list(paths), reading.observed)
    unit = f" {reading.time_unit}" if reading.time_unit else ""
    if held >= followed:
        return f"{said} over short pieces, and hold for all of the {followed:.3g}{unit} they can be compared."
    return f"{said} over short pieces, and hold for {held:.3g} of {followed:.3g}{unit}."


def conservation(chosen: Judged, judged: Sequence[Judged], reading: Reading) -> str:
    """Says whether energy is conserved."""
    diagnosis, kind = diagnosis_of(judged), chosen.candidate.kind
    unit = f" per {reading.time_unit}" if reading.time_unit else " per unit of time"
    if diagnosis is None:
        return {
            "Hamiltonian": "The model conserves energy. Whether the system does is not known: no paths were fitted.",
            "dissipative": "The model can only lose energy, apart from what the inputs bring.",
            "plain": "The model is a plain vector field: it knows of no energy.",
        }[kind]
    if diagnosis.conserves:
        return "Energy is conserved, as far as these data tell."
    if kind == "plain":
        return "Energy is not conserved, and not lost by friction alone: a plain vector field predicts better."
    lost, deviation = 100 * diagnosis.loss_rate, 100 * diagnosis.loss_rate_error
    return f"Energy is not conserved: {lost:.2g} ± {deviation:.1g} % of it are lost{unit}."


def cautions(
    reading: Reading, train: Trajectories, paths: Sequence[Prediction], energies: np.ndarray | None, chosen: Judged
) -> tuple[str, ...]:
    """Says what to be careful about."""
    return tuple(
        said
        for said in (
            _few_trials(reading, train),
            _narrow(energies),
            _leaving(paths, train),
            _unwrapped(reading),
            _rough(chosen),
        )
        if said
    )


def _few_trials(reading: Reading, train: Trajectories) -> str:
    if reading.alone or len(train) >= _FEW_TRIALS:
        return ""
    trials = "one trial was" if len(train) == 1 else f"{len(train)} trials were"
    return f"only {trials} fitted: other starts may behave differently, so measure more of them"


def _narrow(energies: np.ndarray | None) -> str:
    if energies is None:
        return ""
    low, high = energies
    if low < (1 - _NARROW) * high:
        return ""
    return (
        f"energies of the fitted paths differ by {100 * (1 - low / high):.0f} % only: predictions at others are "
        "extrapolated, so measure slower and faster ones"
    )


def _leaving(paths: Sequence[Prediction], train: Trajectories) -> str:
    if not paths:
        return ""
    low, high = np.min(train.states, axis=0), np.max(train.states, axis=0)
    margin = _OUTSIDE * (high - low)

    def outside(states: np.ndarray) -> bool:
        return not bool(np.all((states >= low - margin) & (states <= high + margin)))

    left = sum(outside(path.predicted) for path in paths)
    if not left:
        return ""
    return f"{left} of {len(paths)} predicted paths leave the range of the fitted data, where a model knows nothing"


def _unwrapped(reading: Reading) -> str:
    """Jumps of a full turn, or a range of many turns, in what was not said to be an angle."""
    for place, name in enumerate(reading.columns.q):
        if name in reading.columns.angles:
            covered = np.ptp(reading.data.states[:, place])
            if covered > _MANY_TURNS:
                return f"{name} covers {covered:.3g}: if that is degrees, name it '{name} [deg]'"
            continue
        jumps = np.abs(np.concatenate([np.diff(trial.states[:, place]) for trial in reading.data]))
        if np.any(np.abs(jumps - 2 * np.pi) < 0.7) and np.median(jumps) < 0.7:
            return f"{name} jumps by a full turn: if it is an angle, say so with --angle {name}"
    return ""


def _rough(chosen: Judged) -> str:
    if chosen.error < _POOR:
        return ""
    return (
        "predictions are poor: more samples per swing, less noise, a missing coordinate or input, or momenta that are "
        "not canonical may be why"
    )
