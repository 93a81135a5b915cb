"""The numbers of a model as text, each array once."""

import base64
from typing import final

import numpy as np


@final
class Arrays:
    """Numbers that several programs share, each stored once.

    Args:
        precision: float32 or float64.
    """

    def __init__(self, precision: np.dtype):
        self.precision = precision
        self._places: dict[bytes, int] = {}

    def place(self, array: np.ndarray) -> int:
        """Returns the number under which an array is stored."""
        return self._places.setdefault(array.astype(self.precision.newbyteorder("<")).tobytes(), len(self._places))

    def base64(self) -> list[str]:
        """Returns all arrays, little-endian, as text."""
        return [base64.b64encode(content).decode() for content in self._places]
