"""The shapes this package speaks of, named once."""

import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

Scalar = Float[Array, ""]
"""One real number."""

State = Float[Array, " dimension"]
"""One point of phase space, `z = [q..., p...]`, with `dimension = 2 * degrees_of_freedom`."""

Half = Float[Array, " degrees_of_freedom"]
"""The positions or the momenta of one state."""

States = Float[Array, "*batch dimension"]
"""States along the last axis, any number of axes before it."""

Key = PRNGKeyArray
"""A JAX random key."""

Times = Float[Array | np.ndarray, " times"]
"""Strictly monotone times; a decreasing sequence runs backward."""

__all__ = ["Half", "Key", "Scalar", "State", "States", "Times"]
