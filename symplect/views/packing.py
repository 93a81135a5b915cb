"""Text as a page holds it: compressed."""

import gzip
from importlib import resources

import numpy as np

UNPACKING = resources.files("symplect.views") / "packed.js"
"""What takes it out again."""

_LETTERS = np.frombuffer(
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;,=>?@^_`{|}~", np.uint8
)
_PLACES = np.array([85**4, 85**3, 85**2, 85, 1], np.uint32)


def packed(text: str) -> str:
    """Return a text in less letters, none of which ends an element of the page or means anything in it.

    Four bytes are five letters of base 85, with a comma for Python's `<`, which no other letter then makes a mark of;
    in front of it the number of bytes. By NumPy, ten times as fast as Python's own.

    Example:
        >>> packed("a" * 1000).startswith("29 ")
        True
    """
    content = gzip.compress(text.encode("utf-8", "backslashreplace"), mtime=0)
    words = np.frombuffer(content + b"\0" * (-len(content) % 4), ">u4").astype(np.uint32)
    return f"{len(content)} {_LETTERS[words[:, None] // _PLACES % 85].tobytes().decode()}"
