"""The site: commands are understood, code runs, every page is found, and nothing comes from outside."""

import ast
import functools
import importlib
import importlib.util
import inspect
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from symplect import cli, fitting

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.py"))
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def name_of(path):
    return str(path.relative_to(ROOT))


def commands():
    """Yields every command of the pages and the README: the lines of blocks, and what the text names with arguments."""
    for page in [ROOT / "README.md", *PAGES]:
        text = page.read_text()
        lines = [line for name, _, block in FENCE.findall(text) if name == "sh" for line in block.splitlines()]
        named = re.findall(r"`(symplect [^`]+)`", FENCE.sub("", text).replace("\n", " "))
        lines += [command for command in named if len(command.split()) > 2]
        for line in lines:
            if line.startswith("symplect "):
                yield pytest.param(re.split(r"\s+(?:\d?>|\||#)", line)[0], id=f"{name_of(page)}: {line}")


@pytest.mark.parametrize("command", list(commands()))
def test_every_command_is_understood(command, monkeypatch):
    """It is parsed as the command line parses it, and stops short of doing it."""
    called = []

    def stub(name, function):
        return functools.wraps(function)(lambda *_, **__: called.append(name))

    monkeypatch.setattr(cli, "COMMANDS", {name: stub(name, function) for name, function in cli.COMMANDS.items()})
    monkeypatch.setattr(cli, "configure", lambda: None)
    monkeypatch.setattr(sys, "argv", shlex.split(command))
    cli.main()
    assert called == [shlex.split(command)[1]]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_is_run_or_said_not_to_be(page):
    """The site's build runs them; what it would leave alone by mistake is found here."""
    for language, rest, block in FENCE.findall(page.read_text()):
        assert language in ("python", "sh"), language
        assert rest in (("", " not run") if language == "sh" else ("",)), rest
        if language == "python":
            ast.parse(block)


def listed(nav):
    for entry in nav:
        (found,) = entry.values() if isinstance(entry, dict) else (entry,)
        yield from listed(found) if isinstance(found, list) else [found]


def test_the_navigation_lists_every_page_once():
    nav = yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]
    assert sorted(listed(nav)) == sorted(str(path.relative_to(DOCS)) for path in [*PAGES, *NOTEBOOKS])


def test_every_room_of_the_package_has_a_page():
    said = "".join(page.read_text() for page in (DOCS / "api").glob("*.md"))
    for room in ("data", "tables", "systems", "integrate", "models", "models.features", "evaluation"):
        assert f"::: symplect.{room}\n" in said + "\n"
    for name in set(fitting.__all__) - {"Structure"}:  # a page cannot see names that are imported when they are used
        assert f"{name}\n" in said
    for room in (
        "auto",
        "regressor",
        "export",
        "runs",
        "experiments.tasks",
        "dynamics",
        "mechanics",
        "control",
        "auto.diagnosis",
    ):
        assert f"::: symplect.{room}" in said


def test_no_file_of_the_site_is_large():
    for path in DOCS.rglob("*"):
        assert path.stat().st_size < 200_000, path


@pytest.fixture(scope="module")
def hooks():
    found = importlib.util.spec_from_file_location("hooks", DOCS / "hooks.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_formulas_need_no_script(hooks):
    page = type("Page", (), {"url": "api/data.html"})
    written = hooks.on_post_page(r'<span class="arithmatex">\(a &lt; \sqrt{b}\)</span>', page, None)
    assert written.startswith("<math")
    assert "<msqrt>" in written
    assert "arithmatex" not in written


def test_plotly_comes_from_the_site(hooks):
    page = type("Page", (), {"url": "notebooks/own.html"})
    given = '<head></head><script src="https://cdn.example/plotly.js"></script><script>Plotly.newPlot("a")</script>'
    written = hooks.on_post_page(given, page, None)
    assert "https:" not in written
    assert '<script src="../assets/plotly.min.js">' in written


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Returns the site, built without a network; building it runs every block and every notebook."""
    folder = tmp_path_factory.mktemp("site")
    dead = "http://127.0.0.1:9"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=3000,
        env={**os.environ, "http_proxy": dead, "https_proxy": dead, "SYMPLECT_DATA": ""},
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder


@pytest.mark.slow
def test_the_pages_ask_for_nothing_from_outside(site):
    for page in site.rglob("*.html"):
        text = page.read_text()
        loaded = re.findall(
            r"<(?:script|link|img|iframe|source|video|object|embed)\b[^>]*?(?:src|href|data)=[\"']?([^\"' >]+)", text
        )
        loaded += re.findall(r"<style[^>]*>.*?</style>", text, re.DOTALL)
        loaded += re.findall(r"import\s*\(?[\"']([^\"']+)", text)
        for what in loaded:
            assert not re.search(r"(?:^|url\([\"']?|@import\s*[\"'])(?:https?:)?//", what), f"{page}: {what[:200]}"
    for style in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(?:https?:)?//|@import", style.read_text()), style


@pytest.mark.slow
def test_every_public_name_is_explained(site):
    explained = set(
        re.findall(r'id="symplect\.([\w.]+)"', "".join(p.read_text() for p in (site / "api").rglob("*.html")))
    )
    for room in (
        "data",
        "tables",
        "systems",
        "integrate",
        "models.features",
        "fitting",
        "evaluation",
        "auto",
        "export",
    ):
        module = importlib.import_module(f"symplect.{room}")
        for name in module.__all__:
            what = getattr(module, name)
            if inspect.isroutine(what) or inspect.isclass(what):
                where_it_lives = f"{what.__module__.removeprefix('symplect.')}.{name}"
                assert {f"{room}.{name}", f"{room}.{name}.{name}", where_it_lives} & explained, f"{room}.{name}"


@pytest.mark.slow
def test_every_link_inside_the_site_leads_somewhere(site):
    for page in site.rglob("*.html"):
        if page.name == "404.html":
            continue
        for link in re.findall(r"<(?:a|img|script|link)\b[^>]*?(?:src|href)=\"([^\"]+)\"", page.read_text()):
            parts = urlsplit(link)
            if parts.scheme or not parts.path:
                continue
            target = (page.parent / unquote(parts.path)).resolve()
            assert target.is_file(), f"{page}: {link}"


@pytest.mark.slow
def test_the_blocks_printed_what_they_should(site):
    text = {str(page.relative_to(site)).removesuffix(".html"): page.read_text() for page in site.rglob("*.html")}
    assert "Energy is conserved, as far as these data tell" in text["quickstart"]
    assert "Energy is not conserved" in text["guides/friction"]
    for name in ("gallery", "notebooks/own_data", "notebooks/pendulum", "notebooks/friction", "notebooks/swing_up"):
        assert "Plotly.newPlot" in text[name]
    run = {name: page for name, page in text.items() if not name.startswith("api/")}  # docstrings may show a refusal
    assert not [name for name, page in run.items() if "Traceback" in page]
    assert not [name for name, page in text.items() if "/tmp/" in page]
