"""Rows of samples, on one device or spread over several, which may belong to several processes."""

from collections.abc import Sequence
from typing import Any, TypeVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental.multihost_utils import process_allgather
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Int, PyTree, Shaped

from symplect.errors import InputError

Tree = TypeVar("Tree", bound=PyTree)
Rows = tuple[Shaped[Array | np.ndarray, "_ ..."], ...]
Numbers = Int[Array | np.ndarray, " batch"]

DEVICES = "devices"
"""The name of the one axis along which devices lie."""


@final
class Spread(eqx.Module):
    """Rows of samples, numbered through all processes in their order.

    Attributes:
        arrays: one sample per entry of the first axis, which is padded with zeros to the same length on every device.
        counts: the rows of each process, without that padding.
        mesh: the devices, along one axis; `None` for rows on the default device, which have no padding.
    """

    arrays: Rows
    counts: tuple[int, ...] = eqx.field(static=True)
    mesh: Mesh | None = eqx.field(static=True)

    def take(self, numbers: Numbers) -> Rows:
        """Return the rows of these numbers, spread anew; what a device lacks of its part comes from the others."""
        if self.mesh is None:
            return tuple(values[numbers] for values in self.arrays)
        places = self._places(numbers)
        return self._spread(self.replicated(tuple(values[places] for values in self.arrays)))

    def everything(self) -> Rows:
        """Return all rows, without padding."""
        return self.arrays if self.mesh is None else self._spread(tuple(map(self._without_padding, self.arrays)))

    def replicated(self, tree: Tree) -> Tree:
        """Return a tree of arrays of which every device has its own copy."""
        return tree if self.mesh is None else jax.lax.with_sharding_constraint(tree, _replicated(self.mesh))

    def _places(self, numbers: Numbers) -> Numbers:
        """Return where rows lie: the padding of earlier processes stands before them."""
        ends = np.cumsum(self.counts)
        padding = len(self.arrays[0]) // len(ends) * np.arange(len(ends)) - (ends - self.counts)
        process = jnp.searchsorted(jnp.asarray(ends, jnp.int32), numbers, side="right")
        return numbers + jnp.asarray(padding, jnp.int32)[process]

    def _spread(self, rows: Rows) -> Rows:
        return rows if self.mesh is None else jax.lax.with_sharding_constraint(rows, _over(self.mesh))

    def _without_padding(self, values: Array | np.ndarray) -> Array:
        share = len(values) // len(self.counts)
        return jnp.concatenate([values[share * i : share * i + count] for i, count in enumerate(self.counts)])


def mesh_of(devices: Sequence[jax.Device]) -> Mesh:
    """Return devices along one axis, those of a process side by side.

    Raises:
        InputError: no devices, or not equally many of every process.
    """
    counts = [sum(device.process_index == process for device in devices) for process in range(jax.process_count())]
    if not devices or len(set(counts)) > 1:
        raise InputError(
            f"expected devices, and equally many of every process, found {counts}: give jax.devices(), or none"
        )
    ordered = sorted(devices, key=lambda device: (device.process_index, device.id))
    return Mesh(np.array(ordered), (DEVICES,), axis_types=(AxisType.Auto,))


def all_counts(rows: Rows) -> tuple[int, ...]:
    """Return how many rows every process has."""
    return tuple(int(count) for count in np.ravel(process_allgather(np.asarray(len(rows[0])))))


def spread(rows: Rows, counts: tuple[int, ...], mesh: Mesh | None) -> Spread:
    """Lay this process's rows on its devices; talks to no other process."""
    if mesh is None:
        return Spread(tuple(map(jnp.asarray, rows)), counts, None)
    devices = mesh.local_mesh.size
    share = -(-max(counts) // devices) * devices

    def laid(values: Any) -> Array:
        padding = [(0, share - len(values))] + [(0, 0)] * (values.ndim - 1)
        shape = (share * len(counts), *values.shape[1:])
        return jax.make_array_from_process_local_data(_over(mesh), np.pad(np.asarray(values), padding), shape)

    return Spread(tuple(map(laid, rows)), counts, mesh)


def brought(tree: Tree, mesh: Mesh | None) -> Tree:
    """Return copies of a tree's arrays on every device, each process bringing the same."""

    if mesh is None:
        return _copied(tree)

    def copied(leaf: Any) -> Any:
        if not isinstance(leaf, jax.Array):
            return leaf
        return jax.make_array_from_process_local_data(_replicated(mesh), np.asarray(leaf), leaf.shape)

    return jax.tree.map(copied, tree)


def fetched(tree: Tree) -> Tree:
    """Return copies of a tree's arrays, of which every device has one, on one device of this process."""
    return _copied(jax.tree.map(lambda leaf: leaf.addressable_data(0) if isinstance(leaf, jax.Array) else leaf, tree))


def _copied(tree: Tree) -> Tree:
    arrays, others = eqx.partition(tree, lambda leaf: isinstance(leaf, jax.Array))
    return eqx.combine(_copies(arrays), others)


@jax.jit  # of all leaves in one program
def _copies(arrays: Tree) -> Tree:
    return jax.tree.map(jnp.copy, arrays)


def _over(mesh: Mesh) -> NamedSharding:
    return NamedSharding(mesh, PartitionSpec(DEVICES))


def _replicated(mesh: Mesh) -> NamedSharding:
    return NamedSharding(mesh, PartitionSpec())
