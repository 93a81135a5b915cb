"""Metrics on paths whose numbers are known."""

import numpy as np
import pytest

from symplect.evaluation import metrics

TIMES = np.linspace(0.0, 20.0, 400)


def swing(omega, growth=0.0, phase=0.3):
    amplitude, angle = np.exp(growth * TIMES), omega * TIMES + phase
    return np.stack([amplitude * np.sin(angle), amplitude * np.cos(angle)], axis=1)[None]


def test_equal_paths_have_the_smallest_error():
    assert metrics.rollout_error(swing(2.0), swing(2.0)) == pytest.approx(1e-7)


def test_opposite_paths_have_error_one():
    assert metrics.rollout_error(swing(2.0), -swing(2.0)) == pytest.approx(1.0)


def test_a_prediction_is_valid_until_it_is_far():
    truth = np.concatenate([swing(1.0)] * 3)
    late = truth.copy()
    late[0, 100:] += 0.3 * 2  # two thirds of the amplitude, in both coordinates
    late[1, 200:] = np.nan
    assert metrics.valid_prediction_time(TIMES, truth, truth) == TIMES[-1]
    assert metrics.valid_prediction_time(TIMES, truth[:2], late[:2]) == (TIMES[100] + TIMES[200]) / 2
    assert metrics.valid_prediction_time(TIMES, truth, late) == TIMES[200]


def test_states_at_rest_divide_nothing_by_zero():
    rest = np.zeros((1, 5, 2))
    assert metrics.rollout_error(rest, rest) == pytest.approx(1e-7)


def test_a_path_that_left_the_finite_numbers_has_no_error():
    lost = swing(2.0)
    lost[0, 300:] = np.nan
    assert np.isnan(metrics.rollout_error(swing(2.0), lost))


def test_energy_errors_are_mean_squares():
    truth = np.ones((2, 4))
    np.testing.assert_allclose(metrics.energy_errors(truth, truth + np.array([[0.1], [0.2]])), [0.01, 0.04])


def test_a_leak_has_a_slope_and_an_oscillation_has_none():
    leak = (1 - 0.01 * TIMES)[None]
    slope, largest = metrics.energy_drift(TIMES, leak)
    assert slope == pytest.approx(0.01)
    assert largest == pytest.approx(0.2)
    bounded = (1 + 0.1 * np.sin(50 * TIMES))[None]
    slope, largest = metrics.energy_drift(TIMES, bounded)
    assert slope < 1e-3
    assert largest == pytest.approx(0.1, rel=0.01)


def test_a_drift_may_be_relative_to_a_scale():
    shifted = np.array([[1e-9, 1e-9 + 0.1, 1e-9 + 0.2]])
    slope, largest = metrics.energy_drift(np.arange(3.0), shifted, scales=np.array([2.0]))
    assert (slope, largest) == (pytest.approx(0.05), pytest.approx(0.1))


def test_an_energy_is_explained_up_to_scale_and_constant():
    truth = np.array([[1.0, 1.0], [2.0, 2.0], [4.0, 4.0]])
    assert metrics.unexplained_energy(truth, 3.0 - 2.0 * truth) < 1e-25
    assert metrics.unexplained_energy(truth, np.array([[1.0, -1.0]] * 3)) == pytest.approx(1.0)
    assert metrics.unexplained_energy(truth, np.ones((3, 2))) == pytest.approx(1.0)


@pytest.mark.parametrize("bias", [-0.04, 0.0, 0.003])
def test_a_clock_that_runs_wrong_is_measured(bias):
    found = metrics.frequency_bias(TIMES, swing(2.0)[..., 0], swing(2.0 * (1 + bias), growth=-0.02)[..., 0])
    assert found == pytest.approx(abs(bias), abs=3e-4)


@pytest.mark.parametrize("path", ["at rest", "over the top", "a ripple", "lost"])
def test_a_path_that_does_not_swing_has_no_frequency(path):
    round_off = 1e-12 * np.sin(50 * TIMES)
    q = {"at rest": 1 + round_off, "over the top": 2 * TIMES, "a ripple": 0.05 * np.sin(2 * TIMES)}.get(path)
    q = np.where(TIMES < 15, np.sin(2 * TIMES), np.nan) if q is None else q
    assert np.isnan(metrics.frequency_bias(TIMES, swing(2.0)[..., 0], q[None]))
    if path != "a ripple":
        assert np.isnan(metrics.frequency_bias(TIMES, q[None], swing(2.0)[..., 0]))


def well(omega, scale=1.0, shift=0.0, rough=0.0):
    """Returns a path that turns without crossing zero, longer on one side of its middle than on the other."""
    q = np.sqrt(1.1 + np.sin(omega * TIMES + 0.3)) + rough * np.sin(97 * TIMES)
    return (scale * q + shift)[None]


@pytest.mark.parametrize("scale", [1.0, -1e-9, 1e9])
def test_a_swing_in_a_well_away_from_zero_has_a_frequency(scale):
    assert metrics.frequency_bias(TIMES, well(2.0, scale), well(2.1, -scale)) == pytest.approx(0.05, abs=2e-3)
    assert metrics.frequency_bias(TIMES, well(2.0, scale), well(2.0, scale, shift=scale)) < 1e-6


def test_a_ripple_on_a_swing_is_no_turn():
    assert metrics.frequency_bias(TIMES, well(2.0), well(2.0, rough=0.04)) < 0.02


def test_starts_that_do_not_swing_do_not_count():
    truth = np.concatenate([swing(2.0)[..., 0], 2 * TIMES[None]])
    prediction = np.concatenate([swing(2.2)[..., 0], TIMES[None]])
    assert metrics.frequency_bias(TIMES, truth, prediction) == pytest.approx(0.1, abs=3e-4)


def test_relative_error_is_of_all_elements_together():
    assert metrics.relative_error(np.array([[3.0, 4.0]]), np.array([[3.0, 4.5]])) == pytest.approx(0.1)
