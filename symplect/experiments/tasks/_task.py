"""What a task is, and what a method is."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from symplect.dynamics import AbstractHamiltonian
from symplect.errors import InputError
from symplect.evaluation import Evaluation, EvaluationData, evaluate
from symplect.fitting import FitState, GradientSettings, fit_gradient, fit_gradient_together
from symplect.models import HNN, AbstractModel, Baseline


@dataclass(frozen=True)
class Labels:
    """Axis labels of one task, with units; the paper's own conventions have no dimensions.

    Attributes:
        q, p: of the first position and its momentum.
        t: of time.
        energy: of the true energy.
    """

    q: str = "q (dimensionless)"
    p: str = "p (dimensionless)"
    t: str = "t (dimensionless)"
    energy: str = "energy (dimensionless)"


MakeData = Callable[[int, Path | None, str | None], object]
"""From a seed, a folder of measurements and the label of a progress bar to what a task's methods fit and judge on."""

Judge = Callable[..., Evaluation]
"""From a fitted model and a task's data to its metrics; has the keyword `progress`."""


@dataclass(frozen=True, eq=False)
class Method:
    """One way from a task's data, by gradient descent, to a model that can be judged.

    Args:
        start: map of a random key to the untrained model; its arguments that have a default are sizes
            that can be set.
        settings: settings of its fit.
        fit: map of that model and the task's data to the fitted state; keyword arguments as `fit_gradient`.
        evaluate: map of the fitted model and the task's data to its metrics; has the keyword `progress`.
        fit_together: as `fit`, from models and data of several seeds to the state of each, in one program.
    """

    start: Callable[..., AbstractModel]
    settings: GradientSettings
    fit: Callable[..., FitState[AbstractModel]]
    evaluate: Judge
    fit_together: Callable[..., list[FitState[AbstractModel]]] | None = None


@dataclass(frozen=True, eq=False)
class Fitted:
    """What a fit ends with.

    Attributes:
        model: that is judged.
        seconds: of the fit.
        metrics: what the fit itself found out, by name.
        history: a row `(step, train loss, test loss)` for every so many steps; none where there are no steps.
    """

    model: AbstractModel
    seconds: float
    metrics: Mapping[str, float] = field(default_factory=dict)
    history: Float[np.ndarray, "entries 3"] = field(default_factory=lambda: np.zeros((0, 3)))


@dataclass(frozen=True, eq=False)
class DirectMethod:
    """One way from a task's data to a model that takes seconds: without a start, without steps to count.

    Args:
        fit: map of the task's data to the fitted model; keyword arguments `seed` and `progress`, and those that have a
            default can be set.
        evaluate: as for `Method`.
    """

    fit: Callable[..., Fitted]
    evaluate: Judge = evaluate


@dataclass(frozen=True, eq=False)
class Task:
    """One experiment, of the paper or beyond: where its data come from, how its models are fitted, what was published.

    Args:
        name: as on the command line.
        number: in the paper's table, shown where something was published; our own go on counting.
        title: in words.
        energy: the true Hamiltonian, or for a measured system the one that energy is measured with.
        make_data: makes the data of a seed.
        methods: by the name of the model on the command line, in the order of the table.
        published: model name to metric name to the paper's number, in raw units.
        notes: remarks for the table's reader, by metric name.
        labels: labels of axes.
        shown_start: state that figures of paths start from; that of the first held-out path unless given.
        truth_known: whether the true system is known, and not measured alone.
        pixels: whether models see films in place of states.
        needs: requirements besides the package, in words.
        requires: makes sure of it for a folder of measurements or `None`, before anything is fitted; raises
            `NotAvailableError` where the task cannot be run here.
        source: paper or repository that published the numbers.

    Raises:
        InputError: `make_data` does not take a seed, a folder and a label.
    """

    name: str
    number: str
    title: str
    energy: AbstractHamiltonian
    make_data: MakeData
    methods: Mapping[str, Method | DirectMethod]
    published: Mapping[str, Mapping[str, float]]
    notes: Mapping[str, str]
    labels: Labels = Labels()
    shown_start: tuple[float, ...] | None = None
    truth_known: bool = True
    pixels: bool = False
    needs: str = "nothing"
    requires: Callable[[Path | None], object] | None = None
    source: str = "Greydanus, Dzamba and Yosinski 2019 (arXiv:1906.01563)"

    def __post_init__(self):
        signature = inspect.signature(self.make_data)
        try:
            signature.bind(0, None, None)
        except TypeError as error:
            raise InputError(
                f"expected make_data of {self.name} to take (seed, folder, progress), found {signature}: "
                "the data folder and the label of a progress bar may be None"
            ) from error

    def make_states(self, seed: int, folder: Path | None, progress: str | None) -> EvaluationData:
        """Make the data of a seed where models see states.

        Raises:
            InputError: the task is one of other data, such as films.
        """
        data = self.make_data(seed, folder, progress)
        if not isinstance(data, EvaluationData):
            raise InputError(f"expected a task whose models see states, found {self.name}: name another")
        return data


def published_pair(
    degrees_of_freedom: int, settings: GradientSettings, judge: Judge = evaluate
) -> dict[str, Method | DirectMethod]:
    """Return the paper's two models with its fit, which differ in the model alone."""

    return {
        "baseline": by_gradient(partial(Baseline, degrees_of_freedom=degrees_of_freedom), settings, judge),
        "hnn": by_gradient(partial(HNN, degrees_of_freedom=degrees_of_freedom), settings, judge),
    }


def by_gradient(start: Callable[..., AbstractModel], settings: GradientSettings, judge: Judge = evaluate) -> Method:
    """Return the paper's fit of any network.

    Args:
        start: map of a random key to the untrained network.
        settings: settings of its fit.
        judge: map of the fitted model and the task's data to its metrics.
    """
    return Method(start, settings, _fit, judge, _fit_together)


def evaluation_rng() -> np.random.Generator:
    """Return the source of the evaluation starts, the same for every seed: those differ in data and network only."""
    return np.random.default_rng(2019)


def _fit(model: AbstractModel, data: EvaluationData, **how: Any) -> FitState[AbstractModel]:
    return fit_gradient(model, data.train, test=data.test, **how)


def _fit_together(
    models: Sequence[AbstractModel], data: Sequence[EvaluationData], **how: Any
) -> list[FitState[AbstractModel]]:
    trains, tests = [each.train for each in data], [each.test for each in data]
    return fit_gradient_together(models, trains, tests=tests, **how)
