"""The explorer's numbers: what its kernels and operations compute in a browser against NumPy."""

import base64

import numpy as np
import pytest
from scipy.special import expit
from wasmtime import wat2wasm

from tests.explorer_scripts import EXPLORER
from tests.tapes import Tape, payload, text

# The kernels


def test_the_committed_kernels_are_the_assembled_text():
    assert (EXPLORER / "kernels.wasm").read_bytes() == bytes(wat2wasm((EXPLORER / "kernels.wat").read_text()))


def test_without_webassembly_the_same_runs_in_plain_javascript(view, request):
    assert view.evaluate("explorer.kernels.accelerated") == ("WebAssembly" in request.node.callspec.id)


PRODUCTS = """(cases) => cases.map(([method, inner, outer, x, w]) => {
  const workspace = explorer.kernels.workspace("float32", [inner + 1, inner * outer + 1, outer + 2]);
  const [left, right] = [x, w].map(explorer.floats).map((values) => {
    const place = workspace.allocate(values.length + 1).subarray(1);
    place.set(values);
    return place;
  });
  const around = workspace.allocate(outer + 2).fill(7);
  workspace[method](around.subarray(1, outer + 1), left, right)();
  return Array.from(around);
})"""


@pytest.mark.parametrize("method", ["matmul", "matmulTransposed"])
def test_products_of_every_size_at_unaligned_places(view, method):
    rng = np.random.default_rng(0)
    sizes = [(K, N) for K in (*range(1, 10), 200) for N in (*range(1, 10), 31, 32, 33, 67, 200)]
    left = [rng.normal(size=K).astype(np.float32) for K, _ in sizes]
    right = [rng.normal(size=size).astype(np.float32) for size in sizes]
    stored = [w.T if method == "matmulTransposed" else w for w in right]
    cases = [[method, *size, text(x), text(w)] for size, x, w in zip(sizes, left, stored, strict=True)]
    for found, x, w in zip(view.evaluate(PRODUCTS, cases), left, right, strict=True):
        assert found[0] == found[-1] == 7  # nothing is written beside the result
        round_off = 1e-6 * (np.abs(x) @ np.abs(w))
        assert np.all(np.abs(found[1:-1] - x.astype(np.float64) @ w) <= round_off), w.shape


TANH = """([numbers, length]) => {
  const values = explorer.floats(numbers);
  const workspace = explorer.kernels.workspace("float32", [length + 1, length + 2]);
  const from = workspace.allocate(length + 1).subarray(1);
  const around = workspace.allocate(length + 2).fill(7);
  const run = workspace.tanh(around.subarray(1, length + 1), from);
  const found = new Float32Array(values.length);
  for (let at = 0; at < values.length; at += length) {
    from.set(values.subarray(at, at + length));
    run();
    found.set(around.subarray(1, length + 1), at);
  }
  return [explorer.text(found), around[0], around[length + 1]];
}"""


def tanh(view, numbers, length):
    found, *beside = view.evaluate(TANH, [text(numbers), length])
    assert beside == [7, 7]
    return np.frombuffer(base64.b64decode(found), np.float32)


def test_tanh_has_two_units_in_the_last_place(view):
    every = np.arange(0, 0x7F800000, 8111, dtype=np.uint32).view(np.float32)  # all magnitudes, from 0 to the largest
    dense = np.linspace(0.4, 10.0, 100_000, dtype=np.float32)
    numbers = np.concatenate([every, dense, -dense])
    exact = np.tanh(numbers.astype(np.float64))
    unit = np.spacing(np.abs(exact.astype(np.float32))).astype(np.float64)
    assert np.max(np.abs(tanh(view, numbers, numbers.size) - exact) / unit) < 2


@pytest.mark.parametrize("length", range(1, 10))
def test_tanh_of_any_length_and_of_what_is_no_number(view, length):
    special = np.tile(np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 12.0, -1e30, 1e-45], np.float32), length)
    found = tanh(view, special, length)
    np.testing.assert_array_equal(found, np.tanh(special))
    np.testing.assert_array_equal(np.signbit(found[:2]), [False, True])


# The operations, each in a model of few steps; all numbers are exact in both precisions

SIZE = 12
NUMBERS = np.array([0.0, 1.0, -1.0, 0.5, -2.5, 3.75, 20.0, -0.125, 2.0**-20, np.inf, -np.inf, np.nan])
OTHERS = np.array([1.0, np.nan, np.inf, 0.5, 3.0, 3.75, -2.0, 0.0, 1e3, 2.0, 1.0, 1.0])
TRUTHS, OTHER_TRUTHS = np.arange(SIZE) % 2.0, np.arange(SIZE) // 2 % 2.0
STATE = np.arange(SIZE) ** 2 / 8.0 - 3.0

UNARY = {f.__name__: f for f in (np.sign, np.sin, np.cos, np.tan, np.tanh, np.exp, np.expm1, np.log, np.log1p)}
UNARY |= {"abs": np.abs, "sqrt": np.sqrt, "square": np.square}
UNARY |= {"neg": np.negative, "rsqrt": lambda x: 1 / np.sqrt(x), "logistic": expit}
BINARY = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide, "max": np.maximum}
BINARY |= {"min": np.minimum, "pow": np.power, "eq": np.equal, "ne": np.not_equal, "lt": np.less}
BINARY |= {"le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}


def on_state(operation, *operands):
    """Returns a tape of one step, in which arrays become constants and anything else stands as it is."""
    tape = Tape(SIZE)
    operands = [tape.constant(operand) if isinstance(operand, np.ndarray) else operand for operand in operands]
    return tape, tape(operation, SIZE, *operands)


def joined():
    tape = Tape(SIZE)
    one, run, pair = tape.constant(7.0), tape.constant(*range(9)), tape("gather", 2, 0, [3, 1])
    return tape, tape("join", SIZE, [one, run, pair])


def joined_long():
    """Parts so long that they are not copied number by number."""
    tape = Tape(SIZE)
    twice = tape("join", 36, [tape("join", 24, [0, 0]), 0])
    part = tape("gather", 25, twice, {"offset": 11, "sizes": [25], "strides": [1]})
    return tape, tape("gather", SIZE, part, {"offset": 0, "sizes": [SIZE], "strides": [2]})


def stretched_sum():
    tape = Tape(SIZE)
    return tape, tape("mul", SIZE, 0, tape("sum", 1, tape.constant(*range(5)), 5))


def written_twice():
    """What comes before the second value of a buffer has the first."""
    tape = Tape(SIZE)
    twice = tape("square", SIZE, 0)
    kept = tape("neg", SIZE, twice)
    tape.steps.append(["add", twice, 0, kept])
    return tape, tape("mul", SIZE, twice, 0)


def scatter(state, places):
    result = state.copy()
    np.add.at(result, places, np.arange(1.0, 5.0))
    return result


def cases():
    """Returns by name a program with its output, the state, and the result that NumPy has."""
    tall, wide = np.arange(15.0).reshape(3, 5) - 4.0, np.arange(20.0).reshape(4, 5) / 4
    for name, f in UNARY.items():
        yield name, on_state(name, 0), NUMBERS, f(NUMBERS)
    for name, f in BINARY.items():
        yield name, on_state(name, 0, OTHERS), NUMBERS, f(NUMBERS, OTHERS)
        yield f"{name} of one and many", on_state(name, np.array([0.5]), 0), NUMBERS, f(0.5, NUMBERS)
        yield f"{name} of many and one", on_state(name, 0, np.array([3.0])), NUMBERS, f(NUMBERS, 3.0)
    yield "not", on_state("not", 0), TRUTHS, 1 - TRUTHS
    yield "and", on_state("and", 0, OTHER_TRUTHS), TRUTHS, TRUTHS * OTHER_TRUTHS
    yield "or", on_state("or", 0, OTHER_TRUTHS), TRUTHS, np.maximum(TRUTHS, OTHER_TRUTHS)
    for n in (-2, 0, 1, 2, 3, 7):
        yield f"power {n}", on_state("power", 0, n), NUMBERS, NUMBERS ** float(n)
    yield "select", on_state("select", TRUTHS, 0, OTHERS), NUMBERS, np.where(TRUTHS, OTHERS, NUMBERS)
    yield "select by a zero", on_state("select", np.zeros(1), 0, OTHERS), NUMBERS, NUMBERS
    yield "select by a one", on_state("select", np.ones(1), 0, OTHERS), NUMBERS, OTHERS
    shuffled = [3, 3, 0, 11, 7, 1, 2, 10, 9, 4, 5, 6]
    yield "gather", on_state("gather", 0, shuffled), STATE, STATE[shuffled]
    yield "gather all", on_state("gather", 0, list(range(SIZE))), STATE, STATE
    transposed = {"offset": 0, "sizes": [3, 4], "strides": [1, 3]}
    yield "gather loops", on_state("gather", 0, transposed), STATE, STATE.reshape(4, 3).T.ravel()
    backward = {"offset": 11, "sizes": [2, 3, 2], "strides": [0, -2, -1]}
    yield "gather backward", on_state("gather", 0, backward), STATE, np.tile(STATE[:5:-1], 2)
    yield "join", joined(), STATE, [7, *range(9), STATE[3], STATE[1]]
    yield "join long parts", joined_long(), STATE, np.tile(STATE, 3)[11:36:2][:SIZE]
    yield "sum", on_state("sum", np.arange(36.0), 3), STATE, np.arange(36.0).reshape(12, 3).sum(axis=1)
    yield "sum to one", stretched_sum(), STATE, 10 * STATE
    yield "matmul", on_state("matmul", 0, tall[:, :3].copy(), 4, 3, 3), STATE, STATE.reshape(4, 3) @ tall[:, :3]
    yield "matmul wide", on_state("matmul", tall, wide.T.copy(), 3, 5, 4), STATE, tall @ wide.T
    yield "matmul_transposed", on_state("matmul_transposed", tall, wide, 3, 5, 4), STATE, tall @ wide.T
    yield "scatter", on_state("scatter", 0, np.arange(1.0, 5.0), [2, 0, 2, 11]), STATE, scatter(STATE, [2, 0, 2, 11])
    every_third = {"offset": 1, "sizes": [4], "strides": [3]}
    yield (
        "scatter loops",
        on_state("scatter", 0, np.arange(1.0, 5.0), every_third),
        STATE,
        scatter(STATE, [1, 4, 7, 10]),
    )
    yield "a buffer written twice", written_twice(), STATE, (STATE - STATE**2) * STATE


with np.errstate(all="ignore"):
    CASES = {name: rest for name, *rest in cases()}

FIELD = """([model, states]) => {
  const { field } = explorer.compile(model, explorer.kernels);
  return states.map((state) => Array.from(field(state)));
}"""


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
def test_operations_are_those_of_numpy(view, name, precision):
    program, state, expected = CASES[name]
    other, *found = view.evaluate(FIELD, [payload(precision, field=program), [OTHERS.tolist(), *[state.tolist()] * 2]])
    del other  # the buffers are full of it when the state comes
    round_off = 2 * np.finfo(precision).eps
    for result in found:
        np.testing.assert_allclose(result, np.ravel(expected), rtol=round_off, atol=round_off)


def network(rng):
    """Returns the gradient of a network of two hidden layers as a program, and as a function of NumPy."""
    W1, W2, w3 = rng.normal(size=(2, 50)), rng.normal(size=(50, 50)) / 7, rng.normal(size=50)
    b1, b2 = rng.normal(size=(2, 50))
    tape = Tape(2)
    W1_, W2_, w3_, b1_, b2_, one = (tape.constant(array) for array in (W1, W2, w3, b1, b2, 1.0))
    first = tape("tanh", 50, tape("add", 50, tape("matmul", 50, 0, W1_, 1, 2, 50), b1_))
    second = tape("tanh", 50, tape("add", 50, tape("matmul", 50, first, W2_, 1, 50, 50), b2_))
    back = tape("mul", 50, tape("sub", 50, one, tape("square", 50, second)), w3_)
    back = tape("matmul_transposed", 50, back, W2_, 1, 50, 50)
    back = tape("mul", 50, tape("sub", 50, one, tape("square", 50, first)), back)
    output = tape("matmul_transposed", 2, back, W1_, 1, 50, 2)

    def gradient(z):
        first = np.tanh(z @ W1 + b1)
        second = np.tanh(first @ W2 + b2)
        return (1 - first**2) * (((1 - second**2) * w3) @ W2.T) @ W1.T

    return (tape, output), gradient


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_network_is_that_of_numpy(view, precision):
    rng = np.random.default_rng(1)
    program, gradient = network(rng)
    states = rng.normal(size=(20, 2))
    found = view.evaluate(FIELD, [payload(precision, field=program), states.tolist()])
    np.testing.assert_allclose(found, [gradient(z) for z in states], rtol=0, atol=200 * np.finfo(precision).eps)


def broken(**changes):
    return {**payload("float32", field=CASES["matmul"][0]), **changes}


def broken_field(**changes):
    model = broken()
    return {**model, "programs": {"field": {**model["programs"]["field"], **changes}}}


def broken_step(*step):
    return broken_field(steps=[list(step)])


ENDLESS = {"offset": 0, "sizes": [10**9, 10**9], "strides": [1, 1]}
BROKEN = {
    "precision": (broken(precision="float16"), "precision float32 or float64, found float16"),
    "no degrees of freedom": (broken(degrees_of_freedom=0), "degrees of freedom, found 0"),
    "another dimension": (broken(degrees_of_freedom=2), "a state of length 4 in field, found 12"),
    "no arrays": (broken(arrays=None), "arrays, and programs with a field"),
    "half an array": (broken(arrays=["AAAA"]), "an array of float32, found 3 bytes"),
    "no field": (broken(programs={}), "programs with a field"),
    "no steps": (broken_field(steps=None), "lists of sizes, constants and steps in field"),
    "a size below zero": (broken_field(sizes=[12, 9, -12]), "lengths of buffers in field"),
    "huge": (broken_field(sizes=[12, 9, 12, 10**12]), "at most 134217728 numbers in all buffers"),
    "an array too long": (broken_field(sizes=[12, 8, 12]), "array 0 to fit buffer 1 of field"),
    "no output": (broken_field(output=7), "an output of length 12 in field, found undefined"),
    "nothing computed": (broken_field(steps=[]), "field to compute its output"),
    "unknown operation": (broken_step("fft", 2, 0), "a known operation in field, step 0 (fft)"),
    "an inherited name": (broken_step("toString", 2, 0), "a known operation in field, step 0 (toString)"),
    "no such buffer": (broken_step("neg", 9, 0), "an output buffer, found 9 in field, step 0 (neg)"),
    "not yet written": (broken_step("neg", 2, 2), "a buffer written before, found 2"),
    "operand too short": (broken_step("neg", 2, 1), "length 12 of buffer 1, found 9"),
    "operands that do not fit": (broken_step("add", 2, 0, 1), "length 1 or 12 of every operand, found 9"),
    "into the state": (broken_step("square", 0, 1), "length 12 of buffer 1, found 9"),
    "into a constant": (broken_step("gather", 1, 0, list(range(9))), "neither state nor constant"),
    "beyond the end": (broken_step("gather", 2, 0, list(range(1, 13))), "an index below 12"),
    "no index": (broken_step("gather", 2, 0), "an index with a stride for every size"),
    "endless loops": (broken_step("gather", 2, 0, ENDLESS), "an index of length 12, found 1000000000000000000"),
    "another product": (broken_step("matmul", 2, 0, 1, 4, 4, 3), "length 16 of buffer 0, found 12"),
    "no shape": (broken_step("matmul", 2, 0, 1), "sizes M K N with M N = 12"),
    "no parts": (broken_step("join", 2, 0), "a list of buffers"),
    "parts too long": (broken_step("join", 2, [0, 1]), "parts of length 12 together, found 21"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_model_is_refused_with_the_place(fast, name):
    model, message = BROKEN[name]
    caught = fast.evaluate(
        "(model) => { try { explorer.compile(model, explorer.kernels); } catch (error) { return error.message; } }",
        model,
    )
    assert message in caught
    assert caught.startswith("model: expected ")
