"""Runs, and the folders that hold them."""

from symplect.runs.folder import (
    CONFIG_FILE,
    MODEL_FILE,
    load,
    load_as,
    load_model,
    load_run,
    read_metrics,
    read_task_config,
    save_model,
    save_run,
)
from symplect.runs.run import CandidateRecord, Run, TableConfig, TableRecord, TableRun, TaskConfig, TaskRun

__all__ = [
    "CONFIG_FILE",
    "MODEL_FILE",
    "CandidateRecord",
    "Run",
    "TableConfig",
    "TableRecord",
    "TableRun",
    "TaskConfig",
    "TaskRun",
    "load",
    "load_as",
    "load_model",
    "load_run",
    "read_metrics",
    "read_task_config",
    "save_model",
    "save_run",
]
