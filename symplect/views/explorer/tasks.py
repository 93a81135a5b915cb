"""The systems of runs of the paper's tasks: one for each, with all its models beside the truth."""

from collections.abc import Mapping
from pathlib import Path

import jax
import numpy as np

from symplect.dynamics import default_names
from symplect.errors import InputError, NotAvailableError, one_line
from symplect.experiments.paper_table import OWN_COLUMNS
from symplect.experiments.tasks import TASKS, Labels, Task
from symplect.precision import cast
from symplect.runs import TaskRun
from symplect.views.explorer.content import Model, System
from symplect.views.explorer.links import chain_of_task
from symplect.views.explorer.parts import (
    MOST_POINTS,
    certificate_of,
    clock,
    entry,
    measured,
    points,
    start_among,
    thinned,
    usable,
    usable_path,
)
from symplect.views.plots import name as title_of
from symplect.views.plots._runs import bodies, training_data

_FIRST = "hnn"


def task_system(runs: Mapping[Path, TaskRun], data: Path | None, shown: str = _FIRST) -> System:
    """Return the system of a task; models that cannot be moved are left out and named.

    Args:
        runs: runs of one task and seed, by their folder.
        data: the folder of measurements, or `None`.
        shown: the model that is shown first, if it is there.

    Raises:
        InputError: no model is left, or no start, or no time.
    """
    first = next(iter(runs.values()))
    task, seed = TASKS[first.config.task], first.config.seed
    n, paths, times = task.energy.degrees_of_freedom, first.rollout["truth"], first.rollout["t"]
    if paths.ndim != 3 or paths.shape[1:] != (len(times), 2 * n) or not paths.size:
        raise InputError(f"expected true paths of {2 * n} coordinates, found shape {paths.shape}: run again")
    (training, total), notes = _training(task, seed, data)
    states = usable(paths.reshape(-1, 2 * n))
    models, omitted = _models(task, runs, states)
    if not task.truth_known:
        notes.append("What really happened is known only where it was measured, so there is no true model.")
    return {
        "name": task.name,
        "title": task.title,
        "subtitle": subtitle(task, seed),
        "coordinates": _coordinates(task),
        "time": task.labels.t,
        "bodies": {"count": bodies(task)} if bodies(task) else None,
        "links": chain_of_task(task),
        "models": [*([_truth(task, states)] if task.truth_known else []), *models],
        "shown": next((name for name in (shown, _FIRST) if name in _names(models)), _names(models)[0]),
        "data": points(training, total),
        "measured": measured(usable_path(times, path) for path in paths) if not task.truth_known else [],
        "start": start_among(paths[:, 0], training),
        **clock(float(np.ptp(times))),
        "notes": notes,
        "omitted": omitted,
        "image": None,
    }


def subtitle(task: Task, seed: int) -> str:
    """Return where a system comes from."""
    where = f"Task {task.number}, as in {task.source}" if task.published else "Beyond the paper"
    return f"{where}, seed {seed}."


def run_entry(folder: Path, run: TaskRun, states: np.ndarray) -> Model:
    """Return the model of a run, as the page moves it.

    Raises:
        InputError: the model is of other degrees of freedom, or cannot be moved, or its certificate is broken.
    """
    if 2 * run.model.degrees_of_freedom != states.shape[1]:
        raise InputError(
            f"expected a model of {states.shape[1]} coordinates, found one of {2 * run.model.degrees_of_freedom}"
        )
    model = run.config.model
    facts = [(title, f"{run.metrics[name]:.3g}") for title, name in OWN_COLUMNS if name in run.metrics]
    role = "baseline" if model == "baseline" else "learned"
    return entry(model, title_of(model), role, run.model, states, facts=facts, certificate=certificate_of(folder))


def _models(task: Task, runs: Mapping[Path, TaskRun], states: np.ndarray) -> tuple[list[Model], list[dict[str, str]]]:
    models, omitted = list[Model](), list[dict[str, str]]()
    for folder, run in runs.items():
        try:
            models.append(run_entry(folder, run, states))
        except InputError as error:
            omitted.append({"name": title_of(run.config.model), "reason": one_line(error, 500)})
    if not models:
        raise InputError(f"{task.title}, {omitted[0]['name']}: {omitted[0]['reason']}")
    return models, omitted


def _names(models: list[Model]) -> list[str]:
    return [model["name"] for model in models]


def _truth(task: Task, states: np.ndarray) -> Model:
    with jax.enable_x64(True):
        return entry("truth", title_of("truth"), "truth", cast(task.energy, np.float64), states)


def _training(task: Task, seed: int, data: Path | None) -> tuple[tuple[np.ndarray, int], list[str]]:
    """Return training states and how many there are; or none, and a note of the reason."""
    try:
        return _made_again(task.name, seed, data), []
    except (InputError, NotAvailableError) as error:
        nothing = np.zeros((0, 2 * task.energy.degrees_of_freedom))
        return (nothing, 0), [f"No training states: {one_line(error, 500)}"]


def _made_again(task: str, seed: int, data: Path | None) -> tuple[np.ndarray, int]:
    """Return some of the states that a task's models were fitted to, and how many there were."""
    states = training_data(task, seed, data).train.states
    return thinned(states, MOST_POINTS), len(states)


def _coordinates(task: Task) -> list[dict[str, str]]:
    axes, n, count = task.labels, task.energy.degrees_of_freedom, bodies(task)
    if n == 1:
        return [{"name": "q", "label": axes.q}, {"name": "p", "label": axes.p}]
    unit = " (dimensionless)" if axes == Labels() else ""
    names = [f"{axis}{i + 1}" for axis in ("x", "y", "px", "py") for i in range(count)]
    return [{"name": name, "label": f"{name}{unit}"} for name in names or default_names(n)]
