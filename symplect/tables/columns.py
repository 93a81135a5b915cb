"""Which column of a table is what."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from symplect.errors import InputError, one_line
from symplect.tables.side_by_side import without_run
from symplect.tables.unit_names import split_unit

_PARTS = re.compile(r"\s*[,:(\[]\s+|\s+[(\[]\s*")  # between the parts of a name
_PLAIN = str.maketrans("", "", "{}$\\")
_COMMENT = "#%/ "  # before the first name of a header
_LONG = 200  # characters of a name, beyond which it has no parts
_SHOWN = 12  # names in a message


@dataclass(frozen=True)
class Columns:
    """The roles of a table's columns, by their names, or by their numbers counted from 1.

    Args:
        q: positions, one per degree of freedom.
        p: momenta, in the order of the positions.
        velocity: velocities instead of momenta; `p = mass * velocity`.
        mass: mass for every velocity, or one for all; 1 unless given.
        time: column of sampling times.
        dt: constant time step instead of a column.
        trial: column that tells trials apart, numbers or words.
        dq, dp: measured time derivatives of positions and momenta (of velocities, where those are given).
        inputs: known inputs u.
        angles: those of the positions that are angles: they may wrap, and the energy is periodic in them.
        links: number of links of a chain in a vertical plane, if their joint angles are the positions; else 0.

    Raises:
        InputError: roles that contradict one another, or numbers of columns that do not go together.

    Example:
        >>> Columns(q=("theta",), p=("omega",), time="t").degrees_of_freedom
        1
    """

    q: tuple[str, ...]
    p: tuple[str, ...] = ()
    velocity: tuple[str, ...] = ()
    mass: tuple[float, ...] = ()
    time: str | None = None
    dt: float | None = None
    trial: str | None = None
    dq: tuple[str, ...] = ()
    dp: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    angles: tuple[str, ...] = ()
    links: int = 0

    def __post_init__(self):
        n = len(self.q)
        if self.links:
            object.__setattr__(self, "angles", self.q)
        _expect(n > 0, "at least one position, found none: name the columns of positions with q")
        _expect(not (self.p and self.velocity), "momenta or velocities, found both: leave one of p and velocity out")
        _expect(not self.mass or bool(self.velocity), "masses with velocities, found masses alone: name the velocities")
        for role in ("p", "velocity", "dq", "dp"):
            given = getattr(self, role)
            _expect(len(given) in (0, n), f"{n} columns for {role}, as many as positions, found {len(given)}")
        _expect(bool(self.dq) == bool(self.dp), "derivatives of positions and of momenta, found one of the two")
        _expect(not self.dq or self.momenta_known, "derivatives with momenta or velocities, found positions alone")
        _expect(len(self.mass) in (0, 1, n), f"one mass or {n}, found {len(self.mass)}")
        _expect(all(0 < m < float("inf") for m in self.mass), f"positive masses, found {self.mass}")
        _expect(self.time is None or self.dt is None, "a column of times or a time step, found both: leave one out")
        _expect(self.dt is None or 0 < self.dt < float("inf"), f"a positive time step, found {self.dt}")
        _expect(self.time not in self.values, f"times in a column of their own, found {self.time} in another role too")
        _expect(
            self.links in (0, n),
            f"one position for each link, found {self.links} links and {n} positions: name the "
            "angles of all joints, from the first link on",
        )
        _expect(not (self.links and self.p), "links with velocities or positions alone, found momenta: leave p out")
        odd = [name for name in self.angles if name not in self.q]
        _expect(not odd, f"angles out of the positions {', '.join(self.q)}, found {', '.join(odd)}")

    @property
    def degrees_of_freedom(self) -> int:
        """The number of (q, p) pairs."""
        return len(self.q)

    @property
    def momenta_known(self) -> bool:
        """Whether momenta or velocities were measured."""
        return bool(self.p or self.velocity)

    @property
    def values(self) -> tuple[str, ...]:
        """All columns that must hold numbers, but for that of times."""
        return (*self.q, *self.p, *self.velocity, *self.dq, *self.dp, *self.inputs)


def find_column(wanted: str, names: Sequence[str]) -> int:
    """Return the place of a column: by its name, its name without the unit, a part of its name, or its number from 1.

    Args:
        wanted: Name or number. A name that says of which run it is stands for the column of all runs.
        names: Names of the table's columns.

    Raises:
        InputError: No such column, or several.

    Example:
        >>> names = ["t [s]", "Angle, theta [rad]", "v_{x} / m/s"]
        >>> [find_column(name, names) for name in ("t", "% t", "theta", "v_x", "1")]
        [0, 0, 1, 2, 0]
    """
    for known in _spellings(names):
        places = [place for place, spelled in enumerate(known) if wanted in spelled]
        if len(places) > 1:
            raise InputError(f"expected one column named {wanted!r}, found {len(places)}: give its number, from 1")
        if places:
            return places[0]
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return int(wanted) - 1
    if (bare := without_run(wanted).lstrip(_COMMENT)) not in ("", wanted):
        return find_column(bare, names)
    raise InputError(
        f"expected a column {wanted!r}, found {listed(names)}: give one of these names, or a number from 1"
    )


def _spellings(names: Sequence[str]) -> Iterator[list[tuple[str, ...]]]:
    """Give what every column may be called, the most exact spelling first."""
    yield [(name,) for name in names]
    bare = [split_unit(name)[0] for name in names]
    yield [(name,) for name in bare]
    bare = [name if len(name) < _LONG else "" for name in bare]
    yield [tuple(_PARTS.split(name.rstrip(")]"))) for name in bare]  # "Angle, theta", "Position (x)", "Latest: Time"
    yield [(name.translate(_PLAIN),) for name in bare]  # "v_{x}", "$v_x$"


def listed(names: Sequence[str]) -> str:
    """Return names for a message: the first of them, each cut where it is long.

    Example:
        >>> listed(["t", "x"]), len(listed(["x" * 1000] * 1000)) < 700
        ('t, x', True)
    """
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(one_line(name, 40) if name else "''" for name in names[:_SHOWN]) + more


def _expect(condition: bool, what: str) -> None:
    if not condition:
        raise InputError(f"expected {what}")
