"""The state of another energy: exact, on the gradient's own line, and refused where there is none."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN, change_energy, change_energy_path
from symplect.errors import InputError
from symplect.systems import MassSpring, Pendulum
from tests.members import SYSTEMS, member, quick


@pytest.mark.parametrize("name", quick(SYSTEMS))
def test_the_energy_changes_by_what_was_asked_and_the_way_back_leads_back(name):
    system, start = member(name)
    energy = float(system.hamiltonian(start))
    for delta in np.array([-0.4, -1e-3, 1e-3, 0.5, 2.0]) * abs(energy):
        changed = change_energy(system, start, delta)
        assert abs(float(system.hamiltonian(jnp.asarray(changed))) - energy - delta) < 1e-8 * abs(delta)
        np.testing.assert_allclose(change_energy(system, changed, -delta), start, atol=1e-9)


def test_the_way_up_a_spring_is_straight_and_even_in_energy():
    path = change_energy_path(MassSpring.reference(), np.array([0.6, 0.8]), 3.0, points=4)  # H = q^2 + p^2
    np.testing.assert_allclose(path, np.sqrt([[1.0], [2.0], [3.0], [4.0]]) * [0.6, 0.8], rtol=1e-9)


@pytest.mark.parametrize("name", quick(["pendulum", "double pendulum"]))
def test_every_state_on_the_way_has_its_energy_and_follows_the_gradient(name):
    system, start = member(name)
    path = change_energy_path(system, start, 0.5, points=200)
    energies = jax.vmap(system.hamiltonian)(path)
    np.testing.assert_allclose(energies - energies[0], np.linspace(0.0, 0.5, 200), atol=1e-12)
    steps, gradients = np.diff(path, axis=0), np.asarray(jax.vmap(jax.grad(system.hamiltonian))(path))[:-1]
    lengths = np.linalg.norm(steps, axis=1) * np.linalg.norm(gradients, axis=1)
    assert np.min(np.sum(steps * gradients, axis=1) / lengths) > 1 - 1e-3


@pytest.mark.parametrize("double", [True, False])
def test_a_single_precision_model_is_followed_in_double(double):
    with jax.enable_x64(double):
        model = HNN(jax.random.key(0), 1, width=8)
        start = np.array([0.3, -0.2], np.float32)
        changed = change_energy(model, start, 0.05)
        assert changed.dtype == np.float64
        before, after = (model.hamiltonian(jnp.asarray(z, jnp.float32)) for z in (start, changed))
    assert abs(float(after) - float(before) - 0.05) < 1e-6


def test_no_change_is_no_change():
    assert change_energy(Pendulum.reference(), np.zeros(2), 0.0).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("start", "delta"),
    [
        ([1.0, 0.3], -2.0),  # below the minimum
        ([0.0, 0.0], 1.0),  # from the minimum, where the gradient has no direction
        ([1.0, 0.0], 5.0),  # up to the unstable equilibrium and no further
        ([1.0, np.nan], 1.0),
        ([1.0, np.inf], 1.0),
    ],
)
def test_an_energy_out_of_reach_is_refused(start, delta):
    with pytest.raises(InputError, match=r"expected an energy that .* leads to, found no way from .* to .*smaller"):
        change_energy(Pendulum.reference(), np.array(start), delta)


def test_beyond_a_bounded_learned_energy_is_refused():
    with pytest.raises(InputError, match="found no way"):
        change_energy(HNN(jax.random.key(0), 1, width=8), np.array([1.0, 0.3]), 100.0)


@pytest.mark.parametrize(
    ("start", "delta", "points", "message"),
    [
        ([1.0, 0.0, 0.0], 1.0, 2, "expected starts with 2 entries"),
        ([[1.0, 0.0]], 1.0, 2, r"expected one state, found shape \(1, 2\)"),
        ([1.0, 0.0], np.nan, 2, "expected a finite delta"),
        ([1.0, 0.0], 1.0, 1, "at least 2 points, found 1.0 and 1"),
    ],
)
def test_wrong_calls_are_refused(start, delta, points, message):
    with pytest.raises(InputError, match=message) as caught:
        change_energy_path(MassSpring.reference(), np.array(start), delta, points=points)
    assert not re.search(r"\n", str(caught.value))
