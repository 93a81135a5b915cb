"""The fit of angles: waves, added a dozen at a time where the field is not explained yet."""

import time
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float
from tqdm import tqdm

from symplect.data import Scaling, Trajectories
from symplect.dynamics import vector_field
from symplect.fitting.checks import require_fittable
from symplect.fitting.closed_form import ClosedFormFit, fit_closed_form
from symplect.models.feature_models import FeatureHamiltonian
from symplect.models.features import AbstractFeatures, Fourier, Polynomial, Product
from symplect.models.rescaled import restored

_AT_ONCE = 12  # frequencies added in one round
_WORTH = 0.1  # of what the best one explains, at least, for any other
_CHANCE = 0.5  # of the held-out error, at least, for a frequency to stay
_ROUNDS = 16
_GAIN = 0.8  # of the held-out error, at least, for another round
_SAMPLES = 2000  # to choose frequencies by


def fit_adaptive_fourier(
    data: Trajectories, *, highest: int = 24, seed: int = 0, progress: str | None = None
) -> ClosedFormFit:
    r"""Fit $H = \sum_k (a_k(p) \cos k \cdot q + b_k(p) \sin k \cdot q)$ with quadratic $a_k$, $b_k$: all q are angles.

    The number of integer vectors k grows with a power of the dimension, but few matter. Those whose features correlate
    most with what the last fit left over are added, until held-out trajectories are no better explained.

    Source: orthogonal matching pursuit, Pati, Rezaiifar, Krishnaprasad 1993, Asilomar Conference 27, 40.

    Args:
        data: states with derivatives, all positions angles in radians.
        highest: entry of k that is tried.
        seed: decides which trajectories are held out.
        progress: label of a progress bar; none unless given.

    Raises:
        InputError: data that cannot be fitted.

    Example:
        >>> from symplect import simulate
        >>> from symplect.systems import Pendulum
        >>> starts = np.random.default_rng(0).uniform(-2.0, 2.0, (20, 2))
        >>> data = simulate(Pendulum.reference(), starts, np.linspace(0.0, 3.0, 40))
        >>> fit_adaptive_fourier(data, highest=3).held_out_error < 1e-9
        True
    """
    began = time.perf_counter()
    require_fittable("fit_adaptive_fourier", data, derivatives=True)
    scaling = Scaling.of(data, angles=range(data.dimension // 2))
    own = scaling.apply(data)
    some = own.select(_some_trials(data, seed))
    candidates = Fourier.up_to(data.dimension // 2, highest)
    chosen, best = _grow(candidates, some, seed, progress)
    if len(some) < len(data):
        best = fit_closed_form(_features(chosen, own), own, ridges=np.array([best.ridge]), folds=2, seed=seed)
    return replace(best, model=restored(best.model, scaling), seconds=time.perf_counter() - began)


def _some_trials(data: Trajectories, seed: int) -> list[int]:
    order = np.random.default_rng(seed).permutation(len(data))
    count = 1 + int(np.searchsorted(np.cumsum(np.asarray(data.lengths)[order]), _SAMPLES))
    return order[:count].tolist()


def _grow(candidates: Fourier, data: Trajectories, seed: int, progress: str | None) -> tuple[Fourier, ClosedFormFit]:
    """Add frequencies until the held-out error stops falling, and return the last ones that made it fall."""
    chosen = Fourier(((1,) + (0,) * (data.dimension // 2 - 1),))
    best = fit_closed_form(_features(chosen, data), data, folds=2, seed=seed)
    for _ in tqdm(range(_ROUNDS), desc=progress, disable=None if progress else True, leave=False):
        kept = _contributing(chosen, best, data)
        larger = _with_best(kept, candidates, _explained(candidates, best.model, data))
        features = _features(larger, data)
        if features.size > data.states.size // 2 or set(larger.frequencies) == set(chosen.frequencies):
            break
        fitted = fit_closed_form(features, data, folds=2, seed=seed)
        if fitted.held_out_error > _GAIN * best.held_out_error:
            break
        chosen, best = larger, fitted
    return chosen, best


def _contributing(chosen: Fourier, fitted: ClosedFormFit, data: Trajectories) -> Fourier:
    """Leave out frequencies whose part of the field is far below the error: they were added by chance."""
    weights = np.append(0.0, np.asarray(fitted.model.weights))  # of 1, cosines, sines times 1, monomials
    of_waves = weights.reshape(1 + 2 * len(chosen.frequencies), -1)[1:].reshape(2, len(chosen.frequencies), -1)
    parts = np.sqrt(np.sum(of_waves**2 * _squares(chosen, data), axis=(0, 2)))
    keep = parts > _CHANCE * fitted.held_out_error
    return Fourier(tuple(k for k, stays in zip(chosen.frequencies, keep, strict=True) if stays))


def _features(waves: Fourier, data: Trajectories) -> AbstractFeatures:
    return Product(waves, Polynomial(data.dimension // 2, degree=2))


def _with_best(chosen: Fourier, candidates: Fourier, explained: Float[np.ndarray, " frequencies"]) -> Fourier:
    """Add the frequencies whose features, cosine and sine with every monomial, explain most of the residual."""
    order = [place for place in np.argsort(-explained) if candidates.frequencies[place] not in chosen.frequencies]
    worth = [place for place in order[:_AT_ONCE] if explained[place] > _WORTH * explained[order[0]]]
    return Fourier(chosen.frequencies + tuple(candidates.frequencies[place] for place in worth))


def _explained(candidates: Fourier, model: FeatureHamiltonian, data: Trajectories) -> Float[np.ndarray, " frequencies"]:
    r"""Return how much of the residual r each frequency explains, each monomial m of the momenta by itself.

    The field of $m(p) e^{i k \cdot q}$ is $e^{i k \cdot q} (\nabla m, -i k m)$, so all frequencies share a few sums.
    """
    with jax.enable_x64(True):
        residual = data.derivatives - np.asarray(vector_field(model, jnp.asarray(data.states, jnp.float64)))
    half = data.dimension // 2
    r_q, r_p = residual[:, :half], residual[:, half:]
    values, slopes = _monomials(data)
    k = np.asarray(candidates.frequencies, float)
    waves = np.exp(1j * data.states[:, :half] @ k.T)
    overlaps = waves.T @ np.einsum("nd,nmd->nm", r_q, slopes)
    for axis in range(half):
        overlaps -= 1j * k[:, axis, None] * (waves.T @ (r_p[:, axis, None] * values))
    return np.sum(np.abs(overlaps) ** 2 / _squares(candidates, data), axis=1)


def _squares(waves: Fourier, data: Trajectories) -> Float[np.ndarray, "frequencies monomials"]:
    """Return the mean square of the field of every wave with every monomial, as if all phases were equally common."""
    values, slopes = _monomials(data)
    lengths = np.sum(np.square(waves.frequencies), axis=1, dtype=float)
    return (np.mean(np.sum(slopes**2, axis=2), axis=0) + lengths[:, None] * np.mean(values**2, axis=0)) / 2


def _monomials(
    data: Trajectories,
) -> tuple[Float[np.ndarray, "samples monomials"], Float[np.ndarray, "samples monomials momenta"]]:
    """Return 1 and the monomials of the momenta, and their gradients."""
    p = data.states[:, data.dimension // 2 :]
    monomials = Polynomial(p.shape[1], degree=2)
    with jax.enable_x64(True):
        values = np.asarray(jax.vmap(monomials)(jnp.asarray(p, jnp.float64)))
        slopes = np.asarray(jax.vmap(jax.jacfwd(monomials))(jnp.asarray(p, jnp.float64)))
    return np.insert(values, 0, 1.0, axis=1), np.insert(slopes, 0, 0.0, axis=1)
