"""What a finished run predicts: paths from new starts, and how well it does on new data."""

import itertools
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import final

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
from jaxtyping import Array, Float

from symplect._types import Scalar, State
from symplect.auto.judgement import _WORST, geometric_mean, predictions, squared_errors, valid_time
from symplect.dynamics import AbstractDynamics, AbstractEnergyDynamics, default_names, energies, vector_field
from symplect.errors import InputError
from symplect.files import writing
from symplect.integrate.long import followed
from symplect.models import AbstractModel
from symplect.precision import cast
from symplect.runs import Run, TableRun
from symplect.tables import Columns, read
from symplect.tables.columns import listed, split_unit
from symplect.tables.files import find_files, read_file
from symplect.tables.numbers import numbers
from symplect.tables.places import Place

_MOST = 20_000_000  # numbers of all paths together
_BESIDE = ("trial", "time", "energy")  # columns of a simulation that are no coordinates
WRITERS = (".csv", ".parquet", ".npz")
"""Endings of what `simulate` writes."""

MEANINGS = {
    "trials": "that were read",
    "samples": "of all of them",
    "paths": "that were predicted from their first sample: trials, and what follows a gap in one",
    "finite": "of these, whose prediction stays finite to the end",
    "held_out_error": "geometric mean over short pieces, in units of the spread of the data, at most 2",
    "valid_time": "until a path is off by 0.4 of its size, the median",
    "compared_time": "for which paths could be compared, the median",
}
"""What the numbers of `evaluate` say."""

GUESS = 1.0
"""Error of whoever always predicts the mean."""


def simulate(run: Run, starts: Float[np.ndarray, "starts dimension"], until: float, step: float) -> pl.DataFrame:
    """Follow a run's model from each start.

    Args:
        run: run of any task or of people's own data.
        starts: one row `[q..., p...]` each.
        until: the last time; negative to run backward.
        step: between output times.

    Returns:
        A table with `trial`, `time`, the coordinates and, where the model has one, the `energy`, above that of rest
        for people's own data.

    Raises:
        InputError: starts of another dimension or not finite, times that are not positive, or more than fit in memory.

    Example:
        >>> simulate(run, np.array([[1.0, 0.0]]), until=20.0, step=0.1)  # doctest: +SKIP
    """
    dimension = 2 * run.model.degrees_of_freedom
    if starts.ndim != 2 or starts.shape[1] != dimension or not np.all(np.isfinite(starts)) or not len(starts):
        names = ", ".join(coordinate_names(run))
        raise InputError(f"expected starts of {dimension} finite numbers {names}, found {starts.tolist()[:3]}")
    if not (np.isfinite(until) and until != 0 and np.isfinite(step) and step > 0):
        raise InputError(f"expected an end that is not 0 and a positive step, found --until {until} --dt {step}")
    samples = int(np.floor(abs(until) / step * (1 + 1e-12))) + 1
    if samples < 2 or samples * starts.size > _MOST:
        found = f"{samples} times from {len(starts)} starts"
        raise InputError(f"expected two times or more, and at most {_MOST} numbers in all, found {found}: change --dt")
    times = np.sign(until) * step * np.arange(samples)
    paths, energy = _follow(run, starts, times)
    columns: dict[str, np.ndarray] = {"trial": np.repeat(np.arange(len(starts)), samples)}
    columns["time"] = np.tile(times, len(starts))
    flat = paths.reshape(-1, dimension)
    energy = None if energy is None else energy - run.metrics.get("rest_energy", 0.0)
    columns |= {name: flat[:, i] for i, name in enumerate(coordinate_names(run))}
    return pl.DataFrame(columns | ({} if energy is None else {"energy": energy.ravel()}))


def outside(run: Run, starts: Float[np.ndarray, "starts dimension"]) -> int:
    """Return how many starts lie outside the range of the data that people's own run was fitted to."""
    known = run.rollout.get("train")
    if known is None:
        return 0
    return int(np.sum(np.any((starts < np.min(known, axis=0)) | (starts > np.max(known, axis=0)), axis=1)))


@final
class _InUnits(AbstractDynamics):
    """Dynamics of `z / scale` against `t / time`, so that the tolerances of a solver see no unit."""

    dynamics: AbstractDynamics
    scale: Float[Array, " dimension"]
    time: Scalar

    @property
    def degrees_of_freedom(self) -> int:
        return self.dynamics.degrees_of_freedom

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        return self.dynamics.time_derivative(z * self.scale, t * self.time) * self.time / self.scale


def _in_units(model: AbstractModel, run: Run) -> _InUnits:
    """Return the model in units of the data it was fitted to, or as it is where there are none."""
    known = run.rollout.get("train")
    if known is None:
        return _InUnits(model, jnp.ones(2 * model.degrees_of_freedom), jnp.asarray(1.0))
    spread = np.std(known, axis=0)
    scale = np.where(np.isfinite(spread) & (spread > 0), spread, 1.0)
    speeds = np.asarray(vector_field(model, jnp.asarray(known, jnp.float64))) / scale
    rate = float(np.sqrt(np.mean(speeds**2)))
    return _InUnits(model, jnp.asarray(scale), jnp.asarray(1 / rate if np.isfinite(rate) and rate > 0 else 1.0))


def _follow(run: Run, starts: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the paths, and the energy along them where the model has one.

    Raises:
        InputError: one of the two is not finite.
    """
    with jax.enable_x64(True):
        exact = cast(run.model, jnp.float64)
        own = _in_units(exact, run)
        scale, unit = np.asarray(own.scale), float(own.time)
        paths = scale * followed(own, np.asarray(starts, np.float64) / scale, times / unit, unit=unit)
        has_energy = isinstance(exact, AbstractEnergyDynamics)
        energy = np.asarray(energies(exact.hamiltonian, jnp.asarray(paths))) if has_energy else None
    if energy is not None and not np.all(np.isfinite(energy)):
        raise InputError(f"expected a finite energy, found {energy[~np.isfinite(energy)][0]}: start nearer the data")
    return paths, energy


def coordinate_names(run: Run) -> tuple[str, ...]:
    """Return the names of a run's coordinates, all different: those of its table without their units, or q and p.

    A name keeps its unit where another one differs in that alone, and gets a number where `simulate` has a column of
    that name beside it.
    """
    if not isinstance(run, TableRun):
        return default_names(run.model.degrees_of_freedom)
    whole = run.config.data.names
    short = [split_unit(name)[0] for name in whole]
    wanted = [name if short.count(name) == 1 else given for name, given in zip(short, whole, strict=True)]
    names: list[str] = []
    for name in wanted:
        others = {*_BESIDE, *names, *(other for other in wanted if other != name)}
        numbered = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
        names.append(next(own for own in numbered if own not in others))
    return tuple(names)


def read_starts(path: Path, run: Run) -> Float[np.ndarray, "starts dimension"]:
    """Return the starts in a table: the columns with the coordinates' names, or all columns where there are as many.

    Names may be those that `simulate` writes, or those of the fitted table with or without their units.

    Raises:
        InputError: no such file, or no such columns.
    """
    (found,) = find_files([path])
    table, _, lines = read_file(found)
    where = Place(str(path), lines)
    names = coordinate_names(run)
    whole = run.config.data.names if isinstance(run, TableRun) else names
    there = {*table.columns, *(split_unit(name)[0] for name in table.columns)}
    if wanted := next((own for own in (names, whole) if set(own) <= there and len(set(own)) == len(own)), None):
        return numbers(table, list(wanted), where)
    if len(table.columns) != len(names):
        raise InputError(f"expected columns {listed(names)} in {path}, found {listed(table.columns)}")
    return numbers(table, [str(i + 1) for i in range(len(names))], where)


def require_ending(path: Path) -> None:
    """Raise `InputError` unless tables of this ending are written."""
    if path.suffix.lower() not in WRITERS:
        raise InputError(f"expected an output that ends in {', '.join(WRITERS)}, found {path.name}: name another")


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write a table whole or not at all, as its ending says.

    Raises:
        InputError: another ending, or a place that cannot be written.
    """
    require_ending(path)
    ending = path.suffix.lower()
    with writing(path) as temporary:
        if ending == ".npz":
            _write_npz(table, temporary)
            return
        with temporary.open("wb") as file:  # polars itself takes no name that is not UTF-8
            if ending == ".csv":
                table.write_csv(file)
            else:
                table.write_parquet(file)


def _write_npz(table: pl.DataFrame, path: Path) -> None:
    """Write columns of any name, as `numpy.savez_compressed` cannot: some names are its own arguments."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in table.columns:
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, table[name].to_numpy(), allow_pickle=False)


def evaluate(run: Run, sources: Sequence[Path], columns: Columns | None = None) -> Mapping[str, float]:
    """Judge a run on a table that it has not seen.

    Args:
        run: run of people's own data; of a task if columns are given.
        sources: files or patterns.
        columns: their roles; those of the run unless given.

    Returns:
        Numbers by name: `held_out_error` in units of the new data's spread over short pieces, `valid_time` and
        `compared_time` where there are paths, `trials`, `samples`, and of how many trials the prediction is `finite`.

    Raises:
        InputError: a table that cannot be understood, or of another dimension.
    """
    if columns is None:
        if not isinstance(run, TableRun):
            raise InputError("expected the columns of q and p, found none: this run is of a task, so name them")
        columns = run.config.data.columns
    reading = read(list(sources), columns)
    data = reading.data
    if data.dimension != 2 * run.model.degrees_of_freedom:
        expected = 2 * run.model.degrees_of_freedom
        raise InputError(f"expected {expected} coordinates, as the run has, found {data.dimension}: name others")
    squares = squared_errors(run.model, data, np.std(data.states, axis=0), reading.observed)
    found = {"trials": float(len(data)), "samples": float(len(data.times))}
    if reading.alone:
        found |= {"paths": found["trials"], "finite": float(np.sum(np.isfinite(squares)))}
        worst = np.nan_to_num(squares, nan=_WORST, posinf=_WORST)
        return found | {"held_out_error": geometric_mean(np.minimum(worst, _WORST))}
    paths = predictions(run.model, data)
    held, compared = valid_time(paths, reading.observed)
    finite = sum(bool(np.all(np.isfinite(path.predicted))) for path in paths)
    found |= {"paths": float(len(paths)), "finite": float(finite)}
    return found | {"held_out_error": geometric_mean(squares), "valid_time": held, "compared_time": compared}


def judgement(found: Mapping[str, float]) -> str:
    """Return what the numbers of `evaluate` come to, where they tell of a model that does not predict these data.

    Example:
        >>> judgement({"paths": 2.0, "finite": 1.0, "held_out_error": 0.1})
        'the model leaves the finite numbers on 1 of 2 paths: these data are not where it was fitted'
        >>> judgement({"paths": 2.0, "finite": 2.0, "held_out_error": 0.1})
        ''
    """
    lost, paths = int(found["paths"] - found["finite"]), int(found["paths"])
    if lost:
        return f"the model leaves the finite numbers on {lost} of {paths} paths: these data are not where it was fitted"
    if found["held_out_error"] >= GUESS:
        return "the model does not predict these data: whoever always says their mean is as near"
    return ""
