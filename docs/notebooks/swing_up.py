# %% [markdown]
# # A swing-up from 20 seconds of data
#
# A pole hangs from a cart. A motor pushes the cart, another one turns the pole. For 20 seconds both are moved about and
# positions, velocities and inputs are recorded, with noise. Out of that come the mass matrix, the potential and the
# friction, and out of these a controller that raises the pole and holds it there.
#
# ## The record
#
# It is simulated here: cart and pole weigh 1 kg each, the pole is 1 m long, and friction is 0.2 N s/m and 0.2 N m s.
# The fit is told none of this.

# %%
import jax
import jax.numpy as jnp
import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from symplect import EulerLagrange, PortHamiltonian, Trajectories, fit_mechanics, fit_trajectory, rollout
from symplect.control import ClosedLoop, controller
from symplect.models.features import Fourier, Polynomial, Projected
from symplect.systems import CartPole

jax.config.update("jax_enable_x64", True)

friction, on_joints = 0.2 * jnp.eye(2), jnp.eye(4, 2, -2)
plant = EulerLagrange(PortHamiltonian(CartPole(), jnp.sqrt(friction), on_joints), forces=True)
rng = np.random.default_rng(0)
times = np.linspace(0.0, 10.0, 501)
states, inputs = [], []
for _ in range(2):
    frequencies, phases = rng.uniform(0.2, 1.2, (2, 5, 1)), rng.uniform(0.0, 2 * np.pi, (2, 5, 1))
    pushes = [6.0, 12.0] * np.mean(np.sin(2 * np.pi * frequencies * times + phases), axis=1).T
    path = rollout(plant.driven(times, pushes), rng.uniform(-0.5, 0.5, 4), times).check().states
    states.append(np.asarray(path))
    inputs.append(pushes)
clean = np.concatenate(states)
seen = clean + 0.01 * np.std(clean, axis=0) * rng.standard_normal(clean.shape)
data = Trajectories(np.tile(times, 2), seen, (501, 501), inputs=np.concatenate(inputs))

figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.08)
for column, name, colour in zip(seen[:501].T, ("cart (m)", "pole (rad)"), ("#8c8c8c", "#0072b2"), strict=False):
    figure.add_scatter(x=times, y=column, name=name, mode="markers", marker={"color": colour, "size": 3}, row=1, col=1)
for column, name, colour in zip(inputs[0].T, ("force (N)", "torque (N m)"), ("#8c8c8c", "#0072b2"), strict=True):
    figure.add_scatter(x=times, y=column, name=name, line={"color": colour}, row=2, col=1)
figure.update_layout(template="plotly_white", height=420, margin={"t": 20}, legend={"itemsizing": "constant"})
figure.update_xaxes(title="t (s)", row=2)
figure.show()

# %% [markdown]
# This is the first of two records of 10 seconds. The pole comes near the top, where its angle is π, in neither.
#
# ## The fit
#
# M depends on the angle by waves, and V on the angle by waves and on the place by a parabola, in case there is a spring
# or a slope. A closed form comes first, from an integral over the equations of motion. The fit of paths begins there
# and allows for the noise.

# %%
place, angle = jnp.eye(2)
waves = Projected(Fourier.up_to(1, 1), angle[None], jnp.zeros(2))
parabola = Projected(Polynomial(1, 2), place[None], jnp.zeros(2))
start = fit_mechanics(data, waves + parabola, waves, friction=True)
fit = fit_trajectory(start.model, data)
model = fit.model

upright = jnp.array([0.0, np.pi])
for name, each in (("closed form", start.model), ("paths", model), ("truth", plant)):
    M, R = each.mechanical.mass_matrix(upright), jnp.diag(each.port.dissipation)
    entries = ", ".join(f"{value:6.3f}" for value in (M[0, 0], M[0, 1], M[1, 1]))
    print(f"{name:12} M upright {entries}   friction {R[0]:.3f}, {R[1]:.3f}")

# %% [markdown]
# The inputs are forces along the coordinates, so masses come out in kilograms and energies in joules. Below is the
# learned potential over the angle, counted from the pole hanging down. The band is what the records have visited;
# beyond it the waves carry on.

# %%
q = np.linspace(-np.pi, np.pi, 121)
along = jnp.stack([jnp.zeros(121), jnp.asarray(q)], axis=1)


def potential(system):
    values = jax.vmap(system.mechanical.potential)(along)
    return np.asarray(values - system.mechanical.potential(jnp.zeros(2)))


layout = {"template": "plotly_white", "height": 340, "margin": {"t": 20}}
figure = go.Figure(layout={**layout, "xaxis_title": "pole (rad)", "yaxis_title": "V (J)"})
figure.add_vrect(x0=seen[:, 1].min(), x1=seen[:, 1].max(), fillcolor="#8c8c8c", opacity=0.15, line_width=0)
figure.add_scatter(x=q, y=potential(plant), name="true", line={"color": "#1a1a1a", "width": 5})
figure.add_scatter(x=q, y=potential(model), name="learned", line={"color": "#0072b2"})
figure.show()
error = np.abs(potential(model) - potential(plant))
print(f"largest error of V {error.max():.3f} J of {potential(plant).max():.1f} J")

# %% [markdown]
# ## The controller
#
# It takes away the learned V, puts a parabola around the target in its place, and adds damping: as forces,
# ∂V/∂q − K (q − q*) − D v. Under it the system has another energy, kinetic plus parabola, which damping can only lower
# (energy shaping and damping injection). The learned controller now moves the true plant, from rest and from eleven
# random starts.

# %%
held = controller(model, np.asarray(upright), rate=3.0)
loop = ClosedLoop(plant, held)
after = np.linspace(0.0, 5.0, 251)
starts = [[0.0, 0.0, 0.0, 0.0], *rng.uniform([-2, -np.pi, -1, -1], [2, np.pi, 1, 1], (11, 4))]
paths = [np.asarray(rollout(loop, np.array(start), after).check().states) for start in starts]
off = max(np.abs(path[-50:] - [0.0, np.pi, 0.0, 0.0]).max() for path in paths)
print(f"farthest from the target in the last second, of {len(paths)} starts: {off:.4f}")

layout["showlegend"] = False
figure = go.Figure(layout={**layout, "xaxis_title": "t (s)", "yaxis_title": "pole (rad)"})
figure.add_hline(y=np.pi, line={"color": "#8c8c8c", "dash": "dot"}, annotation_text="upright")
for number, path in enumerate(paths):
    figure.add_scatter(x=after, y=path[:, 1], line={"color": "#8c8c8c" if number else "#0072b2"})
figure.show()

# %% [markdown]
# The first of them, in blue, begins at rest with the pole down. Its poses, every tenth of a second:

# %%
figure = go.Figure(layout=layout)
figure.add_hline(y=0.0, line={"color": "#8c8c8c", "width": 1})
for pose, (x, theta) in enumerate(paths[0][:100:5, :2]):
    shade = f"rgba(0, 114, 178, {0.15 + 0.85 * pose / 19:.2f})"
    tip = [x + np.sin(theta), -np.cos(theta)]
    marker = {"symbol": ["square", "circle"], "size": [12, 8], "color": shade}
    figure.add_scatter(x=[x, tip[0]], y=[0.0, tip[1]], mode="lines+markers", line={"color": shade}, marker=marker)
figure.update_yaxes(scaleanchor="x", title="m")
figure.update_xaxes(title="m")
figure.show()

# %% [markdown]
# ## The shaped energy does not rise
#
# Kinetic energy by the learned M, and the parabola, along the paths of the true plant:

# %%
shaped = [np.asarray(jax.vmap(held.energy)(jnp.asarray(path))) for path in paths]
figure = go.Figure(layout={**layout, "xaxis_title": "t (s)", "yaxis_title": "shaped energy (J)"})
for number, energy in enumerate(shaped):
    figure.add_scatter(x=after, y=energy, line={"color": "#8c8c8c" if number else "#0072b2"})
figure.update_yaxes(type="log", exponentformat="power")
figure.show()
rise = max(np.max(np.diff(energy)) / energy[0] for energy in shaped)
print(f"largest rise between two samples: {rise:.0e} of the energy at the start")
needed = np.abs(np.array([jax.vmap(held)(jnp.asarray(path)) for path in paths])).max(axis=(0, 1))
print(f"largest force {needed[0]:.0f} N, largest torque {needed[1]:.0f} N m")

# %% [markdown]
# The curves end flat where the error of the learned force and the pull of the parabola balance: so far from the target
# the plant stands still. All rises are there. A higher rate makes this offset smaller, and the forces larger.
#
# ## What it does not give
#
# Every position needs a motor. Where the pole turns freely, not every energy can be shaped, and `controller` refuses.
# Nor does it know limits of force and torque.
