"""Several bodies in one table: which column belongs to which, and how heavy they are."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float

from symplect.tables import Reading
from symplect.tables.bodies import body_places

_SURE = 10.0  # times the noise of the momentum that the velocities of the bodies may be taken for a chance

Order = tuple[tuple[int, ...], ...]


def order_of_bodies(names: Sequence[str]) -> Order | None:
    """Return the places of the coordinates, by axis and then by body; `None` where names do not tell.

    Example:
        >>> order_of_bodies(["x1", "y1", "x2", "y2"]), order_of_bodies(["theta", "phi"])
        (((0, 2), (1, 3)), None)
    """
    return tuple(zip(*body_places(names), strict=True)) or None


def with_masses(reading: Reading, order: Order) -> Reading:
    """Return what was read with the momenta of bodies whose masses were not given but can be told.

    Bodies that act on one another alone keep their total momentum, so the velocities in one direction lie on a plane
    whose normal is the list of their masses. Masses are known up to a factor: the first is 1.

    Args:
        reading: with velocities and without masses.
        order: places of the positions, by axis and body.
    """
    velocities = reading.data.states[:, reading.columns.degrees_of_freedom :]
    masses, missed = _masses(velocities, reading.data.lengths, order)
    noise = float(np.sqrt(np.mean(reading.noise[reading.columns.degrees_of_freedom :] ** 2)))
    spread = float(np.sqrt(np.mean(np.var(velocities, axis=0))))
    if not (np.all(masses > 0) and missed < max(3 * noise, 1e-6 * spread) < spread / _SURE):
        return reading
    n, data = reading.columns.degrees_of_freedom, reading.data
    of_coordinate = np.ones(n)
    for axis in order:
        of_coordinate[list(axis)] = masses
    factors = np.concatenate([np.ones(n), of_coordinate])
    names = data.names[:n] + tuple(f"{m:.3g}*{name}" for m, name in zip(of_coordinate, data.names[n:], strict=True))
    moved = replace(
        data,
        states=data.states * factors,
        derivatives=None if data.derivatives is None else data.derivatives * factors,
        names=names,
    )
    said = " : ".join(f"{m:.4g}" for m in masses)
    note = f"masses are taken as {said}, in which the total momentum is constant: if they are others, give --mass"
    return replace(
        reading,
        data=moved,
        noise=reading.noise * factors,
        columns=replace(reading.columns, mass=tuple(float(m) for m in of_coordinate)),
        notes=(*(note for note in reading.notes if not note.startswith("masses are taken as equal")), note),
    )


def _masses(
    velocities: Float[np.ndarray, "samples degrees"], lengths: Sequence[int], order: Order
) -> tuple[Float[np.ndarray, " bodies"], float]:
    """Return the masses, the first of them 1, and how far the total momentum is from constant, per unit of mass."""
    numbers = np.repeat(np.arange(len(lengths)), lengths)
    means = np.stack([np.bincount(numbers, column) / np.array(lengths) for column in velocities.T], axis=1)
    centred = velocities - means[numbers]
    rows = np.concatenate([centred[:, list(axis)] for axis in order])
    _, sizes, directions = np.linalg.svd(rows, full_matrices=False)
    normal = directions[-1]
    return normal / normal[0], float(sizes[-1] / np.sqrt(len(rows)))
