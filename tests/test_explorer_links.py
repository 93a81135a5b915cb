"""Chains of links in the explorer: drawn where they are, dragged by their joints, and nothing where there are none."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN
from symplect.experiments.tasks import TASKS
from symplect.runs import save_run
from symplect.tables import Columns
from symplect.views.explorer import explore
from symplect.views.explorer.links import chain_of_system, chain_of_table, chain_of_task
from tests.explorer_folders import saved
from tests.fake_runs import TRAINING, made_up_training, runs_of_every_method
from tests.malformed import own_run
from tests.members import SYSTEMS, member
from tests.test_explorer_page import settled, until

JOINTS = "symplect.shown.plane.joints(symplect.shown.chosen.start)"
START = "Array.from(symplect.shown.chosen.start)"

# What the page is told


def test_chains_are_those_systems_whose_positions_are_angles_of_links():
    found = {name: chain_of_system(member(name)[0]) for name in SYSTEMS}
    lengths = {name: chain["lengths"] for name, chain in found.items() if chain}
    assert lengths == {
        "pendulum": [0.7],
        "pendulum, as published": [1.0],
        "double pendulum": [0.9, 1.1],
        "triple pendulum": [0.9, 1.1, 0.7],
        "two-link arm": [0.9, 1.0],
    }


def test_lengths_of_tasks_are_those_of_their_systems_and_not_known_of_a_real_pendulum():
    found = {name: chain["lengths"] for name, task in TASKS.items() if (chain := chain_of_task(task))}
    assert found.pop("real-pendulum") is None
    assert found == {name: chain_of_system(TASKS[name].energy)["lengths"] for name in found}
    assert {"pendulum", "double-pendulum", "two-link-arm", "chain-pendulum-5"} <= set(found)


@pytest.mark.parametrize(
    ("angles", "lengths", "expected"),
    [
        (("a", "b", "c"), [2.0, 1.0, 0.5], [2.0, 1.0, 0.5]),
        (("c", "a", "b"), [2.0, 1.0], [2.0, 1.0, 1.0]),  # no motion tells that of the last
        (("a", "b", "c"), None, None),
        (("a", "b", "c"), [2.0, float("nan"), 1.0], None),
        (("a", "b", "c"), [2.0, -1.0, 1.0], None),
    ],
)
def test_tables_of_angles_are_chains_of_known_or_equal_lengths(angles, lengths, expected):
    chain = chain_of_table(Columns(q=("a", "b", "c"), angles=angles), lengths, relative=True)
    assert chain
    assert (chain["lengths"], chain["relative"]) == (expected, True)


@pytest.mark.parametrize("angles", [(), ("b",)])
def test_tables_with_other_positions_are_none(angles):
    assert chain_of_table(Columns(q=("a", "b"), angles=angles)) is None


# Where joints are drawn

PLACES = """async ([links, states]) => {
  const { Linkage } = await import("symplect/links.js");
  const canvas = () => document.createElement("canvas");
  const linkage = new Linkage(canvas(), canvas(), { links, degreesOfFreedom: states[0].length / 2 }, links.relative);
  return states.map((state) => linkage.joints(state));
}"""

MASSES = {
    "pendulum": lambda system, joints: system.m * joints[:, 1, 1],
    "double pendulum": lambda system, joints: joints[:, 1:, 1] @ np.array([system.m1, system.m2]),
    "triple pendulum": lambda system, joints: joints[:, 1:, 1] @ np.asarray(system.masses),
    "two-link arm": lambda system, joints: (
        system.m1 * system.r1 / system.l1 * joints[:, 1, 1] + system.m2 * np.mean(joints[:, 1:, 1], axis=1)
    ),
}
"""Mass times height out of the joints: of points at their ends, or of the middle of an arm's second link."""


@pytest.mark.parametrize("name", MASSES)
def test_heights_of_the_joints_are_the_potential_energy(fast, name):
    system, start = member(name)
    states = np.random.default_rng(0).uniform(-4, 4, (20, len(start)))
    states[:, len(start) // 2 :] = 0.0
    joints = np.array(fast.evaluate(PLACES, [chain_of_system(system), states.tolist()]))
    at_rest = np.asarray(jax.vmap(system.hamiltonian)(jnp.asarray(states)))
    rest = at_rest - float(system.g) * np.asarray(MASSES[name](system, joints))
    assert np.ptp(at_rest) > 1.0
    assert np.ptp(rest) < 1e-8


# The page


def run_of_angles(angles):
    """Returns a run of a table of two positions that nobody fitted."""
    run = own_run()
    columns = Columns(q=("a", "b"), velocity=("v", "w"), time="t", angles=angles)
    data = dataclasses.replace(run.config.data, columns=columns, names=("a", "b", "v", "w"), observed=(True,) * 4)
    t = run.rollout["t"]
    states = np.stack([np.cos(t), 0.5 * np.cos(t), -np.sin(t), -0.5 * np.sin(t)], axis=1)
    rollout = {**run.rollout, "train": states, "truth": states, "prediction": states}
    config = dataclasses.replace(run.config, data=data)
    return dataclasses.replace(run, config=config, rollout=rollout, model=HNN(jax.random.key(0), 2, width=8))


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Returns pages of a double pendulum, of a pendulum, of own angles and of own positions."""
    folder = tmp_path_factory.mktemp("links")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TRAINING, made_up_training)
        for task in ("double-pendulum", "pendulum"):
            runs = [run for run in runs_of_every_method(task) if run.config.model in ("baseline", "hnn")]
            explore(saved(folder, runs)[1], folder / f"{task}.html")
    for name, angles in (("angles", ("a", "b")), ("positions", ("b",))):
        save_run(folder / name, run_of_angles(angles))
        explore(folder / name, folder / f"{name}.html")
    return folder


@pytest.fixture
def shown(browser, pages, request):
    """Returns one of the pages, and sees to it that nothing complained."""
    view = browser.new_page(viewport={"width": 1280, "height": 1000})
    said = []
    view.on("console", lambda message: said.append(message.text))
    view.on("pageerror", lambda error: said.append(str(error)))
    view.goto((pages / f"{getattr(request, 'param', 'double-pendulum')}.html").as_uri())
    view.wait_for_selector("html[data-ready]")
    settled(view)
    yield view
    assert said == []
    view.close()


def drag(view, joint, x, y):
    """Drags a joint to a place in the plane of the links; returns the places of all joints then."""
    box = view.locator(".handle.joint").nth(joint).bounding_box()
    stage = view.locator(".stage").bounding_box()
    to = view.evaluate(f"[symplect.shown.plane.frame.toX({x}), symplect.shown.plane.frame.toY({y})]")
    view.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    view.mouse.down()
    view.mouse.move(stage["x"] + to[0], stage["y"] + to[1], steps=8)
    view.mouse.up()
    settled(view)
    return np.array(view.evaluate(JOINTS))


def colour_at(view, place):
    """Returns the colour that is drawn at a place of the plane, above the ground."""
    return view.evaluate(
        f"""() => {{
            const {{ frame, above }} = symplect.shown.plane;
            const [x, y] = {place}.map((value, i) => Math.round(i ? frame.toY(value) : frame.toX(value)));
            const one = new OffscreenCanvas(1, 1).getContext("2d");
            one.drawImage(above.canvas, x, y, 1, 1, 0, 0, 1, 1);
            const [red, green, blue] = one.getImageData(0, 0, 1, 1).data;
            return "#" + [red, green, blue].map((value) => value.toString(16).padStart(2, "0")).join("");
        }}"""
    )


def test_links_are_drawn_and_move_with_the_paths(shown):
    assert shown.get_by_label("Picture").locator("option").all_inner_texts() == ["links", "two coordinates"]
    assert shown.locator(".stage canvas").last.get_attribute("aria-label").startswith("The links")
    middle = f"{JOINTS}[1].map((value) => value / 2)"
    assert colour_at(shown, middle) == shown.evaluate("getComputedStyle(document.body).getPropertyValue('--text')")
    for box in shown.locator(".legend input").all()[:2]:
        box.uncheck()
    now = "symplect.shown.plane.joints(symplect.shown.paths.at(-1).moment(250))"
    learned = shown.evaluate("getComputedStyle(document.body).getPropertyValue('--learned')")
    assert colour_at(shown, f"{now}[1]") != learned
    shown.evaluate("symplect.shown.change({ moment: 250 })")
    settled(shown)
    assert [colour_at(shown, f"{now}[{joint}]") for joint in (1, 2)] == [learned, learned]


@pytest.mark.parametrize(("joint", "place"), [(0, (0.9, -0.2)), (1, (1.2, 0.5))])
def test_a_dragged_joint_sets_its_angle_and_the_paths_follow(shown, joint, place):
    before, start = shown.evaluate("symplect.shown.paths.map((path) => path.end[0])"), shown.evaluate(START)
    joints = drag(shown, joint, *place)
    link, wanted = joints[joint + 1] - joints[joint], np.subtract(place, joints[joint])
    assert np.hypot(*link) == pytest.approx(1.0)
    assert np.arctan2(*link) == pytest.approx(np.arctan2(*wanted), abs=0.02)  # of a pixel
    after = shown.evaluate(START)
    assert after[joint] == pytest.approx(np.arctan2(link[0], -link[1]))
    assert [value for i, value in enumerate(after) if i != joint] == [x for i, x in enumerate(start) if i != joint]
    assert shown.evaluate("symplect.shown.paths.map((path) => Array.from(path.at(0)))") == [after] * 3
    ends = shown.evaluate("symplect.shown.paths.map((path) => path.end[0])")
    assert np.all(np.abs(np.subtract(ends, before)) > 1e-3)


def test_the_keyboard_turns_a_joint(shown):
    before = shown.evaluate(START)
    shown.locator(".handle.joint").first.press("ArrowRight")
    shown.locator(".handle.joint").last.press("ArrowLeft")
    settled(shown)
    after = shown.evaluate(START)
    assert after[0] > before[0]
    assert after[1] < before[1]
    label = shown.locator(".handle.joint").first.get_attribute("aria-label")
    assert label.startswith(f"End of link 1: q1 {after[0]:.3g}"[:24])


def test_a_joint_that_is_dragged_over_the_top_stays_within_a_turn_of_the_data(shown):
    shown.evaluate("symplect.shown.moveStart(Float64Array.from([3.0, 0.1, 0, 0]))")
    settled(shown)
    drag(shown, 0, -0.3, 1.0)
    middle = np.mean(shown.evaluate("symplect.shown.system.range(0)"))
    assert shown.evaluate(START)[0] == pytest.approx(np.arctan2(-0.3, -1.0), abs=0.02)
    assert abs(shown.evaluate(START)[0] - middle) <= np.pi


@pytest.mark.parametrize("shown", ["angles"], indirect=True)
def test_own_angles_are_drawn_in_either_way_with_equal_lengths(shown):
    names = shown.get_by_label("Picture").locator("option").all_inner_texts()
    assert names == ["links, angles from the vertical", "links, angles from the one before", "two coordinates"]
    assert "not known" in shown.locator(".caption").inner_text()
    a, b, *_ = shown.evaluate(START)
    for name, second in (("relative", a + b), ("links", b)):
        shown.get_by_label("Picture").select_option(name)
        settled(shown)
        expected = np.array([[np.sin(a), -np.cos(a)], [np.sin(second), -np.cos(second)]])
        np.testing.assert_allclose(np.diff(shown.evaluate(JOINTS), axis=0), expected, atol=1e-12)
    shown.get_by_label("Picture").select_option("relative")
    settled(shown)
    drag(shown, 0, 0.1, -0.9)
    assert shown.evaluate(START)[1] == b


@pytest.mark.parametrize("shown", ["pendulum"], indirect=True)
def test_a_pendulum_is_shown_in_phase_space_first_and_as_a_link_on_demand(shown):
    assert shown.locator(".handle.state").count() == 1
    shown.get_by_label("Picture").select_option("links")
    settled(shown)
    assert shown.locator(".handle.joint").count() == shown.locator(".handle").count() == 1
    drag(shown, 0, 0.5, -0.5)
    assert shown.evaluate(START)[0] == pytest.approx(np.pi / 4, abs=0.02)
    shown.get_by_label("Picture").select_option("plane")
    until(shown, "document.querySelector('.handle.state')")


@pytest.mark.parametrize("shown", ["positions"], indirect=True)
def test_nothing_is_drawn_of_other_positions(shown):
    assert shown.evaluate("symplect.shown.system.links") is None
    assert shown.get_by_label("Picture").count() == 0
    assert shown.locator(".handle.state").count() == shown.locator(".handle").count() == 1
