"""The methods without gradient descent, as tasks have them."""

import warnings
from collections.abc import Callable

from symplect import fitting
from symplect.evaluation import EvaluationData
from symplect.experiments.tasks._task import DirectMethod, Fitted


def closed_form(features: int) -> DirectMethod:
    """Return the fit with so many features, unless set otherwise, for a system of which nothing is known."""

    def fit(data: EvaluationData, *, seed: int, progress: str | None, features: int = features) -> Fitted:
        return _fitted(lambda: fitting.fit_random_features(data.train, features=features, seed=seed, progress=progress))

    return DirectMethod(fit)


def periodic_closed_form() -> DirectMethod:
    """Return the fit for a system of angles with a kinetic energy that is quadratic in the momenta."""

    def fit(data: EvaluationData, *, seed: int, progress: str | None) -> Fitted:
        return _fitted(lambda: fitting.fit_adaptive_fourier(data.train, seed=seed, progress=progress))

    return DirectMethod(fit)


def of_pair_distances(bodies: int) -> DirectMethod:
    """Return the fit for bodies of one kind that act on each other in pairs."""

    def fit(data: EvaluationData, *, seed: int, progress: str | None) -> Fitted:
        return _fitted(lambda: fitting.fit_pair_distances(data.train, bodies, seed=seed, progress=progress))

    return DirectMethod(fit)


def _fitted(fit: Callable[[], "fitting.ClosedFormFit"]) -> Fitted:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the rank, which is among the metrics
        found = fit()
    metrics = {"rank": float(found.rank), "ridge": found.ridge, "held_out_error": found.held_out_error}
    return Fitted(found.model, found.seconds, metrics)
