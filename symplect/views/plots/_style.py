"""What all figures share: one colour for each model, labelled axes, panels of one size."""

import zlib
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from plotly.subplots import make_subplots

COLOURS = {
    "truth": "#1a1a1a",
    "baseline": "#d55e00",
    "hnn": "#0072b2",
    "trajectory": "#cc79a7",
    "cleaned": "#999933",
    "dissipative": "#e69f00",
    "pair-distances": "#56b4e9",
    "closed-form": "#009e73",
    "pixel-hnn": "#009e73",
}
"""Told apart by the colour-blind (Okabe and Ito 2008); no task has two of one colour."""

_OTHERS = ("#882255", "#44aa99", "#332288", "#aa4499", "#117733", "#ddcc77")
"""For models that are new (Tol 2021, muted)."""

QUIET = "#8c8c8c"
"""Data, fields and contours, which stand behind the paths."""

NAMES = {"hnn": "HNN", "pixel-hnn": "pixel HNN"}

_MOST = 500  # samples of a line, about two for each pixel of a panel

_MARGIN = {"l": 80, "r": 30, "t": 60, "b": 100}
_GAP = 75

_AXIS = {
    "gridcolor": "#ececec",
    "zerolinecolor": "#d0d0d0",
    "ticks": "outside",
    "tickcolor": QUIET,
    "tickfont": {"size": 12},
    "title": {"font": {"size": 12}, "standoff": 6},
}

_TEMPLATE = go.layout.Template(
    layout={
        "font": {"family": "system-ui, sans-serif", "size": 13, "color": "#1a1a1a"},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "xaxis": _AXIS,
        "yaxis": _AXIS,
        "hoverlabel": {"namelength": -1},
    }
)


def colour(who: str) -> str:
    """Return the colour of `truth` or of a model."""
    return COLOURS.get(who) or _OTHERS[zlib.crc32(who.encode()) % len(_OTHERS)]


def name(who: str) -> str:
    """Return what a reader calls `truth` or a model."""
    return NAMES.get(who, who)


def panels(rows: int, columns: int, titles: Sequence[str] = (), *, width: int = 235, height: int = 235) -> go.Figure:
    """Return empty small multiples whose panels have the given size in pixels.

    Args:
        rows, columns: numbers of panels.
        titles: titles of the panels, row by row.
        width, height: size of one panel in pixels.
    """
    wide, high = columns * width + (columns - 1) * _GAP, rows * height + (rows - 1) * _GAP
    figure = make_subplots(
        rows,
        columns,
        subplot_titles=list(titles) or None,
        horizontal_spacing=_GAP / wide if columns > 1 else 0,
        vertical_spacing=_GAP / high if rows > 1 else 0,
    )
    figure.update_annotations(font_size=13)
    return figure.update_layout(
        template=_TEMPLATE,
        width=wide + _MARGIN["l"] + _MARGIN["r"],
        height=high + _MARGIN["t"] + _MARGIN["b"],
        margin=_MARGIN,
        legend={"orientation": "h", "x": 0, "y": -65 / high, "yanchor": "top"},
    )


def line(x: np.ndarray, y: np.ndarray, who: str, label: str = "", dash: str = "solid") -> go.Scatter:
    """Return a path or a curve of `truth` or of a model, in its colour; the legend has its name unless told more."""
    some = np.linspace(0, len(x) - 1, min(len(x), _MOST)).astype(int)
    return go.Scatter(
        x=x[some],
        y=y[some],
        mode="lines",
        name=label or name(who),
        legendgroup=label or name(who),
        line={"color": colour(who), "width": 1.5, "dash": dash, "simplify": False},
    )


def point(state: np.ndarray, who: str, label: str, symbol: str) -> go.Scatter:
    """Return one marked state of a path, such as its start."""
    marker = {"color": colour(who), "size": 10, "symbol": symbol, "line": {"color": "white", "width": 1}}
    return go.Scatter(
        x=state[:1], y=state[1:2], mode="markers", name=f"{name(who)}: {label}", marker=marker, showlegend=False
    )


def arrows(starts: Float[np.ndarray, "arrows 2"], vectors: Float[np.ndarray, "arrows 2"], label: str) -> go.Scatter:
    """Return arrows as one trace: a line from each start, with its head where the vector ends."""
    ends = starts + vectors
    x, y = (np.stack([starts[:, i], ends[:, i], np.full(len(starts), np.nan)], axis=1).ravel() for i in range(2))
    sizes = np.tile([0, 7, 0], len(starts))
    return go.Scatter(
        x=x,
        y=y,
        mode="lines+markers",
        name=label,
        line={"color": QUIET, "width": 1},
        marker={"symbol": "arrow", "angleref": "previous", "size": sizes, "color": QUIET, "opacity": 1},
        hoverinfo="skip",
    )


def label_axes(figure: go.Figure, x: str, y: str, row: int, column: int) -> None:
    """Write the titles of one panel's axes."""
    figure.update_xaxes(title_text=x, row=row, col=column)
    figure.update_yaxes(title_text=y, row=row, col=column)


def show_range(figure: go.Figure, axis: str, values: np.ndarray, row: int, column: int, margin: float = 0.1) -> None:
    """Make a panel's `x` or `y` axis show the given values and some more; what blows up leaves the panel.

    Args:
        figure: with the panel.
        axis: `x` or `y`.
        values: values to show, those of the truth for example.
        row, column: place of the panel.
        margin: added on either side, in parts of the width of `values`.
    """
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    beyond = margin * ((high - low) or abs(high) or 1.0)
    update = {"x": figure.update_xaxes, "y": figure.update_yaxes}[axis]
    update(range=[low - beyond, high + beyond], row=row, col=column)


@runtime_checkable
class _Trace(Protocol):
    """What a legend shows of anything drawn."""

    name: str | None
    showlegend: bool | None


def finish(figure: go.Figure) -> go.Figure:
    """Names everything once in the legend, and returns the figure."""
    seen: set[str] = set()

    def name_once(trace: _Trace) -> None:
        if trace.name and trace.showlegend is not False:
            trace.showlegend = trace.name not in seen
            seen.add(trace.name)

    figure.for_each_trace(name_once)
    return figure
