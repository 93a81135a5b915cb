# %% [markdown]
# # Why energy is kept
#
# Two networks of the same size see the same noisy pendulum. One learns dz/dt directly, as in any regression. The
# other learns one number, H, and moves along its symplectic gradient. They fit about equally well. Then both are let
# go.

# %%
import jax
import jax.numpy as jnp
import numpy as np
import plotly.graph_objects as go

from symplect import HNN, Baseline, GradientSettings, add_noise, fit_gradient, rollout, simulate
from symplect.dynamics import energies
from symplect.systems import Pendulum

pendulum = Pendulum.reference()  # H = 3 (1 - cos q) + p²
starts = np.random.default_rng(0).uniform(-1.2, 1.2, (50, 2))
clean = simulate(pendulum, starts, np.linspace(0.0, 3.0, 45))
train, test = add_noise(clean, 0.1, np.random.default_rng(1)).split(25)

# %% [markdown]
# ## Training
#
# As in the paper, but shorter: 1000 steps of Adam on the squared error of the time derivative.

# %%
models = {"plain network": Baseline(jax.random.key(0), 1), "HNN": HNN(jax.random.key(0), 1)}
settings = GradientSettings(steps=1000)
fits = {
    name: fit_gradient(model, train, test=test, key=jax.random.key(1), settings=settings)
    for name, model in models.items()
}
for name, fit in fits.items():
    train_loss, test_loss = np.asarray(fit.history)[-1][-2:]
    print(f"{name:14} loss on training data {train_loss:.4f}, on test data {test_loss:.4f}")

# %% [markdown]
# The losses are nearly the same. Nothing in them tells which model can be trusted for long.
#
# ## Letting go
#
# Both start at (1, 0) and are followed for some 20 swings.

# %%
times = np.linspace(0.0, 60.0, 1201)
start = np.array([1.0, 0.0])
paths = {"truth": rollout(pendulum, start, times).check().states}
paths |= {name: rollout(fit.model, start, times).check().states for name, fit in fits.items()}
colours = {"truth": "#1a1a1a", "plain network": "#d55e00", "HNN": "#0072b2"}

figure = go.Figure(layout={"template": "plotly_white", "height": 360, "xaxis_title": "t", "yaxis_title": "true energy"})
for name, path in paths.items():
    along = np.asarray(energies(pendulum.hamiltonian, path))
    figure.add_scatter(x=times, y=along, name=name, line={"color": colours[name]})
    first, last = along[:60].mean(), along[-60:].mean()
    print(f"{name:14} mean energy over the first swing {first:.3f}, over the last {last:.3f}")
figure.show()

# %% [markdown]
# The energy drawn is the true one, for all three. The plain network drifts. The HNN's oscillates a little, since its
# H is not quite the true one, but it does not drift.

# %%
figure = go.Figure(layout={"template": "plotly_white", "height": 420, "xaxis_title": "q", "yaxis_title": "p"})
for name, path in paths.items():
    figure.add_scatter(x=path[:, 0], y=path[:, 1], name=name, line={"color": colours[name], "width": 1})
figure.update_yaxes(scaleanchor="x")
figure.show()

# %% [markdown]
# ## The reason
#
# Along the motion of any model, dH/dt = ∇H · dz/dt. The HNN's dz/dt is ∇H turned by a right angle: J∇H. So the
# product is zero whatever the network's weights are. Energy is not conserved because the training was good, but
# because of where the network stands in the equation.

# %%
states = jnp.asarray(test.states[:200], jnp.float32)
hnn = fits["HNN"].model
change = jax.vmap(lambda z: jax.grad(hnn.hamiltonian)(z) @ hnn.time_derivative(z))(states)
untrained = models["HNN"]
same = jax.vmap(lambda z: jax.grad(untrained.hamiltonian)(z) @ untrained.time_derivative(z))(states)
print(f"largest |dH/dt|: trained {float(jnp.max(jnp.abs(change))):.1e}, untrained {float(jnp.max(jnp.abs(same))):.1e}")

# %% [markdown]
# The second thing that follows is Liouville's theorem. The divergence of J∇H is zero, so a cloud of states keeps its
# volume. The plain network's field has sources and sinks, and a sink is what its energy runs into:


# %%
def divergence(model):
    return jax.vmap(lambda z: jnp.trace(jax.jacfwd(model.time_derivative)(z)))(states)


for name, fit in fits.items():
    found = divergence(fit.model)
    print(f"{name:14} mean divergence {float(jnp.mean(found)):9.1e}, largest {float(jnp.max(jnp.abs(found))):.1e}")

# %% [markdown]
# ## What it does not give
#
# An HNN keeps *its* energy. If H is wrong, the motion is wrong, and for ever. The noise on the states biases both
# models: they run at a wrong speed. `fit_trajectory` allows for that noise and has the speed right (see [Which
# fit](../which-fit.html)).

# %%
crossings = {name: np.flatnonzero(np.diff(np.sign(np.asarray(path[:, 0]))) > 0) for name, path in paths.items()}
periods = {name: np.mean(np.diff(times[where])) for name, where in crossings.items()}
for name, period in periods.items():
    print(f"{name:14} mean period {period:.3f}  ({100 * (period / periods['truth'] - 1):+.1f} %)")
