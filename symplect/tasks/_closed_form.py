"""The methods without gradient descent, as tasks have them."""

import warnings
from collections.abc import Callable

from symplect.evaluation import EvaluationData
from symplect.fitting.adaptive_fourier import fit_adaptive_fourier
from symplect.fitting.closed_form import ClosedFormFit
from symplect.fitting.pair_distances import fit_pair_distances
from symplect.fitting.random_features import fit_random_features
from symplect.tasks._task import DirectMethod, Fitted


def closed_form(features: int) -> DirectMethod:
    """Returns the fit with so many features for a system of which nothing is known."""
    return _method(lambda data, **how: fit_random_features(data.train, features=features, **how))


def periodic_closed_form() -> DirectMethod:
    """Returns the fit for a system of angles with a kinetic energy that is quadratic in the momenta."""
    return _method(lambda data, **how: fit_adaptive_fourier(data.train, **how))


def of_pair_distances(bodies: int) -> DirectMethod:
    """Returns the fit for bodies of one kind that act on each other in pairs."""
    return _method(lambda data, **how: fit_pair_distances(data.train, bodies, **how))


def _method(fit: Callable[..., ClosedFormFit]) -> DirectMethod:
    def fitted(data: EvaluationData, *, seed: int, progress: str | None) -> Fitted:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the rank, which is among the metrics
            found = fit(data, seed=seed, progress=progress)
        metrics = {"rank": float(found.rank), "ridge": found.ridge, "held_out_error": found.held_out_error}
        return Fitted(found.model, found.seconds, metrics)

    return DirectMethod(fitted)
