"""Certificates of finished runs: one file in every run folder, one table per task."""

import dataclasses
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from symplect.data import Trajectories
from symplect.dynamics import AbstractDynamics
from symplect.errors import InputError, blamed_on
from symplect.evaluation.certification import MEANINGS, Certificate, Row, certificate
from symplect.experiments.paper_table import aligned, scientific
from symplect.experiments.tasks import TASKS, Task
from symplect.files import discard_leftovers, write_json
from symplect.fitting.field_of import energies_at, velocities_at
from symplect.fitting.own_units import units_of
from symplect.models import EulerLagrange, port_of
from symplect.models.rescaled import scaled
from symplect.runs import MODEL_FILE, Run, TableRun, TaskRun, load_run

CERTIFICATE_FILE = "certificate.json"
_STARTS, _TIMES = 15, 100  # of people's own data


def certify(folder: Path) -> str:
    """Certify every run in a folder, write `certificate.json` beside each, and return a table per task.

    Args:
        folder: one run, with which the baseline of the same task and seed is certified if it is there, or any folder
            with runs below.

    Raises:
        InputError: no run there, a broken one, or one of an unknown task.
    """
    found: dict[Path, tuple[Run, Certificate]] = {}
    for place in tqdm(_places(folder), desc="certifying", unit="run", disable=None, leave=False, delay=2):
        run = load_run(place)
        found[place] = run, _certified(place, run)
        discard_leftovers(place / CERTIFICATE_FILE)
        write_json(place / CERTIFICATE_FILE, dataclasses.asdict(found[place][1]))
    of_task: dict[str, list[tuple[Run, Certificate]]] = {task: [] for task in TASKS}
    of_table: list[str] = []
    for place, (run, own) in found.items():
        if isinstance(run, TaskRun):
            of_task[run.config.task].append((run, own))
        else:
            of_table.append(_table(place.resolve().name, [(run, own)]))
    tables = [_table(f"{TASKS[task].number} {TASKS[task].title}", pairs) for task, pairs in of_task.items() if pairs]
    return "\n".join([*tables, *of_table])


def _places(folder: Path) -> list[Path]:
    """Return the run folders, those half written left out."""
    if (folder / MODEL_FILE).exists():
        folder = folder.resolve()  # "." has a parent too
        baseline = folder.parent.parent / "baseline" / folder.name
        return sorted({folder, baseline} if (baseline / MODEL_FILE).exists() else {folder})
    files = [path.relative_to(folder) for path in folder.rglob(MODEL_FILE)]
    places = sorted(folder / path.parent for path in files if not any(part.startswith(".") for part in path.parts))
    if not places:
        raise InputError(
            f"expected a run or a folder of runs, found none at {folder}: make some with `symplect reproduce`"
        )
    return places


def _certified(place: Path, run: TaskRun | TableRun) -> Certificate:
    """Return the certificate of a run whose files may come from anywhere."""
    with blamed_on(f"{place} as symplect wrote it", "run again, to another folder"):
        return _of_task(run) if isinstance(run, TaskRun) else _of_table(run)


def _of_task(run: TaskRun) -> Certificate:
    """Find where a run keeps its initial conditions and times, and what is the truth for it.

    A model that sees pixels starts from latent states. The task's energy is the true Hamiltonian only where the true
    path keeps it, which neither a real pendulum nor a filmed one does.
    """
    if run.config.task not in TASKS:
        raise InputError(f"expected runs of a task out of {', '.join(TASKS)}, found {run.config.task!r}")
    task, along = TASKS[run.config.task], run.rollout["energy_truth"]
    kept = bool(np.max(np.ptp(along, axis=1)) <= 1e-6 * np.max(np.abs(along)))
    return certificate(
        run.model,
        run.rollout.get("latent_truth", run.rollout["truth"])[:, 0],
        run.rollout["t"],
        truth=task.energy if kept else None,
        training_energy=_training_energy(task, run.config.seed) if kept else None,
    )


def _of_table(run: TableRun) -> Certificate:
    """Return the certificate on people's own data, in units of them; the truth is not known."""
    scaling = units_of([run.model], _own_paths(run))
    starts, times = _own_starts(run)
    inside, begins = scaled(run.model, scaling), (starts - scaling.centre) / scaling.scale
    if isinstance(inside, EulerLagrange):  # the structure is that of positions and momenta
        inside, begins = inside.system, np.asarray(jax.vmap(inside.canonical)(jnp.asarray(begins)))
    return certificate(inside, begins, times / scaling.time)


def _own_paths(run: TableRun) -> Trajectories:
    """Return people's own data, held-out paths or samples that stand alone, whose size sets the units."""
    if run.has_paths:
        return Trajectories(run.rollout["t"], run.rollout["truth"], tuple(map(int, run.rollout["lengths"])))
    states = run.rollout["train"]
    fields = velocities_at(run.model, states)
    return Trajectories(np.zeros(len(states)), states, (1,) * len(states), derivatives=fields)


def _own_starts(run: TableRun) -> tuple[np.ndarray, np.ndarray]:
    """Return starts and times out of people's own data: where held-out paths begin, and for how long they last.

    Samples that stand alone tell no times: then it is the time that the field takes for a full turn, about.
    """
    if run.has_paths:
        first = np.cumsum(run.rollout["lengths"]) - run.rollout["lengths"]
        longest = int(np.argmax(run.rollout["lengths"]))
        duration = np.ptp(run.rollout["t"][first[longest] :][: run.rollout["lengths"][longest]])
        return run.rollout["truth"][first[:_STARTS]], np.linspace(0.0, duration, _TIMES)
    states = run.rollout["train"]
    duration = turn(run.model, states)
    return states[:: max(1, len(states) // _STARTS)][:_STARTS], np.linspace(0.0, duration, _TIMES)


def turn(model: AbstractDynamics, states: Float[np.ndarray, "states dimension"]) -> float:
    """Return the time that the field takes for a full turn through the states, about."""
    fields = velocities_at(model, states)
    return float(2 * np.pi * np.median(np.std(states, axis=0) / np.sqrt(np.mean(fields**2, axis=0))))


@lru_cache
def _training_energy(task: Task, seed: int) -> float:
    """Return the largest true energy of a run's training data, which are made again for it."""
    train = task.make_states(seed, None, f"simulating {task.name}, seed {seed}").train
    return float(np.max(energies_at(task.energy, train.states)))


def _table(title: str, pairs: Sequence[tuple[Run, Certificate]]) -> str:
    """Return one column per model, and the rows that apply to one of them."""
    models = sorted({run.config.model for run, _ in pairs}, key=lambda model: (model != "baseline", model))
    by_model = {model: [found for run, found in pairs if run.config.model == model] for model in models}
    seeds = len({run.config.seed for run, _ in pairs})
    lines = [_line(name, by_model) for name in MEANINGS if any(found[name].value is not None for _, found in pairs)]
    header = ["row", "limit", *models, "what it says"]
    tail = [
        f"✗ above its limit; - does not apply. Moved by {pairs[0][1].solver}.",
        "The energy that drifts is the model's own, or the true one for a model that has none.",
    ]
    tail += [f"The largest error of {seeds} seeds."] if seeds > 1 else []
    if any(port_of(run.model) for run, _ in pairs):
        tail += ["A model with friction changes volume and the symplectic form: its loss of energy, not an error."]
    if isinstance(pairs[0][0], TableRun):
        tail += [
            "The true system is not known, so the rows that need it do not apply.",
            "The unit of time is the characteristic time of the data, in which states change by their spread.",
        ]
    elif all(found["out_of_distribution"].passed is None for _, found in pairs):
        tail += ["The true path does not keep its energy, so there is no true Hamiltonian, and its rows do not apply."]
    if any("out_of_distribution" in found.flagged for _, found in pairs):
        tail += [
            "out_of_distribution is a ratio: a model of tiny error at the starts is flagged where its error beyond the "
            "training energies is ten times that, however small."
        ]
    return "\n".join([title, "", *aligned([header, *lines]), "", *(f"{t}  " for t in tail), ""])


def _line(name: str, by_model: Mapping[str, Sequence[Certificate]]) -> list[str]:
    rows = {model: [found[name] for found in certificates] for model, certificates in by_model.items()}
    limits = [row.limit for of_model in rows.values() for row in of_model if row.limit is not None]
    limit = scientific(max(limits)) if limits else "-"
    return [name, limit, *(_cell(of_model) for of_model in rows.values()), MEANINGS[name]]


def _cell(rows: Sequence[Row]) -> str:
    """Return the largest error of the seeds, or why one of them has none, with a mark if one does not pass."""
    values = [row.value for row in rows if row.value is not None]
    if not values:
        return "-"
    failures = sorted({row.failure for row in rows if row.failure})
    largest = ", ".join(failures) or scientific(float(np.max(values)))
    return largest + (" ✗" if any(row.passed is False for row in rows) else "")
