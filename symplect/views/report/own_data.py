"""What the page about people's own data shows."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from symplect.dynamics import AbstractEnergyDynamics
from symplect.errors import blamed_on
from symplect.runs import Run, load_run
from symplect.views.plots import Picture
from symplect.views.plots.own_data import energy_over_time, phase_plane, predicted_over_time
from symplect.views.report.figure import Figure
from symplect.views.report.tables import certificate, pairs

_CONFIG = ("verdict", "cautions", "candidates", "method", "model", "data")


def own_content(folder: Path) -> dict[str, Any]:
    """Read a run of people's own data, and draw it.

    Raises:
        InputError: a file is missing, broken or of something else.
    """
    run = load_run(folder)
    with blamed_on(f"{folder} as `symplect fit` wrote it", "fit again, to another folder"):
        return _content(folder, run)


def _content(folder: Path, run: Run) -> dict[str, Any]:
    config = run.config
    verdict, cautions, candidates, method, kind, data = (config[name] for name in _CONFIG)
    found = certificate(folder, run)
    rows = [[_name(row), f"{100 * row['held_out_error']:.3g} %", f"{row['seconds']:.1f} s"] for row in candidates]
    return {
        "title": folder.resolve().name,
        "argument": shlex.quote(str(folder)),
        "kind": {"plain": "plain vector field", "dissipative": "Hamiltonian with friction"}.get(kind, kind),
        "friction": kind == "dissipative",
        "verdict": verdict,
        "cautions": cautions,
        "figures": [Figure.of(picture, picture.draw([run])) for picture in _pictures(run)],
        "candidates": [["model", "held-out error", "fit"], *rows],
        "metrics": pairs(("number", "value"), {"method": method, "kind": kind, **run.metrics}),
        "certificates": [found] if found else [],
        "understood": data["understood"],
        "commands": _commands(folder, run, Path(data["sources"][0])),
    }


def _name(row: dict[str, Any]) -> str:
    return f"{row['method']}, {row['kind']}"


def _pictures(run: Run) -> Sequence[Picture]:
    has_paths = "lengths" in run.rollout
    has_energy = isinstance(run.model, AbstractEnergyDynamics)
    pictures = [
        Picture(
            "paths",
            "What was measured and what is predicted",
            "Dots: held-out samples, which the fit has not seen. Line: the model released from the first of them. Look "
            "for where the line leaves the dots.",
            (),
            lambda runs: predicted_over_time(runs[0]),
        )
    ] * has_paths
    pictures += [
        Picture(
            "phase-plane",
            "Phase plane",
            "Dots: the fitted data, which is all the model knows. Line: the first predicted paths. For one degree of "
            "freedom, contours of the learned H: paths without friction follow them.",
            (),
            lambda runs: phase_plane(runs[0]),
        )
    ]
    pictures += [
        Picture(
            "energy",
            "Learned energy over time",
            "The learned H of the measured and of the predicted states, above that of rest amid the fitted data. "
            "Level lines are conserved energy. Without measured momenta there is no measured energy.",
            (),
            lambda runs: energy_over_time(runs[0]),
        )
    ] * (has_paths and has_energy)
    return pictures


def _commands(folder: Path, run: Run, source: Path) -> str:
    start = " ".join(f"{value:.4g}" for value in run.rollout["train"][0])
    words = ["symplect simulate", f"symplect evaluate {shlex.quote(str(folder))} new{source.suffix}"]
    words[0] += f" {shlex.quote(str(folder))} --start {start} --until 20 --dt 0.05 --out path.csv"
    return "\n".join([*words, f"symplect certify {shlex.quote(str(folder))}"])
