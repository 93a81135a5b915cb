"""Every kind of model and every part of one, small and with random weights, and those of the paper at their size."""

import jax
import jax.numpy as jnp
import numpy as np

from symplect.models import (
    HNN,
    Baseline,
    EulerLagrange,
    FeatureField,
    FeatureHamiltonian,
    FeatureMechanical,
    MechanicalHNN,
    NonlinearFriction,
    PortHamiltonian,
)
from symplect.models.features import (
    CentreDistance,
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
from tests.members import SYSTEMS, member


def weighted(features, n=1, **how):
    weights = jnp.asarray(np.random.default_rng(1).standard_normal(features.size))
    return FeatureHamiltonian(features, weights, n, **how)


def tanh(dimension, count=30):
    return RandomTanh.isotropic(
        np.random.default_rng(0).standard_normal((50, dimension)), count, np.random.default_rng(1)
    )


def mechanical():
    rng, waves = np.random.default_rng(3), Fourier.up_to(2, 1)
    mass = np.vstack([[2.0, 0.3, 1.0], 0.1 * rng.standard_normal((waves.size, 3))])
    return FeatureMechanical(waves, waves, jnp.asarray(rng.standard_normal(waves.size)), jnp.asarray(mass))


KEY = jax.random.key(0)
MODELS = {
    "hnn": lambda: HNN(KEY, 2, width=12),
    **{
        f"hnn {name}": lambda name=name: HNN(KEY, 1, width=8, activation=name)
        for name in ("sin", "softplus", "silu", "gelu")
    },
    "baseline": lambda: Baseline(KEY, 2, width=12, depth=3),
    "random tanh": lambda: weighted(tanh(4), 2),
    "polynomial": lambda: weighted(Polynomial(4, degree=4), 2),
    "waves": lambda: weighted(separable(Polynomial(2, degree=2), Fourier.up_to(2, 2)), 2),
    "product": lambda: weighted(Product(Fourier(((1,), (2,))), Polynomial(1, degree=3))),
    "projected": lambda: weighted(Projected(tanh(3), np.random.default_rng(2).standard_normal((3, 4)), np.ones(4)), 2),
    "symmetric": lambda: weighted(Symmetric.reversal_and_parity(tanh(2) + Polynomial(2, degree=3))),
    "newtonian": lambda: weighted(OfPositions(tanh(2)), 2, newtonian=True),
    "momenta": lambda: weighted(OfMomenta(Polynomial(2, degree=3)), 2),
    "selected": lambda: weighted(Selected(Polynomial(2, degree=3), (2, 4, 7))),
    "pair distances": lambda: weighted(
        separable(Polynomial(6, degree=2), PairDistances(ChebyshevLog(6, 0.2, 3.0), bodies=3)), 6
    ),
    "inverse powers": lambda: weighted(OfPositions(PairDistances(InversePowers((1, -2)), bodies=2)), 4),
    "field": lambda: FeatureField(tanh(2), jnp.ones((30, 2)), jnp.ones(2)),
    "dissipative": lambda: PortHamiltonian(weighted(tanh(4), 2), jnp.array([[0.3, 0.0], [0.1, 0.2]])),
    "other friction": lambda: PortHamiltonian(
        weighted(OfPositions(CentreDistance(ChebyshevLog(5, 0.1, 5.0))), 2, newtonian=True),
        nonlinear=NonlinearFriction(jnp.array([0.3, 0.1]), jnp.array([0.2, 0.5]), (0.1, 0.2)),
    ),
    "dissipative hnn": lambda: PortHamiltonian(
        HNN(KEY, 1, width=8), jnp.array([[0.3]], jnp.float32), jnp.zeros((2, 0), jnp.float32)
    ),
    "mechanical": mechanical,
    "mechanical hnn": lambda: MechanicalHNN(KEY, 2, width=8),
    "Euler-Lagrange": lambda: EulerLagrange(mechanical()),
    "Euler-Lagrange with friction": lambda: EulerLagrange(
        PortHamiltonian(
            mechanical(),
            jnp.array([[0.5, 0.0], [0.2, 0.4]]),
            nonlinear=NonlinearFriction(jnp.array([0.3, 0.1]), jnp.array([0.2, 0.5]), (0.1, 0.2)),
        )
    ),
    **{f"hnn of {n}": lambda n=n: HNN(KEY, n) for n in (1, 4, 6)},
    **{f"baseline of {n}": lambda n=n: Baseline(KEY, n) for n in (1, 4, 6)},
    **{name: lambda name=name: member(name)[0] for name in SYSTEMS},
}
