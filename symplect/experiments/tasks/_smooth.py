"""The methods for few and noisy data, as tasks have them."""

import jax
import jax.numpy as jnp
import numpy as np

from symplect import fitting
from symplect.data import Trajectories, clean_by_derivatives
from symplect.evaluation import EvaluationData
from symplect.experiments.tasks._task import DirectMethod, Fitted
from symplect.models import PortHamiltonian
from symplect.models.features import Polynomial, RandomTanh

FEATURES, GAIN = 30, 0.5


def smooth_closed_form(*, clean: bool) -> DirectMethod:
    """Return the closed form of few smooth features, for noisy states with exact derivatives.

    Args:
        clean: whether states are first replaced by the integral of the derivatives.
    """

    def fit(
        data: EvaluationData, *, seed: int, progress: str | None, features: int = FEATURES, gain: float = GAIN
    ) -> Fitted:
        train = clean_by_derivatives(data.train) if clean else data.train
        rng = np.random.default_rng(seed)
        smooth = Polynomial(2, 2) + RandomTanh.isotropic(train.states, features, rng, gain=gain)
        found = fitting.fit_closed_form(smooth, train, seed=seed, progress=progress)
        metrics = {"rank": float(found.rank), "ridge": found.ridge, "held_out_error": found.held_out_error}
        return Fitted(found.model, found.seconds, metrics)

    return DirectMethod(fit)


def by_trajectories(
    *, friction: bool = False, structure: "fitting.Structure" = "unknown", substeps: int = 1
) -> DirectMethod:
    """Return the fit from states and times alone.

    Args:
        friction: whether energy may be lost.
        structure: knowledge of H.
        substeps: Runge-Kutta steps between two samples.
    """

    def fit(data: EvaluationData, *, seed: int, progress: str | None) -> Fitted:
        hamiltonians = fitting.smooth_hamiltonians(data.train.states, structure=structure, seed=seed)
        models = [PortHamiltonian(model) for model in hamiltonians] if friction else hamiltonians
        found = fitting.fit_trajectory(models, data.train, substeps=substeps, progress=progress)
        return Fitted(found.model, found.seconds, _metrics(found, data.train))

    return DirectMethod(fit)


def _metrics(found: "fitting.TrajectoryFit", train: Trajectories) -> dict[str, float]:
    metrics = {f"noise_{name.replace(' ', '_')}": float(s) for name, s in zip(train.names, found.noise, strict=True)}
    metrics |= {"held_out_error": found.held_out_error, "residual_correlation": found.residual_correlation}
    if isinstance(found.model, PortHamiltonian):
        with jax.enable_x64(True):
            rates = jax.vmap(found.model.friction_rate)(jnp.asarray(train.states))
        metrics["friction_rate"] = float(jnp.mean(rates))
    return metrics
