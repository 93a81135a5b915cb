"""The fit that chooses its method itself, and says how far its model can be trusted."""

from symplect.automatic.fit import Fit, fit, fit_reading
from symplect.automatic.methods import METHODS

__all__ = ["METHODS", "Fit", "fit", "fit_reading"]
