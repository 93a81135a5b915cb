"""Where the run of a fit goes, and whether the very same fit is there already."""

import contextlib
import dataclasses
import hashlib
import importlib.metadata
import itertools
import json
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from symplect.errors import InputError
from symplect.files import read_json
from symplect.tables import Reading

PAGE = "report.html"
"""Last file that `symplect fit` writes."""

_LONGEST_STEM = 80  # characters, since no name may have more than 255


def place_of(out: Path | None, files: Sequence[str]) -> Path:
    """Return the folder for a run: a free one, or the named one unless it holds something else than a run.

    Args:
        out: named folder, or `None`.
        files: names of the tables.

    Raises:
        InputError: no file, or a named folder in which there is something else.
    """
    if not files:
        raise InputError("expected a file, found none: name one, as in symplect fit swing.csv --q theta --p omega")
    if out is None:
        return next(place for place in _names(files) if not os.path.lexists(place))
    if os.path.lexists(out) and not (out / "config.json").is_file():
        raise _taken(out)
    return out


def finished_before(out: Path | None, files: Sequence[str], own: str) -> Path | None:
    """Return the folder that holds this very fit: the named one, or one whose page was never written.

    Args:
        out: named folder, or `None`.
        files: names of the tables.
        own: fingerprint of the fit.

    Raises:
        InputError: the named folder holds another run.
    """
    if out is None:
        earlier = itertools.takewhile(os.path.lexists, _names(files))
        return next((place for place in earlier if not (place / PAGE).exists() and _saved(place) == own), None)
    if not os.path.lexists(out):
        return None
    if _saved(out) != own:
        raise _taken(out)
    return out


def fingerprint(reading: Reading, method: str, seed: int) -> str:
    """Return a hash of all that decides on the result of a fit.

    Args:
        reading: table as it was understood.
        method: method that was asked for.
        seed: random seed.

    Example:
        >>> from symplect.tables import Columns, read
        >>> reading = read({"t": np.arange(6.0), "x": np.sin(np.arange(6.0))}, Columns(q=("x",), time="t"))
        >>> fingerprint(reading, "auto", 0) == fingerprint(reading, "auto", 1)
        False
    """
    data = reading.data
    arrays = {"times": data.times, "states": data.states, "derivatives": data.derivatives, "inputs": data.inputs}
    words = {
        "columns": dataclasses.asdict(reading.columns),
        "names": data.names,
        "units": data.units,
        "time_unit": reading.time_unit,
        "lengths": data.lengths,
        "shapes": {name: None if array is None else array.shape for name, array in arrays.items()},
        "method": method,
        "seed": seed,
        "version": importlib.metadata.version("symplect"),
    }
    found = hashlib.sha256(json.dumps(words, default=str).encode())
    for array in arrays.values():
        if array is not None:
            found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def _saved(folder: Path) -> str | None:
    """Return the fingerprint of the fit in a run folder, or `None` if there is none."""
    path = folder / "config.json"
    with contextlib.suppress(InputError):
        found = read_json(path).get("fingerprint") if path.is_file() else None
        return found if isinstance(found, str) else None
    return None


def _names(files: Sequence[str]) -> Iterator[Path]:
    """Yield the folders for a file's runs, the first one first."""
    stem = re.sub(r"[^\w.-]+", "-", Path(files[0]).stem).strip("-.")[:_LONGEST_STEM] or "mine"
    return (Path("runs") / (stem if number == 1 else f"{stem}-{number}") for number in itertools.count(1))


def _taken(out: Path) -> InputError:
    return InputError(
        f"expected no {out} yet, or this very fit in it, found other things or a fit of other data, columns, method, "
        "seed or version: give another folder with --out, or delete that one"
    )
