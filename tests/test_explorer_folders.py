"""A folder from elsewhere gives a page or one reason, soon; the command says where, or why not."""

import dataclasses
import json
import re
import sys
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN, cli
from symplect.errors import InputError
from symplect.models import PixelHNN
from symplect.runs import save_run
from symplect.views.explorer.page import explorer_page
from symplect.views.explorer.systems import systems
from tests.explorer_folders import SECONDS, changed, content, hostile, only, reproduction, reseeded, saved
from tests.fake_runs import TRAINING, made_up_training, runs_of_every_method
from tests.malformed import own_run


@pytest.fixture(autouse=True)
def training(monkeypatch):
    """Data of tasks are not simulated again, but made up."""
    monkeypatch.setattr(TRAINING, made_up_training)


# Folders from elsewhere


def with_model(folder, change):
    """Writes a run of people's own data with another model."""
    run = own_run()
    save_run(folder, dataclasses.replace(run, model=change(run.model)))
    return folder


def spoilt(number):
    return lambda model: eqx.tree_at(lambda own: own.weights, model, model.weights.at[0].set(number))


def wide(folder, n=50):
    """Writes a run of many degrees of freedom."""
    run = own_run()
    names = tuple(f"x{i}" for i in range(2 * n))
    data = dataclasses.replace(run.config.data, names=names, observed=(True,) * 2 * n)
    states = np.random.default_rng(0).standard_normal((30, 2 * n))
    rollout = {**run.rollout, "train": states, "truth": states, "prediction": states}
    model = HNN(jax.random.key(0), n, width=200)
    config = dataclasses.replace(run.config, data=data)
    save_run(folder, dataclasses.replace(run, config=config, rollout=rollout, model=model))
    return folder


def configured(folder, **odd):
    save_run(folder, own_run())
    return reconfigured(folder, **odd)


def reconfigured(folder, **odd):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | odd))
    return folder


def with_file(folder, name, text):
    save_run(folder, own_run())
    (folder / name).write_text(text)
    return folder


X = own_run().rollout["truth"]
OWN = {
    "html": (hostile, None),
    "weights NaN": (lambda folder: with_model(folder, spoilt(np.nan)), "finite weights"),
    "weights infinite": (lambda folder: with_model(folder, spoilt(np.inf)), "finite weights"),
    "weights huge": (lambda folder: with_model(folder, spoilt(1e300)), None),
    "fifty degrees of freedom": (wide, None),
    "no states": (lambda folder: changed(folder, train=np.zeros((0, 2))), None),
    "no states, no paths": (
        lambda folder: changed(folder, train=np.zeros((0, 2)), t=None, truth=None, prediction=None, lengths=None),
        "takes some time",
    ),
    "nothing finite": (
        lambda folder: changed(folder, train=np.full((9, 2), np.nan), truth=np.full((30, 2), np.nan)),
        "takes some time",
    ),
    "states NaN": (lambda folder: changed(folder, train=np.full((9, 2), np.nan)), None),
    "states infinite": (lambda folder: changed(folder, train=np.full((9, 2), np.inf)), None),
    "states huge": (lambda folder: changed(folder, train=np.full((9, 2), 1e200)), None),
    "states that stand still": (lambda folder: changed(folder, train=np.zeros((9, 2))), None),
    "a single state": (lambda folder: changed(folder, train=np.ones((1, 2))), None),
    "a path that starts nowhere": (lambda folder: changed(folder, truth=np.full((30, 2), np.nan)), None),
    "a path with holes": (lambda folder: changed(folder, truth=np.where(np.arange(30)[:, None] % 2, np.nan, X)), None),
    "times NaN": (lambda folder: changed(folder, t=np.full(30, np.nan)), None),
    "times infinite": (lambda folder: changed(folder, t=np.full(30, np.inf)), None),
    "times that stand still": (lambda folder: changed(folder, t=np.zeros(30)), None),
    "times backward": (lambda folder: changed(folder, t=np.linspace(3.0, 0.0, 30)), None),
    "paths of one sample": (lambda folder: changed(folder, lengths=np.ones(30, int)), None),
    "cautions a number": (lambda folder: configured(folder, cautions=7), "as symplect wrote it"),
    "cautions of anything": (
        lambda folder: configured(folder, cautions=[{}, None, "x" * 100_000]),
        "as symplect wrote it",
    ),
    "the model truth": (lambda folder: configured(folder, model="truth"), None),
    "a long name": (lambda folder: configured(folder, model="m" * 1_000_000), None),
    "a certificate of nothing": (
        lambda folder: with_file(folder, "certificate.json", "{}"),
        "missing required field",
    ),
    "a certificate of numbers": (lambda folder: with_file(folder, "certificate.json", '{"rows": [1]}'), "certify"),
    "half a configuration": (lambda folder: with_file(folder, "config.json", '{"data": '), "unreadable"),
    "metrics of words": (lambda folder: with_file(folder, "metrics.json", '{"valid_time": "long"}'), "to numbers"),
    "no folder": (lambda folder: folder, "found neither"),
}


def bounded(folder):
    """Returns the page of a folder; soon, and parsed again."""
    began = time.monotonic()
    try:
        page = explorer_page(folder)
        assert only(content(page))["models"]
        return page
    finally:
        assert time.monotonic() - began < SECONDS


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", OWN)
def test_an_odd_run_of_own_data_gives_a_page_or_one_reason(tmp_path, name):
    make, reason = OWN[name]
    folder = make(tmp_path / "run")
    if reason is None:
        bounded(folder)
        return
    with pytest.raises(InputError, match=reason) as found:
        bounded(folder)
    assert str(found.value).startswith("expected ")
    assert len(str(found.value)) < 2000


def of_task(task="pendulum", **change):
    """Returns the making of a folder whose runs are changed: `array=...`, or a function of the first run."""

    def make(folder):
        runs = runs_of_every_method(task)[:2]
        alter = change.pop("alter", lambda run: run)
        rollout = dict(runs[0].rollout) | change
        runs = [dataclasses.replace(run, rollout=rollout) for run in runs] if change else runs
        return saved(folder, [alter(run) for run in runs])[1]

    return make


def diverged(run):
    if run.config.model != "hnn":
        return run
    weights = run.model.network.weights
    spoilt = eqx.tree_at(lambda model: model.network.weights[0], run.model, jnp.full_like(weights[0], jnp.nan))
    return dataclasses.replace(run, model=spoilt)


def all_diverged(run):
    model = jax.tree.map(lambda leaf: jnp.full_like(leaf, jnp.nan) if eqx.is_inexact_array(leaf) else leaf, run.model)
    return dataclasses.replace(run, model=model)


def larger(run):
    return dataclasses.replace(run, model=HNN(jax.random.key(0), 3, width=8))


def without_pixels(run):
    return dataclasses.replace(run, model=HNN(jax.random.key(0), 1, width=8))


def of_odd_pixels(run):
    return dataclasses.replace(run, model=PixelHNN(jax.random.key(0), pixels=33, width=8))


TASK_RUNS = {
    "one model diverged": (of_task(alter=diverged), None),
    "all diverged": (of_task(alter=all_diverged), "finite weights"),
    "models of other degrees of freedom": (of_task(alter=larger), "of 2 coordinates, found one of 6"),
    "paths of another shape": (of_task(truth=np.zeros((3, 24))), "true paths of 2 coordinates"),
    "paths of other coordinates": (of_task(truth=np.zeros((3, 24, 4))), "true paths of 2 coordinates"),
    "no paths": (of_task(truth=np.zeros((0, 24, 2))), "true paths of 2 coordinates"),
    "paths that start nowhere": (of_task(truth=np.full((3, 24, 2), np.nan)), "finite numbers"),
    "paths of words": (of_task(truth=np.full((3, 24, 2), "a")), "as symplect wrote it"),
    "times NaN": (of_task(t=np.full(24, np.nan)), "takes some time"),
    "a huge seed": (of_task(alter=reseeded(10**300)), None),
    "a seed of words": (lambda folder: reconfigured(of_task()(folder), seed="0"), "as symplect wrote it"),
    "no pixels": (of_task("pixel-pendulum", alter=without_pixels), "sees pixels"),
    "odd pixels": (of_task("pixel-pendulum", alter=of_odd_pixels), None),
    "no latent states": (of_task("pixel-pendulum", latent_truth=np.zeros(3)), "as symplect wrote it"),
}


@pytest.mark.parametrize("name", TASK_RUNS)
def test_an_odd_run_of_a_task_gives_a_page_or_one_reason(tmp_path, name):
    make, reason = TASK_RUNS[name]
    folder = make(tmp_path)
    if reason is None:
        found = systems(folder)
        assert all(system["models"] for system in found["systems"])
        json.dumps(found, allow_nan=False)
    else:
        with pytest.raises(InputError, match=reason):
            systems(folder)


def test_what_is_left_out_is_named(tmp_path):
    system = only(systems(of_task(alter=diverged)(tmp_path)))
    assert [model["name"] for model in system["models"]] == ["truth", "baseline"]
    assert system["shown"] == "baseline"
    (omitted,) = system["omitted"]
    assert omitted["name"] == "HNN"
    assert "the fit has diverged" in omitted["reason"]


def test_a_task_that_is_left_out_is_named(tmp_path):
    runs = [all_diverged(run) for run in runs_of_every_method("pendulum")[:2]]
    found = systems(reproduction(tmp_path, [*runs, *runs_of_every_method("mass-spring")[:2]]))
    assert only(found)["name"] == "mass-spring"
    (omitted,) = found["omitted"]
    assert omitted["name"] == "Ideal pendulum"


# The command


def call(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["symplect", "explore", *map(str, arguments)])
    cli.main()


def test_the_command_prints_where_the_page_is(tmp_path, monkeypatch, capsys):
    save_run(tmp_path / "run", own_run())
    call(monkeypatch, tmp_path / "run")
    assert capsys.readouterr().out.strip() == str(tmp_path / "run" / "explorer.html")
    assert (tmp_path / "run" / "explorer.html").exists()


@pytest.mark.parametrize("name", ["weights NaN", "no folder", "cautions a number", "nothing finite"])
def test_the_command_refuses_in_one_line(tmp_path, monkeypatch, capsys, name):
    folder = OWN[name][0](tmp_path / "run")
    with pytest.raises(SystemExit) as stop:
        call(monkeypatch, folder, "--out", tmp_path / "page.html")
    assert stop.value.code == 2
    assert re.fullmatch(r"symplect: expected [^\n]*\n", capsys.readouterr().err)
    assert not (tmp_path / "page.html").exists()
