"""What the page computes against JAX, on 1000 random states of every kind of model and of every task."""

import base64

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from symplect.experiments.tasks import TASKS
from symplect.fitting import fit_random_features
from symplect.views.explorer.payload import payload
from tests.every_model import MODELS
from tests.explorer_scripts import bare_page

STATES = 1000
EVALUATE = """({ model, states, names }) => {
    const compiled = explorer.compile(model, explorer.kernels);
    const numbers = new Float64Array(explorer.bytes(states).buffer);
    const dimension = 2 * model.degrees_of_freedom;
    const found = {};
    for (const name of names) {
        const all = [];
        for (let at = 0; at < numbers.length; at += dimension) {
            const result = compiled[name](numbers.subarray(at, at + dimension));
            all.push(...(typeof result === "number" ? [result] : result));
        }
        found[name] = explorer.text(Float64Array.from(all));
    }
    return found;
}"""


@pytest.fixture(scope="module")
def view(browser):
    yield from bare_page(browser)


def relative_errors(view, model, states):
    """Returns the largest errors: of H against its spread, of gradient and field against their length at the state.

    Where that is less than the typical length, the typical one counts: near rest JAX's own float32 is off by more.
    """
    found = payload(model)
    precision = np.dtype(found["precision"])
    states = states.astype(precision)
    functions = {"field": model.time_derivative}
    if "gradient" in found["programs"]:
        functions |= {"hamiltonian": model.hamiltonian, "gradient": jax.grad(model.hamiltonian)}
    text = base64.b64encode(states.astype(np.float64).tobytes()).decode()
    computed = view.evaluate(EVALUATE, {"model": found, "states": text, "names": list(functions)})
    errors = {}
    for name, function in functions.items():
        expected = np.asarray(jax.jit(jax.vmap(function))(jnp.asarray(states)), np.float64).reshape(len(states), -1)
        page = np.frombuffer(base64.b64decode(computed[name])).reshape(expected.shape)
        lengths = np.linalg.norm(expected, axis=1)
        scale = np.std(expected) if name == "hamiltonian" else np.maximum(lengths, np.median(lengths))
        errors[name] = float(np.max(np.linalg.norm(page - expected, axis=1) / scale))
    return errors


@pytest.mark.parametrize("name", MODELS)
def test_every_kind_of_model(view, name):
    model = MODELS[name]()
    states = np.random.default_rng(5).standard_normal((STATES, 2 * model.degrees_of_freedom))
    for what, error in relative_errors(view, model, states).items():
        assert error < 1e-5, what


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:fit_closed_form")  # more features than the data determine
@pytest.mark.parametrize("name", ["pendulum", "two-body", "double-pendulum"])
def test_fitted_features_at_the_states_of_the_task(view, name):
    data = TASKS[name].make_data(0, None, None)
    model = fit_random_features(data.train, features=300, seed=0).model
    states = data.train.states[np.random.default_rng(6).integers(len(data.train.states), size=STATES)]
    for what, error in relative_errors(view, model, states).items():
        assert error < 1e-5, what
