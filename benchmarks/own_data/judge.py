"""What a fit claims, against the truth."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from own_data.situation import Truth

RIGHT, UNKNOWN, WRONG = "RIGHT", "UNKNOWN", "WRONG"

_FREQUENCY = 0.01  # relative deviation of a frequency without a standard error that is tolerated
_CROSSINGS = 1e-4  # relative error of a frequency from crossings of a sampled path
_STANDARD_ERRORS = 3.0  # of a loss rate or a frequency
_POOR = re.compile(r"\bpoor\b")
_EMBARRASSING = re.compile(r"Traceback|polars|numpy|scipy|jax|site-packages|infer_schema|LinAlg", re.IGNORECASE)


@dataclass(frozen=True)
class Outcome:
    """What became of a record, as JSON can hold it.

    Attributes:
        status: "fitted", "refused" (an error in one line), or "failed" (any other end).
        said: verdict, cautions and notes, or the error.
        kind: structure of the model.
        energy: "conserved", "lost", "changed" or "unknown".
        rates: smallest and largest loss rate that is claimed, and its standard error; None unless a loss is claimed.
        frequency: that of the saved model from the record's first sample; None without crossings.
        error: held-out error in units of the data's spread; None unless fitted.
        seconds: wall time of reading and fitting.
        warned: warnings and other lines on the terminal.
        version: commit of the package.
        frequency_deviation: standard error of the frequency, where the fit knows it.
    """

    status: str
    said: str
    kind: str = ""
    energy: str = "unknown"
    rates: tuple[float, float, float] | None = None
    frequency: float | None = None
    error: float | None = None
    seconds: float = 0.0
    warned: tuple[str, ...] = field(default=())
    version: str = ""
    frequency_deviation: float | None = None


def claimed_energy(fit: Any) -> str:
    """Return what a fit says about energy: its attribute where it has one, else its verdict."""
    if hasattr(fit, "conserves"):
        said = {True: "conserved", False: "lost", None: "unknown"}[fit.conserves]
    else:
        sentences = {"Energy is conserved": "conserved", "are lost": "lost", "Energy is not conserved": "changed"}
        said = next((energy for words, energy in sentences.items() if words in fit.verdict), "unknown")
    return "changed" if said == "lost" and claimed_rates(fit.metrics, said) is None else said


def claimed_rates(metrics: Mapping[str, float], energy: str) -> tuple[float, float, float] | None:
    """Return the smallest and the largest claimed loss rate and the standard error, where a loss is claimed."""
    if energy != "lost":
        return None
    if "loss_rate_low" in metrics:
        return metrics["loss_rate_low"], metrics["loss_rate_high"], 0.0
    if metrics.get("loss_rate"):
        return metrics["loss_rate"], metrics["loss_rate"], metrics.get("loss_rate_error", 0.0)
    return None


def judged(outcome: Outcome, truth: Truth) -> tuple[str, str]:
    """Return RIGHT, UNKNOWN or WRONG, and why."""
    if outcome.status == "failed":
        return WRONG, outcome.said
    if outcome.warned:
        return WRONG, f"prints {outcome.warned[0]}"
    if found := _EMBARRASSING.search(outcome.said):
        return WRONG, f"quotes {found.group()}"
    silent = [said for said in truth.says if not re.search(said, outcome.said, re.IGNORECASE)]
    if outcome.status == "refused":
        return (RIGHT, "refused") if truth.refused and not silent else (UNKNOWN, f"refused: {outcome.said}")
    wrong = [*_about_energy(outcome, truth), *_about_loss(outcome, truth)]
    wrong += [f"does not say /{said}/" for said in silent]
    if wrong:
        return WRONG, "; ".join(wrong)
    if why := _about_frequency(outcome, truth):
        return (UNKNOWN if _POOR.search(outcome.said) else WRONG), why
    if truth.conserved is not None and outcome.energy == "unknown":
        return UNKNOWN, "energy unknown"
    return RIGHT, ""


def frequency_error(outcome: Outcome, truth: Truth) -> float | None:
    """Return the relative deviation of the frequency; None where there is nothing to compare, infinite if lost."""
    if truth.frequency is None or outcome.status != "fitted":
        return None
    return math.inf if outcome.frequency is None else abs(outcome.frequency / truth.frequency - 1)


def _about_energy(outcome: Outcome, truth: Truth) -> list[str]:
    if truth.conserved is True and outcome.energy in ("lost", "changed"):
        return [f"says {outcome.energy}, though energy is conserved"]
    if truth.conserved is False and outcome.energy == "conserved":
        return ["says conserved, though energy is not"]
    return []


def _about_loss(outcome: Outcome, truth: Truth) -> list[str]:
    if outcome.rates is None:
        return []
    low, high, error = outcome.rates
    if truth.loss is None:
        return [] if truth.conserved is not False else [f"gives a loss rate {low:.3g}, though there is no single one"]
    margin = max(_STANDARD_ERRORS * error, 0.01 * truth.loss[1])
    if low == high:
        fits = truth.loss[0] - margin <= low <= truth.loss[1] + margin
    else:  # a range may be wider or narrower than the true one, but by no factor of two, and must meet it
        fits = truth.loss[0] / 2 <= low <= truth.loss[1] and truth.loss[0] <= high <= 2 * truth.loss[1]
    said = f"{low:.3g} ± {error:.1g}" if low == high else f"{low:.3g} to {high:.3g}"
    return [] if fits else [f"loss rate {said}, truth {' to '.join(f'{rate:.3g}' for rate in truth.loss)}"]


def standard_errors(outcome: Outcome, truth: Truth) -> float | None:
    """Return by how many of its standard errors the frequency is off; None where it has none."""
    if not outcome.frequency or not outcome.frequency_deviation or truth.frequency is None:
        return None
    return abs(outcome.frequency - truth.frequency) / outcome.frequency_deviation


def _about_frequency(outcome: Outcome, truth: Truth) -> str:
    error, deviations = frequency_error(outcome, truth), standard_errors(outcome, truth)
    if error is None or error <= (_FREQUENCY if deviations is None else _CROSSINGS):
        return ""
    if deviations is not None:
        off = f"frequency off by {100 * error:.2g} %, {deviations:.1f} standard errors"
        return off if deviations > _STANDARD_ERRORS else ""
    return "the model does not swing" if math.isinf(error) else f"frequency off by {100 * error:.2g} %"
