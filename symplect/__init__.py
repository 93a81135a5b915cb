"""Hamiltonian neural networks: learn H(q, p) from data, and move along its symplectic gradient."""

from symplect import systems
from symplect.data import Trajectories, add_noise, simulate
from symplect.dynamics import (
    AbstractDynamics,
    AbstractHamiltonian,
    AbstractSeparableHamiltonian,
    symplectic_gradient,
)
from symplect.evaluation import certificate
from symplect.fitting import GradientSettings, fit_gradient
from symplect.integrate import change_energy, change_energy_path, rollout
from symplect.models import HNN, Baseline

__all__ = [
    "HNN",
    "AbstractDynamics",
    "AbstractHamiltonian",
    "AbstractSeparableHamiltonian",
    "Baseline",
    "GradientSettings",
    "Trajectories",
    "add_noise",
    "certificate",
    "change_energy",
    "change_energy_path",
    "fit_gradient",
    "rollout",
    "simulate",
    "symplectic_gradient",
    "systems",
]
