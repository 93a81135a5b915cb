"""Solvers for any dynamics, and `rollout`, which uses them."""

from symplect.integrate._solver import AbstractFixedStep, AbstractSolver, Status
from symplect.integrate.adaptive import TRUTH, Adaptive
from symplect.integrate.implicit_midpoint import ImplicitMidpoint
from symplect.integrate.leapfrog import Leapfrog, Yoshida4
from symplect.integrate.rollout import Rollout, rollout
from symplect.integrate.runge_kutta import RK4

__all__ = [
    "RK4",
    "TRUTH",
    "AbstractFixedStep",
    "AbstractSolver",
    "Adaptive",
    "ImplicitMidpoint",
    "Leapfrog",
    "Rollout",
    "Status",
    "Yoshida4",
    "rollout",
]
