"""Real measurements, downloaded on first use and never part of the package."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pooch

from symplect.data.trajectories import Trajectories
from symplect.errors import InputError, NotAvailableError

FILE_NAME = "invar_datasets.zip"
_SHA256 = "9794ee02f45403f87b739cc235a046bd424a73b8222067165f66463cef57be59"
_URL = (
    "https://github.com/Physics-aware-AI/Symplectic-ODENet/raw/"
    f"5e83faf93e8f4990e63821c49d0ce5926a96cc94/experiment-real/{FILE_NAME}"
)


def measured_pendulum(folder: Path | None = None) -> Trajectories:
    """Return the measured swings of a real pendulum (Schmidt and Lipson 2009, Science 324, 81).

    Angle in radians and angular velocity in radians per second, 556 samples over 94.5 s of one trial, nominally 6 per
    second with ten gaps.

    Args:
        folder: where `invar_datasets.zip` lies. Without it the environment variable `SYMPLECT_DATA` names the folder;
            without that either, the file is downloaded once and kept in the user's cache.

    Raises:
        InputError: the named folder has no such file.
        InputError: the file is not the published one.
        NotAvailableError: no folder was named and the download failed.
    """
    own = folder or (Path(os.environ["SYMPLECT_DATA"]) if os.environ.get("SYMPLECT_DATA") else None)
    archive = _own_copy(own) if own else _download()
    with zipfile.ZipFile(archive) as files:
        table = np.loadtxt(io.BytesIO(files.read("real_pend_h_1.txt")), comments="%")
    _, times, angle, velocity = table.T
    return Trajectories(
        times=times,
        states=np.stack([angle, velocity], axis=1),
        lengths=(len(times),),
        names=("angle", "angular velocity"),
        units=("rad", "rad/s"),
    )


def _own_copy(folder: Path) -> Path:
    path = folder / FILE_NAME
    if not path.is_file():
        raise InputError(
            f"expected {FILE_NAME} in {folder}, found none: put it there, or leave the folder out to download it"
        )
    if (found := pooch.file_hash(str(path))) != _SHA256:
        raise InputError(
            f"expected {path} to have sha256 {_SHA256[:12]}..., found {found[:12]}...: "
            "the file is truncated or altered, get it again"
        )
    return path


def _download() -> Path:
    try:
        path = pooch.retrieve(_URL, _SHA256, fname=FILE_NAME, path=pooch.os_cache("symplect"))
    except (OSError, ValueError) as error:  # no network, or a file that is not the published one
        raise NotAvailableError(
            f"the measurements could not be downloaded ({type(error).__name__}): "
            f"connect to the internet, or get {FILE_NAME} from {_URL} and name its folder with --data or SYMPLECT_DATA"
        ) from error
    return Path(path)
