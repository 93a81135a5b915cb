"""What another program makes of an exported JSON file: NumPy and the formulas in it, nothing of symplect."""

import itertools
import json

import numpy as np

ACTIVATIONS = {
    "tanh": np.tanh,
    "sin": np.sin,
    "softplus": lambda x: np.log1p(np.exp(x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "gelu": lambda x: x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))) / 2,
}


def read(path):
    """Returns the parts of the model and its arrays by name."""
    content = json.loads(path.read_text(), parse_constant=_refuse)
    arrays = {name: np.array(numbers) for name, numbers in content["weights"].items()}
    part = content["configuration"]
    if "kind" not in part:  # a network, which its sizes describe
        network = {"kind": "Network", "activation": part.get("activation", "tanh")}
        latent = {"kind": content["model"].removeprefix("Pixel"), "network": network}
        part = {"kind": content["model"], "latent": latent} if "Pixel" in content["model"] else latent
    return part, arrays


def _refuse(word):
    raise AssertionError(f"{word} is not JSON")


def energy(part, arrays, z, at=""):
    """Returns H of one state."""
    kind = part["kind"]
    if kind == "HNN":
        return network(part["network"], arrays, z, at + "network.")[0]
    if kind in ("PixelHNN", "PortHamiltonian"):
        name = "latent" if kind == "PixelHNN" else "conservative"
        return energy(part[name], arrays, z, f"{at}{name}.")
    learned = features(part["features"], arrays, z, at + "features.") @ arrays[at + "weights"]
    return learned + np.sum(z[len(z) // 2 :] ** 2) / 2 if part["newtonian"] else learned


def field(part, arrays, z):
    """Returns dz/dt of one state, gradients by central differences."""
    if part["kind"] == "Baseline":
        return network(part["network"], arrays, z, "network.")
    if part["kind"] == "PixelBaseline":
        return network(part["latent"]["network"], arrays, z, "latent.network.")
    if part["kind"] == "FeatureField":
        return features(part["features"], arrays, z, "features.") @ arrays["weights"] + arrays["constant"]
    n, step = len(z) // 2, 1e-6
    steps = step * np.eye(2 * n)
    slopes = np.array([energy(part, arrays, z + e) - energy(part, arrays, z - e) for e in steps]) / (2 * step)
    dz = np.concatenate([slopes[n:], -slopes[:n]])
    if part["kind"] == "PortHamiltonian":
        L = np.tril(arrays["damping"])
        dz[n:] -= L @ L.T @ slopes[n:]
        if other := part["nonlinear"]:
            v, dry, drag = slopes[n:], arrays["nonlinear.dry"], arrays["nonlinear.drag"]
            dz[n:] -= dry**2 * np.tanh(v / np.array(other["rest"])) + drag**2 * np.abs(v) * v
    return dz


def network(part, arrays, x, at):
    layers = sum(name.startswith(at + "weights.") for name in arrays)
    for i in range(layers - 1):
        x = ACTIVATIONS[part["activation"]](x @ arrays[f"{at}weights.{i}"] + arrays[f"{at}biases.{i}"])
    return x @ arrays[f"{at}weights.{layers - 1}"]


def features(part, arrays, z, at):
    n, inner = len(z) // 2, lambda x, name="inner": features(part[name], arrays, x, f"{at}{name}.")
    match part["kind"]:
        case "Concatenated":
            parts = enumerate(part["parts"])
            return np.concatenate([features(each, arrays, z, f"{at}parts.{i}.") for i, each in parts])
        case "OfPositions":
            return inner(z[:n])
        case "OfMomenta":
            return inner(z[n:])
        case "Product":
            left, right = [1, *inner(z[:n], "of_positions")], [1, *inner(z[n:], "of_momenta")]
            return np.outer(left, right).ravel()[1:]
        case "Projected":
            return inner(arrays[at + "matrix"] @ (z - arrays[at + "centre"]))
        case "Symmetric":
            return np.mean([inner(np.array(signs) * z) for signs in part["signs"]], axis=0)
        case "Selected":
            return inner(z)[part["indices"]]
        case "Polynomial":
            degrees = range(1, part["degree"] + 1)
            picks = itertools.combinations_with_replacement
            return np.array([np.prod(pick) for degree in degrees for pick in picks(z, degree)])
        case "Fourier":
            phases = np.array(part["frequencies"]) @ z
            return np.concatenate([np.cos(phases), np.sin(phases)])
        case "RandomTanh":
            return np.tanh(z @ arrays[at + "directions"] + arrays[at + "biases"])
        case "CentreDistance":
            return radial(part["radial"], np.linalg.norm(z))
        case "PairDistances":
            x = z.reshape(part["dimensions"], part["bodies"]).T
            r = [np.linalg.norm(a - b) for a, b in itertools.combinations(x, 2)]
            return np.sum([radial(part["radial"], each) for each in r], axis=0)


def radial(part, r):
    if part["kind"] == "InversePowers":
        return np.array([float(r) ** -n for n in part["exponents"]])
    low, high = np.log(part["shortest"]), np.log(part["longest"])
    x = (2 * np.log(r) - low - high) / (high - low)
    return np.polynomial.chebyshev.chebvander([x], part["terms"])[0, 1:]
