"""Energies over starts, and energy errors over starts and seeds (figure 9 of the paper, and a summary)."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from symplect.evaluation.metrics import energy_errors
from symplect.experiments.tasks import TASKS
from symplect.runs import TaskRun
from symplect.views.plots._runs import by_task
from symplect.views.plots._style import colour, finish, label_axes, line, name, panels, show_range

_STARTS = 12  # of figure 9


def energies_by_start(runs: Sequence[TaskRun], task: str) -> go.Figure:
    """Return figure 9: the total energy from twelve starts, along true and predicted paths.

    Args:
        runs: runs of tasks.
        task: name of the one that is shown.

    Raises:
        InputError: no run of the task.
    """
    models = by_task(runs, [task])[task]
    starts = range(min(_STARTS, len(next(iter(models.values())).rollout["truth"])))
    rows = -(-len(starts) // 4)
    figure = panels(rows, 4, [f"start {start + 1}" for start in starts], height=190)
    for start in starts:
        _draw_start(figure, start // 4 + 1, start % 4 + 1, start, models)
    return finish(figure)


def energy_errors_by_task(runs: Sequence[TaskRun]) -> go.Figure:
    """Return the energy error of every start, and its mean for every seed, task by task.

    Raises:
        InputError: no run.
    """
    tasks = by_task(runs, list(TASKS))
    figure = panels(1, 1, width=720, height=64 * len(tasks))
    for run in runs:
        task, model = run.config.task, run.config.model
        models = list(tasks[task])
        place = list(tasks).index(task) + 0.24 * (models.index(model) - (len(models) - 1) / 2)
        figure.add_traces(_error_points(run, place))
    ticks = [TASKS[task].title for task in tasks]
    figure.update_yaxes(tickvals=list(range(len(tasks))), ticktext=ticks, range=[len(tasks) - 0.5, -0.5])
    figure.update_xaxes(type="log", title_text="mean over time of the squared energy error", exponentformat="power")
    return finish(figure.update_layout(margin_l=150, width=980))


def _draw_start(figure: go.Figure, row: int, column: int, start: int, models: Mapping[str, TaskRun]) -> None:
    first = next(iter(models.values()))
    stored, axes = first.rollout, TASKS[first.config.task].labels
    truth = stored["energy_truth"][start]
    curves = {"truth": truth} | {model: run.rollout["energy_prediction"][start] for model, run in models.items()}
    for who, curve in curves.items():
        figure.add_trace(line(stored["t"], curve, who), row=row, col=column)
    label_axes(figure, axes.t, axes.energy, row, column)
    show_range(figure, "y", truth[0] * np.array([0.6, 1.4]), row, column, margin=0.0)


def _error_points(run: TaskRun, place: float) -> list[go.Scatter]:
    who = run.config.model
    errors = energy_errors(run.rollout["energy_truth"], run.rollout["energy_prediction"])
    each = {"color": colour(who), "size": 6, "opacity": 0.4}
    mean = {"color": colour(who), "size": 12, "symbol": "diamond", "line": {"color": "white", "width": 1}}
    return [
        go.Scatter(x=x, y=np.full(len(x), place), mode="markers", marker=marker, name=f"{name(who)}, {label}")
        for x, marker, label in ((errors, each, "each start"), (np.mean(errors, keepdims=True), mean, "mean"))
    ]
