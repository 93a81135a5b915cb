"""Learned dynamics."""

from symplect.models.autoencoder import Autoencoder
from symplect.models.baseline import Baseline
from symplect.models.hnn import HNN
from symplect.models.pixels import AbstractPixelDynamics, PixelBaseline, PixelHNN

LearnedDynamics = Baseline | HNN | PixelBaseline | PixelHNN

MODELS: dict[str, type[LearnedDynamics]] = {kind.__name__: kind for kind in (Baseline, HNN, PixelBaseline, PixelHNN)}
"""The classes a weights file may name. Which of them a task is run with, and how it is fitted, is the task's."""

__all__ = [
    "HNN",
    "MODELS",
    "AbstractPixelDynamics",
    "Autoencoder",
    "Baseline",
    "LearnedDynamics",
    "PixelBaseline",
    "PixelHNN",
]
