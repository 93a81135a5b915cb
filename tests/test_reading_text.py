"""Text as instruments, spreadsheets and programs write it: every kind gives the numbers that were printed."""

import numpy as np
import polars as pl
import pytest

from symplect.errors import InputError
from symplect.tables import Columns, read
from symplect.tables.text import read_text

T = np.round(np.arange(80) * 0.05, 3)
X = np.round(1.3 * np.cos(2 * T), 4)
V = np.round(-2.6 * np.sin(2 * T), 4)
TABLE = np.stack([T, X, V], axis=1)
FORM = ("{:.3f}", "{:.4f}", "{:.4f}")


def cells(values=TABLE, forms=FORM, change=str):
    return [[change(form.format(value)) for form, value in zip(forms, row, strict=True)] for row in values]


def lines(separator=",", rows=None, end="\n"):
    return "".join(separator.join(row) + end for row in (cells() if rows is None else rows))


def comma(text):
    return text.replace(".", ",")


def quoted(text):
    return f'"{text}"'


def european(text):
    return text.replace(",", "_").replace(".", ",").replace("_", ".")


LARGE = np.stack([T, 1500 + 1000 * X, 1000 * V], axis=1)
GROUPED = ("{:.3f}", "{:,.1f}", "{:,.1f}")


def serial_monitor():
    stamps = [f"14:05:{33 + time:06.3f} -> " for time in T]
    return "".join(stamp + line for stamp, line in zip(stamps, lines().splitlines(keepends=True), strict=True))


def vernier():
    head = "Vernier Format 2\nuntitled.cmbl 1/2/2026 10:12:07\nRun {}\nTime\tPosition\tVelocity\nt\tx\tv\ns\tm\tm/s\n\n"
    half = len(T) // 2
    first, second = cells(TABLE[:half]), cells(TABLE[:half])
    return head.format(1) + lines("\t", first) + "0\t0\t0\n" + head.format(2) + lines("\t", second)


def horizons(names=True):
    dates = [f"A.D. 2024-Jan-{1 + k // 24:02d} {k % 24:02d}:00:00.0000" for k in range(len(T))]
    rows = [[row[0], date, *row[1:], ""] for row, date in zip(cells(), dates, strict=True)]
    head = " JDTDB, Calendar Date (TDB), X, VX,\n"
    if not names:
        return "JDTDB,Calendar Date (TDB),X,VX,\n" + lines(", ", rows)
    rule = "*" * 60 + "\n"
    title = f"{rule}Target body name: Stone\n"
    return f"{title}{rule}{head}{rule}$$SOE\n{lines(', ', rows)}$$EOE\n{rule}TIME\n\n  in days, said\n"


HEAD = "t,x,v\n"
KINDS = {
    "decimal commas in quotes": ("t,x,v\n" + lines(",", cells(change=lambda c: quoted(comma(c)))), "txv"),
    "quoted cells": ("t;x;v\n" + lines(";", cells(change=quoted)), "txv"),
    "mixed tabs and spaces": ("t\tx v\n" + "".join(f"{a}\t{b} {c}\n" for a, b, c in cells()), "txv"),
    "separators at the ends": ("t,x,v,\n" + lines(end=",\n"), "txv"),
    "separators at the ends of rows": (HEAD + lines(end=",\n"), "txv"),
    "separators at the ends of some rows": (HEAD + lines().replace("\n", ",\n", 3), "txv"),
    "a declared separator": ("sep=;\nt;x;v\n" + lines(";"), "txv"),
    "a declared separator in quotes": ('"sep=|"\nt|x|v\n' + lines("|"), "txv"),
    "names with separators": ('"Time, t (s)","Place, x (m)","Speed, v (m/s)"\n' + lines(), "txv"),
    "names on two lines": ('"t\n(s)","x\n(m)","v\n(m/s)"\n' + lines(), "txv"),
    "names beside units": ("t / s;x / m;v / m/s\n" + lines(";"), "txv"),
    "names and units by words": ("t in s;x in m;v in m/s\n" + lines(";"), "txv"),
    "names in TeX": ("t\tx_{1}\tv_{x}\n" + lines("\t"), ("t", "x_1", "v_x")),
    "strokes for comments": ("// rig 3\n// l = 1, m\n" + HEAD + lines(), "txv"),
    "names in a comment with units": ("# rig 3\n# t (s)\tx (m)\tv (m/s)\n" + lines("\t"), "txv"),
    "names in a comment, wide": ("% rig\n%   t [s]   x [m]   v [m/s]\n" + lines("   "), "txv"),
    "names in a comment with commas": ("%t,x,v\n" + lines(), "txv"),
    "names and units in comments": ("# t x v\n# s m m/s\n" + lines(" "), "txv"),
    "wide names with units": ("   t [s]   x [m]   v [m/s]\n" + lines("   "), "txv"),
    "units in brackets": (HEAD + "(s),(m),(m/s)\n" + lines(), "txv"),
    "units in square brackets": (HEAD + "[s],[m],[m/s]\n" + lines(), "txv"),
    "three lines of names": ("Time,Place,Speed\nt,x,v\ns,m,m/s\n" + lines(), "txv"),
    "three lines, the long names": ("Time,Place,Speed\nt,x,v\ns,m,m/s\n" + lines(), ("Time", "Place", "Speed")),
    "units between names": ("Time,Place,Speed\ns,m,m/s\nt,x,v\n" + lines(), "txv"),
    "keys and values": ("Device,Rig 3,\nDate,2026-11-26,\nRate,20 Hz,\n\n" + HEAD + lines(), "txv"),
    "keys and values, as wide": ("Device,Rig 3,left\nDate,2026-11-26,autumn\n" + HEAD + lines(), "txv"),
    "a name of the track": ("mass_A\t\t\nt\tx\tv\n" + lines("\t"), "txv"),
    "a name of the track alone": ("mass_A\nt\tx\tv\n" + lines("\t"), "txv"),
    "tracks": ("#multi:\n\tmass A\t\t\nt\tx\tv\t\n" + lines("\t", end="\t\n"), "txv"),
    "header that comes again": (HEAD + lines(rows=cells()[:40]) + HEAD + lines(rows=cells()[40:]), "txv"),
    "sum at the end": (HEAD + lines() + "Mean,0.01,0.02\nStd. dev.,0.1,0.2\n", "txv"),
    "words at the end": (HEAD + lines() + "\nEnd of data\n", "txv"),
    "many words at the end": (HEAD + lines() + "so, this, was, it\n", "txv"),
    "a sentence with numbers at the end": ("t x v\n" + lines(" ") + "Loop time of 1.2 on 4 procs\n", "txv"),
    "a table that is drawn": (
        "| t | x | v |\n|---|---|---|\n" + "".join(f"| {' | '.join(row)} |\n" for row in cells()),
        "txv",
    ),
    "a column of remarks that rows leave out": ("t\tx\tv\tComment\n" + lines("\t"), "txv"),
    "minus of typesetters": (HEAD + lines().replace("-", "−"), "txv"),
    "minus of typesetters and decimal commas": ("t;x;v\n" + comma(lines(";")).replace("-", "−"), "txv"),
    "units in cells": (HEAD + "".join(f"{a} s,{b} m,{c} m/s\n" for a, b, c in cells()), "txv"),
    "units in cells, decimal commas": (
        "t;x;v\n" + comma("".join(f"{a} s;{b} m;{c} m/s\n" for a, b, c in cells())),
        "txv",
    ),
    "exponents of Fortran": ("t x v\n" + lines(" ", cells(forms=("{:.4E}",) * 3)).replace("E", "D"), "txv"),
    "zeros at the end of the file": (HEAD + lines() + "\0" * 512, "txv"),
    "a mark of the end of the file": (HEAD + lines() + "\x1a", "txv"),
    "carriage returns alone": ((HEAD + lines()).replace("\n", "\r"), "txv"),
    "an index without a name": (",t,x,v\n" + lines(rows=[[str(k), *row] for k, row in enumerate(cells())]), "txv"),
    "an index that names leave out": (
        "t x v\n" + lines(" ", [[str(k + 1), *row] for k, row in enumerate(cells())]),
        "txv",
    ),
    "spaces around quotes": (HEAD + lines(rows=cells(change=lambda c: f' "{c}" ')), "txv"),
    "white space and quotes": ('"t" "x" "v"\n' + lines(" ", cells(change=quoted)), "txv"),
    "a monitor's clock": (serial_monitor(), "123"),
    "tuples": ("".join(f"({', '.join(row)})\n" for row in cells()), "123"),
    "lists": ("".join(f"[{', '.join(row)}],\n" for row in cells()), "123"),
    "axes of a plot": (
        '# by hand\n@ xaxis label "t (s)"\n@ yaxis label "(nm)"\n@ s0 legend "x"\n@ s1 legend "v"\n' + lines(" "),
        "txv",
    ),
    "attributes": ("@attribute t numeric\n@attribute x real\n@attribute v real\n@data\n" + lines(), "txv"),
    "ephemeris": (horizons(), ("JDTDB", "X", "VX")),
    "ephemeris, cut out": (horizons(names=False), ("JDTDB", "X", "VX")),
    "old code page": ("t,x,v,Größe\n" + lines(end=",1\n"), "txv"),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_gives_the_numbers_that_were_printed(tmp_path, kind):
    text, (time, q, p) = KINDS[kind]
    path = tmp_path / "swing.txt"
    path.write_bytes(text.encode("cp1252" if kind == "old code page" else "utf-8"))
    data = read(path, Columns(q=(q,), p=(p,), time=time)).data
    np.testing.assert_array_equal(np.column_stack([data.times, data.states]), TABLE)


@pytest.mark.parametrize(
    ("text", "separators"),
    [
        ("t,x,v\n" + lines(",", [[a, quoted(b), quoted(c)] for a, b, c in cells(LARGE, GROUPED)]), True),
        ("t;x;v\n" + lines(";", cells(LARGE, GROUPED, european)), True),
        ("t\tx\tv\n" + lines("\t", cells(LARGE, GROUPED)), True),
        ("t\tx\tv\n" + lines("\t", cells(LARGE, GROUPED, lambda c: c.replace(",", "'"))), True),
        ("t\tx\tv\n" + lines("\t", cells(LARGE, GROUPED, lambda c: c.replace(",", "\u202f").replace(".", ","))), True),
        ("t\tx\tv\n" + lines("\t", cells(LARGE, ("{:.3f}", "{:.1f}", "{:.1f}"))), False),
    ],
    ids=["quotes", "european", "tabs", "apostrophes", "thin spaces", "none"],
)
def test_thousands(tmp_path, text, separators):
    path = tmp_path / "large.csv"
    path.write_text(text, encoding="utf-8")
    found = read(path, Columns(q=("x",), p=("v",), time="t"))
    np.testing.assert_allclose(found.data.states, LARGE[:, 1:], atol=1e-9)
    assert any("separators of thousands in x" in note for note in found.notes) == separators


def with_cell(cell, column=1, forms=FORM, separator="\t", change=str):
    rows = cells(forms=forms, change=change)
    rows[10][column] = cell
    return "t\tx\tv\n".replace("\t", separator) + lines(separator, rows)


@pytest.mark.parametrize(
    "text",
    [
        with_cell("1,234"),
        with_cell("1,234", forms=("{:.3f}", "{:.0f}", "{:.4f}")),
        with_cell("1,2,3", change=european, separator=";"),
        with_cell("0,5"),
        with_cell("1.000,5", separator=";"),
        with_cell("5 kg", separator=","),
        with_cell("−−1", separator=","),
    ],
)  # fmt: skip
def test_a_cell_that_may_mean_another_number_is_refused_and_named(tmp_path, text):
    path = tmp_path / "odd.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"column 'x' of odd.tsv, found .* in row 11"):
        read(path, Columns(q=("x",), p=("v",), time="t"))


def test_a_decimal_comma_stays_one_where_all_cells_have_three_digits(tmp_path):
    values = np.round(2 + X, 3)
    path = tmp_path / "three.tsv"
    path.write_text("n\tx\n" + "".join(f"{k}\t{comma(f'{value:.3f}')}\n" for k, value in enumerate(values)))
    np.testing.assert_array_equal(read_text(path)[0]["x"], values)


def test_a_column_of_decimal_commas_may_stand_alone(tmp_path):
    path = tmp_path / "alone.txt"
    path.write_text("x\n" + comma(lines(rows=[[row[1]] for row in cells()])))
    np.testing.assert_array_equal(read_text(path)[0]["x"], X)


def test_words_that_nobody_asks_for_do_not_matter(tmp_path):
    path = tmp_path / "words.csv"
    path.write_text(
        "note,t,x,v\n" + "".join(f'"{k}, odd ""word""",{line}' for k, line in enumerate(lines().splitlines(True)))
    )
    found = read(path, Columns(q=("x",), p=("v",), time="t"))
    np.testing.assert_array_equal(found.data.states, TABLE[:, 1:])
    assert read_text(path)[0]["note"][3] == '3, odd "word"'


def test_missing_last_cells_are_missing_values(tmp_path):
    rows = [row[: 2 if k % 20 == 0 else 3] for k, row in enumerate(cells())]
    path = tmp_path / "ragged.csv"
    path.write_text(HEAD + lines(rows=rows))
    found = read(path, Columns(q=("x",), p=("v",), time="t"))
    np.testing.assert_array_equal(found.data.times, np.delete(T, [0, 20, 40, 60]))
    assert "4 rows with missing values left out" in found.notes


def test_parts_below_one_another_are_trials(tmp_path):
    path = tmp_path / "parts.txt"
    path.write_text(vernier())
    found = read(path, Columns(q=("Position",), p=("v",), time="Time"))
    assert found.data.lengths == (40, 40)
    np.testing.assert_array_equal(found.data.states, np.concatenate([TABLE[:40, 1:]] * 2))
    assert (found.time_unit, found.data.units) == ("s", ("m", "m/s"))
    assert "1 row of zeros that close a part left out" in found.notes


def test_tracks_give_their_names_to_columns(tmp_path):
    path = tmp_path / "tracks.txt"
    rows = [[t, x, v, v, x, ""] for t, x, v in cells()]
    path.write_text("#multi:\n\tmass A\t\tmass B\t\t\t\nt\tx\tvx\tx\tvx\t\n" + lines("\t", rows))
    table, _ = read_text(path)
    assert table.columns == ["t", "mass A x", "mass A vx", "mass B x", "mass B vx"]
    np.testing.assert_array_equal(table.to_numpy(), TABLE[:, [0, 1, 2, 2, 1]])


def test_curves_of_a_plot_have_the_unit_of_its_axis(tmp_path):
    path = tmp_path / "bond.xvg"
    head = '# by hand\n@    xaxis  label "Time (ps)"\n@    yaxis  label "Distance (nm)"\n@ s0 legend "r"\n'
    path.write_text(head + lines("  ", [row[:2] for row in cells()]))
    assert read_text(path)[0].columns == ["Time (ps)", "Distance (r) [nm]"]
    for name in ("r", "Distance", "2"):
        found = read(path, Columns(q=(name,), time="Time"))
        np.testing.assert_array_equal(found.data.states[:, 0], X)
        assert (found.time_unit, found.data.units[0]) == ("ps", "nm")


def test_long_integers_keep_all_digits(tmp_path):
    stamps = [1_700_000_000_123_456_789 + 1001 * k for k in range(50)]
    path = tmp_path / "stamps.csv"
    path.write_text("%time,x\n" + "".join(f"{stamp},{k}.5\n" for k, stamp in enumerate(stamps)))
    assert read_text(path)[0]["time"].to_list() == stamps


def test_the_clock_of_a_serial_monitor_is_kept(tmp_path):
    path = tmp_path / "serial.txt"
    path.write_text(serial_monitor())
    table, _ = read_text(path)
    assert table["4"][:2].to_list() == ["14:05:33.000", "14:05:33.050"]


def test_the_line_that_is_too_long_is_named(tmp_path):
    path = tmp_path / "long.csv"
    for separator in (",", ";", " "):
        rows = cells()
        rows[6] += ["7.5"]
        head = "# a comment\n" + separator.join("txv") + "\n"
        path.write_text(head + lines(separator, rows[:3]) + "# more\n\n" + lines(separator, rows[3:]))
        with pytest.raises(InputError, match="3 columns in every line, found 4 in line 11: mend the line"):
            read_text(path)


def test_an_ephemeris_without_commas_is_answered_with_the_remedy(tmp_path):
    path = tmp_path / "planet.txt"
    path.write_text("***\n$$SOE\n2460310.5 = A.D. 2024-Jan-01\n X = 8.0E-01 Y = 0.0\n$$EOE\n")
    with pytest.raises(InputError, match=r"in line 3: ask Horizons for CSV format"):
        read_text(path)


@pytest.mark.parametrize("seed", range(4))
def test_the_same_numbers_come_from_the_fast_and_the_slow_way(tmp_path, seed):
    values = np.random.default_rng(seed).normal(0, 10.0 ** (seed - 2), (500, 3))
    path = tmp_path / "table.csv"
    body = "".join(",".join(map(repr, row)) + "\n" for row in values.tolist())
    path.write_text(HEAD + body)
    fast = read_text(path)[0]
    path.write_text(HEAD + body + "Mean,0.1,0.2\n")
    slow, notes = read_text(path)
    assert notes
    assert fast.dtypes == [pl.Float64] * 3
    np.testing.assert_array_equal(fast.to_numpy(), values)
    assert slow.equals(fast)
