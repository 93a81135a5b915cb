"""All runs of a sweep as a table. The run folders are the truth; beside or in each lies how it came about."""

import math
import os
import socket
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict

from symplect.errors import InputError
from symplect.experiments.grid import Setting, settings_of
from symplect.experiments.training_run import STATUS_FILE, TrainingRun
from symplect.files import read_json, typed_json, write_json
from symplect.runs import CONFIG_FILE, read_metrics

PLANNED_FILE = "sweep.json"
"""Names the runs that were asked for, also those that nobody has begun."""


class _Planned(TypedDict):
    runs: list[str]


class Status(TypedDict):
    """How a run came about: "waiting", "running", "finished", "stopped" or "failed", and by whom, when and why."""

    state: str
    attempts: int
    worker: str | None
    started: str | None
    ended: str | None
    error: str | None


class Row(Status):
    """A line of the table: a run, its status and its metrics."""

    folder: str
    settings: dict[str, Setting]
    task: str
    model: str
    seed: int
    metrics: dict[str, float | None]


_NEW = Status(state="waiting", attempts=0, worker=None, started=None, ended=None, error=None)
_RUN = "[!.]*/[!.]*/[!.]*/seed-*"


def expect(out: Path, runs: list[TrainingRun]) -> None:
    """Add runs to those of a sweep that wait, and let those that failed or were stopped before wait again."""
    write_json(out / PLANNED_FILE, {"runs": sorted(_planned(out) | {str(run.folder.relative_to(out)) for run in runs})})
    for run in runs:
        if _status(run)["state"] in ("failed", "stopped"):
            tell(run, "waiting")


def begin(run: TrainingRun) -> None:
    """Note that this process, which holds the run, begins it."""
    worker, attempts = f"{socket.gethostname()} {os.getpid()}", _status(run)["attempts"] + 1
    write_json(run.status, _NEW | {"state": "running", "attempts": attempts, "worker": worker, "started": _now()})


def note(run: TrainingRun, state: str, error: str | None = None) -> None:
    """Note what became of a run that this process holds.

    Args:
        run: run in question.
        state: "waiting", "finished", "stopped" or "failed".
        error: reason.
    """
    ended = None if state == "waiting" else _now()
    write_json(run.status, _status(run) | {"state": state, "error": error, "ended": ended})


def tell(run: TrainingRun, state: str, error: str | None = None) -> None:
    """Note what became of a run, unless it is finished or another process is at it."""
    with run.held() as mine:
        if mine and not run.is_finished:
            note(run, state, error)


def row_of(run: TrainingRun, out: Path) -> Row:
    """Return the line of a run in the table."""
    row = Row(
        folder=str(run.folder.relative_to(out)),
        settings=settings_of(run.out.name),
        task=run.task,
        model=run.model,
        seed=run.seed,
        **_status(run),
        metrics={},
    )
    if (run.folder / CONFIG_FILE).exists():
        ended = datetime.fromtimestamp(run.folder.stat().st_mtime, UTC).isoformat(timespec="milliseconds")
        metrics = {name: None if math.isnan(value) else value for name, value in read_metrics(run.folder).items()}
        row.update(state="finished", ended=row["ended"] or ended, error=None, metrics=metrics)
    elif row["state"] == "running" and not _is_taken(run):
        row["state"] = "waiting"
    return row


def read_index(out: Path) -> list[Row]:
    """Return a row for every run of a sweep: folder, settings, task, model, seed, state, metrics and more.

    Raises:
        InputError: no sweep there, or a broken run.

    Example:
        >>> read_index(Path("runs/sweep"))  # doctest: +SKIP
    """
    if not any((out / name).exists() for name in (PLANNED_FILE, "sweep.md")):
        raise InputError(
            f"expected {out} to be the folder of a sweep, found no {PLANNED_FILE} in it: run `symplect sweep`"
        )
    there = {path.parent for path in out.glob(f"{_RUN}/{CONFIG_FILE}")}
    begun = {path.with_name(path.name.removesuffix(f".{STATUS_FILE}")) for path in out.glob(f"{_RUN}.{STATUS_FILE}")}
    folders = {str(path.relative_to(out)) for path in there | begun} | _planned(out)
    return [row_of(_run(out, folder), out) for folder in sorted(folders)]


def _run(out: Path, folder: str) -> TrainingRun:
    settings, task, model, seed = folder.split("/")
    return TrainingRun(task, model, int(seed.removeprefix("seed-")), out / settings)


def _planned(out: Path) -> set[str]:
    path = out / PLANNED_FILE
    return set(typed_json(read_json(path), _Planned, path)["runs"]) if path.exists() else set()


def _status(run: TrainingRun) -> Status:
    """Return what was noted of a run; of one that was made by an earlier version nothing."""
    for place in (run.folder / STATUS_FILE, run.status):  # in this order, since it is moved when the run is finished
        with suppress(InputError):
            return typed_json({**_NEW, **read_json(place)}, Status, place)
    return _NEW.copy()


def _is_taken(run: TrainingRun) -> bool:
    """Return whether some process is making the run; the lock of one that died is free."""
    if not run.lock.exists():
        return False
    with run.held() as mine:
        return not mine


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
