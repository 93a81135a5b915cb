"""The paper's experiments, as data. A new one is a file here and a line below."""

from symplect.tasks._task import DirectMethod, Fitted, Method, Task
from symplect.tasks.double_pendulum import DOUBLE_PENDULUM
from symplect.tasks.henon_heiles import HENON_HEILES
from symplect.tasks.mass_spring import MASS_SPRING
from symplect.tasks.measured_pendulum import REAL_PENDULUM
from symplect.tasks.pendulum import PENDULUM
from symplect.tasks.pixel_pendulum import PIXEL_PENDULUM
from symplect.tasks.settings import Setting, checked_settings, known_settings
from symplect.tasks.three_body import THREE_BODY
from symplect.tasks.two_body import TWO_BODY

_PAPER = (MASS_SPRING, PENDULUM, REAL_PENDULUM, TWO_BODY, THREE_BODY, PIXEL_PENDULUM)
_MORE = (DOUBLE_PENDULUM, HENON_HEILES)

TASKS = {task.name: task for task in (*_PAPER, *_MORE)}
"""Every task by its name, in the order of the paper's table, and those beyond the paper."""

__all__ = ["TASKS", "DirectMethod", "Fitted", "Method", "Setting", "Task", "checked_settings", "known_settings"]
