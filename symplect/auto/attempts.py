"""Methods tried on one problem, and what is said of one that fails."""

from collections.abc import Callable, Sequence

import numpy as np

from symplect.auto.choice import Judged
from symplect.auto.energy import energy_trend
from symplect.auto.friction import LEFT
from symplect.auto.methods import METHODS, applies
from symplect.auto.problem import Candidate, Problem
from symplect.dynamics import AbstractEnergyDynamics
from symplect.errors import FitError, InputError, one_line

Judge = Callable[[Candidate], Judged]

_SMALL = 0.01  # of the spread: an error of a mass matrix that constant masses are not tried against
_EXPLAINED = 1e-3  # of the spread: an error of a closed form that leaves nothing for a fit of paths to find


def by_closed_form_or_paths(
    problem: Problem, judge: Judge, progress: str | None
) -> tuple[list[Judged], tuple[str, ...]]:
    """Try a mass matrix, a closed form, and paths, until one leaves nothing to explain; who cannot is left out."""
    judged: list[Judged] = []
    failures: list[str] = []
    for method in filter(lambda method: applies(method, problem), ("mechanics", "closed-form", "trajectory")):
        if judged and (_explains(judged, problem) or _is_exact(judged[0], problem)):
            break
        try:
            judged += [judge(candidate) for candidate in METHODS[method](problem, _label(progress, method))]
        except (ArithmeticError, ValueError, np.linalg.LinAlgError) as error:
            failures.append(f"{method}: {_plainly(error)}")
    if not judged:
        raise InputError(f"expected data that some method can fit, found none: {'; '.join(failures)}")
    return judged, tuple(f"the method {failure}" for failure in failures)


def _explains(judged: Sequence[Judged], problem: Problem) -> bool:
    """Return whether a fit of paths leaves no more than the noise, or one of mechanics white noise or little."""
    for one in judged:
        fit, mechanics = one.candidate.fit, one.candidate.method == "mechanics"
        if fit and (problem.leaves(fit) <= LEFT or (mechanics and (fit.white or one.error < _SMALL))):
            return True
    return False


def _is_exact(judged: Judged, problem: Problem) -> bool:
    return problem.clean and judged.error < _EXPLAINED and _keeps_energy(judged, problem)


def _keeps_energy(judged: Judged, problem: Problem) -> bool:
    """Return whether the model's energy stays along the paths, so that there is no friction to look for."""
    if problem.alone or not all(problem.observed):
        return problem.alone
    model = judged.candidate.model
    return isinstance(model, AbstractEnergyDynamics) and not energy_trend(model, problem.train).significant


def _plainly(error: Exception) -> str:
    """Return what a failure says where that is said in our words."""
    return one_line(error, 200) if isinstance(error, InputError | FitError) else "found no solution for these numbers"


def by_method(method: str, problem: Problem, judge: Judge, progress: str | None) -> list[Judged]:
    """Fit by the one method that was asked for."""
    try:
        return [judge(candidate) for candidate in METHODS[method](problem, _label(progress, method))]
    except InputError:
        raise
    except (ArithmeticError, ValueError, np.linalg.LinAlgError) as error:
        raise InputError(f"{method}: {_plainly(error)}: try another method") from error


def _label(progress: str | None, method: str) -> str | None:
    return f"{progress}: {method}" if progress else None
