"""Known inputs: whether they are held between changes."""

import numpy as np
from jaxtyping import Float, Int

_HELD = 0.5  # of the steps, that are exactly zero where an input is held
_JUMP = 0.05  # of an input's range, that it jumps by; a slow one that is rounded takes smaller steps


def are_held(inputs: Float[np.ndarray, "rows inputs"], trial: Int[np.ndarray, " rows"]) -> bool:
    """Return whether all inputs are constant between jumps (a zero-order hold), and at least one jumps.

    Example:
        >>> torque = np.repeat(np.array([0.3, -1.2, 0.8, 0.1]), 10)[:, None]
        >>> are_held(torque, np.zeros(40, int)), are_held(np.cumsum(torque, axis=0), np.zeros(40, int))
        (True, False)
    """
    steps = np.abs(np.diff(inputs, axis=0))[np.diff(trial) == 0]
    if not np.any(steps):
        return False
    still = np.mean(steps == 0, axis=0)
    jumps = np.array([np.median(own[own > 0]) if np.any(own > 0) else np.inf for own in steps.T])
    return bool(np.all((still >= _HELD) & (jumps > _JUMP * np.ptp(inputs, axis=0))))
