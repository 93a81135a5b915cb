"""The page's tables as lines of cells, the header first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from symplect.experiments.paper_table import Row, measured
from symplect.experiments.tasks import TASKS
from symplect.results.content import read_certificate, verdict
from symplect.runs import Run, TaskRun
from symplect.views.plots import name

Cells = list[list[str]]


@dataclass(frozen=True)
class Certificate:
    """What `symplect certify` wrote beside a run.

    Attributes:
        title: of the run.
        verdict: how many rows passed.
        cells: the rows.
    """

    title: str
    verdict: str
    cells: Cells


def summary(rows: Sequence[Row]) -> Cells:
    """Return the energy error of every model by task, and the ratio of the baseline's to the HNN's."""
    models = list(dict.fromkeys(row.model for row in rows))
    lines: Cells = []
    for task in dict.fromkeys(row.task for row in rows):
        found = {model: [row.metrics for row in rows if (row.task, row.model) == (task, model)] for model in models}
        lines.append([TASKS[task].title, *(measured(own, "energy_mse") for own in found.values()), _ratio(found)])
    return [["task", *map(name, models), "ratio"], *lines]


def certificate(folder: Path, run: Run) -> Certificate | None:
    """Return the certificate that lies in a run's folder, or `None`.

    Raises:
        InputError: it is not as `symplect certify` wrote it.
    """
    rows = read_certificate(folder)
    if rows is None:
        return None
    lines = [
        [row.name, _text(row.failure or row.value), _text(row.limit), _text(row.passed), row.meaning] for row in rows
    ]
    of = TASKS[run.config.task].title if isinstance(run, TaskRun) else folder.resolve().name
    title = f"{of}, {name(run.config.model)}, seed {run.config.seed}"
    return Certificate(title, verdict(rows), [["name", "value", "limit", "passed", "meaning"], *lines])


def pairs(header: tuple[str, str], values: Mapping[str, object]) -> Cells:
    """Return names beside values, without those that were not given."""
    return [list(header), *([key, _text(value)] for key, value in values.items() if value is not None)]


def _ratio(found: Mapping[str, Sequence[Mapping[str, float]]]) -> str:
    if not (found.get("baseline") and found.get("hnn")):
        return ""
    baseline, hnn = (np.mean([row["energy_mse"] for row in found[model]]) for model in ("baseline", "hnn"))
    ratio = baseline / hnn
    return "" if not np.isfinite(ratio) else f"{ratio:,.0f}" if ratio >= 10 else f"{ratio:.2g}"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "diverged" if value is None else str(value)
