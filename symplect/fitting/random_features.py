"""The closed-form fit for a system of which nothing is known: features drawn from the data, twice."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from symplect.data import Trajectories
from symplect.dynamics import energies
from symplect.fitting.checks import require_fittable
from symplect.fitting.closed_form import ClosedFormFit, fit_closed_form
from symplect.models.features import AbstractFeatures, Polynomial, Projected, RandomTanh, separable
from symplect.models.random_feature import RandomFeatureHNN

STEEPNESSES = (1.0, 2.0, 3.0, 5.0)
_FIRST_FEATURES, _FIRST_SAMPLES = 150, 1500
_NEGLIGIBLE = 1e-9  # of the largest direction, for one that the data do not have

Array2 = Float[np.ndarray, "_ _"]
Structure = Callable[..., AbstractFeatures]


def fit_random_features(
    data: Trajectories, *, features: int = 1000, samples: int = 10_000, seed: int = 0, progress: str | None = None
) -> ClosedFormFit:
    """Fits a Hamiltonian of random features to clean data, with no form or symmetry given.

    Bodies and coordinates that move as one are counted as one first. A small fit of part of the data then chooses, on
    held-out trajectories, how steep the features are and whether the energy is a sum of functions of momenta and of
    positions. The large fit draws its features where the small one's energy changes most.

    Source: Rahma, Datar, Dietrich 2024 (arXiv:2411.17511), where features are steeper here and have quadratic terms
    beside them.

    Args:
        data: states with their exact derivatives.
        features: of the large fit.
        samples: about so many are used.
        seed: decides which features are drawn, and which trajectories are held out together.
        progress: label of a progress bar; none unless given.

    Raises:
        InputError: data that cannot be fitted, or fewer equations than unknowns.

    Example:
        >>> from symplect import simulate
        >>> from symplect.systems import Pendulum
        >>> starts = np.random.default_rng(0).uniform(-1.0, 1.0, (20, 2))
        >>> data = simulate(Pendulum.reference(), starts, np.linspace(0.0, 3.0, 40))
        >>> fit_random_features(data, features=30).held_out_error < 1e-3
        True
    """
    began = time.perf_counter()
    require_fittable("fit_random_features", data, derivatives=True)
    rng = np.random.default_rng(seed)
    frame = Frame.of(data)
    own = frame.seen(_some_trials(data, samples, rng))
    small = _some_trials(own, _FIRST_SAMPLES, rng)
    count = min(_FIRST_FEATURES, features, small.states.size // 4)
    drawn = [(make, steep) for make in (_generic, _separable) for steep in STEEPNESSES]
    with jax.enable_x64(True):
        first = [make(small, count, rng, steep) for make, steep in drawn]
    chosen = fit_closed_form(first, small, folds=2, seed=seed, progress=progress)
    make, steep = drawn[[candidate is chosen.model.features for candidate in first].index(True)]
    with jax.enable_x64(True):
        large = make(own, min(features, own.states.size // 4), rng, steep, chosen.model)
    fitted = fit_closed_form(large, own, folds=2, seed=seed, progress=progress)
    with jax.enable_x64(True):
        model = RandomFeatureHNN(frame.projected(large), fitted.model.weights, data.dimension // 2)
    return replace(fitted, model=model, seconds=time.perf_counter() - began)


@dataclass(frozen=True, eq=False)
class Frame:
    """Coordinates in which data leave no direction empty, canonical: the same for positions as for momenta.

    Attributes:
        matrix: orthonormal, from a state to its coordinates.
        centre: of the data.
    """

    matrix: Array2
    centre: Float[np.ndarray, " dimension"]

    @classmethod
    def of(cls, data: Trajectories) -> "Frame":
        """Returns the frame that states and derivatives both need, so that the field is not cut."""
        assert data.derivatives is not None
        half, centre = data.dimension // 2, np.mean(data.states, axis=0)
        shifted = data.states - centre
        parts = [rows[:, side] for rows in (shifted, data.derivatives) for side in (slice(half), slice(half, None))]
        squares = sum((part.T @ part / np.sum(part**2) for part in parts), start=np.zeros((half, half)))
        sizes, directions = np.linalg.eigh(squares)
        seen = directions[:, sizes > _NEGLIGIBLE * sizes[-1]].T
        return cls(np.kron(np.eye(2), seen), centre)

    def seen(self, data: Trajectories) -> Trajectories:
        """Returns the data in these coordinates."""
        assert data.derivatives is not None
        states, derivatives = (data.states - self.centre) @ self.matrix.T, data.derivatives @ self.matrix.T
        return Trajectories(data.times, states, data.lengths, derivatives)

    def projected(self, features: AbstractFeatures) -> Projected:
        """Returns features of these coordinates as features of a state."""
        return Projected(features, self.matrix, self.centre)


def _some_trials(data: Trajectories, samples: int, rng: np.random.Generator) -> Trajectories:
    order = rng.permutation(len(data))
    count = 1 + int(np.searchsorted(np.cumsum(np.asarray(data.lengths)[order]), samples))
    return data.select(order[:count].tolist())


def _generic(
    data: Trajectories, count: int, rng: np.random.Generator, steepness: float, earlier: RandomFeatureHNN | None = None
) -> AbstractFeatures:
    return _drawn(data.states, count, rng, steepness, _energies(earlier, data.states))


def _separable(
    data: Trajectories, count: int, rng: np.random.Generator, steepness: float, earlier: RandomFeatureHNN | None = None
) -> AbstractFeatures:
    """A fifth of the features see the momenta: kinetic energies are smooth, and often quadratic."""
    half = data.dimension // 2
    q, p = data.states[:, :half], data.states[:, half:]
    of_p, of_q = np.tile(np.mean(q, axis=0), (len(p), 1)), np.tile(np.mean(p, axis=0), (len(q), 1))
    kinetic = _energies(earlier, np.concatenate([of_p, p], axis=1))
    potential = _energies(earlier, np.concatenate([q, of_q], axis=1))
    few = count // 5
    return separable(_drawn(p, few, rng, steepness, kinetic), _drawn(q, count - few, rng, steepness, potential))


def _energies(model: RandomFeatureHNN | None, states: Array2) -> Float[np.ndarray, " samples"] | None:
    if model is None:
        return None
    with jax.enable_x64(True):
        return np.asarray(energies(model.hamiltonian, jnp.asarray(states)))


def _drawn(
    rows: Array2, count: int, rng: np.random.Generator, steepness: float, values: Float[np.ndarray, " samples"] | None
) -> AbstractFeatures:
    """Returns the quadratic terms and steps between pairs of points, both in units of the data's spread."""
    centre, spread = np.mean(rows, axis=0), np.std(rows, axis=0)
    scaled = (rows - centre) / spread
    tanh = RandomTanh.from_pairs(scaled, count, rng, steepness=steepness, energies=values)
    return Projected(Polynomial(rows.shape[1], degree=2) + tanh, np.diag(1 / spread), centre)
