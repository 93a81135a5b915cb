"""Fixed features of a state, whose weighted sum is a Hamiltonian: parts that can be put together."""

from symplect.models.features._features import AbstractFeatures, Concatenated
from symplect.models.features.distances import (
    CentreDistance,
    ChebyshevLog,
    InversePowers,
    PairDistances,
    pair_distances,
)
from symplect.models.features.fourier import Fourier
from symplect.models.features.maps import (
    OfMomenta,
    OfPositions,
    Product,
    Projected,
    Symmetric,
    data_subspace,
    separable,
)
from symplect.models.features.polynomial import Polynomial
from symplect.models.features.random_tanh import RandomTanh
from symplect.models.features.selected import Selected

__all__ = [
    "AbstractFeatures",
    "CentreDistance",
    "ChebyshevLog",
    "Concatenated",
    "Fourier",
    "InversePowers",
    "OfMomenta",
    "OfPositions",
    "PairDistances",
    "Polynomial",
    "Product",
    "Projected",
    "RandomTanh",
    "Selected",
    "Symmetric",
    "data_subspace",
    "pair_distances",
    "separable",
]
