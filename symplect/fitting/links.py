"""Lengths, moments and inertias of a chain of links, out of a learned mass matrix and potential, with error bars."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from symplect.errors import FitError, InputError
from symplect.fitting.field_of import mass_matrices
from symplect.fitting.trajectory import TrajectoryFit
from symplect.fitting.trials import repetition
from symplect.models import EulerLagrange, FeatureMechanical
from symplect.precision import on_device

GRAVITY = 9.81
"""In metres and seconds squared."""

_SAMPLES = 400  # positions, in which the learned energies are compared with those of links
_STEP = 1e-6  # of a parameter, to carry errors over
_INTEGRATION = 5e-5  # of a value: what steps of fitted paths may cost, whatever little noise there is
_SAME, _ALIKE = 3.0, 0.01  # standard errors, and share, within which a reduced length is a length

Values = Float[np.ndarray, " links"]


class Estimates(NamedTuple):
    """Values, one for each link, and their standard errors."""

    values: Values
    errors: Values


@dataclass(frozen=True, eq=False)
class Links:
    """Links that explain a learned mass matrix and potential, each joined to the one before, in a vertical plane.

    Motion in a plane tells no more of a link than its length to the next joint, its first moment about its joint, all
    that hangs from it counted as a point at the next joint, and its inertia about that joint.

    Attributes:
        lengths: of all links but the last, whose end no motion tells.
        reduced_lengths: of the simple pendulums that swing as each link does alone, inertia over moment.
        moments: masses times their distance from the joint; NaN where no force was known, so that H has no unit.
        inertias: about the joints; NaN likewise.
        masses: of points at the ends of the links, for which reduced lengths are lengths; NaN where they are not, or
            where no force was known.
        relative: whether angles are counted from the link before.
        misfit: root mean square of what links do not explain of M and V, over the spread of their entries.
    """

    lengths: Estimates
    reduced_lengths: Estimates
    moments: Estimates
    inertias: Estimates
    masses: Estimates
    relative: bool
    misfit: float


def link_parameters(
    fit: TrajectoryFit, states: Float[np.ndarray, "samples dimension"], gravity: float = GRAVITY
) -> Links:
    r"""Return the links of a planar chain whose energies are those of a fit.

    With angles $\phi$ from a fixed direction, $M_{ij} = l_i \nu_j \cos(\phi_i - \phi_j)$ for i < j, $M_{ii} = J_i$ and
    $V = g \sum_i \nu_i \cos(\phi_i - \phi_0)$, and sums of these angles are those from the link before. M and V are
    linear in the products, which so follow from the fitted weights by a linear map, and their covariance with them.

    Source: Khalil, Dombre 2002, *Modeling, Identification and Control of Robots*, chapter 9 (base parameters).

    Args:
        fit: paths of an `EulerLagrange` around a `FeatureMechanical`.
        states: `[q, v]`, where the energies are compared, such as the fitted data.
        gravity: gravitational acceleration, in the units of the data.

    Raises:
        InputError: another model.
        FitError: a chain without weight, or energies that are not those of links.

    Example:
        >>> from symplect import Trajectories, fit_mechanics, fit_trajectory, simulate
        >>> from symplect.models.features import Fourier
        >>> from symplect.systems import ChainPendulum
        >>> true = EulerLagrange(ChainPendulum([1.0, 2.0], [0.5, 0.8]))
        >>> starts = np.random.default_rng(0).uniform(-1, 1, (8, 4))
        >>> paths = simulate(true, starts, np.linspace(0.0, 2.0, 51))
        >>> data = Trajectories(paths.times, paths.states, paths.lengths)
        >>> waves = Fourier.up_to(2, 1)
        >>> start = fit_mechanics(data, waves, waves).model
        >>> fit = fit_trajectory(start, data, substeps=4)
        >>> link_parameters(fit, data.states).lengths.values.round(3)
        array([0.5])
    """
    model = fit.model
    if not isinstance(model, EulerLagrange) or not isinstance(model.mechanical, FeatureMechanical):
        raise InputError(f"link_parameters: expected a mechanical system of features, found {type(model).__name__}")
    q = states[:: max(1, len(states) // _SAMPLES), : model.degrees_of_freedom].T
    both = [_links(fit, model, q, gravity, relative=relative) for relative in (False, True)]
    return min(both, key=lambda one: one.misfit)


def _links(fit: TrajectoryFit, model: EulerLagrange, q: np.ndarray, gravity: float, *, relative: bool) -> Links:
    inner, n = model.mechanical, len(q)
    assert isinstance(inner, FeatureMechanical)
    turn = np.tri(n) if relative else np.eye(n)
    phi = turn @ q
    of_mass, of_potential = _mass_columns(phi, turn).reshape(-1, n * n * q.shape[1]), _potential_columns(phi)
    matrices = mass_matrices(inner, q).ravel()
    heights = np.asarray(inner.potential_weights, float) @ inner.potential_features.derivatives()(q).values
    products, weights = np.linalg.lstsq(of_mass.T, matrices)[0], np.linalg.lstsq(of_potential.T, heights)[0]
    found, chain = np.concatenate([products, weights[:-1]]), _Chain(n, gravity)
    if not np.all(chain.moments(found) > 0):
        raise FitError("link_parameters: expected links with weight, found one without")
    covariance = np.zeros((len(found),) * 2)
    if fit.covariance is not None:
        by_weights = _by_weights(inner, q, of_mass, of_potential)
        own = fit.covariance[: by_weights.shape[1], : by_weights.shape[1]]
        covariance = repetition(fit.residual_correlation) * by_weights @ own @ by_weights.T

    def estimates(function: Callable[[np.ndarray], np.ndarray], unit: float = 1.0) -> Estimates:
        return _with_errors(lambda at: unit * function(at), found, covariance)

    lengths, apart = estimates(chain.lengths), estimates(chain.apart)
    points = np.all(np.abs(apart.values) <= _SAME * apart.errors + _ALIKE * lengths.values)
    unit = 1.0 if model.forces else np.nan
    return Links(
        lengths,
        estimates(chain.reduced_lengths),
        estimates(chain.moments, unit),
        estimates(chain.inertias, unit),
        estimates(chain.masses, unit if points else np.nan),
        relative,
        misfit=float(np.hypot(_share(matrices, products @ of_mass), _share(heights, weights @ of_potential))),
    )


@dataclass(frozen=True)
class _Chain:
    """What the products in M and V say of links: inertias, length times moment of each pair, then weights."""

    n: int
    gravity: float

    def inertias(self, found: np.ndarray) -> np.ndarray:
        return found[: self.n]

    def moments(self, found: np.ndarray) -> np.ndarray:
        return np.hypot(*found[-2 * self.n :].reshape(2, self.n)) / self.gravity

    def lengths(self, found: np.ndarray) -> np.ndarray:
        """Weigh the lengths that all links further down tell by the moments of these."""
        moments, pairs = self.moments(found), combinations(range(self.n), 2)
        above, below = np.zeros(self.n - 1), np.zeros(self.n - 1)
        for (i, j), product in zip(pairs, found[self.n : -2 * self.n], strict=True):
            above[i] += product * moments[j]
            below[i] += moments[j] ** 2
        return above / below

    def reduced_lengths(self, found: np.ndarray) -> np.ndarray:
        return self.inertias(found) / self.moments(found)

    def apart(self, found: np.ndarray) -> np.ndarray:
        return self.reduced_lengths(found)[:-1] - self.lengths(found)

    def masses(self, found: np.ndarray) -> np.ndarray:
        from_there_on = self.moments(found) ** 2 / self.inertias(found)
        return from_there_on - np.append(from_there_on[1:], 0.0)


def _mass_columns(phi: np.ndarray, turn: np.ndarray) -> Float[np.ndarray, "products links links samples"]:
    """Return the mass matrices of a unit inertia of each link, then of a unit product of each pair."""
    n, samples = phi.shape
    found: list[np.ndarray] = []
    for i, j in [*zip(range(n), range(n), strict=True), *combinations(range(n), 2)]:
        one = np.zeros((n, n, samples))
        one[i, j] = one[j, i] = np.cos(phi[i] - phi[j])
        found.append(np.einsum("ai,abs,bj->ijs", turn, one, turn))
    return np.stack(found)


def _potential_columns(phi: np.ndarray) -> Float[np.ndarray, "heights samples"]:
    """Return the heights of each link's end, along two directions, and a constant."""
    return np.concatenate([np.cos(phi), np.sin(phi), np.ones((1, phi.shape[1]))])


def _by_weights(
    inner: FeatureMechanical, q: np.ndarray, of_mass: np.ndarray, of_potential: np.ndarray
) -> Float[np.ndarray, "found weights"]:
    """Return how what is found changes with the weights of the potential, then of the mass matrix."""
    potential = inner.potential_features.derivatives()(q).values
    by_potential = np.linalg.lstsq(of_potential.T, potential.T)[0][:-1]
    columns: list[np.ndarray] = []
    for place in range(inner.mass_weights.size):
        weights = np.zeros(inner.mass_weights.size)
        weights[place] = 1.0
        unit = FeatureMechanical(
            inner.potential_features, inner.mass_features, None, on_device(weights.reshape(inner.mass_weights.shape))
        )
        columns.append(mass_matrices(unit, q).ravel())
    by_mass = np.linalg.lstsq(of_mass.T, np.stack(columns, axis=1))[0]
    found = np.zeros((len(by_mass) + len(by_potential), by_potential.shape[1] + by_mass.shape[1]))
    found[: len(by_mass), by_potential.shape[1] :] = by_mass
    found[len(by_mass) :, : by_potential.shape[1]] = by_potential
    return found


def _with_errors(function: Callable[[np.ndarray], np.ndarray], found: np.ndarray, covariance: np.ndarray) -> Estimates:
    """Return a function of what was found, with standard errors to first order."""
    steps = _STEP * np.maximum(np.abs(found), 1e-300)
    sides = [[function(found + sign * step) for sign in (1, -1)] for step in np.diag(steps)]
    slopes = np.array([(up - down) / (2 * step) for (up, down), step in zip(sides, steps, strict=True)])
    variances, values = np.einsum("pk,pr,rk->k", slopes, covariance, slopes), function(found)
    return Estimates(values, np.sqrt(np.maximum(variances, 0.0) + (_INTEGRATION * values) ** 2))


def _share(values: np.ndarray, explained: np.ndarray) -> float:
    return float(np.sqrt(np.mean((values - explained) ** 2)) / max(float(np.std(values)), 1e-300))
