"""Data: the container, and where trajectories come from."""

from symplect.data.derivatives import forward_difference
from symplect.data.measured import measured_pendulum
from symplect.data.noise import add_noise
from symplect.data.simulate import simulate
from symplect.data.trajectories import Trajectories

__all__ = [
    "Trajectories",
    "add_noise",
    "forward_difference",
    "measured_pendulum",
    "simulate",
]
