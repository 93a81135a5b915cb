"""Several degrees of freedom, energy conserved."""

import numpy as np

from own_data.situation import Record, Situation, Truth, csv, noisy, paths, rows

CANONICAL = r"canonical|mass matrix"
PLANE = {"q": ["x", "y"], "velocity": ["vx", "vy"], "time": "t", "trial": "trial"}
POINTS = {"q": ["x1", "y1", "x2", "y2"], "velocity": ["vx1", "vy1", "vx2", "vy2"], "time": "t"}
ANGLES = {"q": ["a", "b"], "time": "t", "trial": "trial"}


def record(f, starts, times, header, *, noise=0.003, seed=0, says=(), seen=lambda states: states):
    """Return a record of what is seen of a conserving system's states."""
    clean = [(t, seen(states)) for t, states in paths(f, starts, times)]
    return Record({"record.csv": csv(rows(noisy(clean, noise, seed)), header)}, Truth(True, says=says))


def newton(acceleration):
    """Return the field of positions and velocities under an acceleration that depends on the positions."""

    def f(t, z):
        half = len(z) // 2
        return [*z[half:], *acceleration(z[:half])]

    return f


def draws(trials, *sizes, seed=1):
    return np.random.default_rng(seed).uniform(-1, 1, (trials, len(sizes))) * np.array(sizes)


def kepler(q):
    return -3.0 * q / np.hypot(*q) ** 3


def two_bodies(q):
    d = q[2:] - q[:2]
    pull = d / np.hypot(*d) ** 3
    return [*(2.5 * pull), *(-0.8 * pull)]  # masses 0.8 and 2.5


def orbit_of_two(says):
    start = [0.9, 0, -0.288, 0, 0.1, 1.3, -0.032, -0.416]
    return record(
        newton(two_bodies), [start], np.arange(0, 25, 0.04), "t,x1,y1,x2,y2,vx1,vy1,vx2,vy2", noise=5e-4, says=says
    )


def carts(q):
    wall = np.concatenate([[0.0], q, [0.0]])
    return 1.3 * (wall[2:] - 2 * q + wall[:-2])


def elastic_pendulum(q):
    length = np.hypot(*q)
    return -30.0 * (length - 0.8) * q / length - np.array([0.0, 9.81])


def double_pendulum(t, z):
    """Rods of length 0.6 and equal masses: angles and angular velocities."""
    a, b, u, v = z
    c, s, g = np.cos(a - b), np.sin(a - b), 9.81 / 0.6
    first = -s * (v * v + u * u * c) - 2 * g * np.sin(a) + g * np.sin(b) * c
    second = s * (2 * u * u + v * v * c) + 2 * g * (np.sin(a) * c - np.sin(b))
    return [u, v, first / (2 - c * c), second / (2 - c * c)]


def canonical(z):
    a, b, u, v = z.T
    c = np.cos(a - b)
    return np.column_stack([a, b, 2 * u + v * c, v + u * c])


def charge(t, z):
    x, y, u, v = z
    return [u, v, -1.5 * x + 1.2 * v, -1.5 * y - 1.2 * u]


def minimally_coupled(z):
    x, y, u, v = z.T
    return np.column_stack([x, y, u - 0.6 * y, v + 0.6 * x])


def turntable(t, z):
    x, y, u, v = z
    turn = 0.7
    return [u, v, -5 * x + 2 * turn * v + turn**2 * x, -5 * y - 2 * turn * u + turn**2 * y]


def spherical(t, z):
    q, v, g = z[:3], z[3:], np.array([0.0, 0.0, -9.81])
    pull = (v @ v + g @ q) / 0.7**2
    return [*v, *(g - pull * q)]


def spherical_starts():
    rng = np.random.default_rng(6)
    for _ in range(8):
        x, y = rng.uniform(-0.35, 0.35, 2)
        q = np.array([x, y, -np.sqrt(0.49 - x * x - y * y)])
        v = rng.uniform(-0.5, 0.5, 3)
        yield [*q, *(v - q * (q @ v) / 0.49)]


T10, T6 = np.arange(0, 10, 0.05), np.arange(0, 6, 0.03)
HANGING = np.array([0.0, -1.1, 0.0, 0.0])
ORBITS = [(r, 0, 0, s * np.sqrt(3 / r)) for r, s in ((0.8, 1.0), (1.0, 0.9), (1.2, 1.1), (0.9, 1.15), (1.1, 0.85))]
DOUBLE = [(a, b, 0, 0) for a, b in draws(10, 0.5, 0.5, seed=2)]

SITUATIONS = (
    Situation("planar orbits", lambda: record(newton(kepler), ORBITS, T10, "t,x,y,vx,vy", noise=1e-3), PLANE),
    Situation(
        "one planar orbit, six turns",
        lambda: record(
            newton(kepler),
            [(1, 0, 0, 1.9)],
            np.arange(0, 38, 0.05),
            "t,x,y,vx,vy",
            noise=1e-6,
            says=(r"one (orbit|energy|trial|record|start)|single",),
        ),
        {key: name for key, name in PLANE.items() if key != "trial"},
    ),
    Situation("two bodies, masses said", lambda: orbit_of_two(()), POINTS | {"mass": [0.8, 0.8, 2.5, 2.5]}),
    Situation("two bodies, masses not said", lambda: orbit_of_two((r"mass",)), POINTS),
    Situation(
        "three coupled carts",
        lambda: record(newton(carts), draws(8, 0.3, 0.3, 0.3, 0.2, 0.2, 0.2), T10, "t,a,b,c,u,v,w"),
        {"q": ["a", "b", "c"], "velocity": ["u", "v", "w"], "time": "t", "trial": "trial"},
    ),
    Situation(
        "two coupled pendula",
        lambda: record(
            newton(lambda q: -7 * np.sin(q) - 0.8 * (q - q[::-1])), draws(8, 0.9, 0.9, 0.5, 0.5), T10, "t,a,b,u,v"
        ),
        ANGLES | {"velocity": ["u", "v"]},
    ),
    Situation(
        "Henon-Heiles",
        lambda: record(
            newton(lambda q: [-q[0] - 2 * q[0] * q[1], -q[1] - q[0] ** 2 + q[1] ** 2]),
            draws(8, 0.25, 0.25, 0.25, 0.25),
            2 * T10,
            "t,x,y,vx,vy",
        ),
        PLANE,
    ),
    Situation(
        "anisotropic trap",
        lambda: record(newton(lambda q: [-q[0], -2.9 * q[1]]), draws(8, 1, 1, 1, 1), T10, "t,x,y,vx,vy"),
        PLANE,
    ),
    Situation(
        "stiff and soft spring",
        lambda: record(
            newton(lambda q: [-q[0], -2500.0 * q[1]]), draws(5, 1, 0.02, 1, 1), np.arange(0, 5, 0.007), "t,x,y,vx,vy"
        ),
        PLANE,
    ),
    Situation(
        "weight on an elastic string",
        lambda: record(
            newton(elastic_pendulum), draws(8, 0.3, 0.1, 0.5, 0.3) - np.array([0, 1.1, 0, 0]), T6, "t,x,y,vx,vy"
        ),
        PLANE,
    ),
    Situation(
        "ball in flight",
        lambda: record(
            newton(lambda q: [0.0, -9.81]),
            draws(6, 0.1, 0.1, 3, 3) + np.array([0, 1.5, 4, 4]),
            np.arange(0, 1, 0.02),
            "t,x,y,vx,vy",
        ),
        PLANE,
    ),
    Situation(
        "double pendulum, velocities",
        lambda: record(double_pendulum, DOUBLE, T6, "t,a,b,u,v", noise=0.002, says=(CANONICAL,)),
        ANGLES | {"velocity": ["u", "v"]},
    ),
    Situation(
        "double pendulum, canonical momenta",
        lambda: record(double_pendulum, DOUBLE, T6, "t,a,b,u,v", noise=0.002, seen=canonical),
        ANGLES | {"p": ["u", "v"]},
    ),
    Situation(
        "charge in a magnetic field, velocities",
        lambda: record(charge, draws(8, 1, 1, 1, 1), T10, "t,x,y,vx,vy", says=(CANONICAL + "|magnetic",)),
        PLANE,
    ),
    Situation(
        "charge in a magnetic field, canonical momenta",
        lambda: record(charge, draws(8, 1, 1, 1, 1), T10, "t,x,y,px,py", seen=minimally_coupled),
        {"q": ["x", "y"], "p": ["px", "py"], "time": "t", "trial": "trial"},
    ),
    Situation(
        "turntable, positions only",
        lambda: record(
            turntable, draws(8, 1, 1, 1, 1), T10, "t,x,y", seen=lambda z: z[:, :2], says=(CANONICAL + "|poor",)
        ),
        {"q": ["x", "y"], "time": "t", "trial": "trial"},
    ),
    Situation(
        "spherical pendulum in x, y, z",
        lambda: record(
            spherical, list(spherical_starts()), T6, "t,x,y,z,vx,vy,vz", says=(r"follows from|function of|depends on",)
        ),
        {"q": ["x", "y", "z"], "velocity": ["vx", "vy", "vz"], "time": "t", "trial": "trial"},
    ),
)
