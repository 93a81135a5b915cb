"""One picture as a page shows it."""

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go


@dataclass(frozen=True)
class Figure:
    """One picture as a page shows it.

    Attributes:
        name: short and unique on its page.
        title: what it shows.
        caption: how to read it and what to look for.
        json: of the Plotly figure, safe inside a script element.
        width, height: in pixels.
    """

    name: str
    title: str
    caption: str
    json: str
    width: int
    height: int

    @classmethod
    def of(cls, name: str, title: str, caption: str, drawn: go.Figure) -> "Figure":
        """Return a drawn figure; its JSON cannot end the script element that holds it."""
        layout: Any = drawn.layout
        return cls(name, title, caption, str(drawn.to_json()).replace("<", "\\u003c"), layout.width, layout.height)
