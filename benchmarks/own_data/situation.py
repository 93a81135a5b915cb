"""A record with its known truth, and what makes one: paths of differential equations, noise, text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline

_FINER = 16  # points between two samples of a path, of which crossings are sought

Field = Callable[[float, np.ndarray], Sequence[float]]
Paths = list[tuple[np.ndarray, np.ndarray]]
"""Trials: times, and states of shape `(samples, columns)`."""


@dataclass(frozen=True)
class Truth:
    """What is known of a system.

    Attributes:
        conserved: whether its energy is; None where these data cannot tell, or no answer is expected.
        frequency: mean angular frequency of the first trial, per unit of the table's time; None if it has none.
        loss: smallest and largest share of the energy lost per unit of time; equal where friction is linear.
        says: regular expressions, each of which must match what is said.
        refused: whether a refusal in one line is the right answer.
    """

    conserved: bool | None = None
    frequency: float | None = None
    loss: tuple[float, float] | None = None
    says: tuple[str, ...] = ()
    refused: bool = False

    def __str__(self) -> str:
        words = {True: ["conserved"], False: ["lost or driven"], None: []}[self.conserved]
        words += [f"frequency {self.frequency:.4g}"] if self.frequency else []
        words += [f"loss {' to '.join(f'{rate:.3g}' for rate in dict.fromkeys(self.loss))}"] if self.loss else []
        words += [f"says /{said}/" for said in self.says] + (["refused"] if self.refused else [])
        return ", ".join(words) or "nothing to claim"


@dataclass(frozen=True)
class Record:
    """Files as a user has them, and the truth about them."""

    files: Mapping[str, bytes]
    truth: Truth


@dataclass(frozen=True)
class Situation:
    """A record and how a user asks about it.

    Attributes:
        name: unique, in words.
        make: function without arguments that makes the record.
        call: arguments of `symplect.fit` beside the files.
    """

    name: str
    make: Callable[[], Record]
    call: Mapping[str, Any] = field(default_factory=dict)


def paths(f: Field, starts: Sequence[Sequence[float]], times: np.ndarray, method: str = "DOP853") -> Paths:
    """Solve one differential equation from several starts."""
    span = (float(times[0]), float(times[-1]))
    solved = (solve_ivp(f, span, z, t_eval=times, rtol=1e-10, atol=1e-13, method=method) for z in starts)
    return [(times, found.y.T) for found in solved]


def noisy(clean: Paths, share: float | Sequence[float], seed: int) -> Paths:
    """Add normal noise, in units of the standard deviation of every column."""
    rng = np.random.default_rng(seed)
    scale = np.std(np.concatenate([states for _, states in clean]), axis=0)
    return [(times, states + share * scale * rng.normal(size=states.shape)) for times, states in clean]


def rows(trials: Paths) -> np.ndarray:
    """Return trials as one matrix; a first column numbers them if there are several."""
    tables = [np.column_stack([times, states]) for times, states in trials]
    if len(tables) == 1:
        return tables[0]
    return np.concatenate([np.column_stack([np.full(len(table), k), table]) for k, table in enumerate(tables)])


def csv(table: np.ndarray, header: str, separator: str = ",") -> bytes:
    """Return a matrix as text; the trial of several is a column of its own before the header's names."""
    names = header.split(separator)
    names = ["trial"] * (table.shape[1] - len(names)) + names
    lines = (separator.join("" if np.isnan(cell) else f"{cell:.9g}" for cell in row) for row in table)
    return ("\n".join([separator.join(names), *lines]) + "\n").encode()


def frequency(times: np.ndarray, values: np.ndarray) -> float | None:
    """Return the mean angular frequency from upward crossings of the middle; None with fewer than two crossings.

    Between samples a smooth path is a cubic spline.
    """
    fine = np.interp(np.arange((len(times) - 1) * _FINER + 1) / _FINER, np.arange(len(times)), times)
    times, values = fine, CubicSpline(times, values)(fine)
    about = values - (np.max(values) + np.min(values)) / 2
    before = np.flatnonzero((about[:-1] < 0) & (about[1:] >= 0))
    if len(before) < 2:
        return None
    share = about[before] / (about[before] - about[before + 1])
    crossings = times[before] + share * (times[before + 1] - times[before])
    return float(2 * np.pi * (len(crossings) - 1) / (crossings[-1] - crossings[0]))


def loss_range(trials: Paths, force: Callable[[np.ndarray], np.ndarray], window: int) -> tuple[float, float]:
    """Return the smallest and largest share of energy lost per unit of time, over windows of about a period.

    Args:
        trials: paths of position and velocity of a unit mass.
        force: friction as a function of the velocity; the energy is `v**2`, twice the kinetic one.
        window: number of samples.
    """
    rates = [
        float(np.mean(force(v) * v) / np.mean(v**2))
        for _, states in trials
        for v in np.array_split(states[:, 1], max(1, len(states) // window))
    ]
    return min(rates), max(rates)
