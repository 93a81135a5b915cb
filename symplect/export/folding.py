"""Operations of JAX on known numbers, by NumPy.

XLA would compile a program for each, which takes longer than all the rest of a translation.
"""

from collections.abc import Callable, Sequence

import numpy as np
from jax.extend.core import JaxprEqn
from jax.lax import DotDimensionNumbers, GatherDimensionNumbers, ScatterDimensionNumbers

from symplect.errors import InputError

Sizes = Sequence[int | np.int64]
"""Sizes, axes or places, as JAX writes them."""


def folded(equation: JaxprEqn, *inputs: np.ndarray) -> list[np.ndarray]:
    """Return the results of an equation whose operands are known; by XLA where no rule stands here.

    Example:
        >>> import jax
        >>> (equation,) = jax.make_jaxpr(lambda x: x.T)(np.zeros((1, 2))).eqns
        >>> folded(equation, np.array([[3, 4]]))[0].tolist()
        [[3], [4]]
    """
    rule = RULES.get(equation.primitive.name, equation.primitive.bind)
    with np.errstate(all="ignore"):
        found = rule(*inputs, **equation.params)
    return [np.asarray(value) for value in (found if isinstance(found, Sequence) else [found])]


def places(shape: Sizes, starts: np.ndarray, numbers: GatherDimensionNumbers, slice_sizes: Sizes) -> np.ndarray:
    """Return where in an array of some shape each entry of a gather stands, counted row by row.

    Raises:
        InputError: some stand outside.
    """
    batch = starts.shape[:-1]
    corners = np.zeros((*batch, len(shape)), int)
    corners[..., list(numbers.start_index_map)] = starts
    for own, axis in zip(numbers.operand_batching_dims, numbers.start_indices_batching_dims, strict=True):
        corners[..., own] = np.indices(batch)[axis]
    if np.any(corners < 0) or np.any(corners + np.array(slice_sizes, int) > shape):
        raise InputError("expected indices inside an array, found some outside: the model is of another version")
    strides = np.cumprod(np.array([1, *reversed(shape)]))[-2::-1]
    offsets = np.tensordot(strides, np.indices(tuple(map(int, slice_sizes))), 1)
    found = np.add.outer(corners @ strides, offsets)
    single = {*numbers.collapsed_slice_dims, *numbers.operand_batching_dims}
    found = found.reshape(*batch, *(size for axis, size in enumerate(slice_sizes) if axis not in single))
    window = range(len(batch), found.ndim)
    return np.moveaxis(found, window, numbers.offset_dims)


def scatter_places(shape: Sizes, starts: np.ndarray, updates: Sizes, numbers: ScatterDimensionNumbers) -> np.ndarray:
    """Return where in an array of some shape each entry of the updates of a scatter goes, counted row by row.

    Raises:
        InputError: some go outside.
    """
    single = {*numbers.inserted_window_dims, *numbers.operand_batching_dims}
    window = iter(numbers.update_window_dims)
    gather = GatherDimensionNumbers(
        offset_dims=tuple(numbers.update_window_dims),
        collapsed_slice_dims=tuple(numbers.inserted_window_dims),
        start_index_map=tuple(numbers.scatter_dims_to_operand_dims),
        operand_batching_dims=tuple(numbers.operand_batching_dims),
        start_indices_batching_dims=tuple(numbers.scatter_indices_batching_dims),
    )
    sizes = [1 if axis in single else updates[next(window)] for axis in range(len(shape))]
    return places(shape, starts, gather, sizes)


def _broadcast_in_dim(x: np.ndarray, *, shape: Sizes, broadcast_dimensions: Sizes, sharding: object) -> np.ndarray:
    stretched = [1] * len(shape)
    for axis, size in zip(broadcast_dimensions, x.shape, strict=True):
        stretched[axis] = size
    return np.broadcast_to(x.reshape(stretched), tuple(map(int, shape)))


def _dot_general(a: np.ndarray, b: np.ndarray, *, dimension_numbers: DotDimensionNumbers, **_: object) -> np.ndarray:
    summed, batch = dimension_numbers
    letters, others = list(range(a.ndim)), list(range(a.ndim, a.ndim + b.ndim))
    for left, right in (*zip(*summed, strict=True), *zip(*batch, strict=True)):
        others[right] = letters[left]
    shared = [letters[axis] for axis in batch[0]]
    gone = {*shared, *(letters[axis] for axis in summed[0])}
    free = [letter for letter in (*letters, *others) if letter not in gone]
    return np.einsum(a, letters, b, others, [*shared, *free], optimize=True)


def _gather(
    x: np.ndarray,
    starts: np.ndarray,
    *,
    dimension_numbers: GatherDimensionNumbers,
    slice_sizes: Sizes,
    **_: object,
) -> np.ndarray:
    return x.ravel()[places(x.shape, starts, dimension_numbers, slice_sizes)]


def _iota(*, dtype: np.dtype, shape: Sizes, dimension: int, sharding: object) -> np.ndarray:
    return np.indices(tuple(map(int, shape)))[dimension].astype(dtype)


def _pad(x: np.ndarray, value: np.ndarray, *, padding_config: Sequence[Sizes]) -> np.ndarray:
    taken, filled, sizes = list[np.ndarray](), list[np.ndarray](), list[int]()
    for size, (low, high, gap) in zip(x.shape, padding_config, strict=True):
        to = low + np.arange(size) * (gap + 1)
        sizes.append(low + high + size + max(0, size - 1) * gap)
        taken.append((0 <= to) & (to < sizes[-1]))
        filled.append(to[taken[-1]])
    padded = np.full(sizes, value)
    padded[np.ix_(*filled)] = x[np.ix_(*taken)]
    return padded


def _scatter_add(
    x: np.ndarray, starts: np.ndarray, updates: np.ndarray, *, dimension_numbers: ScatterDimensionNumbers, **_: object
) -> np.ndarray:
    found = x.flatten()
    np.add.at(found, scatter_places(x.shape, starts, updates.shape, dimension_numbers), updates)
    return found.reshape(x.shape)


def _slice(x: np.ndarray, *, start_indices: Sizes, limit_indices: Sizes, strides: Sizes | None) -> np.ndarray:
    return x[tuple(map(slice, start_indices, limit_indices, strides or [1] * x.ndim))]


def _on_every_entry(function: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
    return lambda *inputs, **_: function(*inputs)


_ENTRYWISE = {
    "add": np.add,
    "add_any": np.add,
    "and": np.bitwise_and,
    "eq": np.equal,
    "ge": np.greater_equal,
    "lt": np.less,
    "mul": np.multiply,
    "ne": np.not_equal,
    "neg": np.negative,
    "sub": np.subtract,
}

RULES: dict[str, Callable[..., np.ndarray | Sequence[np.ndarray]]] = {
    **{name: _on_every_entry(function) for name, function in _ENTRYWISE.items()},
    "broadcast_in_dim": _broadcast_in_dim,
    "concatenate": lambda *parts, dimension: np.concatenate(parts, dimension),
    "convert_element_type": lambda x, new_dtype, **_: x.astype(new_dtype),
    "dot_general": _dot_general,
    "gather": _gather,
    "iota": _iota,
    "pad": _pad,
    "reshape": lambda x, new_sizes, **_: x.reshape(new_sizes),
    "rev": lambda x, dimensions: np.flip(x, dimensions),
    "scatter-add": _scatter_add,
    "select_n": lambda which, *cases: np.choose(which, cases),
    "slice": _slice,
    "split": lambda x, sizes, axis: np.split(x, np.cumsum(sizes)[:-1], axis),
    "squeeze": lambda x, dimensions: np.squeeze(x, dimensions),
    "stack": lambda *parts, axis: np.stack(parts, axis),
    "transpose": lambda x, permutation: np.transpose(x, permutation),
    "unstack": lambda x, axis: list(np.moveaxis(x, axis, 0)),
}
"""Operations by their name in JAX, with its parameters as keywords."""
