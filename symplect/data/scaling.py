"""Units in which a record is of order one: what measured data are fitted in, whatever they were measured in."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float

from symplect.data.trajectories import Trajectories

Coordinates = Float[np.ndarray, " dimension"]

_MOVED = 0.5  # of its spread: a path that has moved so far tells its speed, whatever its noise


@dataclass(frozen=True, eq=False)
class Scaling:
    r"""A canonical change of units, $z' = (z - c) / s$ and $t' = t / \tau$.

    Hamilton's equations keep their form if $s_{q,i} s_{p,i}$ is the same number C for every degree of freedom. The
    Hamiltonian is then $H = (C / \tau) H'$. `symplect.models.rescaled` does the same to models.

    Args:
        time: $\tau$, in the data's unit of time.
        centre: $c$.
        scale: $s$, positions first.
        inputs: the unit of every known input.

    Example:
        >>> t = np.linspace(0.0, 1e-3, 50)
        >>> data = Trajectories(t, np.stack([1e6 * np.cos(2e4 * t), np.sin(2e4 * t)], axis=1), (50,))
        >>> scaling = Scaling.of(data)
        >>> np.std(scaling.apply(data).states, axis=0).round(6).tolist()
        [1.0, 1.0]
        >>> bool(np.allclose(scaling.inverse.apply(scaling.apply(data)).states, data.states))
        True
    """

    time: float
    centre: Coordinates
    scale: Coordinates
    inputs: Float[np.ndarray, " channels"] = field(default_factory=lambda: np.ones(0))

    @classmethod
    def of(
        cls,
        data: Trajectories,
        *,
        centred: bool = False,
        isotropic: bool = False,
        newtonian: bool = False,
        velocities: bool = False,
        angles: Sequence[int] = (),
    ) -> "Scaling":
        """Return the units that follow from the data: the same record in other units gives the same scaled data.

        Every coordinate is divided by its spread, but for a factor per degree of freedom that makes all products of a
        position's and its momentum's unit agree: units of the data that are canonical themselves change nothing.

        Args:
            data: paths, or states with derivatives.
            centred: whether the data's mean is subtracted, except from angles.
            isotropic: whether all positions share one unit, and all momenta, as bodies in space need.
            newtonian: whether `p = dq/dt` must stay so, which also needs what isotropic means, and uncentred momenta.
            velocities: whether the second half of a state are the velocities of the first, each position with a unit of
                its own; that is no canonical change of units.
            angles: numbers of the positions that are angles in radians, which keep their unit.
        """
        half = data.dimension // 2
        spread = _spread(data.states)
        if isotropic or newtonian:
            spread = np.repeat([_root_mean_square(spread[:half]), _root_mean_square(spread[half:])], half)
        turning = list(range(half)) if newtonian and angles else list(angles)
        spread[turning] = 1.0
        product = np.exp(np.mean(np.log(spread[:half]) + np.log(spread[half:])))
        even = np.sqrt(product / (spread[:half] * spread[half:]))
        positions = spread[:half] * even
        positions[turning] = 1.0
        momenta = product / positions
        scale = np.concatenate([positions, momenta])
        time = float(positions[0] / momenta[0]) if newtonian else characteristic_time(data, scale)
        if velocities and not newtonian:
            time = float(np.exp(np.mean(np.log(spread[:half] / spread[half:]))))
            scale = np.concatenate([spread[:half], spread[:half] / time])
        centre = np.mean(data.states, axis=0) if centred else np.zeros(data.dimension)
        centre[turning] = 0.0
        if newtonian:
            centre[half:] = 0.0
        inputs = np.ones(0) if data.inputs is None else _root_mean_squares(data.inputs)
        return cls(time, centre, scale, inputs)

    @property
    def inverse(self) -> "Scaling":
        """The way back."""
        return Scaling(1 / self.time, -self.centre / self.scale, 1 / self.scale, 1 / self.inputs)

    @property
    def action(self) -> float:
        """C, the unit of every product of a position and its momentum."""
        half = len(self.scale) // 2
        return float(self.scale[0] * self.scale[half])

    @property
    def energy(self) -> float:
        """The unit of H."""
        return self.action / self.time

    @property
    def rates(self) -> Coordinates:
        """The unit of every time derivative."""
        return self.scale / self.time

    def apply(self, data: Trajectories) -> Trajectories:
        """Return the data in these units."""
        return replace(
            data,
            times=data.times / self.time,
            states=(data.states - self.centre) / self.scale,
            derivatives=None if data.derivatives is None else data.derivatives / self.rates,
            inputs=None if data.inputs is None else data.inputs / self.inputs,
        )


def characteristic_time(data: Trajectories, scale: Coordinates) -> float:
    """Return the time in which states change by about their scale: the inverse frequency of a swing.

    Known derivatives tell it. Otherwise the shortest lag does in which paths move by half of their spread, as
    differences of neighbours may be no more than noise.

    Args:
        data: paths, or states with derivatives.
        scale: unit of every coordinate.

    Example:
        >>> t = np.linspace(0.0, 60.0, 2000)
        >>> circle = Trajectories(t, np.stack([np.cos(0.5 * t), -np.sin(0.5 * t)], axis=1), (2000,))
        >>> bool(abs(characteristic_time(circle, np.ones(2)) - 2 * 2**0.5) < 0.3)
        True
    """
    if data.derivatives is not None:
        rate = _root_mean_square(data.derivatives / scale)
        return 1 / rate if rate > 0 else 1.0
    trials = np.repeat(np.arange(len(data)), data.lengths)
    own = _spread(data.states)
    time, lag = 1.0, 1
    while lag < max(data.lengths):
        first = np.flatnonzero(trials[lag:] == trials[:-lag])
        change = data.states[first + lag] - data.states[first]
        elapsed, moved = _root_mean_square(data.times[first + lag] - data.times[first]), _root_mean_square(change / own)
        if moved > 0:
            time = elapsed / _root_mean_square(change / scale)
        if moved > _MOVED:
            break
        lag *= 2
    return time


def _root_mean_square(values: np.ndarray) -> float:
    largest = float(np.max(np.abs(values)))
    return largest * float(np.sqrt(np.mean((values / largest) ** 2))) if largest > 0 else 0.0


def _root_mean_squares(rows: Float[np.ndarray, "samples columns"]) -> Float[np.ndarray, " columns"]:
    """Return the size of every column, 1 where it is zero throughout."""
    sizes = np.array([_root_mean_square(column) for column in rows.T])
    return np.where(sizes > 0, sizes, 1.0)


def _spread(states: Float[np.ndarray, "samples dimension"]) -> Coordinates:
    """Return the standard deviation of every coordinate; its size, or else 1, where that is zero."""
    spread = _root_mean_squares(states - np.mean(states, axis=0))
    return np.where(np.ptp(states, axis=0) > 0, spread, _root_mean_squares(states))
