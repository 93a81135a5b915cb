"""How the loss fell while models were fitted."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from symplect.experiments.tasks import TASKS
from symplect.runs import TaskRun
from symplect.views.plots._runs import by_task
from symplect.views.plots._style import finish, label_axes, line, name, panels

_COLUMNS = 3


def learning_curves(runs: Sequence[TaskRun]) -> go.Figure:
    """Return the loss of every run on training and test data, a panel for every task.

    Raises:
        InputError: no run.
    """
    runs = [run for run in runs if run.history["step"].size]  # a closed form has no steps
    tasks = list(by_task(runs, list(TASKS)))
    columns = min(_COLUMNS, len(tasks))
    figure = panels(-(-len(tasks) // columns), columns, [TASKS[task].title for task in tasks], width=320)
    for number, task in enumerate(tasks):
        row, column = number // columns + 1, number % columns + 1
        own = [run for run in runs if run.config.task == task]
        for run in own:
            _draw(figure, row, column, run)
        label_axes(figure, "step", "loss", row, column)
        figure.update_yaxes(type="log", tickformat=".2~e", dtick=_ticks(own), row=row, col=column)
    return finish(figure)


def _ticks(runs: Sequence[TaskRun]) -> str | int | None:
    """Return Plotly's name for logarithmic ticks that are neither too many nor too few."""
    losses = np.concatenate([run.history[f"{part}_loss"] for run in runs for part in ("test", "train")])
    decades = np.log10(np.nanmax(losses) / np.nanmin(losses))
    return None if decades < 0.6 else "D2" if decades < 3 else 1


def _draw(figure: go.Figure, row: int, column: int, run: TaskRun) -> None:
    who = run.config.model
    for part, dash in (("test", "solid"), ("train", "dot")):
        curve = line(run.history["step"], run.history[f"{part}_loss"], who, f"{name(who)}, {part}", dash)
        figure.add_trace(curve, row=row, col=column)
