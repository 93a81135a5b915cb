"""Rows on disk: what is read is what was written, and a fit that streams them ends as one that has them in memory."""

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
    return RowsOnDisk.write(tmp_path_factory.mktemp("disk") / "rows", pieces([10, 1700]))


@pytest.mark.parametrize("cuts", [[], [1], [0, 3000, 5000]])
def test_what_is_read_is_what_was_written(tmp_path, cuts):
    rows = RowsOnDisk.write(tmp_path / "rows", pieces(cuts))
    assert (len(rows), rows.dimension) == (5000, 4)
    for numbers in (np.arange(5000), RNG.integers(0, 5000, 2500), np.array([], int)):
        states, derivatives = rows.read(numbers)
        np.testing.assert_array_equal(states, STATES[numbers].astype(np.float32))
        np.testing.assert_array_equal(derivatives, DERIVATIVES[numbers].astype(np.float32))


def test_the_files_are_numpys(rows):
    np.testing.assert_array_equal(np.load(rows.folder / "states.npy"), STATES.astype(np.float32))


def test_arrays_of_others_are_read(tmp_path):
    np.save(tmp_path / "states.npy", np.asfortranarray(STATES))
    np.save(tmp_path / "derivatives.npy", DERIVATIVES.astype(">f4"))
    states, derivatives = RowsOnDisk(tmp_path).read(np.array([7, 3]))
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
    folder = tmp_path / "rows"
    short = RowsOnDisk.write(folder, pieces([]))
    with (folder / "states.npy").open("r+b") as file:
        settings = GradientSettings(steps=300, batch_size=30)
        model = HNN(jax.random.key(0), 2, width=8)
        with pytest.raises(InputError, match=r"states\.npy"):
            fit_gradient(
                model,
                short,
                test=rows,
                key=jax.random.key(1),
                settings=settings,
                checkpoint=lambda _: file.truncate(200),
            )


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
    """Two files of 4 GB each, all holes, of which every page that is touched would be charged."""
    header = np.lib.format.header_data_from_array_1_0(np.empty((1, 2), np.float32)) | {"shape": (500_000_000, 2)}
    for name in ("states.npy", "derivatives.npy"):
        with (tmp_path / name).open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            file.truncate(file.tell() + 4_000_000_000)
    done = subprocess.run([sys.executable, "-c", LARGE, tmp_path], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 100  # MB; the rows have 0.3, their pages 160


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
        ([(ONES, ONES[:2])], r"one shape.*\(3, 2\) and \(2, 2\)"),
        ([(ONES[:, :1], ONES[:, :1])], r"one shape.*\(3, 1\)"),
        ([(ONES, ONES), (np.ones((3, 4)), np.ones((3, 4)))], "2 columns.*found 4"),
        ([(ONES, ONES), (ONES, np.nan * ONES)], "found NaN or infinity"),
        ([(ONES, 1e300 * ONES)], "found NaN or infinity"),
    ],
)
def test_what_cannot_be_rows_is_refused_and_leaves_nothing(tmp_path, wrong, said):
    with pytest.raises(InputError, match=said):
        RowsOnDisk.write(tmp_path / "rows", iter(wrong))
    assert not list(tmp_path.iterdir())


def test_pieces_that_end_in_an_error_leave_nothing(tmp_path):
    def broken():
        yield ONES, ONES
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        RowsOnDisk.write(tmp_path / "rows", broken())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"", "states.npy"),
        (b"not numpy", "states.npy"),
        (np.array([{}, {}], object), "Python objects|cannot be memory"),
        (np.ones(6), "one shape"),
        (np.ones((3, 2), bool), "expected real numbers"),
    ],
)
def test_a_folder_of_other_things_is_refused(tmp_path, content, said):
    np.save(tmp_path / "derivatives.npy", ONES)
    if isinstance(content, bytes):
        (tmp_path / "states.npy").write_bytes(content)
    elif content is not None:
        np.save(tmp_path / "states.npy", content)
    with pytest.raises(InputError, match=said):
        RowsOnDisk(tmp_path)
