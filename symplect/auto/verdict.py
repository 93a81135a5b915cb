"""What a fit found, in words: which model, how far it predicts, and what that says of the energy."""

import math
from collections.abc import Sequence

import numpy as np

from symplect.auto.choice import Judged
from symplect.auto.energy import Energy
from symplect.auto.judgement import Prediction, valid_time
from symplect.data import Trajectories
from symplect.models import AbstractModel, EulerLagrange
from symplect.tables import Reading
from symplect.tables.repairs import OUT_OF_ORDER

_FEW_TRIALS = 5
_POOR = 0.1  # of the spread, beyond which predictions are called poor
_NARROW = 0.3  # of its middle value, over which the energy of all paths lies
_OUTSIDE = 0.05  # of the range of the training data, beyond which a path has left it
_KINDS = {
    "Hamiltonian": "a Hamiltonian",
    "dissipative": "a Hamiltonian with friction",
    "plain": "a plain vector field, which has no energy",
}
_METHODS = {
    "mechanics": "with a mass matrix that depends on the position, fitted to paths",
    "closed-form": "in closed form",
    "trajectory": "fitted to paths",
    "gradient": "a network by gradient descent",
}


def described(chosen: Judged, energy: Energy) -> str:
    """Say which model it is, as in "Hamiltonian with friction, fitted to paths"."""
    candidate = chosen.candidate
    kind = _KINDS[candidate.kind]
    if energy.friction and energy.friction != "friction":
        kind = f"a Hamiltonian with {energy.friction}"
    return f"The model is {kind}, {_METHODS[candidate.method]}.{_unit_of_energy(candidate.model)}"


def _unit_of_energy(model: AbstractModel) -> str:
    if not isinstance(model, EulerLagrange):
        return ""
    if model.forces:
        return " Forces along the positions were known, so H has the unit of their work."
    return " No force along the positions was known, so H and masses are known up to a factor: here the mean mass is 1."


def headline(chosen: Judged, paths: Sequence[Prediction], reading: Reading, held_out: str) -> str:
    """Say how far predictions hold."""
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


def energy_sentence(energy: Energy, reading: Reading) -> str:
    """Say what is known of the energy, and why no more than that."""
    unit = f" per {reading.time_unit}" if reading.time_unit else " per unit of time"
    if energy.status == "conserved":
        share = f"a loss above {100 * energy.high:.2g} %{unit}"
        rate = f"a loss at a rate above {_digits(energy.high)}{unit}"
        bound = f": {share if energy.high < 1 else rate} would show" if np.isfinite(energy.high) else ""
        return f"Energy is conserved, as far as these data tell{bound}."
    if energy.status == "lost" and energy.low == energy.high > 1:  # no share of more than all
        return f"Energy is not conserved: it decays at a rate of {measured(energy.low, energy.error)}{unit}."
    if energy.status == "lost" and energy.low == energy.high:
        lost = measured(100 * energy.low, 100 * energy.error)
        return f"Energy is not conserved: {lost} % of it are lost{unit}."
    if energy.status == "lost":
        share = energy.high < 1
        low, high = (_digits(100 * own if share else own) for own in (energy.low, energy.high))
        rates = (f"{low} to {high}" if low != high else f"about {low}") + (" %" if share else "")
        rates = rates if share else f"at a rate of {rates}"
        return (
            f"Energy is not conserved: it is lost by {energy.friction}, {rates}{unit} over the "
            "amplitudes of these data, so no one rate holds."
        )
    if energy.status == "not conserved":
        return f"Energy is not conserved: {energy.reason}."
    return f"Whether energy is conserved is not known: {energy.reason}."


def _digits(value: float) -> str:
    """Return two digits, without a power of ten where numbers are usual."""
    return f"{float(f'{value:.2g}'):,g}"


def measured(value: float, error: float) -> str:
    """Return a number to the digits that its standard error leaves, as in "11.2 ± 0.5"."""
    decimals = -math.floor(math.log10(error)) if 0 < error < math.inf else 2
    return f"{round(value, decimals):,.{max(decimals, 0)}f} ± {round(error, decimals):,.{max(decimals, 0)}f}"


def one_orbit(reading: Reading, train: Trajectories, energies: np.ndarray | None) -> str:
    """Say so where data hold one orbit, or one energy: what a system does elsewhere is not in them."""
    narrow = energies is not None and energies[0] >= (1 - _NARROW) * energies[1]
    if reading.alone or not (narrow or (len(train) == 1 and energies is None)):
        return ""
    what = "one orbit" if len(reading.data) == 1 else "one energy"
    spread = "" if energies is None else f" (energies within {100 * (1 - energies[0] / energies[1]):.2g} %)"
    return (
        f" These data hold {what} only{spread}: nothing is known of other starts, and long predictions are not "
        "promised; measure slower and faster ones."
    )


def cautions(reading: Reading, train: Trajectories, paths: Sequence[Prediction], chosen: Judged) -> tuple[str, ...]:
    """Return the warnings about the data and the model."""
    return tuple(
        said
        for said in (
            *(note for note in reading.notes if OUT_OF_ORDER in note),
            _few_trials(reading, train),
            _leaving(paths, train),
            _rough(chosen),
        )
        if said
    )


def _few_trials(reading: Reading, train: Trajectories) -> str:
    if reading.alone or len(train) >= _FEW_TRIALS:
        return ""
    trials = "one trial was" if len(train) == 1 else f"{len(train)} trials were"
    return f"only {trials} fitted: other starts may behave differently, so measure more of them"


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


def _rough(chosen: Judged) -> str:
    if chosen.error < _POOR:
        return ""
    return (
        "predictions are poor: more samples per swing, less noise, a missing coordinate or input, or momenta that are "
        "not canonical may be why"
    )
