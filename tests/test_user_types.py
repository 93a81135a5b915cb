"""The annotations as a stranger's type checker sees them."""

import subprocess
import sys

import pytest

SCRIPT = '''"""What a stranger writes first."""

import numpy as np

import symplect
from symplect.models.features import Polynomial, separable

starts = np.array([[1.0, 0.0], [0.5, 0.2], [0.2, 0.1]])
data = symplect.simulate(symplect.systems.Pendulum.reference(), starts, np.linspace(0.0, 10.0, 200))
noisy = symplect.add_noise(data, 0.001, np.random.default_rng(0))
fitted = symplect.fit_closed_form(separable(Polynomial(1, 2), Polynomial(1, 4)), data)
path = symplect.rollout(fitted.model, starts[0], np.linspace(0.0, 5.0, 50), solver=symplect.Leapfrog(substeps=4))
drift = np.ptp(np.asarray(symplect.dynamics.energies(fitted.model.hamiltonian, path.check().states)))
rows = symplect.certificate(fitted.model, starts, np.linspace(0.0, 5.0, 20)).rows
print(len(noisy), drift < 2e-3, [row.name for row in rows if row.passed is False])
'''


@pytest.mark.slow
def test_a_first_script_is_typed_and_runs(tmp_path):
    (tmp_path / "first.py").write_text(SCRIPT)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache"), "first.py"]
    typed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert typed.returncode == 0, typed.stdout + typed.stderr
    done = subprocess.run([sys.executable, "first.py"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("3 True []\n", "")
