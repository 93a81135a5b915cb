"""The pendulum seen as pixels: what every model sees in it (figure 4 of the paper)."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Num

from symplect.experiments.tasks import TASKS, Labels
from symplect.runs import TaskRun
from symplect.views.plots._runs import first_of_pixels
from symplect.views.plots._style import colour, finish, label_axes, line, name, panels, show_range

_FRAMES = 12  # of each film strip
_SEAM = 2  # pixels between two frames


def film_strips(runs: Sequence[TaskRun]) -> go.Figure:
    """Return figure 4: film strips of the truth and of every model, and the pendulum's angle over time.

    Raises:
        InputError: no run of the pixel pendulum.
    """
    models = first_of_pixels(runs)
    first = next(iter(models.values()))
    stored, axes = first.rollout, TASKS[first.config.task].labels
    films = {"truth": stored["frames_truth"][0]}
    films |= {model: run.rollout["frames_prediction"][0] for model, run in models.items()}
    figure = panels(2, 1, ["what is seen", "the pendulum's angle"], width=1000, height=84 * len(films))
    _draw_films(figure, films, stored["t"], axes)
    angles = {"truth": stored["truth"]} | {model: run.rollout["prediction"] for model, run in models.items()}
    for who, paths in angles.items():
        figure.add_trace(line(stored["t"], paths[0, :, 0], who), row=2, col=1)
    label_axes(figure, axes.t, axes.q, 2, 1)
    show_range(figure, "y", stored["truth"][0, :, 0], 2, 1, margin=0.3)
    return finish(figure)


def _draw_films(figure: go.Figure, films: Mapping[str, np.ndarray], times: np.ndarray, axes: Labels) -> None:
    some = np.linspace(0, len(times) - 1, _FRAMES).astype(int)
    picture = np.concatenate([_strip(film[some]) for film in films.values()])[:-_SEAM]
    white = float(np.max(films["truth"]))
    figure.add_heatmap(
        z=picture, zmin=0, zmax=white, colorscale="gray", showscale=False, hoverinfo="skip", row=1, col=1
    )
    height, width = (size + _SEAM for size in films["truth"].shape[1:])
    names = [f'<span style="color:{colour(who)}">{name(who)}</span>' for who in films]
    figure.update_yaxes(autorange="reversed", tickvals=_middles(height, len(films)), ticktext=names, row=1, col=1)
    figure.update_yaxes(scaleanchor="x", constrain="domain", row=1, col=1)
    ticks = [f"{time:g}" for time in times[some]]
    figure.update_xaxes(tickvals=_middles(width, _FRAMES), ticktext=ticks, constrain="domain", row=1, col=1)
    figure.update_xaxes(title_text=axes.t, row=1, col=1)
    for update in (figure.update_xaxes, figure.update_yaxes):
        update(showgrid=False, zeroline=False, ticks="", row=1, col=1)


def _strip(frames: Num[np.ndarray, "frames height width"]) -> Num[np.ndarray, "height_and_seam all_widths"]:
    """Return frames side by side as one picture, with seams beside and below."""
    apart = np.pad(frames.astype(np.float32), ((0, 0), (0, _SEAM), (0, _SEAM)), constant_values=np.nan)
    return np.concatenate(list(apart), axis=1)


def _middles(size: int, number: int) -> list[float]:
    return [size * (i + 0.5) - (_SEAM + 1) / 2 for i in range(number)]
