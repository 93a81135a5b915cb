"""The table of trials: its truths are true, and its judge tells right from wrong."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent.parent / "benchmarks"))  # scripts, not a package

from own_data import SITUATIONS
from own_data.judge import RIGHT, UNKNOWN, WRONG, Outcome, claimed_energy, claimed_rates, judged
from own_data.situation import Truth, frequency, loss_range, paths
from own_data_trials import page, summary

from symplect.tables import Columns, read

FITTED = Outcome("fitted", "Energy is conserved.", "Hamiltonian", "conserved", None, 2.0, 0.01)
LOST = replace(FITTED, said="lost", energy="lost", rates=(0.2, 0.2, 0.01))
REFUSED = Outcome("refused", "expected x to vary, found the same value")


def test_there_are_enough_of_every_kind():
    truths = [situation.make().truth for situation in list(SITUATIONS.values())[::9]]
    assert len(SITUATIONS) >= 64
    assert {truth.conserved for truth in truths} == {True, False, None}


@pytest.mark.slow
@pytest.mark.parametrize("name", SITUATIONS)
def test_every_situation_can_be_made_and_is_the_same_again(name):
    made = SITUATIONS[name].make()
    assert made.files == SITUATIONS[name].make().files or name == "gzip"  # which holds the time
    assert made.truth.frequency is None or made.truth.frequency > 0
    assert made.truth.loss is None or 0 < made.truth.loss[0] <= made.truth.loss[1]


def test_the_frequency_of_a_spring_is_that_of_its_stiffness():
    times = np.arange(0.0, 30.0, 0.1)
    ((_, states),) = paths(lambda t, z: [z[1], -5.0 * z[0]], [(0.7, 0.2)], times)
    assert frequency(times, states[:, 0]) == pytest.approx(np.sqrt(5.0), rel=1e-4)
    assert frequency(times, states[:, 0] + 40.0) == pytest.approx(np.sqrt(5.0), rel=1e-4)
    assert frequency(times, times) is None


def test_the_loss_of_linear_friction_is_its_rate_and_that_of_drag_is_a_range():
    times = np.arange(0.0, 30.0, 0.05)
    swings = paths(lambda t, z: [z[1], -4.0 * z[0] - 0.1 * z[1]], [(1.0, 0.0)], times)
    assert loss_range(swings, lambda v: 0.1 * v, 63) == pytest.approx((0.1, 0.1))
    low, high = loss_range(swings, lambda v: 0.1 * v * np.abs(v), 63)
    # over a period of a cosine, <|v|^3> / <v^2> is 8 / (3 pi) of the largest speed, which falls from 2 by e^(-t/20)
    assert high == pytest.approx(0.1 * 8 / (3 * np.pi) * 2 * np.exp(-1.6 / 20), rel=0.03)
    assert low == pytest.approx(0.1 * 8 / (3 * np.pi) * 2 * np.exp(-28.4 / 20), rel=0.03)


@pytest.mark.parametrize("name", ["spring in mm and ms", "LC circuit in SI units", "RLC circuit in SI units"])
def test_velocities_are_those_of_the_positions_in_every_unit(name, tmp_path):
    made, call = SITUATIONS[name].make(), SITUATIONS[name].call
    (tmp_path / "record.csv").write_bytes(made.files["record.csv"])
    columns = Columns(q=(call["q"],), velocity=(call["velocity"],), time=call["time"], trial=call.get("trial"))
    trial = read(tmp_path / "record.csv", columns).data[0]
    slope = np.gradient(trial.states[:, 0], trial.times)
    factor = np.sum(slope * trial.states[:, 1]) / np.sum(trial.states[:, 1] ** 2)
    assert factor == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(
    ("outcome", "truth", "expected"),
    [
        (FITTED, Truth(True, 2.01), RIGHT),
        (FITTED, Truth(True, 2.1), WRONG),
        (replace(FITTED, said="predictions are poor"), Truth(True, 2.1), UNKNOWN),
        (replace(FITTED, frequency=None), Truth(True, 2.0), WRONG),
        (FITTED, Truth(False), WRONG),
        (replace(FITTED, energy="unknown"), Truth(False), UNKNOWN),
        (replace(FITTED, energy="unknown"), Truth(None), RIGHT),
        (FITTED, Truth(True, says=("one orbit",)), WRONG),
        (replace(FITTED, said="From one orbit only."), Truth(True, says=("one orbit",)), RIGHT),
        (LOST, Truth(True), WRONG),
        (LOST, Truth(False, loss=(0.22, 0.22)), RIGHT),
        (LOST, Truth(False, loss=(0.24, 0.24)), WRONG),
        (LOST, Truth(False), WRONG),
        (replace(LOST, rates=(0.1, 0.4, 0.0)), Truth(False, loss=(0.15, 0.3)), RIGHT),
        (replace(LOST, rates=(0.01, 0.4, 0.0)), Truth(False, loss=(0.15, 0.3)), WRONG),
        (replace(LOST, energy="changed", rates=None), Truth(False), RIGHT),
        (replace(FITTED, warned=("RuntimeWarning: overflow",)), Truth(True, 2.0), WRONG),
        (replace(FITTED, said="as scipy says"), Truth(True, 2.0), WRONG),
        (REFUSED, Truth(True, refused=True, says=("vary",)), RIGHT),
        (REFUSED, Truth(True), UNKNOWN),
        (replace(REFUSED, said="polars: ComputeError"), Truth(True), WRONG),
        (Outcome("failed", "no end in 200 s"), Truth(None), WRONG),
    ],
)
def test_the_judge(outcome, truth, expected):
    assert judged(outcome, truth)[0] == expected


class Verdict:
    """What a fit says in words alone."""

    def __init__(self, verdict, **metrics):
        self.verdict, self.metrics = verdict, metrics


class Attributed(Verdict):
    """What a fit says by an attribute."""

    conserves = False


def test_claims_are_read_from_words_and_from_attributes():
    assert claimed_energy(Verdict("Energy is conserved, as far as these data tell.")) == "conserved"
    assert claimed_energy(Verdict("Energy is not conserved: 3 ± 1 % of it are lost.", loss_rate=0.03)) == "lost"
    assert claimed_energy(Verdict("Energy is not conserved, and not lost by friction alone.", loss_rate=9)) == "changed"
    assert claimed_energy(Verdict("The model is a plain vector field.")) == "unknown"
    assert claimed_energy(Attributed("", loss_rate=0.1)) == "lost"
    assert claimed_energy(Attributed("Energy is conserved")) == "changed"
    assert claimed_rates({"loss_rate_low": 0.1, "loss_rate_high": 0.3}, "lost") == (0.1, 0.3, 0.0)
    assert claimed_rates({"loss_rate": 0.1, "loss_rate_error": 0.01}, "lost") == (0.1, 0.1, 0.01)
    assert claimed_rates({"loss_rate": 0.1, "loss_rate_error": 0.01}, "conserved") is None


def test_the_page_counts_what_it_lists():
    text = page({"pickle": REFUSED, "free fall": FITTED})
    assert "**1 RIGHT, 1 UNKNOWN, 0 WRONG**" in text
    assert text.count("\n| ") == 3
    assert summary(FITTED) == "Hamiltonian: Energy is conserved."
