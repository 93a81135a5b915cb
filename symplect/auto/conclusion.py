"""From the chosen model and its data to what may be said of the energy."""

from collections.abc import Sequence

import numpy as np

from symplect.auto.choice import Judged
from symplect.auto.diagnosis import friction_error
from symplect.auto.energy import (
    Energy,
    Trend,
    contraction,
    contracts,
    energy_trend,
    frequency_drift,
    losses,
    only_slows_down,
)
from symplect.auto.judgement import geometric_mean
from symplect.auto.verdict import measured
from symplect.data import Trajectories
from symplect.dynamics import AbstractEnergyDynamics
from symplect.tables import Reading

_FLOOR = 2e-3  # of the spread: what a model leaves of less is explained, however little noise there is
_NOISE = {"trajectory": 2.0, "mechanics": 2.0, "closed-form": 4.0, "gradient": 4.0}  # times the noise: paths or pieces
_SMALL = 0.03  # of the spread, that a model may leave besides noise
_LOSES = 2.0  # standard errors of a loss
_NOTICEABLE = 0.05  # of the energy, lost along one trial
_LOST = 1.645  # standard errors, of a one-sided bound of 95 %


def misfit(chosen: Judged, reading: Reading, train: Trajectories) -> float:
    """Return what a model leaves of the paths, in units of their noise; 0 where that is next to nothing.

    Of a fit to paths it is the noise found over the noise measured before any model, of others the error on held-out
    pieces.
    """
    seen = np.flatnonzero(reading.observed)
    spread = np.std(train.states, axis=0)[seen]
    noise = np.maximum(np.nan_to_num(reading.noise[seen]), _FLOOR * spread)
    if chosen.candidate.fit is not None:
        return float(np.max(chosen.candidate.fit.noise[seen] / noise))
    return float(geometric_mean(chosen.squares) / np.sqrt(np.mean((noise / spread) ** 2)))


def explains(chosen: Judged, reading: Reading, train: Trajectories) -> bool:
    """Return whether a model leaves no more of the paths than their noise, or little that does not change with time.

    What is measured is never quite what a model says: a sensor has a lag, a pendulum a bearing. What is left may then
    be more than the noise, as long as it is little beside the motion and the frequency does not drift.
    """
    if misfit(chosen, reading, train) <= _NOISE[chosen.candidate.method]:
        return True
    return left(chosen, reading, train) <= _SMALL and not frequency_drift(
        chosen.candidate.model, train, reading.observed
    )


def left(chosen: Judged, reading: Reading, train: Trajectories) -> float:
    """Return what a model leaves of the paths, in units of their spread."""
    seen = np.flatnonzero(reading.observed)
    if chosen.candidate.fit is None:
        return chosen.error
    return float(np.max((chosen.candidate.fit.noise / np.std(train.states, axis=0))[seen]))


def loses(judged: Sequence[Judged], reading: Reading, train: Trajectories) -> bool:
    """Return whether a model with friction, fitted to paths which it explains, loses energy beyond its error."""
    own = [one for one in judged if one.candidate.kind == "dissipative" and one.candidate.fit is not None]
    if not own or not explains(own[0], reading, train):
        return False
    found = _losses(own[0], train)
    duration = float(np.median([trial.times[-1] - trial.times[0] for trial in train]))
    return found.low > _LOSES * found.error and found.high * duration > _NOTICEABLE


def energy_of(chosen: Judged, reading: Reading, train: Trajectories) -> Energy:
    """Return what the chosen model and its data say of the energy.

    Energy is conserved where a Hamiltonian explains the paths and does not change along them; it is lost where a model
    with friction explains them; and of a plain field nothing is said but that phase space contracts, if it does.
    """
    candidate, model = chosen.candidate, chosen.candidate.model
    if reading.alone:
        return Energy("unknown", reason="no paths were measured, only states and derivatives")
    if reading.undeclared_angles:
        names = " ".join(reading.undeclared_angles)
        return Energy("unknown", reason=f"{names} jumps by a full turn, so it is an angle: say --angle {names}")
    if any(np.isnan(reading.velocity_factors)):
        return Energy("unknown", reason="a velocity is not the derivative of its position: another column may be")
    if not explains(chosen, reading, train):
        return Energy("unknown", reason=_unexplained(chosen, reading, train))
    if train.inputs is not None:
        return Energy("unknown", reason=f"inputs bring and take some{_friction_beside(chosen, reading, train)}")
    if candidate.kind == "dissipative":
        if candidate.fit is None:
            return Energy("unknown", reason="friction was fitted to derivatives, not to paths")
        return _losses(chosen, train)
    if not isinstance(model, AbstractEnergyDynamics):
        return _of_plain_field(chosen, reading, train)
    straight = [place for place, name in enumerate(reading.columns.q) if name not in reading.columns.angles]
    if all(reading.observed) and (one_way := only_slows_down(train, straight)):
        names = " and ".join(reading.columns.q[place] for place in one_way)
        return Energy(
            "unknown",
            reason=f"{names} only moves one way and ever slower, as down to a rest by friction or up a slope: measure "
            "motion both ways",
        )
    trend = energy_trend(model, train) if all(reading.observed) else Trend(0.0, float("nan"), 0.0)
    if trend.significant:
        change = f"{100 * abs(trend.total):.2g} %"
        way = "rises" if trend.total > 0 else "falls"
        return Energy(
            "unknown",
            reason=f"the model's energy {way} by {change} in the course of a trial, which no friction explains: "
            "H may depend on time, or an input is missing",
        )
    return Energy("conserved", high=abs(trend.slope) + _LOST * trend.error)


def _friction_beside(chosen: Judged, reading: Reading, train: Trajectories) -> str:
    """Say what friction takes of the energy of a driven system, where that is more than its error."""
    if chosen.candidate.kind != "dissipative" or chosen.candidate.fit is None:
        return ""
    found = _losses(chosen, train)
    if found.friction != "friction" or found.low <= _LOSES * found.error:
        return ""
    unit = reading.time_unit or "unit of time"
    return f", and friction takes {measured(100 * found.low, 100 * found.error)} % of it per {unit} beside them"


def _losses(chosen: Judged, train: Trajectories) -> Energy:
    model, fit = chosen.candidate.model, chosen.candidate.fit
    assert fit is not None
    assert isinstance(model, AbstractEnergyDynamics)
    return losses(model, train, friction_error(model, fit))


def _of_plain_field(chosen: Judged, reading: Reading, train: Trajectories) -> Energy:
    if contracts(trend := contraction(chosen.candidate.model, train)):
        way = "contracts" if trend.slope < 0 else "expands"
        return Energy(
            "not conserved",
            reason=f"phase space {way} along the paths, and a plain field predicts better than any linear friction",
        )
    what = "velocities may not be canonical momenta" if reading.columns.velocity else "momenta may not be canonical"
    return Energy(
        "unknown",
        reason=f"no energy of this form fits in these coordinates; {what}, or H depends on time, as with an input that "
        "was not recorded",
    )


def _unexplained(chosen: Judged, reading: Reading, train: Trajectories) -> str:
    if frequency_drift(chosen.candidate.model, train, reading.observed):
        return (
            "the frequency changes in the course of the record, which amplitudes do not explain: H depends on time, as "
            "with a stiffness that drifts"
        )
    times = misfit(chosen, reading, train)
    several = reading.columns.degrees_of_freedom > 1
    if several and reading.columns.velocity:
        also = ", or velocities may not be canonical momenta"
    elif several and not reading.columns.momenta_known:
        also = ", or a force may depend on the velocity, as on a turntable or in a magnetic field"
    else:
        also = ""
    return (
        f"no model explains these paths, what the best one leaves is {times:.2g} times their noise; an input, a force "
        f"that depends on time or a coordinate may be missing, so measure it or keep it constant{also}"
    )
