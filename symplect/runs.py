"""The run folder: the one contract between what computes and what shows.

    <task>/<model>/seed-<k>/
      config.json          everything needed to repeat the run
      metrics.json         name -> number
      history.npz          step, train_loss, test_loss
      rollout.npz          t, truth, prediction, energies
      model.safetensors    weights; the header carries the configuration, so the file loads alone

A folder is either whole or absent, and reading one never runs code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from symplect.errors import InputError
from symplect.files import read_arrays, read_header, read_json, read_tree, write_arrays, write_json, write_tree, writing
from symplect.models import LearnedDynamics, blank_model

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
    model: LearnedDynamics


def save_run(folder: Path, run: Run) -> None:
    """Writes a run folder whole or not at all.

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
    """Reads a run folder.

    Raises:
        InputError: a file is missing, broken or of something else.

    Example:
        >>> run = load_run(Path("runs/paper/mass-spring/hnn/seed-0"))  # doctest: +SKIP
    """
    return Run(
        config=read_json(folder / "config.json"),
        metrics=_numbers(folder / "metrics.json"),
        history=read_arrays(folder / "history.npz"),
        rollout=read_arrays(folder / "rollout.npz"),
        model=load_model(folder / MODEL_FILE),
    )


def load(folder: Path | str) -> Run:
    """Reads a run folder by its name.

    Raises:
        InputError: a file is missing, broken or of something else.

    Example:
        >>> run = load("runs/swing")  # doctest: +SKIP
        >>> run.model, run.metrics, run.config["verdict"]  # doctest: +SKIP
    """
    return load_run(Path(folder))


def save_model(path: Path, model: LearnedDynamics) -> None:
    """Writes a model's weights together with what makes the model again.

    Raises:
        InputError: the place cannot be written, or the disk is full.
    """
    write_tree(path, model, {"model": type(model).__name__, "configuration": model.configuration})


def load_model(path: Path) -> LearnedDynamics:
    """Reads a model that `save_model` wrote; the file is enough.

    Raises:
        InputError: the file is missing, broken or of something else.
    """
    header = read_header(path)
    try:
        skeleton = blank_model(header["model"], header["configuration"])
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"expected {path} to name a model of symplect and its sizes, found {header}: "
            "it is of another version or program"
        ) from error
    return read_tree(path, skeleton)


def _numbers(path: Path) -> dict[str, float]:
    content = read_json(path)
    if odd := [name for name, value in content.items() if not isinstance(value, int | float | None)]:
        raise InputError(
            f"expected {path} to map names to numbers, found {odd[0]}={content[odd[0]]!r}: "
            "delete its folder and run again"
        )
    return {name: float("nan") if value is None else float(value) for name, value in content.items()}
