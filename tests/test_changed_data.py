"""Finished runs are kept only where the task still makes the data that they were made from."""

import dataclasses
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from symplect.errors import InputError
from symplect.experiments.plan import Plan
from symplect.experiments.reproduction import reproduce
from symplect.experiments.tasks import TASKS
from symplect.experiments.training import PrunedError, config_of, data_hash, train
from symplect.experiments.training_run import TrainingRun
from tests.refusals import refused

TASK = TASKS["mass-spring"]


def change(monkeypatch, by):
    """Makes the task return states that are larger by a factor."""

    def make_data(seed, folder, progress):
        data = TASK.make_data(seed, folder, progress)
        return dataclasses.replace(data, train=dataclasses.replace(data.train, states=data.train.states * by))

    monkeypatch.setitem(TASKS, TASK.name, dataclasses.replace(TASK, make_data=make_data))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("finished") / "paper"
    reproduce(Plan([TASK.name], ["closed-form"], 1, out))
    return out


@pytest.fixture
def own(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "paper")


@pytest.mark.parametrize("command", ["reproduce", "sweep"])
def test_runs_of_other_data_are_refused_and_nothing_is_lost(own, monkeypatch, capfd, command):
    if command == "sweep":
        own = own.rename(own.with_name("default")).parent
    before = {path: path.stat().st_mtime_ns for path in own.rglob("*")}
    change(monkeypatch, 1.001)
    words = [command, TASK.name, "--models", "closed-form", "--out", own]
    line = refused(capfd, monkeypatch, *words)
    assert re.search(r"seed-0 to be made with data_hash \w{16}, found \w{16}: the task makes other data now; ", line)
    assert line.endswith("give another folder with --out, or delete that one\n")
    assert {path: path.stat().st_mtime_ns for path in own.rglob("*")} == before


def test_a_run_of_an_earlier_version_is_kept_as_before(own, monkeypatch, capsys):
    path = own / TASK.name / "closed-form" / "seed-0" / "config.json"
    config = json.loads(path.read_text())
    del config["data_hash"]
    path.write_text(json.dumps(config))
    change(monkeypatch, 1.001)
    reproduce(Plan([TASK.name], ["closed-form"], 1, own))
    assert "finished before, kept" in capsys.readouterr().err


def test_a_checkpoint_of_other_data_is_refused(tmp_path):
    run, data = TrainingRun(TASK.name, "hnn", 0, tmp_path, {"steps": 10, "width": 4}), TASK.make_data(0, None, None)

    def stop(state):
        raise PrunedError

    with pytest.raises(PrunedError):
        train(run, data, watch=stop)
    with pytest.raises(InputError, match=r"checkpoint.safetensors to be made with data_hash .*the task makes other"):
        train(run, dataclasses.replace(data, train=data.test))


def test_round_off_changes_no_hash_and_anything_else_does():
    data = TASK.make_data(0, None, None)
    train = data.train

    def with_states(states):
        return data_hash(dataclasses.replace(data, train=dataclasses.replace(train, states=states)))

    assert data_hash(data) == config_of(TrainingRun(TASK.name, "hnn", 0, Path("runs")), data).data_hash
    assert with_states(train.states * (1 + 1e-15)) == with_states(np.nextafter(train.states, 9.0)) == data_hash(data)
    one = train.states.copy()
    one[7, 1] *= 1.01
    assert len({data_hash(data), with_states(train.states * 1.0001), with_states(-train.states), with_states(one)}) == 4
    assert len({data_hash(TASK.make_data(seed, None, None)) for seed in range(3)}) == 3
    rng = np.random.default_rng(0)  # as another machine's, on a path that is chaotic
    elsewhere = [train.states * (1 + 1e-8 * rng.standard_normal(train.states.shape)) for _ in range(30)]
    assert {with_states(states) for states in elsewhere} == {data_hash(data)}


def test_a_second_plan_in_one_process_makes_its_data_anew(tmp_path, monkeypatch):
    """What a task makes may depend on more than the function that makes it, such as a size in its module."""
    factor = 1.0

    def make_data(seed, folder, progress):
        data = TASK.make_data(seed, folder, progress)
        return dataclasses.replace(data, train=dataclasses.replace(data.train, states=data.train.states * factor))

    monkeypatch.setitem(TASKS, TASK.name, dataclasses.replace(TASK, make_data=make_data))
    hashes = []
    for factor in (1.0, 1.5):
        out = tmp_path / f"{factor}"
        reproduce(Plan([TASK.name], ["closed-form"], 1, out))
        config = json.loads((out / TASK.name / "closed-form" / "seed-0" / "config.json").read_text())
        hashes.append(config["data_hash"])
    assert hashes[0] != hashes[1]
