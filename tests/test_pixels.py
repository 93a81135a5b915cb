"""The pendulum seen as pixels: films, models, losses, judgement, and the journey through the command line."""

import importlib.util
import json
import sys
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect import cli
from symplect._types import Scalar
from symplect.data import pixels
from symplect.data.pixels import PixelTrajectories, pixel_pendulum, render_pendulum
from symplect.dynamics import AbstractHamiltonian
from symplect.errors import InputError, NotAvailableError
from symplect.evaluation.pixels import PixelEvaluationData, evaluate_pixels
from symplect.evaluation.readout import fit_readout
from symplect.experiments.plan import Plan
from symplect.experiments.reproduction import reproduce
from symplect.experiments.tasks import TASKS
from symplect.experiments.tasks import pixel_pendulum as task_file
from symplect.files import write_arrays
from symplect.fitting import GradientSettings
from symplect.fitting.pixels import PublishedPixelLoss, RolloutPixelLoss, fit_pixels, observations
from symplect.models import AbstractPixelDynamics, PixelBaseline, PixelHNN
from symplect.runs import load_model, load_run, save_model
from symplect.systems import Pendulum
from tests.conftest import made_once

needs_pixels = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("gymnasium", "PIL")),
    reason='pip install "symplect[pixels]" to test the pixel pendulum',
)


# Films


@pytest.fixture(scope="module")
def film():
    return render_pendulum(np.array([[0.0, 0.0], [0.5, 0.0], [-0.5, 0.0]]), 3, progress="filming")


@needs_pixels
def test_a_frame_shows_the_rod_alone(film):
    assert film.frames.shape == (3, 3, pixels.SIDE, pixels.SIDE)
    assert film.frames.max() == 127  # (204 - 77) red on nothing
    assert np.median(film.frames) == 0
    at_rest, right, left = film.frames[:, 0].astype(float)
    np.testing.assert_allclose(right, left[:, ::-1], atol=40)  # the renderer's pixels are not quite symmetric
    columns = np.arange(pixels.SIDE)
    assert abs(np.average(columns, weights=at_rest.sum(axis=0)) - 13.5) < 0.3
    tip = np.array([np.average(columns, weights=frame[-8:].sum(axis=0)) for frame in (left, at_rest, right)])
    assert np.all(np.diff(tip) > 5) or np.all(np.diff(tip) < -5)


@needs_pixels
def test_the_states_follow_the_renderers_equation():
    films = render_pendulum(np.array([[0.4, -0.3]]), 20)
    angle, momentum = films.states[0].T
    np.testing.assert_allclose(np.diff(angle), 0.05 * 4 * momentum[1:], atol=1e-12)
    np.testing.assert_allclose(np.diff(4 * momentum), -0.05 * 15 * np.sin(angle[:-1]), atol=1e-6)
    energy = 15 / 8 * (1 - np.cos(angle)) + momentum**2
    assert np.ptp(energy) < 0.2 * np.mean(energy)  # its Euler step lets the energy swing


@needs_pixels
def test_films_are_kept_and_repeat(tmp_path, monkeypatch):
    first = pixel_pendulum(2, 3, 0, folder=tmp_path)
    (kept,) = tmp_path.iterdir()
    assert "2-films-3-frames" in kept.name
    monkeypatch.setattr(pixels, "render_pendulum", lambda *_, **__: pytest.fail("rendered again"))
    np.testing.assert_array_equal(pixel_pendulum(2, 3, 0, folder=tmp_path).frames, first.frames)
    monkeypatch.undo()
    assert not np.array_equal(pixel_pendulum(2, 3, 1, folder=tmp_path).states, first.states)


@needs_pixels
@pytest.mark.parametrize("content", [b"PK\x03\x04half", b"", None])
def test_a_broken_film_is_made_again(tmp_path, content):
    first = pixel_pendulum(2, 3, 0, folder=tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(content) if content is not None else write_arrays(kept, {"other": np.zeros(2)})
    np.testing.assert_array_equal(pixel_pendulum(2, 3, 0, folder=tmp_path).frames, first.frames)


def test_without_the_extra_one_line_names_it(monkeypatch, tmp_path):
    real = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "gymnasium" else real(name))
    with pytest.raises(NotAvailableError, match=r'needs gymnasium.*pip install "symplect\[pixels\]"'):
        pixel_pendulum(2, 3, 0, folder=tmp_path)
    text = reproduce(Plan(["pixel-pendulum"], None, seeds=1, out=tmp_path))
    assert "Not run: pixel-pendulum: the pixel pendulum needs gymnasium" in text


def made(trials=2, frames=6, seed=0):
    """Returns films of noise."""
    rng = np.random.default_rng(seed)
    return PixelTrajectories(
        rng.integers(0, 128, (trials, frames, 3, 3), np.uint8), rng.standard_normal((trials, frames, 2))
    )


def test_windows_are_neighbouring_frames_of_one_film():
    films = made()
    windows = films.windows(3)
    assert windows.shape == (8, 3, 3, 3)
    for window in windows:
        assert any(np.array_equal(window, film[k : k + 3]) for film in films.frames for k in range(4))
    assert films.windows(3, every=3).shape[0] == 4
    with pytest.raises(InputError, match="at least 7 frames, found 6"):
        films.windows(7)


def test_a_split_of_films():
    first, rest = made(5).split(2)
    assert (len(first), len(rest)) == (2, 3)
    with pytest.raises(InputError, match="between 1 and 4"):
        made(5).split(5)


def test_an_observation_is_two_frames_the_earlier_first():
    frames = made(1).frames
    x = np.asarray(observations(jnp.asarray(frames)))
    assert x.shape == (1, 5, 18)
    np.testing.assert_allclose(x[0, 2], np.concatenate([frames[0, 2].ravel(), frames[0, 3].ravel()]) / 255, rtol=1e-6)


# Models and losses

PAIR = (PixelBaseline, PixelHNN)


@pytest.mark.parametrize("kind", PAIR)
def test_the_default_shape_is_the_published_one(kind):
    model = kind(jax.random.key(0))
    assert [w.shape for w in model.autoencoder.encoder.weights] == [(1568, 200), (200, 200), (200, 200), (200, 2)]
    assert [w.shape for w in model.autoencoder.decoder.weights] == [(2, 200), (200, 200), (200, 200), (200, 1568)]
    assert [w.shape for w in model.latent.network.weights][:2] == [(2, 200), (200, 200)]
    assert model.degrees_of_freedom == 1
    assert isinstance(model, AbstractHamiltonian) == (kind is PixelHNN)


def test_the_autoencoder_is_the_written_formula():
    model = PixelHNN(jax.random.key(1), pixels=6, width=5)
    (w1, w2, w3, w4), (b1, b2, b3, b4) = model.autoencoder.encoder.weights, model.autoencoder.encoder.biases
    x = np.linspace(0, 1, 6, dtype=np.float32)
    h = np.maximum(x @ w1 + b1, 0)
    h = h + np.maximum(h @ w2 + b2, 0)
    h = h + np.maximum(h @ w3 + b3, 0)
    np.testing.assert_allclose(model.encode(jnp.asarray(x)), h @ w4 + b4, rtol=1e-5)


@pytest.mark.parametrize("kind", PAIR)
def test_a_pixel_model_is_saved_like_any_other(tmp_path, kind):
    model = kind(jax.random.key(2), pixels=18, width=7)
    save_model(tmp_path / "model.safetensors", model)
    again = load_model(tmp_path / "model.safetensors")
    assert type(again) is kind
    assert jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.all(a == b)), model, again))


@pytest.mark.parametrize("wrong", [{"pixels": 0}, {"width": 0}])
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(InputError, match="positive sizes"):
        PixelHNN(jax.random.key(0), **wrong)


@pytest.mark.parametrize("kind", PAIR)
def test_the_published_loss_is_the_written_formula(kind):
    model = kind(jax.random.key(3), pixels=18, width=7)
    windows = jnp.asarray(made(3).windows(3))
    x, x_next = np.moveaxis(np.asarray(observations(windows)), 1, 0)
    z, z_next = (np.stack([np.asarray(model.encode(jnp.asarray(row))) for row in rows]) for rows in (x, x_next))
    field = np.stack([np.asarray(model.time_derivative(jnp.asarray(row))) for row in z])
    decoded = np.stack([np.asarray(model.decode(jnp.asarray(row))) for row in z])
    expected = (
        np.mean((decoded - x) ** 2)
        + np.mean((z_next[:, 0] - z[:, 0] - z[:, 1]) ** 2)
        + 0.1 * np.mean((z_next - (z + field)) ** 2)
    )
    np.testing.assert_allclose(PublishedPixelLoss()(model, windows), expected, rtol=1e-5)


@final
class Swing(AbstractPixelDynamics):
    """A film of one pixel, q = cos(omega t): its observations and (q, p) belong together linearly."""

    autoencoder: object
    omega: Scalar = eqx.field(converter=jnp.asarray)
    speed: Scalar = eqx.field(converter=jnp.asarray, default=1.0)
    friction: Scalar = eqx.field(converter=jnp.asarray, default=0.0)

    def encode(self, x):
        before, now = (x - 0.5) / 0.4
        return jnp.stack([now, (now * jnp.cos(self.omega) - before)])  # p = half of q_next - q_previous

    def decode(self, z):
        now, p = z
        return 0.5 + 0.4 * jnp.stack([now * jnp.cos(self.omega) - p, now])

    def time_derivative(self, z, t=0.0):
        q, p = z
        sine, rate = jnp.sin(self.omega), self.speed * self.omega
        return rate * jnp.stack([p / sine, -q * sine]) - self.friction * z


def film_of_a_swing(omega):
    times = np.arange(40.0)
    values = np.stack([0.5 + 0.4 * np.cos(omega * times + phase) for phase in (0.0, 1.0, 2.5)])
    frames = np.round(255 * values).astype(np.uint8)
    return PixelTrajectories(frames[..., None, None], np.zeros((3, 40, 2)))


def test_the_symmetric_loss_is_lowest_for_the_true_flow_and_the_euler_step_for_a_contracting_one():
    omega = 0.2
    films = film_of_a_swing(omega)

    def losses(loss, changes):
        windows, of_model = jnp.asarray(films.windows(loss.frames)), eqx.filter_jit(loss)
        return np.array([float(of_model(Swing(None, omega, **change), windows)) for change in changes])

    speeds = [{"speed": speed} for speed in (0.97, 0.99, 1.0, 1.01, 1.03)]
    frictions = [{"friction": friction} for friction in (-0.02, -0.01, 0.0, 0.01, 0.02)]
    assert np.argmin(losses(RolloutPixelLoss(), speeds)) == 2
    assert np.argmin(losses(RolloutPixelLoss(), frictions)) == 2
    assert losses(RolloutPixelLoss(), [{}])[0] < 1e-4  # the rounding to bytes
    assert np.argmin(losses(PublishedPixelLoss(), frictions)) == 4


@pytest.mark.slow
def test_a_fit_learns_and_repeats():
    films, settings = film_of_a_swing(0.2), GradientSettings(steps=200, batch_size=8, cosine=True)
    for loss in (PublishedPixelLoss(), RolloutPixelLoss(length=6)):
        fits = [
            fit_pixels(
                PixelHNN(jax.random.key(0), pixels=2, width=16), films, loss, key=jax.random.key(1), settings=settings
            )
            for _ in "ab"
        ]
        assert jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.all(a == b)), fits[0].model, fits[1].model))
        assert fits[0].history[-1, 2] < 0.1 * float(
            loss(PixelHNN(jax.random.key(0), pixels=2, width=16), jnp.asarray(films.windows(loss.frames)))
        )


# Judgement


def test_a_readout_recovers_a_curved_map():
    latent = np.random.default_rng(0).uniform(-2, 2, (100, 2))
    states = np.stack([latent[:, 0] - latent[:, 0] ** 3 / 6, 3 + latent[:, 0] * latent[:, 1]], axis=1)
    readout = fit_readout(latent, states)
    np.testing.assert_allclose(readout(latent[:5]), states[:5], atol=1e-12)
    assert readout(np.zeros((2, 3, 2))).shape == (2, 3, 2)


def test_the_true_swing_is_right_by_every_metric():
    """One-pixel films of an oscillator, whose model is known: what is left is the rounding to bytes."""
    omega, times = 0.2, np.arange(302.0)
    sizes = np.linspace(0.4, 1.0, 5)[:, None]
    q, p = sizes * np.cos(omega * times), -sizes * np.sin(omega * times)
    films = PixelTrajectories(
        np.round(255 * (0.5 + 0.4 * q)).astype(np.uint8)[..., None, None], np.stack([q, p], axis=-1)
    )
    energy = Pendulum.reference()
    data = PixelEvaluationData(energy, energy.hamiltonian, films, films, films)
    right, wrong = (
        evaluate_pixels(Swing(None, omega, **change), data, RolloutPixelLoss()).metrics
        for change in ({}, {"speed": 0.97, "friction": 0.01})
    )
    assert right["readout_r2"] > 0.998  # the smallest swing has few bytes of momentum
    assert right["frequency_bias"] < 1e-3
    assert right["valid_prediction_time"] == right["prediction_horizon"] == 300  # all that was tried
    assert right["reversibility_error"] < 1e-6
    assert right["rollouts_failed"] == 0
    assert abs(wrong["frequency_bias"] - 0.03) < 2e-3
    assert wrong["valid_prediction_time"] < 100
    assert wrong["energy_mse"] > 10 * right["energy_mse"]
    assert wrong["symplecticity_error"] > 1e-3 > 1e-8 > right["symplecticity_error"]


# The journey


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The whole task on few and short films, through the command line's own functions."""
    sizes = {"TRIALS": 6, "TEST_TRIALS": 2, "FRAMES": 40, "EVALUATION_TRIALS": 4, "EVALUATION_FRAMES": 204}

    def make(folder):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("pooch.os_cache", lambda _: folder / "cache")
            for name, value in sizes.items():
                patch.setattr(task_file, name, value)
            command = f"symplect reproduce pixel-pendulum --steps 30 --out {folder / 'out'}"
            patch.setattr(sys, "argv", command.split())
            cli.main()

    return made_once(tmp_path_factory, "pixels", make) / "out"


@needs_pixels
@pytest.mark.slow
def test_the_task_runs_from_films_to_table(small):
    table = (small / "table.md").read_text()
    rows = [line.split("|")[2].strip() for line in table.splitlines() if "Pixel pendulum" in line]
    assert rows == ["baseline", "hnn", "pixel-hnn"]
    assert "1.85e-4" in table
    results = json.loads((small / "results.json").read_text())["runs"]
    assert {row["model"] for row in results} == set(TASKS["pixel-pendulum"].methods)
    for row in results:
        assert 0 <= row["valid_prediction_time"] <= 202
        assert row["energy_mse"] > 0


@needs_pixels
@pytest.mark.slow
def test_a_pixel_run_holds_what_the_pictures_need(small):
    run = load_run(small / "pixel-pendulum" / "pixel-hnn" / "seed-0")
    assert run.rollout["t"].shape == (101,)
    for name in ("truth", "prediction", "latent_truth", "latent_prediction"):
        assert run.rollout[name].shape == (4, 101, 2)
    assert run.rollout["frames_truth"].shape == run.rollout["frames_prediction"].shape == (4, 101, 28, 28)
    assert run.rollout["frames_truth"].dtype == run.rollout["frames_prediction"].dtype == np.uint8
    assert run.rollout["latent_training"].shape == run.rollout["state_training"].shape
    assert run.model.decode(jnp.zeros(2, jnp.float32)).shape == (1568,)


@needs_pixels
@pytest.mark.slow
def test_at_full_size_the_models_stand_in_the_papers_order(tmp_path):
    """One seed; means over three, and how far apart they are, stand in docs/reproducing-the-paper.md."""
    reproduce(Plan(["pixel-pendulum"], None, seeds=1, out=tmp_path))
    runs = {run["model"]: run for run in json.loads((tmp_path / "results.json").read_text())["runs"]}
    print({name: (run["test_loss"], run["energy_mse"], run["valid_prediction_time"]) for name, run in runs.items()})
    assert runs["baseline"]["energy_mse"] > 10 * runs["hnn"]["energy_mse"]
    assert runs["hnn"]["energy_mse"] > 10 * runs["pixel-hnn"]["energy_mse"]
    assert runs["pixel-hnn"]["valid_prediction_time"] > 5 * runs["hnn"]["valid_prediction_time"]
    assert runs["pixel-hnn"]["reversibility_error"] < 1e-4
    assert runs["pixel-hnn"]["frequency_bias"] < 0.01
