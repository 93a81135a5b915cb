"""Ways from data to a model: gradient descent."""

from symplect.fitting.gradient import FitState, GradientSettings, fit_gradient, initial_state

__all__ = ["FitState", "GradientSettings", "fit_gradient", "initial_state"]
