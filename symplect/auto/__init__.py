"""The fit that chooses its method itself, and says how far its model can be trusted."""

from symplect.auto.diagnosis import Diagnosis, diagnose
from symplect.auto.methods import METHODS
from symplect.auto.result import Fit
from symplect.auto.table_fit import fit, fit_reading

__all__ = ["METHODS", "Diagnosis", "Fit", "diagnose", "fit", "fit_reading"]
