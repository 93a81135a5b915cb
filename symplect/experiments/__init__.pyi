from . import sweep as sweep
from . import tasks as tasks
from .reproduction import Plan as Plan
from .reproduction import reproduce as reproduce
from .tasks import TASKS as TASKS
from .tasks import Task as Task
from .training import Unit as Unit
from .training import run_unit as run_unit
