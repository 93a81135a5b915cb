"""Which of several fitted models is taken."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from symplect.auto.diagnosis import significantly_worse
from symplect.auto.judgement import TINY, geometric_mean
from symplect.auto.problem import Candidate

_SIMPLEST_FIRST = ("Hamiltonian", "dissipative", "plain")
_AS_GOOD = 1.1  # times the error of the best, or up to
_TOLERATED = 1.4  # times it, where that is no significant difference


@dataclass(frozen=True, eq=False)
class Judged:
    """A candidate, and how it predicted what was held out.

    Attributes:
        candidate: the fitted model.
        squares: squared error of every held-out piece, in units of the variance.
    """

    candidate: Candidate
    squares: Float[np.ndarray, " pieces"]

    @property
    def error(self) -> float:
        """The geometric mean over the pieces of the error, in units of the spread of the data."""
        return geometric_mean(self.squares)

    @property
    def spread(self) -> float:
        """The relative standard error of that; NaN of a single piece."""
        if len(self.squares) < 2:
            return float("nan")
        logarithms = np.log(np.maximum(self.squares, TINY)) / 2
        return float(np.std(logarithms, ddof=1) / np.sqrt(len(logarithms)))


def choose(judged: Sequence[Judged], *, loses: bool = False) -> Judged:
    """Return the best of the simplest kind that is about as good as the best of all.

    A Hamiltonian is simpler than one with friction, and that is simpler than a plain field.

    Args:
        judged: candidates of all methods.
        loses: whether the paths show that energy is lost: then no Hamiltonian is taken, whose error on a short piece
            may be too small to see.
    """
    best = min(judged, key=lambda one: one.error)
    for kind in _SIMPLEST_FIRST:
        own = [one for one in judged if one.candidate.kind == kind]
        if not own or (loses and kind == "Hamiltonian"):
            continue
        found = min(own, key=lambda one: one.error)
        if found.error <= _AS_GOOD * best.error or (
            found.error <= _TOLERATED * best.error and not _significantly_worse(found, best)
        ):
            return found
    return best


def _significantly_worse(one: Judged, than: Judged) -> bool:
    return significantly_worse(np.maximum(one.squares, TINY), np.maximum(than.squares, TINY))
