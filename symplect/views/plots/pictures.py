"""Every figure of the paper, with its title and what to look for in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import plotly.graph_objects as go

from symplect.experiments.tasks import TASKS, Task
from symplect.runs import TaskRun
from symplect.views.plots._runs import bodies, of_pixels, one_degree
from symplect.views.plots.energies import energies_by_start, energy_errors_by_task
from symplect.views.plots.fields import data_and_fields
from symplect.views.plots.latent import energy_in_latent_space, latent_space
from symplect.views.plots.learning import learning_curves
from symplect.views.plots.orbits import energies_above_orbits, orbits_for_long
from symplect.views.plots.phase import observed_and_predicted, phase_portraits
from symplect.views.plots.pixels import film_strips


@dataclass(frozen=True)
class Picture:
    """One figure and its words.

    Attributes:
        name: short and unique, such as `figure-2`.
        title: what it shows.
        caption: how to read it and what to look for.
        tasks: whose runs it shows; one of them is enough.
        draw: from runs to the figure; an `InputError` or a `NotAvailableError` says what is missing.
    """

    name: str
    title: str
    caption: str
    tasks: Sequence[str]
    draw: Callable[[Sequence[TaskRun]], go.Figure]


def gallery(folder: Path | None = None) -> list[Picture]:
    """Return every figure, those of the paper under its numbers.

    Args:
        folder: folder of the measurements, as in `measured_pendulum`.

    Example:
        >>> [picture.name for picture in gallery()][:2]
        ['energy-errors', 'figure-1']
    """
    figures = [
        Picture(
            "energy-errors",
            "Energy error of every rollout",
            "A small dot is one rollout, a diamond the mean of one seed; further left is better, on a logarithmic "
            "axis. Look for the few starts far to the right that rule a mean.",
            tuple(TASKS),
            energy_errors_by_task,
        ),
        Picture(
            "figure-1",
            "Figure 1: a mass on a spring, observed and predicted",
            "Left: the noisy states that the models were trained on. Then one panel per model with its path from "
            "(1, 0) over 20 units of time, the true circle behind it. Look for whether the path closes.",
            one_degree()[:1],
            observed_and_predicted,
        ),
        Picture(
            "figure-2",
            "Figure 2: paths, errors, conserved quantity and energy",
            "From left to right: paths in the phase plane, squared error of the state, the quantity that the HNN "
            "conserves, and the true energy, the last two along the true and the predicted paths. Look for lines that "
            "stay level: an HNN holds its own H exactly, and the true energy as well as it learned it. The real "
            "pendulum loses energy by friction, which an HNN cannot. On the two ideal systems both models run at a "
            "wrong speed, since their training states are noisy: the squared error shows that, the energies do not.",
            one_degree(),
            phase_portraits,
        ),
        Picture(
            "figure-4",
            "Figure 4: the pendulum as pixels",
            "Above: what is seen and what each model predicts to be seen; below: the angle it stands for. Look at how "
            "far the pendulum still swings in the last frames.",
            of_pixels(),
            film_strips,
        ),
        Picture(
            "figure-5",
            "Figure 5: adding energy in latent space",
            "The path starts at the circle along the symplectic gradient of the learned H, climbs along the gradient, "
            "and ends at the square after following the symplectic gradient at the higher energy. What leaves the "
            "range of the training data is cut off.",
            of_pixels(),
            energy_in_latent_space,
        ),
        Picture(
            "figure-7",
            "Figure 7: data and vector fields",
            "Left: a sample of the training and the test data, each state with its derivative. Right: the field each "
            "model learned, with its path from the start of figure 2. All arrows of a panel are shortened alike. Look "
            "at the middle of a field: an HNN's arrows turn about it, a sink pulls them in.",
            one_degree(),
            partial(data_and_fields, folder=folder),
        ),
        *(picture for task in TASKS.values() if bodies(task) for picture in _of_bodies(task)),
        Picture(
            "figure-11",
            "Figure 11: latent space and the true phase plane",
            "Left: encoded training data and contours of the learned H in latent space. Right: the same data where "
            "they truly are. The colour is the learned H in both. Look for rings of one colour on the right.",
            of_pixels(),
            latent_space,
        ),
        Picture(
            "learning",
            "How the losses fell",
            "The loss on the last training batch and on the test data of every run, on a logarithmic axis. Where "
            "states are noisy, as those of the ideal spring and pendulum, losses end on the noise, and a lower one is "
            "no better model.",
            tuple(TASKS),
            learning_curves,
        ),
    ]
    return sorted(figures, key=_place)


def _place(picture: Picture) -> int:
    """Return the paper's number of a figure; others come before all of those or behind."""
    number = picture.name.removeprefix("figure-")
    return int(number) if number.isdigit() else 0 if picture.name == "energy-errors" else 99


_ORBITS_UNTIL = {2: 20.0, 3: 5.0}
"""Last time in the paper's pictures, by the number of bodies."""


def _of_bodies(task: Task) -> list[Picture]:
    """Return the figures of a task of bodies in the plane: those of the paper under its numbers."""
    count = bodies(task)
    until = _ORBITS_UNTIL.get(count) if task.published else None
    orbits = Picture(
        *_named(task, {2: "3", 3: "10"}.get(count), "orbits", "energies and orbits"),
        "Above: total, kinetic and potential energy over time; below: the orbits, starting at the dots. Look at the "
        "total energy, which does not change in truth. What leaves the range of the truth is cut off. Three bodies "
        "and more are chaotic, so their orbits part sooner or later.",
        (task.name,),
        partial(energies_above_orbits, task=task.name, until=until),
    )
    if count != 2:
        return [orbits]
    return [
        orbits,
        Picture(
            *_named(task, "8", "long", "for twice the time"),
            "A row for every model: true orbits (black) with the predicted ones, energies of the truth, energies of "
            "the prediction, all for twice the time that models are judged over. Look for orbits that leave the true "
            "ones.",
            (task.name,),
            partial(orbits_for_long, task=task.name),
        ),
        Picture(
            *_named(task, "9", "starts", "total energy from twelve starts"),
            "Each panel shows one start and spans 40 % of its true energy to either side. Look for lines that leave "
            "the black one, and at how differently the starts end.",
            (task.name,),
            partial(energies_by_start, task=task.name),
        ),
    ]


def _named(task: Task, number: str | None, what: str, title: str) -> tuple[str, str]:
    """Return the name and the title of a figure, with the paper's number if it shows a task of the paper."""
    if task.published and number:
        return f"figure-{number}", f"Figure {number}: {task.title.lower()}, {title}"
    return f"{task.name}-{what}", f"{task.title}, {title}"
