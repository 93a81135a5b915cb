"""What the site needs beyond Markdown: code is run, formulas become MathML, and nothing comes from elsewhere.

Every block of `python` and `sh` in a page is run when the site is built, from top to bottom in a folder of the page's
own, and what it prints stands below it. A block whose first line ends in `not run` is left alone.
"""

import html
import os
import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import griffe
import nbformat
import platformdirs
from latex2mathml.converter import convert
from nbclient import NotebookClient
from plotly.offline import get_plotlyjs

NOT_RUN = re.compile(r"^```(\w+) not run$", re.MULTILINE)
FENCE = re.compile(r"^```(python|sh)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
FORMULA = re.compile(r'<(span|div) class="arithmatex">(.*?)</\1>', re.DOTALL)
FOREIGN = re.compile(
    r'<script[^>]*src="https?://[^>]*></script>|<script type="module">(?:(?!</script>).)*https?://.*?</script>',
    re.DOTALL,
)
PLOTLY = "assets/plotly.min.js"
LONGEST = 600  # seconds of one block

os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
os.environ["NO_MKDOCS_2_WARNING"] = "1"
os.environ["PLOTLY_RENDERER"] = "notebook_connected"
os.environ["PYTHONWARNINGS"] = "ignore:IProgress,ignore:overflow encountered"  # they name paths of this machine
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(platformdirs.user_cache_path("symplect") / "compiled"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.2")


def on_page_markdown(markdown, page, **_):
    """Runs a page's code and puts what it printed below each block."""
    page.figures = []
    blocks = FENCE.findall(markdown)
    outputs = iter(run(blocks) if blocks else [])
    markdown = FENCE.sub(lambda found: found.group() + _shown(next(outputs), page.figures), markdown)
    return NOT_RUN.sub(r"```\1", markdown)


def run(blocks):
    """Runs blocks of a language and a text each in a new folder, and returns what they printed and showed."""
    cells = [nbformat.v4.new_code_cell(f"%%bash -e\n{text}" if name == "sh" else text) for name, text in blocks]
    notebook = nbformat.v4.new_notebook(cells=cells)
    with TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, timeout=LONGEST, kernel_name="python3", resources=resources).execute()
        for output in (one for cell in cells for one in cell.outputs if one.output_type == "stream"):
            output.text = output.text.replace(f"{Path(folder).resolve()}/", "")
    return [cell.outputs for cell in cells]


def _shown(outputs, figures):
    printed = "".join(one.text for one in outputs if one.output_type == "stream" and one.name == "stdout")
    shown = [one.data for one in outputs if one.output_type in ("execute_result", "display_data")]
    printed += "".join(data["text/plain"] + "\n" for data in shown if "text/html" not in data)
    kind = ".output" if "|" in printed else ".output .prose"  # lines of tables are not broken
    text = f"\n\n``` {{.text {kind}}}\n{printed.rstrip()}\n```\n" if printed.strip() else ""
    for data in shown:
        if re.sub(r"<script.*?</script>", "", data.get("text/html", ""), flags=re.DOTALL).strip():
            text += f'\n\n<div class="output" id="figure-{len(figures)}"></div>\n'
            figures.append(data["text/html"])
    return text


def on_page_content(content, page, **_):
    """Puts figures into their places: they must not pass through Markdown."""
    for number, figure in enumerate(getattr(page, "figures", [])):
        content = content.replace(f'id="figure-{number}"></div>', f'id="figure-{number}">{figure}</div>')
    return content


def on_post_page(output, page, config):
    """Writes formulas as MathML, which browsers show without a script, and takes Plotly from the site itself."""
    output = FORMULA.sub(lambda found: _formula(*found.groups()), output)
    output = FOREIGN.sub("", output)
    if "Plotly.newPlot" in output:
        up = "../" * page.url.count("/")
        output = output.replace("</head>", f'<script src="{up}{PLOTLY}"></script></head>', 1)
    return output


def _formula(tag, text):
    text = html.unescape(text).strip().removeprefix("\\(").removesuffix("\\)")
    return convert(text.removeprefix("\\[").removesuffix("\\]"), display="block" if tag == "div" else "inline")


def on_post_build(config):
    """Puts Plotly beside the pages."""
    place = Path(config.site_dir) / PLOTLY
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(get_plotlyjs())


class Examples(griffe.Extension):
    """Reads our `Example:` as the section that Griffe calls `Examples:`."""

    def on_instance(self, *, obj, **_):
        if obj.docstring:
            obj.docstring.value = re.sub(r"^(\s*)Example:$", r"\1Examples:", obj.docstring.value, flags=re.MULTILINE)
