"""What data must be for a fit to mean something."""

import numpy as np

from symplect.data import Trajectories
from symplect.errors import InputError


def require_fittable(who: str, data: Trajectories, *, derivatives: bool) -> None:
    """Say what is wrong with data before a fit turns them into something plausible.

    Args:
        who: wants to fit.
        data: trajectories of one system.
        derivatives: whether derivatives are needed; if not, paths are, of two samples or more.

    Raises:
        InputError: no derivatives, trials of one sample, all data at rest, or a constant coordinate.
    """
    if derivatives and data.derivatives is None:
        raise InputError(f"{who}: expected data with derivatives, found none: use fit_trajectory, which needs none")
    if not derivatives and min(data.lengths) < 2:
        raise InputError(f"{who}: expected trials of two samples or more, found one of a single sample: leave it out")
    spread = np.std(data.states, axis=0)
    negligible = spread <= 1e-12 * np.max(np.abs(data.states), axis=0)
    if np.all(negligible):
        raise InputError(f"{who}: expected data that move, found all of them at rest: start away from the equilibrium")
    if np.any(negligible):
        name = data.names[int(np.argmax(negligible))]
        raise InputError(f"{who}: expected every coordinate to vary, found {name} constant: leave that degree out")
