"""Gradient descent of several models of one shape at once, such as the seeds of one setting."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree
from tqdm import tqdm

from symplect._types import Key
from symplect.errors import InputError
from symplect.fitting.batches import Batches, draw
from symplect.fitting.descent import (
    CHUNK,
    FitState,
    GradientSettings,
    Loss,
    Optimizer,
    chunks_from,
    initial_state,
    require_same_optimizer,
    steps,
)
from symplect.fitting.spread import DEVICES, Rows, Spread, mesh_of

Model = TypeVar("Model", bound=eqx.Module)
Tree = TypeVar("Tree", bound=PyTree)

_SHARE = PartitionSpec(DEVICES)


def descend_together(
    models: Sequence[Model],
    loss: Loss,
    rows: Sequence[Rows],
    *,
    keys: Sequence[Key],
    settings: GradientSettings,
    optimizer: Optimizer | None = None,
    test_rows: Sequence[Rows],
    devices: Sequence[jax.Device] | None = None,
    resume: Sequence[FitState[Model]] | None = None,
    checkpoint: Callable[[list[FitState[Model]]], None] | None = None,
    progress: str | None = None,
) -> list[FitState[Model]]:
    """Lower the loss of several models, each on rows of its own, in one compiled program.

    On an accelerator the models go through each step side by side, as `jax.vmap` has it. On a CPU, where products of
    this size fill the cores and stacks of them do not, one takes its steps after the other; it then ends in the very
    numbers of `descend`. Several devices go through equal shares of the models at the same time; after every
    `CHUNK` steps the models are collected on the first.

    Args:
        models: freshly initialised, all of one shape.
        rows, test_rows: as for `descend`, for each model; all of one shape.
        keys: random keys of each model's batches.
        loss, settings, optimizer, progress: as for `descend`.
        devices: devices of this process that share the models; the default device alone unless given.
        resume: states that an earlier call handed to `checkpoint`.
        checkpoint: called with the state of every model after every `CHUNK` steps.

    Returns:
        The state of each model after the last step.

    Raises:
        ArithmeticError: a loss left the finite numbers.
        InputError: models, rows or steps done that do not go together, or models that the devices cannot share.
    """
    states = list(resume) if resume else [initial_state(model, settings, optimizer) for model in models]
    _require_alike(models, rows, test_rows)
    require_same_optimizer(states, models[0], settings, optimizer)
    _require_equally_far(models, keys, states, settings)
    mesh = mesh_of(devices) if devices is not None else None
    _require_equal_shares(len(models), mesh)
    seen, laid, stack = _shared(
        (_stacked(test_rows), _stacked(rows), _stacked([(state.model, state.optimizer_state) for state in states])),
        mesh,
    )
    done = int(states[0].step)
    with tqdm(
        total=settings.steps, initial=done, desc=progress, unit="step", disable=None if progress else True, leave=False
    ) as bar:
        for chunk in chunks_from(done, settings):
            began = time.perf_counter()
            drawn = _drawn(keys, chunk, settings.batch_size, len(rows[0][0]))
            stack, losses = _take_steps(laid, drawn, seen, stack, loss, settings, optimizer, len(chunk), mesh)
            entries, seconds = np.asarray(losses), (time.perf_counter() - began) / len(states)
            states = [
                state.after(len(chunk), model, optimizer_state, (float(entry[0]), float(entry[1])), seconds)
                for state, (model, optimizer_state), entry in zip(
                    states, _unstacked(stack, len(states), mesh), entries, strict=True
                )
            ]
            if checkpoint:
                checkpoint(states)
            bar.update(len(chunk))
    return states


def _drawn(keys: Sequence[Key], chunk: range, size: int | None, among: int) -> Any:
    if size is None:
        return None
    numbers = np.arange(chunk.start, chunk.stop, dtype=np.int32)
    return jnp.stack([draw(key, numbers, size, among) for key in keys])


@eqx.filter_jit
def _take_steps(
    rows: Rows,
    drawn: Any,
    seen: Rows,
    stack: Any,
    loss: Loss,
    settings: GradientSettings,
    optimizer: Optimizer | None,
    count: int,
    mesh: Mesh | None,
) -> tuple[Any, Any]:
    changing, fixed = eqx.partition(stack, eqx.is_array)

    def one(arguments: Any) -> Any:
        own_rows, own_drawn, own_seen, own = arguments
        chunk = Batches(Spread(own_rows, (), None), own_drawn, count)
        model, optimizer_state = eqx.combine(own, fixed)
        model, optimizer_state, losses = steps(chunk, model, optimizer_state, loss, settings, optimizer)
        reached = eqx.filter((model, optimizer_state), eqx.is_array)
        return reached, jnp.stack([losses[-1], loss(model, *own_seen)])

    platform = jax.default_backend() if mesh is None else mesh.devices.flat[0].platform
    every = partial(jax.lax.map, one) if platform == "cpu" else jax.vmap(one)
    if mesh is not None:
        every = jax.shard_map(every, mesh=mesh, in_specs=_SHARE, out_specs=_SHARE, check_vma=False)
    reached, losses = every((rows, drawn, seen, changing))
    return eqx.combine(reached, fixed), losses


def _shared(tree: Tree, mesh: Mesh | None) -> Tree:
    """Give every device its share of the models."""
    if mesh is None:
        return tree
    arrays, others = eqx.partition(tree, eqx.is_array)
    return eqx.combine(jax.device_put(arrays, NamedSharding(mesh, _SHARE)), others)


def _stacked(trees: Sequence[Tree]) -> Tree:
    return jax.tree.map(lambda *leaves: jnp.stack(leaves) if eqx.is_array_like(leaves[0]) else leaves[0], *trees)


def _unstacked(tree: Tree, count: int, mesh: Mesh | None) -> list[Tree]:
    """Return each model, all on one device."""
    arrays, others = eqx.partition(tree, eqx.is_array)
    if mesh is not None:
        arrays = jax.device_put(arrays, mesh.devices.flat[0])
    return [eqx.combine(own, others) for own in _rows_of(arrays, count)]


@partial(jax.jit, static_argnums=1)  # one call for all models and leaves
def _rows_of(arrays: Tree, count: int) -> list[Tree]:
    return [jax.tree.map(lambda leaf, i=i: leaf[i], arrays) for i in range(count)]


def _require_equal_shares(models: int, mesh: Mesh | None) -> None:
    if mesh is not None and (mesh.is_multi_process or models % mesh.size):
        raise InputError(
            f"expected models that devices of one process can share evenly, found {models} for {mesh.size} devices: "
            "give jax.local_devices(), or a part of them"
        )


def _require_alike(models: Sequence[Any], rows: Sequence[Any], test_rows: Sequence[Any]) -> None:
    for what, trees in (("models", models), ("rows", rows), ("test rows", test_rows)):
        found = {str(jax.tree.map(jnp.shape, eqx.filter(tree, eqx.is_array_like))) for tree in trees}
        if len(found) != 1 or len(trees) != len(models):
            raise InputError(
                f"expected {what} of one shape for {len(models)} models, found {len(trees)} of {len(found)} shapes: "
                "fit those of another shape by themselves"
            )


def _require_equally_far(
    models: Sequence[Any], keys: Sequence[Key], states: Sequence[FitState[Any]], settings: GradientSettings
) -> None:
    if not len(models) == len(keys) == len(states):
        raise InputError(
            f"expected a key and a state for each of {len(models)} models, found {len(keys)} keys and {len(states)} "
            "states: give as many"
        )
    if len(done := {int(state.step) for state in states}) != 1:
        raise InputError(f"expected models with equally many steps done, found {sorted(done)}: fit them by themselves")
    if (entries := {len(state.history) for state in states}) != {-(-settings.steps // CHUNK)}:
        raise InputError(
            f"expected states of fits of {settings.steps} steps, found histories of {sorted(entries)} times {CHUNK}: "
            "go on with the steps of before"
        )
