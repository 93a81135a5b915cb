"""People's own data: from a table to a verdict, through Python and through the real command line."""

import json
import re
import shlex
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest

import symplect
from symplect import HNN, PortHamiltonian, Trajectories, add_noise, cli, simulate
from symplect.auto import fit
from symplect.auto.choice import Judged, choose
from symplect.auto.parts import parts, thinned
from symplect.auto.problem import Candidate
from symplect.errors import InputError
from symplect.integrate import RK4
from symplect.systems import MassSpring, Pendulum
from tests.needs import FOLDER, needs_measurements

TIMES = np.linspace(0.0, 6.0, 40)


def paths(system=None, trials=8, noise=0.01, times=TIMES, seed=0):
    rng = np.random.default_rng(seed)
    system = system or MassSpring(k=1.0, m=1.0)
    return add_noise(simulate(system, rng.uniform(-1, 1, (trials, 2)), times), noise, rng)


def table(data):
    columns = {"t": data.times, "x": data.states[:, 0], "v": data.states[:, 1]}
    return pl.DataFrame({"trial": np.repeat(np.arange(len(data)), data.lengths), **columns})


def run(*words):
    sys.argv = ["symplect", *map(str, words)]
    cli.main()


def random_paths(*lengths):
    samples = sum(lengths)
    times = np.concatenate([0.01 * np.arange(length) for length in lengths])
    return Trajectories(times, np.stack([np.sin(times), np.cos(times)], axis=1) + np.zeros((samples, 2)), lengths)


@pytest.mark.parametrize(("lengths", "held_out"), [((10,) * 8, 20), ((10,) * 4, 10), ((50, 30), 16), ((100,), 20)])
def test_what_is_held_out_is_not_fitted_and_nothing_is_lost(lengths, held_out):
    data = random_paths(*lengths)
    train, rest, _ = parts(data)
    assert len(rest.times) == held_out
    assert len(train.times) + len(rest.times) == len(data.times)


def test_the_held_out_tail_is_the_end_of_each_trial():
    train, rest, said = parts(random_paths(100))
    assert train.times[-1] < rest.times[0]
    assert said == "the last fifth of the record"


def test_a_long_record_is_thinned_all_over_and_follows_the_swing():
    data = random_paths(100_000)  # 159 periods of 628 samples each
    some = thinned(data, 6000)
    assert 3000 < len(some.times) <= 6000
    assert some.times[0] < 10
    assert some.times[-1] > 990
    period = 2 * np.pi / np.median(np.diff(some.times[: some.lengths[0]]))
    assert 20 < period < 60


def test_a_short_record_is_left_alone():
    data = random_paths(500)
    assert thinned(data, 6000) is data


def judged(kind, errors):
    model = HNN(jax.random.key(0), 1)
    return Judged(Candidate("trajectory", kind, model, 0.0), np.array(errors) ** 2)


def test_the_simplest_kind_is_taken_of_those_that_are_about_as_good():
    scattered = np.array([0.8, 1.25] * 4)
    good, bad = judged("dissipative", 0.1 * np.ones(8)), judged("Hamiltonian", 0.1 * 1.05 * np.ones(8))
    assert choose([good, bad]) is bad
    assert choose([good, judged("Hamiltonian", 0.2 * np.ones(8))]) is good
    within_chance = judged("Hamiltonian", 0.12 * scattered**3)
    assert choose([good, within_chance]) is within_chance
    assert choose([judged("plain", 0.01 * np.ones(8)), good, bad]).candidate.kind == "plain"


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    """Returns a folder in which a table was fitted through the command line."""
    folder = tmp_path_factory.mktemp("own")
    table(paths()).write_csv(folder / "swing.csv")
    table(paths(seed=1)).write_csv(folder / "new.csv")
    table(paths()).with_columns(y=pl.col("x") ** 2, w=pl.col("v") ** 2).write_csv(folder / "four.csv")
    words = "--q x --p v --time t --trial trial --method closed-form"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run("fit", "swing.csv", *words.split())
    return folder


def test_the_run_folder_holds_all_that_is_known(journey):
    names = {path.name for path in (journey / "runs" / "swing").iterdir()}
    assert names >= {"config.json", "metrics.json", "rollout.npz", "model.safetensors", "report.html"}
    found = symplect.load(journey / "runs" / "swing")
    assert found.config.data.names == ("x", "v")
    assert found.metrics["held_out_error"] < 0.05
    assert "2 of 8 trials" in found.config.verdict


def test_a_second_fit_goes_beside_the_first_and_a_named_place_is_not_overwritten(journey, monkeypatch, capsys):
    monkeypatch.chdir(journey)
    words = shlex.split("fit swing.csv --q x --p v --time t --trial trial --method closed-form")
    run(*words)
    assert (journey / "runs" / "swing-2" / "report.html").exists()
    with pytest.raises(SystemExit) as refused:
        run(*words, "--seed", "1", "--out", "runs/swing")
    assert refused.value.code == 2
    assert "or this very fit in it, found other things" in capsys.readouterr().err


@pytest.mark.parametrize("named", [("--out", "runs/swing"), ()])
def test_a_fit_that_was_ended_before_its_page_is_not_made_again(journey, monkeypatch, capsys, named):
    """It was killed, or the disk was full: the same command goes on where it ended."""
    monkeypatch.chdir(journey)
    monkeypatch.setattr("symplect.auto.fit_reading", None)
    page, model = (journey / "runs" / "swing" / name for name in ("report.html", "model.safetensors"))
    page.unlink()
    before = model.stat().st_mtime_ns
    run(*shlex.split("fit swing.csv --q x --p v --time t --trial trial --method closed-form"), *named)
    said = capsys.readouterr().out
    assert "This fit was finished before and is kept in runs/swing." in said
    assert symplect.load(journey / "runs" / "swing").config.verdict in said
    assert page.exists()
    assert model.stat().st_mtime_ns == before


def test_the_verdict_stands_before_a_disk_that_is_full(journey, monkeypatch, capsys):
    def full(*_):
        raise InputError("expected to write, found: No space left on device")

    monkeypatch.chdir(journey)
    monkeypatch.setattr("symplect.auto.result.save_run", full)
    with pytest.raises(SystemExit) as stop:
        run(*shlex.split("fit swing.csv --q x --p v --time t --trial trial --method closed-form --out runs/full"))
    assert stop.value.code == 2
    said = capsys.readouterr()
    assert symplect.load(journey / "runs" / "swing").config.verdict in said.out
    assert said.err.count("\n") == 1
    assert not (journey / "runs" / "full").exists()


def test_a_fit_is_kept_though_nobody_reads_the_verdict(journey, monkeypatch):
    def gone(*_):
        raise BrokenPipeError

    monkeypatch.chdir(journey)
    monkeypatch.setattr("symplect.cli._say", gone)
    with pytest.raises(SystemExit) as stop:
        run(*shlex.split("fit swing.csv --q x --p v --time t --trial trial --method closed-form --out runs/piped"))
    assert stop.value.code == 141
    assert "2 of 8 trials" in symplect.load(journey / "runs" / "piped").config.verdict


@pytest.mark.parametrize("ending", ["csv", "parquet", "npz"])
def test_a_run_is_simulated(journey, monkeypatch, ending):
    monkeypatch.chdir(journey)
    run(*shlex.split(f"simulate runs/swing --start 1.0 0.0 --until 6.0 --dt 0.5 --out path.{ending}"))
    if ending == "npz":
        with np.load("path.npz") as found:
            columns = {name: found[name] for name in found.files}
    else:
        found = {"csv": pl.read_csv, "parquet": pl.read_parquet}[ending](f"path.{ending}")
        columns = {name: found[name].to_numpy() for name in found.columns}
    assert list(columns) == ["trial", "time", "x", "v", "energy"]
    np.testing.assert_allclose(columns["x"], np.cos(columns["time"]), atol=0.1)
    np.testing.assert_allclose(columns["energy"], columns["energy"][0], atol=1e-6)


def test_starts_come_from_a_table_and_time_runs_backward(journey, monkeypatch):
    monkeypatch.chdir(journey)
    pl.DataFrame({"v": [0.0, 0.5], "x": [1.0, 0.3]}).write_csv("starts.csv")
    run(*shlex.split("simulate runs/swing --starts starts.csv --until -3 --dt 0.5 --out back.csv"))
    found = pl.read_csv("back.csv")
    assert found["trial"].to_list() == [0] * 7 + [1] * 7
    np.testing.assert_allclose(found.filter(pl.col("trial") == 0)["x"], np.cos(np.arange(0.0, 3.1, 0.5)), atol=0.1)


def test_a_run_is_evaluated_certified_reported_and_exported(journey, monkeypatch, capsys):
    monkeypatch.chdir(journey)
    run("evaluate", "runs/swing", "new.csv")
    said = capsys.readouterr().out
    assert float(said.split("held_out_error")[1].split()[0]) < 0.1
    run("certify", "runs/swing")
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert len(rows) > 6
    assert not any("✗" in row for row in rows)
    run("report", "runs/swing")
    page = (journey / "runs" / "swing" / "report.html").read_text()
    assert "all" in page
    assert "passed" in page
    run("export", "runs/swing", "--out", "swing.json")
    assert json.loads((journey / "swing.json").read_text())


def test_names_are_shown_as_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hostile = table(paths()).rename({"x": "<script>alert(1)</script>"})
    hostile.write_csv("b.csv")
    run(*shlex.split("fit b.csv --q '<script>alert(1)</script>' --p v --time t --trial trial --method closed-form"))
    assert "<script>alert" not in (tmp_path / "runs" / "b" / "report.html").read_text()


def test_the_same_seed_gives_the_same_model():
    how = {"q": "x", "p": "v", "time": "t", "trial": "trial", "method": "closed-form"}
    first, second = (fit(table(paths()), **how) for _ in range(2))
    for one, other in zip(jax.tree.leaves(first.model), jax.tree.leaves(second.model), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_model_is_compiled_batched_and_differentiated_as_any_other():
    model = fit(table(paths()), q="x", p="v", time="t", trial="trial", method="closed-form").model
    times = jnp.linspace(0.0, 1.0, 5)

    def end(start):
        return symplect.rollout(model, start, times, solver=RK4()).states[-1]

    start = jnp.array([1.0, 0.0])
    np.testing.assert_allclose(jax.jit(end)(start), end(start), rtol=1e-6)
    assert jax.vmap(end)(jnp.stack([start, start])).shape == (2, 2)
    by_start = jax.jacobian(end)(start)
    np.testing.assert_allclose(jnp.linalg.det(by_start), 1.0, atol=1e-3)  # the flow keeps the area


def test_help_needs_no_jax():
    script = (
        "import sys\nfrom symplect.cli import main\nsys.argv = ['symplect', *sys.argv[1:]]\n"
        "try:\n    main()\nexcept SystemExit:\n    print('jax' in sys.modules, 'polars' in sys.modules)"
    )
    for words in ([], ["fit"], ["simulate"], ["reproduce"]):
        done = subprocess.run([sys.executable, "-c", script, *words, "--help"], capture_output=True, text=True)
        assert done.stdout.splitlines()[-1] == "False False"


def contents(folder):
    return {path: path.is_file() and path.stat().st_mtime_ns for path in folder.rglob("*")}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("simulate runs/swing --until 1 --dt 0.1", "--start or --starts"),
        ("simulate runs/swing --start 1.0 --until 1 --dt 0.1", "2 finite numbers x, v"),
        ("simulate runs/swing --start 1.0 nan --until 1 --dt 0.1", "2 finite numbers x, v"),
        ("simulate runs/swing --start 1.0 0.0 --until 0 --dt 0.1", "an end that is not 0"),
        ("simulate runs/swing --start 1.0 0.0 --until 1 --dt 0", "a positive step"),
        ("simulate runs/swing --start 1.0 0.0 --until 1e9 --dt 1e-3", "at most"),
        ("simulate runs/swing --start 1.0 0.0 --until 1 --dt 0.1 --out path.pdf", "ends in .csv"),
        ("simulate runs/none --start 1.0 0.0 --until 1 --dt 0.1", "is the folder a run"),
        ("evaluate runs/swing none.csv", "found none"),
        ("evaluate runs/swing four.csv --q x y --p v w --time t --trial trial", "expected 2 coordinates"),
        ("export runs/swing --out swing.pdf", "expected a format"),
        ("fit none.csv --q x", "expected a file none.csv"),
        ("fit swing.csv --q x --time t --method closed-form", "positions alone"),
        ("fit swing.csv --q x", "time or dt"),
    ],
)
def test_a_wrong_call_is_one_line_and_leaves_nothing(journey, monkeypatch, capsys, words, message):
    monkeypatch.chdir(journey)
    before = contents(journey)
    with pytest.raises(SystemExit) as refused:
        run(*shlex.split(words))
    said = capsys.readouterr().err
    assert refused.value.code == 2
    assert message in said
    assert said.count("\n") == 1
    assert contents(journey) == before


@pytest.mark.slow
def test_the_automatic_choice_says_whether_energy_is_conserved():
    how = {"q": "x", "p": "v", "time": "t", "trial": "trial"}
    kept = fit(table(paths()), **how)
    assert kept.kind == "Hamiltonian"
    assert "Energy is conserved" in kept.verdict
    damped = PortHamiltonian(MassSpring(k=1.0, m=1.0), damping=jnp.array([[0.4]]))
    lost = fit(table(paths(damped)), **how)
    assert lost.kind == "dissipative"
    assert lost.metrics["friction_rate"] == pytest.approx(0.16, rel=0.1)
    assert "not conserved" in lost.verdict


@pytest.mark.slow
def test_positions_alone_are_fitted(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    table(paths(trials=6)).select("t", "x", "trial").write_csv("seen.csv")
    run(*shlex.split("fit seen.csv --q x --time t --trial trial"))
    assert "dq/dt, estimated" in capsys.readouterr().out
    assert symplect.load("runs/seen").metrics["held_out_error"] < 0.1


@pytest.mark.slow
def test_twenty_trials_in_a_parquet(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table(paths(Pendulum.reference(), trials=20)).write_parquet("swings.parquet")
    run(*shlex.split("fit swings.parquet --q x --p v --time t --trial trial --angle x"))
    assert symplect.load("runs/swings").metrics["held_out_error"] < 0.05


@pytest.mark.slow
def test_known_inputs_drive_the_model():
    system = PortHamiltonian(MassSpring(k=1.0, m=1.0), jnp.array([[0.3]]), jnp.array([[0.0], [1.0]]))
    rng = np.random.default_rng(0)
    tables = []
    for start in rng.uniform(-1, 1, (8, 2)):
        u = np.sin(rng.uniform(0.5, 2.0) * TIMES)[:, None]
        states = np.asarray(symplect.rollout(system.driven(TIMES, u), start, TIMES).states)
        noisy = states + 0.01 * rng.standard_normal(states.shape)
        tables.append({"t": TIMES, "x": noisy[:, 0], "v": noisy[:, 1], "u": u[:, 0]})
    found = fit(tables, q="x", p="v", time="t", inputs="u")
    assert found.kind == "dissipative"
    np.testing.assert_allclose(found.model.input_matrix.ravel(), [0.0, 1.0], atol=0.05)
    assert found.metrics["held_out_error"] < 0.05


@pytest.mark.slow
def test_the_papers_network_is_a_method_too():
    found = fit(table(paths(noise=0.0)), q="x", p="v", time="t", trial="trial", method="gradient")
    assert {one.candidate.kind for one in found.judged} == {"plain", "Hamiltonian", "dissipative"}
    assert found.metrics["held_out_error"] < 0.1


@pytest.mark.slow
@needs_measurements
def test_the_measured_pendulum_is_fitted_judged_and_simulated(tmp_path, monkeypatch, capsys):
    import zipfile

    monkeypatch.chdir(tmp_path)
    zipfile.ZipFile(FOLDER / "invar_datasets.zip").extract("real_pend_h_1.txt")
    run(*shlex.split("fit real_pend_h_1.txt --q 3 --p 4 --time 2 --trial 1 --angle 3 --out runs/pendulum"))
    assert "Energy is not conserved: 1." in capsys.readouterr().out
    found = symplect.load("runs/pendulum")
    assert 0.008 < found.metrics["friction_rate"] < 0.013
    assert found.metrics["valid_time"] == found.metrics["compared_time"]


@pytest.mark.slow
def test_a_million_rows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    times = 0.001 * np.arange(1_000_000)
    states = np.stack([np.cos(times), -np.sin(times)], axis=1) + 0.01 * np.random.default_rng(0).standard_normal(
        (1_000_000, 2)
    )
    pl.DataFrame({"t": times, "x": states[:, 0], "v": states[:, 1]}).write_csv("long.csv")
    run(*shlex.split("fit long.csv --q x --p v --time t"))
    assert symplect.load("runs/long").metrics["held_out_error"] < 0.1


def test_an_unknown_method_is_refused():
    with pytest.raises(InputError, match="a method out of auto"):
        fit(table(paths()), q="x", p="v", time="t", method="magic")


@pytest.mark.slow
def test_the_example_in_every_help_runs(tmp_path, monkeypatch):
    """In the order of a user: what one example makes, the next one takes. The long ones take one step."""
    monkeypatch.chdir(tmp_path)
    for name, seed in (("swing", 0), ("new", 1)):
        made = table(paths(trials=6, seed=seed)).rename({"x": "theta", "v": "omega"}).drop("trial")
        made.write_csv(f"{name}.csv")
    examples = {
        name: re.search(r"Example: symplect (.*)", command.__doc__)[1] for name, command in cli.COMMANDS.items()
    }
    quick = {"reproduce": ["--steps", "1", "--models", "hnn"], "sweep": ["--set", "steps=1"]}
    order = ("tasks", "fit", "simulate", "evaluate", "export", "reproduce", "certify", "report", "explore", "sweep")
    for name in order:
        run(*shlex.split(examples.pop(name)), *quick.get(name, []))
    assert not examples
    pages = ("runs/swing/report.html", "runs/swing/explorer.html", "runs/paper/report.html")
    for made in ("path.csv", "swing.onnx", *pages):
        assert (tmp_path / made).exists()
