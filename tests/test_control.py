"""Controllers out of mechanical systems: targets are reached, and the shaped energy falls."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import rollout
from symplect.control import ClosedLoop, controller
from symplect.errors import InputError
from symplect.models import EulerLagrange, PortHamiltonian
from symplect.systems import CartPole, ChainPendulum, TwoLinkArm

PLANTS = {
    "pendulum": (lambda: ChainPendulum([1.2], [0.7]), [np.pi]),
    "cart-pole": (CartPole, [0.5, np.pi]),
    "acrobot": (lambda: ChainPendulum([1.0, 0.8], [1.0, 0.6]), [np.pi, np.pi]),
    "arm": (TwoLinkArm, [np.pi / 2, 0.0]),
}


def actuated(system, damping=0.1, inputs=None):
    n = system.degrees_of_freedom
    G = jnp.asarray(np.concatenate([np.zeros((n, n)), np.eye(n)])[:, :inputs])
    return EulerLagrange(PortHamiltonian(system, damping * jnp.eye(n), G))


@pytest.fixture(params=PLANTS)
def plant(request):
    with jax.enable_x64(True):
        make, target = PLANTS[request.param]
        yield actuated(make()), np.array(target)


def test_a_target_is_reached_and_held_while_the_shaped_energy_falls(plant):
    moved, target = plant
    n = len(target)
    held = controller(moved, target, rate=4.0)
    start = np.concatenate([target + np.linspace(-3.0, 2.0, n), np.full(n, 0.5)])
    path = rollout(ClosedLoop(moved, held), start, np.linspace(0.0, 6.0, 400)).check()
    np.testing.assert_allclose(path.states[-1], [*target, *np.zeros(n)], atol=1e-4)
    energies = jax.vmap(held.energy)(jnp.asarray(path.states))
    assert np.max(np.diff(energies)) <= 1e-7 * energies[0]
    assert energies[-1] < 1e-6 * energies[0]


def test_gravity_is_compensated_at_rest(plant):
    moved, target = plant
    n = len(target)
    state = jnp.asarray([*target, *np.zeros(n)])
    still = moved.time_derivative(state) + moved.pushed(state, controller(moved, target, rate=1.0)(state))
    np.testing.assert_allclose(still, 0.0, atol=1e-12)


def test_too_few_inputs_and_wrong_targets_are_refused():
    with pytest.raises(InputError, match="an input for each of 2 positions, found 1"):
        controller(actuated(CartPole(), inputs=1), np.zeros(2), rate=1.0)
    with pytest.raises(InputError, match="target of 2 positions"):
        controller(actuated(CartPole()), np.zeros(3), rate=1.0)
    with pytest.raises(InputError, match="rate above 0"):
        controller(actuated(CartPole()), np.zeros(2), rate=0.0)
    with pytest.raises(InputError, match="found 0"):
        controller(EulerLagrange(CartPole()), np.zeros(2), rate=1.0)
