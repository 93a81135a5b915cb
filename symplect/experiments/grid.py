"""Settings by name: read from words, multiplied out, and as the name of a folder."""

import itertools
from collections.abc import Iterable, Mapping, Sequence

from symplect.errors import InputError

Setting = bool | int | float | str | None

DEFAULT = "default"
"""The folder of runs whose settings are their methods' own."""

_LARGE = 1e6  # above, real numbers are written as such

_WORDS: Mapping[str, Setting] = {"true": True, "false": False, "none": None}


def read_grid(words: Iterable[str]) -> dict[str, list[Setting]]:
    """Read names with their values.

    Raises:
        InputError: a word that is not a name with values, or a name that comes twice.

    Example:
        >>> read_grid(["width=50,100", "learning_rate=1e-3", "cosine=true"])
        {'width': [50, 100], 'learning_rate': [0.001], 'cosine': [True]}
    """
    grid: dict[str, list[Setting]] = {}
    for word in words:
        name, _, values = word.partition("=")
        texts = values.split(",")
        if not name or not all(texts):
            raise InputError(f"expected a setting with its values, found {word!r}: write it as in --set width=50,100")
        if name in grid:
            raise InputError(f"expected {name} once, found it twice: write --set {name}=... with all its values")
        grid[name] = list(dict.fromkeys(map(read_value, texts)))
    return grid


def choices(grid: Mapping[str, Sequence[Setting]]) -> list[dict[str, Setting]]:
    """Return every choice of one value per name, the last name's values changing fastest.

    Example:
        >>> choices({"width": [50, 100], "depth": [2]})
        [{'width': 50, 'depth': 2}, {'width': 100, 'depth': 2}]
        >>> choices({})
        [{}]
    """
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def name_of(settings: Mapping[str, Setting]) -> str:
    """Return the name of the folder for runs of these settings, whatever their order.

    Example:
        >>> name_of({"width": 50, "learning_rate": 1e-3, "cosine": True}), name_of({})
        ('cosine=true,learning_rate=0.001,width=50', 'default')
    """
    return ",".join(f"{name}={write_value(value)}" for name, value in sorted(settings.items())) or DEFAULT


def settings_of(name: str) -> dict[str, Setting]:
    """Return the settings that a folder's name tells.

    Example:
        >>> settings_of("cosine=true,learning_rate=0.001,width=50")
        {'cosine': True, 'learning_rate': 0.001, 'width': 50}
    """
    parts = [] if name == DEFAULT else [part.partition("=") for part in name.split(",")]
    return {name: read_value(value) for name, _, value in parts}


def read_value(text: str) -> Setting:
    """Return the number, true, false or none that a text says, or else the text.

    Example:
        >>> [read_value(text) for text in ("50", "1e-3", "none", "tanh")]
        [50, 0.001, None, 'tanh']
    """
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def write_value(value: Setting) -> str:
    """Return the text that `read_value` reads, the same for 1 and 1.0.

    Example:
        >>> [write_value(value) for value in (50, 0.001, 1.0, None, "tanh")]
        ['50', '0.001', '1', 'none', 'tanh']
    """
    if isinstance(value, float):
        return f"{value:.0f}" if value.is_integer() and abs(value) < _LARGE else repr(value)
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)
