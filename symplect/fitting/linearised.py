"""The fit of trajectories as a linear problem, near paths that have been fitted."""

import numpy as np
from jaxtyping import Float

from symplect.data import Trajectories
from symplect.errors import InputError
from symplect.fitting.field_of import field_of
from symplect.fitting.least_squares import Reduced
from symplect.fitting.residuals import PathResiduals
from symplect.fitting.segments import cut_segments, enough_substeps
from symplect.fitting.trajectory import TrajectoryFit
from symplect.models.feature_models import FeatureHamiltonian

FOLDS = 10

Matrices = Float[np.ndarray, "segments terms terms"]
Gradients = Float[np.ndarray, "segments terms"]
Numbers = Float[np.ndarray, " segments"]


def linearised(model: FeatureHamiltonian, fitted: TrajectoryFit, data: Trajectories, seed: int) -> list[Reduced]:
    r"""Return the equations that the weights of a model obey about fitted paths, whose starts remain free.

    About weights $c_0$ with normal matrix M and gradient g they are $M c = M c_0 + g$, one part per fold of the
    trajectories. Weights that are zero are unknowns like all others, so this says what a term that was not fitted would
    be good for.

    Args:
        model: the fitted one, with any other terms at weight zero.
        fitted: gives paths and noise.
        data: fitted trajectories.
        seed: decides which trajectory is in which fold.

    Raises:
        InputError: a single short trajectory, of which nothing can be held out.
    """
    segments = cut_segments(data, np.ones(data.dimension), None)
    folds = _fold_of_segments(segments.trials, seed)
    starts = np.concatenate([path.states[:1] for path in fitted.cleaned])
    field = field_of(model)
    about = field.start
    found = PathResiduals(field, segments, fitted.noise, enough_substeps(data)).followed(about, starts)
    rows = np.sum(segments.weights, axis=(1, 2))
    return [
        _triangle(found.matrix[inside], found.gradient[inside], found.cost[inside], rows[inside], about)
        for inside in (folds == fold for fold in np.unique(folds))
    ]


def _fold_of_segments(trials: np.ndarray, seed: int) -> np.ndarray:
    """Return the fold of every segment: those of a trial go together, unless there is one trial."""
    groups = trials if trials[-1] > 0 else np.arange(len(trials))
    if groups[-1] == 0:
        raise InputError("fit_symbolic: expected several trials, or a long one, found a short one: add trials")
    return np.random.default_rng(seed).permutation(groups[-1] + 1)[groups] % FOLDS


def _triangle(
    matrices: Matrices, gradients: Gradients, costs: Numbers, rows: Numbers, weights: Float[np.ndarray, " terms"]
) -> Reduced:
    """Return rows whose normal equations about the given weights are the sum of those given."""
    matrix, gradient = np.sum(matrices, axis=0), np.sum(gradients, axis=0)
    diagonal = np.diag(matrix)
    sizes = np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
    values, vectors = np.linalg.eigh(matrix / np.outer(sizes, sizes))
    roots = np.sqrt(np.maximum(values, 1e-15 * values[-1]))
    triangle = roots[:, None] * vectors.T * sizes
    change = vectors.T @ (gradient / sizes) / roots
    residual = max(float(np.sum(costs) - np.sum(change**2)), 0.0)
    return Reduced(triangle, triangle @ weights + change, residual, round(float(np.sum(rows))))
