"""Runs that stand side by side in a table, brought one below the other."""

import re
from collections.abc import Sequence

import numpy as np
import polars as pl
from jaxtyping import UInt32

from symplect.tables.arrays import TRIAL

Rows = UInt32[np.ndarray, " rows"]

_WORD = r"(?:Runs?|Trials?|Data ?Set|Set|Messung|Versuch|Lauf|Durchlauf|Essai|Prueba|Ensayo)"
_SAID = re.compile(
    rf"[\s,;:|/_(\[-]*(?<![A-Za-z]){_WORD}[ _]?(?:#|No\.?|Nr\.?)?[ _]?(\d{{1,4}})(?!\d)[)\]]?[\s,;:|_-]*", re.IGNORECASE
)
_AGAIN = re.compile(r"^(.*\S) \((\d{1,4})\)$")  # a name that came before, as a table of text numbers it
_MOST = 200  # characters of a name that says a run


def without_run(name: str) -> str:
    """Return a column's name without the run that it says.

    Example:
        >>> without_run("Angle (rad) Run #1"), without_run("Run 2: Time (s)"), without_run("running")
        ('Angle (rad)', 'Time (s)', 'running')
    """
    return _split(name)[0]


def stack_runs(table: pl.DataFrame) -> tuple[pl.DataFrame, list[str], Rows | None]:
    """Bring runs that stand side by side one below the other.

    Args:
        table: Columns such as "Time Run #1", "Angle Run #1", "Time Run #2", "Angle Run #2"; columns that say no run
            are shared by all.

    Returns:
        The table with one column per quantity, and a column `TRIAL` where there are several runs; what was noticed; and
        the row of the given table that each row comes from. Any other table stays as it is.

    Example:
        >>> columns = {"x Run 1": [5.0, 6.0], "v Run 1": [0.0, 1.0], "x Run 2": [7.0, None], "v Run 2": [2.0, None]}
        >>> stack_runs(pl.DataFrame(columns))[0].rows()
        [(5.0, 0.0, 1), (6.0, 1.0, 1), (7.0, 2.0, 2)]
    """
    said = _runs_of(table.columns)
    runs = list(dict.fromkeys(run for _, run in said if run is not None))
    if not runs:
        return table, [], None
    shared = [name for name, (_, run) in zip(table.columns, said, strict=True) if run is None]
    parts: list[pl.DataFrame] = []
    rows: list[Rows] = []
    for number in runs:
        own = {
            name: base
            for name, (base, run) in zip(table.columns, said, strict=True)
            if run == number or (run is None and len(runs) == 1)
        }
        part = table.select([*([] if len(runs) == 1 else shared), *own]).rename(own)
        some = part.select(pl.any_horizontal(pl.col(list(own.values())).is_not_null())).to_series()
        part = part.filter(some)
        rows.append(some.arg_true().to_numpy())
        parts.append(part if len(runs) == 1 else part.with_columns(pl.lit(number).alias(TRIAL)))
    if len(runs) == 1:
        return parts[0], [], rows[0]
    note = f"{len(runs)} runs side by side are taken as trials"
    return pl.concat(parts, how="diagonal_relaxed"), [note], np.concatenate(rows)


def _runs_of(names: Sequence[str]) -> list[tuple[str, int | None]]:
    """Return of every column its name without the run, and the run; no run for all if they do not make a pattern."""
    nothing: list[tuple[str, int | None]] = [(name, None) for name in names]
    said = [_split(name) for name in names]
    known = [item for item in said if item[1] is not None]
    if (len({run for _, run in known}) > 1 or len(known) == len(names)) and _is_pattern(said):
        return said
    said = [_split_again(name, names) for name in names]
    return said if all(run is not None for _, run in said) and _is_pattern(said) else nothing


def _is_pattern(said: Sequence[tuple[str, int | None]]) -> bool:
    """Tell whether every run has two quantities or more, or shares one, and each quantity comes in every run."""
    runs: dict[int, set[str]] = {}
    shared = {base for base, run in said if run is None}
    for base, run in said:
        if run is not None:
            runs.setdefault(run, set()).add(base)
    first = next(iter(runs.values()), set[str]())
    alike = bool(first) and len(set(said)) == len(said) and all(bases == first for bases in runs.values())
    return alike and not shared & first and "" not in first and len(first) + len(shared) > 1


def _split(name: str) -> tuple[str, int | None]:
    found = _SAID.search(name) if len(name) < _MOST else None
    if not found:
        return name, None
    before, after = name[: found.start()], name[found.end() :]
    return " ".join(filter(None, (before.strip(), after.strip()))), int(found.group(1))


def _split_again(name: str, names: Sequence[str]) -> tuple[str, int | None]:
    """Return a name without its number, if the same names come again and again and nothing else does."""
    found = _AGAIN.match(name)
    if found and found.group(1) in names:
        return found.group(1), int(found.group(2))
    return (name, 1) if f"{name} (2)" in names else (name, None)
