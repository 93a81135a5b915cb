"""One registry of models: what is in it can be saved and loaded, and what is not is refused before it is trained."""

import json
from dataclasses import replace
from typing import ClassVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect.dynamics import AbstractHamiltonian, energies, vector_field
from symplect.errors import InputError
from symplect.experiments.tasks import TASKS
from symplect.files import write_tree
from symplect.integrate import Leapfrog, rollout
from symplect.models import MODELS, AbstractModel, Network, PixelBaseline, PixelHNN, require_loadable
from symplect.precision import cast
from symplect.runs import load_model, save_model
from tests.every_model import MODELS as EXAMPLES
from tests.members import SYSTEMS
from tests.refusals import refused

PIXELS = {
    kind.__name__: lambda kind=kind: kind(jax.random.key(0), pixels=8, width=4) for kind in (PixelHNN, PixelBaseline)
}
SAVED = {name: make for name, make in {**EXAMPLES, **PIXELS}.items() if name not in SYSTEMS}


@final
class Quartic(AbstractHamiltonian, AbstractModel):
    """A model that nobody entered in the registry."""

    formula: ClassVar[str] = "H = weight * z^4"
    weight: jax.Array

    @property
    def degrees_of_freedom(self):
        return 1

    @property
    def configuration(self):
        return {}

    def hamiltonian(self, z):
        return jnp.sum(self.weight * z**4)


def all_subclasses(kind):
    return {below for child in kind.__subclasses__() for below in (child, *all_subclasses(child))}


def test_every_model_of_the_package_is_in_the_registry_and_among_the_examples_of_the_laws():
    ours = {kind for kind in all_subclasses(AbstractModel) if kind.__module__.startswith("symplect.")}
    final_ones = {kind.__name__: kind for kind in ours if not kind.__name__.startswith("Abstract")}
    assert final_ones == MODELS
    assert {type(make()).__name__ for make in SAVED.values()} == set(MODELS)


@pytest.mark.parametrize("name", SAVED)
def test_what_is_saved_is_loaded(tmp_path, name):
    model = SAVED[name]()
    save_model(tmp_path / "model.npz", model)
    loaded = load_model(tmp_path / "model.npz")
    assert eqx.tree_equal(loaded, jax.tree.map(jnp.asarray, model))


def test_what_could_not_be_loaded_is_not_saved(tmp_path):
    with pytest.raises(InputError, match=r"found Quartic, which could not be loaded again: add it to MODELS"):
        save_model(tmp_path / "model.npz", Quartic(jnp.ones(2)))
    assert not (tmp_path / "model.npz").exists()


@final
class Forgetful(AbstractHamiltonian, AbstractModel):
    """A model whose configuration leaves out what it was made of."""

    formula: ClassVar[str] = "H = network(z)"
    kept: ClassVar[tuple[str, ...]] = ("width", "activation")
    network: Network

    def __init__(self, key, width=8, activation="tanh"):
        self.network = Network(key, 2, 1, width=width, depth=1, activation=activation)

    @property
    def degrees_of_freedom(self):
        return 1

    @property
    def configuration(self):
        return {name: value for name, value in self.network.configuration.items() if name in self.kept}

    def hamiltonian(self, z):
        return self.network(z)[0]


@pytest.mark.parametrize(
    ("kept", "found"),
    [(("width",), "another"), (("activation",), "another"), (("width", "activation", "depth"), "Forgetful.*depth")],
)
def test_what_would_be_loaded_as_another_model_is_refused(monkeypatch, kept, found):
    monkeypatch.setitem(MODELS, "Forgetful", Forgetful)
    model = Forgetful(jax.random.key(0), width=9, activation="sin")
    require_loadable(model)  # as long as it keeps all
    monkeypatch.setattr(Forgetful, "kept", kept)
    with pytest.raises(InputError, match=f"Forgetful.configuration to make the model again, found {found}"):
        require_loadable(model)


def test_a_model_says_its_dynamics_in_words(monkeypatch):
    monkeypatch.setitem(MODELS, "Forgetful", Forgetful)
    monkeypatch.delattr(Forgetful, "formula")
    with pytest.raises(InputError, match="found none: give the class a formula"):
        require_loadable(Forgetful(jax.random.key(0)))


def test_what_could_not_be_loaded_is_not_trained(tmp_path, monkeypatch, capsys):
    def never(*_, **__):
        raise AssertionError("it was trained")

    methods = TASKS["mass-spring"].methods
    monkeypatch.setitem(methods, "hnn", replace(methods["hnn"], start=lambda key: Quartic(jnp.ones(2)), fit=never))
    chosen = ("--models", "hnn", "--seeds", "1", "--out", tmp_path / "out")
    assert "found Quartic" in refused(capsys, monkeypatch, "reproduce", "mass-spring", *chosen)


SEPARABLE = [name for name, make in EXAMPLES.items() if isinstance(make(), AbstractHamiltonian) and make().separable]


@pytest.mark.parametrize("name", SEPARABLE)
def test_velocities_of_what_is_separable_depend_on_momenta_alone(name):
    model = cast(EXAMPLES[name](), jnp.float64)
    n = model.degrees_of_freedom
    states = np.random.default_rng(0).standard_normal((6, 2 * n))
    mixed = np.concatenate([np.roll(states, 1, axis=0)[:, :n], states[:, n:]], axis=1)
    own, others = (np.asarray(vector_field(model, jnp.asarray(z))) for z in (states, mixed))
    np.testing.assert_allclose(own[:, :n], others[:, :n], rtol=1e-12)


def test_a_learned_separable_model_is_moved_by_leapfrog():
    """The step's error of order 2 in the energy does not grow: quartered by half the step."""
    model = EXAMPLES["waves"]()
    start, times = jnp.array([0.4, -0.2, 0.1, 0.3]), np.linspace(0.0, 5.0, 51)

    def error(substeps):
        along = energies(model.hamiltonian, rollout(model, start, times, solver=Leapfrog(substeps)).states)
        return float(jnp.max(jnp.abs(along - along[0])))

    assert error(16) < 0.3 * error(8)


def test_models_are_loaded_by_the_names_that_their_classes_had_before(tmp_path):
    model = SAVED["dissipative"]()
    header = json.dumps({"model": "PortHamiltonian", "configuration": model.configuration})
    for now, before in (("PortHamiltonian", "DissipativeHNN"), ("FeatureHamiltonian", "RandomFeatureHNN")):
        assert now in header
        header = header.replace(now, before)
    write_tree(tmp_path / "model.npz", model, json.loads(header))
    assert eqx.tree_equal(load_model(tmp_path / "model.npz"), model)
