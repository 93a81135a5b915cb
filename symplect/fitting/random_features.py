"""The closed-form fit for a system of which nothing is known: features drawn from the data, twice."""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from symplect.data import Scaling, Trajectories
from symplect.dynamics import energies
from symplect.fitting.checks import require_fittable
from symplect.fitting.closed_form import ClosedFormFit, fit_closed_form
from symplect.models.feature_models import FeatureHamiltonian
from symplect.models.features import AbstractFeatures, Polynomial, Projected, RandomTanh, separable
from symplect.models.rescaled import restored

STEEPNESSES = (1.0, 2.0, 3.0, 5.0)
_FIRST, _SECOND = (150, 1500), (300, 3000)  # features and samples
_NEARLY = 1.5  # times the error of the best
_RIM = 0.5  # of the chosen trials: by how well these are predicted from the others, all choices are made
_NEGLIGIBLE = 1e-9  # of the largest direction, for one that the data do not have

Array2 = Float[np.ndarray, "_ _"]
Structure = Callable[..., AbstractFeatures]


def fit_random_features(
    data: Trajectories, *, features: int = 1000, samples: int = 10_000, seed: int = 0, progress: str | None = None
) -> ClosedFormFit:
    """Fit a Hamiltonian of random features to clean data, with no form or symmetry given.

    Bodies and coordinates that move as one are counted as one first. Small fits of part of the data then choose whether
    the energy is a sum of functions of momenta and of positions, how steep the features are, and whether they are drawn
    where the energy of an earlier fit changes most, or evenly. All choices are made by how well the fastest and the
    slowest trajectories are predicted from the others: what a fit is asked for later is seldom inside all it has seen.

    Source: Rahma, Datar, Dietrich 2024 (arXiv:2411.17511), where features are steeper here and have quadratic terms
    beside them.

    Args:
        data: states with their exact derivatives.
        features: number of features of the large fit.
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
    scaling = Scaling.of(data)
    scaled = scaling.apply(data)
    frame = Frame.of(scaled)
    own = frame.seen(scaled)
    structure, first = _best_structure(own, features, rng)
    steepness, earlier = _best_steepness(own, features, rng, structure, first)
    many, rim = _some_trials(own, samples, rng)
    with jax.enable_x64(True):
        large = structure(many, _affordable(features, many), rng, steepness, earlier)
    fitted = fit_closed_form(large, many, held_out=rim, tolerance=_NEARLY, progress=progress)
    with jax.enable_x64(True):
        model = FeatureHamiltonian(frame.projected(large), fitted.model.weights, data.dimension // 2)
    return replace(fitted, model=restored(model, scaling), seconds=time.perf_counter() - began)


def _best_structure(
    data: Trajectories, features: int, rng: np.random.Generator
) -> tuple[Structure, FeatureHamiltonian]:
    """Choose a structure of the energy by small fits, each at its best steepness."""
    some, rim = _some_trials(data, _FIRST[1], rng)
    drawn = [(make, steepness) for make in (_natural, _separable, _generic) for steepness in STEEPNESSES]
    with jax.enable_x64(True):
        candidates = [make(some, _affordable(min(_FIRST[0], features), some), rng, steep) for make, steep in drawn]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chosen = fit_closed_form(candidates, some, held_out=rim, tolerance=_NEARLY).model
    number = [candidate is chosen.features for candidate in candidates].index(True)
    return drawn[number][0], chosen


def _best_steepness(
    data: Trajectories, features: int, rng: np.random.Generator, structure: Structure, first: FeatureHamiltonian
) -> tuple[float, FeatureHamiltonian | None]:
    """Choose how steep features are, and whether they are drawn where the energy of the first fit changes most.

    Of those that are nearly as good as the best the steepest is taken, since many features may be steeper than few.
    """
    some, rim = _some_trials(data, _SECOND[1], rng)
    size = _affordable(min(_SECOND[0], features), some)
    drawn = [(steepness, earlier) for steepness in STEEPNESSES for earlier in (None, first)]
    errors: list[float] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for steepness, earlier in drawn:
            with jax.enable_x64(True):
                candidate = structure(some, size, rng, steepness, earlier)
            errors.append(fit_closed_form(candidate, some, held_out=rim, tolerance=_NEARLY).held_out_error)
    good = np.flatnonzero(np.array(errors) <= _NEARLY * min(errors))
    steepest = max(drawn[k][0] for k in good)
    return drawn[min((k for k in good if drawn[k][0] == steepest), key=errors.__getitem__)]


def _affordable(features: int, data: Trajectories) -> int:
    return min(features, data.states.size // 4)


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
        """Return the frame that states and derivatives both need, so that the field is not cut."""
        assert data.derivatives is not None
        half, centre = data.dimension // 2, np.mean(data.states, axis=0)
        shifted = data.states - centre
        parts = [rows[:, side] for rows in (shifted, data.derivatives) for side in (slice(half), slice(half, None))]
        squares = sum((part.T @ part / np.sum(part**2) for part in parts), start=np.zeros((half, half)))
        sizes, directions = np.linalg.eigh(squares)
        seen = directions[:, sizes > _NEGLIGIBLE * sizes[-1]].T
        return cls(np.kron(np.eye(2), seen), centre)

    def seen(self, data: Trajectories) -> Trajectories:
        """Return the data in these coordinates."""
        assert data.derivatives is not None
        states, derivatives = (data.states - self.centre) @ self.matrix.T, data.derivatives @ self.matrix.T
        return Trajectories(data.times, states, data.lengths, derivatives)

    def projected(self, features: AbstractFeatures) -> Projected:
        """Return features of these coordinates as features of a state."""
        return Projected(features, self.matrix, self.centre)


def _some_trials(data: Trajectories, samples: int, rng: np.random.Generator) -> tuple[Trajectories, range | None]:
    """Return trials of about so many samples, and the numbers of those on the rim: the fastest and the slowest.

    Two trials or a single one have no rim; folds are held out then.
    """
    assert data.derivatives is not None
    speeds = np.linalg.norm(data.derivatives / np.std(data.derivatives, axis=0), axis=1)
    slowest = np.argsort(np.maximum.reduceat(speeds, np.cumsum((0, *data.lengths[:-1])))).tolist()
    order = rng.permutation(len(data))
    count = 1 + int(np.searchsorted(np.cumsum(np.asarray(data.lengths)[order]), samples))
    each = max(1, round(_RIM / 2 * min(count, len(data))))
    rim = dict.fromkeys(slowest[:each] + slowest[-each:])
    chosen = list(dict.fromkeys([*rim, *order.tolist()]))[:count]
    return data.select(chosen), range(len(rim)) if len(rim) < len(chosen) else None


def _generic(
    data: Trajectories,
    count: int,
    rng: np.random.Generator,
    steepness: float,
    earlier: FeatureHamiltonian | None = None,
) -> AbstractFeatures:
    return _drawn(data.states, count, rng, steepness, _energies(earlier, data.states))


def _separable(
    data: Trajectories,
    count: int,
    rng: np.random.Generator,
    steepness: float,
    earlier: FeatureHamiltonian | None = None,
) -> AbstractFeatures:
    """A fifth of the features see the momenta: kinetic energies are smooth, and often quadratic."""
    half = data.dimension // 2
    q, p = data.states[:, :half], data.states[:, half:]
    of_p, of_q = np.tile(np.mean(q, axis=0), (len(p), 1)), np.tile(np.mean(p, axis=0), (len(q), 1))
    kinetic = _energies(earlier, np.concatenate([of_p, p], axis=1))
    potential = _energies(earlier, np.concatenate([q, of_q], axis=1))
    few = count // 5
    return separable(_drawn(p, few, rng, steepness, kinetic), _drawn(q, count - few, rng, steepness, potential))


def _natural(
    data: Trajectories,
    count: int,
    rng: np.random.Generator,
    steepness: float,
    earlier: FeatureHamiltonian | None = None,
) -> AbstractFeatures:
    """A kinetic energy that is quadratic, as most are; all features see the positions."""
    half = data.dimension // 2
    q, p = data.states[:, :half], data.states[:, half:]
    still = np.concatenate([q, np.tile(np.mean(p, axis=0), (len(q), 1))], axis=1)
    return separable(_quadratic(p), _drawn(q, count, rng, steepness, _energies(earlier, still)))


def _quadratic(rows: Array2) -> AbstractFeatures:
    centre, spread = np.mean(rows, axis=0), np.std(rows, axis=0)
    return Projected(Polynomial(rows.shape[1], degree=2), np.diag(1 / spread), centre)


def _energies(model: FeatureHamiltonian | None, states: Array2) -> Float[np.ndarray, " samples"] | None:
    if model is None:
        return None
    with jax.enable_x64(True):
        return np.asarray(energies(model.hamiltonian, jnp.asarray(states)))


def _drawn(
    rows: Array2, count: int, rng: np.random.Generator, steepness: float, values: Float[np.ndarray, " samples"] | None
) -> AbstractFeatures:
    """Return the quadratic terms and steps between pairs of points, both in units of the data's spread."""
    centre, spread = np.mean(rows, axis=0), np.std(rows, axis=0)
    scaled = (rows - centre) / spread
    tanh = RandomTanh.from_pairs(scaled, count, rng, steepness=steepness, energies=values)
    return Projected(Polynomial(rows.shape[1], degree=2) + tanh, np.diag(1 / spread), centre)
