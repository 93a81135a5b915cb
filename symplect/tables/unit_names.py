"""Names of units, and the ways in which they stand beside a column's name."""

import re

from symplect.tables.units import is_degrees, is_radians

_LONG = 200  # characters of a name, beyond which it has no unit
_PREFIXED = r"(?:[mcunpµμkMG]|da)?(?:m|s|sec|rad|deg|g|N|V|A|Hz|J|W|Pa|T|K|C|eV)"
_WORDS = (
    "°|º|˚|°C|rad(?:ian)?s?|RAD|deg(?:ree)?s?\\.?|DEG\\.?|Grad|derece|turns?|rev|rpm|"
    "[Ss]ec(?:ond)?s?\\.?|millisec(?:ond)?s?|msec|usec|Sek(?:unden?)?\\.?|min|h|hours?|d|days?|years?|yr|a|AU|au|"
    "met(?:er|re)s?|inch|in|ft|px|pixels?|counts?|steps?|Volts?|Amps?|Å|A|kcal/mol|dps|mps|%|-|1|a\\.?u\\.?"
)
_POWER = r"(?:\^?-?\d+|[²³]|\*\*-?\d|⁻[¹²])?"
_ATOM = rf"(?:{_WORDS}|{_PREFIXED}){_POWER}"
_KNOWN = re.compile(rf"(?:1/)?{_ATOM}(?:[ ]?[*·/ .][ ]?{_ATOM}|/\({_ATOM}(?:[*· ]{_ATOM})*\))*")
_BRACKETED = re.compile(r"^(.*\S)\s*[\[(]\s*([^\[\]()]*?)\s*[\])]$")
_OPEN = re.compile(r"^(.*?\S)(?:\s+/\s+|\s+in\s+|\s*[,;:]\s*)(\S.*)$")  # theta / rad, Winkel in Grad, angle, rad
_SLASH = re.compile(r"^([^/]*[^/\s])/(\S.*)$")  # theta/rad
_LAST_WORD = re.compile(r"^(.*\S)\s+(\S{2,}|[°º˚])$")
_SUFFIX = re.compile(
    r"^(.+?)_((?:deg(?:rees)?|rad|msec|ms|us|sec|seconds|mm|cm)(?:_(?:per_)?s(?:ec)?)?)$", re.IGNORECASE
)
_CLOCK = re.compile(r"^(t|time|Time|TIME)_(s|h|d)$")
_NO_UNIT = ("%", "-", "1", "a", "d", "h", "in", "au", "a.u.", "A")  # words of names, unless brackets say otherwise


def is_unit(text: str) -> bool:
    """Tell whether a text is a unit that is known.

    Example:
        >>> is_unit("rad/s"), is_unit("m s^-2"), is_unit("theta")
        (True, True, False)
    """
    return len(text) < _LONG and (_KNOWN.fullmatch(text) is not None or is_degrees(text) or is_radians(text))


def split_unit(name: str) -> tuple[str, str]:
    """Split a column's name from its unit.

    The unit stands in brackets, or behind a stroke, a comma, "in" or "_" where it is a unit that is known.

    Example:
        >>> split_unit("theta [rad]"), split_unit("x"), split_unit("omega / deg/s")
        (('theta', 'rad'), ('x', ''), ('omega', 'deg/s'))
    """
    name = name.strip()
    if len(name) >= _LONG:
        return name, ""
    if found := _BRACKETED.match(name):
        return found.group(1).rstrip(" /"), found.group(2)
    for form in (_OPEN, _LAST_WORD, _SLASH):
        found = form.match(name)
        if found and _is_plain_unit(found.group(2), spelled=form is _OPEN):
            return found.group(1), found.group(2)
    if found := _SUFFIX.match(name) or _CLOCK.match(name):
        return found.group(1), re.sub("_(per_)?", "/", found.group(2))
    return name, ""


def _is_plain_unit(text: str, *, spelled: bool) -> bool:
    if text in _NO_UNIT and not (spelled and text in ("%", "1", "a", "d", "h")):
        return False
    return is_unit(text)
