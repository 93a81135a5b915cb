"""What a fitted mass matrix says of a chain of links, where the positions were said to be its joint angles."""

import numpy as np

from symplect.auto.choice import Judged
from symplect.auto.verdict import measured
from symplect.data import Trajectories
from symplect.errors import FitError
from symplect.fitting.links import GRAVITY, Estimates, Links, link_parameters
from symplect.models import EulerLagrange

_ODD = 0.05  # of the spread of M and V, that links may leave unexplained


def chain_of(chosen: Judged, train: Trajectories) -> tuple[Links | None, str]:
    """Return the links that explain the chosen model, or none, and a sentence that says them or why not."""
    fit = chosen.candidate.fit
    if fit is None or not isinstance(chosen.candidate.model, EulerLagrange):
        return None, (
            " Links are not known: the model that predicts best has a constant mass matrix, or none; measure swings "
            "that bend the joints further."
        )
    try:
        found = link_parameters(fit, train.states)
    except FitError:
        return None, " Links are not known: one of them has no weight in the model; measure in a vertical plane."
    if not found.misfit <= _ODD:
        return None, (
            f" Links are not known: a chain in a vertical plane leaves {100 * found.misfit:.2g} % of the learned mass "
            "matrix and potential unexplained; springs, another plane or too short swings may be why."
        )
    angles = "from the link before" if found.relative else "from one direction"
    unsaid = (
        "" if train.inputs is None or fit.white else " Noise of the inputs is not in these errors: they are larger."
    )
    return found, f" Links, with angles {angles} and g = {GRAVITY}: {_said(found)}.{unsaid}"


def as_metrics(links: Links) -> dict[str, float]:
    """Return what is known of the links by names, as in `metrics.json`."""
    found = {
        f"{name}_{number}{ending}": float(each)
        for name, estimates in _named(links).items()
        for ending, values in (("", estimates.values), ("_error", estimates.errors))
        for number, each in enumerate(values, start=1)
    }
    return found | {"relative_angles": float(links.relative)}


def _named(links: Links) -> dict[str, Estimates]:
    """Return what is known, by the name of one of them."""
    found = {
        "length": links.lengths,
        "reduced_length": links.reduced_lengths,
        "moment": links.moments,
        "inertia": links.inertias,
        "mass": links.masses,
    }
    return {name: own for name, own in found.items() if own.values.size and np.all(np.isfinite(own.values))}


def _said(links: Links) -> str:
    """Say all that is known, as in "lengths to the next joint 0.5 ± 0.002"."""
    words = {
        "length": "lengths to the next joint",
        "reduced_length": "reduced lengths (inertia over moment)",
        "moment": "first moments",
        "inertia": "inertias about the joints",
        "mass": "masses, as points at the ends,",
    }
    return "; ".join(
        f"{words[name]} {', '.join(map(measured, own.values, own.errors))}" for name, own in _named(links).items()
    )
