"""The run folder: the one contract between what computes and what shows.

    <task>/<model>/seed-<k>/, or the folder of a table's run
      config.json          what was fitted, and how; for a table also what was read, and the verdict
      metrics.json         name -> number
      history.npz          step, train_loss, test_loss; empty for a table
      rollout.npz          t, truth, prediction; energies along them for a task, train and lengths for a table
      model.safetensors    weights; the header carries the configuration, so the file loads alone
      status.json          added by `symplect reproduce` and `symplect sweep`: how often it was begun, where and when
      certificate.json     added by `symplect certify`
      report.html          added by `symplect fit`, or `symplect report`

A folder is either whole or absent, and reading one never runs code.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TypedDict, TypeVar

import numpy as np

from symplect.errors import InputError, one_line
from symplect.files import (
    read_arrays,
    read_header,
    read_json,
    read_tree,
    typed_json,
    write_arrays,
    write_json,
    write_tree,
    writing,
)
from symplect.models import AbstractModel, blank_model, require_loadable
from symplect.runs.run import Run, TableRun, TaskConfig, TaskRun, table_config

_Kind = TypeVar("_Kind", TaskRun, TableRun)

MODEL_FILE = "model.safetensors"
CONFIG_FILE = "config.json"


def save_run(folder: Path, run: Run) -> None:
    """Write a run folder whole or not at all.

    Raises:
        InputError: the place cannot be written, or the disk is full.
    """
    config = {name: value for name, value in asdict(run.config).items() if value is not None}
    with writing(folder) as temporary:
        temporary.mkdir()
        write_json(temporary / CONFIG_FILE, config)
        write_json(temporary / "metrics.json", run.metrics)
        write_arrays(temporary / "history.npz", run.history)
        write_arrays(temporary / "rollout.npz", run.rollout)
        save_model(temporary / MODEL_FILE, run.model)


def load_run(folder: Path) -> TaskRun | TableRun:
    """Read a run folder.

    Raises:
        InputError: a file is missing, broken or of something else.

    Example:
        >>> run = load_run(Path("runs/paper/mass-spring/hnn/seed-0"))  # doctest: +SKIP
    """
    config = _shown(read_json(folder / CONFIG_FILE))
    parts = (
        read_metrics(folder),
        read_arrays(folder / "history.npz"),
        read_arrays(folder / "rollout.npz"),
        load_model(folder / MODEL_FILE),
    )
    if "data" not in config:
        return TaskRun(typed_json(config, TaskConfig, folder / CONFIG_FILE), *parts)
    run = TableRun(table_config(config, folder / CONFIG_FILE), *parts)
    if odd := _odd_part(run):
        raise InputError(
            f"expected {folder} as symplect wrote it, found another {odd} in it: fit again, to another folder"
        )
    return run


def load_as(kind: type[_Kind], folder: Path) -> _Kind:
    """Read a run folder that must be of one kind.

    Args:
        kind: `TaskRun` or `TableRun`.
        folder: place of the run.

    Raises:
        InputError: a file is missing, broken or of something else, or the run is of the other kind.
    """
    run = load_run(folder)
    if not isinstance(run, kind):
        expected, found = ("task", "table") if kind is TaskRun else ("table", "task")
        raise InputError(f"expected {folder} to be a run of a {expected}, found one of a {found}: name another folder")
    return run


def read_task_config(folder: Path) -> TaskConfig:
    """Read what was fitted in a task's run, and how.

    Raises:
        InputError: the file is missing, broken or of something else.
    """
    return typed_json(_shown(read_json(folder / CONFIG_FILE)), TaskConfig, folder / CONFIG_FILE)


def load(folder: Path | str) -> TaskRun | TableRun:
    """Read a run folder by its name.

    Raises:
        InputError: a file is missing, broken or of something else.

    Example:
        >>> run = load("runs/swing")  # doctest: +SKIP
        >>> run.model, run.metrics, run.config.verdict  # doctest: +SKIP
    """
    return load_run(Path(folder))


def save_model(path: Path, model: AbstractModel) -> None:
    """Write a model's weights together with what makes the model again.

    Raises:
        InputError: a model that could not be loaded again, the place cannot be written, or the disk is full.
    """
    require_loadable(model)
    write_tree(path, model, {"model": type(model).__name__, "configuration": model.configuration})


def load_model(path: Path) -> AbstractModel:
    """Read a model that `save_model` wrote; the file is enough.

    Raises:
        InputError: the file is missing, broken or of something else.
    """
    header = typed_json(read_header(path), _Header, path, "it is of another version or program")
    try:
        skeleton = blank_model(header["model"], header["configuration"])
    except Exception as error:  # parts that do not go together call forth every kind
        raise InputError(
            f"expected {path} to name a model of symplect and its sizes, found {one_line(error, 300)}: "
            "it is of another version or program"
        ) from error
    return read_tree(path, skeleton)


class _Header(TypedDict):
    model: str
    configuration: dict[str, object]


def _odd_part(run: TableRun) -> str | None:
    """Return what of a table's run has another size than `symplect fit` gives it; nothing if all is well."""
    data, rollout, dimension = run.config.data, run.rollout, 2 * run.model.degrees_of_freedom
    well = {
        "names": len(data.names) == dimension,
        "observed": len(data.observed) == dimension,
        "units": len(data.units) in (0, dimension),
        "sources": len(data.sources) > 0,
        "train": _are_states(rollout.get("train"), dimension),
    }
    if all(well.values()) and rollout.keys() & {"t", "truth", "prediction", "lengths"}:
        well |= {name: _are_states(rollout.get(name), dimension) for name in ("truth", "prediction")}
        well |= {"lengths": all(well.values()) and _are_paths(rollout)}
    return next((name for name, good in well.items() if not good), None)


def _are_states(states: np.ndarray | None, dimension: int) -> bool:
    return states is not None and states.dtype.kind == "f" and states.ndim == 2 and states.shape[1] == dimension


def _are_paths(rollout: Mapping[str, np.ndarray]) -> bool:
    t, lengths = rollout.get("t"), rollout.get("lengths")
    if t is None or lengths is None or t.dtype.kind != "f" or lengths.dtype.kind != "i" or lengths.ndim != 1:
        return False
    samples = int(np.sum(lengths))
    whole = t.shape == (samples,) and len(rollout["truth"]) == len(rollout["prediction"]) == samples
    return whole and len(lengths) > 0 and bool(np.all(lengths > 0))


def read_metrics(folder: Path) -> dict[str, float]:
    """Read the numbers of a run; one that does not exist, which is null in files, is NaN.

    Raises:
        InputError: the file is missing, broken or of something else.
    """
    path = folder / "metrics.json"
    content = _shown(read_json(path))
    found: dict[str, float] = {}
    for name, value in content.items():
        if value is None:
            found[name] = float("nan")
        elif (
            isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
        ):  # whole numbers of JSON have any size
            found[name] = float(value)
        else:
            odd = f"{one_line(name, 60)}={one_line(repr(value), 60)}"
            raise InputError(f"expected {path} to map names to numbers, found {odd}: delete its folder and run again")
    return found


def _shown(content: dict[str, object]) -> dict[str, object]:
    """Return what JSON holds with a question mark for every half character: no terminal and no file takes those."""
    return json.loads(json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"))
