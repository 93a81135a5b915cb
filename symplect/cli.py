"""The command line."""

import os
import sys
from pathlib import Path

import platformdirs
import tyro

from symplect.errors import InputError, NotAvailableError


def tasks() -> None:
    """List the paper's tasks and what each needs. Example: symplect tasks"""
    from symplect.tasks import TASKS

    for task in TASKS.values():
        print(f"{task.name:14} task {task.number:3} {task.title:20} needs {task.needs}")


def reproduce(
    tasks: tyro.conf.Positional[tuple[str, ...]] = (),
    models: tuple[str, ...] | None = None,
    seeds: int = 1,
    out: Path = Path("runs/paper"),
    data: Path | None = None,
    steps: int | None = None,
) -> None:
    """Repeat the paper's experiments. Example: symplect reproduce mass-spring --seeds 3

    Args:
        tasks: Names as listed by `symplect tasks`; all of them unless given.
        models: Models to fit, such as baseline and hnn; all that a task has unless given.
        seeds: How many seeds; more than one gives mean and spread.
        out: Folder for the runs and the table; what is finished there is kept.
        data: Folder of the measured data; without it SYMPLECT_DATA, the cache or a download.
        steps: Steps of every fit, for a quick look; the paper's number unless given.
    """
    from symplect.reproduce import Plan
    from symplect.reproduce import reproduce as run
    from symplect.tasks import TASKS

    print(run(Plan(tasks or tuple(TASKS), models, seeds, out, data, steps)))
    print(f"Runs, results.json and table.md are in {out}")


def report(run: tyro.conf.Positional[Path], out: Path | None = None) -> None:
    """Show runs on one page that needs nothing but a browser. Example: symplect report runs/paper

    Args:
        run: Folder that `symplect reproduce` wrote, or one run in it.
        out: Where the page goes; report.html in the folder unless given.
    """
    from symplect.report import report as write

    page = out or run / "report.html"
    write(run, page)
    print(page)


def certify(run: tyro.conf.Positional[Path]) -> None:
    """Certify energy, reversal, volume and more of runs, the baseline beside. Example: symplect certify runs/paper

    Args:
        run: One run folder, or a folder with runs below; each gets a certificate.json.
    """
    from symplect.certify import certify as write

    print(write(run))


COMMANDS = {"tasks": tasks, "reproduce": reproduce, "report": report, "certify": certify}


def main() -> None:
    """Runs one command: exit code 0 when done, 2 for a wrong input or call, 130 on Ctrl-C, 1 for anything else."""
    _configure()
    try:
        tyro.extras.subcommand_cli_from_dict(
            COMMANDS,
            prog="symplect",
            description="Hamiltonian neural networks: learn H(q, p) from data, and move along its symplectic gradient.",
        )
    except (InputError, NotAvailableError) as error:
        print(f"symplect: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print(
            "symplect: interrupted; what was finished is saved, and the same command goes on from here", file=sys.stderr
        )
        sys.exit(130)


def _configure() -> None:
    """Double precision, and compiled programs kept for the next call unless the user's environment says otherwise.

    By the environment, since JAX is not imported yet: help needs none.
    """
    os.environ["JAX_ENABLE_X64"] = "1"
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(platformdirs.user_cache_path("symplect") / "compiled")
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")
