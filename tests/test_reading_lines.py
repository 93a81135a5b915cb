"""What cannot be read is named by its row and, where the file has lines, by the line to mend."""

import gzip
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from symplect.errors import InputError
from symplect.tables import Columns, read
from tests.test_reading_text import HEAD, X, cells, comma, lines, quoted

BAD = "0.12 apples"
ROLES = Columns(q=("x",), p=("v",), time="t")


def rows(bad=BAD, **how):
    """Returns the cells of a table, of which one in the eleventh row is no number."""
    found = cells(**how)
    found[10][1] = bad
    return found


def between(*said):
    """Returns lines, with others between the fourth and the fifth."""
    every = lines(rows=rows()).splitlines(keepends=True)
    return "".join([*every[:4], *said, *every[4:]])


NOTED = [[*row, '"two\nlines, quoted"' if k in (2, 5) else "one"] for k, row in enumerate(rows())]
SIDES = [[a, b, c, *rest] for (a, b, c), rest in zip(cells(), [row[1:] for row in rows()], strict=True)]

TEXTS = {
    "plain": HEAD + lines(rows=rows()),
    "huge": HEAD + lines(rows=rows("1e200")),
    "no header": lines(rows=rows()),
    "comments above": "# rig 3\n# l = 1 m\n\n" + HEAD + lines(rows=rows()),
    "comments between": HEAD + between("# paused\n", "  // and on\n"),
    "blank lines between": HEAD + between("\n", "   \n", "\n"),
    "huge, comments between": HEAD + between("# paused\n", "\n").replace(BAD, "-1e120"),
    "two lines of header": HEAD + "s,m,m/s\n" + lines(rows=rows()),
    "three lines of header": "Time,Angle,Speed\n" + HEAD + "s,m,m/s\n" + lines(rows=rows()),
    "line break in the header": 't,x,v,"a\nnote"\n' + lines(rows=[[*row, "one"] for row in rows()]),
    "line breaks in cells": "t,x,v,note\n" + lines(rows=NOTED),
    "line breaks in cells, comments between": "t,x,v,note\n# at once\n" + lines(rows=NOTED[:4]) + "\n\n" + lines(
        rows=NOTED[4:]
    ),
    "spaces around quotes": HEAD + "# at once\n" + lines(rows=rows(f' "{BAD}" ', change=lambda cell: f' "{cell}" ')),
    "quotes": HEAD + lines(rows=rows(f'"{BAD}"', change=quoted)),
    "a sentence between": HEAD + between("so, this, was, it, for, now\n"),
    "header that comes again": HEAD + between(HEAD),
    "sum at the end": HEAD + between("\n") + "Mean,0.1,0.2\n",
    "title": "My swing\nof March\n\n" + HEAD + lines(rows=rows()),
    "declared": "sep=;\n" + HEAD.replace(",", ";") + lines(";", rows()),
    "decimal commas": HEAD.replace(",", ";") + lines(";", rows(change=comma)),
    "tabs": HEAD.replace(",", "\t") + lines("\t", rows()),
    "blanks": "t x v\n" + "".join(f"  {a}   {b}\t{c}\n" for a, b, c in rows("apples")),
    "carriage returns": (HEAD + between("# paused\n", "\n")).replace("\n", "\r\n"),
    "carriage returns alone": (HEAD + between("# paused\n")).replace("\n", "\r"),
    "brackets": HEAD + "".join(f"({line})\n" for line in lines(rows=rows()).splitlines()),
    "no line end": (HEAD + lines(rows=rows())).rstrip("\n"),
}  # fmt: skip


def bad_line(text):
    ends = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    (found,) = (number for number, line in enumerate(ends, 1) if any(bad in line for bad in ("apples", "e200", "e120")))
    return found


@pytest.mark.parametrize("kind", TEXTS)
@pytest.mark.parametrize("packed", [False, True])
def test_a_cell_is_named_by_its_line(tmp_path, kind, packed):
    path, content = tmp_path / ("swing.csv.gz" if packed else "swing.csv"), TEXTS[kind].encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    roles = Columns(q=("2",), p=("3",), time="1")
    with pytest.raises(InputError, match=rf"found .* in row 11 \(line {bad_line(TEXTS[kind])}\): mend it"):
        read(path, roles)


def test_a_time_is_named_by_its_line(tmp_path):
    stamps = [str(datetime(2026, 3, 1) + timedelta(seconds=second)) for second in range(len(X))]
    stamps[7] = "2026-02-30 00:00:07"
    body = "".join(f"{stamp},{k % 7}\n" for k, stamp in enumerate(stamps))
    (tmp_path / "a.csv").write_text("# rig\nt,x\n" + body.replace("\n", "\n\n"))
    with pytest.raises(InputError, match=r"'2026-02-30 00:00:07' in row 8 \(line 17\), which is no date"):
        read(tmp_path / "a.csv", Columns(q=("x",), time="t"))


def test_runs_side_by_side_are_named_by_the_rows_of_the_file(tmp_path):
    one, two = cells(), rows()
    one[3:] = [["", "", ""] for _ in one[3:]]
    head = ",".join(f"{name} Run #{run}" for run in (1, 2) for name in "txv") + "\n"
    text = "# rig\n" + head + lines(rows=[a + b for a, b in zip(one, two, strict=True)])
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=rf"in row 11 \(line {bad_line(text)}\): mend it"):
        read(tmp_path / "a.csv", ROLES)


def test_a_table_without_lines_is_named_by_its_row_alone(tmp_path):
    x = np.where(np.arange(len(X)) == 10, 1e200, X)
    frame = pl.DataFrame({"t": np.arange(len(X)) * 0.05, "x": x, "v": x})
    frame.write_parquet(tmp_path / "a.parquet")
    np.savez(tmp_path / "a.npz", **frame.to_dict(as_series=False))
    for source in (frame, tmp_path / "a.parquet", tmp_path / "a.npz"):
        with pytest.raises(InputError, match=r"in row 11: mend it"):
            read(source, ROLES)


@pytest.mark.parametrize("kind", ["plain", "comments between", "a sentence between"])
def test_a_line_that_is_too_long_is_named(tmp_path, kind):
    text = TEXTS[kind].replace(BAD, "1.0, 2.0, 3.0")
    line = next(number for number, line in enumerate(text.split("\n"), 1) if "1.0, 2.0" in line)
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(InputError, match=rf"3 columns in every line, found 5 in line {line}: mend the line"):
        read(tmp_path / "a.csv", ROLES)
