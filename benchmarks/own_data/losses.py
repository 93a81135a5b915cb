"""Energy lost, brought or unknown: friction of several laws, motors, drifts, limit cycles."""

import numpy as np

from own_data.oscillators import SEVERAL, T12, T20, TRIALS, XV, at_rest
from own_data.situation import Record, Situation, Truth, csv, frequency, loss_range, noisy, paths, rows

NO_NUMBER = r"range|amplitude|not linear|nonlinear|dry|quadratic|Coulomb"
MISSING = r"input|driv|not recorded|missing|unknown|poor|depends on time"


def damped(k, gamma, starts, times, header="t,x,v", *, noise=0.003, size=1.0, clock=1.0, swing=False, columns=2):
    """Return a record of linear friction in other units: positions times `size`, times times `clock`."""
    clean = paths(lambda t, z: [z[1], -k * (np.sin(z[0]) if swing else z[0]) - gamma * z[1]], starts, times)
    units = size * np.array([1.0, 1.0 / clock])
    table = [(clock * t, (units * states)[:, :columns]) for t, states in noisy(clean, noise, 1)]
    truth = Truth(False, frequency(clock * times, clean[0][1][:, 0]), (gamma / clock, gamma / clock))
    return Record({"record.csv": csv(rows(table), header)}, truth)


def resisted(friction, k, starts, times, window, says=(NO_NUMBER,), swing=True):
    """Return a record of friction that is not proportional to the velocity."""
    clean = paths(
        lambda t, z: [z[1], -k * (np.sin(z[0]) if swing else z[0]) - friction(z[1])], starts, times, method="LSODA"
    )
    truth = Truth(False, None, loss_range(clean, friction, window), says)
    return Record({"record.csv": csv(rows(noisy(clean, 0.003, 2)), "t,x,v")}, truth)


def driven(f, starts, times, truth, header="t,x,v", added=None, seed=3):
    """Return a record of a system that time or an input moves; `added` columns are functions of time."""
    table = noisy(paths(f, starts, times), 0.003, seed)
    if added is not None:
        table = [(t, np.column_stack([states, added(t)])) for t, states in table]
    return Record({"record.csv": csv(rows(table), header)}, truth)


def held_torque():
    """A pendulum whose torque is drawn anew every half second and held in between."""
    rng = np.random.default_rng(11)
    times, table = np.arange(0, 6, 0.05), []
    for _ in range(12):
        torques = np.repeat(rng.uniform(-2, 2, 12), 10)
        state, path = np.array([rng.uniform(-1, 1), 0.0]), []
        for torque in torques:
            path.append([*state, torque])
            ((_, step),) = paths(lambda t, z, u=torque: [z[1], -8 * np.sin(z[0]) + u], [state], np.array([0.0, 0.05]))
            state = step[-1]
        table.append((times, np.array(path)))
    clean = [(t, states + 0.003 * rng.normal(size=states.shape) * (1, 2, 0)) for t, states in table]
    return Record({"record.csv": csv(rows(clean), "t,x,v,torque")}, Truth())


def emptying():
    """A tank that empties: its level falls exponentially, nothing swings."""
    t = np.arange(0, 24, 0.1)
    level = 2.4 * np.exp(-t / 6)
    return Record(
        {"record.csv": csv(rows(noisy([(t, np.column_stack([level, -level / 6]))], 0.003, 4)), "t,x,v")}, Truth(False)
    )


def falling():
    """Falls with quadratic drag; the share that is lost is that of a whole fall, since nothing swings."""
    times = np.arange(0, 2, 0.03)
    starts = [(0, v) for v in (0.5, 2, 4, 6, 8)]
    clean = paths(lambda t, z: [z[1], -9.81 - 0.25 * z[1] * abs(z[1])], starts, times)
    truth = Truth(False, loss=loss_range(clean, lambda v: 0.25 * v * np.abs(v), len(times)), says=(NO_NUMBER,))
    return Record({"record.csv": csv(rows(noisy(clean, 0.003, 3)), "t,x,v")}, truth)


def two_rates():
    clean = paths(lambda t, z: [z[2], z[3], -3 * z[0] - 0.1 * z[2], -5 * z[1] - 0.4 * z[3]],
                  np.random.default_rng(5).uniform(-1, 1, (8, 4)), T12)  # fmt: skip
    return Record({"record.csv": csv(rows(noisy(clean, 0.003, 6)), "t,x,y,vx,vy")}, Truth(False, loss=(0.1, 0.4)))


LAB = np.arange(0, 2, 0.002)

SITUATIONS = (
    Situation("damped spring, eight starts", lambda: damped(3.3, 0.22, SEVERAL, T12), TRIALS),
    Situation(
        "damped pendulum, one record", lambda: damped(12.1, 0.11, at_rest(0.8), T20, swing=True), XV | {"angle": "x"}
    ),
    Situation(
        "weakly damped pendulum", lambda: damped(9.0, 0.03, SEVERAL, 2 * T12, swing=True), TRIALS | {"angle": "x"}
    ),
    Situation("strongly damped spring", lambda: damped(4.0, 1.8, SEVERAL, T12 / 2), TRIALS),
    Situation("overdamped spring", lambda: damped(1.0, 3.0, SEVERAL, T12), TRIALS),
    Situation("lab spring in mm", lambda: damped(900.0, 0.8, at_rest(1.0), LAB, "t (s),x (mm),v (mm/s)", size=6.0), XV),
    Situation("lab spring in m", lambda: damped(900.0, 0.8, at_rest(1.0), LAB, "t (s),x (m),v (m/s)", size=0.006), XV),
    Situation(
        "RLC circuit in SI units",
        lambda: damped(1.0, 0.04, at_rest(1.0), np.arange(0, 60, 0.1), "t,q,i", size=4e-6, clock=5e-5),
        {"q": "q", "velocity": "i", "time": "t"},
    ),
    Situation(
        "RLC circuit in uC, mA, ms",
        lambda: damped(1.0, 0.04, at_rest(1.0), np.arange(0, 60, 0.1), "t,q,i", size=4.0, clock=0.05),
        {"q": "q", "velocity": "i", "time": "t"},
    ),
    Situation("damped buoy in hours", lambda: damped(5.0, 0.15, SEVERAL, T12, clock=1 / 3600), TRIALS),
    Situation(
        "damped spring, positions only",
        lambda: damped(5.5, 0.2, SEVERAL, T12, "t,x", columns=1),
        {"q": "x", "time": "t", "trial": "trial"},
    ),
    Situation(
        "two directions, two frictions",
        two_rates,
        {"q": ["x", "y"], "velocity": ["vx", "vy"], "time": "t", "trial": "trial"},
    ),
    Situation(
        "quadratic drag",
        lambda: resisted(lambda v: 0.2 * v * np.abs(v), 7.5, at_rest(0.3, 0.6, 0.9, 1.2, 1.5, 1.8), T12, 46),
        TRIALS | {"angle": "x"},
    ),
    Situation(
        "dry friction",
        lambda: resisted(lambda v: 0.1 * np.tanh(v / 0.01), 7.5, at_rest(0.5, 0.8, 1.1, 1.4, 1.7, 1.9), T12, 46),
        TRIALS | {"angle": "x"},
    ),
    Situation(
        "rotor with dry friction",
        lambda: resisted(
            lambda v: 0.2 * np.tanh(v / 0.02),
            0.0,
            [(0.0, v) for v in (3.5, 4, 5, 6, 7)],
            np.arange(0, 8, 0.05),
            40,
            says=(f"one way|{NO_NUMBER}",),
            swing=False,
        ),
        TRIALS,
    ),
    Situation("fall with quadratic drag", falling, TRIALS),
    Situation(
        "van der Pol",
        lambda: driven(
            lambda t, z: [z[1], 0.8 * (1 - z[0] ** 2) * z[1] - z[0]],
            np.random.default_rng(7).uniform(-3, 3, (8, 2)),
            T12,
            Truth(False),
        ),
        TRIALS,
    ),
    Situation(
        "limit cycle, one record",
        lambda: driven(lambda t, z: [z[1], (1 - z[0] ** 2) * z[1] - 2 * z[0]], [(0.5, 1.0)], T20, Truth(False)),
        XV,
    ),
    Situation(
        "negative friction",
        lambda: driven(lambda t, z: [z[1], -4 * z[0] + 0.1 * z[1]], SEVERAL, T12, Truth(False)),
        TRIALS,
    ),
    Situation(
        "motor not recorded",
        lambda: driven(
            lambda t, z: [z[1], -8 * np.sin(z[0]) - 0.12 * z[1] + 1.3 * np.cos(1.9 * t)],
            SEVERAL,
            T12,
            Truth(False, says=(MISSING,)),
        ),
        TRIALS,
    ),
    Situation(
        "pumped stiffness",
        lambda: driven(
            lambda t, z: [z[1], -4 * (1 + 0.3 * np.cos(3.9 * t)) * z[0]],
            at_rest(0.5),
            T20,
            Truth(False, says=(MISSING,)),
        ),
        XV,
    ),
    Situation(
        "stiffness that drifts",
        lambda: driven(
            lambda t, z: [z[1], -5 * (1 + 0.25 * t / 50) * z[0]],
            at_rest(0.7),
            np.arange(0, 50, 0.05),
            Truth(False, says=(r"drift|depends on time|with time|over time",)),
        ),
        XV,
    ),
    Situation(
        "driven Duffing, force recorded",
        lambda: driven(
            lambda t, z: [z[1], -z[0] - 0.7 * z[0] ** 3 - 0.1 * z[1] + 0.6 * np.cos(1.3 * t)],
            SEVERAL,
            T12,
            Truth(),
            "t,x,v,force",
            lambda t: 0.6 * np.cos(1.3 * t),
        ),
        TRIALS | {"inputs": "force"},
    ),
    Situation("torque held between steps", held_torque, TRIALS | {"inputs": "torque"}),
    Situation("tank that empties", emptying, XV),
)
