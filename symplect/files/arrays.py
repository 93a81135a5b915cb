"""Arrays in NPZ files, unpacked within bounds and without pickles."""

import math
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from symplect.errors import UnreadableError
from symplect.files.atomic import writing
from symplect.files.bounds import LARGEST, read_own, require_regular, require_size


@runtime_checkable
class Stream(Protocol):
    """Bytes that are read from the front, of a file or of an archive's member."""

    def read(self, size: int = -1, /) -> bytes: ...


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write an `.npz` file whole or not at all."""
    with writing(path) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read an `.npz` file of plain numbers.

    Raises:
        InputError: no such file, or not an `.npz` of plain numbers.
    """

    return read_own(path, lambda: unpacked(path))


def unpacked(path: Path, require: Callable[[Path, int, int], None] | None = None) -> dict[str, np.ndarray]:
    """Return the arrays of an `.npz` file, whose sizes are known before memory is taken for them.

    Args:
        path: The file.
        require: Check of the file, the number of values in all arrays so far, and the number of arrays.

    Raises:
        InputError: They would not fit.
        Exception: Any kind that a broken file calls forth in what reads it.
    """
    require_regular(path)
    with zipfile.ZipFile(path) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, about headers that Python 2 wrote
        members = archive.infolist()
        require_size(path, sum(member.file_size for member in members), len(members))
        arrays: dict[str, np.ndarray] = {}
        cells = 0
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name in arrays:
                raise UnreadableError(f"two arrays named {name}")
            with archive.open(member) as stream:
                header = array_header(stream)
                cells += header.cells
                if require is not None:
                    require(path, cells, len(members))
                arrays[name] = header.read(stream, member.file_size - stream.tell())
    return arrays


@dataclass(frozen=True)
class ArrayHeader:
    """What the head of an `.npy` stream says of the array that follows.

    Attributes:
        shape: Shape of the array.
        fortran: Whether the first axis varies fastest.
        dtype: Type of the values, which holds no Python objects.
    """

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype

    @property
    def cells(self) -> int:
        """The number of values; a record counts as its fields."""
        return math.prod(self.shape) * max(1, len(self.dtype.names or ()))

    def read(self, stream: Stream, size: int) -> np.ndarray:
        """Return the array.

        Args:
            stream: The stream behind its header.
            size: Bytes that are left in it.

        Raises:
            ValueError: The header promises more or less than there is.
        """
        promised = math.prod(self.shape) * self.dtype.itemsize
        if promised != size:
            raise UnreadableError(f"an array whose header promises {promised} bytes, and {max(size, 0)} follow")
        raw = bytearray(stream.read(size + 1))
        if len(raw) != size:
            raise UnreadableError("an array that is cut off")
        return np.frombuffer(raw, self.dtype).reshape(self.shape, order="F" if self.fortran else "C")


def array_header(stream: Stream) -> ArrayHeader:
    """Read the head of an `.npy` stream, without code.

    Raises:
        ValueError: It is none, or one of Python objects.
    """
    version = np.lib.format.read_magic(stream)
    header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}.get(version)
    if header is None:
        raise UnreadableError(f"an array of version {version}")
    shape, fortran, dtype = header(stream)
    if dtype.hasobject:
        raise UnreadableError("an array of Python objects, which are not read because that would run code")
    if not all(type(length) is int and 0 <= length <= LARGEST for length in shape):
        raise UnreadableError(f"an array of shape {shape}")
    return ArrayHeader(tuple(shape), bool(fortran), dtype)
