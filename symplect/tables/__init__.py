"""From people's own tables to trials."""

from symplect.tables.columns import Columns
from symplect.tables.reading import Reading, read
from symplect.tables.summary import understood

__all__ = ["Columns", "Reading", "read", "understood"]
