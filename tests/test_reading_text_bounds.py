"""Texts of any size are read or refused within memory and time."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from symplect.tables.text import read_text

SCRIPT = r"""
import re, sys, time
from pathlib import Path
from symplect.errors import InputError
from symplect.tables.text import read_text
start = time.process_time()
try:
    table, _ = read_text(Path(sys.argv[1]))
    size = 8 * table.height * table.width
except InputError:
    size = 0
own = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]  # ru_maxrss has that of the parent too
print(size, 1024 * int(own), time.process_time() - start)
"""
GIB = 2**30
SECONDS = 60


def measured(path):
    """Returns bytes of the numbers, the most memory of a process that reads them, and seconds."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, path], capture_output=True, text=True, check=True)
    size, peak, seconds = done.stdout.split()
    return int(size), int(peak), float(seconds)


def two_million_rows(separator, decimal):
    t = np.arange(2_000_000) * 1e-3
    frame = pl.DataFrame({"t": t, "x": np.cos(t), "v": -np.sin(t)})
    text = frame.write_csv(float_precision=9, separator="\t")
    return text.replace(".", decimal).replace("\t", separator)


@pytest.mark.slow
@pytest.mark.parametrize(("separator", "decimal"), [(",", "."), (";", ","), ("   ", ".")])
def test_two_million_rows_fit(tmp_path, separator, decimal):
    path = tmp_path / "long.csv"
    path.write_text(two_million_rows(separator, decimal))
    size, peak, seconds = measured(path)
    assert size == 48_000_000
    assert peak < 1.25 * GIB
    assert seconds < SECONDS


@pytest.mark.slow
@pytest.mark.parametrize(
    ("head", "line", "end"),
    [
        ("", "10\n", ""),
        ("t,x\n", "1,2\n\n", ""),
        ("t,x\n", "# no\n1,2\n", ""),
        ("", "0,1;2\n", ""),
        ("t,x\n", "1,2\n", "1,2,3\n"),
        ("t,x\n", "1,2\n", "Mean,2\n"),
        ("t x\n", "1  2 \n", ""),
        ("t,x\n", '"1,5",2\n', ""),
        ("t,x,w\n", "1,2,a\n", ""),
        ("", "(1, 2)\n", ""),
    ],
)
def test_short_lines_do_not_fill_the_memory(tmp_path, head, line, end):
    path = tmp_path / "short.csv"
    path.write_text(head + line * (100_000_000 // len(line)) + end)
    size, peak, seconds = measured(path)
    assert peak < GIB + 2 * max(size, path.stat().st_size)
    assert seconds < SECONDS


def test_pieces_of_a_text_meet_where_lines_end(tmp_path):
    """Longer than what is changed together, with comments and blanks throughout."""
    count = 300_000
    path = tmp_path / "pieces.txt"
    path.write_text("n  x\n" + "".join(f" {k}   {k}.25\n" + ("# here\n\n" if k % 3 else "") for k in range(count)))
    table = read_text(path)[0]
    np.testing.assert_array_equal(table["n"], np.arange(count))
    np.testing.assert_array_equal(table["x"], np.arange(count) + 0.25)
