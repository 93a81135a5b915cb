"""What the command line asks of JAX before it is imported."""

import os
import subprocess
import sys

ROLLOUT = """
from symplect.environment import configure
configure()
from symplect import rollout
from symplect.systems import MassSpring
rollout(MassSpring.reference(), [1.0, 0.0], [0.0, 1.0]).check()
"""


def test_rollouts_are_compiled_once_for_all_processes(tmp_path):
    kept = {"JAX_COMPILATION_CACHE_DIR": str(tmp_path), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    subprocess.run([sys.executable, "-c", ROLLOUT], check=True, env=os.environ | kept)
    assert list(tmp_path.glob("jit__rollout-*"))


def test_what_the_user_asks_for_stays():
    code = "import os; from symplect.environment import configure; configure(); print(os.environ['EQX_ON_ERROR'])"
    asked = os.environ | {"EQX_ON_ERROR": "raise"}
    found = subprocess.run([sys.executable, "-c", code], check=True, env=asked, capture_output=True, text=True)
    assert found.stdout.strip() == "raise"
