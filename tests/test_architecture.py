"""The house: who may import whom, what a module may do, and that the README tells the truth about it."""

import ast
import importlib
import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

import pytest

import symplect

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "symplect"

ORDER = [
    "_types", "environment", "errors", "terminal", "precision", "files", "dynamics", "mechanics", "systems",
    "integrate", "data", "models", "control", "fitting", "regressor", "evaluation", "tables", "runs", "export", "auto",
    "experiments", "results", "views", "cli",
]  # fmt: skip
"""Each room imports only from rooms before it, and from itself."""

MODULES = sorted(PACKAGE.rglob("*.py"))


def room(path):
    part = path.relative_to(PACKAGE).parts[0]
    return part.removesuffix(".py")


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "symplect":
            parts = node.module.split(".")
            yield from [parts[1]] if len(parts) > 1 else [alias.name for alias in node.names]
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("symplect."))


@pytest.mark.parametrize("path", [path for path in MODULES if path != PACKAGE / "__init__.py"], ids=str)
def test_imports_point_one_way(path):
    for name in imported_rooms(path):
        assert ORDER.index(name) <= ORDER.index(room(path)), f"{path} imports {name}, which stands after it"


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported_files():
    """Returns the modules that each module imports anywhere, inside functions too."""
    files = {name_of(path): path for path in MODULES}
    found = {}
    for name, path in files.items():
        nodes = list(ast.walk(ast.parse(path.read_text())))
        pairs = [
            (node.module, alias.name) for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names
        ]
        named = {f"{module}.{alias}" if f"{module}.{alias}" in files else module for module, alias in pairs}
        named |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
        found[name] = (named & set(files)) - {name}
    return found


def test_no_files_import_each_other_in_a_circle():
    left = imported_files()
    while left:
        free = {name for name, named in left.items() if not named & set(left)}
        assert free, f"circles among {sorted(left)}"
        left = {name: named for name, named in left.items() if name not in free}


def test_no_file_of_the_package_is_left_out_of_a_commit():
    """A folder of runs is ignored, and so was a package of that name."""
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *map(str, MODULES)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.stdout == "", done.stdout


def test_no_module_is_hidden_by_a_function_of_its_name():
    """`import symplect.integrate.rollout` would give the function where both have that name."""
    for path in MODULES:
        parent, _, own = name_of(path).rpartition(".")
        if parent and own != "__main__":
            module = importlib.import_module(name_of(path))
            assert getattr(sys.modules[parent], own, module) is module, name_of(path)


def test_every_room_is_in_the_order():
    assert {room(path) for path in MODULES} - {"__init__"} == set(ORDER)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_no_module_unpickles_or_configures_jax(path):
    text = path.read_text()
    assert not re.search(r"\bimport pickle\b", text)
    assert "jax.config.update" not in text
    assert "allow_pickle=True" not in text


def test_the_symplectic_sign_stands_once():
    """Only `symplectic_gradient` negates a half of a gradient."""
    assert sum("-dH_dq" in path.read_text() for path in MODULES) == 1


def test_the_names_a_user_needs_are_there():
    for name in symplect.__all__:
        assert getattr(symplect, name).__doc__, name


def test_every_subpackage_is_there_whatever_was_touched_before():
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert folders <= set(symplect.__all__)
    code = "import symplect; print(symplect.integrate.RK4 is symplect.RK4, symplect.__version__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout == f"True {importlib.metadata.version('symplect')}\n", done.stderr


def test_type_checkers_may_use_the_annotations():
    assert (PACKAGE / "py.typed").exists()


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_every_public_thing_says_what_it_is(path):
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), path
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            documented = ast.get_docstring(node) or path.parent.name == "tasks"
            assert documented, f"{path}: {node.name}"


def docstrings(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and (text := ast.get_docstring(node)):
            yield node, text


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_functions_are_described_in_the_imperative_and_arguments_by_nouns(path):
    for node, text in docstrings(path):
        verb = text.split()[0]
        if isinstance(node, ast.FunctionDef):
            assert verb not in ("Returns", "Fits", "Gives", "Makes", "Reads", "Says", "Takes", "Writes"), node.name
        entries = re.findall(r"^    [\w, *]+: (\w+)", text.partition("Args:")[2].partition("\n\n")[0], re.MULTILINE)
        odd = {"of", "that", "from", "what", "to"} & {word.lower() for word in entries}
        assert not odd, f"{node.name}: arguments are noun phrases, found one that begins with {odd}"
