"""True systems: the Hamiltonians that data come from and that models are judged by."""

from symplect.systems.double_pendulum import DoublePendulum
from symplect.systems.henon_heiles import HenonHeiles
from symplect.systems.mass_spring import MassSpring
from symplect.systems.n_body import NBody
from symplect.systems.pendulum import Pendulum

__all__ = ["DoublePendulum", "HenonHeiles", "MassSpring", "NBody", "Pendulum"]
