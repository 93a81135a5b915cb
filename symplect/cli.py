"""The command line."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import tyro

from symplect.environment import configure
from symplect.errors import InputError
from symplect.terminal import terminal


def tasks() -> None:
    """List the tasks, those of the paper first, and what each needs. Example: symplect tasks"""
    from symplect.experiments.tasks import TASKS

    for task in TASKS.values():
        print(f"{task.name:14} task {task.number:3} {task.title:20} needs {task.needs}")


def reproduce(
    tasks: tyro.conf.Positional[tuple[str, ...]] = (),
    models: tuple[str, ...] | None = None,
    seeds: int = 1,
    out: Path = Path("runs/paper"),
    data: Path | None = None,
    steps: int | None = None,
) -> None:
    """Repeat the experiments of the paper, or others. Example: symplect reproduce mass-spring --seeds 3

    Args:
        tasks: Names as listed by `symplect tasks`; all of them unless given.
        models: Models to fit, such as baseline and hnn; all that a task has unless given.
        seeds: How many seeds; more than one gives mean and spread.
        out: Folder for the runs and the table; what is finished there is kept.
        data: Folder of the measured data; without it SYMPLECT_DATA, the cache or a download.
        steps: Steps of every fit, for a quick look; the task's own number unless given.
    """
    from symplect.experiments.plan import Plan
    from symplect.experiments.reproduction import reproduce as run
    from symplect.experiments.tasks import TASKS

    print(run(Plan(tasks or tuple(TASKS), models, seeds, out, data, {} if steps is None else {"steps": steps})))
    print(f"Runs, results.json and table.md are in {out}")


def sweep(
    tasks: tyro.conf.Positional[tuple[str, ...]] = (),
    models: tuple[str, ...] | None = None,
    seeds: int = 1,
    settings: Annotated[tuple[str, ...], tyro.conf.arg(name="set"), tyro.conf.UseAppendAction] = (),
    on: str = "local",
    workers: int | None = None,
    together: int = 1,
    stop_hopeless: bool = False,
    out: Path = Path("runs/sweep"),
    data: Path | None = None,
) -> None:
    """Run tasks, models, seeds and settings at once. Example: symplect sweep pendulum --models hnn --set width=50,100

    Args:
        tasks: Names as listed by `symplect tasks`; all of them unless given.
        models: Models to fit, such as baseline and hnn; all that a task has unless given.
        seeds: How many seeds.
        settings: A setting and its values, as in width=50,100; several of these for all combinations.
        on: Where to run: local, slurm, slurm=partition:short,time:60 or dask=tcp://HOST:PORT.
        workers: Most jobs at a time; as many as there are cores here unless given.
        together: Seeds of one job, trained in one program: for accelerators, and where a job is slow to start.
        stop_hopeless: Stop unpromising runs early (median stopping, among runs of one task, model and seed).
        out: Folder for the runs, their index and the table; what is finished there is kept.
        data: Folder of the measured data; without it SYMPLECT_DATA, the cache or a download.
    """
    from functools import partial

    from symplect.experiments.grid import read_grid
    from symplect.experiments.plan import Plan
    from symplect.experiments.sweep import open_executor
    from symplect.experiments.sweep import sweep as run
    from symplect.experiments.tasks import TASKS

    plan = Plan(tasks or tuple(TASKS), models, seeds, out, data, grid=read_grid(settings))
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    most = cores if workers is None else workers
    outcome = run(plan, partial(open_executor, on, most, out), most, together=together, stop_hopeless=stop_hopeless)
    print(outcome.table)
    print(f"Runs and sweep.md are in {out}")
    if outcome.failed:
        sys.exit(1)


def fit(
    files: tyro.conf.Positional[tuple[str, ...]],
    q: tuple[str, ...],
    p: tuple[str, ...] = (),
    velocity: tuple[str, ...] = (),
    mass: tuple[float, ...] = (),
    time: str | None = None,
    dt: float | None = None,
    trial: str | None = None,
    dq: tuple[str, ...] = (),
    dp: tuple[str, ...] = (),
    inputs: tuple[str, ...] = (),
    angle: tuple[str, ...] = (),
    method: Literal["auto", "closed-form", "trajectory", "gradient"] = "auto",
    seed: int = 0,
    out: Path | None = None,
) -> None:
    """Learn a Hamiltonian from your own table. Example: symplect fit swing.csv --q theta --p omega --time t

    Columns go by their names, or by their numbers from 1. Positions alone are enough.

    Args:
        files: CSV, TSV, text, Parquet, NPZ, JSON lines or HDF5; several files or a pattern are trials.
        q: Columns of positions, one per degree of freedom.
        p: Columns of momenta, in the order of the positions.
        velocity: Columns of velocities instead of momenta.
        mass: Mass for each velocity, p = mass * velocity; 1 unless given.
        time: Column of times.
        dt: Constant time step, where there is no column of times.
        trial: Column that tells trials apart.
        dq: Columns of measured time derivatives of the positions.
        dp: Columns of measured time derivatives of the momenta, or of the velocities.
        inputs: Columns of known inputs that drive the system.
        angle: Those of the positions that are angles, in radians, or in degrees if the name ends in [deg].
        method: How to fit; auto compares a closed form and a fit of paths on data held out, gradient is the paper's.
        seed: Random seed.
        out: Folder for the run; runs/<name of the file> unless given.
    """
    from symplect.auto import fit_reading
    from symplect.auto.place import PAGE, fingerprint, finished_before, place_of
    from symplect.files import require_place
    from symplect.runs import TableRun, load_as
    from symplect.tables import Columns, read, understood
    from symplect.views.report import report as write

    place = place_of(out, files)
    require_place(place)
    columns = Columns(q, p, velocity, mass, time, dt, trial, dq, dp, inputs, angle)
    reading = read(list(files), columns)
    print(understood(reading), flush=True)
    own = fingerprint(reading, method, seed)
    if kept := finished_before(out, files, own):
        place, config = kept, load_as(TableRun, kept).config
        print(f"\nThis fit was finished before and is kept in {place}.")
        _say(config.verdict, config.cautions)
    else:
        found = fit_reading(reading, method=method, seed=seed, progress="fitting")
        try:
            _say(found.verdict, found.cautions)
        finally:  # a terminal that is gone is no reason to lose a fit
            found.save(place, own)
    write(place, place / PAGE)
    print(f"\nThe model is in {place}, pictures are in {place / PAGE}")


def _say(verdict: str, cautions: Sequence[str]) -> None:
    """Print what a fit found, before files are written: that may fail."""
    print("\n".join([f"\n{verdict}", *(f"  * warning: {caution}" for caution in cautions)]), flush=True)


def simulate(
    run: tyro.conf.Positional[Path],
    until: float,
    dt: float,
    start: tuple[float, ...] = (),
    starts: Path | None = None,
    out: Path = Path("path.csv"),
) -> None:
    """Follow a run's model. Example: symplect simulate runs/swing --start 1.0 0.0 --until 20 --dt 0.1 --out path.csv

    Args:
        run: One run folder.
        until: The last time; negative runs backward.
        dt: Between output times; the steps of the solver are its own.
        start: One state, positions before momenta.
        starts: A table of states instead, one row each.
        out: CSV, Parquet or NPZ by its ending.
    """
    import numpy as np

    from symplect.files import require_place
    from symplect.results import predictions
    from symplect.runs import load_run

    if bool(start) == (starts is not None):
        raise InputError("expected --start or --starts, found both or neither: give one state, or a table of states")
    predictions.require_ending(out)
    require_place(out)
    loaded = load_run(run)
    states = predictions.read_starts(starts, loaded) if starts is not None else np.array([start])
    table = predictions.simulate(loaded, states, until, dt)
    predictions.write_table(table, out)
    if far := predictions.outside(loaded, states):
        print(f"warning: {far} of {len(states)} starts lie outside the range of the fitted data")
    print(f"{table.height} rows: {', '.join(table.columns)}")
    print(out)


def evaluate(
    run: tyro.conf.Positional[Path],
    files: tyro.conf.Positional[tuple[Path, ...]],
    q: tuple[str, ...] = (),
    p: tuple[str, ...] = (),
    time: str | None = None,
    trial: str | None = None,
) -> None:
    """Evaluate a run on held-out data. Example: symplect evaluate runs/swing new.csv

    Args:
        run: One run folder.
        files: Tables as for `symplect fit`, with the same columns unless others are named.
        q: Columns of positions, if not those that were fitted.
        p: Columns of momenta, with --q.
        time: Column of times, with --q.
        trial: Column that tells trials apart, with --q.
    """
    from symplect.results import predictions
    from symplect.runs import load_run
    from symplect.tables import Columns

    found = predictions.evaluate(load_run(run), files, Columns(q=q, p=p, time=time, trial=trial) if q else None)
    for name, value in found.items():
        print(f"{name:16} {value:.4g}  {predictions.MEANINGS[name]}")
    if said := predictions.judgement(found):
        print(f"warning: {said}")
    if not found["finite"] and found["held_out_error"] >= predictions.GUESS:
        sys.exit(1)


def export(run: tyro.conf.Positional[Path], out: Path, format: str | None = None) -> None:
    """Write H and the vector field for other programs. Example: symplect export runs/swing --out swing.onnx

    Args:
        run: One run folder.
        out: Where the file goes.
        format: onnx, stablehlo or json; by the ending of the file unless given.
    """
    from symplect.export import export_model
    from symplect.results.predictions import coordinate_names
    from symplect.runs import load_run

    loaded = load_run(run)
    export_model(out, loaded.model, format, names=coordinate_names(loaded))
    print(out)


def report(run: tyro.conf.Positional[Path], out: Path | None = None) -> None:
    """Show runs on one page that needs nothing but a browser. Example: symplect report runs/paper

    Args:
        run: Folder that `symplect reproduce` wrote, one run in it, or a run of `symplect fit`.
        out: Where the page goes; report.html in the folder unless given.
    """
    from symplect.views.report import report as write

    page = out or run / "report.html"
    write(run, page)
    print(page)


def explore(run: tyro.conf.Positional[Path], out: Path | None = None) -> None:
    """Move models yourself, on one page that needs nothing but a browser. Example: symplect explore runs/swing

    Args:
        run: Folder that `symplect reproduce` wrote, one run in it, or a run of `symplect fit`.
        out: Where the page goes; explorer.html in the folder unless given.
    """
    from symplect.views.explorer import explore as write

    page = out or run / "explorer.html"
    write(run, page)
    print(page)


def certify(run: tyro.conf.Positional[Path]) -> None:
    """Certify energy, reversal, volume and more of runs, the baseline beside. Example: symplect certify runs/paper

    Args:
        run: One run folder, or a folder with runs below; each gets a certificate.json.
    """
    from symplect.results.certificates import certify as write

    print(write(run))


COMMANDS = {
    "fit": fit,
    "simulate": simulate,
    "evaluate": evaluate,
    "certify": certify,
    "report": report,
    "explore": explore,
    "export": export,
    "tasks": tasks,
    "reproduce": reproduce,
    "sweep": sweep,
}


_RESUMED = ("reproduce", "sweep")


def main() -> None:
    """Run one command: exit code 0 when done, 2 for a wrong input or call, 130 on Ctrl-C, 1 for anything else."""
    configure()
    with terminal(
        "what was finished is saved, and the same command goes on from here"
        if sys.argv[1:2] and sys.argv[1] in _RESUMED
        else "the same command begins anew"
    ):
        tyro.extras.subcommand_cli_from_dict(
            COMMANDS,
            prog="symplect",
            description="Hamiltonian neural networks: learn H(q, p) from data, and move along its symplectic gradient.",
        )
