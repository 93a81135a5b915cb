"""One picture as a page shows it."""

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from symplect.views.plots import Picture


@dataclass(frozen=True)
class Figure:
    """One picture as a page shows it.

    Attributes:
        picture: its name, title and caption.
        json: of the Plotly figure, safe inside a script element.
        width, height: in pixels.
    """

    picture: Picture
    json: str
    width: int
    height: int

    @classmethod
    def of(cls, picture: Picture, drawn: go.Figure) -> "Figure":
        """Return a drawn figure; its JSON cannot end the script element that holds it."""
        layout: Any = drawn.layout
        return cls(picture, str(drawn.to_json()).replace("<", "\\u003c"), layout.width, layout.height)
