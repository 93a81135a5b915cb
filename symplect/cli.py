"""The command line."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import tyro

from symplect.environment import configure
from symplect.errors import InputError
from symplect.experiments.plan import Request
from symplect.terminal import terminal


def tasks() -> None:
    """List the tasks, those of the paper first, and what each needs. Example: symplect tasks"""
    from symplect.experiments.tasks import TASKS

    for task in TASKS.values():
        print(f"{task.name:16} task {task.number:3} {task.title:20} needs {task.needs}")


@dataclass(frozen=True)
class Reproduce(Request):
    """Repeat the experiments of the paper, or others. Example: symplect reproduce mass-spring --seeds 3

    Args:
        steps: steps of every fit, for a quick look; the task's own number unless given.
    """

    out: Path = Path("runs/paper")
    steps: int | None = None

    def __call__(self) -> None:
        from symplect.experiments.reproduction import reproduce

        print(reproduce(self.plan(settings={} if self.steps is None else {"steps": self.steps})))
        print(f"Runs, results.json and table.md are in {self.out}")


@dataclass(frozen=True)
class Sweep(Request):
    """Run tasks, models, seeds and settings at once. Example: symplect sweep pendulum --models hnn --set width=50,100

    Args:
        settings: a setting and its values, as in width=50,100; several of these for all combinations.
        on: where to run: local, slurm, slurm=partition:short,time:60 or dask=tcp://HOST:PORT.
        workers: most jobs at a time; as many as there are cores here unless given.
        together: seeds of one job, trained in one program: for accelerators, and where a job is slow to start.
        stop_hopeless: stop unpromising runs early (median stopping, among runs of one task, model and seed).
    """

    out: Path = Path("runs/sweep")
    settings: Annotated[tuple[str, ...], tyro.conf.arg(name="set"), tyro.conf.UseAppendAction] = ()
    on: str = "local"
    workers: int | None = None
    together: int = 1
    stop_hopeless: bool = False

    def __call__(self) -> None:
        from symplect.experiments.grid import read_grid
        from symplect.experiments.sweep import open_executor, sweep

        plan = self.plan(grid=read_grid(self.settings))
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        workers = cores if self.workers is None else self.workers
        opened = partial(open_executor, self.on, workers, self.out)
        outcome = sweep(plan, opened, workers, together=self.together, stop_hopeless=self.stop_hopeless)
        print(outcome.table)
        print(f"Runs and sweep.md are in {self.out}")
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
    links: int = 0,
    method: Literal["auto", "mechanics", "closed-form", "trajectory", "gradient"] = "auto",
    seed: int = 0,
    out: Path | None = None,
) -> None:
    """Learn a Hamiltonian from your own table. Example: symplect fit swing.csv --q theta --p omega --time t

    Columns go by their names, or by their numbers from 1. Positions alone are enough.

    Args:
        files: CSV, TSV, text, Parquet, NPZ, JSON lines or HDF5; several files or a pattern are trials.
        q: columns of positions, one per degree of freedom.
        p: columns of momenta, in the order of the positions.
        velocity: columns of velocities instead of momenta.
        mass: mass for each velocity, p = mass * velocity; 1 unless given.
        time: column of times.
        dt: constant time step, where there is no column of times.
        trial: column that tells trials apart.
        dq: columns of measured time derivatives of the positions.
        dp: columns of measured time derivatives of the momenta, or of the velocities.
        inputs: columns of known inputs that drive the system.
        angle: those of the positions that are angles, in radians, or in degrees if the name ends in [deg].
        links: number of links of a chain in a vertical plane, whose joint angles are the positions: their lengths and
            inertias are told.
        method: how to fit; auto compares a closed form and a fit of paths on data held out, gradient is the paper's.
        seed: random seed.
        out: folder for the run; runs/<name of the file> unless given.
    """
    from symplect.auto import fit_reading
    from symplect.auto.place import PAGE, fingerprint, finished_before, place_of
    from symplect.files import require_place
    from symplect.runs import TableRun, load_as
    from symplect.tables import Columns, read, understood
    from symplect.views.report import report as write

    place = place_of(out, files)
    require_place(place)
    columns = Columns(q, p, velocity, mass, time, dt, trial, dq, dp, inputs, angle, links)
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
        run: one run folder.
        until: the last time; negative runs backward.
        dt: between output times; the steps of the solver are its own.
        start: one state, positions before momenta.
        starts: a table of states instead, one row each.
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
        run: one run folder.
        files: tables as for `symplect fit`, with the same columns unless others are named.
        q: columns of positions, if not those that were fitted.
        p: columns of momenta, with --q.
        time: column of times, with --q.
        trial: column that tells trials apart, with --q.
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
        run: one run folder.
        out: where the file goes.
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
        run: folder that `symplect reproduce` wrote, one run in it, or a run of `symplect fit`.
        out: where the page goes; report.html in the folder unless given.
    """
    from symplect.views.report import report as write

    page = out or run / "report.html"
    write(run, page)
    print(page)


def explore(run: tyro.conf.Positional[Path], out: Path | None = None) -> None:
    """Move models yourself, on one page that needs nothing but a browser. Example: symplect explore runs/swing

    Args:
        run: folder that `symplect reproduce` wrote, one run in it, or a run of `symplect fit`.
        out: where the page goes; explorer.html in the folder unless given.
    """
    from symplect.views.explorer import explore as write

    page = out or run / "explorer.html"
    write(run, page)
    print(page)


def certify(run: tyro.conf.Positional[Path]) -> None:
    """Certify energy, reversal, volume and more of runs, the baseline beside. Example: symplect certify runs/paper

    Args:
        run: one run folder, or a folder with runs below; each gets a certificate.json.
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
    "reproduce": Reproduce,
    "sweep": Sweep,
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
        command = tyro.extras.subcommand_cli_from_dict(
            COMMANDS,
            prog="symplect",
            description="Hamiltonian neural networks: learn H(q, p) from data, and move along its symplectic gradient.",
        )
        if isinstance(command, Reproduce | Sweep):
            command()
