"""Load all runs of a results folder, with their provenance."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import TypedDict

from symplect.errors import InputError
from symplect.evaluation import certification
from symplect.experiments.grid import Setting, write_value
from symplect.experiments.paper_table import Row
from symplect.experiments.tasks import TASKS, Method
from symplect.files import read_json, typed_json
from symplect.results.certificates import CERTIFICATE_FILE
from symplect.runs import CONFIG_FILE, TableRun, TaskConfig, TaskRun, load_as, load_run

_ARRAYS = ("t", "truth", "prediction", "energy_truth", "energy_prediction")


@dataclass(frozen=True, eq=False)
class Content:
    """All that is read from a folder.

    Attributes:
        runs: by their folder, in the order of the table.
        not_run: reasons by task.
        settings: name to value, of the reproduction or of the one run.
        versions: package to version.
        command: that makes the runs again.
        data: the folder of measurements the runs were made with, or `None`.
    """

    runs: Mapping[Path, TaskRun]
    not_run: Mapping[str, str]
    settings: Mapping[str, object]
    versions: Mapping[str, str]
    command: str
    data: Path | None

    @property
    def rows(self) -> list[Row]:
        """One row for every run, as the table takes them."""
        configs = [(run.config, run.metrics) for run in self.runs.values()]
        return [Row(config.task, config.model, config.seed, metrics) for config, metrics in configs]


def read_content(folder: Path) -> Content | TableRun:
    """Read the folder of a reproduction, that of one run of a task as if it were one, or that of a table's run.

    Raises:
        InputError: it is neither, or a file in it is missing, broken or of something else.
    """
    if (folder / "results.json").exists():
        return _reproduction(folder)
    if (folder / CONFIG_FILE).exists():
        run = load_run(folder)
        return _one_run(folder, run) if isinstance(run, TaskRun) else run
    raise InputError(
        f"expected {folder} to be a folder that `symplect reproduce` wrote, or one of its runs, found neither "
        "results.json nor config.json in it: give the folder that was named with --out"
    )


def read_certificate(folder: Path) -> list[certification.Row] | None:
    """Return those rows of the certificate in a run's folder that apply to the run, by today's names, if there is one.

    Raises:
        InputError: it is not as `symplect certify` wrote it.
    """
    path = folder / CERTIFICATE_FILE
    if not path.exists():
        return None
    rows = typed_json(read_json(path), certification.Certificate, path, "certify again").rows
    today = certification.FORMER_NAMES
    return [replace(row, name=today.get(row.name, row.name)) for row in rows if row.passed is not None]


def verdict(rows: Sequence[certification.Row]) -> str:
    """Return what a certificate's rows come to."""
    flagged = [row.name for row in rows if not row.passed]
    return f"flagged: {', '.join(flagged)}" if flagged else f"all {len(rows)} passed"


@dataclass(frozen=True)
class _Plan:
    """The settings of a reproduction but those of its fits."""

    tasks: list[str]
    models: list[str] | None
    seeds: int
    data: str | None = None
    out: str | None = None


class _Run(TypedDict):
    task: str
    model: str
    seed: int


class _Results(TypedDict):
    """What is read of `results.json`; the metrics of its runs are read from their folders."""

    runs: list[_Run]
    settings: dict[str, Setting | list[str]]
    versions: dict[str, str]
    not_run: dict[str, str]


def _reproduction(folder: Path) -> Content:
    path, remedy = folder / "results.json", "run `symplect reproduce` again"
    found = typed_json(read_json(path), _Results, path, remedy)
    settings = found["settings"]
    plan = typed_json(settings, _Plan, path, remedy)
    changed = {name: value for name, value in settings.items() if name not in _PLAN and not isinstance(value, list)}
    command = _command(plan, changed)
    names = [(run["task"], run["model"], f"seed-{run['seed']}") for run in found["runs"]]
    if not names:
        raise InputError(
            f"expected finished runs in {folder}, found none: `{command}` makes them, and goes on where it stopped"
        )
    runs = {folder.joinpath(*name): _load(folder.joinpath(*name)) for name in names}
    data = None if plan.data is None else Path(plan.data)
    return Content(_in_order(runs), found["not_run"], settings, found["versions"], command, data)


def _one_run(folder: Path, run: TaskRun) -> Content:
    _require_whole(folder, run)
    config = run.config
    plan = _Plan([config.task], [config.model], config.seed + 1)
    settings = {name: value for name, value in asdict(plan).items() if value is not None} | dict(config.settings)
    versions = {"symplect": config.version}
    return Content({folder: run}, {}, settings, versions, _command(plan, _changed(config)), data=None)


def _changed(config: TaskConfig) -> dict[str, Setting]:
    """Return the settings of a run that are not its method's own."""
    method = TASKS[config.task].methods[config.model]
    own = asdict(method.settings) if isinstance(method, Method) else {}
    return {name: value for name, value in config.settings.items() if (name, value) not in own.items()}


def _load(folder: Path) -> TaskRun:
    run = load_as(TaskRun, folder)
    _require_whole(folder, run)
    return run


def _require_whole(folder: Path, run: TaskRun) -> None:
    if missing := [name for name in _ARRAYS if name not in run.rollout]:
        raise InputError(
            f"expected {folder} to be a run of symplect, found no {missing[0]} in it: delete it and run again"
        )
    task, model = run.config.task, run.config.model
    if task not in TASKS or model not in TASKS[task].methods:
        raise InputError(
            f"expected {folder} to be a run of a known task and model, found {model!r} of {task!r}: "
            "it is of another version or program"
        )


def _in_order(runs: Mapping[Path, TaskRun]) -> dict[Path, TaskRun]:
    def place(item: tuple[Path, TaskRun]) -> tuple[int, int, int]:
        config = item[1].config
        methods = TASKS[config.task].methods
        return list(TASKS).index(config.task), config.seed, list(methods).index(config.model)

    return dict(sorted(runs.items(), key=place))


_PLAN = [field.name for field in fields(_Plan)]


def _command(plan: _Plan, changed: Mapping[str, Setting]) -> str:
    """Return the command line of a plan; what was left to its default is left out.

    Settings but for the number of steps come from a sweep, in whose folder there is one for each choice of them.
    """
    settings = {name: value for name, value in changed.items() if (name, value) != ("steps", None)}
    swept, folder = bool(settings.keys() - {"steps"}), plan.out
    words = ["symplect", "sweep" if swept else "reproduce", *plan.tasks]
    words += ["--models", *plan.models] if plan.models else []
    words += ["--seeds", str(plan.seeds)]
    if swept:
        words += [word for name, value in settings.items() for word in ("--set", f"{name}={write_value(value)}")]
        folder = folder and Path(folder).parent
    else:
        words += ["--steps", str(settings["steps"])] if settings else []
    words += ["--data", plan.data] if plan.data else []
    words += ["--out", str(folder)] if folder else []
    return shlex.join(words)
