"""From tables to trials, and what was understood of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from jaxtyping import Float

from symplect.data import Trajectories, with_velocities
from symplect.errors import InputError
from symplect.tables import repairs
from symplect.tables.angles import continuous, in_radians, undeclared_angles, undeclared_note, unwrapped
from symplect.tables.bodies import body_places
from symplect.tables.clipped import without_clipped
from symplect.tables.codes import without_codes
from symplect.tables.columns import Columns, find_column, listed, split_unit
from symplect.tables.consistency import Agreement, agreement
from symplect.tables.frozen import without_frozen, without_frozen_channel
from symplect.tables.inputs import are_held
from symplect.tables.noise import estimated_noise
from symplect.tables.numbers import labels, numbers, times
from symplect.tables.places import Place
from symplect.tables.relations import Dependent, dependent_positions
from symplect.tables.repairs import Rows
from symplect.tables.side_by_side import stack_runs
from symplect.tables.sources import tables_of
from symplect.tables.spikes import without_spikes
from symplect.tables.units import suffix_unit


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
        velocity_factors: dq/dt over the given velocity, one per position: 1 where they agree, NaN where they are
            unrelated; empty without velocities or paths.
        undeclared_angles: positions that jump by full turns and were not said to be angles.
        constrained: positions that are held on a curve or surface by the others, or are given twice.
        bodies: numbers of bodies and of axes, where the positions are named x1, y1, x2, y2 or alike.
        held_inputs: whether every input is constant between jumps (a zero-order hold).
    """

    data: Trajectories
    columns: Columns
    observed: tuple[bool, ...]
    noise: Float[np.ndarray, " dimension"]
    time_unit: str
    notes: tuple[str, ...]
    sources: tuple[str, ...]
    velocity_factors: tuple[float, ...] = ()
    undeclared_angles: tuple[str, ...] = ()
    constrained: tuple[str, ...] = ()
    bodies: tuple[int, int] | None = None
    held_inputs: bool = False

    @property
    def alone(self) -> bool:
        """Whether every sample stands alone, its derivative beside it: there are no paths."""
        return max(self.data.lengths) == 1


def read(source: object, columns: Columns) -> Reading:
    """Read files, data frames or arrays.

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
    tables = tables_of(source)
    notes: list[str] = []
    parts: list[Rows] = []
    for place, table, noticed in tables:
        prefix = f"{place}: " if len(tables) > 1 else ""
        table, said, rows = stack_runs(table)
        parts.append(_rows(table, columns, replace(place, rows=rows)))
        notes += [prefix + note for note in (*noticed, *said, *parts[-1].notes)]
    units = _units(stack_runs(tables[0][1])[0], columns)
    joined = replace(_joined(parts), notes=tuple(dict.fromkeys(notes)))
    names = tuple(place.name for place, _, _ in tables)
    del tables, parts  # which may be large
    with np.errstate(all="ignore"):  # what leaves the finite numbers is refused, or unknown noise
        mended, units = in_radians(_mended(joined, columns), columns, units)
        mended = _long_enough(_without_faults(mended, columns), columns)
        mended, units, agreed = _agreeing(mended, columns, units)
        return _reading(unwrapped(mended, columns, units), columns, units, names, agreed)


def _joined(parts: Sequence[Rows]) -> Rows:
    if len(parts) == 1:
        return parts[0]
    offsets = np.cumsum([0, *(int(np.max(part.trial, initial=-1)) + 1 for part in parts)])
    return Rows(
        np.concatenate([part.trial + offset for part, offset in zip(parts, offsets, strict=False)]),
        np.concatenate([part.times for part in parts]),
        np.concatenate([part.values for part in parts]),
    )


def _rows(table: pl.DataFrame, columns: Columns, where: Place) -> Rows:
    if not table.height:
        raise InputError(f"expected rows in {where}, found none below the header {listed(table.columns)}")
    _require_distinct(table, columns)
    wanted = columns.values
    values = numbers(table, wanted, where)
    trial = labels(table, columns.trial)
    if columns.time is not None:
        clock, noticed = times(table, columns.time, where)
        return Rows(trial, clock, values, noticed)
    if columns.dt is not None:
        return Rows(trial, columns.dt * repairs.places_in_trials(trial), values)
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
    found: dict[str, str] = {}
    for name in names:
        own, unit = split_unit(table.columns[find_column(name, table.columns)])
        found[name] = unit or suffix_unit(own)
    return found


def _mended(rows: Rows, columns: Columns) -> Rows:
    rows = repairs.without_missing(rows)
    width = columns.degrees_of_freedom * (2 if columns.momenta_known else 1)
    if columns.time is not None:
        rows = repairs.without_lost_times(rows, columns.time)
        rows = repairs.in_order(rows if columns.trial else repairs.with_restarts(rows))
    if columns.dt is not None:
        rows = repairs.in_order(rows)
    rows = without_codes(rows, columns.values, width)
    rows = rows if columns.time is None else repairs.without_duplicates(rows)
    return _long_enough(rows, columns)


def _without_faults(rows: Rows, columns: Columns) -> Rows:
    """Leave out what a sensor did wrong along a path."""
    if columns.time is None and columns.dt is None:
        return rows
    n = columns.degrees_of_freedom
    width = n * (2 if columns.momenta_known else 1)
    velocities = bool(columns.velocity)
    rows = without_frozen(rows, n, width, velocities=velocities)
    rows = without_frozen_channel(rows, columns.values, n, width, velocities=velocities)
    rows = without_clipped(rows, columns.values[:width])
    if rows.blurred:  # a path jumps where the clock does
        return rows
    inputs = rows.values[:, len(columns.values) - len(columns.inputs) :]
    return without_spikes(rows, continuous(rows, columns)[:, :width], columns.values[:width], inputs)


def _long_enough(rows: Rows, columns: Columns) -> Rows:
    fewest = 1 if columns.dq else 2 if columns.momenta_known else 5
    rows = repairs.without_short_trials(rows, fewest)
    if not len(rows.times):
        why = "; ".join(rows.notes) or "the table is empty"
        raise InputError(f"expected trials of {fewest} whole samples or more, found none: {why}")
    return rows


def _agreeing(
    rows: Rows, columns: Columns, units: Mapping[str, str]
) -> tuple[Rows, Mapping[str, str], tuple[float, ...]]:
    """Compare velocities with dq/dt, and converts units where the header settles what they are."""
    if not columns.velocity or (columns.time is None and columns.dt is None):
        return rows, units, ()
    found: Agreement = agreement(rows.times, continuous(rows, columns), rows.trial, columns, units)
    by = np.array([found.multipliers.get(name, 1.0) for name in columns.values])
    times = rows.times * found.multipliers.get(columns.time or "", 1.0)
    offsets = np.array([found.offsets.get(name, 0.0) for name in columns.values])
    rows = replace(rows, times=times, values=(rows.values - offsets) * by, notes=(*rows.notes, *found.notes))
    return rows, {**units, **found.units}, found.factors


def _reading(
    rows: Rows, columns: Columns, units: Mapping[str, str], sources: tuple[str, ...], factors: tuple[float, ...]
) -> Reading:
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
    noise = np.where(observed, estimated_noise(data), np.nan)
    bodies = body_places(columns.q)
    undeclared = undeclared_angles(rows, columns)
    related = () if bodies or undeclared else dependent_positions(data.states[:, :n], rows.trial, noise[:n])
    angles = [undeclared_note(name, turn, units.get(name, "")) for name, turn in undeclared.items()]
    notes = (*rows.notes, *angles, *_related_notes(columns.q, related))
    if columns.velocity and n > 1 and not columns.mass:
        notes += ("masses are taken as equal unless a mass matrix is found: give them with mass where they are not",)
    constrained = tuple(columns.q[one.place] for one in related if not one.balanced)
    return Reading(
        data, columns, observed, noise, units.get(columns.time or "", ""), notes, sources, factors,
        tuple(undeclared), constrained, (len(bodies), len(bodies[0])) if bodies else None,
        inputs is not None and are_held(inputs, rows.trial),
    )  # fmt: skip


def _related_notes(q: Sequence[str], related: Sequence[Dependent]) -> list[str]:
    """Say which positions follow from the others, and what to do."""
    gone = {one.place for one in related}
    rest = " and ".join(name for place, name in enumerate(q) if place not in gone)
    return [
        f"{q[one.place]} follows from {rest} (to {100 * one.missed:.2g} %), so they are not independent coordinates"
        + (
            ", as with bodies about their centre of mass"
            if one.balanced
            else f": leave {q[one.place]} out, or take angles"
        )
        for one in related
    ]


def _said(name: str, place: int, n: int) -> str:
    """Return what a coordinate is called: a column that goes by its number, by its role."""
    if not name.isdigit():
        return name
    role = "q" if place < n else "p"
    return f"{role}{place % n + 1}" if n > 1 else role


def _require_motion(data: Trajectories) -> None:
    for name, spread in zip(data.names, np.ptp(data.states, axis=0), strict=True):
        if not spread > 0:
            raise InputError(f"expected {name} to vary, found the same value in all {len(data.times)} samples")
