"""Mechanical systems: momenta and velocities, energy and the equations of Euler and Lagrange."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect.dynamics import split, symplectic_gradient
from symplect.mechanics import AbstractMechanical, solve_positive
from symplect.systems import ChainPendulum, DoublePendulum
from tests.members import SYSTEMS, member

MECHANICAL = [name for name, (make, _) in SYSTEMS.items() if isinstance(make(), AbstractMechanical)]


@pytest.mark.parametrize("name", MECHANICAL)
def test_momenta_and_velocities_are_each_others_inverse(name):
    system, z = member(name)
    q, p = split(z)
    np.testing.assert_allclose(system.momenta(q, system.velocities(q, p)), p, rtol=1e-12)
    M = system.mass_matrix(q)
    np.testing.assert_allclose(M, M.T)
    assert np.all(np.linalg.eigvalsh(M) > 0)


@pytest.mark.parametrize("name", MECHANICAL)
def test_the_field_is_the_symplectic_gradient(name):
    system, z = member(name)
    np.testing.assert_allclose(system.time_derivative(z), symplectic_gradient(system, z), rtol=1e-11, atol=1e-12)


def test_a_chain_of_two_is_the_double_pendulum():
    chain = ChainPendulum([1.2, 0.8], [0.9, 1.1], g=2.0)
    double = DoublePendulum(m1=1.2, m2=0.8, l1=0.9, l2=1.1, g=2.0)
    z = jnp.array([1.0, 0.5, 0.2, 0.1])
    np.testing.assert_allclose(chain.hamiltonian(z), double.hamiltonian(z), rtol=1e-12)


@pytest.mark.parametrize("size", [1, 3, 6, 8])
def test_positive_definite_equations_are_solved(size):
    root = np.random.default_rng(size).standard_normal((size, size))
    matrix, right = root @ root.T + np.eye(size), np.arange(1.0, size + 1)
    found = jax.jit(solve_positive)(jnp.asarray(matrix), jnp.asarray(right))
    np.testing.assert_allclose(found, np.linalg.solve(matrix, right), rtol=1e-10)
