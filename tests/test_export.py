"""Exported files: other programs find what the model finds, and know what its numbers mean."""

import json
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import onnx
import onnxruntime
import pytest

from symplect.dynamics import energies, vector_field
from symplect.errors import InputError, NotAvailableError
from symplect.export import FORMATS, export_model, onnx_model, read_json_model
from symplect.models import (
    HNN,
    PARTS,
    Baseline,
    FeatureField,
    FeatureHamiltonian,
    NonlinearFriction,
    PixelBaseline,
    PixelHNN,
    PortHamiltonian,
)
from symplect.models.features import (
    CentreDistance,
    ChebyshevLog,
    Fourier,
    InversePowers,
    OfMomenta,
    OfPositions,
    PairDistances,
    Polynomial,
    Product,
    Projected,
    RandomTanh,
    Selected,
    Symmetric,
    separable,
)
from symplect.models.network import ACTIVATIONS
from symplect.precision import cast
from symplect.systems import MassSpring
from tests import numpy_models


def numbers(*shape):
    return np.random.default_rng(0).standard_normal(shape)


def summed(features, degrees_of_freedom=1, **options):
    return FeatureHamiltonian(features, jnp.asarray(numbers(features.size)), degrees_of_freedom, **options)


def tanh_features(dimension=2):
    return RandomTanh.from_pairs(numbers(40, dimension), 20, np.random.default_rng(1))


def network(kind, activation="tanh", degrees_of_freedom=2):
    return kind(jax.random.key(0), degrees_of_freedom, width=16, activation=activation)


NETWORKS_BY_ACTIVATION = {
    f"{kind.__name__}, {name}": lambda kind=kind, name=name: network(kind, name)
    for kind in (HNN, Baseline)
    for name in ACTIVATIONS
}
SUMS = {
    "constant field": lambda: summed(Polynomial(4, degree=1), 2),
    "cubic": lambda: summed(Polynomial(2, degree=3)),
    "waves": lambda: summed(separable(Polynomial(1, degree=2), Fourier(((1,), (2,))))),
    "tanh": lambda: summed(tanh_features()),
    "selected": lambda: summed(Selected(Polynomial(2, degree=3), (5, 2, 4))),
    "product": lambda: summed(Product(Fourier(((1,), (2,))), Polynomial(1, degree=2))),
    "projected": lambda: summed(Projected(Polynomial(3, degree=2), numbers(3, 4), np.ones(4)), 2),
    "symmetric": lambda: summed(Symmetric.reversal_and_parity(tanh_features())),
    "symmetric cubic": lambda: summed(Symmetric.reversal(Polynomial(2, degree=3))),
    "any force between two": lambda: summed(
        OfPositions(PairDistances(ChebyshevLog(5, 0.5, 2.0), 2)) + OfMomenta(Polynomial(4, degree=1)), 4
    ),
    "powers between three": lambda: summed(OfPositions(PairDistances(InversePowers((1, 2, -1, 6)), 3)), 6),
    "newtonian": lambda: summed(OfPositions(Polynomial(2, degree=2)), 2, newtonian=True),
}
MEMBERS = {
    **NETWORKS_BY_ACTIVATION,
    **SUMS,
    "no physics": lambda: FeatureField(Polynomial(2, 2), jnp.asarray(numbers(5, 2)), jnp.ones(2)),
    "damped HNN": lambda: PortHamiltonian(network(HNN), 0.3 * jnp.ones((2, 2), jnp.float32)),
    "other friction": lambda: PortHamiltonian(
        summed(OfPositions(CentreDistance(ChebyshevLog(5, 0.1, 5.0))), 2, newtonian=True),
        nonlinear=NonlinearFriction(jnp.array([0.3, 0.1]), jnp.array([0.2, 0.5]), (0.1, 0.2)),
    ),
    **{
        f"damped, {name}": lambda make=make: PortHamiltonian(
            make(), 0.3 * jnp.eye(make().degrees_of_freedom), jnp.ones((2 * make().degrees_of_freedom, 1))
        )
        for name, make in SUMS.items()
    },
    "pixel HNN": lambda: PixelHNN(jax.random.key(0), pixels=20, width=8),
    "pixel baseline": lambda: PixelBaseline(jax.random.key(0), pixels=20, width=8),
}
QUICK = (
    "other friction",
    "HNN, tanh",
    "HNN, softplus",
    "Baseline, gelu",
    "waves",
    "any force between two",
    "no physics",
    "damped HNN",
)
EVERY = [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in MEMBERS]
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


def states_of(model, count):
    dtype = jax.tree.leaves(model)[0].dtype
    return np.random.default_rng(2).standard_normal((count, 2 * model.degrees_of_freedom)).astype(dtype)


def computed(model, states):
    found = {"field": vector_field(model, jnp.asarray(states))}
    if hasattr(model, "hamiltonian"):
        found["hamiltonian"] = energies(model.hamiltonian, jnp.asarray(states))
    return found


def run_onnx(path, states):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"state": states}), strict=True))


def run_stablehlo(path, states):
    return jax.export.deserialize(bytearray(path.read_bytes())).call(states)


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        tolerance = TOLERANCE[str(values.dtype)]
        assert (found[name].shape, found[name].dtype) == (values.shape, values.dtype)
        scale = float(jnp.median(jnp.abs(values)))
        np.testing.assert_allclose(found[name], values, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", EVERY)
def test_every_format_computes_what_the_model_does_for_any_batch(name, tmp_path):
    model = MEMBERS[name]()
    states = states_of(model, 1000)
    expected = computed(model, states)
    for format, run in (("onnx", run_onnx), ("stablehlo", run_stablehlo)):
        path = tmp_path / f"model.{format}"
        export_model(path, model)
        for batch in (1, 7, 1000):
            assert_same(run(path, states[:batch]), {key: value[:batch] for key, value in expected.items()})

    export_model(tmp_path / "model.json", model)
    anew = numpy_models.read(tmp_path / "model.json")
    for z, field in zip(states[:3], expected["field"], strict=False):
        np.testing.assert_allclose(numpy_models.field(*anew, z), field, rtol=1e-5, atol=1e-5)
    for z, energy in zip(states[:3], expected.get("hamiltonian", []), strict=False):
        assert numpy_models.energy(*anew, z) == pytest.approx(float(energy), rel=1e-5, abs=1e-6)
    assert eqx.tree_equal(read_json_model(tmp_path / "model.json"), cast(model, states.dtype))


@pytest.mark.parametrize("name", ["HNN, sin", "any force between two"])
def test_the_field_in_onnx_is_the_symplectic_gradient_of_the_energy_in_it(name, tmp_path):
    model = cast(MEMBERS[name](), jnp.float64)
    export_model(tmp_path / "model.onnx", model)
    (state,), step = states_of(model, 1), 1e-6
    n = len(state)
    near = run_onnx(tmp_path / "model.onnx", np.concatenate([state + step * np.eye(n), state - step * np.eye(n)]))
    slopes = (near["hamiltonian"][:n] - near["hamiltonian"][n:]) / (2 * step)
    field = run_onnx(tmp_path / "model.onnx", state[None])["field"][0]
    np.testing.assert_allclose(field, np.concatenate([slopes[n // 2 :], -slopes[: n // 2]]), rtol=1e-7, atol=1e-7)


def test_the_precision_is_the_models_own(tmp_path):
    for dtype, expected in ((jnp.float32, "tensor(float)"), (jnp.float64, "tensor(double)")):
        export_model(tmp_path / "model.onnx", cast(network(HNN), dtype))
        session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
        assert {value.type for value in (*session.get_inputs(), *session.get_outputs())} == {expected}


def test_onnx_knows_no_gradients_and_stands_alone(tmp_path):
    export_model(tmp_path / "model.onnx", network(HNN))
    model = onnx.load(tmp_path / "model.onnx")
    assert [entry.domain for entry in model.opset_import] == [""]
    operators = [node.op_type for node in model.graph.node]
    assert operators.count("Tanh") == 2  # the energy and its gradient share them
    assert {"MatMul", "Tanh"} <= set(operators)
    assert [value.name for value in model.graph.output] == ["hamiltonian", "field"]


def test_files_say_what_their_numbers_are(tmp_path):
    labels = {"names": ["angle", "L"], "units": ["rad", "J s"]}
    model = network(HNN, degrees_of_freedom=1)
    export_model(tmp_path / "model.onnx", model, **labels)
    export_model(tmp_path / "model.json", model, **labels)
    found = {entry.key: entry.value for entry in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert found["model"] == "HNN"
    assert (json.loads(found["coordinates"]), json.loads(found["units"])) == (["angle", "L"], ["rad", "J s"])
    content = json.loads((tmp_path / "model.json").read_text())
    assert (content["coordinates"], content["units"]) == (["angle", "L"], ["rad", "J s"])
    assert content["symplect"] == found["symplect"]
    assert content["formulas"]["HNN"] == "H(z) = network(z)[0]"


def test_every_part_of_a_model_has_a_formula():
    assert all(kind.formula for kind in PARTS.values())


def test_stablehlo_is_for_all_platforms_and_can_be_differentiated(tmp_path):
    model = cast(network(HNN), jnp.float64)
    export_model(tmp_path / "model.stablehlo", model)
    loaded = jax.export.deserialize(bytearray((tmp_path / "model.stablehlo").read_bytes()))
    assert (loaded.fun_name, loaded.platforms) == ("HNN", ("cpu", "cuda", "tpu"))
    state = jnp.asarray(states_of(model, 1))
    slopes = jax.grad(lambda z: jnp.sum(loaded.call(z)["field"]))(state)
    expected = jax.grad(lambda z: jnp.sum(model.time_derivative(z)))(state[0])
    np.testing.assert_allclose(slopes[0], expected, rtol=1e-10)


@pytest.mark.slow
def test_stablehlo_needs_jax_alone(tmp_path):
    export_model(tmp_path / "model.stablehlo", network(HNN))
    code = (
        "import sys, jax, pathlib, numpy\n"
        "call = jax.export.deserialize(bytearray(pathlib.Path(sys.argv[1]).read_bytes())).call\n"
        "print(call(numpy.ones((3, 4), numpy.float32))['field'].shape, 'equinox' in sys.modules)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "model.stablehlo")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "(3, 4) False\n"


def refused(path, model, message, *, kind=InputError, **options):
    with pytest.raises(kind, match=message):
        export_model(path, model, **options)
    assert not path.exists()


def test_what_cannot_be_exported_is_named(tmp_path):
    model, nan = network(HNN, degrees_of_freedom=1), float("nan")
    for format in FORMATS:
        path = tmp_path / f"model.{format}"
        refused(path, MassSpring(k=1.0, m=1.0), "expected a learned model, found MassSpring")
        refused(path, summed(Polynomial(2, 1)).__class__(Polynomial(2, 1), jnp.array([nan, 1.0])), "NaN .* in weights")
        refused(path, cast(model, jnp.float16), "found float16")
        refused(path, model, "2 names", names=["q"])
        refused(path, model, "2 units", units=["m", "kg", "s"])
    refused(tmp_path / "model.pt", model, "expected a format out of onnx, stablehlo, json, found 'pt'")
    damped = PortHamiltonian(MassSpring(k=1.0, m=1.0))
    refused(tmp_path / "model.json", damped, "found MassSpring")


ODD = {
    "an operation without a rule": (lambda x: jnp.cumsum(x), "found cumsum"),
    "every second entry": (lambda x: jnp.tile(jax.lax.slice(x, (0,), (16,), (2,)), 2), "as the models of symplect"),
}


@pytest.mark.parametrize("name", ODD)
def test_an_operation_unknown_to_onnx_is_named_and_the_old_file_kept(name, tmp_path, monkeypatch):
    activation, message = ODD[name]
    monkeypatch.setitem(ACTIVATIONS, "odd", activation)
    (tmp_path / "model.onnx").write_text("old")
    with pytest.raises(InputError, match=message):
        export_model(tmp_path / "model.onnx", network(Baseline, "odd"))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_a_file_that_finds_other_numbers_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_model, "TOLERANCE", {"float32": 0.0})
    refused(tmp_path / "model.onnx", network(HNN), "cast it to float64")


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    refused(tmp_path / "file" / "model.json", network(HNN), "expected to write")


def test_without_onnx_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    monkeypatch.delitem(sys.modules, "symplect.export.onnx_model")
    refused(tmp_path / "model.onnx", network(HNN), r"onnxruntime.*symplect\[export\]", kind=NotAvailableError)
    export_model(tmp_path / "model.json", network(HNN))


@pytest.mark.parametrize("damage", [{"model": "Nothing"}, {"weights": {}}, {"precision": "words"}])
def test_a_broken_json_model_is_refused(damage, tmp_path):
    path = tmp_path / "model.json"
    export_model(path, network(HNN))
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    with pytest.raises(InputError, match=r"expected .*model.json to be a model that symplect exported"):
        read_json_model(path)


def test_a_json_model_with_another_shape_is_refused(tmp_path):
    path = tmp_path / "model.json"
    export_model(path, network(HNN))
    content = json.loads(path.read_text())
    content["weights"]["network.biases.0"] = [0.0]
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"network.biases.0 of shape"):
        read_json_model(path)
