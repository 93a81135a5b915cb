"""Double precision, and JAX at its strictest, for every test; and a small reproduction that several look at."""

import jax
import pytest

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_rank_promotion", "raise")


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory):
    """Returns the folder of a short but whole reproduction of task 1; tests copy it before they change it."""
    from symplect.reproduce import Plan, reproduce

    out = tmp_path_factory.mktemp("reproduced") / "paper"
    reproduce(Plan(["mass-spring"], None, seeds=1, out=out, steps=150))
    return out
