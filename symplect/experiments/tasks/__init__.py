"""Experiments as data, those of the paper first. A new one is a file here, its import and an entry below."""

from symplect.experiments.tasks._task import DirectMethod, Fitted, Labels, MakeData, Method, Task
from symplect.experiments.tasks.chain_pendulum import CHAIN_PENDULUMS
from symplect.experiments.tasks.double_pendulum import DOUBLE_PENDULUM
from symplect.experiments.tasks.henon_heiles import HENON_HEILES
from symplect.experiments.tasks.mass_spring import MASS_SPRING
from symplect.experiments.tasks.measured_pendulum import REAL_PENDULUM
from symplect.experiments.tasks.pendulum import PENDULUM
from symplect.experiments.tasks.pixel_pendulum import PIXEL_PENDULUM
from symplect.experiments.tasks.settings import Setting, checked_settings, known_settings
from symplect.experiments.tasks.three_body import THREE_BODY
from symplect.experiments.tasks.two_body import TWO_BODY
from symplect.experiments.tasks.two_link_arm import TWO_LINK_ARM

_PAPER = (MASS_SPRING, PENDULUM, REAL_PENDULUM, TWO_BODY, THREE_BODY, PIXEL_PENDULUM)
_MORE = (DOUBLE_PENDULUM, HENON_HEILES)

_MECHANICS = (*CHAIN_PENDULUMS, TWO_LINK_ARM)

TASKS = {task.name: task for task in (*_PAPER, *_MORE, *_MECHANICS)}
"""Every task by its name, in the order of the paper's table, and those beyond the paper."""

UNLESS_NAMED = tuple(task.name for task in (*_PAPER, *_MORE))
"""The names of the tasks that are run where none is named."""

__all__ = [
    "TASKS",
    "UNLESS_NAMED",
    "DirectMethod",
    "Fitted",
    "Labels",
    "MakeData",
    "Method",
    "Setting",
    "Task",
    "checked_settings",
    "known_settings",
]
