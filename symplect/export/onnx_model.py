"""Models as ONNX, from the jaxpr of their energy and field.

Our own translation of some thirty operations: the library jax2onnx 0.17 brings 35 packages, and of our models it
misses those of pair distances and waves, and writes polynomials that run for the batch size 1 alone.
"""

import json
from functools import partial

import jax
import numpy as np
import onnx
import onnxruntime
from onnx import helper

from symplect.errors import InputError
from symplect.export.function import ModelFunction
from symplect.export.onnx_graph import Graph
from symplect.export.onnx_operators import nodes
from symplect.export.translation import translated

OPSET, IR_VERSION = 17, 8
"""Of 2022, and thereby known to every engine in use."""

TOLERANCE = {"float32": 1e-3, "float64": 1e-6}
"""Of the largest entry: a wrong graph is off by far more, and a model that loses its digits is of no use."""

REMEDY = {"float32": "cast it to float64", "float64": "fit it with a larger ridge, or take stablehlo"}


def onnx_bytes(function: ModelFunction) -> bytes:
    """Return an ONNX model that ONNX Runtime was seen to run with the results of JAX.

    Raises:
        InputError: the model has an operation without a rule, or loses its digits in its precision.

    Example:
        >>> from symplect.models import HNN
        >>> content = onnx_bytes(ModelFunction(HNN(jax.random.key(0), 1, width=4)))
        >>> [output.name for output in onnx.load_from_string(content).graph.output]
        ['hamiltonian', 'field']
    """
    graph = Graph("state")
    with function.arithmetic():
        flat = jax.make_jaxpr(lambda states: list(function(states).values()))(function.any_number_of_states())
        found = translated(flat, [graph.state], partial(nodes, graph))
    for name, value in zip(function.outputs, found, strict=True):
        graph.result(name, value)
    content = _model(graph, function).SerializeToString()
    onnx.checker.check_model(content, full_check=True)
    _require_agreement(content, function)
    return content


def _model(graph: Graph, function: ModelFunction) -> onnx.ModelProto:
    entry = helper.np_dtype_to_tensor_dtype(function.precision)
    shapes = {"hamiltonian": ["batch"], "field": ["batch", function.dimension]}
    model = graph.model(
        inputs=[helper.make_tensor_value_info(graph.state, entry, ["batch", function.dimension])],
        outputs=[helper.make_tensor_value_info(name, entry, shapes[name]) for name in function.outputs],
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="symplect",
        producer_version=function.metadata["symplect"],
    )
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in function.metadata.items()}
    helper.set_model_props(model, texts)
    return model


def _require_agreement(content: bytes, function: ModelFunction) -> None:
    """Run the file on a few states: some engines lack some operations, and round-off can eat a model in float32."""
    states = np.random.default_rng(0).standard_normal((7, function.dimension)).astype(function.precision)
    with function.arithmetic():
        expected = jax.jit(function.__call__)(states)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    tolerance = TOLERANCE[function.precision.name]
    for name, result in zip(function.outputs, session.run(list(function.outputs), {"state": states}), strict=True):
        found = np.asarray(result)
        scale = np.max(np.abs(expected[name]), initial=0.0, where=np.isfinite(expected[name]))
        if not np.allclose(found, expected[name], rtol=tolerance, atol=tolerance * float(scale), equal_nan=True):
            precision = function.precision.name
            raise InputError(
                f"ONNX: expected the {name} that JAX finds to {tolerance:.0e} of the largest, found ONNX Runtime "
                f"further off: the model loses its digits in {precision}, {REMEDY[precision]}"
            )
