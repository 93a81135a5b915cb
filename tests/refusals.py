"""Calls that must be refused: in one line, soon, within memory."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from symplect import cli
from symplect.tables import Columns

ROLES = Columns(q=("x",), p=("v",), time="t")
NAMED = ("--q", "x", "--p", "v", "--time", "t")
SYMPLECT = str(Path(sys.executable).with_name("symplect"))
SECONDS = 10.0  # that a refusal may take, on a machine with other work


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["symplect", *map(str, arguments)])
    cli.main()


def refused(capfd, monkeypatch, *arguments):
    """Returns the one line of a call in this process; file descriptors are watched, since Rust writes there."""
    with pytest.raises(SystemExit) as stop:
        call(monkeypatch, *arguments)
    return one_line(stop.value.code, capfd.readouterr().err)


def one_line(code, errors):
    assert code == 2, errors
    assert re.match(r"symplect: (\w+: )?expected ", errors), errors
    assert errors.count("\n") == 1
    assert len(errors) < 2100
    assert errors.strip("\n").isprintable()
    return errors


def in_a_process(*arguments, memory=2**33, cwd=None):
    """Returns code and errors of a call in a process of its own with so much memory."""

    limited = ["sh", "-c", f'ulimit -v {memory // 1024} && exec "$@"', "sh", SYMPLECT, *map(str, arguments)]
    done = subprocess.run(limited, capture_output=True, text=True, timeout=60, cwd=cwd)
    return done.returncode, done.stderr
