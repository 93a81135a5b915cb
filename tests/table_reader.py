"""A process that reads tables, with bounded memory and time: what is read must be what was written."""

import multiprocessing
import os
import re
import resource
import tempfile
import warnings
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np

from tests.mutations import ROWS, Table

SECONDS = 20.0  # that a table may take
MEMORY = 2 * 2**30  # bytes of addresses beyond those of the idle process
LONGEST = 2000  # characters of a message

FOREIGN = re.compile(
    r"polars|numpy|scipy|h5py|pyarrow|calamine|openpyxl|jax|Traceback|site-packages|symplect/|infer_schema|dtype"
    r"|truncate_ragged|ignore_errors|null_values|allow_pickle|encoding=|Error\b|panick",
)
"""Words of libraries and of the code, which no message may hold."""


def fault(table: Table, folder: Path) -> str:
    """Read a table, and return what is wrong with the outcome; nothing if all is well."""
    from symplect.errors import InputError, NotAvailableError
    from symplect.tables import Columns, read

    path = folder / table.name
    path.write_bytes(table.content)
    q, p, t = ("2", "3", "1") if table.by_number else ("x", "v", "t")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            reading = read(path, Columns(q=(q,), p=(p,), time=t))
        except (InputError, NotAvailableError) as error:
            message = str(error).replace(str(folder), ".")
            return f"refused: {message}" if table.plain else _fault_of_message(message)
        except BaseException as error:  # a panic of Rust is no Exception
            return f"{type(error).__module__}.{type(error).__name__}: {error}"[:300]
    if warned:
        return f"warned: {warned[0].message}"
    if table.strange is None:
        return ""
    found = np.column_stack([reading.data.times, reading.data.states])
    nearest = ROWS[np.argmin(np.abs(found[:, :1] - ROWS[:, 0]), axis=1)]
    strange = int(np.sum(np.any(np.abs(found - nearest) > 1e-9, axis=1)))
    return f"{strange} samples that were never written" if strange > table.strange else ""


def _fault_of_message(message: str) -> str:
    if "\n" in message or not message.isprintable():
        return f"not one line: {message!r}"
    if len(message) > LONGEST:
        return f"a message of {len(message)} characters"
    found = FOREIGN.search(message)
    return f"says {found.group()!r}: {message}" if found else ""


def serve(pipe: Connection) -> None:
    """Read tables until the pipe ends; the parent watches the clock."""
    import symplect.tables  # noqa: F401  # before memory is bounded: what the idle process has is not counted

    with tempfile.TemporaryDirectory() as folder:
        errors = os.open(Path(folder) / "errors", os.O_RDWR | os.O_CREAT | os.O_APPEND)
        os.dup2(errors, 2)
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY,) * 2)
        while table := pipe.recv():
            found = fault(table, Path(folder))
            said = os.pread(errors, 300, 0).decode(errors="replace")
            os.ftruncate(errors, 0)
            pipe.send(found or (f"prints {said}" if said else ""))


class TableReader:
    """A process that is replaced when it dies or hangs."""

    def __init__(self):
        self._start()

    def _start(self) -> None:
        self._pipe, other = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(target=serve, args=(other,), daemon=True)
        self._process.start()
        other.close()

    def fault(self, table: Table) -> str:
        """Return what is wrong with the outcome of reading a table; nothing if all is well."""
        try:
            self._pipe.send(table)
            if self._pipe.poll(SECONDS):
                return self._pipe.recv()
            found = f"no end in {SECONDS:.0f} s"
        except (EOFError, OSError):
            self._process.join(SECONDS)
            found = f"the process ended with code {self._process.exitcode}"
        self.close()
        self._start()
        return found

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._pipe.close()
