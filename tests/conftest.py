"""Double precision, JAX at its strictest, and what many tests look at, made once for all processes that test."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest
from filelock import FileLock
from playwright.sync_api import sync_playwright

from tests.explorer_scripts import POLICIES, bare_page

COMPILED = Path(__file__).parent.parent / ".pytest_cache" / "compiled"

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_compilation_cache_dir", str(COMPILED))
jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(COMPILED)  # for the processes that tests start
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["EQX_ON_ERROR"] = "nan"  # as commands do: JAX keeps no program that may call back into Python


def pytest_collection_modifyitems(items):
    """The examples of fits, of judgement and of solvers take long to compile: they run with the slow tests."""
    for item in items:
        if isinstance(item, pytest.DoctestItem) and item.path.parent.name in ("fitting", "evaluation", "integrate"):
            item.add_marker(pytest.mark.slow)


MAPS = Path("/proc/self/maps")


def pytest_runtest_teardown():
    """Compiled programs take memory maps, of which Linux gives a process 65,530: the slow tests would need more."""
    if MAPS.exists() and len(MAPS.read_text().splitlines()) > 20_000:
        jax.clear_caches()


def made_once(factory, name, make):
    """Returns a folder that the first process to ask for it fills; the others wait."""
    shared = factory.getbasetemp().parent if "PYTEST_XDIST_WORKER" in os.environ else factory.getbasetemp()
    folder = shared / name
    with FileLock(shared / f"{name}.lock"):
        if not folder.exists():
            unfinished = shared / f"{name}.unfinished"
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(folder)
    return folder


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory):
    """Returns the folder of a short but whole reproduction of task 1; tests copy it before they change it."""

    def make(folder):
        command = [Path(sys.executable).with_name("symplect"), "reproduce", "mass-spring", "--seeds", "2"]
        command += ["--steps", "150", "--models", "baseline", "hnn", "--out", folder / "paper"]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        (folder / "printed").write_text(done.stdout)

    return made_once(tmp_path_factory, "reproduced", make) / "paper"


CHROMIUM = Path("/usr/bin/chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
QUIET += ["--disable-sync", "--no-first-run"]


@pytest.fixture(scope="module")
def browser():
    """Returns Debian's Chromium without a window."""
    if not CHROMIUM.exists():
        pytest.skip("apt-get install chromium to look at pages in a browser")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield browser
        browser.close()


@pytest.fixture(scope="module", params=POLICIES)
def view(browser, request):
    """Returns a page in which the scripts are loaded, with and without WebAssembly."""
    yield from bare_page(browser, request.param)


@pytest.fixture(scope="module")
def fast(browser):
    """Returns a page with WebAssembly alone, for what does not depend on it."""
    yield from bare_page(browser)
