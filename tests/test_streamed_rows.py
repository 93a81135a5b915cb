"""Rows on disk: what is read is what was written, and a fit that streams them ends as one that has them in memory."""

import os
import subprocess
import sys
import threading

import equinox as eqx
import jax
import numpy as np
import pytest

from symplect import HNN, GradientSettings, Trajectories, fit_gradient
from symplect.data import RowsOnDisk
from symplect.errors import InputError
from symplect.fitting.batches import _ahead

RNG = np.random.default_rng(0)
STATES, DERIVATIVES = RNG.normal(size=(2, 5000, 4))


def pieces(cuts):
    return zip(np.split(STATES, cuts), np.split(DERIVATIVES, cuts), strict=True)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return RowsOnDisk.write(tmp_path_factory.mktemp("disk") / "rows.npy", pieces([10, 1700]))


@pytest.mark.parametrize("cuts", [[], [1], [0, 3000, 5000]])
def test_what_is_read_is_what_was_written(tmp_path, cuts):
    rows = RowsOnDisk.write(tmp_path / "rows.npy", pieces(cuts))
    assert (len(rows), rows.dimension) == (5000, 4)
    for numbers in (np.arange(5000), RNG.integers(0, 5000, 2500), np.array([], int)):
        states, derivatives = rows.read(numbers)
        np.testing.assert_array_equal(states, STATES[numbers].astype(np.float32))
        np.testing.assert_array_equal(derivatives, DERIVATIVES[numbers].astype(np.float32))


@pytest.mark.parametrize("kind", ["<f4", ">f8"])
def test_the_files_are_numpys(rows, tmp_path, kind):
    both = np.hstack([STATES, DERIVATIVES])
    np.testing.assert_array_equal(np.load(rows.path), both.astype(np.float32))
    np.save(tmp_path / "own.npy", both.astype(kind))
    states, derivatives = RowsOnDisk(tmp_path / "own.npy").read(np.array([7, 3]))
    np.testing.assert_array_equal(states, STATES[[7, 3]].astype(np.float32))
    np.testing.assert_array_equal(derivatives, DERIVATIVES[[7, 3]].astype(np.float32))


def fit(data, **how):
    settings = GradientSettings(steps=250, batch_size=30)
    return fit_gradient(HNN(jax.random.key(0), 2, width=8), data, key=jax.random.key(1), settings=settings, **how)


def test_a_streamed_fit_ends_in_the_same_numbers_as_one_in_memory(rows):
    in_memory = fit(Trajectories(np.zeros(5000), STATES, (1,) * 5000, DERIVATIVES))
    states = []
    for streamed in (fit(rows, checkpoint=states.append), fit(rows, resume=states[0])):
        assert eqx.tree_equal(streamed.model, in_memory.model)
        np.testing.assert_array_equal(streamed.history, in_memory.history)


def test_the_next_chunk_is_made_while_this_one_is_used_and_no_later_one():
    made, second = [], threading.Event()

    def make(chunk):
        made.append(chunk)
        if chunk == range(1, 2):
            second.set()
        return chunk

    chunks = [range(i, i + 1) for i in range(4)]
    coming = _ahead(make, chunks)
    assert next(coming) == chunks[0]
    assert second.wait(timeout=10)
    assert made == chunks[:2]
    assert list(coming) == chunks[1:]
    assert list(_ahead(make, [])) == []


def test_what_fails_while_reading_ahead_is_said(rows, tmp_path):
    short = RowsOnDisk.write(tmp_path / "short.npy", pieces([]))
    with pytest.raises(InputError, match=r"short\.npy"):
        fit(short, test=rows, checkpoint=lambda _: os.truncate(short.path, 200))


LARGE = """
import resource, sys
from pathlib import Path
import numpy as np
from symplect.data import RowsOnDisk
rows = RowsOnDisk(Path(sys.argv[1]))
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
rows.read(np.arange(10))
before = peak()
for seed in range(3):
    rows.read(np.sort(np.random.default_rng(seed).integers(0, len(rows), 20_000)))
print(peak() - before)
"""


def test_reading_takes_memory_for_what_is_read_and_not_for_the_file(tmp_path):
    """A file of 8 GB, all holes, of which a process that maps it is charged for what lies around a row."""
    header = np.lib.format.header_data_from_array_1_0(np.empty((1, 4), np.float32)) | {"shape": (500_000_000, 4)}
    with (tmp_path / "rows.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 8_000_000_000)
    command = [sys.executable, "-c", LARGE, tmp_path / "rows.npy"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 50  # MB; their pages have 240


def test_a_fit_of_all_rows_at_once_is_refused(rows):
    with pytest.raises(InputError, match="expected a batch size for rows on disk"):
        fit_gradient(HNN(jax.random.key(0), 2, width=8), rows, key=jax.random.key(1))


def test_rows_of_another_dimension_are_refused(rows):
    with pytest.raises(InputError, match="2 coordinates, found 4"):
        fit_gradient(HNN(jax.random.key(0), 1, width=8), rows, key=jax.random.key(1))


ONES = np.ones((3, 2))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ([], "expected rows.*found none"),
        ([(ONES[:0], ONES[:0])], "expected rows.*found none"),
        ([(ONES, ONES[:2])], r"the same for.*\(3, 2\) and \(2, 2\)"),
        ([(ONES[:, :1], ONES[:, :1])], r"even number.*\(3, 1\)"),
        ([(ONES, ONES), (np.ones((3, 4)), np.ones((3, 4)))], r"the same for.*\(3, 4\)"),
        ([(ONES, ONES), (ONES, np.nan * ONES)], "float32 can hold"),
        ([(ONES, 1e300 * ONES)], "float32 can hold"),
    ],
)
def test_what_cannot_be_rows_is_refused_and_leaves_nothing(tmp_path, wrong, said):
    with pytest.raises(InputError, match=said):
        RowsOnDisk.write(tmp_path / "rows.npy", iter(wrong))
    assert not list(tmp_path.iterdir())


def test_pieces_that_end_in_an_error_leave_nothing(tmp_path):
    def broken():
        yield ONES, ONES
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        RowsOnDisk.write(tmp_path / "rows.npy", broken())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"", "found No data"),
        (b"not numpy", "make it with RowsOnDisk.write"),
        (np.array([{}, {}], object), "Python objects|cannot be memory"),
        (np.ones(6), r"shape \(6,\)"),
        (np.ones((3, 6)), r"shape \(3, 6\)"),
        (np.ones((3, 4), bool), "found bool"),
        (np.asfortranarray(np.ones((3, 4))), "one after another"),
        (np.ones((0, 4)), "between 1 and .* found 0"),
    ],
)
def test_a_file_of_other_things_is_refused(tmp_path, content, said):
    path = tmp_path / "rows.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        np.save(path, content)
    with pytest.raises(InputError, match=said):
        RowsOnDisk(path)
