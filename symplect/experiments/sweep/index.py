"""One table of all runs of a sweep, which many processes write; the run folders are the truth, and it follows them."""

import json
import os
import socket
import sqlite3
from collections.abc import Generator, Iterable
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, final

from symplect.errors import InputError
from symplect.experiments.grid import settings_of
from symplect.experiments.places import RUNS, is_taken, parts
from symplect.files import read_json

INDEX_FILE = "index.sqlite"

_TABLE = """
CREATE TABLE IF NOT EXISTS runs (
    folder TEXT PRIMARY KEY,            -- below that of the sweep
    settings TEXT NOT NULL,             -- JSON
    task TEXT NOT NULL,
    model TEXT NOT NULL,
    seed INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'finished', 'stopped', 'failed')),
    attempts INTEGER NOT NULL,
    worker TEXT,                        -- host and process
    started TEXT,
    ended TEXT,
    error TEXT,
    metrics TEXT                        -- JSON
)
"""
_PATIENCE = 120.0  # seconds that a process waits for the others

Row = dict[str, Any]


@final
class Index:
    """The file `index.sqlite` of a sweep.

    Every call is one transaction of a connection of its own, so that processes come and go as they like. The journal
    is SQLite's oldest, which works on the file systems that machines share.

    Args:
        out: the folder of the sweep.
    """

    def __init__(self, out: Path):
        self.out = out
        self.path = out / INDEX_FILE

    def expect(self, folders: Iterable[str]) -> None:
        """Add runs that wait, and let those that failed or were stopped before wait again."""
        folders = list(folders)
        with self._writing() as connection:
            connection.executemany(_ADD, map(_new, folders))
            connection.executemany(_AGAIN, [(folder,) for folder in folders])

    def begin(self, folder: str) -> None:
        """Notes that this process begins a run."""
        worker = f"{socket.gethostname()} {os.getpid()}"
        with self._writing() as connection:
            connection.execute(_ADD, _new(folder))
            connection.execute(
                "UPDATE runs SET state = 'running', attempts = attempts + 1, worker = ?, started = ?, ended = NULL, "
                "error = NULL WHERE folder = ?",
                (worker, _now(), folder),
            )

    def finish(self, folder: str) -> None:
        """Notes a run whose folder is there, with its metrics."""
        path = self.out / folder
        ended = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="milliseconds")
        metrics = json.dumps(read_json(path / "metrics.json"))
        self._change(folder, "finished", ended=ended, metrics=metrics)

    def stop(self, folder: str, reason: str) -> None:
        """Notes that a run was hopeless."""
        self._change(folder, "stopped", ended=_now(), error=reason)

    def fail(self, folder: str, error: str) -> None:
        """Notes that a run was given up."""
        self._change(folder, "failed", ended=_now(), error=error)

    def wait(self, folder: str, error: str | None = None) -> None:
        """Notes that a run is to be tried again, and what went wrong."""
        self._change(folder, "waiting", error=error)

    def rows(self) -> list[Row]:
        """Return all runs, settings and metrics as mappings."""
        with self._open() as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute("SELECT * FROM runs ORDER BY folder")]
        return [row | {name: json.loads(row[name] or "{}") for name in ("settings", "metrics")} for row in rows]

    def follow(self) -> None:
        """Bring the table in line with the run folders; without a table, make it from them."""
        there = {str(path.parent.relative_to(self.out)) for path in self.out.glob(f"[!.]*/{RUNS}/config.json")}
        told = {row["folder"]: row["state"] for row in self.rows()}
        for folder in sorted(there - {folder for folder, state in told.items() if state == "finished"}):
            self.finish(folder)
        for folder, state in told.items():
            if folder not in there and (
                state == "finished" or (state == "running" and not is_taken(self.out / folder))
            ):
                self.wait(folder)

    def _change(self, folder: str, state: str, **values: str | None) -> None:
        columns = {"state": state, "error": None, **values}
        assignments = ", ".join(f"{name} = :{name}" for name in columns)
        with self._writing() as connection:
            connection.execute(_ADD, _new(folder))
            connection.execute(f"UPDATE runs SET {assignments} WHERE folder = :folder", {**columns, "folder": folder})

    @contextmanager
    def _writing(self) -> Generator[sqlite3.Connection]:
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")  # or two that have read would wait for each other
            yield connection
            connection.execute("COMMIT")

    @contextmanager
    def _open(self) -> Generator[sqlite3.Connection]:
        self.out.mkdir(parents=True, exist_ok=True)
        try:
            with closing(sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)) as connection:
                connection.execute(_TABLE)
                yield connection
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"expected {self.path} to be the index of a sweep, found {error}: if it is broken, delete "
                "it, and it is made again from the run folders"
            ) from error


_ADD = (
    "INSERT OR IGNORE INTO runs (folder, settings, task, model, seed, state, attempts) "
    "VALUES (?, ?, ?, ?, ?, 'waiting', 0)"
)
_AGAIN = "UPDATE runs SET state = 'waiting', error = NULL WHERE folder = ? AND state IN ('stopped', 'failed')"


def read_index(out: Path) -> list[Row]:
    """Return a row for every run of a sweep: folder, settings, task, model, seed, state, metrics and more.

    Raises:
        InputError: no index there, or a broken one.

    Example:
        >>> read_index(Path("runs/sweep"))  # doctest: +SKIP
    """
    if not (out / INDEX_FILE).exists():
        raise InputError(
            f"expected {out} to be the folder of a sweep, found no {INDEX_FILE} in it: run `symplect sweep`"
        )
    return Index(out).rows()


def _new(folder: str) -> tuple[str, str, str, str, int]:
    settings, _, below = folder.partition("/")
    return folder, json.dumps(settings_of(settings)), *parts(below)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
