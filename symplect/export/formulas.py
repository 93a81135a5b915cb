"""What each part of a model computes, in words for whoever writes it anew in another language."""

import dataclasses

import equinox as eqx

from symplect.errors import InputError


def formulas(part: object) -> dict[str, str]:
    """Return the formulas of a model and of all its parts, the outermost first.

    Raises:
        InputError: a part that is none of `symplect.models`, such as a true system that is given friction.

    Example:
        >>> from symplect.models.features import Fourier, OfPositions
        >>> list(formulas(OfPositions(Fourier(((1,),)))))
        ['OfPositions', 'Fourier']
    """
    if isinstance(part, tuple):
        return {name: text for item in part for name, text in formulas(item).items()}
    if not isinstance(part, eqx.Module):
        return {}
    kind, text = type(part).__name__, getattr(type(part), "formula", None)
    if text is None:
        raise InputError(f"JSON: expected the parts of a model, found {kind}, which has no formula: take stablehlo")
    inner = tuple(getattr(part, field.name) for field in dataclasses.fields(part))
    return {kind: text, **formulas(inner)}
