"""Run folders: what is written comes back, what is broken is refused, and what was whole stays whole."""

import errno
import json
import os
import pickle
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import HNN, Baseline
from symplect.errors import InputError
from symplect.files import discard_leftovers, read_json, write_arrays, write_json, writing
from symplect.runs import TaskConfig, TaskRun, load_model, load_run, save_model, save_run


def a_run(seed=0):
    return TaskRun(
        config=TaskConfig("mass-spring", "hnn", seed, settings={"steps": 3}, version="0"),
        metrics={"energy_mse": 0.5, "energy_mse_sem": float("nan")},
        history={"step": np.arange(3.0)},
        rollout={"t": np.arange(4.0), "truth": np.ones((1, 4, 2))},
        model=HNN(jax.random.key(seed), 1, width=5),
    )


def same_model(a, b):
    return a.configuration == b.configuration and jax.tree.all(jax.tree.map(lambda x, y: bool(jnp.all(x == y)), a, b))


def test_a_run_comes_back(tmp_path):
    save_run(tmp_path / "run", a_run())
    run = load_run(tmp_path / "run")
    assert run.config == a_run().config
    assert run.metrics["energy_mse"] == 0.5
    assert np.isnan(run.metrics["energy_mse_sem"])
    np.testing.assert_array_equal(run.rollout["truth"], np.ones((1, 4, 2)))
    assert same_model(run.model, a_run().model)
    assert json.loads((tmp_path / "run" / "metrics.json").read_text())["energy_mse_sem"] is None


@pytest.mark.parametrize(
    "model", [HNN(jax.random.key(1), 2, width=3, depth=1, activation="sin"), Baseline(jax.random.key(2), 1, width=4)]
)
def test_a_weights_file_is_enough(tmp_path, model):
    save_model(tmp_path / "alone.safetensors", model)
    assert same_model(load_model(tmp_path / "alone.safetensors"), model)


FILES = ["config.json", "metrics.json", "history.npz", "rollout.npz", "model.safetensors"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]", b"\x80\x04broken", b"PK\x03\x04half"])
def test_a_broken_file_is_refused(tmp_path, name, content):
    save_run(tmp_path / "run", a_run())
    path = tmp_path / "run" / name
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(InputError, match=f"expected .*{name}"):
        load_run(tmp_path / "run")


@pytest.mark.parametrize("name", FILES)
def test_a_truncated_file_is_refused(tmp_path, name):
    save_run(tmp_path / "run", a_run())
    path = tmp_path / "run" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=name):
        load_run(tmp_path / "run")


def test_metrics_are_numbers(tmp_path):
    save_run(tmp_path / "run", a_run())
    (tmp_path / "run" / "metrics.json").write_text('{"energy_mse": "small"}')
    with pytest.raises(InputError, match="energy_mse='small'"):
        load_run(tmp_path / "run")


def test_weights_of_another_model_are_refused(tmp_path):
    save_model(tmp_path / "a.safetensors", HNN(jax.random.key(0), 1, width=5))
    content = (tmp_path / "a.safetensors").read_bytes()
    (tmp_path / "a.safetensors").write_bytes(content.replace(b'\\"width\\": 5', b'\\"width\\": 6'))
    with pytest.raises(InputError, match="not of this model"):
        load_model(tmp_path / "a.safetensors")
    (tmp_path / "a.safetensors").write_bytes(content.replace(b'\\"HNN\\"', b'\\"XYZ\\"'))
    with pytest.raises(InputError, match="another version or program"):
        load_model(tmp_path / "a.safetensors")


class Trap:
    """Would leave a mark if anything unpickled it."""

    def __reduce__(self):
        return os.mkdir, ("trapped",)


@pytest.mark.parametrize("name", FILES)
def test_loading_never_runs_code(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    save_run(tmp_path / "run", a_run())
    (tmp_path / "run" / name).write_bytes(pickle.dumps(Trap()))
    with pytest.raises(InputError):
        load_run(tmp_path / "run")
    np.savez(tmp_path / "run" / "history.npz", step=np.array([Trap()], dtype=object))
    with pytest.raises(InputError):
        load_run(tmp_path / "run")
    assert not (tmp_path / "trapped").exists()


# Writing


def test_a_full_disk_leaves_what_was_whole(tmp_path, monkeypatch):
    write_json(tmp_path / "results.json", {"a": 1})

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(InputError, match="No space left on device: make room"):
        write_json(tmp_path / "results.json", {"a": 2})
    assert read_json(tmp_path / "results.json") == {"a": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["results.json"]


def test_a_limit_of_the_system_leaves_nothing_half_written(tmp_path):
    """A real failure in the middle of writing: the process may not write files over 4 KiB."""
    script = (
        "import resource, sys; from pathlib import Path; import numpy as np\n"
        "from symplect.files import write_arrays\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        "write_arrays(Path(sys.argv[1]), {'x': np.random.default_rng(0).standard_normal(10_000)})"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path / "x.npz"], capture_output=True, text=True)
    assert "InputError: expected to write" in done.stderr
    assert "File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_error_while_writing_leaves_nothing(tmp_path):
    def fail():
        with writing(tmp_path / "folder") as temporary:
            temporary.mkdir()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="expected to write"):
        write_arrays(tmp_path / "file" / "x.npz", {"x": np.zeros(1)})


def test_leftovers_of_a_killed_process_go(tmp_path):
    (tmp_path / ".seed-0.abc").mkdir()
    (tmp_path / ".seed-0.abc" / "half").write_text("written")
    (tmp_path / "seed-0").mkdir()
    discard_leftovers(tmp_path / "seed-0")
    assert [path.name for path in tmp_path.iterdir()] == ["seed-0"]
