"""From people's own tables to trials."""

from symplect.reading.columns import Columns
from symplect.reading.reading import Reading, read
from symplect.reading.summary import understood

__all__ = ["Columns", "Reading", "read", "understood"]
