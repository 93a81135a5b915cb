"""The batches of a descent: drawn by the number of the step alone, from rows in memory or on disk."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array, Int

from symplect._types import Key
from symplect.data import RowsOnDisk
from symplect.errors import InputError
from symplect.fitting.spread import Rows, Spread, all_counts, spread

Made = TypeVar("Made")
_SEEN = 10_000  # rows of a table on disk that a test loss sees


@final
class Batches(eqx.Module):
    """The batches of some steps.

    Attributes:
        rows: what the batches consist of.
        drawn: the numbers of each step's rows; `None` where every step takes all.
        steps: how many.
    """

    rows: Spread
    drawn: Int[Array | np.ndarray, "steps batch"] | None
    steps: int = eqx.field(static=True)


@partial(jax.jit, static_argnames=("size", "among"))
def draw(key: Key, steps: Int[Array | np.ndarray, " steps"], size: int, among: int) -> Int[Array, "steps batch"]:
    """Return numbers of rows, drawn with replacement; those of a step depend on its number alone."""

    def one(step: Int[Array, ""]) -> Int[Array, " batch"]:
        return jax.random.randint(jax.random.fold_in(key, step), (size,), 0, among, jnp.int32)

    return jax.vmap(one)(jnp.asarray(steps))


def batches(
    rows: Rows | RowsOnDisk, mesh: Mesh | None, key: Key, size: int | None, chunks: Sequence[range]
) -> Iterator[Batches]:
    """Yield the batches of each chunk of steps; those on disk are read while the chunk before is computed.

    Raises:
        InputError: rows on disk, and no size of a batch.
    """
    if isinstance(rows, RowsOnDisk):
        if size is None:
            raise InputError("expected a batch size for rows on disk, found none: give GradientSettings a batch_size")
        return _ahead(lambda steps: _streamed(rows, mesh, key, size, steps), chunks)
    laid = laid_out(rows, mesh)
    return (_resident(laid, key, size, steps) for steps in chunks)


def laid_out(rows: Rows | RowsOnDisk, mesh: Mesh | None) -> Spread:
    """Lay rows on devices, those in memory as each process has them; of those on disk, at most 10,000."""
    if isinstance(rows, RowsOnDisk):
        return _read(rows, np.arange(0, len(rows), -(-len(rows) // _SEEN)), mesh)
    return spread(rows, (len(rows[0]),) if mesh is None else all_counts(rows), mesh)


def _resident(rows: Spread, key: Key, size: int | None, steps: range) -> Batches:
    if size is None:
        return Batches(rows, None, len(steps))
    drawn = draw(key, np.arange(steps.start, steps.stop, dtype=np.int32), size, sum(rows.counts))
    return Batches(rows, drawn if rows.mesh is None else np.asarray(drawn), len(steps))  # all processes have the same


def _streamed(rows: RowsOnDisk, mesh: Mesh | None, key: Key, size: int, steps: range) -> Batches:
    """Read the batches of some steps, in the order of the file."""
    drawn = np.ravel(draw(key, np.arange(steps.start, steps.stop, dtype=np.int32), size, len(rows)))
    order = np.argsort(drawn, kind="stable")
    places = np.empty_like(drawn)
    places[order] = np.arange(len(drawn), dtype=drawn.dtype)
    return Batches(_read(rows, drawn[order], mesh), places.reshape(-1, size), len(steps))


def _read(rows: RowsOnDisk, numbers: Int[np.ndarray, " rows"], mesh: Mesh | None) -> Spread:
    """Read rows onto devices, each process its share."""
    shares = np.array_split(numbers, 1 if mesh is None else jax.process_count())
    own = shares[0 if mesh is None else jax.process_index()]
    return spread(rows.read(own), tuple(map(len, shares)), mesh)


def _ahead(make: Callable[[range], Made], chunks: Sequence[range]) -> Iterator[Made]:
    """Yield what is made of each chunk, while a thread makes the next."""
    with ThreadPoolExecutor(1) as thread:
        coming = [thread.submit(make, chunk) for chunk in chunks[:1]]
        for chunk in chunks[1:]:
            ready = coming.pop().result()
            coming.append(thread.submit(make, chunk))
            yield ready
        for last in coming:
            yield last.result()
