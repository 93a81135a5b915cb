"""From data to a formula: which few terms of a library make up H, with which coefficients."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, final

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import State
from symplect.data import Trajectories
from symplect.errors import InputError
from symplect.fitting.checks import require_fittable
from symplect.fitting.closed_form import equations, fold_of_samples
from symplect.fitting.expressions import Expression, expressions
from symplect.fitting.least_squares import merge, ridge_path
from symplect.fitting.linearised import FOLDS, linearised
from symplect.fitting.subsets import Subset, held_out_square, restricted, sparsest
from symplect.fitting.trajectory import TrajectoryFit, fit_trajectory
from symplect.models.feature_models import FeatureHamiltonian
from symplect.models.features import AbstractFeatures, Selected
from symplect.models.features._features import Penalties, Values
from symplect.models.rescaled import Coordinates, Factors, rescaled_features

_ROUNDS = 5  # of choosing terms at the paths that the last terms gave
_FREE = np.array([1e-9])  # a ridge that holds nothing down

Coefficients = Float[np.ndarray, " terms"]


@dataclass(frozen=True, eq=False)
class SymbolicFit:
    """What `fit_symbolic` found.

    Attributes:
        expression: of H, a `sympy.Expr`, up to a constant.
        coefficients: of every term that was kept, by its expression.
        standard_errors: of the coefficients, by the same expressions, if these are the right terms.
        model: the Hamiltonian with these terms alone, in float64.
        held_out_error: root mean square error on trajectories held out, of the derivative in the closed form, and of
            the states in units of their noise for the fit of trajectories.
        seconds: of the fit.
    """

    expression: Expression
    coefficients: Mapping[Expression, float]
    standard_errors: Mapping[Expression, float]
    model: FeatureHamiltonian
    held_out_error: float
    seconds: float = field(compare=False)


def fit_symbolic(
    library: AbstractFeatures,
    data: Trajectories,
    *,
    by: Literal["closed-form", "trajectory"] = "closed-form",
    seed: int = 0,
    progress: str | None = None,
) -> SymbolicFit:
    """Find the few terms of a library that make up H, and their coefficients.

    Starting from all terms, the one missed least is left out again and again (`sparsest`); the number of terms is the
    one that predicts held-out trajectories best when each term has to pay for itself. Along noisy paths this is done on
    the linearised problem of `fit_trajectory`, first about a dense fit, then about the fit of the terms chosen last,
    until the choice stays.

    Source: Brunton, Proctor, Kutz 2016, PNAS 113, 3932, with a Hamiltonian in place of free equations.

    Args:
        library: terms with formulas, such as `one_degree_library` and `bodies_library`; where the data cannot tell
            terms apart, those listed first are preferred.
        data: trajectories of one system; derivatives, where there are any, are used by "closed-form" only.
        by: "closed-form" for exact derivatives at clean states, "trajectory" for noisy states.
        seed: decides which trajectories are held out together.
        progress: label of a progress bar; none unless given.

    Raises:
        InputError: data that cannot be fitted, or a library without formulas.
        NotAvailableError: SymPy is not installed.
        ArithmeticError: no terms could follow the data.

    Example:
        >>> from symplect import simulate
        >>> from symplect.fitting.libraries import one_degree_library
        >>> from symplect.systems import Pendulum
        >>> starts = np.random.default_rng(0).uniform(-1.0, 1.0, (10, 2))
        >>> data = simulate(Pendulum.reference(), starts, np.linspace(0.0, 3.0, 20))
        >>> found = fit_symbolic(one_degree_library(), data)
        >>> {str(term): round(value, 6) for term, value in found.coefficients.items()}
        {'p**2': 1.0, 'cos(q)': -3.0}
    """
    began = time.perf_counter()
    if by not in ("closed-form", "trajectory"):
        raise InputError(f"fit_symbolic: expected by='closed-form' or 'trajectory', found {by!r}")
    terms = expressions(library, data.names)
    fit = _by_closed_form if by == "closed-form" else _by_trajectory
    found = fit(library, data, seed, progress)
    with jax.enable_x64(True):
        model = _model(Selected(library, found.chosen), found.weights, data)
    kept = [terms[k] for k in found.chosen]
    values = dict(zip(kept, found.weights.tolist(), strict=True))
    errors = dict(zip(kept, found.errors.tolist(), strict=True))
    expression = sum(value * term for term, value in values.items())
    return SymbolicFit(expression, values, errors, model, found.held_out_error, time.perf_counter() - began)


@dataclass(frozen=True, eq=False)
class _Found:
    """The chosen terms, their coefficients and standard errors."""

    chosen: Subset
    weights: Coefficients
    errors: Coefficients
    held_out_error: float


def _by_closed_form(library: AbstractFeatures, data: Trajectories, seed: int, progress: str | None) -> _Found:
    """Choose from the linear equations of states and derivatives; the residuals give the standard errors."""
    require_fittable("fit_symbolic", data, derivatives=True)
    parts = equations(library, data, fold_of_samples(data, FOLDS, seed))
    chosen = sparsest(parts)
    whole = restricted(merge(parts), chosen)
    weights = ridge_path(whole, np.ones(len(chosen)), np.zeros(1)).coefficients[:, 0]
    variance = float(whole.errors(weights[:, None])[0]) * whole.rows / (whole.rows - len(chosen))
    sizes = np.linalg.norm(whole.triangle, axis=0)
    inverse = np.linalg.pinv(whole.triangle / sizes) / sizes[:, None]
    errors = np.sqrt(variance * np.sum(inverse**2, axis=1))
    errors = np.maximum(errors, np.finfo(float).eps * np.abs(weights))  # many exact rows do not average round-off away
    return _Found(chosen, weights, errors, held_out_square(parts, chosen) ** 0.5)


def _by_trajectory(library: AbstractFeatures, data: Trajectories, seed: int, progress: str | None) -> _Found:
    """Choose and fit in turn, until the choice stays."""
    kept: Subset = tuple(range(library.size))
    fitted = fit_trajectory(_masked(library, kept, None, data), data, progress=progress)
    for number in range(_ROUNDS):
        about = _masked(library, tuple(range(library.size)), _weights(fitted), data)
        chosen = sparsest(linearised(about, fitted, data, seed))
        if number > 0 and chosen == kept:
            break
        kept = chosen
        fitted = fit_trajectory(_masked(library, kept, None, data), data, penalties=_FREE, progress=progress)
    inside = list(kept)
    assert fitted.covariance is not None  # these models are no networks
    errors = np.sqrt(np.diag(fitted.covariance))[inside]
    return _Found(kept, _weights(fitted)[inside], errors, fitted.held_out_error)


@final
class _Masked(AbstractFeatures):
    """All features, some of them zero: to the compiler, every choice is the same program."""

    inner: AbstractFeatures
    mask: Float[Array, " features"]

    @property
    def size(self) -> int:
        return self.inner.size

    def __call__(self, z: State) -> Values:
        return self.mask * self.inner(z)

    @property
    def penalties(self) -> Penalties:
        return self.inner.penalties


@rescaled_features.register
def _(features: _Masked, centre: Coordinates, scale: Coordinates) -> tuple[AbstractFeatures, Factors]:
    inner, factors = rescaled_features(features.inner, centre, scale)
    return _Masked(inner, features.mask), factors


def _masked(
    library: AbstractFeatures, kept: Subset, weights: Coefficients | None, data: Trajectories
) -> FeatureHamiltonian:
    mask = np.zeros(library.size)
    mask[list(kept)] = 1.0
    with jax.enable_x64(True):
        return _model(_Masked(library, jnp.asarray(mask)), weights, data)


def _model(features: AbstractFeatures, weights: Coefficients | None, data: Trajectories) -> FeatureHamiltonian:
    return FeatureHamiltonian(features, None if weights is None else jnp.asarray(weights), data.dimension // 2)


def _weights(fitted: TrajectoryFit) -> Coefficients:
    assert isinstance(fitted.model, FeatureHamiltonian)
    return np.asarray(fitted.model.weights)
