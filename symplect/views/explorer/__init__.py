"""One page on which a learned model lives: it is moved, started elsewhere and compared, in the browser."""

from symplect.views.explorer.page import explore

__all__ = ["explore"]
