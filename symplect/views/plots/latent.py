"""What an HNN learned behind the pixels (figures 5 and 11 of the paper)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from symplect.dynamics import AbstractHamiltonian
from symplect.errors import InputError
from symplect.experiments.tasks import TASKS
from symplect.fitting.field_of import energies_at
from symplect.integrate import change_energy_path
from symplect.runs import TaskRun
from symplect.views.plots._paths import follow
from symplect.views.plots._runs import first_of_pixels
from symplect.views.plots._style import QUIET, finish, label_axes, line, name, panels, point, show_range

_GRID = 80  # points of the contours along each axis
_CLIMB = 20  # states on the way up
_TIMES = np.linspace(0.0, 50.0, 400)  # in frames, of one swing of figure 5
_BAR = 120  # pixels for the colour bar

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class EnergyStep:
    """A path at low energy, one along the gradient of H, and one at the energy reached there.

    Attributes:
        before, climb, after: latent states, each of shape `(times, 2)` and starting where the one before ends.
    """

    before: np.ndarray
    climb: np.ndarray
    after: np.ndarray


def energy_step(model: AbstractHamiltonian, stored: Arrays, times: np.ndarray) -> EnergyStep:
    """Let the pendulum swing from the start of lowest energy, lift it to that of the highest, and let it swing on.

    Args:
        model: dynamics of the latent state.
        stored: arrays of its `rollout.npz`.
        times: output times of the swing before, and again of that after.

    Raises:
        InputError: the gradient of the learned H does not lead there.
    """
    true = stored["energy_truth"][:, 0]
    low, high = stored["latent_truth"][np.array([np.argmin(true), np.argmax(true)]), 0]
    before = follow(model, low, times)
    delta = float(energies_at(model, high) - energies_at(model, low))
    climb = change_energy_path(model, before[-1], delta, points=_CLIMB)
    return EnergyStep(before, climb, follow(model, climb[-1], times))


def energy_in_latent_space(runs: Sequence[TaskRun]) -> go.Figure:
    """Return figure 5: swing, add energy along the gradient of the learned H, swing on; a panel for every HNN.

    Raises:
        InputError: no run of the pixel pendulum with a Hamiltonian.
    """
    models = _with_hamiltonian(runs)
    figure = panels(1, len(models), [name(who) for who in models], width=420, height=420)
    for column, (who, (model, stored)) in enumerate(models.items(), 1):
        _draw_step(figure, column, who, energy_step(model, stored, _TIMES))
        _draw_contours(figure, 1, column, model, stored["latent_training"])
        _label_latent(figure, 1, column)
    return finish(figure)


def latent_space(runs: Sequence[TaskRun]) -> go.Figure:
    """Return figure 11: encoded data and the learned H in latent space, and the same data in the true phase plane.

    Raises:
        InputError: no run of the pixel pendulum with a Hamiltonian.
    """
    models, axes = _with_hamiltonian(runs), TASKS[next(iter(first_of_pixels(runs).values())).config.task].labels
    titles = [f"{name(who)}: {what}" for who in models for what in ("latent space", "true phase plane")]
    figure = panels(len(models), 2, titles, width=420, height=420)
    for row, (model, stored) in enumerate(models.values(), 1):
        latent, state = stored["latent_training"], stored["state_training"]
        learned = energies_at(model, latent)
        learned = (learned - np.min(learned)) / np.ptp(learned)
        for column, points in ((1, latent), (2, state)):
            figure.add_trace(_scatter(points, learned), row=row, col=column)
        _draw_contours(figure, row, 1, model, latent)
        _label_latent(figure, row, 1)
        label_axes(figure, axes.q, axes.p, row, 2)
    bar = {"title": {"text": "learned H, lowest 0, highest 1", "side": "right", "font": {"size": 12}}}
    figure.update_layout(coloraxis={"colorscale": "Viridis", "colorbar": bar}, margin_r=_BAR, width=1000 + _BAR)
    return finish(figure)


def _with_hamiltonian(runs: Sequence[TaskRun]) -> Mapping[str, tuple[AbstractHamiltonian, Arrays]]:
    models = first_of_pixels(runs)
    found = {who: (run.model, run.rollout) for who, run in models.items() if isinstance(run.model, AbstractHamiltonian)}
    if not found:
        task = next(iter(models.values())).config.task
        raise InputError(
            f"expected a run of {task} with a Hamiltonian, found {', '.join(models)}: "
            f"make one with `symplect reproduce {task} --models hnn`"
        )
    return found


def _draw_step(figure: go.Figure, column: int, who: str, step: EnergyStep) -> None:
    for label, path, dash in (
        ("swings at low energy", step.before, "dot"),
        ("energy is added, along the gradient of H", step.climb, "dash"),
        ("swings at the higher energy", step.after, "solid"),
    ):
        figure.add_trace(line(path[:, 0], path[:, 1], who, label, dash), row=1, col=column)
    figure.add_trace(point(step.before[0], who, "start", "circle"), row=1, col=column)
    figure.add_trace(point(step.after[-1], who, "end", "square"), row=1, col=column)


def _draw_contours(figure: go.Figure, row: int, column: int, model: AbstractHamiltonian, latent: np.ndarray) -> None:
    x, y = (np.linspace(np.min(values), np.max(values), _GRID) for values in latent.T)
    learned = energies_at(model, np.stack(np.meshgrid(x, y), axis=-1))
    figure.add_contour(
        x=x,
        y=y,
        z=learned,
        contours={"coloring": "none"},
        ncontours=15,
        line={"color": QUIET, "width": 1},
        showscale=False,
        name="contours of the learned H",
        showlegend=True,
        row=row,
        col=column,
    )
    for axis, values in (("x", x), ("y", y)):
        show_range(figure, axis, values, row, column, margin=0.05)


def _scatter(points: np.ndarray, learned: np.ndarray) -> go.Scatter:
    marker = {"size": 4, "color": learned, "coloraxis": "coloraxis"}
    return go.Scatter(x=points[:, 0], y=points[:, 1], mode="markers", marker=marker, name="data", showlegend=False)


def _label_latent(figure: go.Figure, row: int, column: int) -> None:
    label_axes(figure, "latent q (dimensionless)", "latent p (dimensionless)", row, column)
