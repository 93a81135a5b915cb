"""A frame of the explorer while the start is dragged: python benchmarks/explorer_frame.py

Networks of the paper's size, 400 Runge-Kutta steps for truth, HNN and baseline, in headless Chromium: the time from the
move of the pointer to curves, handles and energy chart drawn again, of 120 moves; with the kernels of WebAssembly and
without them. Weights are random, which costs what trained ones cost.
"""

import statistics
import tempfile
from pathlib import Path

import jax
import numpy as np
from playwright.sync_api import Page, sync_playwright

from symplect import HNN, Baseline, rollout
from symplect.dynamics import energies
from symplect.experiments.tasks import TASKS
from symplect.integrate import RK4
from symplect.runs import TaskConfig, TaskRun, save_run
from symplect.views.explorer import explore

MOVES = 120
DRAG = """async (moves) => {
    const { system, chosen } = symplect.shown;
    const times = [];
    for (let i = 0; i < moves; i++) {
        const start = system.start.map((value, k) => value + 0.2 * Math.sin(0.1 * i + k));
        symplect.shown.moveStart(Float64Array.from(start));
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        times.push(symplect.shown.frameTime);
    }
    return { times, steps: Math.round(chosen.horizon / chosen.step) };
}"""


def runs(task: str, folder: Path) -> Path:
    """Writes runs of both published models with random weights, and returns the folder of the HNN's."""
    system = TASKS[task].energy
    data = TASKS[task].make_data(0, None, None)
    t = np.linspace(0.0, 20.0, 50)
    truth = np.asarray(rollout(system, data.truth.states[:1], t, solver=RK4(substeps=20)).states)
    energy = np.asarray(energies(system.hamiltonian, truth))
    for name, kind in {"baseline": Baseline, "hnn": HNN}.items():
        run = TaskRun(
            config=TaskConfig(task, name, seed=0, settings={"steps": 0}, version="benchmark"),
            metrics={},
            history={name: np.zeros(1) for name in ("step", "train_loss", "test_loss")},
            rollout={"t": t, "truth": truth, "prediction": truth, "energy_truth": energy, "energy_prediction": energy},
            model=kind(jax.random.key(0), system.degrees_of_freedom),
        )
        save_run(folder / task / name / "seed-0", run)
    return folder / task / "hnn" / "seed-0"


def measured(page: Page, path: Path) -> str:
    """Drags the start on a page and returns what that took."""
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-ready]")
    page.wait_for_timeout(500)
    page.evaluate(DRAG, 40)  # until the browser has optimised
    found = page.evaluate(DRAG, MOVES)
    times = sorted(found["times"])
    median, late = statistics.median(times), times[int(0.95 * len(times))]
    return f"{found['steps']} steps, {median:5.1f} ms median, {late:5.1f} ms in 95 of 100"


def main() -> None:
    """Prints a line for every task, with and without WebAssembly."""
    with tempfile.TemporaryDirectory() as scratch, sync_playwright() as playwright:
        pages: dict[str, Path] = {}
        for task in ("pendulum", "two-body", "three-body"):
            pages[task] = Path(scratch) / f"{task}.html"
            explore(runs(task, Path(scratch)), pages[task])
        flags = ["--no-sandbox", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
        for name, block in {"WebAssembly": "", "plain JavaScript": "delete globalThis.WebAssembly;"}.items():
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.add_init_script(block)
            for task, path in pages.items():
                size = path.stat().st_size / 1e6
                print(f"{task:10} {name:17} {measured(page, path)}, page of {size:.2f} MB", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
