"""From people's own table to a model, and to a verdict on it."""

import time
import warnings
from collections.abc import Sequence
from dataclasses import replace

import jax
import numpy as np

from symplect.auto.attempts import by_closed_form_or_paths, by_method
from symplect.auto.bodies import Order, order_of_bodies, with_masses
from symplect.auto.chain import chain_of
from symplect.auto.choice import Judged, choose
from symplect.auto.conclusion import energy_of, loses
from symplect.auto.judgement import predictions, squared_errors
from symplect.auto.methods import METHODS
from symplect.auto.parts import derivatives_agree, parts, strided
from symplect.auto.problem import Candidate, Problem
from symplect.auto.result import Fit, rest_energy
from symplect.auto.verdict import cautions, described, energy_sentence, headline, one_orbit
from symplect.data import Trajectories, clean_by_derivatives
from symplect.dynamics import AbstractEnergyDynamics
from symplect.errors import FitWarning, InputError
from symplect.fitting.field_of import energies_and_speeds
from symplect.models import AbstractModel
from symplect.tables import Columns, Reading, read

_MANY, _LONGEST = 6000, 2000  # samples of predicted paths: more are thinned in time, and a path is cut
_AGREES = 0.03  # by which velocities may differ from the derivatives of positions
_SHORT = 6  # pieces of a trial whose energies are compared
Names = str | Sequence[str]


def fit(
    source: object,
    *,
    q: Names,
    p: Names = (),
    velocity: Names = (),
    mass: float | Sequence[float] = (),
    time: str | None = None,
    dt: float | None = None,
    trial: str | None = None,
    dq: Names = (),
    dp: Names = (),
    inputs: Names = (),
    angle: Names = (),
    links: int = 0,
    method: str = "auto",
    seed: int = 0,
    progress: str | None = None,
) -> Fit:
    """Learn a Hamiltonian from a table, and say how far it can be trusted.

    Args:
        source: files, data frames (pandas, polars) or mappings of names to arrays, one or several, which are trials.
        q: columns of positions, by name or by number from 1.
        p: columns of momenta. Without momenta and velocities `p = dq/dt` is found along with the model.
        velocity, mass: instead of momenta; `p = mass * velocity`, mass 1 unless given.
        time, dt: column of times, or constant step.
        trial: column that tells trials apart.
        dq, dp: columns of measured derivatives.
        inputs: columns of known inputs.
        angle: those of the positions that are angles.
        links: number of links of a chain in a vertical plane, whose joint angles are the positions; `Fit.links` are
            then their lengths and inertias.
        method: "mechanics", "closed-form", "trajectory", "gradient" (the paper's network), or "auto" for the best of
            the first three.
        seed: random seed.
        progress: label of a progress bar; none unless given.

    Raises:
        InputError: a table or roles that cannot be understood, or data that cannot be fitted.

    Example:
        >>> t = np.linspace(0.0, 20.0, 200)
        >>> table = {"t": t, "x": np.cos(t), "v": -np.sin(t)}
        >>> found = fit(table, q="x", velocity="v", time="t")  # doctest: +SKIP
        >>> found.kind, found.verdict  # doctest: +SKIP
    """
    columns = Columns(
        q=_names(q),
        p=_names(p),
        velocity=_names(velocity),
        mass=(float(mass),) if isinstance(mass, int | float) else tuple(map(float, mass)),
        time=time,
        dt=dt,
        trial=trial,
        dq=_names(dq),
        dp=_names(dp),
        inputs=_names(inputs),
        angles=_names(angle),
        links=links,
    )
    return fit_reading(read(source, columns), method=method, seed=seed, progress=progress)


def fit_reading(reading: Reading, *, method: str = "auto", seed: int = 0, progress: str | None = None) -> Fit:
    """Fit what was read; arguments as for `fit`.

    Raises:
        InputError: data that cannot be fitted, or an unknown method.
    """
    with (
        jax.enable_x64(True),  # networks train in single precision all the same
        np.errstate(over="ignore", invalid="ignore"),
        warnings.catch_warnings(record=True) as warned,
    ):
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", FitWarning)
        found = _fitted(reading, method, seed, progress)
    said = dict.fromkeys(str(one.message).partition(": ")[2] for one in warned)
    return replace(found, cautions=(*found.cautions, *said))


def _fitted(reading: Reading, method: str, seed: int, progress: str | None) -> Fit:
    if method not in ("auto", *METHODS):
        raise InputError(f"expected a method out of auto, {', '.join(METHODS)}, found {method!r}")
    if reading.constrained:
        names = ", ".join(reading.constrained)
        raise InputError(
            f"expected positions that move on their own, found that {names} follows from the others: leave {names} and "
            "its velocity out, so that there is one position for each degree of freedom"
        )
    order = order_of_bodies(reading.columns.q) if reading.bodies else None
    read_first = reading
    if order and reading.columns.velocity and not reading.columns.mass:
        reading = with_masses(reading, order)
    began = time.perf_counter()
    train, held_out, which = parts(reading.data)
    problem = _problem(reading, train, order, seed)
    agree = derivatives_agree(reading.data, reading.noise)
    scale, asked = np.std(train.states, axis=0), clean_by_derivatives(held_out) if agree else held_out

    def judge(candidate: Candidate) -> Judged:
        return Judged(candidate, squared_errors(candidate.model, asked, scale, reading.observed))

    failures: tuple[str, ...] = ()
    if method == "auto":
        judged, failures = by_closed_form_or_paths(problem, judge, progress)
    else:
        judged = by_method(method, problem, judge, progress)
    chosen = choose(judged, loses=loses(judged, reading, train))
    model = chosen.candidate.model
    paths = (
        ()
        if reading.alone
        else tuple(predictions(model, strided(held_out) if len(held_out.times) > _MANY else held_out, _LONGEST))
    )
    energy = energy_of(chosen, reading, train)
    links, of_links = chain_of(chosen, train) if reading.columns.links else (None, "")
    verdict = (
        f"{described(chosen, energy)} {headline(chosen, paths, reading, which)} {energy_sentence(energy, reading)}"
        f"{one_orbit(reading, train, _energy_range(model, train))}{of_links}"
    )
    new = tuple(note for note in reading.notes if note not in read_first.notes)  # not printed before the fit
    said = new + failures + cautions(reading, train, paths, chosen)
    return Fit(
        model, chosen.candidate.method, chosen.candidate.kind, verdict, said, energy, tuple(judged), reading, train,
        held_out, paths, seed, time.perf_counter() - began, links,
    )  # fmt: skip


def _problem(reading: Reading, train: Trajectories, order: Order | None, seed: int) -> Problem:
    columns = reading.columns
    agree = all(abs(factor - 1) < _AGREES for factor in reading.velocity_factors)
    return Problem(
        train,
        reading.noise,
        reading.observed,
        turning=tuple(place for place, name in enumerate(columns.q) if name in columns.angles),
        seed=seed,
        velocities=bool(columns.velocity) and set(columns.mass) <= {1.0} and agree,
        held=reading.held_inputs,
        bodies=order,
    )


def _energy_range(model: AbstractModel, train: Trajectories) -> np.ndarray | None:
    """Return the smallest and the largest energy of the fitted paths, above that of the lowest state they visit."""
    if not isinstance(model, AbstractEnergyDynamics) or max(train.lengths) == 1:
        return None
    along, _ = energies_and_speeds(model, train.states)
    short = [row for trial in np.split(along, np.cumsum(train.lengths)[:-1]) for row in np.array_split(trial, _SHORT)]
    means = [float(np.mean(piece)) for piece in short if len(piece)]
    low = rest_energy(model, train)
    return np.array([min(means) - low, max(means) - low])


def _names(given: Names) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(map(str, given))
