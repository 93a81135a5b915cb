"""A Hamiltonian as a scikit-learn estimator: states in, time derivatives out, the fit in closed form."""

from collections.abc import Iterator, Sequence
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import State
from symplect.errors import InputError, NotAvailableError
from symplect.fitting.least_squares import merge, reduce, ridge_path
from symplect.models.feature_models import FeatureHamiltonian
from symplect.models.features import AbstractFeatures, Polynomial, Projected, RandomTanh
from symplect.models.features._features import AbstractMapped, Values

try:
    from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
    from sklearn.utils import check_random_state
    from sklearn.utils.validation import check_is_fitted, validate_data
except ImportError as missing:
    raise NotAvailableError(
        'HamiltonianRegressor: expected scikit-learn, found it not installed: pip install "symplect[sklearn]"'
    ) from missing

_FEWEST_ROWS = 256  # evaluated in one call: smaller data are filled up, so that few sizes are compiled
_BLOCK_BYTES = 2**26  # of one block of equations, at most
_CONSTANT = 1e-12  # spread of a column, relative to its size, that is round-off

Rows = Float[np.ndarray, "samples columns"]
Derivatives = Float[np.ndarray, "samples outputs"]


@final
class HamiltonianRegressor(MultiOutputMixin, RegressorMixin, BaseEstimator):
    r"""Learns $H(q, p; \lambda)$ from states and their time derivatives, in closed form.

    H is a weighted sum of fixed features, all monomials up to the second degree and random hyperbolic tangents, so its
    symplectic gradient is linear in the weights and one ridge regression in float64 is the fit. The columns of X are
    `[q1..., qn, p1..., pn]` and then any number of parameters $\lambda$, which H depends on and which do not move;
    those of y are `[dq1/dt..., dqn/dt, dp1/dt..., dpn/dt]`, or the first few of them. A y of one dimension is dq1/dt.

    Columns are standardised inside. A scaler in front, such as `StandardScaler`, does not belong in a pipeline: scaled
    apart from their derivatives, states no longer obey Hamilton's equations. Columns may be chosen and put in order.

    Args:
        degrees_of_freedom: number n of (q, p) pairs; half of the columns unless given, rounded down.
        features: number of hyperbolic tangents; with none, H is quadratic.
        gain: their steepness, per standard deviation of the data; a larger one gives a rougher H.
        ridge: how strongly weights are held down, relative to the largest singular value squared; noise wants more.
        random_state: a seed or a `numpy.random.RandomState`, of which features are drawn.

    Attributes:
        model_: the fitted `FeatureHamiltonian`, which `rollout` moves; only if X had no parameters, see `model_at`.
        degrees_of_freedom_: n.
        weights_: of all features, shape `(features,)`.
        rank_: directions of the weights that the data determine beyond round-off.
        n_features_in_: number of columns of X.

    Example:
        >>> from symplect.systems import MassSpring
        >>> X = np.random.default_rng(0).uniform(-1.0, 1.0, (50, 2))
        >>> y = np.column_stack([2 * X[:, 1], -2 * X[:, 0]])  # H = q^2 + p^2
        >>> fitted = HamiltonianRegressor(features=10, random_state=0).fit(X, y)
        >>> fitted.predict([[1.0, 0.5]]).round(4).tolist()
        [[1.0, -2.0]]
    """

    n_features_in_: int

    def __init__(
        self,
        degrees_of_freedom: Any = None,  # whatever is set, it is `fit` that refuses it: scikit-learn's convention
        *,
        features: Any = 100,
        gain: Any = 0.5,
        ridge: Any = 1e-8,
        random_state: Any = None,
    ):
        self.degrees_of_freedom = degrees_of_freedom
        self.features = features
        self.gain = gain
        self.ridge = ridge
        self.random_state = random_state

    def fit(self, X: Any, y: Any) -> "HamiltonianRegressor":
        """Fit H to states and their derivatives.

        Args:
            X: shape `(samples, 2 n + parameters)`.
            y: shape `(samples, derivatives)` with at most 2 n of them, or `(samples,)`.

        Raises:
            InputError: a setting out of range, or more degrees of freedom or derivatives than columns.
        """
        rows, targets = map(
            np.asarray,
            validate_data(self, X, y, dtype=np.float64, multi_output=True, y_numeric=True, ensure_min_features=2),
        )
        self._require_settings(rows.shape[1])
        self.degrees_of_freedom_ = int(self.degrees_of_freedom or rows.shape[1] // 2)
        self._flat = targets.ndim == 1
        derivatives = targets.astype(np.float64).reshape(len(rows), -1)
        self.n_outputs_ = derivatives.shape[1]
        if self.n_outputs_ > 2 * self.degrees_of_freedom_:
            raise InputError(
                f"HamiltonianRegressor: expected a y of at most {2 * self.degrees_of_freedom_} columns, dq/dt and "
                f"dp/dt of {self.degrees_of_freedom_} degrees of freedom, found {self.n_outputs_}"
            )
        order = np.lexsort(np.column_stack([rows, derivatives]).T)  # so that the order of samples does not matter
        self._draw(rows[order])
        self._solve(rows[order], derivatives[order])
        return self

    def predict(self, X: object) -> Float[np.ndarray, "samples *derivatives"]:
        """Return the time derivatives that were fitted, of the shape of y."""
        derivatives = self._evaluate(self._checked(X))[1][:, : self.n_outputs_]
        return derivatives[:, 0] if self._flat else derivatives

    def hamiltonian(self, X: object) -> Float[np.ndarray, " samples"]:
        """Return H of every row. It is known up to a constant: here its mean over the training data is zero."""
        return self._evaluate(self._checked(X))[0] - self._mean

    def model_at(self, parameters: Sequence[float] | Array | np.ndarray = ()) -> FeatureHamiltonian:
        """Return the fitted Hamiltonian of the state alone, in float64, at given parameters.

        Args:
            parameters: shape `(parameters,)`.

        Raises:
            InputError: another number of parameters than X had.
        """
        check_is_fitted(self)
        expected = self.n_features_in_ - 2 * self.degrees_of_freedom_
        if np.shape(parameters) != (expected,):
            found = np.shape(parameters)
            raise InputError(f"HamiltonianRegressor: expected parameters of shape ({expected},), found {found}")
        with jax.enable_x64(True):
            features = AtParameters(self._features(), jnp.asarray(parameters, float)) if expected else self._features()
            return FeatureHamiltonian(features, jnp.asarray(self.weights_), self.degrees_of_freedom_)

    @property
    def model_(self) -> FeatureHamiltonian:
        """The fitted Hamiltonian, if it depends on the state alone."""
        if not hasattr(self, "weights_") or self.n_features_in_ > 2 * self.degrees_of_freedom_:
            raise AttributeError("model_: expected a fit to data without parameters, found none: use fit, or model_at")
        return self.model_at()

    def _require_settings(self, columns: int) -> None:
        n, most = self.degrees_of_freedom, columns // 2
        if n is not None and not (isinstance(n, int | np.integer) and 1 <= n <= most):
            raise InputError(
                f"HamiltonianRegressor: expected degrees_of_freedom from 1 to {most} for an X of {columns} columns, "
                f"found {n!r}"
            )
        if not isinstance(self.features, int | np.integer) or self.features < 0:
            raise InputError(f"HamiltonianRegressor: expected features of 0 or more, found {self.features!r}")
        for name, value in (("gain", self.gain), ("ridge", self.ridge)):
            if not isinstance(value, int | float | np.number) or not 0 <= value < np.inf:
                raise InputError(f"HamiltonianRegressor: expected a {name} of 0 or more, found {value!r}")

    def _draw(self, X: Rows) -> None:
        """Draw the features, which are kept as plain arrays: those of JAX lose digits where 64 bit is off."""
        self._centre, self._spread = np.mean(X, axis=0), _spread(X)
        scaled = (X - self._centre) / self._spread
        rng = np.random.default_rng(check_random_state(self.random_state).randint(2**31 - 1))
        with jax.enable_x64(True):
            drawn = RandomTanh.isotropic(scaled, int(self.features), rng, gain=self.gain)
        self._directions, self._biases = np.asarray(drawn.directions), np.asarray(drawn.biases)

    def _features(self) -> AbstractFeatures:
        inner = Polynomial(len(self._centre), degree=2) + RandomTanh(self._directions, self._biases)
        return Projected(inner, np.diag(1 / self._spread), self._centre)

    def _solve(self, X: Rows, y: Derivatives) -> None:
        """Solve for the weights, every derivative in units of its own spread, so that units do not matter."""
        units = _spread(y)
        with jax.enable_x64(True):
            features = self._features()
            parts = [
                reduce((A / units[:, None]).reshape(-1, features.size), (y[rows] / units).ravel())
                for rows, A in _designs(features, self.degrees_of_freedom_, y.shape[1], X)
            ]
        path = ridge_path(merge(parts), features.penalties, np.array([self.ridge]))
        self.weights_, self.rank_ = path.coefficients[:, 0], path.rank
        self._mean = float(np.mean(self._evaluate(X)[0]))

    def _checked(self, X: Any) -> Rows:
        check_is_fitted(self)
        return np.asarray(validate_data(self, X, dtype=np.float64, reset=False))

    def _evaluate(self, X: Rows) -> tuple[Float[np.ndarray, " samples"], Float[np.ndarray, "samples dimension"]]:
        """Return H, with a constant of its own, and the time derivatives of all entries of the state."""
        found: list[tuple[np.ndarray, np.ndarray]] = []
        with jax.enable_x64(True):
            features, weights = self._features(), jnp.asarray(self.weights_)
            for rows, block in _blocks(X, features.size):
                H, derivatives = _field(features, weights, self.degrees_of_freedom_, block)
                count = rows.stop - rows.start
                found.append((np.asarray(H)[:count], np.asarray(derivatives)[:count]))
        return np.concatenate([H for H, _ in found]), np.concatenate([derivatives for _, derivatives in found])


@final
class AtParameters(AbstractMapped):
    """Features of a state and parameters as features of the state, at given parameters.

    Args:
        inner: features of `[z..., parameters...]`.
        parameters: frozen parameters.

    Example:
        >>> AtParameters(Polynomial(3, degree=1), jnp.array([9.81]))(jnp.array([1.0, 0.5])).round(2).tolist()
        [1.0, 0.5, 9.81]
    """

    inner: AbstractFeatures
    parameters: Float[Array, " parameters"]

    def __call__(self, z: State) -> Values:
        return self.inner(jnp.concatenate([z, self.parameters]))


def _at(features: AbstractFeatures, weights: Array, n: int, row: Array) -> tuple[FeatureHamiltonian, State]:
    """Return the Hamiltonian at the parameters of a row of X, and its state."""
    return FeatureHamiltonian(AtParameters(features, row[2 * n :]), weights, n), row[: 2 * n]


@eqx.filter_jit
def _design(features: AbstractFeatures, n: int, outputs: int, rows: Array) -> Float[Array, "samples outputs features"]:
    """Return the vector field of every feature: the derivative by the weights of a field that is linear in them."""
    zero = jnp.zeros(features.size, rows.dtype)

    def field(weights: Array, row: Array) -> Array:
        model, z = _at(features, weights, n, row)
        return model.time_derivative(z)[:outputs]

    return jax.vmap(jax.jacrev(field), in_axes=(None, 0))(zero, rows)


@eqx.filter_jit
def _field(features: AbstractFeatures, weights: Array, n: int, rows: Array) -> tuple[Array, Array]:
    """Return H and the time derivative of the state at every row."""

    def both(row: Array) -> tuple[Array, Array]:
        model, z = _at(features, weights, n, row)
        return model.hamiltonian(z), model.time_derivative(z)

    return jax.vmap(both)(rows)


def _designs(features: AbstractFeatures, n: int, outputs: int, X: Rows) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the equations of some samples at a time."""
    for rows, block in _blocks(X, outputs * features.size):
        yield rows, np.asarray(_design(features, n, outputs, block))[: rows.stop - rows.start]


def _blocks(X: Rows, numbers: int) -> Iterator[tuple[slice, Array]]:
    """Yield rows in blocks of one of few sizes, the last filled up, so that few sizes are compiled.

    Args:
        X: the rows.
        numbers: count of values computed from each.
    """
    size = max(_FEWEST_ROWS, 1 << (len(X) - 1).bit_length())
    size = min(size, max(1, _BLOCK_BYTES // (8 * numbers)))
    for first in range(0, len(X), size):
        rows = slice(first, min(first + size, len(X)))
        yield rows, jnp.asarray(np.resize(X[rows], (size, X.shape[1])))


def _spread(rows: Rows) -> Float[np.ndarray, " columns"]:
    """Return the standard deviation of every column, 1 where it is constant."""
    spread = np.std(rows, axis=0)
    return np.where(spread > _CONSTANT * np.max(np.abs(rows), axis=0), spread, 1.0)
