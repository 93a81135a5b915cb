"""A fitted model and all that is known of it, from a task or from a table."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypedDict

import numpy as np

from symplect.errors import InputError, one_line
from symplect.files import typed_json
from symplect.models import AbstractModel
from symplect.tables.columns import Columns


@dataclass(frozen=True)
class TaskConfig:
    """Everything needed to repeat the training of a task's model.

    Attributes:
        task: name out of the tasks.
        model: name of one of the task's methods.
        seed: random seed of data and network.
        settings: name to value, the method's own and those that were changed.
        version: of symplect.
        data_hash: hash of the task's data for the seed, which change with the task; none in older runs.
    """

    task: str
    model: str
    seed: int
    settings: Mapping[str, bool | int | float | str | None]
    version: str
    data_hash: str | None = None


@dataclass(frozen=True)
class TableRecord:
    """What was read from a table.

    Attributes:
        columns: their roles.
        names: of the coordinates, positions first.
        units: of the coordinates; none where no column has one.
        time_unit: unit of time, or nothing.
        observed: whether a coordinate was measured; else it was computed.
        sources: files.
        understood: how the table was read, in lines.
    """

    columns: Columns
    names: tuple[str, ...]
    units: tuple[str, ...]
    time_unit: str
    observed: tuple[bool, ...]
    sources: tuple[str, ...]
    understood: str

    @property
    def labels(self) -> list[str]:
        """Names of the coordinates with their units, as axes of pictures take them."""
        units = self.units or ("",) * len(self.names)
        return [_with_unit(name, unit) for name, unit in zip(self.names, units, strict=True)]

    @property
    def time_label(self) -> str:
        """Name of time with its unit."""
        return _with_unit("time", self.time_unit)


@dataclass(frozen=True)
class CandidateRecord:
    """How one model that was tried for a table did.

    Attributes:
        method: that fitted it.
        kind: "Hamiltonian", "dissipative" or "plain".
        held_out_error: over short pieces of what was held out, in units of the data's spread.
        spread: standard error of that.
        seconds: of the fit.
    """

    method: str
    kind: str
    held_out_error: float | None
    spread: float | None
    seconds: float


@dataclass(frozen=True)
class TableConfig:
    """What a fit of a table found, but for numbers and the model.

    Attributes:
        data: the table.
        method: that fitted the model, "mechanics", "closed-form", "trajectory" or "gradient".
        model: its kind, "Hamiltonian", "dissipative" or "plain".
        seed: random seed.
        verdict: how far predictions hold and whether energy is conserved, in words.
        cautions: warnings about the data and the model, one sentence each.
        candidates: all models that were tried.
        version: of symplect.
        fingerprint: hash of the data and the settings, by which the same fit is known again.
    """

    data: TableRecord
    method: str
    model: str
    seed: int
    verdict: str
    cautions: tuple[str, ...] = ()
    candidates: tuple[CandidateRecord, ...] = ()
    version: str = ""
    fingerprint: str | None = None

    @property
    def title(self) -> str:
        """Kind of the model as people say it."""
        return {"plain": "plain vector field", "dissipative": "Hamiltonian with friction"}.get(self.model, self.model)


@dataclass(frozen=True, eq=False)
class Run:
    """One fitted model and all that is known of it; a `TaskRun` or a `TableRun`.

    Attributes:
        config: what was fitted, and how.
        metrics: name to number; NaN where a number does not exist.
        history: arrays `step`, `train_loss`, `test_loss` of a model that was trained.
        rollout: arrays `t`, `truth`, `prediction`; energies along them for a task, `train` and `lengths` for a table.
        model: the fitted model.
    """

    config: TaskConfig | TableConfig
    metrics: Mapping[str, float]
    history: Mapping[str, np.ndarray]
    rollout: Mapping[str, np.ndarray]
    model: AbstractModel


@dataclass(frozen=True, eq=False)
class TaskRun(Run):
    """A model that was trained for a task, whose truth is known."""

    config: TaskConfig


@dataclass(frozen=True, eq=False)
class TableRun(Run):
    """A model of people's own data, whose truth is not known."""

    config: TableConfig

    @property
    def has_paths(self) -> bool:
        """Whether there are held-out paths: not where samples stand alone."""
        return "lengths" in self.rollout

    @property
    def paths(self) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Times, measured and predicted states of every held-out path."""
        if not self.has_paths:
            return []
        ends = np.cumsum(self.rollout["lengths"])[:-1]
        return list(zip(*(np.split(self.rollout[name], ends) for name in ("t", "truth", "prediction")), strict=True))


class _Columns(TypedDict):
    columns: dict[str, object]


class _Table(TypedDict):
    data: _Columns


def table_config(content: object, place: Path) -> TableConfig:
    """Return what JSON says of a table's run.

    Args:
        content: JSON, parsed.
        place: its file, for messages.

    Raises:
        InputError: something is missing, or of another type.
    """
    given = typed_json(content, _Table, place)["data"]["columns"]
    if odd := sorted(given.keys() - {field.name for field in fields(Columns)}):  # passed over, it would change the rest
        found = f"the role {one_line(odd[0], 60)}"
        raise InputError(f"expected {place} as symplect wrote it, found {found}: run again, to another folder")
    return typed_json(content, TableConfig, place)


def _with_unit(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name
