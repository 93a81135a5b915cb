"""Load all runs of a results folder, with their provenance."""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from symplect.errors import InputError
from symplect.evaluation.certification import FORMER_NAMES
from symplect.experiments.grid import write_value
from symplect.experiments.tasks import TASKS, Method
from symplect.experiments.training import record
from symplect.files import read_json
from symplect.results.certificates import CERTIFICATE_FILE
from symplect.runs import CONFIG_FILE, TableRun, TaskConfig, TaskRun, load_as, load_run

_ARRAYS = ("t", "truth", "prediction", "energy_truth", "energy_prediction")


CERTIFICATE_COLUMNS = ("name", "value", "limit", "passed", "meaning")


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
    settings: Mapping[str, Any]
    versions: Mapping[str, str]
    command: str
    data: Path | None

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One row for every run, as the table takes them."""
        return [record(run) for run in self.runs.values()]


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


def read_certificate(folder: Path) -> list[dict[str, Any]] | None:
    """Return those rows of the certificate in a run's folder that apply to the run, or `None` without one.

    Raises:
        InputError: it is not as `symplect certify` wrote it.
    """
    path = folder / CERTIFICATE_FILE
    if not path.exists():
        return None
    try:
        rows = [_certificate_row(row) for row in read_json(path)["rows"]]
    except (KeyError, TypeError) as error:
        raise InputError(f"expected {path} as `symplect certify` wrote it, found no {error}: certify again") from error
    return [row for row in rows if row["passed"] is not None]


def _certificate_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row under today's name, with why there is no error in the place of one."""
    values = {name: row[name] for name in CERTIFICATE_COLUMNS}
    failure = row.get("failure")
    return values | {"name": FORMER_NAMES.get(row["name"], row["name"])} | ({"value": str(failure)} if failure else {})


def verdict(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return what a certificate's rows come to."""
    flagged = [str(row["name"]) for row in rows if not row["passed"]]
    return f"flagged: {', '.join(flagged)}" if flagged else f"all {len(rows)} passed"


def _reproduction(folder: Path) -> Content:
    results = read_json(folder / "results.json")
    try:
        names = [(row["task"], row["model"], f"seed-{row['seed']}") for row in results["runs"]]
        settings, versions, not_run = results["settings"], results["versions"], results["not_run"]
        command = _command(settings)
    except (KeyError, TypeError) as error:
        raise InputError(
            f"expected {folder / 'results.json'} as symplect wrote it, found no {error}: run `symplect reproduce` again"
        ) from error
    if not names:
        raise InputError(
            f"expected finished runs in {folder}, found none: `{command}` makes them, and goes on where it stopped"
        )
    runs = {folder.joinpath(*name): _load(folder.joinpath(*name)) for name in names}
    data = None if settings["data"] is None else Path(settings["data"])
    return Content(_in_order(runs), not_run, settings, versions, command, data)


def _one_run(folder: Path, run: TaskRun) -> Content:
    _require_whole(folder, run)
    config = run.config
    plan = {"tasks": [config.task], "models": [config.model], "seeds": config.seed + 1}
    command = _command(plan | _changed(config))
    return Content({folder: run}, {}, plan | dict(config.settings), {"symplect": config.version}, command, data=None)


def _changed(config: TaskConfig) -> dict[str, Any]:
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


_PLAN = ("tasks", "models", "seeds", "data", "out")


def _command(plan: Mapping[str, Any]) -> str:
    """Return the command line of a plan; what was left to its default is left out.

    Settings but for the number of steps come from a sweep, in whose folder there is one for each choice of them.
    """
    settings = {name: value for name, value in plan.items() if name not in _PLAN and (name, value) != ("steps", None)}
    swept, folder = bool(settings.keys() - {"steps"}), plan.get("out")
    words = ["symplect", "sweep" if swept else "reproduce", *plan["tasks"]]
    words += ["--models", *plan["models"]] if plan["models"] else []
    words += ["--seeds", str(plan["seeds"])]
    if swept:
        words += [word for name, value in settings.items() for word in ("--set", f"{name}={write_value(value)}")]
        folder = folder and Path(folder).parent
    else:
        words += ["--steps", str(settings["steps"])] if settings else []
    words += ["--data", str(plan["data"])] if plan.get("data") else []
    words += ["--out", str(folder)] if folder else []
    return shlex.join(words)
