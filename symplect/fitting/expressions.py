"""Features as formulas."""

from collections.abc import Sequence
from functools import singledispatch
from types import ModuleType
from typing import Any

import numpy as np

from symplect.errors import InputError, NotAvailableError
from symplect.models.features import (
    AbstractFeatures,
    Concatenated,
    Fourier,
    InversePowers,
    OfMomenta,
    OfPositions,
    PairDistances,
    Polynomial,
    Product,
    Selected,
)

Expression = Any  # a sympy.Expr, where SymPy is installed


def symbols_module() -> ModuleType:
    """Return SymPy, which only formulas need.

    Raises:
        NotAvailableError: it is not installed.
    """
    try:
        import sympy
    except ImportError as error:
        raise NotAvailableError(
            'formulas: expected SymPy, found it not installed: pip install "symplect[symbolic]"'
        ) from error
    return sympy


def expressions(features: AbstractFeatures, names: Sequence[str]) -> list[Expression]:
    """Return the formula of every feature, in order.

    Args:
        features: basis over a state, out of those that have a formula.
        names: names of the coordinates, positions first; each becomes a real symbol.

    Raises:
        InputError: features without a formula that anybody would want to read.
        NotAvailableError: SymPy is not installed.

    Example:
        >>> from symplect.models.features import separable
        >>> expressions(separable(Polynomial(1, degree=2), Fourier(((1,),))), ["q", "p"])
        [p, p**2, cos(q), sin(q)]
    """
    return _formulas(features, [symbols_module().Symbol(name, real=True) for name in names])


@singledispatch
def _formulas(features: AbstractFeatures, z: list[Expression]) -> list[Expression]:
    raise InputError(
        f"expressions: expected features with a formula, found {type(features).__name__}: take Polynomial, Fourier or "
        "PairDistances of InversePowers, of positions or momenta, their sums and products"
    )


@_formulas.register
def _(features: Polynomial, z: list[Expression]) -> list[Expression]:
    return [symbols_module().Mul(*(z[k] for k in factors)) for factors in features.factors]


@_formulas.register
def _(features: Fourier, z: list[Expression]) -> list[Expression]:
    sympy = symbols_module()
    phases = [sum(n * q for n, q in zip(k, z, strict=True)) for k in features.frequencies]
    return [wave(phase) for wave in (sympy.cos, sympy.sin) for phase in phases]


@_formulas.register
def _(features: PairDistances, z: list[Expression]) -> list[Expression]:
    if not isinstance(features.radial, InversePowers):
        return _formulas.dispatch(AbstractFeatures)(features, z)
    bodies = np.array(z, dtype=object).reshape(features.dimensions, -1)
    pairs = zip(*np.triu_indices(features.bodies, k=1), strict=True)
    distances = [symbols_module().sqrt(sum((bodies[:, i] - bodies[:, j]) ** 2)) for i, j in pairs]
    return [sum(r**-n for r in distances) for n in features.radial.exponents]


@_formulas.register
def _(features: OfPositions, z: list[Expression]) -> list[Expression]:
    return _formulas(features.inner, z[: len(z) // 2])


@_formulas.register
def _(features: OfMomenta, z: list[Expression]) -> list[Expression]:
    return _formulas(features.inner, z[len(z) // 2 :])


@_formulas.register
def _(features: Concatenated, z: list[Expression]) -> list[Expression]:
    return [formula for part in features.parts for formula in _formulas(part, z)]


@_formulas.register
def _(features: Product, z: list[Expression]) -> list[Expression]:
    one, half = symbols_module().Integer(1), len(z) // 2
    left = [one, *_formulas(features.of_positions, z[:half])]
    right = [one, *_formulas(features.of_momenta, z[half:])]
    return [of_q * of_p for of_q in left for of_p in right][1:]


@_formulas.register
def _(features: Selected, z: list[Expression]) -> list[Expression]:
    every = _formulas(features.inner, z)
    return [every[k] for k in features.indices]
