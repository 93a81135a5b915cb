"""Terms that energies are often made of, to find a formula among."""

from symplect.models.features import (
    AbstractFeatures,
    Fourier,
    InversePowers,
    OfMomenta,
    OfPositions,
    PairDistances,
    Polynomial,
    Selected,
)


def one_degree_library(degree: int = 4, highest: int = 3) -> AbstractFeatures:
    """Return powers of q and p with their products, and waves in q, for one degree of freedom.

    Args:
        degree: the highest total power.
        highest: frequency of a wave.

    Example:
        >>> one_degree_library().size
        20
    """
    return Polynomial(2, degree) + OfPositions(Fourier.up_to(1, highest))


def bodies_library(
    bodies: int, *, dimensions: int = 2, exponents: tuple[int, ...] = (-2, -1, 1, 2, 3)
) -> AbstractFeatures:
    """Return what is at most quadratic in the momenta, and powers of the distances, for bodies that act in pairs.

    Squares stand before mixed products. Where the total momentum never varies, as with mirrored bodies, no data tell
    some of the one from the other, and a square of its own for every body is preferred.

    Args:
        bodies: number of bodies.
        dimensions: number of dimensions of space.
        exponents: n of the terms `r^-n`, summed over pairs.

    Example:
        >>> bodies_library(2).size  # 4 momenta, 4 squares, 6 mixed products, 5 powers
        19
    """
    quadratic = Polynomial(bodies * dimensions, degree=2)
    order = sorted(range(quadratic.size), key=lambda k: (len(quadratic.factors[k]), len(set(quadratic.factors[k]))))
    kinetic = OfMomenta(Selected(quadratic, tuple(order)))
    return kinetic + OfPositions(PairDistances(InversePowers(exponents), bodies, dimensions))
