"""Multiple shooting: the weights of a model and the start of every segment, found together."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool

from symplect.fitting.fields import Parameters
from symplect.fitting.least_squares import solve_symmetric
from symplect.fitting.residuals import Normal, PathResiduals, Starts, States

_HOPELESS_SHARE = 0.1  # of the sum of squares of the measured paths about their mean
_LEAST_DAMPING, _DAMPING, _MOST_DAMPING = 1e-9, 1e-3, 1e4  # of a free step, the first one held back, the last
_GROWTH, _RELIEF = 4, 0.1  # of the damping after a step that led up, or down as far as was foreseen

Free = Bool[np.ndarray, " parameters"]


@dataclass(frozen=True, eq=False)
class Shot:
    """Parameters and paths, and the problem linearised there.

    Attributes:
        parameters: of the model.
        normal: the linearised problem there.
        cost: the penalty included; infinite where a path, or how it depends on them, left the finite numbers.
        whole: whether paths were followed from their starts, or joined out of pieces.
        damping: of the next step, relative to `sizes` and the penalty.
        sizes: the largest squared sensitivity to each parameter so far.
        converged: whether the cost had stopped falling.
    """

    parameters: Parameters
    normal: Normal
    cost: float
    whole: bool
    damping: float
    sizes: Parameters
    converged: bool = False

    def foreseen(self, penalty: Parameters, free: Free) -> "Shot":
        """Return where the linearised problem is least with another penalty."""
        change, normal = self.step(penalty, free), self.normal
        bent = np.einsum("spr,r->sp", normal.matrix, change)
        there = replace(
            normal,
            gradient=normal.gradient - bent,
            cost=normal.cost - (2 * normal.gradient - bent) @ change,
            paths=normal.moved(change),
        )
        parameters = self.parameters + change
        cost = float(np.sum(there.cost) + np.sum(penalty * parameters**2))
        return replace(self, parameters=parameters, normal=there, cost=cost, converged=False)

    def gradient(self, penalty: Parameters) -> Parameters:
        """Return half of what the sum falls by, for each parameter."""
        return np.sum(self.normal.gradient, axis=0) - penalty * self.parameters

    def step(self, penalty: Parameters, free: Free, damped: Parameters | float = 0.0) -> Parameters:
        """Return the step to the minimum of the linearised problem."""
        matrix = np.sum(self.normal.matrix, axis=0) + np.diag(penalty + damped)
        change = np.zeros(len(penalty))
        change[free] = solve_symmetric(matrix[np.ix_(free, free)], self.gradient(penalty)[free], rcond=1e-13)
        return change


@dataclass(frozen=True, eq=False)
class ShootingProblem:
    r"""The sum $\sum |x - \Phi(\theta, s)|^2 / \sigma^2 + \sum_k P_k \theta_k^2$ over parameters and starts.

    Attributes:
        residuals: the first sum.
        penalty: P.
        free: which parameters are sought; the others keep their values.
    """

    residuals: PathResiduals
    penalty: Parameters
    free: Free

    def followed(self, parameters: Parameters, starts: Starts) -> Shot:
        """Return the sum for paths that are followed from their starts."""
        return self._shot(parameters, self.residuals.followed(parameters, starts), whole=True)

    def joined(self, parameters: Parameters, states: States) -> Shot:
        """Return the sum for paths that are joined, to first order, out of pieces from sample to sample."""
        return self._shot(parameters, self.residuals.joined(parameters, states), whole=False)

    def _shot(self, parameters: Parameters, normal: Normal, *, whole: bool) -> Shot:
        cost = float(np.sum(normal.cost) + np.sum(self.penalty * parameters**2))
        finite = np.isfinite(cost) and bool(np.all(np.isfinite(normal.matrix)))  # derivatives leave them first
        sizes = np.sum(np.einsum("spp->sp", normal.matrix), axis=0)
        return Shot(parameters, normal, cost if finite else np.inf, whole, _LEAST_DAMPING, sizes)

    def is_hopeless(self, shot: Shot) -> bool:
        """Return whether paths leave so much of the measured ones that a model is not of the right form."""
        return not shot.cost < _HOPELESS_SHARE * self.residuals.size

    def minimised(self, best: Shot, enough: float, most: int) -> Shot:
        """Minimise the sum, from where it has been evaluated and as it was.

        Levenberg-Marquardt; starts are eliminated segment by segment (a Schur complement), so the work grows linearly
        with their number. Joined out of pieces, paths of a model of the right form are found in a few undamped steps
        from the measured states, whatever the parameters. A parameter is damped by the largest sensitivity to it that
        was met, so that one which does nothing at present is not thrown far. Sources: Nocedal, Wright, *Numerical
        Optimization* (2006), 10.3; More 1978 (the damping); Nielsen 1999 (how it changes).

        Args:
            best: where to begin.
            enough: relative decrease of the sum at which to end.
            most: steps at which to end.
        """
        growth = _GROWTH
        for _ in range(most if np.isfinite(best.cost) else 0):
            change = best.step(self.penalty, self.free)
            if np.all(best.normal.met) and change @ best.gradient(self.penalty) < enough * best.cost:
                return replace(best, converged=True)
            damped = best.damping * (best.sizes + self.penalty)
            if best.damping > _LEAST_DAMPING:
                change = best.step(self.penalty, self.free, damped)
            there = self._moved(best, change)
            sizes = np.fmax(best.sizes, there.sizes)
            if there.cost < best.cost or (not best.whole and there.cost < (1 + enough) * best.cost):
                foreseen = change @ (best.gradient(self.penalty) + damped * change)
                share = (best.cost - there.cost) / foreseen
                damping = float(max(best.damping * max(_RELIEF, 1 - (2 * share - 1) ** 3), _LEAST_DAMPING))
                ended = best.cost - there.cost < enough * best.cost and bool(np.all(there.normal.met))
                best, growth = replace(there, damping=damping, sizes=sizes, converged=ended), _GROWTH
            else:
                damping = max(growth * best.damping, _DAMPING)
                best, growth = replace(best, damping=damping, converged=damping > _MOST_DAMPING), 2 * growth
            if best.converged:
                break
        return best

    def _moved(self, shot: Shot, change: Parameters) -> Shot:
        parameters = shot.parameters + change
        if shot.whole:
            return self.followed(parameters, shot.normal.paths[:, 0] + shot.normal.starts(change))
        return self.joined(parameters, shot.normal.moved(change))
