"""Everything the README says is done here."""

import re
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from symplect import cli
from tests.needs import FOLDER

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def blocks(language):
    return [text for name, text in re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL) if name == language]


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1])
def test_the_quickstart_runs_as_a_user_would_run_it(number):
    code = blocks("python")[number]
    assert len(code.strip().splitlines()) <= 13
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "[" in done.stdout


def test_the_make_targets_exist():
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in re.findall(r"^make ([a-z-]+)", "\n".join(blocks("sh")), re.MULTILINE):
        assert target in targets


@pytest.mark.slow
def test_the_commands_are_understood(monkeypatch, tmp_path, capsys):
    """The long command runs for one step here; everything else of it is as written."""
    monkeypatch.chdir(tmp_path)
    commands = [line for block in blocks("sh") for line in block.splitlines() if line.startswith("symplect")]
    own = [command for command in commands if "runs/swing" in command]
    assert (len(commands), len(own)) == (9, 4)
    if measured := (FOLDER / "invar_datasets.zip").is_file():
        zipfile.ZipFile(FOLDER / "invar_datasets.zip").extract("real_pend_h_1.txt")
    for command in commands if measured else commands[len(own) :]:
        arguments = shlex.split(command)
        if "reproduce" in arguments:
            arguments += ["--steps", "1"]
            arguments[arguments.index("--seeds") + 1] = "1"
        monkeypatch.setattr(sys, "argv", arguments)
        cli.main()
    assert (tmp_path / "runs" / "mine" / "table.md").exists()
    assert (tmp_path / "runs" / "mine" / "report.html").exists()
    said = capsys.readouterr().out
    assert "two-body" in said
    if measured:
        assert "Energy is not conserved: 1.12 ±" in said
        assert (tmp_path / "path.csv").exists()


def tree():
    """Yields every path of the README's file tree."""
    folder = ""
    for line in blocks("")[0].splitlines():
        name = line.split()[0]
        if line.startswith("symplect/"):
            folder = name
        yield name if not line.startswith("  ") else folder + name


@pytest.mark.parametrize("path", list(tree()))
def test_the_file_tree_is_true(path):
    assert (ROOT / path).exists()


def test_the_file_tree_misses_nothing_of_the_package():
    named = {Path(path).name for path in tree()}
    for path in (ROOT / "symplect").iterdir():
        assert path.name in named or path.name in ("__init__.py", "__pycache__")


@pytest.mark.slow
def test_the_guides_code_runs_from_top_to_bottom():
    guide = (ROOT / "docs" / "which-fit.md").read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", guide, re.DOTALL))
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
