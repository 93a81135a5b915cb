"""The explorer's scripts in a page of their own, under the policy of the real one."""

import base64
import json
from pathlib import Path

import symplect

EXPLORER = Path(symplect.__file__).parent / "views" / "explorer"

# The page's own policy; without the last word browsers refuse WebAssembly, as in their lockdown modes.
POLICY = "default-src 'none'; script-src 'unsafe-inline' data:"
POLICIES = {"WebAssembly": f"{POLICY} 'wasm-unsafe-eval'", "plain": POLICY}

_PAGE = """<!doctype html><meta http-equiv="Content-Security-Policy" content="{policy}">
<script type="importmap">{imports}</script>
<script type="module">
  import {{ Kernels }} from "symplect/kernels.js";
  import {{ compile }} from "symplect/program.js";
  import * as integrate from "symplect/integrate.js";
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const floats = (text) => new Float32Array(bytes(text).buffer);
  const text = (array) => {{
    const found = new Uint8Array(array.slice().buffer);
    let letters = "";
    for (const byte of found) letters += String.fromCharCode(byte);
    return btoa(letters);
  }};
  const kernels = await Kernels.load(bytes("{kernels}"));
  globalThis.explorer = {{ kernels, compile, bytes, floats, text, ...integrate }};
</script>"""


def encoded(content):
    return base64.b64encode(content).decode()


def bare_page(browser, policy="WebAssembly"):
    """Yields a page in which the scripts are loaded as `explorer`."""
    scripts = {path.name: encoded(path.read_bytes()) for path in EXPLORER.glob("scripts/*.js")}
    imports = {f"symplect/{name}": f"data:text/javascript;base64,{script}" for name, script in scripts.items()}
    kernels = encoded((EXPLORER / "kernels.wasm").read_bytes())
    view = browser.new_page()
    content = _PAGE.format(policy=POLICIES[policy], imports=json.dumps({"imports": imports}), kernels=kernels)
    view.set_content(content)
    view.wait_for_function("globalThis.explorer !== undefined")
    yield view
    view.close()
