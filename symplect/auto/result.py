"""What a fit of people's own data found, and the run folder that keeps it."""

import importlib.metadata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from symplect.auto.chain import as_metrics
from symplect.auto.choice import Judged
from symplect.auto.energy import Energy, mean_friction_rate
from symplect.auto.judgement import Prediction, valid_time
from symplect.data import Trajectories
from symplect.dynamics import AbstractEnergyDynamics
from symplect.errors import InputError
from symplect.fitting.field_of import energies_and_speeds
from symplect.fitting.links import Links
from symplect.models import AbstractModel
from symplect.runs import CandidateRecord, TableConfig, TableRecord, TableRun, save_run
from symplect.tables import Reading, understood

_MOST = 5000  # samples of the fitted data that are kept, to be shown
_SOME = 5  # of the states, one in which is asked for a mean


@dataclass(frozen=True, eq=False, repr=False)
class Fit:
    """What `fit` found.

    Attributes:
        model: the fitted dynamics.
        method: that fitted it, "mechanics", "closed-form", "trajectory" or "gradient".
        kind: "Hamiltonian", "dissipative" or "plain".
        verdict: how far predictions hold and whether energy is conserved, in words.
        cautions: warnings about the data and the model, one sentence each.
        energy: what is known of it.
        judged: every candidate, and how it predicted what was held out.
        reading: how the table was understood.
        train, held_out: what was fitted, and what was not.
        paths: held-out paths, measured and predicted; none where samples stand alone.
        seed: of whatever was drawn.
        seconds: of all fits.
        links: lengths and inertias of the links that were asked for; `None` where they are not known.
    """

    model: AbstractModel
    method: str
    kind: str
    verdict: str
    cautions: tuple[str, ...]
    energy: Energy
    judged: tuple[Judged, ...]
    reading: Reading
    train: Trajectories
    held_out: Trajectories
    paths: tuple[Prediction, ...]
    seed: int
    seconds: float
    links: Links | None = None

    def __repr__(self) -> str:
        return "\n".join(
            [f"{self.kind} by {self.method}: {self.verdict}", *(f"warning: {said}" for said in self.cautions)]
        )

    @property
    def conserves(self) -> bool | None:
        """Whether energy is conserved; `None` if that is not known."""
        return self.energy.conserves

    @property
    def metrics(self) -> Mapping[str, float]:
        """Numbers by name, as in `metrics.json`."""
        chosen = next(one for one in self.judged if one.candidate.model is self.model)
        found = {"held_out_error": chosen.error, "fit_seconds": self.seconds}
        if isinstance(self.model, AbstractEnergyDynamics):
            found["rest_energy"] = rest_energy(self.model, self.train)
        if self.paths:
            found["valid_time"], found["compared_time"] = valid_time(list(self.paths), self.reading.observed)
        if self.energy.status == "lost":
            found |= _loss(self.energy)
            found["friction_rate"] = mean_friction_rate(self.model, self.train.states[::_SOME])
        if (fit := chosen.candidate.fit) is not None:
            found |= {f"noise_{name}": float(own) for name, own in zip(self.train.names, fit.noise, strict=True)}
        return found | (as_metrics(self.links) if self.links else {})

    def save(self, folder: Path | str, fingerprint: str | None = None) -> None:
        """Write a run folder that every command takes, whole or not at all.

        Args:
            folder: place of the run.
            fingerprint: hash of the data and the settings, by which the same fit is known again.

        Raises:
            InputError: the folder is there already, or cannot be written.
        """
        if Path(folder).exists():
            raise InputError(f"expected no {folder} yet, found one: give another folder, or delete that one")
        save_run(Path(folder), _as_run(self, fingerprint))


def rest_energy(model: AbstractEnergyDynamics, train: Trajectories) -> float:
    """Return the least energy on the lines from the data's middle to its states."""
    middle = np.mean(train.states, axis=0)
    some = train.states[:: max(1, len(train.states) // 200)]
    lines = middle + np.linspace(0.0, 1.0, 11)[:, None, None] * (some - middle)
    return float(np.min(energies_and_speeds(model, lines.reshape(-1, train.dimension))[0]))


def _loss(energy: Energy) -> dict[str, float]:
    if energy.low == energy.high:
        return {"loss_rate": energy.low, "loss_rate_error": energy.error}
    return {"loss_rate_low": energy.low, "loss_rate_high": energy.high}


def _as_run(fit: Fit, fingerprint: str | None) -> TableRun:
    """Return a fit as commands and reports take it."""
    reading = fit.reading
    table = TableRecord(
        columns=reading.columns,
        names=reading.data.names,
        units=reading.data.units,
        time_unit=reading.time_unit,
        observed=reading.observed,
        sources=reading.sources,
        understood=understood(reading),
    )
    config = TableConfig(
        data=table,
        method=fit.method,
        model=fit.kind,
        seed=fit.seed,
        verdict=fit.verdict,
        cautions=fit.cautions,
        candidates=tuple(map(_record, fit.judged)),
        version=importlib.metadata.version("symplect"),
        fingerprint=fingerprint,
    )
    return TableRun(
        config=config,
        metrics=fit.metrics,
        history={},
        rollout=_train(fit.train) | (_paths(fit.paths) if fit.paths else {}),
        model=fit.model,
    )


def _record(judged: Judged) -> CandidateRecord:
    own = judged.candidate
    return CandidateRecord(own.method, own.kind, judged.error, judged.spread, own.seconds)


def _train(train: Trajectories) -> dict[str, np.ndarray]:
    """Return the fitted samples, or evenly chosen ones of very many."""
    rows = np.unique(np.linspace(0, len(train.times) - 1, min(_MOST, len(train.times))).astype(int))
    return {"train": train.states[rows]}


def _paths(paths: Sequence[Prediction]) -> dict[str, np.ndarray]:
    """Return the held-out paths end to end."""
    return {
        "t": np.concatenate([path.times for path in paths]),
        "truth": np.concatenate([path.measured for path in paths]),
        "prediction": np.concatenate([path.predicted for path in paths]),
        "lengths": np.array([len(path.times) for path in paths]),
    }
