from .coordinate import Outcome as Outcome
from .coordinate import sweep as sweep
from .executors import open_executor as open_executor
from .index import read_index as read_index
