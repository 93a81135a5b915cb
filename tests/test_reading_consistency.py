"""Columns that do not fit together are named, with the factor, and mended where the header settles it."""

import re

import numpy as np
import pytest

from symplect.tables import Columns, read

SEEDS = range(4)
ROLES = Columns(q=("x",), velocity=("v",), time="t")
ANGLE = Columns(q=("x",), velocity=("v",), time="t", angles=("x",))


def spring(seed, samples=600, step=0.03, noise=0.003):
    """A spring of about 2 rad/s with noise."""
    random = np.random.default_rng(seed)
    t = step * np.arange(samples)
    phase = 2.0 * t + random.uniform(0, 6)
    path = np.stack([np.sin(phase), 2.0 * np.cos(phase)], axis=1) * random.uniform(0.3, 0.8)
    return t, path + random.normal(0, 1, path.shape) * [noise, 2 * noise]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(
    ("factor", "words"),
    [
        (1000.0, ", as with milli- (ms or mm) against base units"),
        (0.001, ", as with milli- (ms or mm) against base units"),
        (180 / np.pi, ", as with degrees against radians"),
        (np.pi / 180, ", as with radians against degrees"),
        (100.0, ", as with cm against m"),
        (-1.0, " with the other sign, as with a reversed axis"),
        (-1000.0, " with the other sign, as with a reversed axis and milli- (ms or mm) against base units"),
        (1.5, ""),
    ],
)
def test_a_factor_between_velocity_and_position_is_named(seed, factor, words):
    t, path = spring(seed)
    found = read({"t": t, "x": factor * path[:, 0], "v": path[:, 1]}, ROLES)
    np.testing.assert_allclose(found.velocity_factors, [factor], rtol=0.01)
    number, said = re.fullmatch(
        r"dx/dt is (?:([-+.e\d]+) times )?v(.*), so p is not dq/dt: .*", found.notes[0]
    ).groups()
    np.testing.assert_allclose(float(number or 1), abs(factor), rtol=0.01)
    assert said == words
    mended = re.search(r"--mass ([-+.e\d]+) makes p = dq/dt", found.notes[0])
    assert factor < 0 if mended is None else abs(float(mended[1]) / factor - 1) < 0.01
    assert len(found.notes) == 1
    np.testing.assert_array_equal(found.data.states[:, 1], path[:, 1])


@pytest.mark.parametrize("seed", SEEDS)
def test_a_wrong_column_is_unrelated(seed):
    t, path = spring(seed)
    found = read({"t": t, "x": path[:, 0], "v": np.cos(3.1 * t)}, ROLES)
    assert np.isnan(found.velocity_factors[0])
    assert found.notes == (
        "v is unrelated to dx/dt: a wrong column? Name another one, or leave --velocity out and it is estimated",
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("samples", "step", "noise"), [(600, 0.03, 0.003), (300, 0.5, 0.003), (800, 0.03, 0.1)])
def test_velocities_that_agree_are_left_alone(seed, samples, step, noise):
    t, path = spring(seed, samples, step, noise)
    found = read({"t": t, "x": path[:, 0], "v": path[:, 1]}, ROLES)
    assert (found.velocity_factors, found.notes) == ((1.0,), ())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("offset", [-5.0, 0.2, 0.8, 5.0])
@pytest.mark.parametrize("factor", [1.0, 1000.0])
def test_an_offset_of_the_velocity_is_no_factor_and_taken_off(seed, offset, factor):
    t, path = spring(seed)
    found = read({"t": t, "x": factor * path[:, 0], "v": path[:, 1] + offset}, ROLES)
    np.testing.assert_allclose(found.velocity_factors, [factor], rtol=0.01)
    np.testing.assert_allclose(found.data.states[:, 1], path[:, 1], atol=0.005)
    said = re.search(r"v: a constant offset of ([-+.e\d]+) taken off", " ".join(found.notes))
    assert abs(float(said[1]) - offset) < 0.01


def test_a_steady_turn_is_no_offset():
    """A position that drifts steadily does move, unlike one whose velocity has an offset."""
    t, path = spring(0)
    found = read({"t": t, "x": path[:, 0] + 5.0 * t, "v": path[:, 1] + 5.0}, ROLES)
    assert (found.velocity_factors, found.notes) == ((1.0,), ())


def test_each_coordinate_has_its_own_factor():
    t, one = spring(0)
    _, two = spring(1)
    table = {"t": t, "x": one[:, 0], "y": -two[:, 0], "v": one[:, 1], "w": two[:, 1]}
    factors = read(table, Columns(q=("x", "y"), velocity=("v", "w"), time="t")).velocity_factors
    np.testing.assert_allclose(factors, [1.0, -1.0], atol=0.01)


def test_momenta_are_not_compared():
    t, path = spring(0)
    assert read({"t": t, "x": path[:, 0], "v": 3 * path[:, 1]}, Columns(q=("x",), p=("v",), time="t")).notes == ()


@pytest.mark.parametrize(
    ("names", "sizes", "units"),
    [
        (("t (ms)", "x (rad)", "v (rad/s)"), (1e3, 1, 1), ("s", "rad", "rad/s")),
        (("t [s]", "x [mm]", "v [m/s]"), (1, 1e3, 1), ("s", "m", "m/s")),
        (("t / min", "x / cm", "v / mm s^-1"), (1 / 60, 1e2, 1e3), ("s", "mm", "mm s^-1")),
        (("t (s)", "x (deg)", "v (rad/s)"), (1, 180 / np.pi, 1), ("s", "rad", "rad/s")),
        (("t [us]", "x [m]", "v [km/h]"), (1e6, 1, 3.6), ("h", "km", "km/h")),
    ],
)
def test_units_that_explain_the_factor_are_converted(names, sizes, units):
    t, path = spring(0)
    columns = (t * sizes[0], path[:, 0] * sizes[1], path[:, 1] * sizes[2])
    found = read(dict(zip(names, columns, strict=True)), ROLES)
    assert found.velocity_factors == (1.0,)
    assert (found.time_unit, *found.data.units) == units
    assert all("made" in note for note in found.notes)
    speed = np.gradient(found.data.states[:, 0], found.data.times)
    np.testing.assert_allclose(np.std(speed), np.std(found.data.states[:, 1]), rtol=0.05)


def test_units_that_do_not_explain_the_factor_are_left():
    t, path = spring(0)
    found = read({"t (ms)": t, "x (m)": path[:, 0], "v (m/s)": path[:, 1]}, ROLES)
    assert (found.time_unit, found.notes) == ("ms", ())


DEGREES = [
    ("x [deg]", "v [deg/s]"), ("x (DEG)", "v (DEG/s)"), ("x (deg.)", "v (deg./s)"), ("x (º)", "v (º/s)"),
    ("x (°)", "v (°/sec)"), ("x (˚)", "v (˚ s^-1)"), ("x (Grad)", "v (Grad/s)"), ("x (derece)", "v (derece/s)"),
    ("x [degrees]", "v [degrees per second]"), ("x / deg", "v / deg/s"), ("x / °", "v / (°/s)"),
    ("x [Degree]", "v [dps]"), ("x [deg]", "v [deg·s⁻¹]"), ("x [deg]", "v"),
]  # fmt: skip


@pytest.mark.parametrize(("position", "velocity"), DEGREES)
def test_degrees_of_every_spelling_become_radians(position, velocity):
    t, path = spring(0)
    turned = {"t": t, position: np.degrees(path[:, 0]), velocity: np.degrees(path[:, 1])}
    found = read(turned, ANGLE)
    np.testing.assert_allclose(found.data.states, path, atol=1e-12)
    assert found.velocity_factors == (1.0,)
    assert "radians" in " ".join(found.notes)


def test_degrees_in_the_names_themselves():
    t, path = spring(0)
    roles = Columns(q=("x_deg",), velocity=("v_deg_s",), time="t", angles=("x_deg",))
    found = read({"t": t, "x_deg": np.degrees(path[:, 0]), "v_deg_s": np.degrees(path[:, 1])}, roles)
    np.testing.assert_allclose(found.data.states, path, atol=1e-12)
    assert found.data.units == ("rad", "rad/s")


@pytest.mark.parametrize("which", [0, 1])
def test_a_declared_angle_against_its_velocity_shows_which_is_in_degrees(which):
    t, path = spring(0)
    columns = [path[:, 0], path[:, 1]]
    columns[which] = np.degrees(columns[which])
    found = read({"t": t, "x": columns[0], "v": columns[1]}, ANGLE)
    np.testing.assert_allclose(found.data.states, path, atol=1e-12)
    assert f"{'xv'[which]}: in degrees" in found.notes[0]


def turning(seed, turn):
    random = np.random.default_rng(seed)
    t = 0.02 * np.arange(800)
    path = np.stack([6 * t + 0.5 * np.sin(4 * t), 6 + 2.0 * np.cos(4 * t)], axis=1) + random.normal(0, 0.01, (800, 2))
    scale = turn / (2 * np.pi)
    return t, path, {"t": t, "x": (path[:, 0] * scale) % turn, "v": path[:, 1] * scale}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_declared_angle_that_wraps_at_360_is_in_degrees(seed):
    _, path, table = turning(seed, 360.0)
    found = read(table, ANGLE)
    moved = found.data.states[:, 0] - path[:, 0]
    np.testing.assert_allclose(moved, moved[0], atol=1e-9)
    np.testing.assert_allclose(found.data.states[:, 1], path[:, 1], atol=1e-9)
    assert found.notes[0] == "x wraps at 360: taken as degrees, made radians"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("turn", "said"), [(2 * np.pi, "(2 pi)"), (360.0, "(360)")])
def test_an_angle_that_was_not_declared_is_told(seed, turn, said):
    found = read(turning(seed, turn)[2], ROLES)
    assert found.undeclared_angles == ("x",)
    assert found.velocity_factors == (1.0,)
    assert len(found.notes) == 1
    assert said in found.notes[0]
    assert "--angle x" in found.notes[0]


def test_a_swing_beyond_one_turn_is_not_folded():
    """Degrees that go in steps of more than half a turn of radians keep their size."""
    t = 0.05 * np.arange(400)
    table = {"t": t, "x": 34 * np.cos(3 * t), "v": -102 * np.sin(3 * t)}
    found = read(table, ANGLE)
    np.testing.assert_allclose(np.ptp(found.data.states[:, 0]), 68, rtol=1e-2)
    assert "if that is degrees, name the column 'x [deg]'" in found.notes[0]
    radians = read({"t": t, "x [rad]": table["x"], "v": table["v"]}, ANGLE)
    assert radians.notes == ()


def spherical(seed, trials):
    """A bob on a rod of length one: nearly two springs, and z of the sphere."""
    random = np.random.default_rng(seed)
    t = 0.05 * np.arange(200)
    rows = []
    for trial in range(trials):
        a, b, c, d = random.uniform(0.25, 0.45, 4)
        x, y = a * np.sin(3.1 * t + 9 * b) + 0.05 * np.sin(1.7 * t), c * np.cos(3.13 * t + 9 * d)
        rows.append(np.stack([np.full(200, trial), t, x, y, -np.sqrt(1 - x**2 - y**2)], axis=1))
    table = np.concatenate(rows)
    table[:, 2:] += random.normal(0, 0.001, (len(table), 3))
    return dict(zip(("trial", "t", "x", "y", "z"), table.T, strict=True))


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("trials", [1, 5])
def test_a_coordinate_on_a_sphere_follows_from_the_others(seed, trials):
    found = read(spherical(seed, trials), Columns(q=("x", "y", "z"), time="t", trial="trial"))
    assert found.constrained == ("z",)
    assert "z follows from x and y (to " in found.notes[0]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_bob_in_the_plane_follows_a_circle(seed):
    t = 0.05 * np.arange(300)
    angle = 0.9 * np.sin(3 * t + seed)
    noise = np.random.default_rng(seed).normal(0, 0.002, (300, 2))
    table = {"t": t, "x": np.sin(angle) + noise[:, 0], "y": -np.cos(angle) + noise[:, 1]}
    assert read(table, Columns(q=("x", "y"), time="t")).constrained == ("y",)


def test_the_same_position_twice_is_named():
    t, path = spring(0)
    table = {"t": t, "x": path[:, 0], "copy": 1000 * path[:, 0] + 3}
    assert read(table, Columns(q=("x", "copy"), time="t")).constrained == ("copy",)


def test_bodies_about_their_centre_of_mass_are_named_and_may_be_fitted():
    t, path = spring(0)
    found = read({"t": t, "x": path[:, 0], "z": -0.5 * path[:, 0]}, Columns(q=("x", "z"), time="t"))
    assert "z follows from x (to 0 %), so they are not independent coordinates, as with bodies" in found.notes[0]
    assert found.constrained == ()


def ellipse(noise):
    t = 0.05 * np.arange(1200)
    random = np.random.default_rng(0)
    anomaly = t.copy()
    for _ in range(60):
        anomaly -= (anomaly - 0.3 * np.sin(anomaly) - t) / (1 - 0.3 * np.cos(anomaly))
    flat = np.stack([np.cos(anomaly) - 0.3, 0.954 * np.sin(anomaly)], axis=1)
    tilted = np.stack([flat[:, 0], 0.8 * flat[:, 1], 0.6 * flat[:, 1] + 0.2 * flat[:, 0]], axis=1)
    return t, tilted + random.normal(0, noise, tilted.shape)


@pytest.mark.parametrize("noise", [0.0, 1e-3])
def test_one_orbit_in_a_plane_is_no_dependence(noise):
    t, path = ellipse(noise)
    for q in ("xy", "xyz"):
        found = read({"t": t} | dict(zip(q, path.T, strict=False)), Columns(q=tuple(q), time="t"))
        assert (found.constrained, found.notes) == ((), ())


def test_a_circular_orbit_and_a_throw_are_no_dependence():
    t = 0.02 * np.arange(400)
    roles = Columns(q=("x", "y"), time="t")
    assert read({"t": t, "x": np.cos(t), "y": np.sin(t)}, roles).constrained == ()
    assert read({"t": t, "x": 2 * t, "y": 3 * t - 4.905 * t**2}, roles).constrained == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_independent_oscillators_are_no_dependence(seed):
    random = np.random.default_rng(seed)
    t, rows = 0.05 * np.arange(200), []
    for trial in range(6):
        a, b, c, d = random.uniform(0.3, 1.5, 4)
        rows.append([np.full(200, trial), t, a * np.sin(t + 5 * c), b * np.sin(1.7 * t + 5 * d)])
    table = dict(zip(("trial", "t", "x", "y"), np.concatenate(rows, axis=1), strict=True))
    assert read(table, Columns(q=("x", "y"), time="t", trial="trial")).constrained == ()


@pytest.mark.parametrize(
    ("names", "bodies"),
    [
        (("x1", "y1", "x2", "y2"), (2, 2)),
        (("x_1", "y_1", "z_1", "x_2", "y_2", "z_2"), (2, 3)),
        (("mass A x", "mass A y", "mass B x", "mass B y"), (2, 2)),
        (("x1 [m]", "x2 [m]", "x3 [m]", "y1 [m]", "y2 [m]", "y3 [m]"), (3, 2)),
        (("x1", "y1", "x2"), None),
        (("theta1", "theta2"), None),
    ],
)
def test_bodies_are_known_by_their_names(names, bodies):
    t = 0.1 * np.arange(100)
    table = {"t": t} | {name: np.sin((k + 1.3) * t) for k, name in enumerate(names)}
    found = read(table, Columns(q=tuple(name.split(" [")[0] for name in names), time="t"))
    assert found.bodies == bodies


def test_held_inputs_are_known():
    t, path = spring(0)
    random = np.random.default_rng(0)
    held = np.repeat(random.uniform(-2, 2, 60), 10)
    for force, expected in [
        (held, True),
        (np.sin(t), False),
        (np.round(np.sin(0.1 * t), 2), False),
        (0 * t + 1, False),
    ]:
        roles = Columns(q=("x",), velocity=("v",), time="t", inputs=("u",))
        assert read({"t": t, "x": path[:, 0], "v": path[:, 1], "u": force}, roles).held_inputs is expected


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_relations_do_not_depend_on_units(size):
    t, path = spring(0)
    found = read({"t": t * size, "x": 57.3 * path[:, 0], "v": path[:, 1] / size}, ROLES)
    np.testing.assert_allclose(found.velocity_factors, 57.3, rtol=0.01)
    table = spherical(0, 1)
    table = {name: own * (1.0 if name == "t" else size) for name, own in table.items()}
    assert read(table, Columns(q=("x", "y", "z"), time="t")).constrained == ("z",)
