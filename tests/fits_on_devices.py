"""Fits on all devices of one or of several two processes: python -m tests.fits_on_devices OUT [ADDRESS PROCESS]"""

import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from symplect import HNN, GradientSettings, Trajectories, fit_gradient
from symplect.data import RowsOnDisk
from symplect.errors import InputError
from symplect.fitting import fit_gradient_together
from tests.members import circles

SIZE = 17  # of a batch, which no two devices can share alike
NAMES = ["all rows", "batches", "batches on disk"]


def samples():
    """Returns 63 rows, which no two devices can share alike either."""
    starts = np.array([[1.0, 0.0], [0.0, 0.5], [-0.7, 0.2]])
    return circles(starts, np.linspace(0.0, 3.0, 21), omega=2.0)


def share(process):
    """Returns the rows of one of two processes, of which the first has more."""
    data, rows = samples(), [slice(40), slice(40, None)][process]
    count = len(data.times[rows])
    return Trajectories(data.times[rows], data.states[rows], (1,) * count, data.derivatives[rows])


def fit(data, size, devices, **how):
    """Returns a fit of 110 steps, which end within a chunk."""
    settings = GradientSettings(steps=110, batch_size=size)
    model = HNN(jax.random.key(0), 1, width=16)
    return fit_gradient(model, data, key=jax.random.key(1), settings=settings, devices=devices, **how)


def fit_together(devices, seeds=4):
    """Returns fits of several seeds in one program."""
    models = [HNN(jax.random.key(seed), 1, width=16) for seed in range(seeds)]
    keys = [jax.random.key(10 + seed) for seed in range(seeds)]
    settings = GradientSettings(steps=110, batch_size=SIZE)
    data = [samples()] * seeds
    return fit_gradient_together(models, data, tests=data, keys=keys, settings=settings, devices=devices)


def numbers(fitted):
    """Returns history and weights in one vector each."""
    return {
        "history": fitted.history.ravel(),
        "weights": np.concatenate([*map(np.ravel, fitted.model.network.weights)]),
    }


def fits(own, disk, devices):
    """Returns the numbers of fits of rows in memory and on disk."""
    how = [(own, None), (own, SIZE), (disk, SIZE)]
    return {name: numbers(fit(data, size, devices)) for name, (data, size) in zip(NAMES, how, strict=True)}


def main(out, address=None, process="0"):
    """Writes what `fits` returns; of one process, also a fit that was interrupted."""
    own, disk = samples(), RowsOnDisk(out.parent / "rows.npy")
    if address:
        jax.distributed.initialize(address, 2, int(process))
        found = fits(share(int(process)), disk, jax.devices())
    else:
        found, states = fits(own, disk, jax.devices()), []
        fit(own, SIZE, jax.devices(), checkpoint=states.append)
        found["interrupted"] = numbers(fit(own, SIZE, jax.devices(), resume=states[0]))
        with pytest.raises(InputError, match="found 3 for 2 devices"):
            fit_together(jax.devices(), seeds=3)
        found |= {f"seed {i}": numbers(fitted) for i, fitted in enumerate(fit_together(jax.devices()))}
        found["gone on with one"] = numbers(fit(own, SIZE, None, resume=states[0]))
    np.savez(out, **{f"{name}/{kind}": value for name, of in found.items() for kind, value in of.items()})


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
