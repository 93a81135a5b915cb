"""What the page about people's own data shows."""

import shlex
from collections.abc import Iterator
from pathlib import Path

from symplect.dynamics import AbstractEnergyDynamics
from symplect.errors import blamed_on
from symplect.runs import CandidateRecord, TableRun
from symplect.views.plots.own_data import energy_over_time, phase_plane, predicted_over_time
from symplect.views.report.figure import Figure
from symplect.views.report.tables import certificate, pairs

_UNSEEN = " Momenta were not measured, so there is no measured energy."


def own_content(folder: Path, run: TableRun) -> dict[str, object]:
    """Return what the page about a run of people's own data shows.

    Raises:
        InputError: it is not as `symplect fit` wrote it.
    """
    with blamed_on(f"{folder} as `symplect fit` wrote it", "fit again, to another folder"):
        return _content(folder, run)


def _content(folder: Path, run: TableRun) -> dict[str, object]:
    config, kind = run.config, run.config.model
    found = certificate(folder, run)
    return {
        "title": folder.resolve().name,
        "argument": shlex.quote(str(folder)),
        "kind": config.title,
        "friction": kind == "dissipative",
        "verdict": config.verdict,
        "cautions": config.cautions,
        "figures": list(_figures(run)),
        "candidates": [["model", "held-out error", "fit"], *map(_line, config.candidates)],
        "metrics": pairs(("number", "value"), {"method": config.method, "kind": kind, **run.metrics}),
        "certificates": [found] if found else [],
        "understood": config.data.understood,
        "commands": _commands(folder, run, Path(config.data.sources[0])),
    }


def _line(tried: CandidateRecord) -> list[str]:
    error = "-" if tried.held_out_error is None else f"{100 * tried.held_out_error:.3g} %"
    return [f"{tried.method}, {tried.kind}", error, f"{tried.seconds:.1f} s"]


def _figures(run: TableRun) -> Iterator[Figure]:
    if run.has_paths:
        yield Figure.of(
            "paths",
            "What was measured and what is predicted",
            "Dots: held-out samples, which the fit has not seen. Line: the model released from the first of them. Look "
            "for where the line leaves the dots.",
            predicted_over_time(run),
        )
    yield Figure.of(
        "phase-plane",
        "Phase plane",
        "Dots: the fitted data, which is all the model knows. Line: the first predicted paths. For one degree of "
        "freedom, contours of the learned H: paths without friction follow them.",
        phase_plane(run),
    )
    if run.has_paths and isinstance(run.model, AbstractEnergyDynamics):
        yield Figure.of(
            "energy",
            "Learned energy over time",
            "The learned H of the measured and of the predicted states, above that of rest amid the fitted data. "
            f"Level lines are conserved energy.{'' if all(run.config.data.observed) else _UNSEEN}",
            energy_over_time(run),
        )


def _commands(folder: Path, run: TableRun, source: Path) -> str:
    start = " ".join(f"{value:.4g}" for value in run.rollout["train"][0])
    words = ["symplect simulate", f"symplect evaluate {shlex.quote(str(folder))} new{source.suffix}"]
    words[0] += f" {shlex.quote(str(folder))} --start {start} --until 20 --dt 0.05 --out path.csv"
    return "\n".join([*words, f"symplect certify {shlex.quote(str(folder))}"])
