"""Ways from data to a model: gradient descent, closed forms, trajectories."""

from symplect.fitting.adaptive_fourier import fit_adaptive_fourier
from symplect.fitting.candidates import smooth_hamiltonians
from symplect.fitting.closed_form import ClosedFormFit, fit_closed_form
from symplect.fitting.descent import FitState, GradientSettings, descend, initial_state
from symplect.fitting.gradient import fit_gradient, fit_gradient_together
from symplect.fitting.pair_distances import fit_pair_distances
from symplect.fitting.random_features import fit_random_features
from symplect.fitting.trajectory import TrajectoryFit, fit_trajectory

__all__ = [
    "ClosedFormFit",
    "FitState",
    "GradientSettings",
    "TrajectoryFit",
    "descend",
    "fit_adaptive_fourier",
    "fit_closed_form",
    "fit_gradient",
    "fit_gradient_together",
    "fit_pair_distances",
    "fit_random_features",
    "fit_trajectory",
    "initial_state",
    "smooth_hamiltonians",
]
