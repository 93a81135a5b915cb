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
from symplect.fitting import GradientSettings, fit_closed_form, fit_gradient, fit_trajectory
from symplect.integrate import change_energy, change_energy_path, rollout
from symplect.models import HNN, Baseline, DissipativeHNN, RandomFeatureHNN

__all__ = [
    "HNN",
    "AbstractDynamics",
    "AbstractHamiltonian",
    "AbstractSeparableHamiltonian",
    "Baseline",
    "DissipativeHNN",
    "GradientSettings",
    "RandomFeatureHNN",
    "Trajectories",
    "add_noise",
    "certificate",
    "change_energy",
    "change_energy_path",
    "fit_closed_form",
    "fit_gradient",
    "fit_trajectory",
    "rollout",
    "simulate",
    "symplectic_gradient",
    "systems",
]
