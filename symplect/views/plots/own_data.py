"""People's own data beside what a model predicts of them."""

import numpy as np
import plotly.graph_objects as go

from symplect.dynamics import AbstractEnergyDynamics
from symplect.fitting.field_of import energies_at
from symplect.runs import TableRun
from symplect.views.plots._style import QUIET, colour, finish, label_axes, panels, show_range

_PATHS = 3  # held-out ones that are drawn over time
_GRID, _LEVELS = 60, 10  # points a side and lines, of the contours
_WIDTH = 300  # of a panel in pixels


def predicted_over_time(run: TableRun) -> go.Figure:
    """Return a row per held-out path and a column per coordinate, measured and predicted."""
    paths, names = run.paths[:_PATHS], run.config.data.labels
    figure = panels(len(paths), len(names), names * len(paths), width=max(_WIDTH, 700 // len(names)), height=180)
    for row, (times, measured, predicted) in enumerate(paths, 1):
        for column, name in enumerate(names):
            _points(figure, times, measured[:, column], "measured, not fitted", row, column + 1)
            _line(figure, times, predicted[:, column], "predicted from the first sample", row, column + 1)
            label_axes(figure, run.config.data.time_label, name, row, column + 1)
            show_range(figure, "y", measured[:, column], row, column + 1)
    return finish(figure)


def phase_plane(run: TableRun) -> go.Figure:
    """Return fitted data, held-out paths as predicted and, for one degree of freedom, contours of the learned H."""
    names, states = run.config.data.labels, run.rollout["train"]
    n = len(names) // 2
    figure = panels(1, n, width=420 if n == 1 else _WIDTH, height=420 if n == 1 else _WIDTH)
    for degree in range(n):
        x, y = states[:, degree], states[:, n + degree]
        if n == 1 and isinstance(run.model, AbstractEnergyDynamics):
            figure.add_trace(_contours(run.model, states), row=1, col=1)
        _points(figure, x, y, "fitted data", 1, degree + 1)
        for _, _, predicted in run.paths[:_PATHS]:
            label = "predicted from the first sample"
            _line(figure, predicted[:, degree], predicted[:, n + degree], label, 1, degree + 1)
        label_axes(figure, names[degree], names[n + degree], 1, degree + 1)
        show_range(figure, "x", x, 1, degree + 1)
        show_range(figure, "y", y, 1, degree + 1)
    return finish(figure)


def energy_over_time(run: TableRun) -> go.Figure:
    """Return the learned energy above that of rest along held-out paths, as measured and as predicted."""
    assert isinstance(run.model, AbstractEnergyDynamics)
    paths = run.paths[:_PATHS]
    figure = panels(1, len(paths), width=_WIDTH, height=220)
    for column, (times, measured, predicted) in enumerate(paths, 1):
        seen, moved = (energies_at(run.model, states) for states in (measured, predicted))
        least = run.metrics["rest_energy"]
        if all(run.config.data.observed):
            _points(figure, times, seen - least, "measured, not fitted", 1, column)
        _line(figure, times, moved - least, "predicted from the first sample", 1, column)
        label_axes(figure, run.config.data.time_label, "learned H above rest", 1, column)
        figure.update_yaxes(rangemode="tozero", row=1, col=column)
    return finish(figure)


def _points(figure: go.Figure, x: np.ndarray, y: np.ndarray, label: str, row: int, column: int) -> None:
    marker = {"size": 4, "color": QUIET}
    figure.add_scatter(x=x, y=y, mode="markers", marker=marker, name=label, legendgroup=label, row=row, col=column)


def _line(figure: go.Figure, x: np.ndarray, y: np.ndarray, label: str, row: int, column: int) -> None:
    style = {"color": colour("hnn"), "width": 2, "simplify": False}
    figure.add_scatter(x=x, y=y, mode="lines", line=style, name=label, legendgroup=label, row=row, col=column)


def _contours(model: AbstractEnergyDynamics, states: np.ndarray) -> go.Contour:
    """Return contours at energies that the data have."""
    margins = [0.1 * np.ptp(own) for own in states.T]
    sides = [np.linspace(np.min(own) - m, np.max(own) + m, _GRID) for own, m in zip(states.T, margins, strict=True)]
    grid = np.stack(np.meshgrid(*sides), axis=-1)
    along = energies_at(model, states)
    low, high = float(np.min(along)), float(np.max(along))
    step = (high - low) / _LEVELS or 1.0
    levels = {"coloring": "lines", "showlabels": False, "start": low, "end": high + step, "size": step}
    return go.Contour(
        x=sides[0],
        y=sides[1],
        z=energies_at(model, grid),
        contours=levels,
        line={"width": 1},
        colorscale=[[0, "#c6dbef"], [1, "#6baed6"]],
        showscale=False,
        name="learned H",
        showlegend=True,
    )
