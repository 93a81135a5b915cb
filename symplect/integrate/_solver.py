"""What a solver is: a way to move one state through given times."""

import abc
import enum
from typing import TYPE_CHECKING

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from symplect._types import Scalar, State
from symplect.dynamics import AbstractDynamics
from symplect.errors import InputError

if TYPE_CHECKING:
    from typing import ClassVar as AbstractClassVar  # which type checkers know
else:
    from equinox import AbstractClassVar

Path = Float[Array, "times dimension"]


class Status(enum.IntEnum):
    """How a rollout ended."""

    SUCCESS = 0
    NOT_FINITE = 1
    STEP_LIMIT = 2

    @property
    def message(self) -> str:
        """What happened and what to do about it, in a line."""
        return {
            Status.SUCCESS: "reached the last time with finite numbers",
            Status.NOT_FINITE: "left the finite numbers, or an implicit step did not converge: take smaller steps, "
            "or start where the model has seen data",
            Status.STEP_LIMIT: "used up its steps before the last time: raise max_steps, or loosen rtol and atol",
        }[self]


class AbstractSolver(eqx.Module):
    """Moves one state of any dynamics through given times, forward or backward."""

    @abc.abstractmethod
    def solve(self, dynamics: AbstractDynamics, z0: State, ts: Float[Array, " times"]) -> tuple[Path, Int[Array, ""]]:
        """Return the states at `ts` (the first is `z0`) and a `Status` as an integer."""


class AbstractFixedStep(AbstractSolver):
    """A one-step map, repeated `substeps` times between two neighbouring output times.

    Attributes:
        order: the error of a path shrinks with this power of the step.
    """

    order: AbstractClassVar[int]
    substeps: eqx.AbstractVar[int]

    @abc.abstractmethod
    def step(self, dynamics: AbstractDynamics, z: State, t: Scalar, h: Scalar) -> State:
        """Return the state one step of (possibly negative) length `h` after `t`."""

    def __check_init__(self):
        if self.substeps < 1:
            raise InputError(f"{type(self).__name__}: expected substeps of at least 1, found {self.substeps}")

    def solve(self, dynamics: AbstractDynamics, z0: State, ts: Float[Array, " times"]) -> tuple[Path, Int[Array, ""]]:
        def interval(z: State, ends: tuple[Scalar, Scalar]) -> tuple[State, State]:
            start, end = ends
            h = ((end - start) / self.substeps).astype(z.dtype)
            z = jax.lax.fori_loop(0, self.substeps, lambda i, z: self.step(dynamics, z, start + i * h, h), z)
            return z, z

        _, path = jax.lax.scan(interval, z0, (ts[:-1], ts[1:]))
        path = jnp.concatenate([z0[None], path])
        finite = jnp.all(jnp.isfinite(path))
        return path, jnp.where(finite, Status.SUCCESS, Status.NOT_FINITE).astype(jnp.int32)
