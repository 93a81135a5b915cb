"""Laws that every true system obeys, then SciPy, then each system's own formulas."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from symplect import rollout, symplectic_gradient
from symplect.dynamics import AbstractSeparableHamiltonian, energies, split, vector_field
from symplect.errors import InputError
from symplect.evaluation.structure import symplecticity_errors
from symplect.integrate import RK4, TRUTH
from symplect.systems import HenonHeiles, MassSpring, NBody, Pendulum
from tests.members import NBODIES, QUICK, SYSTEMS, member

TIMES = np.linspace(0.0, 5.0, 26)
FOLLOWED = (*QUICK, "mass-spring", "two bodies", "double pendulum")
"""Those that are followed at once; the others take their time to compile, and their forces are tested all the same."""


def followed(names):
    return [pytest.param(name, marks=() if name in FOLLOWED else pytest.mark.slow) for name in names]


@pytest.fixture(params=followed(SYSTEMS), scope="module")
def true_path(request):
    system, start = member(request.param)
    return system, start, rollout(system, start, TIMES, solver=TRUTH).check()


def test_energy_is_conserved(true_path):
    system, _, path = true_path
    energy = energies(system.hamiltonian, path.states)
    assert jnp.max(jnp.abs(energy - energy[0])) < 1e-9


def test_the_way_back_ends_at_the_start(true_path):
    system, start, path = true_path
    back = rollout(system, path.states[-1], TIMES[::-1], solver=TRUTH).check()
    assert jnp.linalg.norm(back.states[-1] - start) / jnp.linalg.norm(start) < 1e-9


def test_the_flow_is_symplectic(true_path):
    system, start, _ = true_path
    assert symplecticity_errors(system, start[None], 0.2, RK4(200))[0] < 1e-10


def test_scipy_agrees(true_path):
    system, start, path = true_path
    field = jax.jit(lambda z: system.time_derivative(z))
    theirs = solve_ivp(lambda t, z: field(z), (0, 5), start, "DOP853", TIMES, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(path.states, theirs.y.T, atol=1e-8)


@pytest.mark.parametrize("name", SYSTEMS)
def test_the_field_is_the_derivative_of_the_energy(name):
    system, z = member(name)
    energy, step = jax.jit(lambda z: system.hamiltonian(z)), 1e-6
    slopes = [(energy(z + step * e) - energy(z - step * e)) / (2 * step) for e in jnp.eye(len(z))]
    dH_dq, dH_dp = split(jnp.stack(slopes))
    found = jax.jit(lambda z: symplectic_gradient(system, z))(z)
    np.testing.assert_allclose(found, jnp.concatenate([dH_dp, -dH_dq]), atol=1e-8)


@pytest.mark.parametrize("name", SYSTEMS)
def test_every_size_agrees(name):
    system, z = member(name)
    assert z.shape == (2 * system.degrees_of_freedom,)
    assert system.time_derivative(z).shape == z.shape
    assert vector_field(system, jnp.stack([z, z])[None]).shape == (1, 2, len(z))


@pytest.mark.parametrize(
    "name", [name for name in SYSTEMS if isinstance(member(name)[0], AbstractSeparableHamiltonian)]
)
def test_the_separable_energy_is_the_sum_of_its_parts(name):
    system, z = member(name)
    q, p = split(z)
    assert system.hamiltonian(z) == system.kinetic(p) + system.potential(q)


# The forces, as a textbook writes them.


def newton(masses, G, q, dimensions):
    positions = np.asarray(q).reshape(dimensions, -1).T
    forces = np.zeros_like(positions)
    for i, here in enumerate(positions):
        for j, there in enumerate(positions):
            if i != j:
                apart = there - here
                forces[i] += G * masses[i] * masses[j] * apart / np.linalg.norm(apart) ** 3
    return forces.T.ravel()


def double_pendulum_by_lagrange(system, q, velocity):
    """Accelerations of the double pendulum from its Lagrange equations in angles and angular velocities."""
    m1, m2, l1, l2, g = (float(x) for x in (system.m1, system.m2, system.l1, system.l2, system.g))
    (a, b), (u, v) = q, velocity
    mass = np.array([[(m1 + m2) * l1**2, m2 * l1 * l2 * np.cos(a - b)], [m2 * l1 * l2 * np.cos(a - b), m2 * l2**2]])
    force = np.array(
        [
            -m2 * l1 * l2 * v**2 * np.sin(a - b) - (m1 + m2) * g * l1 * np.sin(a),
            m2 * l1 * l2 * u**2 * np.sin(a - b) - m2 * g * l2 * np.sin(b),
        ]
    )
    return np.linalg.solve(mass, force), mass


def test_spring_and_pendulum_forces():
    z = jnp.array([0.7, -0.4])
    np.testing.assert_allclose(MassSpring(k=3.0, m=2.0).time_derivative(z), [-0.2, -2.1], rtol=1e-14)
    np.testing.assert_allclose(MassSpring.reference().time_derivative(z), [-0.8, -1.4], rtol=1e-14)
    expected = [-0.4 / (1.5 * 0.7**2), -1.5 * 9.81 * 0.7 * np.sin(0.7)]
    np.testing.assert_allclose(Pendulum(m=1.5, l=0.7, g=9.81).time_derivative(z), expected, rtol=1e-14)
    np.testing.assert_allclose(Pendulum.reference().time_derivative(z), [-0.8, -3 * np.sin(0.7)], rtol=1e-14)
    np.testing.assert_allclose(Pendulum.reference().hamiltonian(z), 3 * (1 - np.cos(0.7)) + 0.16, rtol=1e-14)


def test_henon_heiles_forces():
    x, y, px, py = 0.1, 0.2, 0.3, -0.1
    expected = [px, py, -x - 2 * x * y, -y - x**2 + y**2]
    np.testing.assert_allclose(HenonHeiles().time_derivative(jnp.array([x, y, px, py])), expected, rtol=1e-14)


@pytest.mark.parametrize("name", NBODIES)
def test_gravity_is_newtons(name):
    system, z = member(name)
    q, p = split(z)
    velocity, force = split(system.time_derivative(z))
    np.testing.assert_allclose(force, newton(system.masses, system.G, q, system.dimensions), rtol=1e-12)
    np.testing.assert_allclose(system.per_body(velocity) * system.masses[None], system.per_body(p), rtol=1e-12)


def test_the_double_pendulum_follows_lagrange():
    system, z = member("double pendulum")
    q, p = split(z)
    velocity, _ = split(system.time_derivative(z))
    acceleration, mass = double_pendulum_by_lagrange(system, q, velocity)
    np.testing.assert_allclose(mass @ velocity, p, rtol=1e-12)
    _, tangent = jax.jvp(system.time_derivative, (z,), (system.time_derivative(z),))
    np.testing.assert_allclose(split(tangent)[0], acceleration, rtol=1e-10)


@pytest.mark.parametrize("name", followed(NBODIES))
def test_momentum_and_angular_momentum_are_conserved(name):
    system, start = member(name)
    path = rollout(system, start, TIMES, solver=TRUTH).check().states
    for conserved in (system.momentum, system.angular_momentum):
        values = jax.vmap(conserved)(path)
        np.testing.assert_allclose(values, np.broadcast_to(values[0], values.shape), atol=1e-9)


def test_angular_momentum_by_hand():
    system = NBody([1.0, 1.0], dimensions=3)
    z = jnp.array([1.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, -1.0, 3.0, 0.0])
    np.testing.assert_allclose(system.angular_momentum(z), [0.0, -3.0, 3.0])
    np.testing.assert_allclose(system.momentum(z), [0.0, 1.0, 3.0])


def test_impossible_bodies_are_refused():
    with pytest.raises(InputError, match="at least two masses"):
        NBody([1.0])
    with pytest.raises(InputError, match="2 or 3 dimensions"):
        NBody([1.0, 1.0], dimensions=4)
