"""The explorer as a person drives it: dragged, by keyboard, on a phone, without a network."""

import time

import numpy as np
import pytest

from symplect.results.certificates import certify
from symplect.views.explorer import explore
from tests.fake_runs import TRAINING, made_up_training, reproduction

CURVES = "() => symplect.shown.paths.map((path) => [path.model.role, Array.from(path.forward)])"


@pytest.fixture(scope="module")
def pages(reproduced, tmp_path_factory):
    """Returns the page of one trained run, and that of a reproduction of six tasks."""
    folder = tmp_path_factory.mktemp("explorer") / "paper"
    reproduction(reproduced, folder)
    certify(folder / "mass-spring" / "hnn" / "seed-0")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TRAINING, made_up_training)
        explore(folder / "mass-spring" / "hnn" / "seed-0", folder / "one.html")
        explore(folder, folder / "all.html")
    return folder


@pytest.fixture
def opened(browser, pages, request):
    """Returns a page without a network, and sees to it that nothing was asked for and nothing complained."""
    name, options = getattr(request, "param", ("one.html", {}))
    context = browser.new_context(viewport={"width": 1280, "height": 1000}, **options)
    context.set_offline(True)
    view = context.new_page()
    said, asked = [], []
    view.on("console", lambda message: said.append(message.text))
    view.on("pageerror", lambda error: said.append(str(error)))
    view.on("request", lambda asking: asked.append(asking.url))
    view.goto((pages / name).as_uri())
    view.wait_for_selector("html[data-ready]")
    yield view
    assert said == []
    assert {url for url in asked if not url.startswith("data:")} == {(pages / name).as_uri()}
    context.close()


def until(view, condition):
    """Waits for a condition; Playwright's own way to wait is `eval`, which the page's policy forbids."""
    end = time.monotonic() + 20
    while not view.evaluate(f"() => Boolean({condition})"):
        assert time.monotonic() < end, condition
        view.wait_for_timeout(20)


def settled(view):
    """Waits until what follows from the last change is drawn."""
    until(view, "symplect.shown.pathsKnown && symplect.shown.settled && !symplect.shown.waiting")


def curves(view):
    settled(view)
    return {role: np.array(states).reshape(-1, 2) for role, states in view.evaluate(CURVES)}


def kept(view):
    """Returns the cells of the table of what the paths keep, by path."""
    rows = view.locator("[aria-label='What the paths keep'] tbody tr")
    return {
        row.locator("th").inner_text(): [cell.replace("−", "-") for cell in row.locator("td").all_inner_texts()]
        for row in rows.all()
    }


def test_dragging_the_start_moves_all_three_curves(opened):
    before = curves(opened)
    assert before.keys() == {"truth", "baseline", "learned"}
    box = opened.locator(".handle.state").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    opened.mouse.move(x, y)
    opened.mouse.down()
    opened.mouse.move(x - 60, y + 40, steps=5)
    opened.mouse.up()
    after = curves(opened)
    starts = [path[0] for path in after.values()]
    assert starts[0][0] < before["truth"][0][0]
    assert starts[0][1] < before["truth"][0][1]
    for role, path in after.items():
        np.testing.assert_array_equal(path[0], starts[0])
        assert np.max(np.abs(path[-1] - before[role][-1])) > 1e-2
        assert np.max(np.abs(path - after["truth"])) > 1e-3 or role == "truth"


@pytest.mark.parametrize(("name", "sign"), [("Add energy", 1), ("Remove energy", -1)])
def test_energy_rises_and_falls_by_what_was_asked(opened, name, sign):
    energy = "() => symplect.shown.learned.dynamics.hamiltonian(symplect.shown.chosen.start)"
    before = opened.evaluate(energy)
    opened.get_by_label("Amount").fill("0.05")
    opened.get_by_role("button", name=name).click()
    assert opened.evaluate(energy) - before == pytest.approx(sign * 0.05, rel=1e-2)
    assert "Learned H went from" in opened.locator("fieldset", has_text="Amount").inner_text()


def test_a_thousand_steps_forward_and_back_return_and_only_the_hnn_keeps_volume(opened):
    opened.evaluate("symplect.shown.change({ step: symplect.shown.chosen.horizon / 1000 })")
    opened.emulate_media(reduced_motion="reduce")
    opened.get_by_role("button", name="Run backward").click()
    until(opened, "symplect.shown.paths[0].back && symplect.shown.settled")
    assert opened.evaluate("symplect.shown.paths[0].steps") == 1000
    rows = kept(opened)
    for drift, volume, missed in rows.values():
        assert float(missed) < 1e-3
        assert float(drift) >= 0
        assert float(volume) > 0
    assert float(rows["HNN"][1]) == pytest.approx(1, abs=1e-3)
    assert float(rows["truth"][1]) == pytest.approx(1, abs=1e-6)
    assert abs(float(rows["baseline"][1]) - 1) > 0.05
    volumes = opened.evaluate("symplect.shown.paths.map((path) => [path.model.role, Array.from(path.volumes)])")
    for role, along in volumes:
        assert np.ptp(along) < 1e-3 or role == "baseline"


def test_play_moves_the_dots_and_reset_puts_everything_back(opened):
    before = curves(opened)
    opened.get_by_role("button", name="Play").click()
    until(opened, "symplect.shown.chosen.moment > 5")
    opened.get_by_role("button", name="Pause").click()
    opened.get_by_label("Method").select_option("implicit_midpoint")
    opened.get_by_label("Speed").select_option("4")
    opened.get_by_label("Start, q").fill("0.3")
    opened.get_by_label("Start, q").press("Enter")
    until(opened, "symplect.shown.chosen.start[0] === 0.3")
    opened.get_by_role("button", name="Reset").click()
    after = curves(opened)
    for role, path in after.items():
        np.testing.assert_array_equal(path, before[role])
    assert opened.get_by_label("Speed").input_value() == "1"
    assert opened.get_by_label("Method").input_value() == "rk4"


def test_running_backward_while_playing_is_one_motion(opened):
    opened.evaluate("symplect.shown.change({ horizon: symplect.shown.system.horizon })")
    opened.get_by_role("button", name="Play").click()
    opened.get_by_role("button", name="Run backward").click()
    seen = opened.evaluate(
        """async () => {
            const seen = [];
            for (let i = 0; i < 20; i++) {
                await new Promise(requestAnimationFrame);
                seen.push(symplect.shown.chosen.moment);
            }
            return seen;
        }"""
    )
    assert seen == sorted(seen)
    assert seen[0] >= opened.evaluate("symplect.shown.paths[0].steps")


def test_leapfrog_moves_what_is_separable_and_runge_kutta_the_rest(opened):
    opened.get_by_label("Method").select_option("leapfrog")
    settled(opened)
    methods = dict(opened.evaluate("symplect.shown.paths.map((path) => [path.model.role, path.method])"))
    assert methods == {"truth": "leapfrog", "baseline": "rk4", "learned": "rk4"}


def test_the_keyboard_is_enough(opened):
    for _ in range(40):
        opened.keyboard.press("Tab")
        if opened.evaluate("document.activeElement.className") == "handle state":
            break
    before = curves(opened)["learned"][0]
    opened.keyboard.press("ArrowRight")
    opened.keyboard.press("Shift+ArrowUp")
    after = curves(opened)["learned"][0]
    assert after[0] > before[0]
    assert after[1] - before[1] > 3 * (after[0] - before[0])
    assert opened.evaluate("document.activeElement.className") == "handle state"
    reached = set()
    for _ in range(40):
        opened.keyboard.press("Tab")
        reached.add(opened.evaluate("document.activeElement.textContent || document.activeElement.type"))
    assert {"Play", "Run backward", "Reset", "Add energy", "Remove energy", "range", "number"} <= reached


def test_keys_faster_than_frames_all_count(opened):
    before = curves(opened)["learned"][0]
    opened.evaluate(
        """() => {
            const handle = document.querySelector(".handle.state");
            for (const key of ["ArrowRight", "ArrowRight", "ArrowUp"]) {
                handle.dispatchEvent(new KeyboardEvent("keydown", { key }));
            }
        }"""
    )
    after = curves(opened)["learned"][0]
    x, y = opened.evaluate("[symplect.shown.plane.frame.x, symplect.shown.plane.frame.y]")
    assert after - before == pytest.approx([0.02 * (x[1] - x[0]), 0.01 * (y[1] - y[0])])


def test_every_control_has_a_name_and_what_changed_is_said(opened):
    unnamed = opened.evaluate(
        "[...document.querySelectorAll('button, input, select, canvas')].filter((one) => !one.ariaLabel"
        " && !one.textContent && !one.labels?.length && one.ariaHidden !== 'true').map((one) => one.outerHTML)"
    )
    assert unnamed == []
    settled(opened)
    assert opened.locator(".status").inner_text().startswith("Start at q ")


def test_the_certificate_stands_beside_it(opened):
    assert opened.locator("summary", has_text="Certificate of HNN").count() == 1
    assert opened.get_by_role("row", name="volume error").count() == 1
    rows = opened.locator("details tbody tr").all_inner_texts()
    assert not [row for row in rows if "–" in row and "✗" in row]  # what is not within has a value, or diverged


@pytest.mark.parametrize("opened", [("all.html", {}), ("all.html", {"color_scheme": "dark"})], indirect=True)
def test_tasks_are_switched_and_every_one_moves(opened):
    tabs = opened.locator("#systems button")
    titles = tabs.all_inner_texts()
    assert titles[0] == "All"
    assert len(titles) == 1 + 4 + 3  # of pixels, every model is a system of its own
    assert opened.locator(".card").count() == len(titles) - 1
    for title in titles[1:]:
        opened.get_by_role("button", name=title, exact=True).first.click()
        settled(opened)
        assert opened.locator("h2").inner_text() == title
        assert np.all(np.isfinite(opened.evaluate("Array.from(symplect.shown.paths.at(-1).forward)")))
        drawn = opened.evaluate(
            "[...document.querySelectorAll('.stage canvas')].map((one) => one.getContext('2d')"
            ".getImageData(0, 0, one.width, one.height).data.some((value) => value > 0))"
        )
        assert drawn == [True, True]


@pytest.mark.parametrize("opened", [("all.html", {})], indirect=True)
def test_bodies_and_their_momenta_are_dragged(opened):
    opened.get_by_role("button", name="Two bodies", exact=True).first.click()
    settled(opened)
    before = opened.evaluate("Array.from(symplect.shown.chosen.start)")
    for kind, place in ((".handle.body", 0), (".handle.momentum", 4)):
        box = opened.locator(kind).first.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        opened.mouse.move(x, y)
        opened.mouse.down()
        opened.mouse.move(x + 30, y, steps=3)
        opened.mouse.up()
        assert opened.evaluate("Array.from(symplect.shown.chosen.start)")[place] > before[place]
    opened.get_by_label("Picture").select_option("plane")
    opened.get_by_label("Upward").select_option("1")
    settled(opened)
    assert opened.locator(".handle").count() == 1


@pytest.mark.parametrize("opened", [("all.html", {})], indirect=True)
def test_without_any_curve_the_bodies_can_still_be_dragged(opened):
    opened.get_by_role("button", name="Two bodies", exact=True).first.click()
    settled(opened)
    for box in opened.locator(".legend input").all():
        box.uncheck()
    settled(opened)
    before = opened.evaluate("Array.from(symplect.shown.chosen.start)")
    opened.locator(".handle.body").first.press("ArrowRight")
    settled(opened)
    assert opened.evaluate("Array.from(symplect.shown.chosen.start)") != before


def test_every_picture_is_drawn_again_at_another_width(opened):
    settled(opened)
    opened.set_viewport_size({"width": 700, "height": 900})
    opened.wait_for_timeout(100)
    settled(opened)
    widths = "[...document.querySelectorAll('.explorer canvas')].map((one) => one.width / one.clientWidth)"
    assert opened.evaluate(widths) == pytest.approx([1] * 4, abs=0.01)


@pytest.mark.parametrize("opened", [("all.html", {})], indirect=True)
def test_the_decoded_frame_follows_the_dot(opened):
    opened.get_by_role("button", name="Pixel pendulum, HNN", exact=True).first.click()
    settled(opened)
    pixels = "document.querySelector('.pixels').toDataURL()"
    before = opened.evaluate(pixels)
    opened.get_by_label("Time", exact=True).fill("200")
    settled(opened)
    assert opened.evaluate(pixels) != before


@pytest.mark.parametrize(
    "opened", [("all.html", {"has_touch": True}), ("one.html", {"color_scheme": "dark"})], indirect=True
)
def test_nothing_is_wider_than_a_phone(opened):
    opened.set_viewport_size({"width": 400, "height": 800})
    for tab in opened.locator("#systems button:visible").all() or [None]:
        if tab:
            tab.click()
        opened.wait_for_timeout(50)
        assert opened.evaluate("document.documentElement.scrollWidth") <= 400
