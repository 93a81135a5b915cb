"""What some tests need, and what to do to run them."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("SYMPLECT_DATA", ""))
REFERENCE = FOLDER / "reference"

needs_measurements = pytest.mark.skipif(
    not (FOLDER / "invar_datasets.zip").is_file(),
    reason="set SYMPLECT_DATA to a folder with invar_datasets.zip to test the measured pendulum",
)
needs_reference = pytest.mark.skipif(
    not REFERENCE.is_dir(),
    reason="set SYMPLECT_DATA to a folder with reference/*.npz to compare with the paper's own data sets",
)
