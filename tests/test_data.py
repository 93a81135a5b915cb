"""The container's laws, then each source of data."""

import dataclasses
import hashlib
import importlib
import zipfile

import numpy as np
import pooch
import pytest
import scipy.interpolate
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from symplect import Trajectories, add_noise, simulate
from symplect.data import forward_difference, measured, measured_pendulum
from symplect.data.derivatives import integrals
from symplect.data.smoothing import Splines, smoothing_splines
from symplect.errors import InputError, NotAvailableError
from symplect.systems import MassSpring, NBody, Pendulum
from tests.needs import needs_measurements

lengths_of_trials = st.lists(st.integers(1, 5), min_size=1, max_size=6)


def made(lengths, seed=0, degrees=1):
    """Returns random trials of the given lengths."""
    rng = np.random.default_rng(seed)
    times = np.concatenate([np.cumsum(rng.uniform(0.1, 1.0, n)) for n in lengths])
    states = rng.standard_normal((sum(lengths), 2 * degrees))
    return Trajectories(times, states, tuple(lengths), derivatives=-states)


@given(lengths_of_trials)
def test_the_trials_are_the_data(lengths):
    data = made(lengths)
    assert len(data) == len(lengths)
    np.testing.assert_array_equal(np.concatenate([trial.states for trial in data]), data.states)
    np.testing.assert_array_equal(data.select(range(len(data))).times, data.times)
    assert [len(trial.times) for trial in data] == lengths


@given(lengths_of_trials.filter(lambda lengths: len(lengths) > 1), st.data())
def test_a_split_shares_no_trial_and_loses_none(lengths, draw):
    data = made(lengths)
    first, rest = data.split(draw.draw(st.integers(1, len(lengths) - 1)))
    assert first.lengths + rest.lengths == data.lengths
    np.testing.assert_array_equal(np.concatenate([first.derivatives, rest.derivatives]), data.derivatives)


@given(lengths_of_trials, st.integers(0, 100))
def test_a_shuffle_keeps_every_trial(lengths, seed):
    data = made(lengths)
    shuffled = data.shuffle(seed)
    assert sorted(map(float, shuffled.times)) == sorted(map(float, data.times))
    np.testing.assert_array_equal(data.shuffle(seed).states, shuffled.states)


def test_stacked_trials_come_back_as_paths():
    paths = np.random.default_rng(0).standard_normal((3, 4, 2))
    np.testing.assert_array_equal(Trajectories.stack(np.arange(4.0), paths).paths(), paths)
    with pytest.raises(InputError, match="equal length"):
        made([2, 3]).paths()


def test_coordinates_are_named():
    assert made([2]).names == ("q", "p")
    assert made([2], degrees=2).names == ("q1", "q2", "p1", "p2")


GOOD = {"times": np.arange(4.0), "states": np.ones((4, 2)), "lengths": (2, 2)}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"states": np.ones((4, 3))}, "even number of columns"),
        ({"lengths": (4, 0)}, "at least one sample"),
        ({"lengths": ()}, "at least one sample"),
        ({"lengths": (2, 3)}, "add up"),
        ({"times": np.arange(3.0)}, "4 times"),
        ({"times": np.array([0.0, 0.0, 1.0, 2.0])}, "repeated or unordered"),
        ({"times": np.array([0.0, 1.0, 2.0, np.inf])}, "finite times"),
        ({"states": np.full((4, 2), np.nan)}, "finite states"),
        ({"derivatives": np.ones((3, 2))}, "derivatives of shape"),
        ({"derivatives": np.full((4, 2), np.inf)}, "finite derivatives"),
        ({"names": ("q",)}, "2 names"),
        ({"units": ("m",)}, "2 units"),
    ],
)
def test_what_does_not_fit_is_refused(wrong, message):
    with pytest.raises(InputError, match=message):
        Trajectories(**(GOOD | wrong))


def test_times_start_again_with_each_trial():
    assert len(Trajectories(np.array([0.0, 1.0, 0.0, 1.0]), np.ones((4, 2)), (2, 2))) == 2


@pytest.mark.parametrize("trials", [0, 2, -1])
def test_a_split_leaves_no_part_empty(trials):
    with pytest.raises(InputError, match="between 1 and 1"):
        made([2, 2]).split(trials)


# Sources


def pendulum(_, z):
    return [2 * z[1], -3 * np.sin(z[0])]


def test_simulated_data_are_what_scipy_finds():
    starts = np.array([[1.0, 0.0], [-2.0, 0.5]])
    times = np.linspace(0.0, 3.0, 7)
    data = simulate(Pendulum.reference(), starts, times)
    for trial, start in zip(data, starts, strict=True):
        theirs = solve_ivp(
            lambda t, z: [2 * z[1], -3 * np.sin(z[0])], (0, 3), start, "DOP853", times, rtol=1e-12, atol=1e-12
        )
        np.testing.assert_allclose(trial.states, theirs.y.T, atol=1e-9)
    q, p = data.states.T
    np.testing.assert_allclose(data.derivatives, np.stack([2 * p, -3 * np.sin(q)], axis=1), rtol=1e-12)


def test_simulation_is_repeatable_and_batched(monkeypatch):
    starts, times = np.random.default_rng(0).uniform(-1, 1, (5, 2)), np.linspace(0.0, 1.0, 3)
    whole, again = (simulate(MassSpring.reference(), starts, times).states for _ in "ab")
    np.testing.assert_array_equal(again, whole)
    monkeypatch.setattr(importlib.import_module("symplect.data.simulation"), "_BATCH", 2)
    parts = simulate(MassSpring.reference(), starts, times, progress="parts")
    np.testing.assert_allclose(parts.states, whole, rtol=1e-12)


def test_a_collision_is_reported():
    falling = np.array([[-1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]])
    with pytest.raises(ArithmeticError, match="1 of 1 rollouts failed"):
        simulate(NBody.reference(2), falling, np.linspace(0.0, 5.0, 3))


def test_noise_has_its_size_and_spares_the_derivatives():
    clean = made([500, 500])
    noisy = add_noise(clean, 0.1, np.random.default_rng(1))
    assert abs(np.std(noisy.states - clean.states) - 0.1) < 0.01
    np.testing.assert_array_equal(noisy.derivatives, clean.derivatives)


@given(st.integers(2, 5), st.integers(1, 3))
def test_forward_differences_are_exact_on_lines(samples, trials):
    rng = np.random.default_rng(samples)
    slopes = rng.standard_normal((trials, 1, 2))
    times = np.cumsum(rng.uniform(0.1, 1.0, samples))
    data = forward_difference(Trajectories.stack(times, slopes * times[None, :, None]))
    assert data.lengths == (samples - 1,) * trials
    np.testing.assert_allclose(data.derivatives, np.repeat(slopes[:, 0], samples - 1, axis=0), atol=1e-10)


def test_forward_differences_need_two_samples():
    with pytest.raises(InputError, match="single sample"):
        forward_difference(made([3, 1]))


def test_forward_differences_shrink_a_swing_as_their_docstring_says():
    times, omega = np.arange(0.0, 6.0, 0.01), 1.5
    z = np.exp(1j * omega * times)
    data = forward_difference(Trajectories.stack(times, np.stack([z.real, z.imag], axis=1)[None]))
    growth = np.mean(np.sum(data.derivatives * data.states, axis=1))
    np.testing.assert_allclose(growth, -(omega**2) * 0.01 / 2, rtol=1e-3)


# The measured pendulum


@needs_measurements
def test_the_measured_pendulum_is_as_published():
    data = measured_pendulum()
    assert data.states.shape == (556, 2)
    assert (data.times[0], data.times[-1]) == (5.0, 99.5)
    gaps = np.diff(data.times) > 0.2
    assert np.sum(gaps) == 10
    assert data.names == ("angle", "angular velocity")
    slope = np.diff(data.states[:, 0]) / np.diff(data.times)  # the second column is the first one's rate of change
    assert np.corrcoef(slope, (data.states[1:, 1] + data.states[:-1, 1]) / 2)[0, 1] > 0.99


def published_file(path, monkeypatch, content=b"%o v\r\n 0 0.0 1.0 2.0\r\n 0 0.5 1.5 1.0\r\n"):
    """Writes an archive of the published layout and lets its hash count as the right one."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("real_pend_h_1.txt", content)
    monkeypatch.setattr(measured, "_SHA256", hashlib.sha256(path.read_bytes()).hexdigest())


def test_an_own_copy_is_read(tmp_path, monkeypatch):
    published_file(tmp_path / measured.FILE_NAME, monkeypatch)
    data = measured_pendulum(tmp_path)
    np.testing.assert_array_equal(data.states, [[1.0, 2.0], [1.5, 1.0]])
    np.testing.assert_array_equal(data.times, [0.0, 0.5])
    monkeypatch.setenv("SYMPLECT_DATA", str(tmp_path))
    np.testing.assert_array_equal(measured_pendulum().states, data.states)


def test_a_folder_without_the_file_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"expected invar_datasets\.zip in .*found none"):
        measured_pendulum(tmp_path)


def test_an_altered_file_is_refused(tmp_path):
    (tmp_path / measured.FILE_NAME).write_bytes(b"PK truncated")
    with pytest.raises(InputError, match="truncated or altered"):
        measured_pendulum(tmp_path)


def test_without_network_the_remedy_is_named(tmp_path, monkeypatch):
    def unreachable(*_, **__):
        raise ConnectionError("no route")

    monkeypatch.delenv("SYMPLECT_DATA", raising=False)
    monkeypatch.setattr(pooch, "retrieve", unreachable)
    with pytest.raises(NotAvailableError, match="--data or SYMPLECT_DATA"):
        measured_pendulum()


def test_a_download_is_used(tmp_path, monkeypatch):
    published_file(tmp_path / "cached.zip", monkeypatch)
    monkeypatch.delenv("SYMPLECT_DATA", raising=False)
    monkeypatch.setattr(pooch, "retrieve", lambda url, known_hash, **_: str(tmp_path / "cached.zip"))
    assert len(measured_pendulum().times) == 2


def test_trajectories_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        made([2]).times = np.zeros(2)


def speed_error(period, noise, *, samples=600, unit=1.0, size=1.0):
    """Returns the error of the spline's derivative of a sampled swing, in units of the derivative's spread."""
    t, frequency = np.arange(samples), 2 * np.pi / period
    swing = np.cos(frequency * t) + noise * np.random.default_rng(0).standard_normal(samples)
    _, speed = smoothing_splines(unit * t, size * swing[:, None], [samples])
    inside = slice(5, -5)
    missed = speed[inside, 0] * unit / size + frequency * np.sin(frequency * t[inside])
    return np.sqrt(np.mean(missed**2)) / (frequency * 0.5**0.5)


@pytest.mark.parametrize(
    ("period", "noise", "most"),
    [(6, 0.0, 1e-2), (10, 0.004, 0.02), (18, 0.01, 0.04), (60, 0.0, 1e-4), (60, 0.05, 0.06), (400, 0.05, 0.06)],
)
def test_speeds_are_right_however_often_a_swing_is_sampled(period, noise, most):
    """SciPy's own choice of the smoothing gives no speed at all of ten samples a period."""
    assert speed_error(period, noise) < most


@pytest.mark.parametrize("unit", [1e-9, 5e-6, 0.3, 1e9])
@pytest.mark.parametrize("size", [1e-12, 1e9])
def test_speeds_do_not_depend_on_units(unit, size):
    t, swing = np.arange(60), np.cos(0.4 * np.arange(60)) + 0.01 * np.random.default_rng(0).standard_normal(60)
    _, plain = smoothing_splines(t * 1.0, swing[:, None], [60])
    _, other = smoothing_splines(unit * t, size * swing[:, None], [60])
    np.testing.assert_allclose(other * unit / size, plain, atol=1e-9)


@pytest.mark.parametrize("smoothing", [0.0, 1e-3, 1.0, 1e3])
@pytest.mark.parametrize("samples", [5, 60])
def test_splines_are_those_of_scipy(samples, smoothing):
    rng = np.random.default_rng(0)
    t = np.cumsum(rng.uniform(0.1, 2.0, samples))
    x = np.sin(0.3 * t) + 0.1 * rng.standard_normal(samples)
    missed, curvature = (splines := Splines(t, x)).at(smoothing)
    theirs = scipy.interpolate.make_smoothing_spline(t, x, lam=smoothing)
    np.testing.assert_allclose(x - missed, theirs(t), atol=1e-9)
    np.testing.assert_allclose(splines.slopes(x - missed, curvature), theirs.derivative()(t), atol=1e-6)


@pytest.mark.parametrize("samples", [2, 3, 4, 5, 60])
def test_integrals_are_those_of_scipys_splines(samples):
    rng = np.random.default_rng(0)
    t, x = np.cumsum(rng.uniform(0.1, 2.0, samples)), rng.standard_normal((samples, 2))
    theirs = scipy.interpolate.CubicSpline(t, x).antiderivative()
    np.testing.assert_allclose(integrals(t, x), theirs(t), atol=1e-12 * np.max(abs(theirs(t))))


def test_splines_do_not_mind_samples_that_are_close_in_time():
    """The normal equations have lost all digits there, SciPy's spline half of them."""
    t, x = np.arange(30.0), np.sin(0.2 * np.arange(30)) + 0.02 * np.random.default_rng(0).standard_normal(30)
    near, nearer = np.where(t == 15, 14 + 1e-6, t), np.where(t == 15, 14 + 1e-9, t)
    np.testing.assert_allclose(Splines(nearer, x).at(1e3)[0], Splines(near, x).at(1e3)[0], atol=1e-6)


def test_a_smooth_path_follows_its_data():
    """A burst in a long rest: one smoothing for all would smooth it away."""
    t = np.arange(4000.0)
    burst = np.exp(-(((t - 3600) / 20) ** 2)) * np.cos(0.6 * t)
    values = burst + 1e-3 * np.random.default_rng(0).standard_normal(4000)
    smooth, _ = smoothing_splines(t, values[:, None], [4000])
    assert np.sqrt(np.mean((smooth[:, 0] - values) ** 2)) < 2e-3


def test_a_coordinate_at_rest_has_no_speed():
    smooth, speed = smoothing_splines(np.arange(8.0), np.full((8, 1), 3), [8])
    assert smooth.tolist() == [[3.0]] * 8
    assert not np.any(speed)


def test_short_irregular_trials_have_speeds():
    """Five samples of a parabola, at uneven times."""
    t = np.array([0.0, 0.1, 0.25, 0.3, 0.5])
    _, speed = smoothing_splines(t, (t**2)[:, None], [5])
    np.testing.assert_allclose(speed[1:-1, 0], 2 * t[1:-1], atol=0.1)
