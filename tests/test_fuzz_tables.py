"""Whatever is done to a table, it is read right or refused in one line, soon and within memory."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.mutations import ROWS, Table, broken, damaged, headed, noisy_text, oversized, whole_files, written
from tests.table_reader import TableReader, fault

WRITTEN, DAMAGED, HEADED, NOISY, BROKEN = 150, 300, 120, 150, 60  # tables of each kind, and of each binary format
_ALIKE = 25  # characters by which faults are of one kind

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def reader() -> Iterator[TableReader]:
    found = TableReader()
    yield found
    found.close()


def faults(reader: TableReader, tables: list[Table]) -> str:
    """Return what is wrong with tables: a line for every kind of fault, with their number and one example."""
    found: dict[str, list[str]] = {}
    for table in tables:
        if fault := reader.fault(table):
            found.setdefault(fault[:_ALIKE], []).append(f"{table.label[:200]}: {fault[:600]}")
    return "\n".join(f"{len(alike)} times, as {alike[0]}" for alike in found.values())


def test_there_are_a_thousand():
    assert WRITTEN + DAMAGED + HEADED + NOISY + BROKEN * len(whole_files()) >= 1000


@pytest.mark.parametrize(
    ("make", "count"), [(written, WRITTEN), (damaged, DAMAGED), (headed, HEADED), (noisy_text, NOISY)]
)
def test_texts(reader, make, count):
    found = faults(reader, [make(seed) for seed in range(count)])
    assert not found, f"\n{found}"


@pytest.mark.parametrize("ending", whole_files())
def test_broken_files(reader, ending):
    whole = whole_files()[ending]
    found = faults(reader, [broken(ending, whole, seed) for seed in range(BROKEN)])
    assert not found, f"\n{found}"


def test_files_that_become_large(reader):
    found = faults(reader, oversized())
    assert not found, f"\n{found}"


def test_a_false_sample_is_found(tmp_path):
    """The judge itself: a whole table has no fault, and one with a digit changed has."""
    rows = [",".join(map(str, row)) for row in ROWS.tolist()]
    whole = Table("whole", "table.csv", "\n".join(["t,x,v", *rows]).encode())
    assert fault(whole, tmp_path) == ""
    rows[7] = f"{ROWS[7, 0]},{ROWS[7, 1] + 1e-3},{ROWS[7, 2]}"
    changed = Table("changed", "table.csv", "\n".join(["t,x,v", *rows]).encode())
    assert fault(changed, tmp_path) == "1 samples that were never written"


def test_the_same_seed_gives_the_same_table():
    assert damaged(5) == damaged(5)
    assert len({damaged(seed).content for seed in range(50)}) == 50
    assert np.all(np.isfinite(ROWS))
