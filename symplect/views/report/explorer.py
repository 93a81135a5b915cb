"""The explorer as a page shows it: inside a frame."""

from dataclasses import dataclass
from pathlib import Path

from symplect.errors import InputError, one_line
from symplect.views.explorer.page import explorer_page
from symplect.views.packing import packed

ALONE = "explorer.html"
"""The explorer on a page of its own, as `symplect explore` writes it."""


@dataclass(frozen=True)
class Frame:
    """The explorer as a page shows it.

    Attributes:
        packed: all of it, compressed, or nothing where the runs cannot be explored.
        reason: why they cannot.
        link: to the explorer on a page of its own, where there is one.
    """

    packed: str
    reason: str
    link: str

    @classmethod
    def of(cls, folder: Path, out: Path) -> "Frame":
        """Return the frame of a folder's runs, for a page that is written to `out`."""
        link = ALONE if (out.parent / ALONE).is_file() else ""
        try:
            return cls(packed(explorer_page(folder)), "", link)
        except InputError as error:
            return cls("", one_line(error, 500), link)
