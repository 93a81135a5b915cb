"""What is fitted and what is predicted, and how much of a long record is enough."""

import numpy as np

from symplect.data import Trajectories, clean_by_derivatives

_SHARE = 4  # one trial, or one sample that stands alone, in so many is held out
_TAIL = 0.2  # of each trial, where there are too few to hold out whole ones
_FEWEST = 4  # trials, to hold out whole ones
_PIECE = 60  # samples of a piece of a long record
_TO_INTEGRATE = 10  # samples of a trial, to integrate its derivatives
_AGREEMENT = 2.0  # times the noise, that measured states may differ from integrated derivatives
_LAG = 0.5  # standard deviations that a path moves in the time that tells its speed


def parts(data: Trajectories) -> tuple[Trajectories, Trajectories, str]:
    """Return what is fitted, what is held out, and that in words.

    Of four trials or more every fourth is held out; of fewer, the last fifth of each.
    """
    trials = len(data)
    if trials >= _FEWEST:
        rest, chosen = data.hold_out(_SHARE)
        return rest, chosen, f"{len(chosen)} of {trials} {'samples' if max(data.lengths) == 1 else 'trials'}"
    lengths = np.array(data.lengths)
    kept = np.maximum(lengths - np.maximum((_TAIL * lengths).astype(int), 2), 1)
    rows = [np.arange(length) < keep for length, keep in zip(lengths, kept, strict=True)]
    fitted = np.concatenate(rows)
    head = _rows(data, np.flatnonzero(fitted), kept.tolist())
    tail = _rows(data, np.flatnonzero(~fitted), (lengths - kept).tolist())
    return head, tail, "the last fifth of " + ("the record" if trials == 1 else "each trial")


def derivatives_agree(data: Trajectories, noise: np.ndarray) -> bool:
    """Return whether derivatives are better than states: integrated, they meet the states but for their noise."""
    if data.derivatives is None or min(data.lengths) < _TO_INTEGRATE:
        return False
    left = clean_by_derivatives(data).states - data.states
    return bool(np.all(np.sqrt(np.mean(left**2, axis=0)) <= _AGREEMENT * noise))


def strided(data: Trajectories) -> Trajectories:
    """Subsample each trajectory to the samples that its swing needs, from its beginning to its end."""
    step = _stride(data)
    rows = [np.arange(0, length, step) for length in data.lengths]
    first = np.cumsum((0, *data.lengths[:-1]))
    kept = [start + own for start, own in zip(first, rows, strict=True)]
    return _rows(data, np.concatenate(kept), [len(own) for own in kept])


def thinned(data: Trajectories, most: int) -> Trajectories:
    """Return so much of a long record as a fit of paths needs: pieces from all over it, some tens of samples a swing.

    Args:
        data: trials.
        most: samples that are kept, about.
    """
    if len(data.times) <= most:
        return data
    short = pieces(strided(data), _PIECE)
    wanted = max(1, min(len(short), most // int(np.median(short.lengths))))
    return short.select(np.unique(np.linspace(0, len(short) - 1, wanted).astype(int)).tolist())


def pieces(data: Trajectories, samples: int) -> Trajectories:
    """Cut trials into pieces of at most so many samples, and leave out those of a single one."""
    found: list[np.ndarray] = []
    first = 0
    for length in data.lengths:
        found += np.array_split(np.arange(first, first + length), -(-length // samples))
        first += length
    found = [piece for piece in found if len(piece) > 1]
    return _rows(data, np.concatenate(found), [len(piece) for piece in found])


def _stride(data: Trajectories) -> int:
    """Return how many samples may be skipped: a fourth of those in which the fastest coordinate moves noticeably.

    A sinusoid then keeps some 25 to 50 samples a period, however finely it was sampled, and whatever its noise.
    """
    longest = data[int(np.argmax(data.lengths))].states
    spread = np.std(longest, axis=0)
    lag = 1
    while 4 * lag < len(longest):
        moved = np.sqrt(np.mean((longest[lag:] - longest[:-lag]) ** 2, axis=0))
        if np.any(moved > _LAG * spread):
            break
        lag *= 2
    return max(1, lag // 4)


def _rows(data: Trajectories, rows: np.ndarray, lengths: list[int]) -> Trajectories:
    return Trajectories(
        data.times[rows],
        data.states[rows],
        tuple(lengths),
        None if data.derivatives is None else data.derivatives[rows],
        data.names,
        data.units,
        None if data.inputs is None else data.inputs[rows],
    )
