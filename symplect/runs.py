"""The run folder: the one contract between what computes and what shows.

    <task>/<model>/seed-<k>/
      config.json          everything needed to repeat the run
      metrics.json         name -> number
      history.npz          step, train_loss, test_loss
      rollout.npz          t, truth, prediction, energies
      model.safetensors    weights; the header carries the configuration, so the file loads alone

A folder is either whole or absent, and reading one never runs code.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from symplect.errors import InputError, one_line
from symplect.files import read_arrays, read_header, read_json, read_tree, write_arrays, write_json, write_tree, writing
from symplect.models import AbstractModel, blank_model, require_known

MODEL_FILE = "model.safetensors"


@dataclass(frozen=True, eq=False)
class Run:
    """One fitted model and all that is known of it.

    Attributes:
        config: task, model, seed, configuration of the model, settings of the fit.
        metrics: name to number; NaN where a number does not exist.
        history: arrays `step`, `train_loss`, `test_loss`.
        rollout: arrays `t`, `truth`, `prediction` and energies along them.
        model: the fitted model.
    """

    config: Mapping[str, Any]
    metrics: Mapping[str, float]
    history: Mapping[str, np.ndarray]
    rollout: Mapping[str, np.ndarray]
    model: AbstractModel


def save_run(folder: Path, run: Run) -> None:
    """Write a run folder whole or not at all.

    Raises:
        InputError: the place cannot be written, or the disk is full.
    """
    with writing(folder) as temporary:
        temporary.mkdir()
        write_json(temporary / "config.json", run.config)
        write_json(temporary / "metrics.json", run.metrics)
        write_arrays(temporary / "history.npz", run.history)
        write_arrays(temporary / "rollout.npz", run.rollout)
        save_model(temporary / MODEL_FILE, run.model)


def load_run(folder: Path) -> Run:
    """Read a run folder.

    Raises:
        InputError: a file is missing, broken or of something else.

    Example:
        >>> run = load_run(Path("runs/paper/mass-spring/hnn/seed-0"))  # doctest: +SKIP
    """
    run = Run(
        config=_shown(read_json(folder / "config.json")),
        metrics=_numbers(folder / "metrics.json"),
        history=read_arrays(folder / "history.npz"),
        rollout=read_arrays(folder / "rollout.npz"),
        model=load_model(folder / MODEL_FILE),
    )
    if "data" in run.config and (odd := _odd_part(run)):
        raise InputError(
            f"expected {folder} as symplect wrote it, found another {odd} in it: fit again, to another folder"
        )
    return run


def load(folder: Path | str) -> Run:
    """Read a run folder by its name.

    Raises:
        InputError: a file is missing, broken or of something else.

    Example:
        >>> run = load("runs/swing")  # doctest: +SKIP
        >>> run.model, run.metrics, run.config["verdict"]  # doctest: +SKIP
    """
    return load_run(Path(folder))


def save_model(path: Path, model: AbstractModel) -> None:
    """Write a model's weights together with what makes the model again.

    Raises:
        InputError: a model that could not be loaded again, the place cannot be written, or the disk is full.
    """
    require_known(type(model))
    write_tree(path, model, {"model": type(model).__name__, "configuration": model.configuration})


def load_model(path: Path) -> AbstractModel:
    """Read a model that `save_model` wrote; the file is enough.

    Raises:
        InputError: the file is missing, broken or of something else.
    """
    header = read_header(path)
    try:
        skeleton = blank_model(header["model"], header["configuration"])
    except Exception as error:  # parts that do not go together call forth every kind
        raise InputError(
            f"expected {path} to name a model of symplect and its sizes, found {one_line(error, 300)}: "
            "it is of another version or program"
        ) from error
    return read_tree(path, skeleton)


def _odd_part(run: Run) -> str | None:
    """Return what a run of people's own data has otherwise than `symplect fit` writes it; nothing if all is well."""
    data, rollout, dimension = run.config["data"], run.rollout, 2 * run.model.degrees_of_freedom
    if not isinstance(data, dict):
        return "data"
    texts = {name: run.config.get(name) for name in ("model", "method", "verdict")}
    texts |= {name: data.get(name) for name in ("time_unit", "understood")}
    lists = {name: (data.get(name), kind) for name, kind in _LISTS.items()}
    well = {name: isinstance(value, str) for name, value in texts.items()}
    well |= {name: isinstance(own, list) and all(type(x) is kind for x in own) for name, (own, kind) in lists.items()}
    well |= {"columns": isinstance(data.get("columns"), dict), "seed": type(run.config.get("seed")) is int}
    well |= {name: isinstance(run.config.get(name, []), list) for name in ("cautions", "candidates")}
    if all(well.values()):
        well |= {name: len(data[name]) == dimension for name in ("names", "observed")}
        well |= {"units": len(data["units"]) in (0, dimension), "sources": len(data["sources"]) > 0}
        well |= {"train": _are_states(rollout.get("train"), dimension)}
    if all(well.values()) and rollout.keys() & {"t", "truth", "prediction", "lengths"}:
        well |= {name: _are_states(rollout.get(name), dimension) for name in ("truth", "prediction")}
        well |= {"lengths": all(well.values()) and _are_paths(rollout)}
    return next((name for name, good in well.items() if not good), None)


_LISTS = {"names": str, "units": str, "sources": str, "observed": bool}


def _are_states(states: np.ndarray | None, dimension: int) -> bool:
    return states is not None and states.dtype.kind == "f" and states.ndim == 2 and states.shape[1] == dimension


def _are_paths(rollout: Mapping[str, np.ndarray]) -> bool:
    t, lengths = rollout.get("t"), rollout.get("lengths")
    if t is None or lengths is None or t.dtype.kind != "f" or lengths.dtype.kind != "i" or lengths.ndim != 1:
        return False
    samples = int(np.sum(lengths))
    whole = t.shape == (samples,) and len(rollout["truth"]) == len(rollout["prediction"]) == samples
    return whole and len(lengths) > 0 and bool(np.all(lengths > 0))


def _numbers(path: Path) -> dict[str, float]:
    content = _shown(read_json(path))
    if odd := [name for name, value in content.items() if not _is_number(value)]:
        found = f"{one_line(odd[0], 60)}={one_line(repr(content[odd[0]]), 60)}"
        raise InputError(f"expected {path} to map names to numbers, found {found}: delete its folder and run again")
    return {name: float("nan") if value is None else float(value) for name, value in content.items()}


def _is_number(value: Any) -> bool:
    """Whether a value of JSON is a finite number, or null: whole numbers there have any size."""
    return value is None or (type(value) in (int, float) and abs(value) <= sys.float_info.max)


def _shown(content: Any) -> Any:
    """Return what JSON holds with a question mark for every half character: no terminal and no file takes those."""
    return json.loads(json.dumps(content, ensure_ascii=False).encode("utf-8", "replace"))
