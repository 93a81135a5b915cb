"""What was read, as a short table."""

import numpy as np

from symplect.tables.reading import Reading
from symplect.tables.repairs import counted

_GAP = 1.5  # times the usual step


def understood(reading: Reading) -> str:
    """Return what was understood of a table, to be checked before anything is fitted.

    Example:
        >>> from symplect.tables import Columns, read
        >>> t = np.linspace(0.0, 6.0, 40)
        >>> table = {"t": t, "x": np.cos(t), "v": -np.sin(t)}
        >>> print(understood(read(table, Columns(q=("x",), velocity=("v",), time="t"))).splitlines()[0])
        Read from the table: 1 trial, 40 samples
    """
    data = reading.data
    shown = ", ".join(reading.sources[:3]) + (", ..." if len(reading.sources) > 3 else "")
    trials = "samples that stand alone" if reading.alone else counted(len(data), "trial")
    lines = [f"Read from {shown}: {trials}, {counted(len(data.times), 'sample')}"]
    lines += [] if reading.alone else [_clock(reading)]
    lines += _aligned([("column", "role", "smallest", "largest", "noise", "unit"), *_coordinates(reading)])
    return "\n".join([*lines, *(f"  * {note}" for note in reading.notes)])


def _coordinates(reading: Reading) -> list[tuple[str, ...]]:
    data, columns, n = reading.data, reading.columns, reading.columns.degrees_of_freedom
    measured = (*columns.q, *columns.p, *columns.velocity)
    masses = columns.mass * n if len(columns.mass) == 1 else columns.mass
    rows: list[tuple[str, ...]] = []
    for place in range(data.dimension):
        own = data.states[:, place]
        role = f"q{place + 1}" if place < n else f"p{place - n + 1}"
        role = role.rstrip("1") if n == 1 else role
        role += ", an angle" if place < n and columns.q[place] in columns.angles else ""
        role += " = dq/dt, estimated" if not reading.observed[place] else ""
        if columns.velocity and place >= n:
            role += f" = {masses[place - n]:g} * velocity" if masses else " = velocity"
        noise = f"{reading.noise[place]:.2g}" if np.isfinite(reading.noise[place]) else "-"
        unit = data.units[place] if data.units else ""
        source = measured[place] if place < len(measured) else "-"
        rows.append((source, role, f"{np.min(own):.4g}", f"{np.max(own):.4g}", noise, unit))
    others = (("derivatives", (*columns.dq, *columns.dp)), ("inputs", columns.inputs))
    lines = [(", ".join(names), role, "", "", "", "") for role, names in others if names]
    return rows + lines


def _clock(reading: Reading) -> str:
    data = reading.data
    ends = np.cumsum(data.lengths)
    steps = np.delete(np.diff(data.times), ends[:-1] - 1)
    usual = float(np.median(steps))
    gaps = int(np.sum(steps > _GAP * usual))
    unit = f" {reading.time_unit}" if reading.time_unit else ""
    regular = np.ptp(steps) <= 1e-3 * usual
    step = f"every {usual:.4g}" if regular else f"every {np.min(steps):.4g} to {np.max(steps):.4g}, mostly {usual:.4g},"
    durations = data.times[ends - 1] - data.times[ends - np.array(data.lengths)]
    shortest, longest = f"{np.min(durations):.4g}", f"{np.max(durations):.4g}"
    lasts = f"over {longest}" if shortest == longest else f"over {shortest} to {longest}"
    return f"  {step}{unit} {lasts}{unit}{' per trial' if len(data) > 1 else ''}; {counted(gaps, 'gap')}"


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
