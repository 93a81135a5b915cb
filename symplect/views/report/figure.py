"""One picture as a page shows it."""

import base64
import json
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from symplect.views.packing import packed

_WIDTH, _HEIGHT = 700, 450  # pixels, which Plotly takes where a figure has no size of its own


@dataclass(frozen=True)
class Figure:
    """One picture as a page shows it.

    Attributes:
        name: short and unique on its page.
        title: what it shows.
        caption: how to read it and what to look for.
        packed: JSON of the Plotly figure, compressed; its numbers in single precision, which no screen exceeds.
        width, height: in pixels.
    """

    name: str
    title: str
    caption: str
    packed: str
    width: int
    height: int

    @classmethod
    def of(cls, name: str, title: str, caption: str, drawn: go.Figure) -> "Figure":
        """Return a drawn figure."""
        content = json.loads(str(drawn.to_json()), object_hook=_in_single_precision)
        size = content["layout"]
        return cls(
            name, title, caption, packed(json.dumps(content)), size.get("width", _WIDTH), size.get("height", _HEIGHT)
        )


def _in_single_precision(part: dict[str, object]) -> dict[str, object]:
    """Return an array as Plotly writes it, its numbers rounded."""
    if part.get("dtype") != "f8":
        return part
    with np.errstate(over="ignore"):
        numbers = np.frombuffer(base64.b64decode(str(part["bdata"]))).astype("<f4")
    return part | {"dtype": "f4", "bdata": base64.b64encode(numbers.tobytes()).decode()}
