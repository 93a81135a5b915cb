from .coordinator import Outcome as Outcome
from .coordinator import sweep as sweep
from .executors import open_executor as open_executor
from .index import read_index as read_index
