"""How the explorer's scripts move a state and change its energy, against SciPy and the methods in Python."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from symplect import change_energy
from symplect.integrate import RK4, ImplicitMidpoint, Leapfrog, rollout
from symplect.models import EulerLagrange
from symplect.systems import HenonHeiles, Pendulum, TwoLinkArm
from symplect.views.explorer.payload import payload as payload_of
from tests.tapes import Tape, payload

# Motion


def pendulum(precision="float64"):
    """Returns H = p^2 / 2 + 1 - cos q, in which m = l = g = 1."""
    q_then_p = [Tape(2) for _ in range(4)]
    field, jacobian, energy, gradient = q_then_p
    q, p = zip(*((tape("gather", 1, 0, [0]), tape("gather", 1, 0, [1])) for tape in q_then_p), strict=True)
    velocity = field("join", 2, [p[0], field("neg", 1, field("sin", 1, q[0]))])
    force = jacobian("neg", 1, jacobian("cos", 1, q[1]))
    matrix = jacobian("join", 4, [jacobian.constant(0.0, 1.0), force, jacobian.constant(0.0)])
    kinetic = energy("mul", 1, energy.constant(0.5), energy("square", 1, p[2]))
    potential = energy("sub", 1, energy.constant(1.0), energy("cos", 1, q[2]))
    return payload(
        precision,
        field=(field, velocity),
        jacobian=(jacobian, matrix),
        hamiltonian=(energy, energy("add", 1, kinetic, potential)),
        gradient=(gradient, gradient("join", 2, [gradient("sin", 1, q[3]), p[3]])),
    )


def damped_oscillator(gamma):
    """Returns dq/dt = p, dp/dt = -q - gamma p."""
    field, jacobian = Tape(2), Tape(2)
    matrix = [0.0, 1.0, -1.0, -gamma]
    return payload(
        "float64",
        field=(field, field("matmul_transposed", 2, 0, field.constant(*matrix), 1, 2, 2)),
        jacobian=(jacobian, jacobian.constant(*matrix)),
    )


def henon_heiles():
    field, jacobian = Tape(4), Tape(4)
    products = {}
    for tape in (field, jacobian):
        x, y, p = (tape("gather", len(index), 0, index) for index in ([0], [1], [2, 3]))
        products[tape] = (x, y, tape("mul", 1, tape.constant(2.0), x), tape("mul", 1, tape.constant(2.0), y), p)
    x, y, twice_x, twice_y, p = products[field]
    del twice_x
    minus_force_x = field("add", 1, x, field("mul", 1, x, twice_y))
    minus_force_y = field("add", 1, y, field("sub", 1, field("square", 1, x), field("square", 1, y)))
    velocity = field("join", 4, [p, field("neg", 1, minus_force_x), field("neg", 1, minus_force_y)])
    _, _, twice_x, twice_y, _ = products[jacobian]
    one, cross = jacobian.constant(1.0), jacobian("neg", 1, twice_x)
    xx = jacobian("neg", 1, jacobian("add", 1, one, twice_y))
    yy = jacobian("sub", 1, twice_y, one)
    zeros, drift = jacobian.constant(0.0, 0.0), jacobian.constant(0, 0, 1, 0, 0, 0, 0, 1)
    matrix = jacobian("join", 16, [drift, xx, cross, zeros, cross, yy, zeros])
    return payload("float64", field=(field, velocity), jacobian=(jacobian, matrix))


FOLLOW = """([model, start, method, step, steps]) => {
  const dynamics = explorer.compile(model, explorer.kernels);
  const path = explorer.follow(dynamics, start, method, step, steps);
  const volumes = dynamics.jacobian ? Array.from(explorer.volumes(dynamics, path, method, step)) : null;
  return [Array.from(path), volumes];
}"""

METHODS = {"rk4": (RK4(), 4), "leapfrog": (Leapfrog(), 2), "implicit_midpoint": (ImplicitMidpoint(), 2)}
SYMPLECTIC = ["leapfrog", "implicit_midpoint"]
START = [1.2, 0.4]


def follow(view, model, start, method, step, steps):
    path, volumes = view.evaluate(FOLLOW, [model, list(start), method, step, steps])
    return np.reshape(path, (steps + 1, len(start))), np.array(volumes)


def test_the_methods_have_titles(fast):
    titles = fast.evaluate("Object.entries(explorer.METHODS).map(([name, { title }]) => [name, title])")
    assert titles == [["rk4", "Runge–Kutta 4"], ["leapfrog", "Leapfrog"], ["implicit_midpoint", "Implicit midpoint"]]


@pytest.mark.parametrize("method", METHODS)
def test_paths_are_those_of_the_methods_in_python(fast, method):
    times = 0.1 * np.arange(41)
    expected = rollout(Pendulum(m=1.0, l=1.0, g=1.0), np.array(START), times, solver=METHODS[method][0]).states
    path, _ = follow(fast, pendulum(), START, method, 0.1, 40)
    np.testing.assert_allclose(path, expected, atol=1e-12)
    start = [0.1, -0.2, 0.3, 0.15]
    expected = rollout(HenonHeiles(), np.array(start), times, solver=METHODS[method][0]).states
    path, _ = follow(fast, henon_heiles(), start, method, 0.1, 40)
    np.testing.assert_allclose(path, expected, atol=1e-12)


def test_phase_space_keeps_its_volume_where_states_hold_velocities(fast):
    """A cell of positions and velocities shrinks where masses grow."""
    moving = EulerLagrange(TwoLinkArm(g=1.0))
    path, volumes = follow(fast, payload_of(moving), [-0.5, 1.0, 0.0, 0.0], "rk4", 0.01, 300)
    masses = [np.linalg.det(moving.mechanical.mass_matrix(jnp.asarray(state[:2]))) for state in path]
    assert np.ptp(masses) > 0.3 * np.mean(masses)
    np.testing.assert_allclose(volumes, 1.0, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_errors_fall_with_the_order(fast, method):
    exact = solve_ivp(lambda t, z: [z[1], -np.sin(z[0])], (0.0, 2.0), START, method="DOP853", rtol=1e-13, atol=1e-13)
    steps = np.array([20, 40, 80, 160])
    ends = [follow(fast, pendulum(), START, method, 2.0 / count, int(count))[0][-1] for count in steps]
    errors = np.linalg.norm(np.array(ends) - exact.y[:, -1], axis=1)
    order = -np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert order == pytest.approx(METHODS[method][1], abs=0.15)


@pytest.mark.parametrize(("precision", "round_off"), [("float64", 1e-13), ("float32", 2e-5)])
@pytest.mark.parametrize("method", SYMPLECTIC)
def test_a_negative_step_leads_back(view, method, precision, round_off):
    forth, _ = follow(view, pendulum(precision), START, method, 0.1, 200)
    back, _ = follow(view, pendulum(precision), forth[-1], method, -0.1, 200)
    assert np.all(np.isfinite(forth))
    np.testing.assert_allclose(back[::-1], forth, atol=round_off)


def test_after_a_state_that_is_not_finite_the_rest_is_nan(fast):
    tape = Tape(2)
    explosion = payload("float64", field=(tape, tape("exp", 2, 0)))
    path, _ = follow(fast, explosion, [1.0, 1.0], "rk4", 0.5, 20)
    finite = np.isfinite(path).all(axis=1)
    assert 1 <= finite.sum() < 20
    assert np.all(np.diff(finite.astype(int)) <= 0)
    assert np.all(np.isnan(path[~finite]))


def test_a_midpoint_step_too_long_to_converge_is_nan(fast):
    path, _ = follow(fast, damped_oscillator(0.0), [1.0, 0.0], "implicit_midpoint", 3.0, 2)
    assert np.isfinite(path[0]).all()
    assert np.isnan(path[1:]).all()


@pytest.mark.parametrize("method", SYMPLECTIC)
def test_symplectic_methods_keep_the_volume(fast, method):
    for model, start in ((pendulum(), START), (henon_heiles(), [0.1, -0.2, 0.3, 0.15])):
        _, volumes = follow(fast, model, start, method, 0.2, 300)
        np.testing.assert_allclose(volumes, 1.0, rtol=1e-12)


@pytest.mark.parametrize(("method", "error"), [("rk4", 1e-7), ("implicit_midpoint", 5e-4)])
def test_friction_shrinks_the_volume(fast, method, error):
    _, volumes = follow(fast, damped_oscillator(0.3), START, method, 0.02, 500)
    np.testing.assert_allclose(volumes, np.exp(-0.3 * 0.02 * np.arange(501)), rtol=error)


@pytest.mark.parametrize("method", METHODS)
def test_the_volume_is_that_of_neighbouring_paths(fast, method):
    """The determinant of the derivative of a coarse map, by central differences."""
    for model, start in (
        (pendulum(), START),
        (damped_oscillator(0.3), START),
        (henon_heiles(), [0.3, -0.2, 0.3, 0.15]),
    ):
        _, volumes = follow(fast, model, start, method, 0.4, 3)
        shifts = 1e-5 * np.eye(len(start))
        ends = [[follow(fast, model, start + s, method, 0.4, 3)[0][-1] for s in (shift, -shift)] for shift in shifts]
        derivative = np.array([(ahead - behind) / 2e-5 for ahead, behind in ends])
        assert volumes[-1] == pytest.approx(np.linalg.det(derivative), rel=1e-8)


# Energy

CHANGE = """([model, states, delta]) => {
  const compiled = explorer.compile(model, explorer.kernels);
  return states.map((state) => {
    const changed = explorer.changeEnergy(compiled, state, delta);
    const energy = compiled.hamiltonian(state);
    return changed && [Array.from(changed), compiled.hamiltonian(changed) - energy];
  });
}"""


@pytest.mark.parametrize("delta", [-0.5, -1e-3, 1e-3, 0.4, 3.0])
def test_the_energy_changes_by_what_was_asked(fast, delta):
    states = [[1.2, 0.4], [-0.5, 1.5], [2.0, -1.0]]
    for state, (changed, change) in zip(states, fast.evaluate(CHANGE, [pendulum(), states, delta]), strict=True):
        assert change == pytest.approx(delta, rel=1e-9)
        expected = change_energy(Pendulum(m=1.0, l=1.0, g=1.0), np.array(state), delta)
        np.testing.assert_allclose(changed, expected, atol=1e-3)


def test_in_float32_the_energy_changes_to_its_round_off(view):
    [[_, change]] = view.evaluate(CHANGE, [pendulum("float32"), [[1.2, 0.4]], 0.25])
    assert change == pytest.approx(0.25, abs=1e-6)


def test_an_energy_that_the_gradient_does_not_lead_to_is_refused(fast):
    assert fast.evaluate(CHANGE, [pendulum(), [[1.2, 0.4], [0.3, 0.0]], -0.8]) == [None, None]  # below the minimum
    assert fast.evaluate(CHANGE, [pendulum(), [[0.5, 0.0]], 2.5]) == [None]  # past the upright rest
    assert fast.evaluate(CHANGE, [pendulum(), [[0.0, 0.0]], 0.1]) == [None]  # no gradient at the start
    [[changed, change]] = fast.evaluate(CHANGE, [pendulum(), [[0.5, 0.2]], 0])
    assert (changed, change) == ([0.5, 0.2], 0)
