"""Positions whose mass matrix depends on them: joints, carts and poles, polar coordinates."""

import numpy as np

from own_data.many_degrees import ANGLES, DOUBLE, ORBITS, T6, T10, double_pendulum, draws, record
from own_data.situation import Record, Situation, Truth, csv, noisy, paths, rows

VELOCITIES = ANGLES | {"velocity": ["u", "v"]}
LARGE = [(a, b, 0, 0) for a, b in draws(10, 1.2, 1.2, seed=3)]


def rubbed(friction):
    """Return the double pendulum with a force that opposes the velocity of each angle."""

    def f(t, z):
        a, b, u, v = z
        c = np.cos(a - b)
        free = double_pendulum(t, z)
        return [u, v, *(free[2:] - np.linalg.solve([[2, c], [c, 1]], friction(z[2:])))]

    return f


def lossy(friction, method="DOP853", says=()):
    clean = paths(rubbed(friction), LARGE, T6, method=method)
    rates = []
    for _, path in clean:
        a, b, u, v = path.T
        kinetic = 2 * u**2 + v**2 + 2 * np.cos(a - b) * u * v  # twice that, in units of one mass
        power = np.sum(friction(path[:, 2:]) * path[:, 2:], axis=1)
        rates += [float(np.mean(own) / np.mean(of)) for own, of in _windows(power, kinetic)]
    truth = Truth(False, loss=(min(rates), max(rates)), says=says)
    return Record({"record.csv": csv(rows(noisy(clean, 0.002, 0)), "t,a,b,u,v")}, truth)


def _windows(*series):
    """Return pieces of about a swing of several series at once."""
    return zip(*(np.array_split(own, len(T6) // 40) for own in series), strict=True)


def cart_and_pole(t, z):
    """A cart of 2 kg on a rail, a pole of 0.5 kg and 0.4 m that hangs from it."""
    _, angle, speed, rate = z
    c, s, length, g = np.cos(angle), np.sin(angle), 0.4, 9.81
    pushed = (0.5 * length * rate**2 * s + 0.5 * g * s * c) / (2 + 0.5 * s**2)
    return [speed, rate, pushed, -(pushed * c + g * s) / length]


def satellite(t, z):
    """A planet's orbit in distance and angle."""
    r, _, fall, turn = z
    return [fall, turn, r * turn**2 - 3 / r**2, -2 * fall * turn / r]


def arm():
    """Two rods of 1 kg and 0.8 m in a vertical plane, relative angles, driven by torques and rubbed in the joints."""
    rng, times, table = np.random.default_rng(4), np.arange(0, 8, 0.02), []
    own, length, g = 0.64 / 3, 0.8, 9.81

    def field(t, z, torque):
        a, b, u, v = z
        c, s = 0.5 * length**2 * np.cos(b), 0.5 * length**2 * np.sin(b)
        masses = [[2 * own + length**2 + 2 * c, own + c], [own + c, own]]
        low = 0.5 * length * g * np.cos(a + b)
        forces = [
            s * v * (2 * u + v) - 1.5 * length * g * np.cos(a) - low - 0.4 * u,
            -s * u * u - low - 0.2 * v,
        ]
        return [u, v, *np.linalg.solve(masses, np.array(forces) + torque(t))]

    for _ in range(6):
        sizes, rates, phases = rng.uniform(2, 8, (2, 2)), rng.uniform(1, 5, (2, 2)), rng.uniform(0, 6, (2, 2))

        def torque(t, sizes=sizes, rates=rates, phases=phases):
            return np.sum(sizes * np.sin(np.multiply.outer(np.asarray(t), rates) + phases), axis=-1)

        start = [*rng.uniform(-2, 1, 2), 0, 0]
        ((_, path),) = paths(lambda t, z, torque=torque: field(t, z, torque), [start], times)
        table.append((times, np.column_stack([np.degrees(path), torque(times)])))
    header = "t [s],a [deg],b [deg],u [deg/s],v [deg/s],first [N m],second [N m]"
    return Record({"record.csv": csv(rows(noisy(table, 0.005, 5)), header)}, Truth())


SITUATIONS = (
    Situation(
        "double pendulum, positions only",
        lambda: record(double_pendulum, DOUBLE, T6, "t,a,b", noise=0.002, seen=lambda z: z[:, :2]),
        ANGLES,
    ),
    Situation(
        "double pendulum, large swings",
        lambda: record(double_pendulum, LARGE, T6, "t,a,b,u,v", noise=0.002),
        VELOCITIES,
    ),
    Situation("double pendulum, friction in the joints", lambda: lossy(lambda v: 0.03 * v), VELOCITIES),
    Situation(
        "double pendulum, dry friction in the joints",
        lambda: lossy(lambda v: 0.1 * np.tanh(v / 0.01), "LSODA", (r"dry",)),
        VELOCITIES,
    ),
    Situation(
        "cart and pole",
        lambda: record(cart_and_pole, draws(8, 0.1, 1.5, 0.3, 1.0, seed=5), T6, "t,x,b,vx,vb", noise=0.002),
        {"q": ["x", "b"], "velocity": ["vx", "vb"], "angle": "b", "time": "t", "trial": "trial"},
    ),
    Situation(
        "satellite in polar coordinates",
        lambda: record(
            satellite,
            [(r, 0, 0, v / r) for r, _, _, v in ORBITS],
            T10,
            "t,r,b,vr,vb",
            noise=1e-3,
        ),
        {"q": ["r", "b"], "velocity": ["vr", "vb"], "angle": "b", "time": "t", "trial": "trial"},
    ),
    Situation(
        "arm in degrees, torques known",
        arm,
        VELOCITIES | {"inputs": ["first", "second"], "links": 2},
    ),
)
