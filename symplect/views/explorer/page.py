"""From a run folder to one page of HTML on which its models are moved."""

import base64
import hashlib
import importlib.metadata
import json
from importlib import resources
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from symplect.errors import one_line
from symplect.files import writing
from symplect.views.explorer.systems import systems
from symplect.views.packing import UNPACKING, packed

_FILES = resources.files("symplect.views.explorer")
_START = 'import "symplect/app.js";'
_UNSAFE = str.maketrans({letter: f"\\u{ord(letter):04x}" for letter in "<>&"})


def explore(folder: Path, out: Path) -> None:
    """Write one page that moves the models of a reproduction or of one run; nothing comes from outside.

    Args:
        folder: results of `symplect reproduce`, one run in it, or a run of `symplect fit`.
        out: where the page goes.

    Raises:
        InputError: the folder is none of these, no model in it can be moved, or the page cannot be written.

    Example:
        >>> explore(Path("runs/swing"), Path("runs/swing/explorer.html"))  # doctest: +SKIP
    """
    page = explorer_page(folder)
    with writing(out) as temporary:
        temporary.write_text(page, encoding="utf-8")


def explorer_page(folder: Path) -> str:
    """Return the whole page as text.

    Raises:
        InputError: the folder is none of those that can be explored, or no model in it can be moved.
    """
    content = as_json(systems(folder))
    modules = as_json({"imports": _modules()})
    loader = PackageLoader("symplect.views.explorer", "")
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("page.html.jinja").render(
        title=one_line(folder.resolve().name, 200),
        policy=_policy(modules, _START),
        style=(_FILES / "style.css").read_text(encoding="utf-8"),
        map=modules,
        start=_START,
        content=packed(content),
        kernels=base64.b64encode((_FILES / "kernels.wasm").read_bytes()).decode(),
        version=importlib.metadata.version("symplect"),
    )


def as_json(content: object) -> str:
    r"""Return JSON in ASCII that cannot end the script element that holds it.

    Example:
        >>> as_json("</script>")
        '"\\u003c/script\\u003e"'
    """
    return json.dumps(content, allow_nan=False, separators=(",", ":")).translate(_UNSAFE)


def _modules() -> dict[str, str]:
    """Return every script as an address that holds it, by the name under which others import it."""
    found = [*sorted((_FILES / "scripts").iterdir(), key=lambda file: file.name), UNPACKING]
    return {
        f"symplect/{file.name}": f"data:text/javascript;base64,{base64.b64encode(file.read_bytes()).decode()}"
        for file in found
        if file.name.endswith(".js")
    }


def _policy(*inline: str) -> str:
    """Return what the page may do: run the given inline scripts, what they import, and WebAssembly; nothing else.

    Modules come by `data:`; hashes of them and `integrity` in the import map are enough for Chromium 156, and were not
    tried elsewhere.
    """
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in inline)
    scripts = " ".join([*(f"'sha256-{found}'" for found in hashes), "data:", "'wasm-unsafe-eval'"])
    rest = "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src {scripts}; {rest}"
