"""Data: the container, and where trajectories come from."""

from symplect.data.derivatives import clean_by_derivatives, forward_difference, smoothed
from symplect.data.measured import measured_pendulum
from symplect.data.noise import add_noise
from symplect.data.on_disk import RowsOnDisk
from symplect.data.positions import with_velocities
from symplect.data.scaling import Scaling
from symplect.data.simulation import simulate
from symplect.data.trajectories import Trajectories

__all__ = [
    "RowsOnDisk",
    "Scaling",
    "Trajectories",
    "add_noise",
    "clean_by_derivatives",
    "forward_difference",
    "measured_pendulum",
    "simulate",
    "smoothed",
    "with_velocities",
]
