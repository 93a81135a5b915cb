"""What a task is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from symplect.dynamics import AbstractHamiltonian
from symplect.evaluation import EvaluationData
from symplect.fitting import GradientSettings


@dataclass(frozen=True, eq=False)
class Task:
    """One experiment of the paper: where its data come from, how its models are fitted, what was published.

    Args:
        name: as on the command line.
        number: in the paper's table.
        title: in words.
        energy: the true Hamiltonian, or for a measured system the one that energy is measured with.
        make_data: from a seed, a folder of measurements or `None`, and the label of a progress bar, to the data.
        settings: of the published fit.
        published: model name to metric name to the paper's number, in raw units.
        notes: what the table's reader must know, by metric name.
        needs: what must be at hand besides the package, in words.
        requires: makes sure of it for a folder of measurements or `None`, before anything is fitted.
    """

    name: str
    number: str
    title: str
    energy: AbstractHamiltonian
    make_data: Callable[[int, Path | None, str | None], EvaluationData]
    settings: GradientSettings
    published: Mapping[str, Mapping[str, float]]
    notes: Mapping[str, str]
    needs: str = "nothing"
    requires: Callable[[Path | None], object] | None = None


def evaluation_rng() -> np.random.Generator:
    """Returns the source of the evaluation starts, the same for every seed: those differ in data and network only."""
    return np.random.default_rng(2019)
