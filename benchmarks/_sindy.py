"""PySINDy on a table of own_data_speed.py, run in its own Python: _sindy.py (plain | weak) FOLDER

Polynomials to the third degree, its own default threshold. Prints the median error of unseen paths.
"""

import sys
from pathlib import Path

import numpy as np
import pysindy as ps
from scipy.integrate import solve_ivp

kind, place = sys.argv[1], Path(sys.argv[2])
table = np.genfromtxt(place / "table.csv", delimiter=",", names=True)
names = [name for name in table.dtype.names if name not in ("t", "trial")]
unseen = np.load(place / "unseen.npz")
cuts = np.flatnonzero(np.diff(table["trial"])) + 1
states = np.split(np.stack([table[name] for name in names], axis=1), cuts)
times = np.split(table["t"], cuts)
window = min(11, 2 * ((min(map(len, times)) - 1) // 2) + 1)  # 11 is its own choice
smooth = ps.SmoothedFiniteDifference(smoother_kws={"window_length": window, "polyorder": min(3, window - 1)})
if len(names) < unseen["paths"].shape[2]:  # positions alone: velocities by its own derivative
    rates = [smooth(x, t=t) for x, t in zip(states, times, strict=True)]
    states = [np.concatenate(pair, axis=1) for pair in zip(states, rates, strict=True)]
library = ps.PolynomialLibrary(degree=3)
if kind == "weak":
    library = ps.WeakPDELibrary(function_library=library, spatiotemporal_grid=times[0], K=100)
    model = ps.SINDy(feature_library=library, optimizer=ps.STLSQ())
else:
    model = ps.SINDy(feature_library=library, differentiation_method=smooth, optimizer=ps.STLSQ())
model.fit(states, t=times if kind == "plain" else times[0])
coefficients = model.coefficients()
plain = ps.PolynomialLibrary(degree=3).fit(np.zeros((1, states[0].shape[1])))


def field(_, z):
    """Returns the learned time derivative."""
    return coefficients @ np.asarray(plain.transform(z[None]))[0]


errors = []
for path in unseen["paths"]:
    found = solve_ivp(field, unseen["t"][[0, -1]], path[0], t_eval=unseen["t"], rtol=1e-6).y.T
    whole = len(found) == len(path)
    errors.append(np.sqrt(np.mean(((found - path) / unseen["scale"]) ** 2)) if whole else np.inf)
print(np.median(errors))
