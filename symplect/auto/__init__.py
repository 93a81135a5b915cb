"""The fit that chooses its method itself, and says how far its model can be trusted.

The way from a table to its page, as `symplect fit` takes it:

1. `tables.read` understands the table: a `Reading` with its `Trajectories`; `understood` says how.
2. `fit_reading` holds some trials out, or the last fifth of each (`parts`), and states the `Problem`.
3. `attempts` tries the ways in `methods`, a closed form and then paths unless that leaves nothing to explain: each
   gives `Candidate` models out of `structures`, with and without `friction`.
4. `judgement` predicts what was held out by each, in short pieces; `choice` takes the simplest that predicts as well
   as the best.
5. `conclusion` says of the chosen model's own `energy` whether it is conserved, lost or unknown; `verdict` puts all
   into words: a `Fit`.
6. `Fit.save` writes the run's folder (`symplect.runs`), and `symplect.views.report` its page.
"""

from symplect.auto.diagnosis import Diagnosis, diagnose
from symplect.auto.methods import METHODS
from symplect.auto.result import Fit
from symplect.auto.table_fit import fit, fit_reading

__all__ = ["METHODS", "Diagnosis", "Fit", "diagnose", "fit", "fit_reading"]
