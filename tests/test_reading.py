"""People's own tables: every layout gives the same numbers, and what is mended is said."""

import numpy as np
import pandas
import polars as pl
import pytest

from symplect.data import Trajectories
from symplect.errors import InputError
from symplect.tables import Columns, read, understood
from symplect.tables.columns import find_column

TIMES = np.linspace(0.0, 5.9, 60)
SWING = np.stack([np.cos(TIMES), -np.sin(TIMES)], axis=1)
ROLES = Columns(q=("x",), p=("v",), time="t")
PLAIN = pl.DataFrame({"t": TIMES, "x": SWING[:, 0], "v": SWING[:, 1]})


def written(folder, text, name="swing.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def rows(separator=",", decimal="."):
    return [separator.join(f"{value:.10f}".replace(".", decimal) for value in row) for row in PLAIN.rows()]


def text(header, lines, end="\n"):
    return end.join([*header, *lines]) + end


LAYOUTS = {
    "comma": text(["t,x,v"], rows()),
    "semicolon and decimal comma": text(["t;x;v"], rows(";", ",")),
    "tab": text(["t\tx\tv"], rows("\t")),
    "tab and decimal comma": text(["t\tx\tv"], rows("\t", ",")),
    "bar": text(["t|x|v"], rows("|")),
    "spaces": text(["t  x v"], [" " + line for line in rows("   ")]),
    "spaces and decimal comma": text(["t x v"], rows(" ", ",")),
    "comma and space": text(["t, x, v"], rows(", ")),
    "header in a comment": text(["% t x v"], rows(" ")),
    "header in the last comment": text(["# by hand", "# t, x, v"], rows()),
    "comments between": text(["t,x,v"], [*rows()[:30], "# a pause", *rows()[30:]]),
    "units in brackets": text(["t [s],x (m),v [m/s]"], rows()),
    "units in a line": text(["t;x;v", "s;m;m/s"], rows(";")),
    "lines before the table": text(["Instrument 7", "made in spring", "t,x,v"], rows()),
    "quotes": text(['"t","x","v"'], rows()),
    "empty lines": text(["", "t,x,v", ""], rows()),
    "carriage returns": text(["t,x,v"], rows(), end="\r\n"),
    "byte order mark": "\ufeff" + text(["t,x,v"], rows()),
    "more columns": text(["note,t,x,v"], ["hello," + line for line in rows()]),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_numbers(tmp_path, layout):
    found = read(written(tmp_path, LAYOUTS[layout]), ROLES)
    np.testing.assert_allclose(found.data.states, SWING, atol=1e-9)
    np.testing.assert_allclose(found.data.times, TIMES, atol=1e-9)
    assert found.data.lengths == (60,)


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_other_encodings_are_read_and_named(tmp_path, encoding):
    path = written(tmp_path, text(["t,x,v,Höhe"], [line + ",1" for line in rows()]), encoding=encoding)
    found = read(path, ROLES)
    np.testing.assert_allclose(found.data.states, SWING, atol=1e-9)
    assert any("UTF-16" in note or "Latin-1" in note for note in found.notes)


def in_format(folder, ending):
    path = folder / f"swing.{ending}"
    if ending == "parquet":
        PLAIN.write_parquet(path)
    elif ending in ("jsonl", "ndjson"):
        PLAIN.write_ndjson(path)
    elif ending == "npz":
        np.savez(path, **{name: PLAIN[name].to_numpy() for name in PLAIN.columns})
    elif ending in ("h5", "hdf5"):
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            for name in PLAIN.columns:
                file[name] = PLAIN[name].to_numpy()
    else:
        PLAIN.write_csv(path, separator="\t")
    return path


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "ndjson", "npz", "h5", "hdf5", "tsv", "txt", "dat"])
def test_every_format_gives_the_same_numbers(tmp_path, ending):
    found = read(in_format(tmp_path, ending), ROLES)
    np.testing.assert_allclose(found.data.states, SWING, atol=1e-12)


@pytest.mark.parametrize(
    ("table", "roles"),
    [
        (PLAIN, ROLES),
        (PLAIN.to_dict(as_series=False), ROLES),
        (pandas.DataFrame(PLAIN.to_dict(as_series=False)), ROLES),
        (PLAIN.to_numpy(), Columns(q=("2",), p=("3",), time="1")),
        ({"t": TIMES, "z": SWING}, Columns(q=("z1",), p=("z2",), time="t")),
    ],
    ids=["polars", "mapping", "pandas", "matrix", "matrix in a mapping"],
)
def test_tables_in_memory(table, roles):
    np.testing.assert_allclose(read(table, roles).data.states, SWING, atol=1e-12)


def test_pandas_of_words_and_dates():
    frame = pandas.DataFrame(PLAIN.to_dict(as_series=False))
    frame["who"] = np.repeat(["red", "blue"], 30)
    frame["t"] = pandas.Timestamp("2026-11-25") + pandas.to_timedelta(frame["t"], unit="s")
    found = read(frame, Columns(q=("x",), p=("v",), time="t", trial="who"))
    assert found.data.lengths == (30, 30)
    np.testing.assert_allclose(found.data.times[:30], TIMES[:30], atol=1e-5)


def test_several_files_and_patterns_are_trials(tmp_path):
    for number in (1, 2, 3):
        written(tmp_path, LAYOUTS["comma"], f"swing-{number}.csv")
    assert read(str(tmp_path / "swing-*.csv"), ROLES).data.lengths == (60, 60, 60)
    assert read([tmp_path / "swing-1.csv", tmp_path / "swing-3.csv"], ROLES).data.lengths == (60, 60)


def test_trials_by_words_though_mixed():
    mixed = pl.concat([PLAIN.with_columns(who=pl.lit(who)) for who in ("red", "blue")])
    mixed = mixed[np.random.default_rng(0).permutation(120)]
    found = read(mixed, Columns(q=("x",), p=("v",), time="t", trial="who"))
    assert found.data.lengths == (60, 60)
    np.testing.assert_allclose(found.data.states, np.concatenate([SWING, SWING]), atol=1e-12)
    assert any("sorted" in note for note in found.notes)


def noted(table, roles=ROLES):
    found = read(table, roles)
    return found.data, "; ".join(found.notes)


def test_rows_with_missing_values_are_left_out():
    data, notes = noted(PLAIN.with_columns(x=pl.when(pl.col("t") > 5.5).then(None).otherwise(pl.col("x"))))
    assert data.lengths == (56,)
    assert "4 rows with missing values" in notes


@pytest.mark.parametrize("word", ["NaN", "", "n/a", "-", "NULL"])
def test_every_word_for_missing_is_known(tmp_path, word):
    lines = rows()
    lines[7] = lines[7].split(",")[0] + f", {word} ,0.5"
    assert read(written(tmp_path, text(["t,x,v"], lines)), ROLES).data.lengths == (59,)


def test_unsorted_times_are_sorted():
    data, notes = noted(PLAIN[np.random.default_rng(0).permutation(60)])
    np.testing.assert_allclose(data.states, SWING)
    assert "unsorted" in notes


def test_two_rows_that_changed_places_are_no_second_trial():
    order = np.arange(60)
    order[[30, 31]] = order[[31, 30]]
    data, notes = noted(PLAIN[order])
    assert data.lengths == (60,)
    np.testing.assert_allclose(data.states, SWING)
    assert "unsorted" in notes


def test_rows_of_one_time_are_averaged():
    shifted = PLAIN.with_columns(x=pl.col("x") + 0.5)
    data, notes = noted(pl.concat([PLAIN, shifted[:5]]).sort("t"))
    np.testing.assert_allclose(data.states[:, 0], SWING[:, 0] + np.where(np.arange(60) < 5, 0.25, 0.0))
    assert "5 rows at a time that was there already" in notes


def test_a_clock_that_begins_again_begins_a_trial():
    data, notes = noted(pl.concat([PLAIN, PLAIN, PLAIN]))
    assert data.lengths == (60, 60, 60)
    assert "begin again, 2 times" in notes


def test_angles_that_wrap_go_on():
    turning = np.linspace(0.0, 30.0, 60)
    wrapped = {"t": TIMES, "x": (turning + np.pi) % (2 * np.pi) - np.pi, "v": np.sin(turning)}
    data, notes = noted(wrapped, Columns(q=("x",), p=("v",), time="t", angles=("x",)))
    np.testing.assert_allclose(data.states[:, 0], turning, atol=1e-12)
    assert "x wraps 5 times" in notes


def test_degrees_become_radians():
    table = {"t [s]": TIMES, "x [deg]": np.degrees(SWING[:, 0]), "v [deg/s]": np.degrees(SWING[:, 1])}
    found = read(table, Columns(q=("x",), p=("v",), time="t", angles=("x",)))
    np.testing.assert_allclose(found.data.states, SWING, atol=1e-12)
    assert found.time_unit == "s"
    assert found.data.units == ("rad", "rad/s")


def test_a_constant_step_stands_for_a_column_of_times():
    found = read(PLAIN, Columns(q=("x",), p=("v",), dt=0.1))
    np.testing.assert_allclose(found.data.times, TIMES, atol=1e-12)


def test_dates_become_seconds(tmp_path):
    stamps = [f"2026-11-25 10:00:{second:04.1f}" for second in TIMES]
    lines = [f"{stamp},{x},{v}" for stamp, (x, v) in zip(stamps, SWING, strict=True)]
    found = read(written(tmp_path, text(["t,x,v"], lines)), ROLES)
    np.testing.assert_allclose(found.data.times, TIMES, atol=1e-5)


def test_velocities_become_momenta():
    table = {"t": TIMES, "x": SWING[:, 0], "v": SWING[:, 1], "a": -SWING[:, 0]}
    roles = Columns(q=("x",), velocity=("v",), mass=(2.0,), time="t", dq=("v",), dp=("a",))
    data = read(table, roles).data
    np.testing.assert_allclose(data.states[:, 1], 2 * SWING[:, 1])
    np.testing.assert_allclose(data.derivatives, np.stack([SWING[:, 1], -2 * SWING[:, 0]], axis=1))


def test_positions_alone_get_velocities_that_are_not_believed():
    found = read(PLAIN, Columns(q=("x",), time="t"))
    assert found.observed == (True, False)
    np.testing.assert_allclose(found.data.states[5:-5, 1], SWING[5:-5, 1], atol=1e-3)


def test_derivatives_without_times_stand_alone():
    table = {"x": SWING[:, 0], "v": SWING[:, 1], "a": -SWING[:, 0]}
    found = read(table, Columns(q=("x",), p=("v",), dq=("v",), dp=("a",)))
    assert found.alone
    assert found.data.lengths == (1,) * 60


def test_inputs_are_kept():
    found = read(PLAIN.with_columns(u=pl.lit(3.0)), Columns(q=("x",), p=("v",), time="t", inputs=("u",)))
    assert found.data.inputs.shape == (60, 1)


def test_noise_is_estimated_before_anything_is_fitted():
    noisy = SWING + 0.01 * np.random.default_rng(0).standard_normal(SWING.shape)
    found = read({"t": TIMES, "x": noisy[:, 0], "v": noisy[:, 1]}, ROLES)
    np.testing.assert_allclose(found.noise, 0.01, rtol=0.4)


def test_what_was_understood_is_a_short_table():
    gap = PLAIN.filter((pl.col("t") < 2.0) | (pl.col("t") > 3.0)).rename({"x": "x [m]"})
    said = understood(read(gap, ROLES))
    assert "1 trial" in said
    assert "1 gap" in said
    assert " m" in said
    assert "-0.9991" in said  # the smallest x, at 3.1
    assert len(said.splitlines()) <= 6


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"q": ("x", "y"), "p": ("v",)}, "2 columns for p"),
        ({"q": ("x",), "p": ("v",), "velocity": ("v",)}, "found both"),
        ({"q": (), "p": ()}, "at least one position"),
        ({"q": ("x",), "mass": (1.0,)}, "masses with velocities"),
        ({"q": ("x",), "time": "t", "dt": 0.1}, "found both"),
        ({"q": ("x",), "angles": ("y",)}, "angles out of"),
        ({"q": ("x",), "p": ("v",), "dq": ("v",)}, "one of the two"),
    ],
)
def test_roles_that_contradict_are_refused(roles, message):
    with pytest.raises(InputError, match=message):
        Columns(**roles)


def test_a_comment_sign_alone_is_no_column():
    """The sign is passed over before a name, and an index often has no name."""
    with pytest.raises(InputError, match="expected a column '%'"):
        find_column("%", ["", "t"])


def test_an_unknown_column_is_answered_with_those_there_are():
    with pytest.raises(InputError, match="expected a column 'y', found t, x, v"):
        read(PLAIN, Columns(q=("y",), time="t"))


def test_reading_gives_trajectories():
    assert isinstance(read(PLAIN, ROLES).data, Trajectories)
