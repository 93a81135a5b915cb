"""What the methods are given, and what they return."""

from dataclasses import dataclass

import numpy as np

from symplect.auto.bodies import Order
from symplect.data import Trajectories
from symplect.fitting import TrajectoryFit
from symplect.models import AbstractModel

_CLEAN = 1e-3  # of a coordinate's spread: states with less noise allow many features
_LITTLE = 1e-3  # of the spread: less noise than that is not asked of a fit


@dataclass(frozen=True, eq=False)
class Candidate:
    """One fitted model.

    Attributes:
        method: that fitted it.
        kind: "Hamiltonian", "dissipative" or "plain".
        model: the fit.
        seconds: that it took.
        fit: of the paths, which knows their noise; `None` from other methods.
    """

    method: str
    kind: str
    model: AbstractModel
    seconds: float
    fit: TrajectoryFit | None = None


@dataclass(frozen=True, eq=False)
class Problem:
    """What the methods are given.

    Attributes:
        train: what is fitted.
        noise: of every coordinate, estimated; NaN where unknown.
        observed: which coordinates were measured.
        velocities: whether the momenta are velocities, so that `p = dq/dt`.
        turning: numbers of the positions that are angles.
        held: whether inputs keep their value between samples.
        bodies: order of the positions by coordinate and body, for bodies in a plane or in space; `None` for others.
        seed: of whatever is drawn.
    """

    train: Trajectories
    noise: np.ndarray
    observed: tuple[bool, ...]
    seed: int
    velocities: bool = False
    turning: tuple[int, ...] = ()
    held: bool = False
    bodies: Order | None = None

    @property
    def angles(self) -> bool:
        """Whether all positions are angles."""
        return len(self.turning) == self.train.dimension // 2

    @property
    def alone(self) -> bool:
        """Whether samples stand alone, their derivatives beside them."""
        return max(self.train.lengths) == 1

    @property
    def clean(self) -> bool:
        """Whether states have next to no noise, as far as is known."""
        return not np.any(self.noise > _CLEAN * np.std(self.train.states, axis=0))

    def leaves(self, fit: TrajectoryFit) -> float:
        """Return what a fit leaves of the paths, in units of their noise."""
        seen = np.flatnonzero(self.observed)
        noise = np.maximum(np.nan_to_num(self.noise[seen]), _LITTLE * np.std(self.train.states, axis=0)[seen])
        return float(np.max(fit.noise[seen] / noise))
