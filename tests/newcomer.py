"""What a newcomer adds to the package, as CONTRIBUTING.md tells: new files, and the lines that make them known."""

FILES = {
    "systems/newcomers_spring.py": '''"""A hardening spring."""

from typing import final

import equinox as eqx
import jax.numpy as jnp

from symplect._types import Half, Scalar
from symplect.dynamics import AbstractSeparableHamiltonian


@final
class NewcomersSpring(AbstractSeparableHamiltonian):
    """$H = p^2 / 2 + q^2 / 2 + b q^4 / 4$."""

    b: Scalar = eqx.field(converter=jnp.asarray, default=1.0)

    @property
    def degrees_of_freedom(self) -> int:
        return 1

    def kinetic(self, p: Half) -> Scalar:
        return jnp.sum(p**2) / 2

    def potential(self, q: Half) -> Scalar:
        return jnp.sum(q**2 / 2 + self.b * q**4 / 4)
''',
    "models/newcomers_hnn.py": '''"""A network beside what is known."""

from typing import ClassVar, final

import jax.numpy as jnp

from symplect._types import Key, Scalar, State
from symplect.dynamics import AbstractHamiltonian
from symplect.models._model import AbstractModel
from symplect.models.network import Network


@final
class NewcomersHNN(AbstractHamiltonian, AbstractModel):
    """A harmonic oscillator and a network for the rest of H."""

    formula: ClassVar[str] = "H(z) = sum(z^2) / 2 + network(z)[0]"

    network: Network

    def __init__(self, key: Key, degrees_of_freedom: int, *, width: int = 16):
        self.network = Network(key, 2 * degrees_of_freedom, 1, width=width, depth=1, activation="tanh")

    @property
    def degrees_of_freedom(self) -> int:
        return self.network.weights[0].shape[0] // 2

    @property
    def configuration(self) -> dict[str, int]:
        return {"degrees_of_freedom": self.degrees_of_freedom, "width": self.network.weights[0].shape[1]}

    def hamiltonian(self, z: State) -> Scalar:
        return jnp.sum(z**2) / 2 + self.network(z)[0]
''',
    "models/features/powers.py": '''"""Even powers."""

from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp

from symplect._types import State
from symplect.models.features._features import AbstractFeatures, Values


@final
class EvenPowers(AbstractFeatures):
    """$z_k^2$ and $z_k^4$ of every coordinate."""

    formula: ClassVar[str] = "z^2, then z^4, of every coordinate"

    dimension: int = eqx.field(static=True)

    @property
    def size(self) -> int:
        return 2 * self.dimension

    def __call__(self, z: State) -> Values:
        return jnp.concatenate([z**2, z**4])
''',
    "fitting/lstsq.py": '''"""Ordinary least squares."""

import jax
import jax.numpy as jnp
import numpy as np

from symplect.data import Trajectories
from symplect.dynamics import vector_field
from symplect.models.feature_models import FeatureHamiltonian
from symplect.models.features import AbstractFeatures


def fit_lstsq(features: AbstractFeatures, data: Trajectories) -> FeatureHamiltonian:
    """Return the Hamiltonian of features whose field is nearest to the measured derivatives."""
    with jax.enable_x64(True):
        units = [FeatureHamiltonian(features, jnp.asarray(row)) for row in np.eye(features.size)]
        columns = [np.asarray(vector_field(unit, jnp.asarray(data.states))).ravel() for unit in units]
        weights = np.linalg.lstsq(np.stack(columns, axis=1), np.ravel(data.derivatives))[0]
        return FeatureHamiltonian(features, jnp.asarray(weights))
''',
    "experiments/tasks/newcomers_task.py": '''"""A hardening spring, without noise."""

from functools import partial
from pathlib import Path

import numpy as np

from symplect.data import simulate
from symplect.evaluation import EvaluationData
from symplect.experiments.tasks._task import DirectMethod, Fitted, Task, by_gradient, published_pair
from symplect.fitting import GradientSettings, fit_lstsq
from symplect.models import NewcomersHNN
from symplect.models.features import EvenPowers
from symplect.systems import NewcomersSpring


def make_data(seed: int, folder: Path | None, progress: str | None) -> EvaluationData:
    starts = np.random.default_rng(seed).uniform(-1, 1, (20, 2))
    train, test = simulate(NewcomersSpring(), starts, np.linspace(0.0, 3.0, 30)).split(10)
    truth = partial(simulate, NewcomersSpring(), starts[:5], np.linspace(0.0, 10.0, 50))
    return EvaluationData(NewcomersSpring(), train, test, truth, clean=test)


SETTINGS = GradientSettings(steps=100)

NEWCOMERS_TASK = Task(
    name="newcomers-task",
    number="8",
    title="Duffing",
    energy=NewcomersSpring(),
    make_data=make_data,
    methods={
        **published_pair(1, SETTINGS),
        "residual": by_gradient(partial(NewcomersHNN, degrees_of_freedom=1), SETTINGS),
        "lstsq": DirectMethod(lambda data, *, seed, progress: Fitted(fit_lstsq(EvenPowers(2), data.train), 0.0)),
    },
    published={},
    notes={},
)
''',
    "integrate/euler.py": '''"""The simplest symplectic method."""

from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp

from symplect._types import Scalar, State
from symplect.dynamics import AbstractDynamics, split
from symplect.integrate._solver import AbstractFixedStep


@final
class SymplecticEuler(AbstractFixedStep):
    """Kick, then drift: order 1, for $H = T(p) + V(q)$."""

    order: ClassVar[int] = 1
    substeps: int = eqx.field(static=True, default=1)

    def step(self, dynamics: AbstractDynamics, z: State, t: Scalar, h: Scalar) -> State:
        q, p = split(z)
        p = p + h * split(dynamics.time_derivative(z, t))[1]
        return jnp.concatenate([q + h * split(dynamics.time_derivative(jnp.concatenate([q, p]), t))[0], p])
''',
    "tables/bars.py": '''"""Columns between bars."""

from pathlib import Path

import polars as pl


def read_bars(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Read a table whose cells stand between bars."""
    return pl.read_csv(path, separator="|"), ["cells stand between bars"]
''',
    "export/sizes.py": '''"""How many numbers there are."""

import jax

from symplect.export.function import ModelFunction


def sizes_bytes(function: ModelFunction) -> bytes:
    """Write the number of weights."""
    return str(sum(leaf.size for leaf in jax.tree.leaves(function.model))).encode()
''',
    "views/plots/ends.py": '''"""Where paths end."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from symplect.runs import TaskRun


def path_ends(runs: Sequence[TaskRun]) -> go.Figure:
    """Draw the last state of every path."""
    ends = [np.asarray(run.rollout["prediction"])[:, -1] for run in runs]
    return go.Figure([go.Scatter(x=end[:, 0], y=end[:, 1], mode="markers") for end in ends])
''',
    "views/explorer/scripts/greeting.js": """/** A line for visitors. */

document.title = `${document.title}, by a newcomer`;
""",
}
"""New files, by their place in the package."""

LINES = {
    "systems/__init__.py": [
        (
            "\n__all__ = [\n",
            'from symplect.systems.newcomers_spring import NewcomersSpring\n\n__all__ = [\n    "NewcomersSpring",\n',
        ),
    ],
    "models/__init__.py": [
        ("\nMODELS:", "from symplect.models.newcomers_hnn import NewcomersHNN\n\nMODELS:"),
        ("        Baseline,\n        HNN,\n", "        Baseline,\n        HNN,\n        NewcomersHNN,\n"),
    ],
    "models/features/__init__.py": [
        (
            "\n__all__ = [\n",
            'from symplect.models.features.powers import EvenPowers\n\n__all__ = [\n    "EvenPowers",\n',
        ),
    ],
    "fitting/__init__.pyi": [
        ("from .pair_distances", "from .lstsq import fit_lstsq as fit_lstsq\nfrom .pair_distances"),
    ],
    "experiments/tasks/__init__.py": [
        ("\n_PAPER", "from symplect.experiments.tasks.newcomers_task import NEWCOMERS_TASK\n\n_PAPER"),
        ("_MORE = (", "_MORE = (NEWCOMERS_TASK, "),
    ],
    "integrate/__init__.py": [
        (
            "\n__all__ = [\n",
            'from symplect.integrate.euler import SymplecticEuler\n\n__all__ = [\n    "SymplecticEuler",\n',
        ),
    ],
    "tables/files.py": [
        ("from symplect.tables.excel", "from symplect.tables.bars import read_bars\nfrom symplect.tables.excel"),
        ('    ".mat": read_matlab,\n', '    ".mat": read_matlab,\n    ".bars": read_bars,\n'),
    ],
    "export/write.py": [
        (
            "from symplect.export.stablehlo",
            "from symplect.export.sizes import sizes_bytes\nfrom symplect.export.stablehlo",
        ),
        ('    "json": json_bytes,\n', '    "json": json_bytes,\n    "sizes": sizes_bytes,\n'),
    ],
    "views/plots/pictures.py": [
        (
            "from symplect.views.plots.energies",
            "from symplect.views.plots.ends import path_ends\nfrom symplect.views.plots.energies",
        ),
        (
            "    return [\n",
            '    return [\n        Picture("ends", "Where paths end", "Look.", tuple(TASKS), path_ends),\n',
        ),
    ],
    "views/report/page.html.jinja": [
        ('<section id="figures">', "<p>A part by a newcomer.</p>\n" + '<section id="figures">')
    ],
    "views/explorer/scripts/app.js": [("import { Kernels }", 'import "symplect/greeting.js";\nimport { Kernels }')],
}
"""What is replaced in files of the package, by what."""
