"""What JAX reads from the environment before it is imported, for the command line and for workers elsewhere."""

import gc
import os

import platformdirs


def configure() -> None:
    """Ask for double precision, and for compiled programs to be kept unless the user's environment says otherwise.

    By the environment, since JAX is not imported yet: help needs none. JAX keeps no program that may call back into
    Python, as Diffrax's checks of its arguments do; as NaN, which a rollout's status tells, they need not.
    Python looks for garbage less often, since imports and traces make many objects and little of it.
    """
    gc.set_threshold(100_000, 50, 100)
    os.environ["JAX_ENABLE_X64"] = "1"
    os.environ.setdefault("EQX_ON_ERROR", "nan")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # XLA's remarks about itself
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        os.environ["JAX_COMPILATION_CACHE_DIR"] = str(platformdirs.user_cache_path("symplect") / "compiled")
        os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")


def use_one_thread() -> None:
    """Ask XLA for one thread: sums are then in the same order on every machine, and workers leave each other alone."""
    os.environ["NPROC"] = "1"
