"""Learned dynamics: the published pair."""

from symplect.models.baseline import Baseline
from symplect.models.hnn import HNN

LearnedDynamics = Baseline | HNN

MODELS: dict[str, type[Baseline] | type[HNN]] = {"baseline": Baseline, "hnn": HNN}
"""The models that tasks can be run with, by the name used on the command line and in run folders."""

__all__ = ["HNN", "MODELS", "Baseline", "LearnedDynamics"]
