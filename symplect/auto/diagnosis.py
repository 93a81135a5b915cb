"""Does my system conserve energy? Three kinds of model, judged on trajectories they have not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from symplect.auto.energy import friction_powers, mean_friction_rate, twice_kinetic
from symplect.data import Trajectories
from symplect.dynamics import AbstractDynamics
from symplect.errors import InputError
from symplect.fitting.candidates import smooth_hamiltonians
from symplect.fitting.checks import require_fittable
from symplect.fitting.field_of import energies_and_speeds, momenta_at
from symplect.fitting.parametrised import Parametrised
from symplect.fitting.segments import enough_substeps
from symplect.fitting.trajectory import TrajectoryFit, fit_trajectory
from symplect.fitting.trials import repetition
from symplect.integrate import RK4, rollout
from symplect.models import AbstractModel, FeatureField, FeatureHamiltonian, PortHamiltonian, port_of

KINDS = ("plain", "Hamiltonian", "dissipative")

Models = Mapping[str, Sequence[AbstractModel]]

_PIECES = 6  # that the record of a single trial is cut into, so that some can be held out
_HELD_OUT = 3  # one trajectory in so many
_SIGNIFICANT = 2.0  # standard errors
_NOTICEABLE = 0.05  # of the energy, lost along one trajectory


@dataclass(frozen=True, eq=False)
class Diagnosis:
    """The result of `diagnose`.

    Attributes:
        conserves: whether the data are consistent with a conserved energy.
        take: the model to take, a key of `fits`: the simplest that predicts as well as any.
        errors: by kind, root mean square error of held-out rollouts in units of the measurement noise.
        error_spreads: by kind, the standard error of that over the held-out trajectories; NaN of a single one, which
            cannot tell kinds apart: friction alone decides then.
        loss_rate: share of its energy (twice the kinetic one, on average) that the system loses per unit of time, by
            the dissipative model; 0 if it conserves it.
        loss_rate_error: its standard error.
        friction_rate: gamma of `dp/dt = ... - gamma p`, by the dissipative model.
        fits: by kind, fitted to the trajectories that were not held out.
        verdict: all that in two sentences.
    """

    conserves: bool
    take: str
    errors: Mapping[str, float]
    error_spreads: Mapping[str, float]
    loss_rate: float
    loss_rate_error: float
    friction_rate: float
    fits: Mapping[str, TrajectoryFit]
    verdict: str


def diagnose(
    data: Trajectories, *, seed: int = 0, substeps: int | None = None, progress: str | None = None
) -> Diagnosis:
    """Say whether a system conserves energy, how much it loses, and which model to take.

    A plain field, a Hamiltonian and a Hamiltonian with friction are fitted to the same trajectories, and each is
    released from the first sample of the trajectories that were held out. A single record is cut into six pieces,
    every third of which is held out.

    Args:
        data: states and times; trials of one system.
        seed: random seed of the features.
        substeps: Runge-Kutta steps between two samples; as many as their distance needs unless given.
        progress: label of a progress bar; none unless given.

    Raises:
        InputError: data that cannot be fitted or have inputs, or fewer than three trajectories to hold one out of.

    Example:
        >>> from symplect import add_noise, simulate
        >>> from symplect.systems import MassSpring
        >>> starts = np.random.default_rng(0).uniform(-1, 1, (9, 2))
        >>> clean = simulate(MassSpring.reference(), starts, np.linspace(0.0, 6.0, 40))
        >>> found = diagnose(add_noise(clean, 0.02, np.random.default_rng(1)))  # doctest: +SKIP
        >>> found.conserves, found.take  # doctest: +SKIP
        (True, 'Hamiltonian')
    """
    require_fittable("diagnose", data, derivatives=False)
    if data.inputs is not None:
        raise InputError("diagnose: expected a system without inputs, found some: compare fits of fit_trajectory")
    train, held_out = _parts(data)
    hamiltonians = smooth_hamiltonians(train.states, seed=seed)
    return compare_kinds(by_kind(hamiltonians, hamiltonians[:3]), train, held_out, substeps=substeps, progress=progress)


def by_kind(hamiltonians: Sequence[FeatureHamiltonian], general: Sequence[FeatureHamiltonian] = ()) -> Models:
    """Return the models of every kind.

    Args:
        hamiltonians: energies that may be conserved, or lost by friction.
        general: those whose features see positions and momenta alike, for plain fields; no plain kind without any.
    """
    plain = [FeatureField(model.features, degrees_of_freedom=model.degrees_of_freedom) for model in general]
    models: Models = {"Hamiltonian": hamiltonians, "dissipative": [PortHamiltonian(model) for model in hamiltonians]}
    return {"plain": plain, **models} if plain else models


def compare_kinds(
    models: Models,
    train: Trajectories,
    held_out: Trajectories,
    *,
    observed: Sequence[bool] | None = None,
    substeps: int | None = None,
    progress: str | None = None,
) -> Diagnosis:
    """Fit models of every kind to some trajectories, and say which kind predicts others best.

    Args:
        models: by kind, those of one kind to choose from; "Hamiltonian" and "dissipative" must be there.
        train: trajectories for the fits.
        held_out: trajectories for the comparison, each predicted from its first sample.
        observed, substeps: as in `fit_trajectory`.
        progress: label of a progress bar; none unless given.

    Raises:
        InputError: data or models that cannot be fitted.
    """
    fits: dict[str, TrajectoryFit] = {}
    for kind, own in tqdm(models.items(), desc=progress, disable=None if progress else True, leave=False):
        fits[kind] = fit_trajectory(own, train, observed=observed, substeps=substeps)
    noise = np.min([fit.noise for fit in fits.values()], axis=0)
    finer = 2 * (substeps or enough_substeps(train))
    squares = {kind: _rollout_squares(fit.model, held_out, noise, finer) for kind, fit in fits.items()}
    return _diagnosis(fits, squares, train)


def _parts(data: Trajectories) -> tuple[Trajectories, Trajectories]:
    """Return what is fitted and what is held out."""
    pieces = _cut(data) if len(data) == 1 else data
    if len(pieces) < _HELD_OUT:
        raise InputError(f"diagnose: expected one record or {_HELD_OUT} trials or more, found {len(pieces)}")
    return pieces.hold_out(_HELD_OUT)


def _cut(data: Trajectories) -> Trajectories:
    samples = len(data.times)
    if samples < 3 * _PIECES:
        raise InputError(f"diagnose: expected a record of {3 * _PIECES} samples or more, found {samples}")
    lengths = tuple(len(piece) for piece in np.array_split(np.arange(samples), _PIECES))
    return Trajectories(data.times, data.states, lengths, names=data.names, units=data.units, inputs=data.inputs)


def _rollout_squares(
    model: AbstractModel, held_out: Trajectories, noise: Float[np.ndarray, " dimension"], substeps: int
) -> Float[np.ndarray, " trials"]:
    """Return the mean squared error of every held-out trajectory, in units of the noise."""
    found: list[float] = []
    with jax.enable_x64(True), np.errstate(over="ignore", invalid="ignore"):  # what blows up counts as 1e6
        for trial in held_out:
            path = rollout(model, jnp.asarray(trial.states[0]), trial.times, solver=RK4(substeps)).states
            found.append(float(np.mean(((np.asarray(path) - trial.states) / noise)[:, np.isfinite(noise)] ** 2)))
    return np.nan_to_num(np.array(found), nan=1e6, posinf=1e6)


def _diagnosis(
    fits: Mapping[str, TrajectoryFit], squares: Mapping[str, Float[np.ndarray, " trials"]], train: Trajectories
) -> Diagnosis:
    loss, loss_error, friction = _losses(fits["dissipative"], train)
    loses = loss > _SIGNIFICANT * loss_error and loss * _duration(train) > _NOTICEABLE
    conserves = not (significantly_worse(squares["Hamiltonian"], squares["dissipative"]) or loses)
    take = "Hamiltonian" if conserves else "dissipative"
    beaten = [significantly_worse(squares[kind], squares["plain"]) for kind in ("dissipative", take) if "plain" in fits]
    if beaten and all(beaten):
        take, conserves = "plain", False
    errors = {kind: float(np.sqrt(np.mean(values))) for kind, values in squares.items()}
    spreads = {
        kind: float(np.std(values, ddof=1) / np.sqrt(len(values)) / (2 * errors[kind])) if len(values) > 1 else np.nan
        for kind, values in squares.items()
    }
    loss = 0.0 if conserves else loss
    verdict = _verdict(conserves, take, errors, spreads, loss, loss_error)
    return Diagnosis(conserves, take, errors, spreads, loss, loss_error, friction, fits, verdict)


def significantly_worse(errors: Float[np.ndarray, " trials"], than: Float[np.ndarray, " trials"]) -> bool:
    """Return whether squared errors are significantly larger, trajectory by trajectory, on a logarithmic scale."""
    ratio = np.log(errors / than) / 2
    spread = np.std(ratio, ddof=1) / np.sqrt(len(ratio)) if len(ratio) > 1 else np.inf
    return bool(np.mean(ratio) > max(_SIGNIFICANT * spread, np.log(1.1)))


def _duration(train: Trajectories) -> float:
    return float(np.median([trial.times[-1] - trial.times[0] for trial in train]))


def _losses(fit: TrajectoryFit, train: Trajectories) -> tuple[float, float, float]:
    """Return the relative loss of energy per unit of time with its error, and the friction.

    The energy is `p . dH/dp`, twice the kinetic one, which has no arbitrary constant and is H on average for a spring.
    """
    model = fit.model
    assert isinstance(model, PortHamiltonian)
    _, speeds = energies_and_speeds(model, train.states)
    power, _, _ = friction_powers(model, speeds)
    energy = twice_kinetic(model, train.states, speeds)
    friction, relative = mean_friction_rate(model, train.states), friction_error(model, fit)
    pieces = np.split(np.arange(len(power)), np.cumsum(train.lengths)[:-1])
    if len(pieces) < 2:
        pieces = np.array_split(pieces[0], _PIECES)
    rates = [float(np.mean(power[piece]) / np.mean(energy[piece])) for piece in pieces if len(piece)]
    scatter = np.std(rates, ddof=1) / np.sqrt(len(rates))
    return float(np.mean(rates)), float(np.hypot(scatter, np.mean(rates) * relative)), friction


def friction_error(model: AbstractDynamics, fit: TrajectoryFit) -> float:
    """Return the relative standard error of the friction, which is twice that of the roots that were fitted.

    It is wider where residuals correlate: neighbours that err alike tell less than their number.
    """
    assert fit.covariance is not None  # these models are no networks
    rebuild, _ = Parametrised.split(model)
    with jax.enable_x64(True):
        deviations = port_of(rebuild(np.sqrt(np.maximum(np.diag(fit.covariance), 0.0))))
    port = port_of(model)
    assert port is not None
    assert deviations is not None
    units = np.std(momenta_at(model, fit.cleaned.states), axis=0)  # as roots have
    pairs = [(deviations.damping, port.damping, 1 / units[:, None])]
    if (other := port.nonlinear) is not None:
        assert deviations.nonlinear is not None
        pairs += [(deviations.nonlinear.dry, other.dry, units**-0.5)]
        pairs += [(deviations.nonlinear.drag, other.drag, units**0.5)]
    roots = [(np.asarray(spread) * unit, np.asarray(root) * unit) for spread, root, unit in pairs]
    spread, root = max(roots, key=lambda pair: float(np.linalg.norm(pair[1])))
    return 2 * float(np.sqrt(repetition(fit.residual_correlation)) * np.max(spread) / np.linalg.norm(root))


def _verdict(
    conserves: bool,
    take: str,
    errors: Mapping[str, float],
    spreads: Mapping[str, float],
    loss: float,
    loss_error: float,
) -> str:
    said = ", ".join(f"{kind} {errors[kind]:.2f} ± {spreads[kind]:.2f}" for kind in KINDS if kind in errors)
    tail = f"Held-out rollouts miss by, in units of the noise: {said}. Take the {take} model."
    if conserves:
        return f"Conserves energy as far as these data tell. {tail}"
    if take == "plain":
        return f"Not conservative, and not by friction alone: a plain field predicts better. {tail}"
    lost = f"{100 * loss:.2g} % ± {100 * loss_error:.1g} %"
    return f"Not conservative: it loses {lost} of its energy per unit of time. {tail}"
