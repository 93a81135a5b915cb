"""Mechanical systems in closed form, from positions and velocities: no momenta, and no derivatives of data."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import jax
import numpy as np

from symplect.data import Scaling, Trajectories
from symplect.errors import FitError, InputError
from symplect.fitting.checks import require_fittable
from symplect.fitting.field_of import mass_matrices
from symplect.fitting.least_squares import Reduced, merge, one_thread, reduce
from symplect.fitting.mechanical_terms import MechanicalTerms
from symplect.fitting.own_units import brought_back
from symplect.fitting.weak_form import equations
from symplect.models import EulerLagrange, FeatureMechanical, PortHamiltonian, holds_inputs
from symplect.models.features import AbstractFeatures
from symplect.models.rescaled import scaled
from symplect.precision import on_device

_RIDGES = (0.0, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1.0)  # tried in turn, until M is positive definite over the data
_LEAST = 1e-3  # of the largest mass: a smaller one is no mass
_ROWS = 4000  # that are reduced at once, and more where there are many unknowns
_RANK = 1e-13  # of the largest singular value


@dataclass(frozen=True, eq=False)
class MechanicsFit:
    """What `fit_mechanics` found.

    Attributes:
        model: mover of positions and velocities; `model.system` is the Hamiltonian, with friction and inputs if asked.
        residual: root mean square of what is left of the equations of motion, over that of the change of momenta by the
            constant part of M.
        scaled: whether known forces fix the unit of H; else it is such that the mean mass over data and coordinates, in
            units of the data's own, is 1.
        least_mass: smallest eigenvalue of M over the data, over the largest.
        ridge: the one that was needed to keep M positive definite.
        seconds: of the fit.
    """

    model: EulerLagrange
    residual: float
    scaled: bool
    least_mass: float
    ridge: float
    seconds: float = field(compare=False)


def fit_mechanics(
    data: Trajectories,
    potential_features: AbstractFeatures,
    mass_features: AbstractFeatures | None = None,
    *,
    friction: bool = False,
    forces: bool | None = None,
    held: bool = False,
) -> MechanicsFit:
    r"""Fit mass matrix and potential to positions and velocities by one linear problem.

    Each equation of motion is multiplied by a bump $\psi$ that vanishes at the ends of a window and integrated by parts
    (weak form), so the derivative falls on the bump and none of the data is needed:

    $$\int \dot\psi\, (M v)_i + \psi \Big(\tfrac12 \partial_i (v^T M v) - \partial_i V - (R v)_i + u_i\Big)\, dt = 0$$

    Where samples lie on smooth paths, polynomials through positions and velocities say what is between them, and the
    bump is a single time step. Where the data have derivatives, the equations hold at every sample instead. Without
    known forces all weights share a factor that no data tell. Noise in the features biases such a fit: it is where
    `fit_trajectory` begins.

    Sources: Messenger, Bortz 2021, J. Comput. Phys. 443, 110525 (weak form); Atkeson, An, Hollerbach 1986, Int. J.
    Robot. Res. 5, 101 (an arm's parameters are linear).

    Args:
        data: paths of `[q, v]`, or such states with derivatives; inputs are forces.
        potential_features, mass_features: bases of V and M over positions; a constant mass matrix unless given.
        friction: whether to fit friction in proportion to the velocities.
        forces: whether inputs are the forces along the coordinates; so if there is one for each, unless given.
        held: whether inputs keep their values between samples.

    Raises:
        InputError: data that cannot be fitted.
        FitError: no positive definite mass matrix explains them.

    Example:
        >>> from symplect import rollout
        >>> from symplect.models.features import Fourier
        >>> from symplect.systems import DoublePendulum
        >>> from symplect.systems import ChainPendulum
        >>> true = EulerLagrange(ChainPendulum([1.0, 1.0], [1.0, 1.0], g=1.0))
        >>> path = rollout(true, np.array([1.0, 0.5, 0.0, 0.0]), np.linspace(0.0, 20.0, 1000))
        >>> data = Trajectories(np.asarray(path.times), np.asarray(path.states), (1000,))
        >>> found = fit_mechanics(data, Fourier.up_to(2, 1), Fourier.up_to(2, 1))
        >>> found.residual < 1e-4, found.least_mass > 0
        (True, True)
    """
    began = time.perf_counter()
    require_fittable("fit_mechanics", data, derivatives=data.derivatives is not None)
    n = data.dimension // 2
    channels = 0 if data.inputs is None else data.inputs.shape[1]
    known = (channels == n) if forces is None else forces and channels > 0
    if known and channels != n:
        raise InputError(f"fit_mechanics: expected a force for each of {n} positions, found {channels} inputs")
    blank: FeatureMechanical | PortHamiltonian = FeatureMechanical(
        potential_features, mass_features, degrees_of_freedom=n
    )
    if friction or channels:
        matrix = np.concatenate([np.zeros((n, channels)), np.eye(n, channels)])
        blank = PortHamiltonian(blank, on_device(np.zeros((n, n))), on_device(matrix), held=held)
    with one_thread(), jax.enable_x64(True), np.errstate(over="ignore", invalid="ignore"):
        original = EulerLagrange(blank, forces=known)
        scaling = Scaling.of(data, velocities=True)
        own, inside = scaling.apply(data), scaled(original, scaling)
        terms = MechanicalTerms(inside, friction=friction)
        fitted, residual, least, ridge = _solved(terms, inside, own)
        model = brought_back(fitted, original, scaling)
    return MechanicsFit(model, residual, known, least, ridge, time.perf_counter() - began)


def _solved(
    terms: MechanicalTerms, inside: EulerLagrange, data: Trajectories
) -> tuple[EulerLagrange, float, float, float]:
    reduced = _reduced(equations(terms, data, held=holds_inputs(inside)))
    size = np.linalg.norm(reduced.triangle, axis=0)
    size = np.where(size > 0, size, 1.0)
    A, target = reduced.triangle / size, reduced.target
    basis, fixed = np.eye(len(size)), np.zeros(len(size))
    if not inside.forces:  # all weights share a factor: the mean mass over the data is 1
        trace = terms.mean_trace(data.states.T) / size
        fixed = inside.degrees_of_freedom * trace / (trace @ trace)
        basis = np.linalg.svd(trace[None])[2][1:].T
    entries = inside.degrees_of_freedom * (inside.degrees_of_freedom + 1) // 2
    for ridge in _RIDGES:
        damped = np.sqrt(ridge) * np.where(terms.penalised, 1.0, 0.0)
        rows = np.vstack([A, np.diag(damped)])
        right = np.concatenate([target, np.zeros(len(damped))]) - rows @ fixed
        weights = fixed + basis @ np.linalg.lstsq(rows @ basis, right, rcond=_RANK)[0]
        model = terms.model(weights / size)
        found = model.mechanical
        assert isinstance(found, FeatureMechanical)
        masses = np.linalg.eigvalsh(mass_matrices(found, data.states.T[: inside.degrees_of_freedom]).transpose(2, 0, 1))
        least = float(np.min(masses) / np.max(np.abs(masses)))
        if least > _LEAST or (ridge == 0.0 and least > 0):
            missed = reduced.residual + float(np.sum((A @ weights - target) ** 2))
            changed = float(np.sum((A[:, :entries] @ weights[:entries]) ** 2))
            return model, float(np.sqrt(missed / max(changed, 1e-300))), least, ridge
    raise FitError("fit_mechanics: no positive definite mass matrix explains the data: take fewer mass features")


def _reduced(parts: Iterable[tuple[np.ndarray, np.ndarray]]) -> Reduced:
    found: list[Reduced] = []
    waiting: list[np.ndarray] = []
    for A, y in parts:
        waiting.append(np.column_stack([A, y]))
        if sum(map(len, waiting)) > _ROWS + 2 * A.shape[1]:
            rows, waiting = np.concatenate(waiting), []
            found = [merge([*found, reduce(rows[:, :-1], rows[:, -1])])]
    if waiting:
        rows = np.concatenate(waiting)
        found.append(reduce(rows[:, :-1], rows[:, -1]))
    if not found:
        raise InputError(
            "fit_mechanics: expected 3 neighbouring samples or more, found gaps between all: leave the rare ones out"
        )
    return merge(found)
