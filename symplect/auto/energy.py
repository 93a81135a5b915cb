"""What a fitted model and its data say about the energy of a system: conserved, lost, or not known."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect.auto.judgement import predictions
from symplect.data import Trajectories
from symplect.dynamics import AbstractDynamics, AbstractEnergyDynamics
from symplect.fitting.field_of import energies_and_speeds, field_at, inverse_masses, momenta_at
from symplect.models import AbstractModel, NonlinearFriction, port_of

Status = Literal["conserved", "lost", "not conserved", "unknown"]

_PIECES = 6  # of a trial, whose energies are compared
_SIGNIFICANT = 3.0  # standard errors
_NOTICEABLE = 0.01  # of the energy, by which it changes in the course of a record
_CONTRACTED = 5.0  # logarithm of the volume of phase space: no density of canonical momenta varies by as much
_LINEAR = 0.8  # share of the power that friction takes, above which friction is called linear
_SUREST = 1e-3  # of the friction: steps of an integrator do not tell it better, however clean the data
_PIECE = 60  # samples, over which a clock is compared
_DRIFT = 0.01  # of the frequency, in the course of a record
_DRIFT_SIGNIFICANT = 6.0

_ONE_WAY = 0.01  # of the samples, that may move the other way
_SLOWER = 0.95  # of the mean square momentum of the beginning, that is left at the end
_STILL = 0.02  # of the largest momentum, which noise may turn round


@dataclass(frozen=True)
class Energy:
    """What is known of the energy.

    Attributes:
        status: whether it is conserved.
        low, high: share of the energy lost per unit of time, at the amplitude of least and of most loss; where it is
            conserved, `high` is a loss that would show.
        error: standard error of that.
        friction: the law of friction, in a word; empty unless energy is lost.
        reason: why no more is known.
    """

    status: Status
    low: float = float("nan")
    high: float = float("nan")
    error: float = float("nan")
    friction: str = ""
    reason: str = ""

    @property
    def conserves(self) -> bool | None:
        """Whether energy is conserved; `None` if that is not known."""
        return {"conserved": True, "lost": False, "not conserved": False, "unknown": None}[self.status]


@dataclass(frozen=True)
class Trend:
    """A slope over time with its standard error.

    Attributes:
        slope: per unit of time.
        error: standard error of the slope; infinite where it cannot be told.
        total: the change in the course of a trial.
    """

    slope: float
    error: float
    total: float

    @property
    def significant(self) -> bool:
        """Whether the change is both larger than chance and large enough to matter."""
        return abs(self.slope) > _SIGNIFICANT * self.error and abs(self.total) > _NOTICEABLE


def energy_trend(model: AbstractEnergyDynamics, data: Trajectories) -> Trend:
    """Return how the model's energy changes along measured paths, in units of twice the mean kinetic energy.

    Args:
        model: model with a Hamiltonian.
        data: measured paths.
    """
    along, speeds = energies_and_speeds(model, data.states)
    scale = float(np.mean(twice_kinetic(model, data.states, speeds)))
    slopes: list[float] = []
    weights: list[float] = []
    errors: list[float] = []
    for trial, own in zip(data, np.split(along, np.cumsum(data.lengths)[:-1]), strict=True):
        times, means = _piece_means(trial.times, own)
        if len(times) < _PIECES:
            continue
        (slope, _), residual = _line(times, means)
        spread = float(np.sum((times - np.mean(times)) ** 2))
        slopes.append(slope)
        weights.append(spread)
        errors.append(residual / np.sqrt(spread))
    if not slopes or not scale > 0:
        return Trend(0.0, float("inf"), 0.0)
    share = np.array(weights) / np.sum(weights)
    slope = float(share @ np.array(slopes))
    within = float(np.sqrt(np.sum((share * np.array(errors)) ** 2)))
    between = float(np.sqrt(np.sum((share * (np.array(slopes) - slope)) ** 2))) if len(slopes) > 3 else 0.0
    duration = float(np.median([trial.times[-1] - trial.times[0] for trial in data]))
    return Trend(slope / scale, max(within, between) / scale, slope * duration / scale)


def twice_kinetic(
    model: AbstractDynamics, states: Float[np.ndarray, "samples dimension"], speeds: Float[np.ndarray, "samples half"]
) -> Float[np.ndarray, " samples"]:
    """Return twice the kinetic energy, `p . dH/dp`, which has no arbitrary constant."""
    return np.sum(momenta_at(model, states) * speeds, axis=1)


def _piece_means(times: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pieces = [piece for piece in np.array_split(np.arange(len(times)), _PIECES) if len(piece)]
    return np.array([np.mean(times[p]) for p in pieces]), np.array([np.mean(values[p]) for p in pieces])


def _line(x: np.ndarray, y: np.ndarray) -> tuple[tuple[float, float], float]:
    """Return slope and value in the middle of a straight line, and the deviation of a point from it."""
    middle = x - np.mean(x)
    slope = float(middle @ y / (middle @ middle))
    left = y - np.mean(y) - slope * middle
    return (slope, float(np.mean(y))), float(np.sqrt(np.sum(left**2) / max(len(x) - 2, 1)))


def losses(model: AbstractEnergyDynamics, train: Trajectories, relative_error: float) -> Energy:
    """Return the share of energy that is lost per unit of time, over the amplitudes of the data.

    The energy is twice the kinetic one, which has no arbitrary constant and is H on average for a spring. Friction in
    proportion to the velocity then takes the same share at every amplitude; dry friction takes more of small swings,
    and drag more of large ones.

    Args:
        model: with friction.
        train: fitted trajectories.
        relative_error: relative standard error of the friction, from the fit.
    """
    _, speeds = energies_and_speeds(model, train.states)
    power, dry, drag = friction_powers(model, speeds)
    kinetic = twice_kinetic(model, train.states, speeds)
    pieces = np.split(np.arange(len(power)), np.cumsum(train.lengths)[:-1])
    if len(pieces) == 1:
        pieces = np.array_split(pieces[0], _PIECES)
    pieces = [piece for piece in pieces if len(piece)]
    means = [float(np.mean(kinetic[piece])) for piece in pieces]
    rates = np.array([np.mean(power[p]) / mean for p, mean in zip(pieces, means, strict=True) if mean > 0])
    dry_share, drag_share = (float(np.sum(part) / max(np.sum(power), 1e-300)) for part in (dry, drag))
    overall, relative = float(np.sum(power) / np.sum(kinetic)), max(relative_error, _SUREST)
    if 1 - dry_share - drag_share > _LINEAR:
        scatter = float(np.std(rates, ddof=1) / np.sqrt(len(rates))) if len(rates) > 1 else 0.0
        return Energy("lost", overall, overall, float(np.hypot(scatter, overall * relative)), "friction")
    word = "dry friction" if dry_share > drag_share else "quadratic drag"
    return Energy("lost", float(np.min(rates)), float(np.max(rates)), overall * relative, word)


def friction_powers(
    model: AbstractDynamics, speeds: Float[np.ndarray, "samples half"]
) -> tuple[Float[np.ndarray, " samples"], ...]:
    """Return the power of all friction, and of the dry and the quadratic part of it."""
    port = port_of(model)
    assert port is not None
    L, other = np.tril(np.asarray(port.damping, float)), port.nonlinear
    linear = np.sum((speeds @ L) ** 2, axis=1)
    if other is None:
        return linear, np.zeros(len(speeds)), np.zeros(len(speeds))
    with jax.enable_x64(True):
        parts = _forces(other, jnp.asarray(speeds))
    dry, drag = (np.sum(speeds * np.asarray(part), axis=1) for part in parts)
    return linear + dry + drag, dry, drag


@jax.jit
def _forces(friction: NonlinearFriction, speeds: Float[Array, "samples half"]) -> tuple[Array, Array]:
    return jax.vmap(friction.dry_force)(speeds), jax.vmap(friction.drag_force)(speeds)


def contraction(model: AbstractModel, data: Trajectories) -> Trend:
    r"""Return the mean divergence of a plain field along the data.

    Where some momenta are canonical, phase space has an invariant density $\rho$ (Liouville), in whatever coordinates,
    and $\int \nabla \cdot f \, dt = \ln \rho(z_0) / \rho(z_T)$ does not grow with time.

    Args:
        model: any field.
        data: measured paths.
    """
    along = np.trace(field_at(model, data.states).by_state)
    integrals: list[float] = []
    durations: list[float] = []
    for trial, own in zip(data, np.split(along, np.cumsum(data.lengths)[:-1]), strict=True):
        if len(own) > 1:
            integrals.append(float(np.trapezoid(own, trial.times)))
            durations.append(float(trial.times[-1] - trial.times[0]))
    if not integrals:
        return Trend(0.0, float("inf"), 0.0)
    total = float(np.mean(integrals))
    count, duration = len(integrals), float(np.mean(durations))
    spread = float(np.std(integrals, ddof=1) / np.sqrt(count)) if count > 3 else float("inf")
    return Trend(total / duration, spread / duration, total)


def only_slows_down(data: Trajectories, positions: Sequence[int]) -> list[int]:
    """Return the positions that move one way in all the data, ever slower: a slope does that, and dry friction too.

    Args:
        data: measured paths.
        positions: numbers of the positions in question; an angle is known all around, so it has no slope.
    """
    found: list[int] = []
    for place in positions:
        p = data.states[:, data.dimension // 2 + place]
        back = np.sum(p * np.sign(np.median(p)) < -_STILL * np.max(np.abs(p)))
        trials = np.split(p, np.cumsum(data.lengths)[:-1])
        ends = np.array([[np.mean(part**2) for part in (own[: _end(own)], own[-_end(own) :])] for own in trials])
        first, last = np.sum(ends, axis=0)
        if back <= _ONE_WAY * len(p) and last < _SLOWER * first:
            found.append(place)
    return found


def _end(trial: np.ndarray) -> int:
    """Return how many samples are the first and the last tenth of a trial."""
    return max(1, len(trial) // 10)


def contracts(trend: Trend) -> bool:
    """Return whether phase space loses or gains volume as no conservative system does, in any coordinates."""
    sure = abs(trend.slope) > _SIGNIFICANT * trend.error and abs(trend.total) > 10 * _NOTICEABLE
    return sure or abs(trend.total) > _CONTRACTED


def frequency_drift(model: AbstractModel, data: Trajectories, observed: Sequence[bool]) -> float:
    """Return by what share the clock of a system changes in the course of a trial, or 0.

    Short pieces of the paths are followed from their best starts. What such a path misses, along its own direction and
    growing with time, is a wrong rate of the model; a rate that changes steadily is a system that does.

    Args:
        model: fitted model.
        data: measured paths.
        observed: which coordinates were.
    """
    scale = np.std(data.states, axis=0)
    weights = np.array(observed, float) / scale
    begins = {float(trial.times[0]) for trial in data}
    if len(begins) > 1 or data.inputs is not None:
        return 0.0
    began = begins.pop()
    rates: list[float] = []
    middles: list[float] = []
    for piece in predictions(model, data, _PIECE, weights):
        if len(piece.times) < _PIECE // 2 or not np.all(np.isfinite(piece.predicted)):
            continue
        field = field_at(model, piece.predicted).velocity.T
        clock = piece.times - np.mean(piece.times)
        moved = (field * weights).ravel()
        missed = ((piece.measured - piece.predicted) * weights).ravel()
        A = np.stack([moved, moved * np.repeat(clock, data.dimension)], axis=1)
        rates.append(float(np.linalg.lstsq(A, missed)[0][1]))
        middles.append(float(np.mean(piece.times) - began))
    if len(rates) < _PIECES:
        return 0.0
    x, y = np.array(middles), np.array(rates)
    (slope, _), residual = _line(x, y)
    error = residual / np.sqrt(np.sum((x - np.mean(x)) ** 2))
    total = slope * float(np.ptp(x))
    return total if abs(slope) > _DRIFT_SIGNIFICANT * error and abs(total) > _DRIFT else 0.0


def mean_friction_rate(model: AbstractDynamics, states: Float[np.ndarray, "samples dimension"]) -> float:
    r"""Return $\gamma$ of $\dot p = \ldots - \gamma p$, the mean over degrees of freedom and states."""
    port, n = port_of(model), states.shape[1] // 2
    assert port is not None
    L = np.tril(np.asarray(port.damping, float))
    inverse_mass = np.mean(inverse_masses(model, states), axis=2)
    return float(np.trace(L @ L.T @ inverse_mass) / n)
