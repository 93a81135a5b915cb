"""One degree of freedom, energy conserved."""

import numpy as np

from own_data.situation import Record, Situation, Truth, csv, frequency, noisy, paths, rows

ONE = r"one (orbit|energy|trial|record|start)|single|differ by"
XV = {"q": "x", "velocity": "v", "time": "t"}
TRIALS = XV | {"trial": "trial"}


def force(strength):
    """Return the field of a unit mass under a force that depends on its position."""
    return lambda t, z: [z[1], strength(z[0])]


def record(f, starts, times, header="t,x,v", *, noise=0.003, seed=0, size=1.0, clock=1.0, says=()):
    """Return a conserving record in other units: positions times `size`, times times `clock`."""
    clean = paths(f, starts, times)
    truth = Truth(True, frequency(clock * times, clean[0][1][:, 0]), says=says)
    units = size * np.array([1.0, 1.0 / clock])
    table = [(clock * t, units * states) for t, states in noisy(clean, noise, seed)]
    return Record({"record.csv": csv(rows(table), header)}, truth)


def at_rest(*positions):
    return [(x, 0.0) for x in positions]


def spring(k, starts, times, header="t,x,v", **units):
    return record(force(lambda x: -k * x), starts, times, header, **units)


def pendulum(k, starts, times, header="t,x,v", **units):
    return record(force(lambda x: -k * np.sin(x)), starts, times, header, **units)


def turning(says):
    """A pendulum that turns over, its angle wrapped at pi."""
    times = np.arange(0.0, 12.0, 0.04)
    starts = [(0.1, v) for v in (2.5, 4.0, 5.5, 6.2, 7.4, 8.5)]
    swings = noisy(paths(force(lambda x: -8.7 * np.sin(x)), starts, times), 0.002, 3)
    wrapped = [(t, np.column_stack([np.angle(np.exp(1j * z[:, 0])), z[:, 1]])) for t, z in swings]
    return Record({"record.csv": csv(rows(wrapped), "t,x,v")}, Truth(True, says=says))


def elastic_ball(restitution):
    """A ball that bounces on a hard floor, filmed at 100 frames per second."""
    times, drops = np.arange(0.0, 4.0, 0.01), (0.6, 0.9, 1.3, 1.7)
    table = []
    for height in drops:
        up, v, path = height, 0.0, []
        for _ in times:
            path.append((up, v))
            for _ in range(200):
                up, v = up + v * 5e-5, v - 9.81 * 5e-5
                v = -restitution * v if up < 0 and v < 0 else v
        table.append((times, np.array(path)))
    truth = Truth(restitution == 1.0)
    return Record({"record.csv": csv(rows(noisy(table, 0.002, 5)), "t,x,v")}, truth)


def alone(noise):
    """Samples of a hardening spring that stand alone, derivatives beside them."""
    rng = np.random.default_rng(8)
    x, p = rng.uniform(-1.2, 1.2, (2, 600))
    states = np.column_stack([x, p, p, -2 * x - 3 * x**3]) + noise * rng.normal(size=(600, 4))
    return Record({"record.csv": csv(states, "x,p,dx,dp")}, Truth())


def short(trials):
    """Many trials of six samples at irregular times."""
    rng = np.random.default_rng(9)
    table = []
    for _ in range(trials):
        times = np.sort(rng.uniform(0, 4, 6))
        size, phase = rng.uniform(0.3, 2.0), rng.uniform(0, 6)
        table.append((times, size * np.column_stack([np.cos(1.7 * times + phase), -1.7 * np.sin(1.7 * times + phase)])))
    return Record({"record.csv": csv(rows(noisy(table, 0.015, 10)), "t,x,v")}, Truth(True))


def constant_column():
    """A cart on a rail, whose height was recorded and never changes."""
    t = np.arange(0.0, 20.0, 0.05)
    table = np.column_stack([t, np.cos(1.3 * t), 0 * t, -1.3 * np.sin(1.3 * t), 0 * t])
    said = r"(y|w) to vary|constant|same value|never changes"
    return Record({"record.csv": csv(table, "t,x,y,v,w")}, Truth(True, 1.3, says=(said,), refused=True))


def uneven():
    times = np.cumsum(np.random.default_rng(4).uniform(0.01, 0.09, 500))
    return spring(3.1, at_rest(0.8), times, says=(ONE,))


def morse(x):
    return -2 * 20.0 * 1.1 * (1 - np.exp(-1.1 * x)) * np.exp(-1.1 * x)


def dimer(x):
    return 24 * (2 * x**-13 - x**-7)


T20, T12, LONG = np.arange(0, 20, 0.04), np.arange(0, 12, 0.05), np.arange(0, 900, 0.23)
SEVERAL = at_rest(0.3, 0.5, 0.8, 1.1, 1.3, 1.5)

SITUATIONS = (
    Situation("spring, one record", lambda: spring(7.3, at_rest(0.12), T20, says=(ONE,)), XV),
    Situation("spring, six starts", lambda: spring(2.2, SEVERAL, T12), TRIALS),
    Situation("spring in mm and ms", lambda: spring(1.9, SEVERAL, T12, size=1e3, clock=1e3), TRIALS),
    Situation("spring of nm and us in SI units", lambda: spring(1.9, SEVERAL, T12, size=1e-9, clock=1e-6), TRIALS),
    Situation(
        "LC circuit in SI units",
        lambda: spring(1.0, at_rest(1.0), np.arange(0, 60, 0.1), "t (s),q (C),i (A)", size=3e-6, clock=3.995e-5),
        {"q": "q", "velocity": "i", "time": "t"},
    ),
    Situation(
        "LC circuit in uC, mA, ms",
        lambda: spring(1.0, at_rest(1.0), np.arange(0, 60, 0.1), "t (ms),q (uC),i (mA)", size=3.0, clock=0.03995),
        {"q": "q", "velocity": "i", "time": "t"},
    ),
    Situation("pendulum, one record", lambda: pendulum(11.2, at_rest(0.7), T20, says=(ONE,)), XV | {"angle": "x"}),
    Situation(
        "pendulum in degrees",
        lambda: pendulum(5.1, SEVERAL, T12, "t [s],x [deg],v [deg/s]", size=np.degrees(1.0)),
        TRIALS | {"angle": "x"},
    ),
    Situation(
        "torsion pendulum in degrees, minutes",
        lambda: spring(0.9, SEVERAL, T12, "t (min),x (°),v (°/min)", size=np.degrees(1.0), clock=10.0),
        TRIALS,
    ),
    Situation("pendulum turns over, angle said", lambda: turning(()), TRIALS | {"angle": "x"}),
    Situation("pendulum turns over, angle not said", lambda: turning(("angle",)), TRIALS),
    Situation(
        "double well",
        lambda: record(
            force(lambda x: 1.4 * x - 0.9 * x**3), at_rest(0.3, 0.9, 1.5, -1.9, -1.1, 2.2, -0.4, 2.0), T20, seed=2
        ),
        TRIALS,
    ),
    Situation("hardening spring in days", lambda: record(force(lambda x: -x - x**3), SEVERAL, T12, clock=40.0), TRIALS),
    Situation("quartic well", lambda: record(force(lambda x: -4 * x**3), SEVERAL, T12), TRIALS),
    Situation("Toda well", lambda: record(force(lambda x: 1 - np.exp(x)), at_rest(-2, -1, 0.5, 1, 1.6), T20), TRIALS),
    Situation("Morse bond", lambda: record(force(morse), at_rest(-0.3, -0.2, 0.2, 0.5, 0.9), T12 / 3), TRIALS),
    Situation(
        "Lennard-Jones dimer", lambda: record(force(dimer), at_rest(1.07, 1.18, 1.25, 1.3, 1.4), T12 / 3), TRIALS
    ),
    Situation(
        "weight on a spring, far from zero",
        lambda: record(force(lambda x: -9.0 * (x - 3.2)), at_rest(3.1, 3.35, 3.5, 2.95, 3.05), T12),
        TRIALS,
    ),
    Situation(
        "free fall",
        lambda: record(force(lambda x: -9.81), [(1.2, v) for v in (2.5, 3.6, 4.4, 5.8, 6.3)], np.arange(0, 1, 0.02)),
        TRIALS,
    ),
    Situation("ball on a hard floor", lambda: elastic_ball(1.0), TRIALS),
    Situation("ball that loses at every bounce", lambda: elastic_ball(0.85), TRIALS),
    Situation("pendulum, 250 periods", lambda: pendulum(3.6, at_rest(1.2), LONG, noise=0.008), XV | {"angle": "x"}),
    Situation("eight samples per period", lambda: spring(1.0, SEVERAL, np.arange(0, 40, 0.78)), TRIALS),
    Situation("150 trials of six samples", lambda: short(150), TRIALS),
    Situation("uneven times", uneven, XV),
    Situation("spring, positions only", lambda: spring(4.4, SEVERAL, T12), {"q": "x", "time": "t", "trial": "trial"}),
    Situation(
        "pendulum, positions only",
        lambda: pendulum(6.6, at_rest(0.9), T20, says=(ONE,)),
        {"q": "x", "time": "t", "angle": "x"},
    ),
    Situation("samples alone, clean", lambda: alone(0.0), {"q": "x", "p": "p", "dq": "dx", "dp": "dp"}),
    Situation("samples alone, noisy", lambda: alone(0.03), {"q": "x", "p": "p", "dq": "dx", "dp": "dp"}),
    Situation("a column that never changes", constant_column, {"q": ["x", "y"], "velocity": ["v", "w"], "time": "t"}),
)
