"""Ways from data to a model: gradient descent."""

from symplect.fitting.descent import FitState, GradientSettings, descend, initial_state
from symplect.fitting.gradient import fit_gradient

__all__ = ["FitState", "GradientSettings", "descend", "fit_gradient", "initial_state"]
