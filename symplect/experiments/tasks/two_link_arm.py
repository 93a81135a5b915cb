"""Beyond the paper: a robot arm whose hand draws closed curves, its torques known."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from symplect._types import Half, Scalar, State
from symplect.data import Trajectories, simulate
from symplect.dynamics import AbstractDynamics, AbstractHamiltonian, vector_field
from symplect.evaluation import Evaluation, EvaluationData, evaluate
from symplect.evaluation.metrics import first_failure
from symplect.experiments.tasks._mechanics import mechanical_methods
from symplect.experiments.tasks._task import Labels, Task, evaluation_rng
from symplect.fitting import GradientSettings
from symplect.integrate import TRUTH, rollout
from symplect.models import EulerLagrange
from symplect.models.features import Fourier
from symplect.precision import cast
from symplect.systems import TwoLinkArm

STEP = 0.04
SAMPLES = (145,) * 11 + (144,) * 6  # 2459 rows for training
TEST_SAMPLES = (151, 151, 152)  # 454 rows
MOST = max(SAMPLES + TEST_SAMPLES)  # that are computed of each curve, so that one program does for all
TIMES = STEP * np.arange(MOST)
CENTRE, RADIUS, WAVES = (0.9, 0.7), 0.4, 3  # of the curves of the hand, in metres
LARGEST_ERROR = 1e-2  # of the angles, until which a driven path counts as predicted


@final
class Drawing(eqx.Module):
    """The motion of an arm whose hand follows a closed curve, the elbow below.

    Args:
        arm: its second link is twice as long as its centre of mass is far from the elbow.
        curve: cosines and sines of each wave, in metres.
        period: time of the whole curve.
    """

    arm: TwoLinkArm
    curve: Float[Array, "waves 2 2"]
    period: Scalar

    @classmethod
    def random(cls, arm: TwoLinkArm, rng: np.random.Generator, samples: int) -> "Drawing":
        """Return a smooth curve as large as any other, as characters are, drawn in so many samples."""
        waves = rng.standard_normal((WAVES, 2, 2)) / np.arange(1, WAVES + 1)[:, None, None] ** 1.5
        phases = np.outer(np.linspace(0.0, 2 * np.pi, 200), np.arange(1, WAVES + 1))
        hand = np.cos(phases) @ waves[:, 0] + np.sin(phases) @ waves[:, 1]
        waves *= RADIUS / np.max(np.linalg.norm(hand, axis=1))
        with jax.enable_x64(True):
            return cls(cast(arm, jnp.float64), jnp.asarray(waves), jnp.asarray(STEP * (samples - 1)))

    @property
    def samples(self) -> int:
        """How many samples there are of the whole curve, both ends among them."""
        return round(float(self.period) / STEP) + 1

    def angles(self, t: Scalar) -> Half:
        phases = 2 * jnp.pi * jnp.arange(1, WAVES + 1) * t / self.period
        x, y = jnp.array(CENTRE) + jnp.cos(phases) @ self.curve[:, 0] + jnp.sin(phases) @ self.curve[:, 1]
        first, second = self.arm.l1, 2 * self.arm.r2
        bent = jnp.arccos((x**2 + y**2 - first**2 - second**2) / (2 * first * second))
        raised = jnp.arctan2(second * jnp.sin(bent), first + second * jnp.cos(bent))
        return jnp.stack([jnp.arctan2(y, x) - raised, bent])

    def motion(self, t: Scalar) -> tuple[Half, Half, Half, Half]:
        """Return angles, velocities, accelerations and the torques that they take."""
        (q, v), (_, a) = jax.jvp(lambda s: jax.jvp(self.angles, (s,), (jnp.ones_like(s),)), (t,), (jnp.ones_like(t),))
        free = EulerLagrange(self.arm).time_derivative(jnp.concatenate([q, v]))[2:]
        return q, v, a, self.arm.momenta(q, a - free)


def measured(drawings: Sequence[Drawing]) -> Trajectories:
    """Return angles and velocities with their accelerations, and the torques as inputs."""
    with jax.enable_x64(True):
        parts = [[np.asarray(part)[: each.samples] for part in _motions(each)] for each in drawings]
    q, v, a, torques = (np.concatenate(part) for part in zip(*parts, strict=True))
    lengths = tuple(each.samples for each in drawings)
    times = np.concatenate([TIMES[:length] for length in lengths])
    return Trajectories(times, np.concatenate([q, v], axis=1), lengths, np.concatenate([v, a], axis=1), inputs=torques)


@eqx.filter_jit
def _motions(drawing: Drawing) -> tuple[Array, Array, Array, Array]:
    return jax.vmap(drawing.motion)(jnp.asarray(TIMES))


def canonical(arm: TwoLinkArm, motions: Trajectories) -> Trajectories:
    """Return states `[q, p]`, the derivatives that they would have without torques, and the torques as inputs."""
    with jax.enable_x64(True):
        states = jax.vmap(EulerLagrange(arm).canonical)(jnp.asarray(motions.states))
        derivatives = vector_field(arm, states)
    return Trajectories(
        motions.times, np.asarray(states), motions.lengths, np.asarray(derivatives), inputs=motions.inputs
    )


@final
class Driven(AbstractDynamics):
    """Any dynamics of an arm under the torques of a drawing."""

    free: AbstractDynamics
    drawing: Drawing

    @property
    def degrees_of_freedom(self) -> int:
        return self.free.degrees_of_freedom

    def time_derivative(self, z: State, t: Scalar | float = 0.0) -> State:
        *_, torques = self.drawing.motion(jnp.asarray(t, z.dtype))
        return self.free.time_derivative(z, t) + jnp.concatenate([jnp.zeros_like(torques), torques])


@final
@dataclass(frozen=True, eq=False)
class ArmData(EvaluationData):
    """What models of the arm are fitted to and judged on.

    Args:
        motions: `[q, v]` for training, with accelerations and torques.
        drawings: for testing.
    """

    motions: Trajectories = field(kw_only=True)
    drawings: Sequence[Drawing] = field(kw_only=True)


def make_data(seed: int, folder: Path | None, progress: str | None) -> ArmData:
    """Drawings depend on the seed; the free motions that models are judged on do not."""
    arm, rng = TwoLinkArm(), np.random.default_rng(seed)
    tests, others = ([Drawing.random(arm, rng, count) for count in each] for each in (TEST_SAMPLES, SAMPLES))
    motions = measured(others)
    test, train = (canonical(arm, each) for each in (measured(tests), motions))
    starts = canonical(arm, measured([Drawing.random(arm, evaluation_rng(), 150)])).states[::10]
    truth = partial(simulate, arm, starts, np.linspace(0.0, 1.0, 100))
    return ArmData(arm, train, test, truth, clean=test, motions=motions, drawings=tests)


def judge(model: AbstractDynamics, data: ArmData, *, progress: str | None = None) -> Evaluation:
    """Judge a model, by the published measures too."""
    found = evaluate(model, data, progress=progress)
    with jax.enable_x64(True):
        return Evaluation(found.metrics | driven_metrics(cast(model, jnp.float64), data), found.paths)


def driven_metrics(model: AbstractDynamics, data: ArmData) -> dict[str, float]:
    """Return errors of torques and accelerations over their variance, and how long a driven model stays on a path."""
    times = [driven_time(model, each) for each in data.drawings]
    return {**force_metrics(model, data.energy, data.test), "driven_time": float(np.mean(times))}


def force_metrics(model: AbstractDynamics, arm: AbstractHamiltonian, test: Trajectories) -> dict[str, float]:
    """Return the mean squared errors of torques and of accelerations over their variance."""
    n = arm.degrees_of_freedom
    assert test.inputs is not None
    assert test.derivatives is not None
    states = jnp.asarray(test.states)
    field_error = np.asarray(vector_field(model, states)) - test.derivatives
    pushed = np.concatenate([np.zeros_like(test.inputs), test.inputs], axis=1)
    found, true = (_accelerations(each, states, jnp.asarray(pushed)) for each in (model, arm))
    return {
        "torque_nmse": _over_variance(field_error[:, n:], test.inputs),
        "acceleration_nmse": _over_variance(found - true, true),
    }


def driven_time(model: AbstractDynamics, drawing: Drawing) -> float:
    """Return the time until the angles of a driven model are off by 0.01, or that of the whole drawing."""
    truth = canonical(drawing.arm, measured([drawing])).states
    path = rollout(Driven(model, drawing), truth[0], TIMES, solver=TRUTH)
    missed = (np.asarray(path.states)[: len(truth)] - truth)[:, :2]
    return float(first_failure(TIMES[: len(truth)], np.linalg.norm(missed, axis=1)[None] <= LARGEST_ERROR)[0])


def _accelerations(model: AbstractDynamics, states: Array, pushed: Array) -> np.ndarray:
    """Return the rates at which the velocities of a model change where it is pushed."""

    def one(z: State, push: State) -> Half:
        _, rates = jax.jvp(model.time_derivative, (z,), (model.time_derivative(z) + push,))
        return rates[: len(z) // 2]

    return np.asarray(jax.vmap(one)(states, pushed))


def _over_variance(errors: np.ndarray, values: np.ndarray) -> float:
    return float(np.mean(np.mean(errors**2, axis=0) / np.var(values, axis=0)))


_OWN = "drawings and arm are our own, of the same kind, and the features of mechanics contain the truth."

TWO_LINK_ARM = Task(
    name="two-link-arm",
    number="9",
    title="Two-link arm",
    energy=TwoLinkArm(),
    make_data=make_data,
    methods=mechanical_methods(
        2, GradientSettings(steps=10_000, batch_size=200), Fourier.up_to(2, 1), attrgetter("motions"), judge
    ),
    published={
        "baseline": {"torque_nmse": 2.2e-6, "acceleration_nmse": 6.6e-4, "driven_time": 1.81},
        "hnn": {"torque_nmse": 5.5e-8, "acceleration_nmse": 6.1e-5, "driven_time": 2.19},
        "mechanical-hnn": {"torque_nmse": 1.8e-8, "acceleration_nmse": 1.5e-5, "driven_time": 2.90},
    },
    notes={
        **dict.fromkeys(("torque_nmse", "acceleration_nmse"), "Mean squared error over variance; " + _OWN),
        "driven_time": "Seconds until the angles are off by 0.01, on average over three drawings of 6 s (published: "
        "two characters of 5.4 and 6.9 s); " + _OWN,
    },
    labels=Labels("q1 (rad)", "p1 (J s)", "t (s)", "energy (J)"),
    source="Lutter and Peters (github.com/milutter/deep_lagrangian_networks)",
)
