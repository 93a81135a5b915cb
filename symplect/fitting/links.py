"""Lengths, moments and inertias of a chain of links, out of a learned mass matrix and potential, with error bars."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from jaxtyping import Float

from symplect.errors import FitError, InputError
from symplect.fitting.field_of import mass_matrices
from symplect.fitting.trajectory import TrajectoryFit
from symplect.models import EulerLagrange, FeatureMechanical
from symplect.precision import on_device

GRAVITY = 9.81
"""In metres and seconds squared."""

_SAMPLES = 400  # positions, in which the learned energies are compared with those of links
_STEP = 1e-6  # of a parameter, to carry errors over

Values = Float[np.ndarray, " links"]


@dataclass(frozen=True, eq=False)
class Links:
    """Links that explain a learned mass matrix and potential, each joined to the one before, in a vertical plane.

    A link is given by its length to the next joint, its first moment about its joint, all that hangs from it counted as
    a point at the next joint, and its inertia about that joint: this is all that motion in a plane can tell. Links of
    point masses have the mass `moment^2 / inertia` in all from there on.

    Attributes:
        lengths, length_errors: of all links but the last, which no motion tells.
        moments, moment_errors: mass times distance; NaN where no force was known, so that H has no unit.
        inertias, inertia_errors: about the joints; the same.
        reduced, reduced_errors: lengths of the pendulums that swing as each link does alone, inertia over moment.
        relative: whether angles are counted from the link before.
        misfit: root mean square of what links do not explain of M and V, over the spread of their entries.
    """

    lengths: Values
    length_errors: Values
    moments: Values
    moment_errors: Values
    inertias: Values
    inertia_errors: Values
    reduced: Values
    reduced_errors: Values
    relative: bool
    misfit: float

    def __str__(self) -> str:
        def each(what: str, values: Values, errors: Values) -> str:
            return f"{what} {', '.join(f'{v:.4g} ± {e:.1g}' for v, e in zip(values, errors, strict=True))}"

        said = [each("lengths to the next joint", self.lengths, self.length_errors)] if len(self.lengths) else []
        said.append(each("reduced lengths", self.reduced, self.reduced_errors))
        if np.all(np.isfinite(self.moments)):
            said.append(each("first moments", self.moments, self.moment_errors))
            said.append(each("inertias about the joints", self.inertias, self.inertia_errors))
        return "; ".join(said)


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
        >>> link_parameters(fit, data.states).lengths.round(3)
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
    of_mass, of_potential = _mass_columns(phi, turn), _potential_columns(phi)
    potential = inner.potential_features.derivatives()(q).values
    masses, heights = mass_matrices(inner, q), np.asarray(inner.potential_weights, float) @ potential
    products = np.linalg.lstsq(of_mass.reshape(len(of_mass), -1).T, masses.ravel())[0]
    weights = np.linalg.lstsq(of_potential.T, heights)[0]
    left = (
        _share(masses.ravel(), products @ of_mass.reshape(len(of_mass), -1)),
        _share(heights, weights @ of_potential),
    )
    found = np.concatenate([products, weights[:-1]])
    by_weights = _by_weights(inner, q, of_mass, of_potential)
    covariance = np.zeros((len(found),) * 2)
    if fit.covariance is not None:
        own = fit.covariance[: by_weights.shape[1], : by_weights.shape[1]]
        covariance = by_weights @ own @ by_weights.T
    pairs = list(combinations(range(n), 2))

    def moments(found: np.ndarray) -> np.ndarray:
        down = found[n + len(pairs) :].reshape(2, n)
        return np.hypot(*down) / gravity

    def lengths(found: np.ndarray) -> np.ndarray:
        """Weigh the lengths that all links further down tell by the moments of these."""
        own, products = moments(found), dict(zip(pairs, found[n:], strict=False))
        rest = [[(products[i, j], own[j]) for j in range(i + 1, n)] for i in range(n - 1)]
        return np.array([sum(a * b for a, b in one) / sum(b * b for _, b in one) for one in rest])

    if not np.all(moments(found) > 0):
        raise FitError("link_parameters: expected links with weight, found one without")
    unit = 1.0 if model.forces else np.nan
    parts = {
        "lengths": _with_errors(lengths, found, covariance),
        "moments": _with_errors(lambda at: unit * moments(at), found, covariance),
        "inertias": _with_errors(lambda at: unit * at[:n], found, covariance),
        "reduced": _with_errors(lambda at: at[:n] / moments(at), found, covariance),
    }
    return Links(
        *(value for pair in parts.values() for value in pair), relative=relative, misfit=float(np.hypot(*left))
    )


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
    by_mass = np.linalg.lstsq(of_mass.reshape(len(of_mass), -1).T, np.stack(columns, axis=1))[0]
    found = np.zeros((len(by_mass) + len(by_potential), by_potential.shape[1] + by_mass.shape[1]))
    found[: len(by_mass), by_potential.shape[1] :] = by_mass
    found[len(by_mass) :, : by_potential.shape[1]] = by_potential
    return found


def _with_errors(
    function: Callable[[np.ndarray], np.ndarray], found: np.ndarray, covariance: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return a function of what was found, and its standard errors to first order."""
    steps = _STEP * np.maximum(np.abs(found), 1e-300)
    sides = [[function(found + sign * step) for sign in (1, -1)] for step in np.diag(steps)]
    slopes = np.array([(up - down) / (2 * step) for (up, down), step in zip(sides, steps, strict=True)])
    return function(found), np.sqrt(np.maximum(np.einsum("pk,pr,rk->k", slopes, covariance, slopes), 0.0))


def _share(values: np.ndarray, explained: np.ndarray) -> float:
    return float(np.sqrt(np.mean((values - explained) ** 2)) / max(float(np.std(values)), 1e-300))
