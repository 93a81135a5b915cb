"""The fit that chooses its method itself, and says how far its model can be trusted."""

from symplect.automatic.methods import METHODS
from symplect.automatic.result import Fit
from symplect.automatic.table_fit import fit, fit_reading

__all__ = ["METHODS", "Fit", "fit", "fit_reading"]
