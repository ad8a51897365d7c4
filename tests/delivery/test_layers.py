"""The architecture, read off the imports: numbers → picture → browser, one way only. One row a folder."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import pgcourse

PACKAGE = Path(pgcourse.__file__).parent
MODULES = sorted(".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("*.py"))

# The numbers, each of which may import those before it.
NUMBERS = ["_missing", "arrays", "mdp", "policy", "bellman", "gradients", "windows", "surrogate", "horizon", "zoo"]
NUMBERS += ["trajectories", "importance", "_alias", "sampling", "gaussian", "environments", "returns", "estimators"]
NUMBERS += ["durations", "parallel", "lqr"]
NUMBERS += ["deterministic", "soft", "overestimation"]
# What the modules of a folder may import of pgcourse besides themselves, and from outside Python's own library.
FOLDERS: dict[str, tuple[list[str], set[str]]] = {
    "lockstep": (NUMBERS, {"numpy"}),
    "algorithms": (NUMBERS, {"numpy", "cma", "threadpoolctl"}),  # the last two in functions: see below
    "pictures": ([], {"numpy", "matplotlib"}),
    "live": ([], {"numpy", "matplotlib", "IPython", "PIL", "anywidget", "ipywidgets", "traitlets"}),
    "exercises": (NUMBERS, {"numpy", "IPython"}),
}
OF_NUMBERS = {"numpy", "scipy", "gymnasium"}
WORKERS = {"numpy", "joblib", "ray"}  # of `parallel`, which imports them when they are first needed
FORBIDDEN = (
    "matplotlib.pyplot",
    "pylab",
    "matplotlib.pylab",
    "threading",
    "_thread",
    "concurrent",
    "multiprocessing",
    "subprocess",
)
RC_CHANGES = {"rc", "rc_context", "rc_file", "rcdefaults", "rc_file_defaults"}


def tree(module):
    return ast.parse((PACKAGE / module.replace(".", "/")).with_suffix(".py").read_text(encoding="utf-8"))


def imports(code):
    """Every name that the code imports, dotted and absolute: `from a import b` counts as a.b, wherever it stands."""
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = ".".join(filter(None, ["pgcourse" if node.level else "", node.module]))
            yield from (f"{source}.{alias.name}" for alias in node.names)


def within(name, package):
    return name == package or name.startswith(f"{package}.")


def settings_written(code):
    """The places where code changes matplotlib's global settings; reading rcParams is no change."""
    for node in ast.walk(code):
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load) and called(node.value) == "rcParams":
            yield node.lineno
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            on, name = called(node.func.value), node.func.attr
            changes = {"rcParams": {"update", "setdefault", "pop", "clear"}, "style": {"use", "context"}}
            if name in changes.get(on, ()) or (on in ("matplotlib", "mpl") and name in RC_CHANGES):
                yield node.lineno


def called(node):
    return getattr(node, "attr", getattr(node, "id", None))


def folder(module):
    return module.split(".")[0]


def allowed(module):
    """What a module may import: of pgcourse, and from outside."""
    if module == "__init__":
        return ["live", "mdp", "policy"], set()
    if module in NUMBERS:
        return NUMBERS[: NUMBERS.index(module)], WORKERS if module == "parallel" else OF_NUMBERS
    below, outside = FOLDERS[folder(module)]
    return [*below, folder(module)], outside


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_its_place(module):
    known = {"__init__", *NUMBERS, *FOLDERS}
    assert folder(module) in known, f"{module}: give it a place among NUMBERS, or a folder of FOLDERS"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_lies_below_it(module):
    own, outside = allowed(module)
    for name in imports(tree(module)):
        first, _, rest = name.partition(".")
        if first == "pgcourse":
            assert any(within(rest, below) for below in own), f"{module} imports {name}; it may import {own}"
        else:
            known = sys.stdlib_module_names | outside
            assert first in known, f"{module} imports {name}; it may import, besides Python's own: {sorted(outside)}"


@pytest.mark.parametrize("module", MODULES)
def test_no_module_uses_pyplot_threads_or_processes(module):
    """Figures are explicit, and the same course runs on a Pyodide kernel, which has no threads and no processes.

    A lock starts none.
    """
    used = [name for name in imports(tree(module)) if any(within(name, forbidden) for forbidden in FORBIDDEN)]
    used = [name for name in used if name != "threading.Lock"]
    assert not used, f"{module} imports {used}"


@pytest.mark.parametrize("module", MODULES)
def test_no_module_writes_matplotlib_s_settings(module):
    assert not list(settings_written(tree(module))), f"{module} changes rcParams"


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from . import live", ["pgcourse.live"]),
        ("from .live import LiveFigure", ["pgcourse.live.LiveFigure"]),
        ("def f():\n    import scipy.sparse as sparse", ["scipy.sparse"]),
        ("from matplotlib import pyplot", ["matplotlib.pyplot"]),
    ],
)
def test_this_test_sees_an_import_in_any_of_its_forms(code, found):
    assert list(imports(ast.parse(code))) == found


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("rcParams['a'] = 1", [1]),
        ("matplotlib.rcParams['a'] += 1", [1]),
        ("mpl.rcParams.update({})", [1]),
        ("with mpl.rc_context():\n    pass", [1]),
        ("matplotlib.style.use('x')", [1]),
        ("x = rcParams['a']\nfigure.rc = 3", []),
    ],
)
def test_this_test_sees_a_change_of_settings_and_not_a_look(code, lines):
    assert list(settings_written(ast.parse(code))) == lines


def test_importing_the_package_and_all_its_modules_imports_nothing_heavy():
    """gymnasium, SciPy, asyncio … come when they are first needed; pyplot, which has state, never does."""
    modules = ", ".join(f"pgcourse.{module}" for module in MODULES if not module.endswith("__init__"))
    heavy = ["gymnasium", "scipy", "autograd", "cma", "joblib", "ray", "asyncio", "matplotlib.pyplot", "pandas"]
    program = f"import {modules}, sys; print(*[name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


# One name, one thing. Shared on purpose: the parts of an algorithm, and of a linear-quadratic regulator what a finite
# MDP has, too.
SHARED = {"Settings", "Learner", "train", "update", "reward", "action_value", "objective", "policy_gradient"}


def defined():
    """(name, module) of every public function, class and type that a module defines."""
    for module in MODULES:
        for node in tree(module).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                names = [node.name]
            else:
                names = [t.id for t in getattr(node, "targets", ()) if isinstance(t, ast.Name) and not t.id.isupper()]
            yield from ((name, module) for name in names if not name.startswith("_"))


def stem(module):
    return module.split(".")[-1]


def test_no_two_modules_have_one_name():
    stems = [stem(module) for module in MODULES if stem(module) != "__init__"]
    assert not {name for name in stems if stems.count(name) > 1}


def test_no_function_or_class_bears_the_name_of_a_module():
    stems = {stem(module) for module in MODULES}
    assert not [f"{module}.{name}" for name, module in defined() if name in stems]


def test_no_public_name_means_two_things():
    homes: dict[str, list[str]] = {}
    for name, module in defined():
        homes.setdefault(name, []).append(module)
    assert not {name: modules for name, modules in homes.items() if len(modules) > 1 and name not in SHARED}


def mentioned(code):
    """The names that code uses, alone, after a dot or in an import."""
    for node in ast.walk(code):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names)


@pytest.mark.slow
def test_every_public_function_of_the_numbers_is_used():
    """By a notebook, a benchmark or the package: what only its own test calls is a promise without a reader."""
    root = PACKAGE.parent
    codes = [path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")]
    for path in (root / "notebooks").glob("*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        codes += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    used = {name for code in codes for name in mentioned(ast.parse(code))}
    for path in (root / "benchmarks").glob("*.py"):  # which hold cells of notebooks, as strings
        used |= set(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    numbers = [*NUMBERS, *(module for module in MODULES if folder(module) in ("lockstep", "algorithms"))]
    assert not [f"{module}.{name}" for name, module in defined() if module in numbers and name not in used]
