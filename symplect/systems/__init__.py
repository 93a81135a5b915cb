"""True systems: the Hamiltonians that data come from and that models are judged by."""

from symplect.systems.cart_pole import CartPole
from symplect.systems.chain_pendulum import ChainPendulum
from symplect.systems.double_pendulum import DoublePendulum
from symplect.systems.henon_heiles import HenonHeiles
from symplect.systems.kepler import Kepler
from symplect.systems.mass_spring import MassSpring
from symplect.systems.n_body import NBody
from symplect.systems.pendulum import Pendulum
from symplect.systems.spherical_pendulum import SphericalPendulum
from symplect.systems.two_link_arm import TwoLinkArm

__all__ = [
    "CartPole",
    "ChainPendulum",
    "DoublePendulum",
    "HenonHeiles",
    "Kepler",
    "MassSpring",
    "NBody",
    "Pendulum",
    "SphericalPendulum",
    "TwoLinkArm",
]
