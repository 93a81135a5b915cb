"""Laws of every solver: order, symplecticity, the way back; then what a rollout promises."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN, rollout
from symplect.dynamics import AbstractDynamics
from symplect.errors import InputError
from symplect.evaluation.structure import canonical_matrix, flow_jacobian
from symplect.integrate import RK4, TRUTH, Adaptive, ImplicitMidpoint, Leapfrog, Status, Yoshida4
from symplect.systems import MassSpring, Pendulum
from tests.members import QUICK, SYSTEMS, member

METHODS = [RK4, Leapfrog, Yoshida4, ImplicitMidpoint]
SYMPLECTIC = [Leapfrog, Yoshida4, ImplicitMidpoint]
TIMES = np.linspace(0.0, 1.0, 3)

MANY = (Leapfrog, "two bodies")  # of the systems with more than one degree of freedom, the quick representative
PAIRS = [
    pytest.param(method, name, marks=() if name in QUICK or (method, name) == MANY else pytest.mark.slow)
    for method in METHODS
    for name in ("pendulum", "two bodies", "double pendulum", "Henon-Heiles")
    if not (name == "double pendulum" and method in (Leapfrog, Yoshida4))
]


def end_of(system, start, solver, parts):
    """Goes from 0 to 1 in equal parts, one compiled call each."""
    for i in range(parts):
        start = rollout(system, start, np.array([i, i + 1]) / parts, solver=solver).states[-1]
    return start


@pytest.mark.parametrize(("method", "name"), PAIRS)
def test_halving_the_step_shows_the_order_that_is_claimed(method, name):
    system, start = member(name)
    exact = end_of(system, start, TRUTH, 1)
    parts = [1, 2, 4]
    errors = [float(jnp.linalg.norm(end_of(system, start, method(8), n) - exact)) for n in parts]
    slope = -np.polyfit(np.log(parts), np.log(errors), 1)[0]
    assert abs(slope - method.order) < 0.2


@pytest.mark.parametrize(("method", "name"), [pair for pair in PAIRS if pair.values[0] in SYMPLECTIC])
def test_symplectic_methods_keep_the_symplectic_form(method, name):
    system, start = member(name)
    D, J = flow_jacobian(system, start, 0.5, method(4)), canonical_matrix(len(start))
    assert jnp.linalg.norm(D.T @ J @ D - J) / jnp.linalg.norm(J) < 1e-10


def test_rk4_does_not_keep_the_symplectic_form():
    system, start = member("pendulum")
    D, J = flow_jacobian(system, start, 0.5, RK4(4)), canonical_matrix(2)
    assert jnp.linalg.norm(D.T @ J @ D - J) > 1e-8


@pytest.mark.parametrize(("method", "name"), [pair for pair in PAIRS if pair.values[0] in SYMPLECTIC])
def test_symmetric_methods_find_the_way_back(method, name):
    system, start = member(name)
    there = rollout(system, start, TIMES, solver=method(8)).states[-1]
    back = rollout(system, there, TIMES[::-1], solver=method(8)).states[-1]
    assert jnp.linalg.norm(back - start) < 1e-9


@pytest.mark.parametrize("method", SYMPLECTIC)
def test_symplectic_methods_keep_the_energy_near_for_long(method):
    spring = MassSpring(k=1.0, m=1.0)
    path = rollout(spring, jnp.array([1.0, 0.0]), np.linspace(0.0, 2000.0, 201), solver=method(100)).states
    assert jnp.max(jnp.abs(jax.vmap(spring.hamiltonian)(path) - 0.5)) < 2e-3


def test_a_stiffness_in_time_is_seen_by_every_method():
    """dz/dt = t^3 needs the stages at their right times: a method of order 4 integrates it exactly."""

    class Driven(AbstractDynamics):
        @property
        def degrees_of_freedom(self):
            return 1

        def time_derivative(self, z, t=0.0):
            return jnp.full(2, 1.0) * t**3

    for solver in (RK4(1), Adaptive()):
        end = rollout(Driven(), jnp.zeros(2), np.linspace(0.0, 2.0, 3), solver=solver).states[-1]
        np.testing.assert_allclose(end, 4.0, rtol=1e-9)


def test_output_times_may_be_irregular_and_starts_many():
    system, start = member("pendulum")
    times = np.array([0.0, 0.1, 0.15, 1.0, 1.7])
    starts = jnp.stack([start, 2 * start, -start])[None]
    path = rollout(system, starts, times).check()
    assert path.states.shape == (1, 3, 5, 2)
    assert path.status.shape == (1, 3)
    alone = rollout(system, 2 * start, np.array([0.0, 1.7]), solver=TRUTH).states[-1]
    np.testing.assert_allclose(path.states[0, 1, -1], alone, atol=1e-8)
    np.testing.assert_array_equal(path.states[0, :, 0], starts[0])


@pytest.mark.parametrize("solver", [RK4(16), Leapfrog(16), Yoshida4(16), ImplicitMidpoint(16), Adaptive()])
def test_a_rollout_works_in_single_precision(solver):
    system = Pendulum.reference()
    start = np.array([1.0, 0.0], np.float32)
    path = rollout(system, start, np.linspace(0.0, 1.0, 5, dtype=np.float32), solver=solver).check()
    assert path.states.dtype == jnp.float32
    exact = rollout(system, np.array([1.0, 0.0]), np.linspace(0.0, 1.0, 5), solver=TRUTH).states
    np.testing.assert_allclose(path.states, exact, atol=2e-3)


@pytest.mark.parametrize(
    "solver", [RK4(4), Leapfrog(4), ImplicitMidpoint(4), pytest.param(Adaptive(), marks=pytest.mark.slow)]
)
def test_gradients_go_through_a_rollout(solver):
    def end(k, solver):
        return rollout(MassSpring(k=k, m=1.0), jnp.array([1.0, 0.0]), np.array([0.0, 0.3, 0.6]), solver=solver).states[
            -1, 0
        ]

    k = jnp.asarray(2.0)
    slope = jax.grad(end)(k, solver)
    root = np.sqrt(2.0)  # q = cos(sqrt(k) t)
    np.testing.assert_allclose(slope, -np.sin(root * 0.6) * 0.6 / (2 * root), rtol=1e-2)


def test_jit_and_vmap_compose_with_a_rollout():
    model = HNN(jax.random.key(0), 1, width=8)
    times = jnp.linspace(0.0, 1.0, 3, dtype=jnp.float32)
    starts = jnp.ones((4, 2), jnp.float32)
    together = rollout(model, starts, times, solver=RK4()).states
    one_by_one = eqx.filter_jit(eqx.filter_vmap(lambda z: rollout(model, z, times, solver=RK4()).states))(starts)
    np.testing.assert_allclose(together, one_by_one, rtol=1e-6)


# Failures are reported, never silent.


class Explosive(AbstractDynamics):
    """dz/dt = z^2 reaches infinity at t = 1 from z = 1."""

    @property
    def degrees_of_freedom(self):
        return 1

    def time_derivative(self, z, t=0.0):
        return z**2


def test_leaving_the_finite_numbers_is_a_status():
    path = rollout(Explosive(), jnp.array([[1.0, 1.0], [0.1, 0.1]]), np.linspace(0.0, 5.0, 6), solver=RK4(20))
    assert path.status.tolist() == [Status.NOT_FINITE, Status.SUCCESS]
    with pytest.raises(ArithmeticError, match=r"1 of 2 rollouts failed.*finite numbers"):
        path.check()


def test_running_out_of_steps_is_a_status():
    path = rollout(Explosive(), jnp.array([1.0, 1.0]), np.linspace(0.0, 5.0, 6), solver=Adaptive(max_steps=50))
    assert path.status == Status.STEP_LIMIT
    assert jnp.isnan(path.states[-1]).all()
    assert jnp.isfinite(path.states[0]).all()
    with pytest.raises(ArithmeticError, match="max_steps"):
        path.check()


def test_an_implicit_step_without_solution_is_a_status():
    path = rollout(Explosive(), jnp.array([1.0, 1.0]), np.array([0.0, 5.0]), solver=ImplicitMidpoint())
    assert path.status == Status.NOT_FINITE


@pytest.mark.parametrize("method", [Leapfrog, Yoshida4])
@pytest.mark.parametrize("dynamics", [member("double pendulum")[0], HNN(jax.random.key(0), 2, width=4)])
def test_explicit_symplectic_methods_refuse_what_is_not_separable(method, dynamics):
    with pytest.raises(InputError, match=r"separable.*ImplicitMidpoint"):
        rollout(dynamics, jnp.ones(4), np.array([0.0, 1.0]), solver=method())


@pytest.mark.parametrize(
    ("start", "times", "message"),
    [
        (np.ones(3), [0.0, 1.0], "2 entries"),
        (np.ones(2, int), [0.0, 1.0], "floating type"),
        (np.ones(2), [0.0], "at least two times"),
        (np.ones(2), [[0.0, 1.0]], "at least two times"),
        (np.ones(2), [0.0, 0.0], "strictly"),
        (np.ones(2), [0.0, 1.0, 0.5], "strictly"),
        (np.ones(2), [0.0, np.nan], "strictly"),
    ],
)
def test_wrong_calls_are_refused(start, times, message):
    with pytest.raises(InputError, match=message):
        rollout(MassSpring.reference(), start, np.array(times))


def test_a_solver_needs_a_step():
    with pytest.raises(InputError, match="at least 1"):
        RK4(0)


def test_every_system_is_covered():
    assert {pair.values[1] for pair in PAIRS} <= set(SYSTEMS)
