"""From a folder to the systems on the page."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tqdm import tqdm

from symplect.errors import InputError, blamed_on, one_line
from symplect.experiments.tasks import TASKS
from symplect.results.content import read_content
from symplect.runs import MODEL_FILE, TableRun, TaskRun, load_as
from symplect.views.explorer.content import Content, System
from symplect.views.explorer.own_data import own_system
from symplect.views.explorer.pixels import pixel_system
from symplect.views.explorer.tasks import task_system


def systems(folder: Path) -> Content:
    """Return the systems of a folder, and those left out with the reason, as JSON can hold them.

    Args:
        folder: results of `symplect reproduce`, of which the first seed of every task is taken; one run in it, which
            is shown first among those of its task and seed; or a run of `symplect fit`.

    Raises:
        InputError: the folder is none of these, a file in it is broken, or no model is left that can be moved.

    Example:
        >>> [system["title"] for system in systems(Path("runs/paper"))["systems"]]  # doctest: +SKIP
    """
    with blamed_on(f"{folder} as symplect wrote it", "run again, to another folder"):
        return _systems(folder)


def _systems(folder: Path) -> Content:
    content = read_content(folder)
    if isinstance(content, TableRun):
        return {"systems": [own_system(folder, content)], "omitted": []}
    only = next(iter(content.runs.values())) if list(content.runs) == [folder] else None
    runs = content.runs if only is None else {folder: only} | _siblings(folder, only)
    shown = None if only is None else only.config.model
    found, omitted = list[System](), list[dict[str, str]]()
    parts = list(_parts(runs))
    for title, own in tqdm(parts, desc="exploring", unit="system", disable=None, leave=False, delay=2):
        try:
            found.append(_system(own, content.data, shown))
        except InputError as error:
            omitted.append({"name": title, "reason": one_line(error, 500)})
    if not found:
        raise InputError(omitted[0]["reason"])
    return {"systems": found, "omitted": omitted}


def _parts(runs: Mapping[Path, TaskRun]) -> Iterator[tuple[str, dict[Path, TaskRun]]]:
    """Yield the runs of every system: the first seed of a task, and of pixels every model alone."""
    for task in dict.fromkeys(run.config.task for run in runs.values()):
        own = {folder: run for folder, run in runs.items() if run.config.task == task}
        seed = next(iter(own.values())).config.seed
        own = {folder: run for folder, run in own.items() if run.config.seed == seed}
        if TASKS[task].pixels:
            yield from ((f"{TASKS[task].title}, {run.config.model}", {folder: run}) for folder, run in own.items())
        else:
            yield TASKS[task].title, own


def _system(runs: Mapping[Path, TaskRun], data: Path | None, shown: str | None) -> System:
    folder, run = next(iter(runs.items()))
    if TASKS[run.config.task].pixels:
        return pixel_system(folder, run)
    return task_system(runs, data) if shown is None else task_system(runs, data, shown)


def _siblings(folder: Path, run: TaskRun) -> dict[Path, TaskRun]:
    """Return the runs of the same task and seed that lie where `symplect reproduce` puts them."""
    folder = folder.resolve()  # "." has a parent too
    task, seed = run.config.task, run.config.seed
    found = dict[Path, TaskRun]()
    for model in TASKS[task].methods:
        place = folder.parent.parent / model / folder.name
        if place == folder or not (place / MODEL_FILE).exists():
            continue
        sibling = load_as(TaskRun, place)
        own = sibling.config
        if (own.task, own.model, own.seed) == (task, model, seed):
            found[place] = sibling
    return found
