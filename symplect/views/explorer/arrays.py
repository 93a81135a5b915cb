"""The numbers of a model as text, each array once."""

import base64
from typing import final

import numpy as np

from symplect.views.explorer.content import Levels

_LARGE = 4096  # numbers of a matrix, above which 8 bits for each make a difference to the page
_LEVELS = 127


@final
class Arrays:
    """Numbers that several programs share, each stored once.

    Args:
        precision: float32 or float64.
        coarse: whether large matrices are stored with 8 bits for a number, enough for pictures.
    """

    def __init__(self, precision: np.dtype, *, coarse: bool = False):
        self.precision = precision
        self._coarse = coarse
        self._places: dict[bytes, int] = {}
        self._stored: list[str | Levels] = []

    def place(self, array: np.ndarray) -> int:
        """Return the number under which an array is stored."""
        content = array.astype(self.precision.newbyteorder("<")).tobytes()
        if content not in self._places:
            self._places[content] = len(self._stored)
            is_large = array.ndim == 2 and array.size > _LARGE
            self._stored.append(_levels(array) if self._coarse and is_large else _text(content))
        return self._places[content]

    def base64(self) -> list[str | Levels]:
        """Return all arrays as text, little-endian.

        One in 8 bits is `{"levels": text of signed bytes, "scales": one per column, "columns": how many}`: a number is
        its level times the scale of its column.
        """
        return self._stored


def _levels(matrix: np.ndarray) -> Levels:
    scales = np.maximum(np.max(np.abs(matrix), axis=0), np.finfo(np.float32).tiny) / _LEVELS
    levels = np.round(matrix / scales).astype(np.int8)
    return {
        "levels": _text(levels.tobytes()),
        "scales": [float(f"{scale:.9g}") for scale in scales],
        "columns": matrix.shape[1],
    }


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
