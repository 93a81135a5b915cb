"""Judging dynamics: the metrics, and `evaluate`, which applies them to one model and one task's data."""

from symplect.evaluation.evaluate import EnergyProtocol, Evaluation, EvaluationData, evaluate

__all__ = ["EnergyProtocol", "Evaluation", "EvaluationData", "evaluate"]
