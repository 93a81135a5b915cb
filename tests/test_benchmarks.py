"""What the benchmarks remember."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))  # scripts, not a package

from _results import machine, tell


@pytest.fixture
def past(tmp_path, monkeypatch):
    """Returns where results go, with `--record` on the command line of the script."""
    monkeypatch.setattr(sys, "argv", ["script.py", "--record"])
    return tmp_path / "results.json"


def test_the_first_run_is_recorded_with_median_quartiles_and_machine(past):
    tell("ratio", np.array([1.0, 2.0, 3.0, 4.0, 5.0]), past=past)
    recorded = json.loads(past.read_text())["ratio"]
    assert (recorded["median"], recorded["quartiles"]) == (3.0, [2.0, 4.0])
    assert recorded["machine"] == machine()


def test_nothing_is_written_without_being_asked(past, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["script.py"])
    tell("ratio", np.ones(3), past=past)
    assert not past.exists()


def test_recording_one_ratio_keeps_the_others(past):
    tell("one", np.ones(3), past=past)
    tell("other", np.ones(3), past=past)
    assert list(json.loads(past.read_text())) == ["one", "other"]


@pytest.mark.parametrize(
    ("better", "factor", "worse"),
    [("higher", 0.8, True), ("higher", 1.25, False), ("lower", 1.25, True), ("lower", 0.8, False)],
)
def test_a_change_beyond_the_spread_is_named_when_it_is_for_the_worse(past, capsys, better, factor, worse):
    values = np.array([0.99, 1.0, 1.01])
    tell("ratio", values, better=better, past=past)
    capsys.readouterr()
    tell("ratio", factor * values, better=better, past=past)
    assert ("WORSE than 1," in capsys.readouterr().out) == worse


def test_a_change_within_the_spread_is_not_named(past, capsys):
    values = np.array([0.8, 1.0, 1.2])
    tell("ratio", values, past=past)
    capsys.readouterr()
    tell("ratio", 0.8 * values, past=past)
    assert "WORSE" not in capsys.readouterr().out
