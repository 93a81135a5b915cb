"""Which of several fitted models is taken."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from symplect.automatic.judgement import TINY, geometric_mean
from symplect.automatic.methods import Candidate
from symplect.diagnose import Diagnosis, significantly_worse

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


def choose(judged: Sequence[Judged]) -> Judged:
    """Returns the best of the simplest kind that is about as good as the best of all.

    A Hamiltonian is simpler than one with friction, and that is simpler than a plain field. Where the trajectory fits
    found that energy is lost, no Hamiltonian is taken: its error on a short piece may be too small to see.
    """
    best = min(judged, key=lambda one: one.error)
    allowed = [kind for kind in _SIMPLEST_FIRST if kind != "Hamiltonian" or not _loses(judged)]
    for kind in allowed:
        own = [one for one in judged if one.candidate.kind == kind]
        if own:
            found = min(own, key=lambda one: one.error)
            if found.error <= _AS_GOOD * best.error or (
                found.error <= _TOLERATED * best.error and not _significantly_worse(found, best)
            ):
                return found
    return best


def _significantly_worse(one: Judged, than: Judged) -> bool:
    return significantly_worse(np.maximum(one.squares, TINY), np.maximum(than.squares, TINY))


def diagnosis_of(judged: Sequence[Judged]) -> Diagnosis | None:
    """Returns what the trajectory fits found about friction, if there were any."""
    return next((one.candidate.diagnosis for one in judged if one.candidate.diagnosis), None)


def _loses(judged: Sequence[Judged]) -> bool:
    diagnosis = diagnosis_of(judged)
    return diagnosis is not None and not diagnosis.conserves
