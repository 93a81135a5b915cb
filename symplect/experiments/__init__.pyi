from . import sweep as sweep
from . import tasks as tasks
from .plan import Plan as Plan
from .reproduction import reproduce as reproduce
from .tasks import TASKS as TASKS
from .tasks import Task as Task
from .training import train as train
from .training_run import TrainingRun as TrainingRun
