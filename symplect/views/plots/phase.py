"""Paths in the phase plane, and what is conserved along them (figures 1 and 2 of the paper)."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import plotly.graph_objects as go

from symplect.dynamics import AbstractHamiltonian
from symplect.experiments.tasks import TASKS
from symplect.fitting.field_of import energies_at
from symplect.runs import TaskRun
from symplect.views.plots._paths import follow
from symplect.views.plots._runs import by_task, one_degree, training_data
from symplect.views.plots._style import QUIET, finish, label_axes, line, name, panels, point, show_range

_TIMES = np.linspace(0.0, 20.0, 400)


@dataclass(frozen=True, eq=False)
class Scene:
    """The true path of one task and those of its models, from one start.

    Attributes:
        task: its name.
        times: of the paths.
        paths: by `truth` and by model, each of shape `(times, 2)`.
        hamiltonian: the first model that has one, or `None`.
    """

    task: str
    times: np.ndarray
    paths: Mapping[str, np.ndarray]
    hamiltonian: AbstractHamiltonian | None


def scene(task: str, models: Mapping[str, TaskRun]) -> Scene:
    """Follow the truth and every model of a task of one degree of freedom."""
    return _scene(task, tuple(models.items()))


@lru_cache(maxsize=16)  # several figures show the same
def _scene(task: str, found: tuple[tuple[str, TaskRun], ...]) -> Scene:
    models = dict(found)
    if start := TASKS[task].shown_start:
        times, truth = _TIMES, follow(TASKS[task].energy, np.array(start), _TIMES)
    else:
        stored = next(iter(models.values())).rollout
        times, truth = stored["t"], stored["truth"][0]
    paths = {"truth": truth} | {model: follow(run.model, truth[0], times) for model, run in models.items()}
    learned = (run.model for run in models.values() if isinstance(run.model, AbstractHamiltonian))
    return Scene(task, times, paths, next(learned, None))


def observed_and_predicted(runs: Sequence[TaskRun]) -> go.Figure:
    """Return figure 1: noisy observations of the spring, and one path of every model.

    Raises:
        InputError: no run of the spring.

    Example:
        >>> observed_and_predicted([load_run(folder)]).write_html("figure.html")  # doctest: +SKIP
    """
    (task, models), *_ = by_task(runs, one_degree()[:1]).items()
    seen = scene(task, models)
    figure = panels(1, 1 + len(models), ["training data", *map(name, models)], width=300, height=300)
    data = training_data(task, next(iter(models.values())).config.seed, None).train.states
    marker = {"size": 4, "color": QUIET}
    figure.add_scatter(x=data[:, 0], y=data[:, 1], mode="markers", marker=marker, name="noisy states", row=1, col=1)
    for column, model in enumerate(models, 2):
        pair = {who: seen.paths[who] for who in ("truth", model)}
        _draw_plane(figure, 1, column, dataclasses.replace(seen, paths=pair))
    label_axes(figure, TASKS[task].labels.q, TASKS[task].labels.p, 1, 1)
    for column in range(1, 2 + len(models)):
        for axis, values in zip("xy", data.T, strict=True):
            show_range(figure, axis, values, 1, column)
    return finish(figure)


def phase_portraits(runs: Sequence[TaskRun]) -> go.Figure:
    """Return figure 2: a row for each task of one degree of freedom, from the phase plane to the true energy.

    Raises:
        InputError: no run of such a task.
    """
    tasks = by_task(runs, one_degree())
    scenes = [scene(task, models) for task, models in tasks.items()]
    columns = dict(_COLUMNS)
    if not any(seen.hamiltonian for seen in scenes):
        del columns["what the HNN conserves"]
    titles = [f"{TASKS[seen.task].title}: {title}" for seen in scenes for title in columns]
    figure = panels(len(scenes), len(columns), titles)
    for row, seen in enumerate(scenes, 1):
        for column, draw in enumerate(columns.values(), 1):
            draw(figure, row, column, seen)
    return finish(figure)


def _draw_plane(figure: go.Figure, row: int, column: int, seen: Scene) -> None:
    for who, path in seen.paths.items():
        figure.add_trace(line(path[:, 0], path[:, 1], who), row=row, col=column)
    truth = seen.paths["truth"]
    figure.add_trace(point(truth[0], "truth", "start", "circle"), row=row, col=column)
    label_axes(figure, TASKS[seen.task].labels.q, TASKS[seen.task].labels.p, row, column)
    for axis, values in zip("xy", truth.T, strict=True):
        show_range(figure, axis, values, row, column)


def _draw_error(figure: go.Figure, row: int, column: int, seen: Scene) -> None:
    truth = seen.paths["truth"]
    for who, path in seen.paths.items():
        if who != "truth":
            figure.add_trace(line(seen.times, np.sum((path - truth) ** 2, axis=1), who), row=row, col=column)
    label_axes(figure, TASKS[seen.task].labels.t, "squared error", row, column)


def _draw_conserved(figure: go.Figure, row: int, column: int, seen: Scene) -> None:
    if seen.hamiltonian:
        _draw_along(figure, row, column, seen, seen.hamiltonian, "learned H")


def _draw_energy(figure: go.Figure, row: int, column: int, seen: Scene) -> None:
    _draw_along(figure, row, column, seen, TASKS[seen.task].energy, TASKS[seen.task].labels.energy)


def _draw_along(figure: go.Figure, row: int, column: int, seen: Scene, system: AbstractHamiltonian, label: str) -> None:
    for who, path in seen.paths.items():
        figure.add_trace(line(seen.times, energies_at(system, path), who), row=row, col=column)
    label_axes(figure, TASKS[seen.task].labels.t, label, row, column)


_COLUMNS = {
    "paths in the phase plane": _draw_plane,
    "squared error of the state": _draw_error,
    "what the HNN conserves": _draw_conserved,
    "true energy": _draw_energy,
}
"""Of figure 2, as in the paper."""
