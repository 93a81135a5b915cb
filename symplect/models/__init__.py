"""Learned dynamics."""

from symplect.models.baseline import Baseline
from symplect.models.hnn import HNN

LearnedDynamics = Baseline | HNN

MODELS: dict[str, type[Baseline] | type[HNN]] = {kind.__name__: kind for kind in (Baseline, HNN)}
"""The classes a weights file may name. Which of them a task is run with, and how it is fitted, is the task's."""

__all__ = ["HNN", "MODELS", "Baseline", "LearnedDynamics"]
