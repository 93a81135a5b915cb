"""Faults of a sensor are found, named and left out; honest records give no finding."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from symplect.tables import Columns, read
from symplect.tables.repairs import OUT_OF_ORDER

SEEDS = range(4)
ROLES = Columns(q=("x",), velocity=("v",), time="t")
ALONE = Columns(q=("x",), time="t")


def swing(seed, samples=1000, step=0.02, noise=0.002):
    """A pendulum, 9.81, released at about 1 rad, with noise."""
    random = np.random.default_rng(seed)
    t = step * np.arange(samples)
    start = [random.uniform(0.6, 1.2), random.uniform(-1.0, 1.0)]
    path = solve_ivp(lambda _, z: [z[1], -9.81 * np.sin(z[0])], (0, t[-1]), start, t_eval=t, rtol=1e-9, atol=1e-9).y.T
    return t, path + random.normal(0, 1, path.shape) * [noise, 3 * noise], random


def table(t, path):
    return {"t": t, "x": path[:, 0], "v": path[:, 1]}


def left_out(t, found):
    return np.flatnonzero(~np.isin(t, found.data.times))


def inner(random, samples, count, apart=10):
    """Places away from the ends and from one another."""
    places = np.arange(apart, samples - apart, apart) + random.integers(
        0, apart // 2, len(range(apart, samples - apart, apart))
    )
    return np.sort(random.choice(places, count, replace=False))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("code", [-9999.0, 999.99, -999.0, 1e30])
def test_codes_far_away_are_left_out(seed, code):
    t, path, random = swing(seed)
    places = np.sort(random.choice(len(t), 15, replace=False))
    path[places, seed % 2] = code
    found = read(table(t, path), ROLES)
    np.testing.assert_array_equal(left_out(t, found), places)
    assert found.notes == (f"15 rows with {code:.10g} for a missing {'xv'[seed % 2]} left out",)


@pytest.mark.parametrize("seed", SEEDS)
def test_zeros_in_a_moving_record_are_left_out(seed):
    t, path, random = swing(seed)
    places = np.sort(random.choice(len(t), 15, replace=False))
    path[places] = 0.0
    found = read(table(t, path), ROLES)
    np.testing.assert_array_equal(left_out(t, found), places)
    assert found.notes == ("15 rows with 0 for a missing x, v left out",)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_code_inside_the_range_is_found_where_the_record_jumps_to_it(seed):
    t, path, random = swing(seed)
    path[:, 0] += 1.5  # a position in the image, -1 and 0 if it is lost
    places = inner(random, len(t), 8)
    path[places, 0] = 0.0
    found = read(table(t, path), ROLES)
    np.testing.assert_array_equal(left_out(t, found), places)
    assert "8 rows with 0 for a missing x" in found.notes[0]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("roles", [ROLES, ALONE], ids=["velocities", "positions alone"])
def test_frozen_stretches_are_left_out_but_for_their_first_row(seed, roles):
    t, path, _ = swing(seed)
    starts = np.arange(100, 950, 97)
    for k in starts:
        path[k : k + 12] = path[k]
    found = read(table(t, path), roles)
    np.testing.assert_array_equal(left_out(t, found), np.concatenate([np.arange(k + 1, k + 12) for k in starts]))
    assert len(found.notes) == 1
    assert found.notes[0].startswith("99 rows left out in which all coordinates stand still")
    assert "9 times: from t = 2, 3.94, 5.88 and 6 more" in found.notes[0]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", ["x", "v"])
def test_a_channel_that_is_frozen_alone_is_left_out(seed, name):
    t, path, _ = swing(seed)
    place = "xv".index(name)
    starts = np.arange(100, 950, 197)
    for k in starts:
        path[k : k + 40, place] = path[k, place]
    found = read(table(t, path), ROLES)
    np.testing.assert_array_equal(left_out(t, found), np.concatenate([np.arange(k + 1, k + 40) for k in starts]))
    assert len(found.notes) == 1
    assert found.notes[0].startswith(f"195 rows left out in which {name} stands still while the others move on")


@pytest.mark.parametrize("code", [-9999.0, 0.0, 1e30])
def test_codes_in_place_of_a_time_are_left_out(code):
    t, path, random = swing(0)
    places = inner(random, len(t), 7)
    lost = t.copy()
    lost[places] = code
    lost[places[0] + 1] = code  # two in a row
    found = read(table(lost, path), ROLES)
    np.testing.assert_array_equal(left_out(t, found), np.sort([*places, places[0] + 1]))
    assert found.notes == (f"8 rows with {code:.10g} for a missing t left out",)


def test_rows_out_of_order_are_sorted_and_none_is_taken_for_a_code():
    t, path, random = swing(0, 300)
    order = np.arange(300)
    order[[40, 41]], order[[100, 103]] = order[[41, 40]], order[[103, 100]]
    for mixed in (order, random.permutation(300)):
        found = read(table(t[mixed], path[mixed]), ROLES)
        assert found.notes == ("times were unsorted: sorted",)
        np.testing.assert_array_equal(found.data.times, t)


@pytest.mark.parametrize("trials", [1, 3])
@pytest.mark.parametrize("places", [[150], [40, 201, 202 + 50]])
def test_wrong_times_inside_the_record_are_named(trials, places):
    t, path, random = swing(0, 300)
    wrong = t.copy()
    wrong[places] = t[places] + random.choice([-1, 1], len(places)) * random.uniform(1.3, 20, len(places)) * t[1]
    tables = [table(wrong, path), *[table(t, path)] * (trials - 1)]
    found = read(tables if trials > 1 else tables[0], ROLES)
    assert len(found.data.times) >= 300 * trials - len(places)
    (note,) = (note for note in found.notes if OUT_OF_ORDER in note)
    count = "1 time" if len(places) == 1 else f"{len(places)} times"
    assert note.startswith(f"{count} {OUT_OF_ORDER}, t = {', '.join(f'{wrong[k]:.6g}' for k in places)}: sorted")
    assert not any("unsorted" in said for said in found.notes)


@pytest.mark.parametrize("seed", SEEDS)
def test_spikes_are_left_out(seed):
    t, path, random = swing(seed)
    places = inner(random, len(t), 6)
    path[places, 0] += random.choice([-1, 1], 6) * random.uniform(0.06, 3.0, 6)
    found = read(table(t, path), ROLES)
    np.testing.assert_array_equal(left_out(t, found), places)
    assert found.notes[0].startswith("6 spikes of x left out, at t = ")
    assert f"{t[places[0]]:.6g}" in found.notes[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_two_or_three_samples_may_be_one_spike(seed):
    t, path, random = swing(seed)
    places = inner(random, len(t), 4, apart=20)
    both = np.sort(np.concatenate([places, places + 1]))
    path[both, 1] += random.uniform(0.5, 3.0, 8)
    found = read(table(t, path), ROLES)
    np.testing.assert_array_equal(left_out(t, found), both)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("place", [0, -1])
def test_a_spike_may_be_the_first_sample_or_the_last(seed, place):
    t, path, _ = swing(seed)
    path[place, 0] = 40.0
    found = read(table(t, path), ROLES)
    np.testing.assert_array_equal(left_out(t, found), [place % len(t)])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("noise", [0.0, 0.002])
def test_clipped_samples_are_left_out(seed, noise):
    t, path, _ = swing(seed, noise=noise)
    most = 0.8 * np.max(path[:, 1])
    beyond = path[:, 1] >= most
    path[beyond, 1] = most
    found = read(table(t, path), ROLES)
    np.testing.assert_array_equal(left_out(t, found), np.flatnonzero(beyond))
    assert found.notes[0] == f"v is cut off at its largest value, {most:.6g}: {np.sum(beyond)} rows left out"


def quantised(step=0.02):
    t, path, _ = swing(0, noise=0.0)
    return table(t, np.round(path / step) * step)


def resting_first():
    """At rest, then pushed."""
    t = 0.02 * np.arange(1000)
    late = np.maximum(t - 5.0, 0.0)
    return table(t, np.stack([np.sin(2 * late), 2 * np.cos(2 * late) * (t > 5.0)], axis=1))


def decaying():
    """Friction until nothing moves, in four digits."""
    t = 0.05 * np.arange(1000)
    x, v = np.exp(-0.5 * t) * np.cos(2 * t), np.exp(-0.5 * t) * (-0.5 * np.cos(2 * t) - 2 * np.sin(2 * t))
    return table(t, np.round(np.stack([x, v], axis=1), 4))


def falling():
    t = 0.01 * np.arange(300)
    random = np.random.default_rng(0)
    return table(t, np.stack([2 - 4.905 * t**2, -9.81 * t], axis=1) + random.normal(0, 0.003, (300, 2)))


def between_walls():
    """A ball between two walls: its velocity is a square wave."""
    t = 0.013 * np.arange(1000)
    phase = t % 2
    return table(t, np.stack([np.minimum(phase, 2 - phase), np.where(phase < 1, 1.0, -1.0)], axis=1))


def flying():
    """A ball that flies freely and is hit every second: its velocity stands still, exactly."""
    t = 0.02 * np.arange(1000)
    pushes = np.random.default_rng(0).uniform(-2, 2, 20)
    v = np.repeat(pushes, 50)
    return table(t, np.stack([np.concatenate([[0.0], np.cumsum(0.02 * v)[:-1]]), v], axis=1))


def coarse_clock():
    t, path, _ = swing(0, 400, 0.05, noise=0.0)
    return table(np.round(t + 1e-9, 1), path)


def seldom():
    """Six samples a turn."""
    t = np.arange(300.0)
    return table(t, np.stack([np.sin(1.05 * t), 1.05 * np.cos(1.05 * t)], axis=1))


def close_approach():
    """An eccentric orbit, whose velocity peaks, rounded."""
    t = 0.1 * np.arange(1500)
    anomaly = t.copy()
    for _ in range(60):
        anomaly -= (anomaly - 0.85 * np.sin(anomaly) - t) / (1 - 0.85 * np.cos(anomaly))
    fast = 1 / (1 - 0.85 * np.cos(anomaly))
    return table(t, np.round(np.stack([np.cos(anomaly), -np.sin(anomaly) * fast], axis=1), 2))


def crossing_zero():
    """Four samples a turn, so that zero and the extremes come back exactly."""
    t = np.arange(400.0)
    return table(t, np.round(np.stack([np.sin(np.pi / 2 * t), np.pi / 2 * np.cos(np.pi / 2 * t)], axis=1), 6))


def kicked():
    """A spring that is kicked every two seconds, and pushed by a held force."""
    random = np.random.default_rng(0)
    state, rows = np.array([1.0, 0.0]), []
    for k in range(1000):
        rows.append(state.copy())
        force = 2.0 * (k // 50 % 3)
        x, v = state
        state = np.array([x + 0.02 * v, v + 0.02 * (force - 4 * (x + 0.02 * v))])
        state[1] += random.uniform(0.5, 2.0) * (k % 100 == 99)
    return table(0.02 * np.arange(1000), np.array(rows))


HONEST = {
    "noisy pendulum": lambda: table(*swing(1)[:2]),
    "very noisy pendulum": lambda: table(*swing(2, noise=0.1)[:2]),
    "quantised": quantised,
    "coarsely quantised": lambda: quantised(0.1),
    "resting first": resting_first,
    "decaying to rest": decaying,
    "falling": falling,
    "between walls": between_walls,
    "flying freely": flying,
    "coarse clock": coarse_clock,
    "few samples a turn": seldom,
    "close approach": close_approach,
    "crossing zero": crossing_zero,
    "kicked and pushed": kicked,
}


@pytest.mark.parametrize("roles", [ROLES, ALONE], ids=["velocities", "positions alone"])
@pytest.mark.parametrize("record", HONEST)
def test_honest_records_have_no_faults(record, roles):
    made = HONEST[record]()
    found = read(made, roles)
    notes = [note for note in found.notes if "at a time that was there already" not in note]
    assert notes == []
    assert len(found.data.times) == len(np.unique(made["t"]))


@pytest.mark.parametrize("size", [1e-9, 1e-3, 1e9])
def test_findings_do_not_depend_on_units(size):
    t, path, random = swing(0)
    places = inner(random, len(t), 30)
    path[places[:5], 0] = -9999.0
    path[places[5:10], 0] += 0.3
    path[places[10:12, None] + np.arange(8)] = path[places[10:12], None]
    path[:, 1] = np.minimum(path[:, 1], 0.8 * np.max(path[:, 1]))
    plain = read(table(t, path), ROLES)
    for clock, length in [(size, 1.0), (1.0, size), (size, 1 / size)]:
        found = read(table(clock * t, path * [length, length / clock]), ROLES)
        np.testing.assert_allclose(found.data.times, clock * plain.data.times, rtol=1e-12)
        assert len(found.notes) == len(plain.notes) == 4
