"""The tables: published beside measured, in Markdown that reads well in a terminal too."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from symplect.experiments.tasks import TASKS, Task

COLUMNS = (
    ("train loss", "train_loss"),
    ("test loss", "test_loss"),
    ("energy MSE, the paper's way", "energy_mse_published"),
)
"""What the paper's table has; each is shown published and measured."""

OWN_COLUMNS = (
    ("energy MSE, true H", "energy_mse"),
    ("field error", "field_error"),
    ("valid prediction time", "valid_prediction_time"),
    ("fit, s", "fit_seconds"),
)
"""What it should have had; measured only. Times are in the task's unit, frames for pixels."""

_PLAIN = ("valid_prediction_time", "driven_time", "fit_seconds")  # numbers of a size that people say


Metrics = Mapping[str, float | None]
"""Numbers by name; in files, null stands for one that does not exist."""


@dataclass(frozen=True)
class Row:
    """What is known of one finished run."""

    task: str
    model: str
    seed: int
    metrics: Mapping[str, float]


def table(rows: Sequence[Row], not_run: Mapping[str, str]) -> str:
    """Return the paper's table with our numbers, and one of what others published if it is known, as Markdown.

    Args:
        rows: finished runs.
        not_run: reasons by task.
    """
    found = [table_cells(rows, not_run), other_cells(rows)]
    tables = ["\n".join([*aligned(cells), "", *(f"{note}  " for note in notes), ""]) for cells, notes in found if cells]
    return "\n".join(tables)


def table_cells(rows: Sequence[Row], not_run: Mapping[str, str]) -> tuple[list[list[str]], list[str]]:
    """Return the table's lines, the header first, and the notes below it."""
    notes: list[str] = []
    lines = [
        _line(task, model, own, notes)
        for task in TASKS.values()
        for model in task.methods
        if (own := [row.metrics for row in rows if (row.task, row.model) == (task.name, model)])
    ]
    titles = [title for name, _ in COLUMNS for title in (f"{name}, published", "measured")]
    header = ["task", "model", *titles, *(name for name, _ in OWN_COLUMNS)]
    seeds = len({row.seed for row in rows})
    times = "Valid prediction time: the median time until a path is off by 0.4 of its size, or a frame by 0.025 of its;"
    times += " ≥ where it held to the end of what was compared."
    spread = f"Measured: mean ± standard deviation over {seeds} seeds." if seeds > 1 else "Measured: one seed."
    tail = [spread, times, *(f"[{number}] {note}" for number, note in enumerate(notes, 1))]
    return [header, *lines], tail + [f"Not run: {name}: {reason}" for name, reason in not_run.items()]


def other_cells(rows: Sequence[Row]) -> tuple[list[list[str]], list[str]]:
    """Return a table of the measures of others than the paper, a line for each, and notes; empty if there is no run."""
    notes: list[str] = []
    lines: list[list[str]] = []
    for task in TASKS.values():
        metrics = dict.fromkeys(metric for numbers in task.published.values() for metric in numbers)
        others = [metric for metric in metrics if metric not in dict(COLUMNS).values()]
        for model in task.methods:
            runs = [row.metrics for row in rows if (row.task, row.model) == (task.name, model)]
            lines += [_other_line(task, model, metric, runs, notes) for metric in others if runs]
    header = ["task", "model", "measure", "published", "measured"]
    return ([header, *lines] if lines else []), [f"[{number}] {note}" for number, note in enumerate(notes, 1)]


def _other_line(task: Task, model: str, metric: str, runs: Sequence[Metrics], notes: list[str]) -> list[str]:
    published = task.published.get(model, {}).get(metric)
    said = f"Published: {task.source}. {task.notes.get(metric, '')}".rstrip()
    number = "" if published is None else measured([{metric: published}], metric) + _mark(said, notes)
    return [f"{task.number} {task.title}", model, metric.replace("_", " "), number, measured(runs, metric)]


def _line(task: Task, model: str, runs: Sequence[Metrics], notes: list[str]) -> list[str]:
    cells = [f"{task.number} {task.title}", model]
    for _, metric in COLUMNS:
        published = task.published.get(model, {}).get(metric)
        note = _mark(task.notes[metric], notes) if published is not None and metric in task.notes else ""
        cells += ["" if published is None else scientific(published) + note, measured(runs, metric)]
    return cells + [measured(runs, metric) for _, metric in OWN_COLUMNS]


def _mark(note: str, notes: list[str]) -> str:
    if note not in notes:
        notes.append(note)
    return f" [{notes.index(note) + 1}]"


def measured(runs: Sequence[Metrics], metric: str) -> str:
    """Return one cell: the mean of a metric over runs of one task and model, with its spread if there are several."""
    values = np.array([run[metric] for run in runs if metric in run], float)  # in files, null is not finite
    if not values.size:
        return ""
    if metric in _PLAIN:
        size = float(np.mean(values))
        number = f"{size:.1f}" if size >= 1 else f"{size:.2g}"
        return f"≥ {number}" if metric == "valid_prediction_time" and any(map(_held_to_the_end, runs)) else number
    if not np.all(np.isfinite(values)):
        return "diverged"
    spread = f" ± {scientific(float(np.std(values, ddof=1)))}" if values.size > 1 else ""
    return scientific(float(np.mean(values))) + spread


def _held_to_the_end(run: Metrics) -> bool:
    time, horizon = run.get("valid_prediction_time"), run.get("prediction_horizon")
    return time is not None and horizon is not None and time >= horizon


def scientific(value: float) -> str:
    """Return a number in three digits, such as 1.20e-4."""
    mantissa, exponent = f"{value:.2e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table, the first of them its header."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in cells
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [lines[0], rule, *lines[1:]]
