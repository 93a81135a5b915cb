"""The run folder of a fit of people's own data."""

import dataclasses
import importlib.metadata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from symplect.automatic.choice import Judged
from symplect.automatic.fit import Fit
from symplect.automatic.judgement import Prediction
from symplect.data import Trajectories
from symplect.errors import InputError
from symplect.reading import understood
from symplect.runs import Run, save_run

_MOST = 5000  # samples of the fitted data that are kept, to be shown


def save(fit: Fit, folder: Path, fingerprint: str | None = None) -> None:
    """Writes a fit as a run folder, whole or not at all.

    Args:
        fit: result of `fit`.
        folder: place of the run.
        fingerprint: that of the data and the settings, by which the same fit is known again.

    Raises:
        InputError: the folder is there already, or cannot be written.
    """
    if folder.exists():
        raise InputError(f"expected no {folder} yet, found one: give another folder, or delete that one")
    save_run(folder, as_run(fit, fingerprint))


def as_run(fit: Fit, fingerprint: str | None = None) -> Run:
    """Returns a fit as commands and reports take it: without a task, but with what was read."""
    reading = fit.reading
    data = {
        "columns": dataclasses.asdict(reading.columns),
        "names": list(reading.data.names),
        "units": list(reading.data.units),
        "time_unit": reading.time_unit,
        "observed": list(reading.observed),
        "sources": list(reading.sources),
        "understood": understood(reading),
    }
    config: dict[str, Any] = {
        "data": data,
        "method": fit.method,
        "model": fit.kind,
        "seed": fit.seed,
        "verdict": fit.verdict,
        "cautions": list(fit.cautions),
        "candidates": [_row(one) for one in fit.judged],
        "version": importlib.metadata.version("symplect"),
    } | ({} if fingerprint is None else {"fingerprint": fingerprint})
    return Run(
        config=config,
        metrics=fit.metrics,
        history={},
        rollout=_train(fit.train) | (_paths(fit.paths) if fit.paths else {}),
        model=fit.model,
    )


def _row(judged: Judged) -> dict[str, Any]:
    candidate = judged.candidate
    return {
        "method": candidate.method,
        "kind": candidate.kind,
        "held_out_error": judged.error,
        "spread": judged.spread,
        "seconds": candidate.seconds,
    }


def _train(train: Trajectories) -> dict[str, np.ndarray]:
    """Returns the fitted samples, or evenly chosen ones of very many."""
    rows = np.unique(np.linspace(0, len(train.times) - 1, min(_MOST, len(train.times))).astype(int))
    return {"train": train.states[rows]}


def _paths(paths: Sequence[Prediction]) -> dict[str, np.ndarray]:
    """Returns the held-out paths end to end."""
    return {
        "t": np.concatenate([path.times for path in paths]),
        "truth": np.concatenate([path.measured for path in paths]),
        "prediction": np.concatenate([path.predicted for path in paths]),
        "lengths": np.array([len(path.times) for path in paths]),
    }
