"""Links out of a learned mass matrix: lengths, moments, inertias and masses, with errors that tell the truth."""

import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import Trajectories, add_noise, cli, fit_mechanics, fit_trajectory, rollout, simulate
from symplect.errors import InputError
from symplect.files import read_json
from symplect.fitting import link_parameters
from symplect.integrate import TRUTH
from symplect.models import EulerLagrange, FeatureHamiltonian, PortHamiltonian
from symplect.models.features import Fourier, Polynomial
from symplect.systems import CartPole, ChainPendulum, TwoLinkArm

WAVES = Fourier.up_to(2, 1)
TIMES = np.linspace(0.0, 2.0, 51)


def swings(system, noise=0.0, seed=0, trials=6):
    rng = np.random.default_rng(seed)
    starts = np.concatenate([rng.uniform(-2, 2, (trials, 2)), rng.uniform(-1, 1, (trials, 2))], axis=1)
    with jax.enable_x64(True):
        paths = simulate(EulerLagrange(system), starts, TIMES)
    clean = Trajectories(paths.times, paths.states, paths.lengths)
    return add_noise(clean, noise, np.random.default_rng(seed)) if noise else clean


def fitted(data):
    return fit_trajectory(fit_mechanics(data, WAVES, WAVES).model, data, substeps=4)


def pushed(arm, trials=6):
    """Return paths of an arm under known torques, which give the units of mass."""
    rng, times = np.random.default_rng(0), TIMES
    paths = []
    with jax.enable_x64(True):
        G = jnp.concatenate([jnp.zeros((2, 2)), jnp.eye(2)])
        moved = EulerLagrange(PortHamiltonian(arm, jnp.zeros((2, 2)), G))
        for _ in range(trials):
            torques = rng.uniform(-5, 5, 2) * np.sin(np.outer(times, rng.uniform(2, 6, 2)))
            path = rollout(moved.driven(jnp.asarray(times), torques), rng.uniform(-1, 1, 4), times, solver=TRUTH)
            paths.append((np.asarray(path.states), torques))
    states, torques = (np.concatenate(each) for each in zip(*paths, strict=True))
    return Trajectories(np.tile(times, trials), states, (len(times),) * trials, inputs=torques)


@pytest.mark.parametrize("relative", [False, True])
def test_of_clean_data_they_are_exact(relative):
    system = TwoLinkArm(l1=1.2, r1=0.4, r2=0.3) if relative else ChainPendulum([1.0, 2.0], [0.5, 0.8])
    data = swings(system)
    found = link_parameters(fitted(data), data.states)
    assert found.relative == relative
    assert found.misfit < 1e-3
    np.testing.assert_allclose(found.lengths.values, [1.2 if relative else 0.5], rtol=1e-4)
    first = (1 / 12 + 0.16 + 1.44) / (0.4 + 1.2)
    expected = [first, (1 / 12 + 0.09) / 0.3] if relative else [0.5, 0.8]
    np.testing.assert_allclose(found.reduced_lengths.values, expected, rtol=1e-4)
    assert np.all(np.isnan(found.masses.values))  # no force was known


def test_their_errors_cover_the_truth():
    off = []
    for seed in range(5):
        data = swings(ChainPendulum([1.0, 2.0], [0.5, 0.8]), noise=0.02, seed=seed)
        found = link_parameters(fitted(data), data.states)
        values, errors = (np.concatenate(pair) for pair in zip(found.lengths, found.reduced_lengths, strict=True))
        off += list((values - [0.5, 0.5, 0.8]) / errors)
    assert np.sqrt(np.mean(np.square(off))) < 2.0
    assert np.max(np.abs(off)) < 5.0


@pytest.mark.parametrize(
    ("system", "masses"), [(TwoLinkArm(I1=0.0, I2=0.0, r1=1.0, r2=0.7, m1=1.5), [1.5, 1.0]), (TwoLinkArm(), None)]
)
def test_known_torques_give_masses_where_links_are_points(system, masses):
    data = pushed(system)
    found = link_parameters(fitted(data), data.states)
    first, second = system.m1 * system.r1 + system.m2 * system.l1, system.m2 * system.r2
    np.testing.assert_allclose(found.moments.values, [first, second], rtol=1e-4)
    if masses:
        np.testing.assert_allclose(found.masses.values, masses, rtol=1e-4)
    else:
        assert np.all(np.isnan(found.masses.values))


def test_what_is_no_chain_does_not_look_like_one():
    data = swings(CartPole())
    assert link_parameters(fitted(data), data.states).misfit > 0.05


def test_other_models_are_refused():
    data = swings(ChainPendulum([1.0, 2.0], [0.5, 0.8]))
    fit = fit_trajectory(FeatureHamiltonian(Polynomial(4, 2), degrees_of_freedom=2), data)
    with pytest.raises(InputError, match="expected a mechanical system of features, found FeatureHamiltonian"):
        link_parameters(fit, data.states)


def symplect_fit(monkeypatch, path, words, out):
    monkeypatch.setattr(sys, "argv", ["symplect", "fit", str(path), *words.split(), "--out", str(out)])
    cli.main()


def table(folder, system):
    data = swings(system, noise=0.003)
    rows = [np.repeat(np.arange(6), len(TIMES)), data.times, *data.states.T]
    path = folder / "swings.csv"
    np.savetxt(path, np.transpose(rows), delimiter=",", header="run,t,th1,th2,w1,w2", comments="")
    return path


@pytest.mark.parametrize("velocity", ["--velocity w1 w2", ""])
def test_declared_links_are_told_and_kept(velocity, tmp_path, capsys, monkeypatch):
    path, out = table(tmp_path, ChainPendulum([1.0, 2.0], [0.5, 0.8])), tmp_path / "run"
    words = f"--q th1 th2 {velocity} --time t --trial run --links 2"
    symplect_fit(monkeypatch, path, words, out)
    said = capsys.readouterr().out
    assert "Links, with angles from one direction and g = 9.81: lengths to the next joint 0." in said
    kept = read_json(out / "metrics.json")
    assert abs(kept["length_1"] - 0.5) < max(3 * kept["length_1_error"], 1e-3)
    assert "th1     q1, an angle" in said


def test_links_that_cannot_be_are_one_line(tmp_path, capsys, monkeypatch):
    path = table(tmp_path, ChainPendulum([1.0, 2.0], [0.5, 0.8]))
    words = "--q th1 th2 --velocity w1 w2 --time t --trial run --links 3"
    with pytest.raises(SystemExit) as stopped:
        symplect_fit(monkeypatch, path, words, tmp_path / "run")
    assert stopped.value.code == 2
    assert "expected one position for each link, found 3 links and 2 positions" in capsys.readouterr().err
