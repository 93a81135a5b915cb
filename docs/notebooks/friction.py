# %% [markdown]
# # Friction and formulas
#
# Two questions to one set of noisy recordings: is energy lost, and what is the formula of H?
#
# The recordings are simulated: a pendulum with H = p²/2 + 4 (1 − cos q) and a friction of dp/dt = … − 0.08 p.

# %%
import jax
import jax.numpy as jnp
import numpy as np
import plotly.graph_objects as go

from symplect import PortHamiltonian, add_noise, rollout, simulate
from symplect.auto.diagnosis import diagnose
from symplect.fitting.libraries import one_degree_library
from symplect.fitting.symbolic import fit_symbolic
from symplect.systems import Pendulum

jax.config.update("jax_enable_x64", True)

ideal = Pendulum(m=1.0, l=1.0, g=4.0)
real = PortHamiltonian(ideal, damping=jnp.sqrt(jnp.array([[0.08]])))
starts = np.random.default_rng(0).uniform(-1.0, 1.0, (9, 2)) * [2.0, 1.5]
times = np.linspace(0.0, 8.0, 81)
recorded = add_noise(simulate(real, starts, times), 0.02, np.random.default_rng(1))
conserved = add_noise(simulate(ideal, starts, times), 0.02, np.random.default_rng(2))

# %% [markdown]
# ## Is energy lost?
#
# `diagnose` fits a plain field, a Hamiltonian and a Hamiltonian with friction to six of the nine recordings, and
# releases each from the first sample of the other three.

# %%
found = diagnose(recorded)
print(found.verdict)

# %% [markdown]
# The errors are in units of the noise. One would be perfect; but a rollout begins at a noisy sample, so that a right
# model has somewhat more. What the fit of the dissipative model found:

# %%
print(f"friction {found.friction_rate:.3f} (true 0.080), noise {found.fits['dissipative'].noise} (true 0.02)")

# %% [markdown]
# And the control: the same pendulum without friction.

# %%
print(diagnose(conserved).verdict)

# %% [markdown]
# ## What the wrong model does
#
# The three models follow a held-out recording from its first sample. The Hamiltonian cannot lose energy, so it swings
# on.

# %%
trial = recorded[2]
colours = {"plain": "#d55e00", "Hamiltonian": "#0072b2", "dissipative": "#e69f00"}
layout = {"template": "plotly_white", "height": 380, "xaxis_title": "t", "yaxis_title": "q"}
figure = go.Figure(layout=layout)
figure.add_scatter(
    x=trial.times, y=trial.states[:, 0], mode="markers", name="recorded", marker={"color": "#8c8c8c", "size": 5}
)
for kind, fit in found.fits.items():
    path = rollout(fit.model, trial.states[0], trial.times).check().states
    figure.add_scatter(x=trial.times, y=path[:, 0], name=kind, line={"color": colours[kind]})
figure.show()

# %% [markdown]
# ## A formula
#
# For the recordings without friction, the terms of H can be found among powers of q and p, their products, and waves
# in q. Terms are left out one by one, until held-out recordings are predicted worse.

# %%
formula = fit_symbolic(one_degree_library(), conserved, by="trajectory")
print("H =", formula.expression)
for term, error in formula.standard_errors.items():
    print(f"{term!s:8} {formula.coefficients[term]:8.4f} ± {error:.4f}")

# %% [markdown]
# The truth is p²/2 − 4 cos q. The constant that no data determine is left out.
