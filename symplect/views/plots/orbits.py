"""Bodies that move about each other: orbits and energies (figures 3, 8 and 10 of the paper)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from symplect.experiments.tasks import TASKS
from symplect.runs import TaskRun
from symplect.systems import NBody
from symplect.views.plots._paths import energy_parts, follow
from symplect.views.plots._runs import by_task
from symplect.views.plots._style import finish, label_axes, line, name, panels, point, show_range

_SAMPLES = 500
_DASHES = ("solid", "dash", "dot")
"""Of the first, second and third body, and of total, kinetic and potential energy."""


@dataclass(frozen=True, eq=False)
class Orbits:
    """The paths of all bodies, true and predicted, from the first start that models are judged from.

    Attributes:
        times: of the paths.
        paths: by `truth` and by model, each of shape `(times, dimension)`.
        system: the true bodies.
    """

    times: np.ndarray
    paths: Mapping[str, np.ndarray]
    system: NBody


def energies_above_orbits(runs: Sequence[TaskRun], task: str, until: float | None = None) -> go.Figure:
    """Return figures 3 and 10: energies above orbits, a column each for the truth and every model.

    Args:
        runs: runs of tasks.
        task: name of the one that is shown, of bodies in the plane.
        until: time of the last state, the one that models are judged to unless given.

    Raises:
        InputError: no run of the task.
    """
    seen = _follow(task, by_task(runs, [task])[task], until)
    titles = [f"{name(who)}: {what}" for what in ("energies", "orbits") for who in seen.paths]
    figure = panels(2, len(seen.paths), titles, width=320, height=320)
    for column, who in enumerate(seen.paths, 1):
        _draw_energies(figure, 1, column, who, seen)
        _draw_orbits(figure, 2, column, who, seen)
    return finish(figure)


def orbits_for_long(runs: Sequence[TaskRun], task: str) -> go.Figure:
    """Return figure 8: orbits and energies for twice the time that models are judged over, a row for every model.

    Args:
        runs: runs of tasks.
        task: name of the one that is shown, of bodies in the plane.

    Raises:
        InputError: no run of the task.
    """
    models = by_task(runs, [task])[task]
    seen = _follow(task, models, 2 * float(next(iter(models.values())).rollout["t"][-1]))
    columns = ["orbits", "energies of the truth", "energies of the prediction"]
    figure = panels(
        len(models), 3, [f"{name(model)}: {what}" for model in models for what in columns], width=320, height=320
    )
    for row, model in enumerate(models, 1):
        for who in ("truth", model):
            _draw_orbits(figure, row, 1, who, seen)
        for column, who in ((2, "truth"), (3, model)):
            _draw_energies(figure, row, column, who, seen)
    return finish(figure)


def _follow(task: str, models: Mapping[str, TaskRun], until: float | None) -> Orbits:
    stored, energy = next(iter(models.values())).rollout, TASKS[task].energy
    assert isinstance(energy, NBody)
    times = np.linspace(0.0, until or float(stored["t"][-1]), _SAMPLES)
    systems = {"truth": energy} | {model: run.model for model, run in models.items()}
    paths = {who: follow(system, stored["truth"][0, 0], times) for who, system in systems.items()}
    return Orbits(times, paths, energy)


def _draw_energies(figure: go.Figure, row: int, column: int, who: str, seen: Orbits) -> None:
    for (part, values), dash in zip(energy_parts(seen.system, seen.paths[who]).items(), _DASHES, strict=True):
        figure.add_trace(line(seen.times, values, who, part, dash), row=row, col=column)
    label_axes(figure, "t (dimensionless)", "energy (dimensionless)", row, column)
    true = np.concatenate(list(energy_parts(seen.system, seen.paths["truth"]).values()))
    show_range(figure, "y", true, row, column, margin=0.3)


def _draw_orbits(figure: go.Figure, row: int, column: int, who: str, seen: Orbits) -> None:
    bodies = len(seen.system.masses)
    x, y = _positions(seen.paths[who], bodies)
    for body in range(bodies):
        label = f"body {body + 1}"
        figure.add_trace(line(x[:, body], y[:, body], who, label, _DASHES[body % len(_DASHES)]), row=row, col=column)
        figure.add_trace(
            point(np.array([x[0, body], y[0, body]]), who, f"{label}, start", "circle"), row=row, col=column
        )
    label_axes(figure, "x (dimensionless)", "y (dimensionless)", row, column)
    largest = np.max(np.abs(_positions(seen.paths["truth"], bodies)))
    for axis in "xy":
        show_range(figure, axis, np.array([-largest, largest]), row, column, margin=0.25)


def _positions(path: np.ndarray, bodies: int) -> np.ndarray:
    """Return `x` and `y` of all bodies, shape `(2, times, bodies)`."""
    return np.stack([path[:, :bodies], path[:, bodies : 2 * bodies]])
