"""Records with faults: what is missing, frozen, clipped, in other units or of another sign."""

from functools import partial

import numpy as np

from own_data.oscillators import XV, force
from own_data.situation import Record, Situation, Truth, csv, frequency, noisy, paths

TIMES = np.arange(0.0, 20.0, 0.025)
FACTOR = r"factor|\d times|reversed|sign\b|dq/dt|\bm?[sm] made"
NAMED = {
    "codes": r"-9999|999\.99|codes?\b|missing",
    "zeros": r"zero|\b0\b|codes?\b|missing",
    "frozen": r"frozen|repeat|stuck|stands? still|constant",
    "spikes": r"spike|outlier|jump",
    "clipped": r"clip|cut off|saturat|extreme|limit",
}


def swing(spoil, says="", *, header="t,x,v", conserved=True, k=9.3, start=0.9):
    """Return a pendulum's record after a function of times, states and random numbers spoilt it."""
    ((times, states),) = paths(force(lambda x: -k * np.sin(x)), [(start, 0.0)], TIMES)
    ((_, measured),) = noisy([(times, states)], 0.003, 1)
    table = spoil(times, measured, np.random.default_rng(2))
    found = frequency(times, states[:, 0]) if conserved else None
    truth = Truth(conserved, found, says=(says,) if says else ())
    return Record({"record.csv": csv(table, header)}, truth)


def in_units(clock, position, velocity):
    """Return what multiplies the three columns, as if they were in units that do not go together."""
    return lambda t, z, rng: np.column_stack([clock * t, z * (position, velocity)])


def coded(code, columns, t, z, rng):
    """Return a record in which 15 samples are a code for missing values."""
    table = np.column_stack([t, z])
    for row in rng.choice(len(t), 15, replace=False):
        table[row, columns] = code
    return table


def frozen(t, z, rng):
    table = np.column_stack([t, z])
    for start in range(90, 780, 83):
        table[start : start + 11, 1:] = table[start, 1:]
    return table


def spiked(t, z, rng):
    table = np.column_stack([t, z])
    table[rng.choice(len(t), 6, replace=False), 1] += rng.choice([-3, 4], 6)
    return table


def clipped(column, share, t, z, rng):
    most = share * np.max(np.abs(z[:, column]))
    z = z.copy()
    z[:, column] = np.clip(z[:, column], -most, most)
    return np.column_stack([t, z])


def wrong_column(t, z, rng):
    """Return the acceleration where the velocity should be."""
    return np.column_stack([t, z[:, 0], -9.3 * np.sin(z[:, 0]) + 0.02 * rng.normal(size=len(t))])


def shuffled(t, z, rng):
    return np.column_stack([t, z])[rng.permutation(len(t))]


def doubled(t, z, rng):
    table = np.column_stack([t, z])
    return np.repeat(table, 1 + (rng.random(len(t)) < 0.1), axis=0)


def with_holes(t, z, rng):
    table = np.column_stack([t, z])
    table[rng.random(len(t)) < 0.08, 1] = np.nan
    return table


def biased(t, z, rng):
    """Return a velocity whose sensor has a zero offset."""
    return np.column_stack([t, z + np.array([0.0, 0.8])])


def gappy(t, z, rng):
    table = np.column_stack([t, z])
    return table[(t < 6) | ((t > 8.3) & (t < 13)) | (t > 14.1)]


def restarting(t, z, rng):
    """Return four starts one below the other, without a column of trials."""
    starts = [(x, 0.0) for x in (0.3, 0.6, 0.9, 1.2)]
    swings = noisy(paths(force(lambda x: -9.3 * np.sin(x)), starts, t[:300]), 0.003, 3)
    return np.concatenate([np.column_stack([times, states]) for times, states in swings])


ANGLE = XV | {"angle": "x"}

SITUATIONS = (
    Situation("code -9999 in positions", lambda: swing(partial(coded, -9999, 1), NAMED["codes"]), XV),
    Situation("code 999.99 in all columns", lambda: swing(partial(coded, 999.99, [1, 2]), NAMED["codes"]), XV),
    Situation("zeros where nothing was measured", lambda: swing(partial(coded, 0, [1, 2]), NAMED["zeros"]), XV),
    Situation("code -9999, angle said", lambda: swing(partial(coded, -9999, 1), NAMED["codes"]), ANGLE),
    Situation("frozen stretches", lambda: swing(frozen, NAMED["frozen"]), XV),
    Situation("spikes", lambda: swing(spiked, NAMED["spikes"]), XV),
    Situation("position clipped", lambda: swing(partial(clipped, 0, 0.7), NAMED["clipped"], conserved=None), XV),
    Situation("velocity clipped", lambda: swing(partial(clipped, 1, 0.6), NAMED["clipped"], conserved=None), XV),
    Situation(
        "acceleration taken for velocity",
        lambda: swing(wrong_column, FACTOR + "|unrelated|wrong column", conserved=None),
        XV,
    ),
    Situation(
        "time in ms, velocity in rad/s",
        lambda: swing(in_units(1e3, 1, 1), FACTOR, header="t (ms),x (rad),v (rad/s)"),
        XV,
    ),
    Situation(
        "position in mm, velocity in m/s",
        lambda: swing(in_units(1, 1e3, 1), FACTOR, header="t (s),x (mm),v (m/s)"),
        XV,
    ),
    Situation(
        "degrees beside rad/s, no units written",
        lambda: swing(in_units(1, np.degrees(1.0), 1), FACTOR + "|degrees", conserved=None),
        XV,
    ),
    Situation("velocity of the other sign", lambda: swing(in_units(1, 1, -1), FACTOR, conserved=None), XV),
    Situation("velocity with an offset", lambda: swing(biased, r"offset|bias|constant|differ", conserved=None), XV),
    Situation(
        "degrees, no units written, angle said",
        lambda: swing(in_units(1, np.degrees(1.0), np.degrees(1.0)), r"degrees|deg", conserved=None),
        ANGLE,
    ),
    Situation("rows out of order", lambda: swing(shuffled, "order|sorted"), XV),
    Situation("rows twice", lambda: swing(doubled, "twice|duplicate|same time|repeat|mean"), XV),
    Situation("missing cells", lambda: swing(with_holes, "missing|without a value"), XV),
    Situation("gaps in time", lambda: swing(gappy), XV),
    Situation("starts one below the other", lambda: swing(restarting, "trial", start=0.3), ANGLE),
)
