"""Data and vector fields as arrows (figure 7 of the paper)."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from symplect.data import Trajectories
from symplect.experiments.tasks import TASKS
from symplect.runs import TaskRun
from symplect.views.plots._paths import field
from symplect.views.plots._runs import by_task, one_degree, training_data
from symplect.views.plots._style import arrows, finish, label_axes, line, name, panels, point, show_range
from symplect.views.plots.phase import Scene, scene

_ARROWS = 150  # of the data; more cannot be told apart
_GRID = 13  # arrows of a field along each axis
_LENGTH = 0.14  # of the longest arrow, in parts of the panel


def data_and_fields(runs: Sequence[TaskRun], folder: Path | None = None) -> go.Figure:
    """Return figure 7: a row for each task of one degree of freedom with training data, test data and fields.

    Args:
        runs: runs of the tasks.
        folder: folder of the measurements, as in `measured_pendulum`.

    Raises:
        InputError: no run of such a task, or no measurements in the folder.
        NotAvailableError: the measurements could not be downloaded.
    """
    tasks = by_task(runs, one_degree())
    models = list(dict.fromkeys(model for found in tasks.values() for model in found))
    columns = ["training data", "test data", *(f"field of the {name(model)}" for model in models)]
    figure = panels(len(tasks), len(columns), [f"{TASKS[task].title}: {title}" for task in tasks for title in columns])
    for row, (task, found) in enumerate(tasks.items(), 1):
        _draw_row(figure, row, task, found, models, folder)
    return finish(figure)


def _draw_row(
    figure: go.Figure, row: int, task: str, found: Mapping[str, TaskRun], models: Sequence[str], folder: Path | None
) -> None:
    data = training_data(task, next(iter(found.values())).config.seed, folder)
    seen, axes = scene(task, found), TASKS[task].labels
    shown = np.concatenate([data.train.states, data.test.states, seen.paths["truth"]])
    size = np.ptp(shown, axis=0)
    for column, part in enumerate((data.train, data.test), 1):
        figure.add_trace(_data_arrows(part, size), row=row, col=column)
    for column, model in enumerate(models, 3):
        if model in found:
            _draw_field(figure, row, column, model, found[model], seen, shown)
    for column in range(1, 3 + len(models)):
        label_axes(figure, axes.q, axes.p, row, column)
        show_range(figure, "x", shown[:, 0], row, column)
        show_range(figure, "y", shown[:, 1], row, column)


def _data_arrows(part: Trajectories, size: np.ndarray) -> go.Scatter:
    assert part.derivatives is not None
    some = np.linspace(0, len(part.states) - 1, min(_ARROWS, len(part.states))).astype(int)
    return arrows(part.states[some], _scaled(part.derivatives[some], size), "state and its derivative")


def _draw_field(
    figure: go.Figure, row: int, column: int, model: str, run: TaskRun, seen: Scene, shown: np.ndarray
) -> None:
    ends = np.linspace(np.min(shown, axis=0), np.max(shown, axis=0), _GRID)
    grid = np.stack(np.meshgrid(*ends.T), axis=-1).reshape(-1, 2)
    figure.add_trace(arrows(grid, _scaled(field(run.model, grid), np.ptp(shown, axis=0)), "field"), row=row, col=column)
    path = seen.paths[model]
    figure.add_trace(line(path[:, 0], path[:, 1], model), row=row, col=column)
    figure.add_trace(point(path[0], model, "start", "circle"), row=row, col=column)


def _scaled(vectors: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Return the vectors, all shortened alike, so that the longest is a given part of the panel."""
    return vectors * _LENGTH / np.max(np.abs(vectors / size))
