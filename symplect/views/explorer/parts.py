"""What systems are made of on the page, as JSON can hold it."""

import base64
import math
import pathlib
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Float

from symplect.dynamics import AbstractDynamics, AbstractEnergyDynamics, AbstractHamiltonian
from symplect.errors import InputError, one_line
from symplect.evaluation.certification import Row
from symplect.results.content import read_certificate, verdict
from symplect.views.explorer.content import Certificate, CertificateRow, Clock, MeasuredPath, Model, Points
from symplect.views.explorer.payload import payload

MOST_POINTS = 2000
"""Training states on the page."""

_PATHS, _MOST_SAMPLES = 3, 400  # measured ones, and of each
_STEPS = 400  # of the first path, about
_LARGEST = 1e30  # of a state that a page in single precision can move

States = Float[np.ndarray, "states dimension"]
Path = tuple[np.ndarray, np.ndarray]
"""Times and states."""


def entry(
    name: str,
    title: str,
    role: str,
    model: AbstractDynamics,
    states: States,
    *,
    facts: Sequence[tuple[str, str]] = (),
    certificate: Certificate | None = None,
) -> Model:
    """Return a model or a true system as one of those that the page moves.

    Args:
        name: unique among the models of a system.
        title: as the reader sees it.
        role: `truth`, `learned` or `baseline`.
        model: dynamics to move.
        states: some of those that it is moved through.
        facts: names and values of what is known of it.
        certificate: as `certificate_of` returns it.

    Raises:
        InputError: numbers that are not finite, or an operation that the page does not know.
    """
    return {
        "name": name,
        "title": title,
        "role": role,
        "model": payload(model),
        "separable": isinstance(model, AbstractHamiltonian) and model.separable,
        "friction": isinstance(model, AbstractEnergyDynamics) and not isinstance(model, AbstractHamiltonian),
        "facts": [list(fact) for fact in facts],
        "certificate": certificate,
    }


def certificate_of(folder: pathlib.Path) -> Certificate | None:
    """Return the certificate in a run's folder, or `None`.

    Raises:
        InputError: it is not as `symplect certify` wrote it.
    """
    rows = read_certificate(folder)
    if rows is None:
        return None
    return {"verdict": one_line(verdict(rows), 500), "rows": [_row(row) for row in rows]}


def points(states: States, total: int | None = None) -> Points:
    """Return evenly chosen states, those left out that are not finite, and how many there are."""
    shown = thinned(usable(states), MOST_POINTS)
    content = base64.b64encode(shown.astype("<f4").tobytes()).decode()
    return {"states": content, "shown": len(shown), "total": len(states) if total is None else total}


def usable_path(times: Float[np.ndarray, " times"], states: States) -> Path:
    """Return the samples of a path that are finite, their times counted from the first."""
    finite = np.isfinite(times) & np.all(np.abs(states) < _LARGEST, axis=1)
    times, states = times[finite], states[finite]
    return times - times[:1], states


def measured(paths: Iterable[Path], horizon: float = math.inf) -> list[MeasuredPath]:
    """Return evenly chosen samples of the first paths, up to a horizon."""
    before = [(times[times <= horizon], states[times <= horizon]) for times, states in paths]
    shown = [[thinned(values, _MOST_SAMPLES) for values in path] for path in before if len(path[0]) > 1]
    return [
        {"times": numbers(times), "states": [numbers(state) for state in states]} for times, states in shown[:_PATHS]
    ]


def start_among(candidates: Iterable[np.ndarray], states: States) -> list[float]:
    """Return the first start that lies inside the range of the states, or else the first that is finite.

    Raises:
        InputError: none is finite.
    """
    finite = usable(np.asarray(list(candidates)))
    if not len(finite):
        raise InputError("expected a path that starts at finite numbers, found none: run again, to another folder")
    low, high = (np.min(states, axis=0), np.max(states, axis=0)) if len(states) else (finite[0], finite[0])
    inside = finite[np.all((finite >= low) & (finite <= high), axis=1)]
    return numbers((inside if len(inside) else finite)[0])


def clock(duration: float) -> Clock:
    """Return a horizon and a round step of which it has about four hundred.

    Raises:
        InputError: no time passes.
    """
    if not (math.isfinite(duration) and 1e-30 < duration < _LARGEST):
        raise InputError(f"expected a path that takes some time, found {duration}: run again, to another folder")
    step = round_number(duration / _STEPS)
    return {"horizon": _short(round(duration / step) * step), "step": step}


def round_number(value: float) -> float:
    """Return 1, 2 or 5 times a power of ten, the nearest.

    Example:
        >>> round_number(0.04), round_number(330.0)
        (0.05, 500.0)
    """
    power = math.floor(math.log10(value))
    choices = [float(f"{digit}e{power + more}") for digit, more in ((1, 0), (2, 0), (5, 0), (1, 1))]
    return min(choices, key=lambda choice: abs(math.log(choice / value)))


def usable(states: States) -> Float[np.ndarray, "usable dimension"]:
    """Return the states that single precision can hold."""
    return states[np.all(np.abs(states) < _LARGEST, axis=1)]


def thinned(values: np.ndarray, most: int) -> np.ndarray:
    """Return at most so many rows, evenly chosen."""
    return values[np.linspace(0, len(values) - 1, min(most, len(values))).astype(int)]


def numbers(values: np.ndarray) -> list[float]:
    """Return numbers in as many digits as single precision has."""
    return [_short(value) for value in values.tolist()]


def _row(row: Row) -> CertificateRow:
    return {
        "name": one_line(row.name, 200),
        "meaning": one_line(row.meaning, 200),
        "value": one_line(row.failure, 50) if row.failure else _finite(row.value),
        "limit": _finite(row.limit),
        "passed": bool(row.passed),
    }


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _short(value: float) -> float:
    """Return a number in as many digits as single precision has."""
    return float(f"{value:.9g}")
