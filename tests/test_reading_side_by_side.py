"""Runs that stand side by side in one table are trials."""

import numpy as np
import pandas
import polars as pl
import pytest

from symplect.tables import Columns, read

LENGTHS = (40, 60, 25)
RUNS = [
    np.round(np.stack([t, a * np.cos(t), -a * np.sin(t)], axis=1), 4)
    for a, t in ((k + 0.5, np.arange(n) * 0.1) for k, n in enumerate(LENGTHS))
]
ROLES = Columns(q=("Angle",), velocity=("Angular Velocity",), time="Time")
PLAIN = ("Time (s)", "Angle (rad)", "Angular Velocity (rad/s)")
SPELLINGS = {
    "after": "{name} Run #{run}",
    "after, no sign": "{name} Run {run}",
    "after a comma": "{name}, Trial {run}",
    "in brackets": "{name} (run {run})",
    "before": "Run {run}: {name}",
    "a data set": "Data Set {run}: {name}",
    "German": "{name} Messung {run}",
    "joined": "{name}_run{run}",
    "nothing": "{name}",
}


def side_by_side(spelling, runs=RUNS):
    names = [quoted(spelling.format(name=name, run=run + 1)) for run in range(len(runs)) for name in PLAIN]
    rows = [
        ",".join(",".join(f"{value:.4f}" for value in run[k]) if k < len(run) else ",," for run in runs)
        for k in range(max(map(len, runs)))
    ]
    return "\n".join([",".join(names), *rows]) + "\n"


def quoted(name):
    return f'"{name}"'


def require_same(data, runs=RUNS):
    assert data.lengths == tuple(map(len, runs))
    np.testing.assert_array_equal(np.column_stack([data.times, data.states]), np.concatenate(runs))


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_runs_side_by_side_are_trials(tmp_path, spelling):
    path = tmp_path / "runs.csv"
    path.write_text(side_by_side(SPELLINGS[spelling]))
    found = read(path, ROLES)
    require_same(found.data)
    assert "3 runs side by side are taken as trials" in found.notes
    assert found.time_unit == "s"
    assert found.data.units == ("rad", "rad/s")


def test_a_name_as_it_stands_means_the_column_of_all_runs(tmp_path):
    path = tmp_path / "runs.csv"
    path.write_text(side_by_side(SPELLINGS["after"]))
    time, angle, velocity = (f"{name} Run #1" for name in PLAIN)
    require_same(read(path, Columns(q=(angle,), velocity=(velocity,), time=time)).data)


def test_a_run_alone_loses_its_number(tmp_path):
    path = tmp_path / "run.csv"
    path.write_text(side_by_side(SPELLINGS["after"], RUNS[:1]))
    found = read(path, ROLES)
    require_same(found.data, RUNS[:1])
    assert found.notes == ()


def test_the_unit_may_stand_behind_the_run():
    units = {"Time": "ms", "Angle": "mm", "Angular Velocity": "mm/ms"}
    table = {
        f"{name} Run {k} ({unit})": RUNS[k][:25, place]
        for k in (0, 1)
        for place, (name, unit) in enumerate(units.items())
    }
    found = read(table, ROLES)
    require_same(found.data, [run[:25] for run in RUNS[:2]])
    assert (found.time_unit, found.data.units) == ("ms", ("mm", "mm/ms"))


@pytest.mark.parametrize("frame", [pl.DataFrame, pandas.DataFrame])
def test_runs_of_a_data_frame_may_share_the_clock(frame):
    table = {"Time": RUNS[0][:25, 0]}
    for k, run in enumerate(RUNS):
        table |= {f"Angle Run #{k + 1}": run[:25, 1], f"Angular Velocity Run #{k + 1}": run[:25, 2]}
    require_same(read(frame(table), ROLES).data, [run[:25] for run in RUNS])


def test_a_constant_step_counts_within_each_run():
    table = {f"{name} Run {k}": RUNS[k][:25, place] for k in (0, 1) for place, name in enumerate(("t", "x", "v"))}
    found = read(table, Columns(q=("x",), p=("v",), dt=0.1))
    np.testing.assert_allclose(found.data.times, np.tile(np.arange(25) * 0.1, 2), atol=1e-12)


@pytest.mark.parametrize(
    "names",
    [("t", "x", "x (2)"), ("t", "Run 1", "Run 2"), ("running 1", "running 2", "t"), ("t", "x Run 1", "y Run 2")],
)
def test_other_names_are_no_runs(names):
    table = dict(zip(names, RUNS[0].T, strict=True))
    clock = next(name for name in names if name.startswith("t"))
    found = read(table, Columns(q=(next(n for n in names if n != clock),), time=clock))
    assert found.data.lengths == (40,)
    assert not any("side by side" in note for note in found.notes)
