"""A canonical change of units: of data, and of every learned model."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN, Trajectories, simulate
from symplect.data.scaling import Scaling
from symplect.models import Baseline, FeatureField, FeatureHamiltonian, PortHamiltonian
from symplect.models.features import (
    ChebyshevLog,
    Fourier,
    InversePowers,
    OfMomenta,
    OfPositions,
    PairDistances,
    Polynomial,
    Product,
    Projected,
    RandomTanh,
    Selected,
    Symmetric,
    separable,
)
from symplect.models.rescaled import features_in, restored, scaled
from symplect.systems import HenonHeiles, MassSpring


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def canonical(centre, n=2, action=2.3):
    """Returns units of n degrees of freedom whose products agree."""
    positions = np.exp(drawn(n, seed=1))
    return Scaling(0.37, centre * drawn(2 * n, seed=2), np.concatenate([positions, action / positions]))


def uniform(centre, n):
    """Returns units that all bodies share, with and without a shift of them all."""
    shift = centre * np.concatenate([[1.0, 1.0, -2.0, -2.0], drawn(n)])
    return Scaling(0.37, shift, np.repeat([1.7, 0.6], n))


FEATURES = {
    "polynomial": lambda: Polynomial(4, 3),
    "tanh": lambda: Polynomial(4, 2) + RandomTanh(drawn(4, 5), drawn(5)),
    "waves": lambda: Product(Fourier.up_to(2, 1), Polynomial(2, 2)),
    "separable": lambda: separable(Polynomial(2, 2), RandomTanh(drawn(2, 4), drawn(4))),
    "symmetric": lambda: Symmetric.reversal_and_parity(Polynomial(4, 2) + RandomTanh(drawn(4, 3), drawn(3)), 2),
    "selected": lambda: Selected(Polynomial(4, 3), (3, 1, 7)),
    "projected": lambda: Projected(RandomTanh(drawn(3, 4), drawn(4)), drawn(3, 4), drawn(4)),
}
RADIAL = {"chebyshev": ChebyshevLog(4, 0.3, 3.0), "powers": InversePowers((1, 2, -1))}


def assert_restored(model, scaling, tolerance=1e-12):
    """Fields agree by the formula, and the way there and back changes nothing."""
    z = drawn(len(scaling.scale), seed=5)
    inside = np.asarray(model.time_derivative(jnp.asarray((z - scaling.centre) / scaling.scale)))
    found = restored(model, scaling)
    assert type(found) is type(model)
    np.testing.assert_allclose(
        found.time_derivative(jnp.asarray(z)) / scaling.rates, inside, atol=tolerance * np.max(np.abs(inside))
    )
    expected = np.asarray(model.time_derivative(jnp.asarray(z)))
    again = scaled(found, scaling).time_derivative(jnp.asarray(z))
    np.testing.assert_allclose(again, expected, atol=tolerance * np.max(np.abs(expected)))


@pytest.mark.parametrize("centre", [0.0, 1.0])
@pytest.mark.parametrize("name", FEATURES)
def test_models_of_features_are_restored_exactly(name, centre):
    features = FEATURES[name]()
    H = FeatureHamiltonian(features, jnp.asarray(drawn(features.size, seed=3)), 2)
    for model in (
        H,
        FeatureField(features, jnp.asarray(drawn(features.size, 4, seed=4)), jnp.ones(4), 2),
        PortHamiltonian(H, jnp.asarray(drawn(2, 2, seed=6))),
    ):
        assert_restored(model, canonical(centre))


@pytest.mark.parametrize("centre", [0.0, 1.0])
@pytest.mark.parametrize("radial", RADIAL)
def test_models_of_pairs_are_restored_exactly(radial, centre):
    features = OfMomenta(Polynomial(4, 2)) + OfPositions(PairDistances(RADIAL[radial], 2, 2))
    model = FeatureHamiltonian(features, jnp.asarray(drawn(features.size, seed=3)), 4)
    assert_restored(model, canonical(centre, 4))
    assert_restored(model, uniform(centre, 4))
    kept = restored(model, uniform(centre, 4)).features.parts[1].inner
    assert isinstance(kept, PairDistances)  # and not projected


@pytest.mark.parametrize("centre", [0.0, 1.0])
def test_networks_are_restored_but_for_the_rounding_of_their_numbers(centre):
    for model in (
        HNN(jax.random.key(0), 2),
        Baseline(jax.random.key(0), 2),
        PortHamiltonian(HNN(jax.random.key(0), 2)),
    ):
        assert_restored(model, canonical(centre), 1e-6)
        kinds, expected = (
            [leaf.dtype for leaf in jax.tree.leaves(m)] for m in (restored(model, canonical(centre)), model)
        )
        assert kinds == expected


def test_a_newtonian_model_keeps_its_velocities():
    features = OfPositions(Polynomial(2, 3))
    model = FeatureHamiltonian(features, jnp.asarray(drawn(features.size)), 2, newtonian=True)
    assert_restored(model, Scaling(1.3, np.array([0.4, 2.0, 0.0, 0.0]), np.array([1.7, 1.7, 1.7 / 1.3, 1.7 / 1.3])))
    with pytest.raises(TypeError, match="dq/dt"):
        restored(model, canonical(0.0))
    with pytest.raises(TypeError, match="learned"):
        restored(MassSpring.reference(), canonical(0.0, 1))


def test_known_inputs_have_a_unit_too():
    """dp/dt = ... + G u is the same force, whatever u is measured in."""
    model = PortHamiltonian(FeatureHamiltonian(Polynomial(2, 2)), input_matrix=jnp.array([[0.0], [4.0]]))
    scaling = Scaling(0.5, np.zeros(2), np.array([2.0, 3.0]), np.array([1e-3]))
    assert restored(model, scaling).input_matrix.tolist() == [[0.0], [4.0 * 3.0 / 0.5 / 1e-3]]


def test_factors_of_features_make_them_those_that_were_given():
    scaling = canonical(0.0)
    for make in FEATURES.values():
        features = make()
        inside, factors = features_in(features, scaling)
        z = drawn(4, seed=8)
        np.testing.assert_allclose(
            factors * inside(jnp.asarray(z / scaling.scale)), features(jnp.asarray(z)), rtol=1e-9
        )


def paths(units, time, *, derivatives):
    starts = 0.3 * drawn(5, 4)
    data = simulate(HenonHeiles(), starts, np.linspace(0.0, 5.0, 40))
    data = Trajectories(
        time * data.times, data.states * units, data.lengths, data.derivatives * units / time if derivatives else None
    )
    return data


@pytest.mark.parametrize("derivatives", [True, False])
@pytest.mark.parametrize("options", [{}, {"centred": True}, {"angles": (0,)}])
def test_scaled_data_do_not_depend_on_units(derivatives, options):
    """Units whose products of position and momentum agree; angles have none."""
    plain = paths(np.ones(4), 1.0, derivatives=derivatives)
    units = np.array([1.0, 1e9, 1e-6, 1e-15]) if options.get("angles") else np.array([1e-9, 1e5, 1e6, 1e-8])
    other = paths(units, 1e-9, derivatives=derivatives)
    first, second = (Scaling.of(data, **options).apply(data) for data in (plain, other))
    np.testing.assert_allclose(second.states, first.states, atol=1e-12)
    np.testing.assert_allclose(second.times, first.times, rtol=1e-12)
    scale = Scaling.of(other, **options).scale
    assert scale[0] * scale[2] == pytest.approx(scale[1] * scale[3], rel=1e-12)
    assert 0.3 < np.std(first.states) < 3


@pytest.mark.parametrize("options", [{"isotropic": True}, {"newtonian": True}, {"newtonian": True, "angles": (0, 1)}])
def test_bodies_share_their_units(options):
    data = paths(
        np.repeat([2.0, 1e6], 2) if "angles" not in options else np.repeat([1.0, 1e6], 2), 1e-6, derivatives=False
    )
    scaling = Scaling.of(data, **options)
    assert scaling.scale[0] == scaling.scale[1]
    assert scaling.scale[2] == scaling.scale[3]
    if "newtonian" in options:
        np.testing.assert_allclose(scaling.scale[:2] / scaling.time, scaling.scale[2:], rtol=1e-12)
    if "angles" in options:
        assert scaling.scale[:2].tolist() == [1.0, 1.0]


def test_the_time_of_a_swing_is_told_apart_from_noise():
    """White noise of 5 % of a swing that is sampled 2000 times a period."""
    t = np.linspace(0.0, 20.0, 6400)
    circle = np.stack([np.cos(t), -np.sin(t)], axis=1) + 0.05 * drawn(6400, 2)
    assert 0.5 < Scaling.of(Trajectories(t, circle, (6400,))).time < 2.0


def test_samples_that_stand_alone_have_a_unit_of_time_by_their_derivatives():
    z = drawn(50, 2)
    data = Trajectories(np.zeros(50), z, (1,) * 50, 100 * z[:, ::-1])
    assert Scaling.of(data).time == pytest.approx(0.01, rel=0.2)
