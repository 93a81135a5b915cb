"""What each part of a model computes, in words for whoever writes it anew in another language."""

import dataclasses
from typing import Any

import equinox as eqx

from symplect.errors import InputError

FORMULAS = {
    "HNN": "H(z) = network(z)[0]",
    "Baseline": "dz/dt = network(z)",
    "PixelHNN": "z = encoder(x) of an observation x, two frames end to end; H(z) = latent.network(z)[0]; "
    "x = decoder(z)",
    "PixelBaseline": "z = encoder(x) of an observation x, two frames end to end; dz/dt = latent.network(z); "
    "x = decoder(z)",
    "RandomFeatureHNN": "H(z) = sum_k weights[k] features(z)[k], plus sum(p^2) / 2 if newtonian",
    "RandomFeatureField": "dz/dt = features(z) @ weights + constant",
    "DissipativeHNN": "H of the part `conservative`; dq/dt = dH/dp, dp/dt = -dH/dq - L L^T dH/dp with L the lower "
    "triangle of damping; known inputs u add input_matrix @ u to dz/dt, between samples held if `held`, else linear; "
    "nonlinear, if there, is taken off dp/dt",
    "NonlinearFriction": "dry^2 * tanh(v / rest) + drag^2 * |v| * v of the velocity v = dH/dp, entry by entry",
    "Network": "h = z; h = activation(h @ weights[i] + biases[i]) for every i but the last; result h @ weights[last], "
    "without bias. Activations: tanh; sin; softplus(x) = ln(1 + e^x); silu(x) = x / (1 + e^-x); "
    "gelu(x) = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2",
    "Autoencoder": "an encoder from observations to latent states z = [q, p], and a decoder back",
    "ResidualNetwork": "h = relu(x @ weights[0] + biases[0]); h = h + relu(h @ weights[i] + biases[i]) for i = 1, 2; "
    "result h @ weights[3] + biases[3]",
    "Concatenated": "the features of all parts, laid end to end",
    "OfPositions": "inner(q)",
    "OfMomenta": "inner(p)",
    "Product": "the outer product of [1, of_positions(q)...] and [1, of_momenta(p)...], row by row, its first entry 1 "
    "left out",
    "Projected": "inner(matrix @ (z - centre))",
    "Symmetric": "the mean over all rows s of signs of inner(s * z), entry by entry",
    "Selected": "inner(z)[indices], counted from 0",
    "Polynomial": "all monomials of degree 1, then 2, up to degree, each degree in lexicographic order of its entries: "
    "z0, z1, ..., z0 z0, z0 z1, ..., z1 z1, ...",
    "Fourier": "cos(k . q) for all rows k of frequencies, then sin(k . q) for all of them",
    "RandomTanh": "tanh(z @ directions + biases)",
    "PairDistances": "sum over all pairs i < j of bodies of radial(r_ij), r_ij their Euclidean distance; the input "
    "lists one coordinate of all bodies after the other: x1, x2, ..., y1, y2, ...",
    "CentreDistance": "radial(|q|)",
    "ChebyshevLog": "Chebyshev polynomials T_1(x), ..., T_terms(x), x = (2 ln r - ln shortest - ln longest) / "
    "(ln longest - ln shortest)",
    "InversePowers": "r^-n for all n of exponents",
}
"""By the name of the class; arrays by their names in the file, `@` a product of matrices, `*` one of entries."""


def formulas(part: Any) -> dict[str, str]:
    """Returns the formulas of a model and of all its parts, the outermost first.

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
    kind = type(part).__name__
    if kind not in FORMULAS:
        raise InputError(f"JSON: expected parts out of {', '.join(FORMULAS)}, found {kind}: take stablehlo")
    inner = tuple(getattr(part, field.name) for field in dataclasses.fields(part))
    return {kind: FORMULAS[kind], **formulas(inner)}
