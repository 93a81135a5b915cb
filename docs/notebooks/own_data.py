# %% [markdown]
# # From a noisy table to a verdict
#
# A cart on a spring that gets stiffer as it is stretched, filmed twelve times. All that is known is a table: a number
# for each film, the time, the position and the velocity, with noise. What is H?
#
# ## The table
#
# It is simulated here, so that the answer is known: H = p²/2 + q²/2 + q⁴/4. The fit is not told.

# %%
from pathlib import Path
from tempfile import mkdtemp

import jax
import jax.numpy as jnp
import numpy as np
import plotly.graph_objects as go
import polars as pl

import symplect
from symplect import AbstractHamiltonian, add_noise, simulate
from symplect.views.plots.own_data import energy_over_time, phase_plane, predicted_over_time

jax.config.update("jax_enable_x64", True)


class StiffeningSpring(AbstractHamiltonian):
    @property
    def degrees_of_freedom(self):
        return 1

    def hamiltonian(self, z):
        q, p = z
        return p**2 / 2 + q**2 / 2 + q**4 / 4


starts = np.random.default_rng(0).uniform(-1.8, 1.8, (12, 2))
clean = simulate(StiffeningSpring(), starts, np.linspace(0.0, 8.0, 121))
noisy = add_noise(clean, 0.03, np.random.default_rng(1))
film = np.repeat(np.arange(12), 121)
table = pl.DataFrame({"film": film, "t [s]": noisy.times, "x [m]": noisy.states[:, 0], "v [m/s]": noisy.states[:, 1]})
folder = Path(mkdtemp())
table.write_csv(folder / "cart.csv")
print(table.head(4))

# %% [markdown]
# ## The fit
#
# The roles of the columns are all it needs. Three of the twelve films are held out.

# %%
found = symplect.fit(folder / "cart.csv", q="x", velocity="v", time="t", trial="film")
print(found.verdict)
print("cautions:", list(found.cautions) or "none")

# %% [markdown]
# What was tried, and how far each model missed the held-out films, in units of the spread of the data:

# %%
for one in sorted(found.judged, key=lambda one: one.error):
    taken = "  <- taken" if one.candidate.model is found.model else ""
    print(f"{one.candidate.method:12} {one.candidate.kind:12} {one.error:.4f}{taken}")

# %% [markdown]
# ## Pictures
#
# A run folder holds everything; the figures of its report can be drawn one by one. Points are measured, lines
# predicted from the first sample of a held-out film, which is itself noisy.

# %%
found.save(folder / "run")
run = symplect.load(folder / "run")
predicted_over_time(run).show()

# %% [markdown]
# The phase plane with contours of the learned H. Where there are no data, contours mean nothing.

# %%
phase_plane(run).show()

# %% [markdown]
# The learned energy along the held-out films: flat as predicted, noisy as measured.

# %%
energy_over_time(run).show()

# %% [markdown]
# ## Against the truth
#
# Here the truth is known. The potential, from the bottom of the well:

# %%
q = np.linspace(-1.9, 1.9, 77)
states = jnp.stack([jnp.asarray(q), jnp.zeros(len(q))], axis=1)


def potential(system):
    energy = jax.vmap(system.hamiltonian)
    return np.asarray(energy(states) - energy(jnp.zeros((1, 2))))


figure = go.Figure(layout={"template": "plotly_white", "height": 360, "xaxis_title": "x (m)", "yaxis_title": "V"})
figure.add_scatter(x=q, y=potential(StiffeningSpring()), name="true", line={"color": "#1a1a1a", "width": 5})
figure.add_scatter(x=q, y=potential(found.model), name="learned", line={"color": "#0072b2"})
figure.show()

# %%
error = np.abs(potential(found.model) - potential(StiffeningSpring()))
print(f"largest error of V up to x = 1.5: {error[np.abs(q) <= 1.5].max():.3f}, and at 1.9: {error.max():.3f}")
