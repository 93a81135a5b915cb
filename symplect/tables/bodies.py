"""Several bodies whose coordinates stand in one table, by the names of the columns."""

import re
from collections.abc import Sequence

from symplect.tables.columns import split_unit

_AXES = ("x", "y", "z")
_WORDS = re.compile(r"[a-z]+|\d+")
_FILLERS = frozenset(("pos", "position", "coord", "of"))


def body_places(positions: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Return the places of each body's x, y (and z) among the positions; nothing unless all names say so.

    Example:
        >>> body_places(["x1", "y1", "x2", "y2"]), body_places(["mass A x", "mass B x", "mass A y", "mass B y"])
        (((0, 1), (2, 3)), ((0, 2), (1, 3)))
        >>> body_places(["x", "y"]), body_places(["theta1", "theta2"]), body_places(["x1", "x2"])
        ((), (), ())
    """
    found: dict[str, dict[str, int]] = {}
    for place, name in enumerate(positions):
        parts = _axis_and_body(split_unit(name)[0])
        if parts is None:
            return ()
        axis, body = parts
        if axis in found.setdefault(body, {}):
            return ()
        found[body][axis] = place
    axes = [tuple(sorted(own)) for own in found.values()]
    if len(found) < 2 or len(axes[0]) < 2 or any(own != axes[0] for own in axes):
        return ()
    return tuple(tuple(own[axis] for axis in axes[0]) for own in found.values())


def _axis_and_body(name: str) -> tuple[str, str] | None:
    """Return the axis and the body that a name tells, as in `x1`, `x_1`, `xA`, `Ax` or `mass A x`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[xyz]$)", " ", name.strip())
    words = [word for word in _WORDS.findall(spaced.lower()) if word not in _FILLERS]
    for place in (0, -1):
        if len(words) > 1 and words[place] in _AXES:
            rest = [*words]
            return rest.pop(place), " ".join(rest)
    return None
