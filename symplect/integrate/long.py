"""Paths of any length, followed piece by piece."""

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from symplect.dynamics import AbstractDynamics
from symplect.errors import InputError
from symplect.integrate._solver import Status
from symplect.integrate.adaptive import Adaptive
from symplect.integrate.rollouts import rollout

_SOLVER = Adaptive(rtol=1e-9, atol=1e-9, max_steps=20_000, reverse=False)
_PIECE = 1000  # output times that are followed in one go
_FINER = 100  # parts of the time between two outputs that takes more steps than that
_FINEST = 2  # times that it is parted

Starts = Float[np.ndarray, "starts dimension"]
Paths = Float[np.ndarray, "starts times dimension"]


class _EndError(ArithmeticError):
    """A path leaves the finite numbers soon after a time."""

    def __init__(self, time: float):
        super().__init__(time)
        self.time = time


def followed(
    dynamics: AbstractDynamics, starts: Starts, times: Float[np.ndarray, " times"], *, unit: float = 1.0
) -> Paths:
    """Follow any dynamics for as long as wanted, with a progress bar that tells the time left after two seconds.

    A solver gives up after so many steps, which a path that blows up needs in no time and a long one in due time: so
    each piece has its own, and a piece in which no time passes is the end.

    Args:
        dynamics: a true system or a model.
        starts: states in double precision.
        times: two output times or more, increasing or decreasing, the first that of the starts.
        unit: time of one of theirs, for messages.

    Raises:
        InputError: a path leaves the finite numbers, or needs ever smaller steps.

    Example:
        >>> from symplect.systems import MassSpring
        >>> times = np.array([0.0, 1000 * np.pi])
        >>> paths = followed(MassSpring(k=1.0, m=1.0), np.array([[1.0, 0.0]]), times)
        >>> bool(np.allclose(paths[0, -1], [1.0, 0.0], atol=1e-4))
        True
    """
    with tqdm(total=len(times) - 1, desc="simulating", unit="time", disable=None, leave=False, delay=2) as bar:
        try:
            pieces = list(_pieces(dynamics, starts, times, _FINEST, bar.update))
        except _EndError as error:
            raise InputError(
                "expected paths that stay finite, found one that leaves the finite numbers soon after time "
                f"{unit * error.time:.6g}: end before that, or start nearer the data"
            ) from error
    return np.concatenate([starts[:, None], *pieces], axis=1)


def _pieces(
    dynamics: AbstractDynamics, starts: Starts, times: np.ndarray, finer: int, tell: Callable[[int], object]
) -> Iterator[Paths]:
    """Yield the states at the times after the first; pieces are of one length, since each other one is compiled."""
    reached, size = 0, _PIECE
    while reached < len(times) - 1:
        piece = _piece(dynamics, starts, times[reached : reached + size + 1], finer)
        yield piece
        starts, size = piece[:, -1], min(size, piece.shape[1])
        reached += piece.shape[1]
        tell(piece.shape[1])


def _piece(dynamics: AbstractDynamics, starts: Starts, times: np.ndarray, finer: int) -> Paths:
    """Return the states at the next times, at one of them or more."""
    found = rollout(dynamics, starts, times, solver=_SOLVER)
    states = np.asarray(found.states)[:, 1:]
    whole = np.all(np.isfinite(states), axis=(0, 2))
    count = len(whole) if np.all(whole) else int(np.argmin(whole))
    if count:
        return states[:, :count]
    if finer and np.any(np.asarray(found.status) == Status.STEP_LIMIT):
        between = np.linspace(times[0], times[1], _FINER + 1)
        if len(np.unique(between)) == len(between):
            *_, last = _pieces(dynamics, starts, between, finer - 1, lambda _: None)
            return last[:, -1:]
    raise _EndError(float(times[0]))
