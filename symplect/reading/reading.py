"""From tables to trials, and what was understood of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from jaxtyping import Float

from symplect.data import Trajectories, with_velocities
from symplect.errors import InputError
from symplect.reading import repairs
from symplect.reading.columns import Columns, find_column, listed, split_unit
from symplect.reading.files import find_files, frame_of_arrays, read_file
from symplect.reading.noise import estimated_noise
from symplect.reading.numbers import labels, numbers, times
from symplect.reading.repairs import Rows

_DEGREES = ("deg", "degree", "degrees", "°")


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read, and how it was understood.

    Attributes:
        data: the trials.
        columns: the roles of the table's columns.
        observed: which coordinates were measured; without momenta `p = dq/dt` was estimated.
        noise: standard deviation of every coordinate, estimated before any model is fitted; NaN where it is unknown.
        time_unit: as a label; empty if unknown.
        notes: everything that was noticed or mended.
        sources: names of the files, or of the kind of table.
    """

    data: Trajectories
    columns: Columns
    observed: tuple[bool, ...]
    noise: Float[np.ndarray, " dimension"]
    time_unit: str
    notes: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def alone(self) -> bool:
        """Whether every sample stands alone, its derivative beside it: there are no paths."""
        return max(self.data.lengths) == 1


def read(source: Any, columns: Columns) -> Reading:
    """Reads files, data frames or arrays.

    Args:
        source: a path or pattern or several; a data frame (pandas, polars) or a mapping of names to arrays, or several.
            Several are trials.
        columns: the roles of the columns.

    Raises:
        InputError: what cannot be understood; the message says where and what to do.
        NotAvailableError: a format needs a package that is not installed.

    Example:
        >>> t = np.linspace(0.0, 6.0, 40)
        >>> found = read({"t": t, "x": np.cos(t), "v": -np.sin(t)}, Columns(q=("x",), velocity=("v",), time="t"))
        >>> len(found.data), found.data.states.shape, found.notes
        (1, (40, 2), ())
    """
    tables = _tables(source)
    notes: list[str] = []
    parts: list[Rows] = []
    for name, table, noticed in tables:
        prefix = f"{name}: " if len(tables) > 1 else ""
        parts.append(_rows(table, columns, name))
        notes += [prefix + note for note in (*noticed, *parts[-1].notes)]
    offsets = np.cumsum([0, *(int(np.max(part.trial, initial=-1)) + 1 for part in parts)])
    joined = Rows(
        np.concatenate([part.trial + offset for part, offset in zip(parts, offsets, strict=False)]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.values for part in parts]),
        tuple(dict.fromkeys(notes)),
    )
    units = _units(tables[0][1], columns)
    with np.errstate(all="ignore"):  # what leaves the finite numbers is refused, or unknown noise
        mended, units = _in_radians(_mended(joined, columns), columns, units)
        for place, name in enumerate(columns.q):
            if name in columns.angles:
                mended = repairs.unwrapped(mended, place, name)
        return _reading(mended, columns, units, tuple(name for name, _, _ in tables))


def _tables(source: Any) -> list[tuple[str, pl.DataFrame, list[str]]]:
    """Returns tables with their names and what was noticed."""
    sources: Sequence[Any] = source if isinstance(source, list | tuple) else [source]
    if not sources:
        raise InputError("expected a file or a table, found none")
    if all(isinstance(item, str | Path) for item in sources):
        return [(path.name, *read_file(path)) for path in find_files(sources)]
    names = [f"table {i + 1}" if len(sources) > 1 else "the table" for i in range(len(sources))]
    return [(name, _frame(item), []) for name, item in zip(names, sources, strict=True)]


def _frame(item: Any) -> pl.DataFrame:
    if isinstance(item, pl.DataFrame):
        return item
    if isinstance(item, Mapping):
        try:
            return frame_of_arrays({str(name): np.asarray(values) for name, values in item.items()})
        except ValueError as error:
            raise InputError(f"expected arrays of numbers of one length, found {error}") from error
    if isinstance(item, np.ndarray) and item.ndim == 2:
        return pl.DataFrame(item, schema=[str(i + 1) for i in range(item.shape[1])], orient="row")
    frame: Any = item
    if hasattr(frame, "columns") and hasattr(frame, "__getitem__"):  # pandas and its likes
        return pl.DataFrame({str(name): _series(frame[name]) for name in frame.columns})
    raise InputError(
        f"expected a path, a data frame, a mapping of names to arrays or a matrix, found {type(item).__name__}"
    )


def _series(column: Any) -> Any:
    values = np.asarray(column)
    return values.tolist() if values.dtype.kind == "O" else values


def _rows(table: pl.DataFrame, columns: Columns, name: str) -> Rows:
    if not table.height:
        raise InputError(f"expected rows in {name}, found none below the header {listed(table.columns)}")
    _require_distinct(table, columns)
    wanted = columns.values
    values = numbers(table, wanted, name)
    trial = labels(table, columns.trial)
    if columns.time is not None:
        clock, noticed = times(table, columns.time, name)
        return Rows(trial, clock, values, noticed)
    if columns.dt is not None:
        clock = np.zeros(table.height)
        for number in np.unique(trial):
            own = np.flatnonzero(trial == number)
            clock[own] = columns.dt * np.arange(len(own))
        return Rows(trial, clock, values)
    if columns.dq:
        return Rows(np.arange(table.height), np.zeros(table.height), values)
    raise InputError("expected a column of times, a time step or derivatives, found none: give time or dt")


def _require_distinct(table: pl.DataFrame, columns: Columns) -> None:
    """A coordinate is no other coordinate and no time; the derivative of a position may well be its velocity."""
    role: dict[int, str] = {}
    for name in (*columns.q, *columns.p, *columns.velocity, *(() if columns.time is None else (columns.time,))):
        place = find_column(name, table.columns)
        if place in role:
            raise InputError(f"expected different columns for coordinates and time, found {role[place]!r} twice")
        role[place] = name


def _units(table: pl.DataFrame, columns: Columns) -> dict[str, str]:
    names = columns.values if columns.time is None else (*columns.values, columns.time)
    return {name: split_unit(table.columns[find_column(name, table.columns)])[1] for name in names}


def _mended(rows: Rows, columns: Columns) -> Rows:
    rows = repairs.without_missing(rows)
    if columns.time is not None:
        rows = rows if columns.trial else repairs.with_restarts(rows)
        rows = repairs.without_duplicates(repairs.in_order(rows))
    if columns.dt is not None:
        rows = repairs.in_order(rows)
    fewest = 1 if columns.dq else 2 if columns.momenta_known else 5
    rows = repairs.without_short_trials(rows, fewest)
    if not len(rows.times):
        why = "; ".join(rows.notes) or "the table is empty"
        raise InputError(f"expected trials of {fewest} whole samples or more, found none: {why}")
    return rows


def _in_radians(rows: Rows, columns: Columns, units: Mapping[str, str]) -> tuple[Rows, Mapping[str, str]]:
    """Turns degrees into radians: of angles, and of what else is said to be in degrees."""
    wanted = columns.values
    turned = [i for i, name in enumerate(wanted) if columns.angles and units[name].split("/")[0].strip() in _DEGREES]
    if not turned:
        return rows, units
    values = rows.values.copy()
    values[:, turned] *= np.pi / 180
    note = f"{', '.join(wanted[i] for i in turned)}: degrees made radians"
    said = {wanted[i]: "/".join(["rad", *units[wanted[i]].split("/")[1:]]) for i in turned}
    return replace(rows, values=values, notes=(*rows.notes, note)), {**units, **said}


def _reading(rows: Rows, columns: Columns, units: Mapping[str, str], sources: tuple[str, ...]) -> Reading:
    n = columns.degrees_of_freedom
    mass = np.ones(n) * (columns.mass or 1.0)
    lengths = tuple(int(count) for count in np.bincount(rows.trial) if count)
    momenta = columns.p or columns.velocity
    measured = (*columns.q, *momenta)
    names = tuple(_said(name, place, n) for place, name in enumerate(measured))
    if columns.mass:
        names = names[:n] + tuple(f"{m:g}*{name}" for m, name in zip(mass, names[n:], strict=True))
        units = {**units, **dict.fromkeys(columns.velocity, "")}
    names += () if momenta else tuple(f"d{name}/dt" for name in names)
    labels_of = tuple(units.get(name, "") for name in measured) + ("",) * (2 * n - len(measured))
    width = n * (2 if momenta else 1)
    states, rest = rows.values[:, :width], rows.values[:, width:]
    derivatives = rest[:, : 2 * n] if columns.dq else None
    inputs = rest[:, 2 * n if columns.dq else 0 :] if columns.inputs else None
    if columns.velocity:
        states = np.concatenate([states[:, :n], mass * states[:, n:]], axis=1)
        derivatives = None if derivatives is None else derivatives * np.concatenate([np.ones(n), mass])
    if not momenta:
        states = with_velocities(rows.times, states, lengths).states
    data = Trajectories(rows.times, states, lengths, derivatives, names, labels_of if any(labels_of) else (), inputs)
    _require_motion(data)
    observed = (True,) * n + (bool(momenta),) * n
    notes = rows.notes
    if columns.velocity and n > 1 and not columns.mass:
        notes += ("masses are taken as equal: if they are not, give them with mass",)
    noise = np.where(observed, estimated_noise(data), np.nan)
    time_unit = units.get(columns.time or "", "")
    return Reading(data, columns, observed, noise, time_unit, notes, sources)


def _said(name: str, place: int, n: int) -> str:
    """Returns what a coordinate is called: a column that goes by its number, by its role."""
    if not name.isdigit():
        return name
    role = "q" if place < n else "p"
    return f"{role}{place % n + 1}" if n > 1 else role


def _require_motion(data: Trajectories) -> None:
    for name, spread in zip(data.names, np.ptp(data.states, axis=0), strict=True):
        if not spread > 0:
            raise InputError(f"expected {name} to vary, found the same value in all {len(data.times)} samples")
