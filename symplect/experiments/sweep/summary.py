"""The table at the end of a sweep: a line per task, model and settings, and what failed."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from symplect.experiments.grid import name_of
from symplect.experiments.paper_table import aligned, measured
from symplect.experiments.sweep.index import Row

COLUMNS = (
    ("field error", "field_error"),
    ("energy MSE", "energy_mse"),
    ("test loss", "test_loss"),
    ("fit, s", "fit_seconds"),
)


def summary(rows: Iterable[Row], not_run: Mapping[str, str]) -> str:
    """Return the table as Markdown, in the order of the rows.

    Args:
        rows: rows of the index.
        not_run: reasons by task.
    """
    groups = [list(group) for _, group in groupby(rows, lambda row: (row["task"], row["model"], row["settings"]))]
    lines = [["task", "model", "settings", "runs", *(title for title, _ in COLUMNS)], *map(_line, groups)]
    seeds = max((len(group) for group in groups), default=0)
    notes = [f"Mean ± standard deviation over the runs, one for each of {seeds} seeds."] if seeds > 1 else ["One seed."]
    if any(row["state"] == "stopped" for group in groups for row in group):
        notes += [
            "What was stopped is not in its mean, which is too good: choose by this table, report from a sweep without."
        ]
    notes += [
        f"{row['state'].capitalize()}: {row['folder']}: {row['error']}"
        for group in groups
        for row in group
        if row["state"] in ("stopped", "failed")
    ]
    notes += [f"Not run: {task}: {reason}" for task, reason in not_run.items()]
    return "\n".join([*aligned(lines), "", *(f"{note}  " for note in notes)]) + "\n"


def _line(group: Sequence[Row]) -> list[str]:
    first, finished = group[0], [row["metrics"] for row in group if row["state"] == "finished"]
    runs = str(len(group)) if len(finished) == len(group) else f"{len(finished)} of {len(group)}"
    cells = (measured(finished, name) for _, name in COLUMNS)
    return [first["task"], first["model"], name_of(first["settings"]), runs, *cells]
