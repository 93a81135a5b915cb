"""One model at one ridge: its fit, and how well it predicts what it has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
from jaxtyping import Float

from symplect.errors import FitError
from symplect.fitting.field_of import field_of
from symplect.fitting.least_squares import solve_alike
from symplect.fitting.midpoint import one_step
from symplect.fitting.residuals import PathResiduals
from symplect.fitting.segments import Segments
from symplect.fitting.shooting import ShootingProblem, Shot
from symplect.models import holds_inputs

_CHANCE = 4.0  # times the freedom of a fit: by how much another may leave more squares by chance
_MOST_CORRELATION = 0.95  # of neighbouring residuals, at most
_GROUPS = 30  # parts of the data at most, each of which is left out once
_JOINING_STEPS, _FOLLOWING_STEPS = 8, 20
_HOPELESS_STEPS = 2  # of a fit that explains nothing
_ROUGHLY, _ENOUGH = 1e-4, 1e-7  # relative decrease of the cost at which a choice, and the chosen fit, ends

Coordinates = Float[np.ndarray, " dimension"]


@dataclass(frozen=True, eq=False)
class Problem:
    """What is fitted.

    Attributes:
        segments: the pieces of the measured paths.
        substeps: Runge-Kutta steps between two samples.
    """

    segments: Segments
    substeps: int


class Trial:
    """One model on one problem, at any ridge."""

    def __init__(self, problem: Problem, model: Any):
        self.problem, self.field = problem, field_of(model)
        held = holds_inputs(model)
        segments = problem.segments
        measured = segments.states[np.any(segments.weights > 0, axis=2)]
        self.ridge = self.field.ridge(measured.T)
        self._residuals = partial(PathResiduals, self.field, segments, substeps=problem.substeps, held=held)

    def choices(self, penalties: Float[np.ndarray, " penalties"], noise: Coordinates) -> list["Choice"]:
        """Fit at the ridge in the middle, and foresee from there what fits at the others would be."""
        ordered = np.sort(penalties)
        first = self.at(float(ordered[(len(ordered) - 1) // 2]), noise, enough=_ROUGHLY)
        if not np.isfinite(first.held_out):  # a strong ridge tames paths that diverge
            first = self.at(float(ordered[-1]), noise, enough=_ROUGHLY)
        if not first.shot.converged or first.hopeless:
            return [first]
        return [first, *(first.foreseen(float(penalty)) for penalty in ordered if penalty != first.penalty)]

    def at(self, penalty: float, noise: Coordinates, near: Shot | None = None, *, enough: float = _ENOUGH) -> "Choice":
        """Fit at one ridge, from an earlier fit or else from the measured states."""
        residuals, ridge = self._residuals(noise), penalty * self.ridge
        every = np.ones(len(ridge), bool)
        shot = self._fitted(ShootingProblem(residuals, ridge, every), near, noise, enough)
        parameters, free = self.field.feasible(shot.parameters)
        if not np.all(free):
            shot = self._fitted(
                ShootingProblem(residuals, ridge, free), replace(shot, parameters=parameters), noise, enough
            )
        hopeless = ShootingProblem(residuals, ridge, free).is_hopeless(shot)
        return Choice(self, penalty, noise, shot, free, exact=True, hopeless=hopeless)

    def _fitted(self, shooting: ShootingProblem, near: Shot | None, noise: Coordinates, enough: float) -> Shot:
        """Join pieces of paths; where that leads nowhere, as it may with a model of the wrong form, follow paths."""
        states, own = self.problem.segments.states, self.field.start
        parameters, paths = (near.parameters, near.normal.paths) if near else (own, states)
        if self.field.linear:
            shot = shooting.minimised(shooting.joined(parameters, paths), enough, _JOINING_STEPS)
            if not shot.converged and not shooting.is_hopeless(shot):
                shot = shooting.minimised(shot, enough, 2 * _JOINING_STEPS)
            if shot.converged and np.all(shot.normal.met) and not shooting.is_hopeless(shot):
                return shot
            parameters, paths = shot.parameters, shot.normal.paths
        best = shooting.followed(parameters, paths[:, 0])
        if near is None:
            stepped = one_step(self.field, self.problem.segments, noise, shooting.penalty)
            best = min(best, shooting.followed(stepped, states[:, 0]), key=lambda shot: shot.cost)
        if not np.isfinite(best.cost):  # as may happen to a model of the wrong form: its own numbers may do better
            best = shooting.followed(own, states[:, 0])
        return shooting.minimised(best, enough, _HOPELESS_STEPS if shooting.is_hopeless(best) else _FOLLOWING_STEPS)


class Choice:
    """A fit at one ridge, and how well it predicts what it has not seen."""

    def __init__(
        self,
        trial: Trial,
        penalty: float,
        noise: Coordinates,
        shot: Shot,
        free: np.ndarray,
        *,
        exact: bool,
        hopeless: bool = False,
    ):
        self.trial, self.penalty, self.noise, self.shot, self.free = trial, penalty, noise, shot, free
        self.exact, self.hopeless = exact, hopeless
        self.held_out_parts = self._held_out() if np.isfinite(shot.cost) else np.array([np.inf])
        self.held_out = float(np.sum(self.held_out_parts))

    def foreseen(self, penalty: float) -> "Choice":
        """Return what a fit at another ridge would be if paths changed in proportion to the parameters."""
        ridge = penalty * self.trial.ridge
        return Choice(self.trial, penalty, self.noise, self.shot.foreseen(ridge, self.free), self.free, exact=False)

    def fitted(self) -> "Choice":
        """Return the fit that was foreseen."""
        return self.trial.at(self.penalty, self.noise, self.shot, enough=_ROUGHLY)

    def _held_out(self) -> Float[np.ndarray, " groups"]:
        r"""Return the squared residuals of each trajectory, or group of them, when it is left out, to first order.

        Without group i the parameters move by $-(M - M_i)^{-1} g_i$, and its own start is found anew.
        """
        matrices, gradients, costs = self._by_group()
        own = np.flatnonzero(self.free)
        matrices, gradients = matrices[:, own[:, None], own], gradients[:, own]
        whole = np.sum(matrices, axis=0) + np.diag((self.penalty * self.trial.ridge)[own])
        changes = -solve_alike(whole - matrices, gradients)
        curved = np.einsum("gi,gij,gj->g", changes, matrices, changes, optimize=True)
        return costs - 2 * np.sum(gradients * changes, axis=1) + curved

    def _by_group(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Sum over what belongs together: the segments of a trial, or each segment where there is one trial.

        Many trials share a few groups, so that the work does not grow with their number.
        """
        trials, normal = self.trial.problem.segments.trials, self.shot.normal
        groups = (trials if trials[-1] > 0 else np.arange(len(trials))) % _GROUPS
        members = np.equal.outer(np.unique(groups), groups).astype(float)
        parts = (normal.matrix, normal.gradient, normal.cost)
        matrices, gradients, costs = (np.tensordot(members, np.asarray(part), axes=1) for part in parts)
        return matrices, gradients, costs

    @cached_property
    def left(self) -> float:
        """The root mean square of what the paths miss, in units of the noise assumed, but for the freedom used."""
        rows = float(np.sum(self.trial.problem.segments.weights))
        return float(np.sqrt(np.sum(self.shot.normal.cost) / (rows * (1 - self._used(rows)))))

    @property
    def left_by_chance(self) -> float:
        """What a fit may leave and yet differ from this one by chance: neighbours that err alike are few data."""
        segments = self.trial.problem.segments
        correlation, _ = neighbour_correlation(self.residuals(), segments.weights)
        told = float(np.sum(segments.weights)) / repetition(correlation)
        return self.left * float(np.sqrt(1 + _CHANCE * self.freedom / told))

    def _used(self, rows: float) -> float:
        """Return the share of the freedom of the residuals that starts and weights have used up."""
        return min((self.freedom + self.trial.problem.segments.states[:, 0].size) / rows, 0.9)

    @property
    def model(self) -> Any:
        """The fitted model."""
        return self.trial.field.model(self.shot.parameters)

    @property
    def covariance(self) -> np.ndarray:
        """The inverse of the penalised normal matrix, for the trainable numbers of the model."""
        return self.trial.field.covariance(self.shot.parameters, self._covariance())

    def _covariance(self) -> np.ndarray:
        matrix = np.sum(self.shot.normal.matrix, axis=0) + np.diag(self.penalty * self.trial.ridge)
        return np.linalg.pinv(matrix, rcond=1e-12, hermitian=True)

    @cached_property
    def freedom(self) -> float:
        """The number of weights that the data, rather than the ridge, determine."""
        return float(np.sum(self._covariance() * np.sum(self.shot.normal.matrix, axis=0)))

    def residuals(self) -> np.ndarray:
        """Return what the model's paths miss of the measured states."""
        return self.trial.problem.segments.states - self.shot.normal.paths

    def noise_found(self) -> Coordinates:
        """Return the standard deviation of the residuals; starts and weights have used up some of their freedom."""
        segments, residuals = self.trial.problem.segments, self.residuals()
        counts = np.sum(segments.weights, axis=(0, 1))
        squares = np.sum(segments.weights * residuals**2, axis=(0, 1))
        variance = squares / np.maximum(counts * (1 - self._used(float(np.sum(counts)))), 1.0)
        return np.where(counts > 0, np.sqrt(variance) + 1e-12 * np.std(segments.states, axis=(0, 1)), 1.0)


def simplest(choices: Sequence[Choice]) -> Choice:
    """Return the fit with the least freedom among those that predict as well as the best, within a standard error.

    None is taken that leaves more of what it has seen than another does, by more than chance. Where a trial reaches
    further than all others, no model predicts it from them, and the fit that is held down most would seem the best.

    Source: Breiman, Friedman, Olshen, Stone 1984, *Classification and Regression Trees*, 3.4.3 (the rule of one
    standard error), here with the error of the difference, trajectory by trajectory.

    Those that matter, the best and the simplest, are fitted, until none is left that was only foreseen.

    Raises:
        FitError: no model could follow the data.
    """
    known = list(choices)
    while True:
        able = [choice for choice in known if np.isfinite(choice.held_out)]
        if not able:
            raise FitError("fit_trajectory: no model could follow the data: shorten the segments, add substeps")
        most = min(able, key=lambda choice: choice.left).left_by_chance
        able = [choice for choice in able if choice.left <= most]
        best = min(able, key=lambda choice: choice.held_out)
        found = min((choice for choice in able if _as_good(choice, best)), key=lambda choice: choice.freedom)
        rough = best if not best.exact else found
        if rough.exact:
            return found
        known[known.index(rough)] = rough.fitted()


def _as_good(choice: Choice, best: Choice) -> bool:
    difference = choice.held_out_parts - best.held_out_parts
    return bool(np.sum(difference) <= np.sqrt(len(difference)) * np.std(difference))


def repetition(correlation: float) -> float:
    """Return how many residuals tell as much as one alone, where neighbours correlate as in an AR(1) process."""
    alike = float(np.clip(correlation, 0.0, _MOST_CORRELATION))
    return (1 + alike) / (1 - alike)


def neighbour_correlation(residuals: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Return the correlation of neighbouring residuals of a coordinate, and its standard error if there is none."""
    scale = np.sqrt(np.sum(weights * residuals**2, axis=(0, 1)) / np.maximum(np.sum(weights, axis=(0, 1)), 1))
    scaled = residuals * weights / np.where(scale > 0, scale, 1.0)
    pairs = np.sum(weights[:, 1:] * weights[:, :-1])
    return float(np.sum(scaled[:, 1:] * scaled[:, :-1]) / pairs), float(1 / np.sqrt(pairs))
