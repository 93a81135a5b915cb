"""Gradient descent of several models of one shape at once, such as the seeds of one setting."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree
from tqdm import tqdm

from symplect._types import Key
from symplect.errors import InputError
from symplect.fitting.batches import Batches, draw, laid_out
from symplect.fitting.descent import FitState, GradientSettings, Loss, chunks_from, initial_state, steps
from symplect.fitting.spread import Rows, Spread

Model = TypeVar("Model", bound=eqx.Module)
Tree = TypeVar("Tree", bound=PyTree)


def descend_together(
    models: Sequence[Model],
    loss: Loss,
    rows: Sequence[Rows],
    *,
    keys: Sequence[Key],
    settings: GradientSettings,
    test_rows: Sequence[Rows],
    resume: Sequence[FitState[Model]] | None = None,
    checkpoint: Callable[[list[FitState[Model]]], None] | None = None,
    progress: str | None = None,
) -> list[FitState[Model]]:
    """Lowers the loss of several models, each on rows of its own, in one compiled program.

    On an accelerator the models go through each step side by side, as `jax.vmap` has it. On a CPU, where products of
    this size fill the cores and stacks of them do not, one takes its steps after the other; it then ends in the very
    numbers of `descend`.

    Args:
        models: freshly initialised, all of one shape.
        rows, test_rows: as for `descend`, for each model; all of one shape.
        keys: of each model's batches.
        loss, settings, progress: as for `descend`.
        resume: what an earlier call handed to `checkpoint`.
        checkpoint: called with the state of every model after every `CHUNK` steps.

    Returns:
        The state of each model after the last step.

    Raises:
        ArithmeticError: a loss left the finite numbers.
        InputError: models, rows or steps done that do not go together.
    """
    states = list(resume) if resume else [initial_state(model, settings) for model in models]
    _require_alike(models, rows, test_rows, states)
    seen = laid_out(_stacked(test_rows), mesh=None)
    laid = laid_out(_stacked(rows), mesh=None)
    stack = _stacked([(state.model, state.optimizer_state) for state in states])
    done = int(states[0].step)
    with tqdm(
        total=settings.steps, initial=done, desc=progress, unit="step", disable=None if progress else True, leave=False
    ) as bar:
        for chunk in chunks_from(done, settings):
            began = time.perf_counter()
            drawn = _drawn(keys, chunk, settings.batch_size, len(rows[0][0]))
            stack, losses = _take_steps(laid, drawn, seen, stack, loss, settings, len(chunk))
            entries, seconds = np.asarray(losses), (time.perf_counter() - began) / len(states)
            states = [
                state.after(len(chunk), model, optimizer_state, (float(entry[0]), float(entry[1])), seconds)
                for state, (model, optimizer_state), entry in zip(
                    states, _unstacked(stack, len(states)), entries, strict=True
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
    rows: Spread, drawn: Any, seen: Spread, stack: Any, loss: Loss, settings: GradientSettings, count: int
) -> tuple[Any, Any]:
    changing, fixed = eqx.partition(stack, eqx.is_array)

    def one(arguments: Any) -> Any:
        own_rows, own_drawn, own_seen, own = arguments
        chunk = Batches(Spread(own_rows, (), None), own_drawn, count)
        model, optimizer_state = eqx.combine(own, fixed)
        model, optimizer_state, losses = steps(chunk, model, optimizer_state, loss, settings)
        reached = eqx.filter((model, optimizer_state), eqx.is_array)
        return reached, jnp.stack([losses[-1], loss(model, *own_seen)])

    over = jax.lax.map if jax.default_backend() == "cpu" else lambda function, values: jax.vmap(function)(values)
    reached, losses = over(one, (rows.arrays, drawn, seen.arrays, changing))
    return eqx.combine(reached, fixed), losses


def _stacked(trees: Sequence[Tree]) -> Tree:
    return jax.tree.map(lambda *leaves: jnp.stack(leaves) if eqx.is_array_like(leaves[0]) else leaves[0], *trees)


def _unstacked(tree: Tree, count: int) -> list[Tree]:
    return [jax.tree.map(lambda leaf, i=i: leaf[i] if eqx.is_array(leaf) else leaf, tree) for i in range(count)]


def _require_alike(models: Sequence[Any], rows: Sequence[Any], test_rows: Sequence[Any], states: Sequence[Any]) -> None:
    for what, trees in (("models", models), ("rows", rows), ("test rows", test_rows)):
        found = {str(jax.tree.map(jnp.shape, eqx.filter(tree, eqx.is_array_like))) for tree in trees}
        if len(found) != 1 or len(trees) != len(models):
            raise InputError(
                f"expected {what} of one shape for {len(models)} models, found {len(trees)} of {len(found)} shapes: "
                "fit those of another shape by themselves"
            )
    if len(done := {int(state.step) for state in states}) != 1:
        raise InputError(f"expected models with equally many steps done, found {sorted(done)}: fit them by themselves")
