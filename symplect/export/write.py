"""Writing a model in a format of another program."""

from collections.abc import Callable, Sequence
from pathlib import Path

from symplect.dynamics import AbstractDynamics
from symplect.errors import InputError, NotAvailableError
from symplect.export.function import ModelFunction
from symplect.export.json_model import json_bytes
from symplect.export.stablehlo import stablehlo_bytes
from symplect.files import writing


def export_model(
    path: Path,
    model: AbstractDynamics,
    format: str | None = None,
    *,
    names: Sequence[str] = (),
    units: Sequence[str] = (),
) -> None:
    r"""Write what a model computes, for programs that know nothing of symplect; whole or not at all.

    The function takes `state`, shape `(batch, dimension)` with rows `[q..., p...]` and any batch, and returns
    `hamiltonian`, shape `(batch,)`, where the model has one, and `field`, $dz/dt$ of the shape of `state`: friction is
    part of it, known inputs are not (a driven system adds $G u(t)$). A model from pixels moves its latent state. The
    precision is the model's own; `symplect.precision.cast` changes it.

    Args:
        path: file to be written.
        model: a learned model.
        format: file format, by the path's suffix unless given. One of

            - `"onnx"`: a graph of elementary operations, gradients written out, for ONNX Runtime and other engines. It
              is checked, run and compared with the model before it is written. Needs the extra `export`.
            - `"stablehlo"`: for JAX and other programs on XLA, on processors, GPUs and TPUs. To load it:
              `jax.export.deserialize(bytearray(path.read_bytes())).call(states)["field"]`.
            - `"json"`: all numbers and the formula in words, to be written anew in any language; `read_json_model`
              reads it back.
        names: names of the coordinates, `q1, ..., p1, ...` unless given. StableHLO has no place for them.
        units: units of the coordinates, as labels; none unless given.

    Raises:
        InputError: an unknown format, a model that the format cannot hold, or a place that cannot be written.
        NotAvailableError: ONNX is not installed.

    Example:
        >>> import jax
        >>> from symplect.models import HNN
        >>> export_model(Path("pendulum.onnx"), HNN(jax.random.key(0), 1), units=["rad", "J s"])  # doctest: +SKIP
    """
    chosen = format or path.suffix.removeprefix(".")
    if chosen not in FORMATS:
        raise InputError(f"export: expected a format out of {', '.join(FORMATS)}, found {chosen!r}: name one")
    content = FORMATS[chosen](ModelFunction(model, names, units))
    with writing(path) as temporary:
        temporary.write_bytes(content)


def _onnx_bytes(function: ModelFunction) -> bytes:
    try:
        from symplect.export.onnx_model import onnx_bytes
    except ModuleNotFoundError as error:
        raise NotAvailableError(
            f'export: ONNX needs {error.name}, not installed here: pip install "symplect[export]"'
        ) from error
    return onnx_bytes(function)


FORMATS: dict[str, Callable[[ModelFunction], bytes]] = {
    "onnx": _onnx_bytes,
    "stablehlo": stablehlo_bytes,
    "json": json_bytes,
}
"""What a model can be written as, by the suffix of the file."""
