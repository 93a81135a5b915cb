"""The paper's repository moves its trained model and measures energies; run in its own Python by whole_task.py:

_reference_energy.py CHECKOUT EXPERIMENT WEIGHTS PATHS

PATHS holds times and true paths. Prints seconds and the mean squared error of the energy.
"""

import sys
import time

import numpy as np

checkout, experiment, weights, paths = sys.argv[1:]
sys.path[:0] = [f"{checkout}/{experiment}", checkout]

import data  # the experiment's
import torch
from hnn import HNN
from nn_models import MLP
from utils import integrate_model

two_body = experiment == "experiment-2body"
true = np.load(paths)
times, truth = true["times"], true["truth"]
dimension = truth.shape[-1]
model = HNN(dimension, MLP(dimension, 200, 2, "tanh"))
model.load_state_dict(torch.load(weights))


def energy(path):
    """Returns the true energy along a path of shape `(times, dimension)`."""
    return data.total_energy(data.coords2state(path)) if two_body else data.hamiltonian_fn(path.T)[0]


began = time.perf_counter()
errors = []
for path in truth:
    span = [times[0], times[-1]]
    found = integrate_model(model, span, path[0], t_eval=times, rtol=1e-9 if two_body else 1e-12)  # as its notebooks
    errors.append(np.mean((energy(path) - energy(found["y"].T)) ** 2))
print(time.perf_counter() - began, np.mean(errors))
