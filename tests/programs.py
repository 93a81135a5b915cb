"""The page's programs, run by NumPy: what a step means, written a second time."""

import base64

import numpy as np

UNARY = {
    "neg": np.negative, "abs": np.abs, "sign": np.sign, "sin": np.sin, "cos": np.cos, "tan": np.tan, "tanh": np.tanh,
    "exp": np.exp, "expm1": np.expm1, "log": np.log, "log1p": np.log1p, "sqrt": np.sqrt,
    "rsqrt": lambda a: 1 / np.sqrt(a), "logistic": lambda a: 1 / (1 + np.exp(-a)), "not": np.logical_not,
    "square": np.square,
}  # fmt: skip
BINARY = {
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "max": np.maximum, "min": np.minimum,
    "pow": np.power, "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal, "gt": np.greater,
    "ge": np.greater_equal, "and": np.logical_and, "or": np.logical_or,
}  # fmt: skip


def decoded(model):
    """Returns the arrays of a payload."""
    kind = "<" + np.dtype(model["precision"]).str[1:]
    return [
        _of_levels(**stored) if isinstance(stored, dict) else np.frombuffer(base64.b64decode(stored), kind)
        for stored in model["arrays"]
    ]


def _of_levels(levels, scales, columns):
    whole = np.frombuffer(base64.b64decode(levels), np.int8).reshape(-1, columns)
    return (whole * np.array(scales, np.float32)).astype(np.float32).ravel()


def places(index):
    if isinstance(index, list):
        return np.array(index, int)
    grid = np.indices(index["sizes"])
    return index["offset"] + sum(s * g for s, g in zip(index["strides"], grid, strict=True)).ravel()


def run(program, arrays, state):
    """Returns the output of a program for one state."""
    buffers = [np.full(size, np.nan, arrays[0].dtype if arrays else float) for size in program["sizes"]]
    buffers[0] = np.asarray(state, buffers[0].dtype)
    for buffer, array in program["constants"]:
        assert len(arrays[array]) == program["sizes"][buffer]
        buffers[buffer] = arrays[array]
    for name, out, *rest in program["steps"]:
        found = _step(name, rest, buffers)
        assert found.size == program["sizes"][out], (name, out)
        buffers[out] = found.astype(buffers[0].dtype).ravel()
    return buffers[program["output"]]


def _step(name, rest, buffers):
    if name in UNARY:
        return UNARY[name](buffers[rest[0]])
    if name in BINARY:
        return BINARY[name](buffers[rest[0]], buffers[rest[1]])
    if name == "join":
        return np.concatenate([buffers[buffer] for buffer in rest[0]])
    a = buffers[rest[0]]
    if name == "gather":
        return a[places(rest[1])]
    if name == "sum":
        return a.reshape(-1, rest[1]).sum(axis=1)
    if name == "power":
        return a ** float(rest[1])
    if name == "select":
        return np.where(a != 0, buffers[rest[2]], buffers[rest[1]])
    if name == "scatter":
        found = a.copy()
        np.add.at(found, places(rest[2]), buffers[rest[1]])
        return found
    W, M, K, N = buffers[rest[1]], *rest[2:]
    return a.reshape(M, K) @ (W.reshape(K, N) if name == "matmul" else W.reshape(N, K).T)
