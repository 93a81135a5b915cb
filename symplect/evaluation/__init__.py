"""Judging dynamics: the metrics, `evaluate`, which applies them to one task's data, and `certificate`."""

from symplect.evaluation.certification import Certificate, certificate
from symplect.evaluation.held_out import EnergyProtocol, Evaluation, EvaluationData, evaluate

__all__ = ["Certificate", "EnergyProtocol", "Evaluation", "EvaluationData", "certificate", "evaluate"]
