"""One page that shows what a run folder holds, and needs nothing but a browser."""

from symplect.views.report.page import report

__all__ = ["report"]
