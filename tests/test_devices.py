"""The gradient fit on several devices, of one process and of two: the numbers of one device."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN, GradientSettings
from symplect.data import RowsOnDisk
from symplect.errors import InputError
from symplect.fitting import initial_state
from symplect.fitting.batches import Batches, laid_out
from symplect.fitting.descent import take_steps
from symplect.fitting.gradient import mean_squared_error
from tests.fits_on_devices import NAMES, SIZE, fit, fit_together, fits, numbers, samples

ROOT = Path(__file__).parent.parent
ALIKE = 1e-5
TWO_DEVICES = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}


def started(*arguments, **environment):
    command = [sys.executable, "-W", "error", "-m", "tests.fits_on_devices", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, "JAX_ENABLE_X64": "1", **environment}, stderr=-1, text=True
    )


def ended(*processes):
    for process in processes:
        _, said = process.communicate(timeout=100)
        assert process.returncode == 0, said


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made, data = tmp_path_factory.mktemp("devices"), samples()
    RowsOnDisk.write(made / "rows.npy", [(data.states, data.derivatives)])
    return made


@pytest.fixture(scope="module")
def one(folder):
    return fits(samples(), RowsOnDisk(folder / "rows.npy"), None)


@pytest.fixture(scope="module")
def two(folder):
    ended(started(folder / "two.npz", **TWO_DEVICES))
    return np.load(folder / "two.npz")


@pytest.fixture(scope="module")
def two_processes(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    outs = [folder / f"process-{i}.npz" for i in range(2)]
    ended(*[started(out, address, i, XLA_FLAGS="") for i, out in enumerate(outs)])
    return [np.load(out) for out in outs]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_two_devices_reach_the_losses_of_one(one, two, name):
    np.testing.assert_allclose(two[f"{name}/history"], one[name]["history"], rtol=ALIKE)
    assert np.any(two[f"{name}/weights"] != one[name]["weights"])  # sums of other order: the work was shared


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_two_processes_with_a_share_each_reach_the_losses_of_one(one, two_processes, name):
    for found in two_processes:
        np.testing.assert_allclose(found[f"{name}/history"], one[name]["history"], rtol=ALIKE)
    np.testing.assert_array_equal(*(found[f"{name}/weights"] for found in two_processes))


@pytest.mark.slow
def test_an_interrupted_fit_on_two_devices_goes_on_with_two_or_with_one(one, two):
    np.testing.assert_array_equal(two["interrupted/weights"], two["batches/weights"])
    np.testing.assert_allclose(two["gone on with one/history"], one["batches"]["history"], rtol=ALIKE)


@pytest.mark.slow
def test_seeds_shared_by_two_devices_reach_the_losses_of_one(two):
    histories = [numbers(alone)["history"] for alone in fit_together(None)]
    for seed, history in enumerate(histories):
        np.testing.assert_allclose(two[f"seed {seed}/history"], history, rtol=ALIKE)
    assert len({tuple(history) for history in histories}) == len(histories)


@pytest.mark.parametrize("size", [None, SIZE])
def test_a_mesh_of_one_device_changes_nothing(size):
    plain, meshed = (fit(samples(), size, devices) for devices in (None, jax.devices()[:1]))
    np.testing.assert_array_equal(plain.history, meshed.history)
    assert eqx.tree_equal(plain.model, meshed.model)


def test_what_the_caller_holds_outlives_the_fit():
    """Steps take place in the memory of the state before, which must be no one else's."""
    states = []
    settings = GradientSettings()
    fitted = fit(samples(), None, None, checkpoint=states.append)
    again = fit(samples(), None, None, resume=states[0])
    assert eqx.tree_equal(again.model, fitted.model)
    assert eqx.tree_equal(states[-1].model, fitted.model)
    start = initial_state(HNN(jax.random.key(0), 1, width=16), settings)
    chunk = Batches(laid_out((jnp.ones((5, 2), jnp.float32),) * 2, mesh=None), drawn=None, steps=1)
    take_steps(chunk, start.model, start.optimizer_state, mean_squared_error, settings)
    assert all(leaf.is_deleted() for leaf in jax.tree.leaves(start.model) if isinstance(leaf, jax.Array))
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves(chunk) if isinstance(leaf, jax.Array))


def test_no_devices_are_refused():
    with pytest.raises(InputError, match=r"expected devices.*jax\.devices"):
        fit(samples(), None, [])
