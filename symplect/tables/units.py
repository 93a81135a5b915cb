"""Units as people write them: degrees and radians, and how many base units one is."""

import re

_DEGREES = frozenset(
    (
        "deg", "degs", "degree", "degrees", "°", "º", "˚", "grad", "grade", "grados", "grado", "gradi", "graden",
        "grader", "graus", "degré", "degrés", "derece", "derajat", "stopień", "stopnie", "stopni", "градус", "градусы",
        "град", "度",
    )
)  # fmt: skip
_RADIANS = frozenset(
    ("rad", "rads", "radian", "radians", "radiant", "radianten", "radianes", "radianti", "radyan", "рад", "弧度")
)
_PER_SECOND = {"dps": "deg/s", "degps": "deg/s", "rps": "rad/s", "radps": "rad/s", "mps": "m/s"}
_RATE = re.compile(r"^(.*?)\s*(?:/|\bper\b|_per_)\s*(.+)$")
_POWER = re.compile(r"^(.+?)[\s·*⋅.]+([^\W\d]+)(?:\^?\(?[-−]1\)?|⁻¹)$")
_PREFIXES = {"n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "c": 1e-2, "k": 1e3}
_BASES = {
    "s": ("s", 1.0), "sec": ("s", 1.0), "secs": ("s", 1.0), "second": ("s", 1.0), "seconds": ("s", 1.0),
    "sek": ("s", 1.0), "min": ("s", 60.0), "h": ("s", 3600.0), "hr": ("s", 3600.0), "hour": ("s", 3600.0),
    "hours": ("s", 3600.0), "d": ("s", 86400.0), "day": ("s", 86400.0), "days": ("s", 86400.0),
    "msec": ("s", 1e-3), "millisecond": ("s", 1e-3), "milliseconds": ("s", 1e-3), "usec": ("s", 1e-6),
    "m": ("m", 1.0), "meter": ("m", 1.0), "metre": ("m", 1.0), "meters": ("m", 1.0), "metres": ("m", 1.0),
    "in": ("m", 0.0254), "inch": ("m", 0.0254), "ft": ("m", 0.3048), "rev": ("rad", 6.283185307179586),
    "g": ("g", 1.0), "C": ("C", 1.0), "V": ("V", 1.0),
}  # fmt: skip


def is_degrees(unit: str) -> bool:
    """Whether a unit is degrees or a rate of degrees, in any of the ways in which people write that.

    Example:
        >>> [is_degrees(unit) for unit in ("deg.", "DEG", "º", "Grad/s", "degrees per second", "dps", "rad/s", "m")]
        [True, True, True, True, True, True, False, False]
    """
    return _word(split_rate(unit)[0]) in _DEGREES


def is_radians(unit: str) -> bool:
    """Whether a unit is radians or a rate of radians.

    Example:
        >>> is_radians("Rad."), is_radians("radians/sec"), is_radians("deg")
        (True, True, False)
    """
    return _word(split_rate(unit)[0]) in _RADIANS


def split_rate(unit: str) -> tuple[str, str]:
    """Return a unit and the unit of time below its line; empty without one.

    Example:
        >>> split_rate("deg/s"), split_rate("m s^-1"), split_rate("degrees per sec"), split_rate("dps"), split_rate("m")
        (('deg', 's'), ('m', 's'), ('degrees', 'sec'), ('deg', 's'), ('m', ''))
    """
    unit = _PER_SECOND.get(unit.strip().lower(), unit.strip())
    found = _RATE.match(unit) or _POWER.match(unit)
    return (found.group(1).strip(), found.group(2).strip()) if found and found.group(1) else (unit, "")


def scale(unit: str) -> tuple[str, float] | None:
    """Return the base unit and how many of it a unit is; None for one that is not known.

    Example:
        >>> scale("ms"), scale("mm"), scale("min"), scale("furlong")
        (('s', 0.001), ('m', 0.001), ('s', 60.0), None)
    """
    word = _word(unit)
    if word in _DEGREES:
        return "rad", 0.017453292519943295
    if word in _RADIANS:
        return "rad", 1.0
    for plain in (unit.strip(), unit.strip().lower()):
        if plain in _BASES:
            return _BASES[plain]
    unit = unit.strip()
    if unit[:1] in _PREFIXES and (unit[1:] in ("s", "m", "g", "C", "V") or unit[1:] == "rad"):
        base, size = _BASES.get(unit[1:], ("rad", 1.0))
        return base, _PREFIXES[unit[0]] * size
    return None


def suffix_unit(name: str) -> str:
    """Return the unit of angles that a column's name ends in; empty if it ends in none.

    Example:
        >>> [suffix_unit(name) for name in ("theta_deg", "omega_deg_s", "angle in degrees", "gyro_dps", "x", "grad")]
        ['deg', 'deg/s', 'deg', 'deg/s', '', '']
    """
    words = [word for word in re.split(r"[\s_,;:/]+", name.strip().lower()) if word]
    for count in (1, 2, 3):
        if len(words) <= count:
            break
        tail = [word for word in words[-count:] if word != "per"]
        if len(tail) == 1 and tail[0] in ("dps", "degps", "radps"):
            return _PER_SECOND[tail[0]]
        kind = "deg" if _word(tail[0]) in _DEGREES else "rad" if _word(tail[0]) in _RADIANS else ""
        if kind and (len(tail) == 1 or tail[1] in ("s", "sec", "second")):
            return f"{kind}/s" if len(tail) > 1 else kind
    return ""


def _word(unit: str) -> str:
    return unit.strip().strip("[]()").strip().rstrip(".").lower()
