"""Solvers for any dynamics, `rollout`, which uses them, and `change_energy`, which crosses the level sets of H."""

from symplect.integrate._solver import AbstractFixedStep, AbstractSolver, Status
from symplect.integrate.adaptive import TRUTH, Adaptive
from symplect.integrate.energy_shift import change_energy, change_energy_path
from symplect.integrate.implicit_midpoint import ImplicitMidpoint
from symplect.integrate.leapfrog import Leapfrog, Yoshida4
from symplect.integrate.rollouts import Rollout, rollout
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
    "change_energy",
    "change_energy_path",
    "rollout",
]
