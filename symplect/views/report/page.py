"""From a run folder to one page of HTML."""

import base64
import shlex
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from plotly.offline import get_plotlyjs
from tqdm import tqdm

from symplect.errors import InputError, NotAvailableError, blamed_on
from symplect.experiments.paper_table import other_cells, table_cells
from symplect.experiments.tasks import TASKS
from symplect.files import writing
from symplect.results.content import Content, read_content
from symplect.runs import TableRun, TaskRun
from symplect.views.packing import UNPACKING, packed
from symplect.views.plots import Picture, gallery, of_pixels
from symplect.views.report.explorer import Frame
from symplect.views.report.figure import Figure
from symplect.views.report.own_data import own_content
from symplect.views.report.tables import certificate, pairs, summary

_FILMED = TASKS[of_pixels()[0]]
_FILM_TITLE = f"Animation of the {_FILMED.title.lower()}"


def report(folder: Path, out: Path) -> None:
    """Write one page about a reproduction or one run: table, figures, certificates, settings; nothing from outside.

    Where there are runs of the pixel pendulum, their animation is written beside the page.

    Args:
        folder: results of `symplect reproduce`, one run in it, or a run of `symplect fit`.
        out: where the page goes.

    Raises:
        InputError: the folder is neither, a file in it is broken, or the page cannot be written.

    Example:
        >>> report(Path("runs/paper"), Path("runs/paper/report.html"))  # doctest: +SKIP
    """
    content = read_content(folder)
    if isinstance(content, TableRun):
        write_page(out, "own.html.jinja", frame=Frame.of(folder, out), **own_content(folder, content))
        return
    with blamed_on(f"runs in {folder} as symplect wrote them", "run `symplect reproduce` again, to another folder"):
        _report_tasks(folder, content, out)


def _report_tasks(folder: Path, content: Content, out: Path) -> None:
    """Write the page about runs of tasks."""
    runs = list(content.runs.values())
    shown = {run.config.task for run in runs} | set(content.not_run)
    figures, omitted = _figures([picture for picture in gallery(content.data) if shown & set(picture.tasks)], runs)
    film, reason = _film(runs) if shown & set(of_pixels()) else (b"", "")
    cells, notes = table_cells(content.rows, content.not_run)
    others, other_notes = other_cells(content.rows)
    if film:
        with writing(out.parent / f"{_FILMED.name}.gif") as temporary:
            temporary.write_bytes(film)
    write_page(
        out,
        "page.html.jinja",
        title=folder.resolve().name,
        argument=shlex.quote(str(folder)),
        command=content.command,
        summary=summary(content.rows),
        cells=cells,
        notes=notes,
        others=others,
        other_notes=other_notes,
        frame=Frame.of(folder, out),
        figures=figures,
        omitted=omitted | ({_FILM_TITLE: reason} if reason else {}),
        film=base64.b64encode(film).decode(),
        film_title=_FILM_TITLE,
        certificates=[found for folder, run in content.runs.items() if (found := certificate(folder, run))],
        settings=pairs(("setting", "value"), content.settings),
        versions=pairs(("package", "version"), content.versions),
    )


def write_page(out: Path, template: str, **content: object) -> None:
    """Write a page with all that it needs, whole or not at all."""
    page = _template(template).render(plotly=packed(get_plotlyjs()), unpacking=UNPACKING.read_text(), **content)
    with writing(out) as temporary:
        temporary.write_text(page, encoding="utf-8", errors="backslashreplace")  # names of files may be anything


def _template(name: str) -> Template:
    loader = PackageLoader("symplect.views.report", "")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template(name)


def _figures(pictures: Sequence[Picture], runs: Sequence[TaskRun]) -> tuple[list[Figure], dict[str, str]]:
    """Draw what can be drawn; the reasons for the rest by title."""
    figures: list[Figure] = []
    omitted: dict[str, str] = {}
    for picture in tqdm(pictures, desc="drawing", disable=None, leave=False):
        try:
            drawn = picture.draw(runs)
        except (InputError, NotAvailableError) as error:
            omitted[picture.title] = str(error)
        else:
            figures.append(Figure.of(picture.name, picture.title, picture.caption, drawn))
    return figures, omitted


def _film(runs: Sequence[TaskRun]) -> tuple[bytes, str]:
    """Return the animation, or nothing and the reason."""
    try:
        from symplect.views.report.animation import animation
    except ImportError:
        return b"", 'Pillow is not installed: pip install "symplect[pixels]"'
    try:
        return animation(runs), ""
    except InputError as error:
        return b"", str(error)
