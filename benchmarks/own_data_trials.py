"""Are verdicts on people's own records right? Situations with known truth, each fitted in a process of its own.

.venv/bin/python benchmarks/own_data_trials.py [--jobs 2] [--only NAME ...]

What is done is kept in `runs/own-data-trials.json`: an interrupted run goes on, named situations are done anew, and
`docs/own-data-trials.md` is written from all that is there.
"""

import argparse
import contextlib
import dataclasses
import json
import math
import multiprocessing
import os
import re
import resource
import subprocess
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from own_data import SITUATIONS
from own_data.judge import (
    RIGHT,
    UNKNOWN,
    WRONG,
    Outcome,
    claimed_energy,
    claimed_rates,
    frequency_error,
    judged,
    standard_errors,
)
from own_data.situation import Situation, Truth, frequency

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "runs" / "own-data-trials.json"
COMPILED = ROOT / "runs" / "compiled"
PAGE = ROOT / "docs" / "own-data-trials.md"

_SECONDS = 200.0  # that a situation may take
_MEMORY = 2**34  # bytes of addresses, of which JAX reserves many
_DRAWS = 16  # of weights and starts, for the standard error of a frequency
_SHOWN = 160  # characters of a cell

HEAD = """# Own data with known truth

Simulated records in the forms in which people have them, each given to `symplect.fit` as a user would, and what it said
of them. Made by `python benchmarks/own_data_trials.py`; the systems are in `benchmarks/own_data/`.

RIGHT: all that is claimed is true, and what must be said is said. UNKNOWN: nothing false is claimed, but less is said
than could be, or the record is refused with a reason. WRONG: a false claim about energy, a loss rate more than three
standard errors off or outside the true range, a frequency more than three standard errors off (or 1 % where the fit
knows none), silence about a broken record, a warning, a library's words, or no end in {seconds:.0f} s. The error is
that of the frequency of the saved model where the truth has one (f; se are its standard errors, those of the weights
and of the noisy start), otherwise the held-out error in units of the data's spread (h). Seconds are of `fit`, with
what other situations have compiled kept beside them, as the command line keeps it.

"""


def fitted(situation: Situation, folder: Path) -> Outcome:
    """Fit a situation's record from files, and return what was said; InputError and other errors pass."""
    import symplect

    files = []
    for name, content in situation.make().files.items():
        files.append(folder / name)
        files[-1].write_bytes(content)
    began = time.perf_counter()
    found = symplect.fit(files, **situation.call)
    seconds = time.perf_counter() - began
    found.save(folder / "run")
    energy = claimed_energy(found)
    known = (None, None) if found.reading.alone else _frequency(found, folder / "run")
    return Outcome(
        "fitted",
        " | ".join([found.verdict, *found.cautions, *found.reading.notes]),
        found.kind,
        energy,
        claimed_rates(found.metrics, energy),
        frequency=known[0],
        frequency_deviation=known[1],
        error=float(found.metrics["held_out_error"]),
        seconds=seconds,
    )


def _frequency(found: Any, run: Path) -> tuple[float | None, float | None]:
    """Return the frequency of a saved model that is released where the first trial begins, and its standard error.

    It begins where its path meets the first piece of the trial best. The error is that of the weights, where the fit
    knows it, and of that start, by random draws of weights and noise.
    """
    import jax
    import jax.numpy as jnp
    import numpy as np

    import symplect
    from symplect.fitting.parametrised import Parametrised
    from symplect.fitting.segments import cut_segments, enough_substeps
    from symplect.fitting.starts import best_paths
    from symplect.integrate import RK4, rollout
    from symplect.models import PortHamiltonian
    from symplect.precision import cast

    data = found.reading.data.select([0])
    model, trial, seen = symplect.load(run).model, data[0], np.array(found.reading.observed)
    if isinstance(model, PortHamiltonian) and trial.inputs is not None:
        return None, None
    times = np.linspace(trial.times[0], trial.times[-1], 8 * len(trial.times))  # without the record's gaps
    fit = next(one for one in found.judged if one.candidate.model is found.model).candidate.fit
    noise = found.reading.noise if fit is None else fit.noise
    noise = np.where(seen, np.maximum(np.nan_to_num(noise), 1e-9 * np.std(data.states, axis=0)), np.inf)
    with jax.enable_x64(True):
        rebuild, vector = Parametrised.split(cast(model, jnp.float64))
        first, substeps = _first(cut_segments(data, seen.astype(float), None)), enough_substeps(data)

        @jax.jit
        def positions(weights: Any, start: Any) -> Any:
            return rollout(rebuild(weights), start, times, solver=RK4(substeps=2)).states[:, 0]

        def released(weights: Any, states: Any) -> float | None:
            own = dataclasses.replace(first, states=states)
            start = best_paths(rebuild(jnp.asarray(weights)), own, 1 / noise, 2 * substeps)[0, 0]
            path = np.asarray(positions(weights, start))
            return frequency(times, path) if np.all(np.isfinite(path)) else None

        best = released(vector, first.states)
        if best is None or fit is None or fit.covariance is None:
            return best, None
        rng = np.random.default_rng(0)
        sizes = np.sqrt(np.diag(fit.covariance))
        sizes = np.where(sizes > 0, sizes, 1.0)  # units of the weights, which may be far apart
        values, directions = np.linalg.eigh(fit.covariance / np.outer(sizes, sizes))
        along = np.sqrt(np.maximum(values, 0.0)) * rng.standard_normal((_DRAWS, len(values)))
        weights = np.asarray(vector) + along @ directions.T * sizes
        more = np.where(seen, noise, 0.0) * rng.standard_normal((_DRAWS, *first.states.shape))
        drawn = [one for pair in zip(weights, more, strict=True) if (one := released(pair[0], first.states + pair[1]))]
    return best, float(np.sqrt(np.mean((np.array(drawn) - best) ** 2))) if len(drawn) == _DRAWS else None


def _first(segments: Any) -> Any:
    """Return the first of some segments alone."""
    return dataclasses.replace(
        segments, **{field.name: getattr(segments, field.name)[:1] for field in dataclasses.fields(segments)}
    )


def child(name: str, path: Path) -> None:
    """Do one situation in this process, within bounds of memory, and write its outcome."""
    os.environ |= {"JAX_COMPILATION_CACHE_DIR": str(COMPILED), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    from symplect.errors import InputError, NotAvailableError

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    began = time.perf_counter()
    with warnings.catch_warnings(record=True) as warned, tempfile.TemporaryDirectory() as folder:
        warnings.simplefilter("always")
        try:
            outcome = fitted(SITUATIONS[name], Path(folder))
        except (InputError, NotAvailableError) as error:
            outcome = Outcome("failed" if "\n" in str(error) else "refused", str(error).replace(folder, "."))
        except Exception as error:  # whatever it is, it is what a user would see
            outcome = Outcome("failed", f"{type(error).__name__}: {error}")
    outcome = dataclasses.replace(
        outcome,
        seconds=outcome.seconds or time.perf_counter() - began,
        warned=tuple(f"{one.category.__name__}: {one.message}" for one in warned),
    )
    path.write_text(json.dumps(dataclasses.asdict(outcome)))


def outcome_of(name: str) -> Outcome:
    """Do one situation in a process of its own, which is ended when its time is over."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "outcome.json"
        process = multiprocessing.get_context("spawn").Process(target=child, args=(name, path))
        process.start()
        process.join(_SECONDS)
        if process.is_alive():
            process.kill()
            process.join()
            return Outcome("failed", f"no end in {_SECONDS:.0f} s", seconds=_SECONDS)
        if not path.exists():
            return Outcome("failed", f"the process ended with code {process.exitcode}")
        return from_json(json.loads(path.read_text()))


def from_json(content: Mapping[str, Any]) -> Outcome:
    """Return an outcome as it was written."""
    return Outcome(**{name: tuple(own) if isinstance(own, list) else own for name, own in content.items()})


def outcomes(names: list[str], jobs: int) -> Iterator[tuple[str, Outcome]]:
    """Yield the outcomes of situations as they come."""
    version = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    ).stdout.strip()
    with ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(outcome_of, name): name for name in names}
        for done in as_completed(waiting):
            yield waiting[done], dataclasses.replace(done.result(), version=version)


def page(done: Mapping[str, Outcome]) -> str:
    """Return the table of all that is done, in the order of the situations, and its totals."""
    totals: Counter[str] = Counter()
    lines = ["| system | truth | said | error | s | judgement |", "|---|---|---|---|---|---|"]
    for name in (name for name in SITUATIONS if name in done):
        truth, outcome = SITUATIONS[name].make().truth, done[name]
        judgement, why = judged(outcome, truth)
        totals[judgement] += 1
        cells = [name, str(truth), summary(outcome), _error(outcome, truth), f"{outcome.seconds:.0f}"]
        lines.append(f"| {' | '.join(map(_cell, [*cells, f'{judgement} {why}'.strip()]))} |")
    counts = ", ".join(f"{totals[kind]} {kind}" for kind in (RIGHT, UNKNOWN, WRONG))
    versions = ", ".join(sorted({outcome.version for outcome in done.values()}))
    seconds = sum(outcome.seconds for outcome in done.values())
    total = f"{len(done)} of {len(SITUATIONS)} situations: **{counts}**; {seconds / 60:.0f} minutes, commit {versions}."
    return HEAD.format(seconds=_SECONDS) + total + "\n\n" + "\n".join(lines) + "\n"


def summary(outcome: Outcome) -> str:
    """Return in a line what was said: the structure and the sentence about energy."""
    if outcome.status != "fitted":
        return f"{outcome.status}: {outcome.said}"
    sentences = re.split(r"(?<=\.) (?=[A-Z])|(?<=\.) \| | \| ", outcome.said)
    about = [sentence for words in ("nergy is", "energy") for sentence in sentences if words in sentence]
    return f"{outcome.kind}: {about[0] if about else outcome.energy}"


def _error(outcome: Outcome, truth: Truth) -> str:
    off = frequency_error(outcome, truth)
    if off is not None:
        deviations = standard_errors(outcome, truth)
        said = "" if deviations is None else f", {deviations:.1f} se"
        return "no swing" if math.isinf(off) else f"f {100 * off:.2g} %{said}"
    return "" if outcome.error is None else f"h {outcome.error:.2g}"


def _cell(text: str) -> str:
    text = re.sub(r"([|<*_`\\])", r"\\\1", " ".join(text.split()))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3].rstrip("\\") + "..."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=SITUATIONS, help="situations to do, again if done")
    parser.add_argument("--jobs", type=int, default=1, help="situations at once")
    arguments = parser.parse_args()
    done: dict[str, Outcome] = {}
    with contextlib.suppress(FileNotFoundError):
        done = {name: from_json(content) for name, content in json.loads(RESULTS.read_text()).items()}
    for name, outcome in outcomes(arguments.only or [one for one in SITUATIONS if one not in done], arguments.jobs):
        done[name] = outcome
        judgement, why = judged(outcome, SITUATIONS[name].make().truth)
        print(f"{judgement:8} {outcome.seconds:4.0f} s  {name}: {why or summary(outcome)}", flush=True)
        RESULTS.parent.mkdir(parents=True, exist_ok=True)
        RESULTS.write_text(json.dumps({key: dataclasses.asdict(own) for key, own in done.items()}, indent=1))
    PAGE.write_text(page({name: own for name, own in done.items() if name in SITUATIONS}))


if __name__ == "__main__":
    main()
