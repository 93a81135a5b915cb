"""The system of a run of people's own data."""

import pathlib
from collections.abc import Sequence

import numpy as np

from symplect.errors import one_line
from symplect.models import AbstractModel, channels_of
from symplect.results.certificates import turn
from symplect.results.predictions import coordinate_names
from symplect.runs import TableRun
from symplect.views.explorer.content import Chain, System
from symplect.views.explorer.links import chain_of_table
from symplect.views.explorer.parts import (
    Path,
    certificate_of,
    clock,
    entry,
    measured,
    points,
    start_among,
    thinned,
    usable,
    usable_path,
)

_TURNS = 4  # of the first path: more would lie on one another
_TRIED = 1000  # states for the time of a turn
_STARTS = 16  # that are tried, where there are no paths
_MORE = 4  # horizons for which measured paths are shown
_NAME, _TEXT = 60, 500  # characters


def own_system(folder: pathlib.Path, run: TableRun) -> System:
    """Return the one system of a run that `symplect fit` wrote; its truth is not known.

    Raises:
        InputError: no start, no time, or a model that the page cannot move.
    """
    states, kind = usable(run.rollout["train"]), one_line(run.config.model, _NAME)
    paths = _paths(run)
    time = clock(_duration(run.model, states, paths))
    starts = [path[0] for _, path in paths] or list(thinned(states, _STARTS))
    title, certificate = one_line(run.config.title, _NAME), certificate_of(folder)
    model = entry(kind, title, "learned", run.model, states, facts=_facts(run), certificate=certificate)
    names = zip(coordinate_names(run), run.config.data.labels, strict=True)
    return {
        "name": one_line(folder.resolve().name, _NAME),
        "title": one_line(folder.resolve().name, _NAME),
        "subtitle": _subtitle(run.config.data.sources, run.config.method),
        "coordinates": [{"name": one_line(name, _NAME), "label": one_line(label, _NAME)} for name, label in names],
        "time": one_line(run.config.data.time_label, _NAME),
        "bodies": None,
        "links": _links(run),
        "models": [model],
        "shown": kind,
        "data": points(run.rollout["train"]),
        "measured": measured(paths, _MORE * time["horizon"]),
        "start": start_among(starts, states),
        **time,
        "notes": [one_line(note, _TEXT) for note in _notes(run)],
        "omitted": [],
        "image": None,
    }


def _paths(run: TableRun) -> list[Path]:
    """Return the measured paths, the longest first."""
    paths = [usable_path(*path[:2]) for path in run.paths]
    return sorted((path for path in paths if len(path[0])), key=lambda path: -np.max(path[0]))


def _duration(model: AbstractModel, states: np.ndarray, paths: Sequence[Path]) -> float:
    """Return the time of some turns, or that of the longest path if it is shorter."""
    with np.errstate(all="ignore"):  # what stands still takes for ever
        turns = [_TURNS * turn(model, thinned(states, _TRIED))] if len(states) else []
    durations = [*turns, *(float(np.max(times)) for times, _ in paths[:1])]
    return min((duration for duration in durations if np.isfinite(duration) and duration > 0), default=0.0)


def _subtitle(sources: Sequence[str], method: str) -> str:
    files = ", ".join(pathlib.Path(source).name for source in sources[:3])
    more = f" and {len(sources) - 3} more" if len(sources) > 3 else ""
    return one_line(f"Learned from {files}{more}, method {method}.", _TEXT)


def _facts(run: TableRun) -> list[tuple[str, str]]:
    known = {name: value for name, value in run.metrics.items() if np.isfinite(value)}
    facts = {
        "held-out error": f"{100 * known['held_out_error']:.3g} %" if "held_out_error" in known else "",
        "predicted paths hold for": f"{known['valid_time']:.4g}" if "valid_time" in known else "",
        "of a time of": f"{known['compared_time']:.4g}" if "compared_time" in known else "",
    }
    return [(name, value) for name, value in facts.items() if value]


def _notes(run: TableRun) -> list[str]:
    unseen = [name for name, seen in zip(coordinate_names(run), run.config.data.observed, strict=True) if not seen]
    notes = [run.config.verdict, *run.config.cautions]
    notes += [f"Not measured but computed: {', '.join(unseen)}."] * bool(unseen)
    driven = channels_of(run.model) > 0
    return notes + ["The data were driven by known inputs; here the model moves without them."] * driven


def _links(run: TableRun) -> Chain | None:
    """Return the links of a run, with what its fit told of them."""
    columns, told = run.config.data.columns, run.metrics
    lengths = [told[name] for place in range(columns.degrees_of_freedom) if (name := f"length_{place + 1}") in told]
    relative = told.get("relative_angles")
    return chain_of_table(columns, lengths, None if relative is None else relative > 0)
