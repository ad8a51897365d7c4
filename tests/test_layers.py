"""The architecture, read off the imports: numbers → picture → browser, one way only."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import pgcourse

PACKAGE = Path(pgcourse.__file__).parent
MODULES = sorted(".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("*.py"))

# What a module may import of pgcourse, and from outside Python's own library. A new module takes its place here.
NUMBERS = {
    "arrays",
    "mdp",
    "policy",
    "bellman",
    "gradients",
    "zoo",
    "trajectories",
    "alias",
    "sampling",
    "environments",
    "returns",
    "estimators",
    "lanes",
    "episodes",
    "ascent",
    "online",
    "networks",
    "optimisers",
    "reinforce",
    "actor_critic",
    "lqr",
    "deterministic",
}
JUDGES = {f"exercises.{name}" for name in ("verdict", "words", "read", "ask")}
MATPLOTLIB = {"numpy", "matplotlib"}
ALLOWED: dict[str, tuple[set[str], set[str]]] = {
    "arrays": (set(), {"numpy"}),
    "mdp": ({"arrays"}, {"numpy"}),
    "policy": ({"arrays", "mdp"}, {"numpy"}),
    "bellman": ({"arrays", "mdp", "policy"}, {"numpy", "scipy"}),
    "gradients": ({"arrays", "mdp", "policy", "bellman"}, {"numpy"}),
    "trajectories": ({"arrays", "mdp"}, {"numpy"}),
    "alias": ({"arrays", "mdp", "trajectories"}, {"numpy"}),
    "sampling": ({"arrays", "mdp", "policy", "alias", "trajectories"}, {"numpy"}),
    "environments": ({"arrays", "mdp", "sampling", "trajectories"}, {"numpy"}),
    "returns": ({"arrays", "mdp", "policy", "bellman", "sampling", "trajectories"}, {"numpy"}),
    "estimators": ({"arrays", "mdp", "policy", "returns", "trajectories"}, {"numpy"}),
    "lanes": ({"arrays", "mdp", "sampling", "trajectories"}, {"numpy"}),
    "episodes": ({"arrays", "mdp", "alias", "lanes", "trajectories"}, {"numpy"}),
    "ascent": ({"arrays", "mdp", "policy", "bellman", "gradients", "sampling", "lanes", "episodes"}, {"numpy"}),
    "online": ({"arrays", "mdp", "alias", "sampling", "trajectories", "lanes"}, {"numpy"}),
    "networks": ({"arrays", "environments"}, {"numpy"}),
    "optimisers": ({"arrays", "mdp"}, {"numpy"}),
    "reinforce": ({"arrays", "mdp", "trajectories", "environments", "returns", "networks", "optimisers"}, {"numpy"}),
    "actor_critic": ({"arrays", "mdp", "trajectories", "environments", "returns", "networks", "optimisers"}, {"numpy"}),
    "lqr": ({"arrays", "mdp"}, {"numpy", "scipy"}),
    "deterministic": ({"arrays", "mdp", "lqr"}, {"numpy"}),
    "zoo": ({"arrays", "mdp"}, {"numpy", "gymnasium"}),
    "pictures.part": (set(), MATPLOTLIB),
    "pictures.actor_critic": ({"pictures.part"}, MATPLOTLIB),
    "pictures.directions": ({"pictures.part"}, MATPLOTLIB),
    "pictures.control": ({"pictures.part"}, MATPLOTLIB),
    "pictures.gains": ({"pictures.part", "pictures.directions", "pictures.graphs"}, MATPLOTLIB),
    "pictures.equations": ({"pictures.part"}, MATPLOTLIB),
    "pictures.graphs": ({"pictures.part"}, MATPLOTLIB),
    "pictures.greediness": ({"pictures.part"}, MATPLOTLIB),
    "pictures.steps": ({"pictures.part", "pictures.graphs"}, MATPLOTLIB),
    "pictures.worlds": ({"pictures.part"}, MATPLOTLIB),
    "pictures.bars": ({"pictures.part"}, MATPLOTLIB),
    "pictures.improvement": ({"pictures.part", "pictures.bars"}, MATPLOTLIB),
    "pictures.operators": ({"pictures.part"}, MATPLOTLIB),
    "pictures.theorem": ({"pictures.part"}, MATPLOTLIB),
    "pictures.visits": ({"pictures.part"}, MATPLOTLIB),
    "pictures.rollouts": ({"pictures.part"}, MATPLOTLIB),
    "pictures.learning": ({"pictures.part"}, MATPLOTLIB),
    "pictures.__init__": (
        {
            "pictures.part",
            "pictures.actor_critic",
            "pictures.directions",
            "pictures.control",
            "pictures.gains",
            "pictures.equations",
            "pictures.graphs",
            "pictures.greediness",
            "pictures.steps",
            "pictures.worlds",
            "pictures.bars",
            "pictures.improvement",
            "pictures.operators",
            "pictures.theorem",
            "pictures.visits",
            "pictures.rollouts",
            "pictures.learning",
        },
        set(),
    ),
    "live": (set(), MATPLOTLIB | {"IPython", "PIL", "anywidget", "traitlets"}),
    "running": (set(), {"ipywidgets"}),
    "scenes": (set(), {"anywidget", "traitlets"}),
    "explorer": ({"live", "running", "scenes"}, {"numpy", "IPython", "ipywidgets"}),
    "progress": (set(), set()),
    "exercises.patience": (set(), set()),
    "exercises.words": (set(), set()),
    "exercises.verdict": ({"exercises.patience", "exercises.words"}, {"numpy"}),
    "exercises.read": ({"mdp", "exercises.verdict", "exercises.words"}, {"numpy"}),
    "exercises.ask": ({"mdp", "exercises.patience", "exercises.verdict", "exercises.words"}, {"numpy"}),
    "exercises.shown": ({"progress", "exercises.verdict"}, {"IPython"}),
    "exercises.start": (JUDGES, {"numpy"}),
    "exercises.greediness": (NUMBERS | JUDGES, {"numpy"}),
    "exercises.actor_critic": (NUMBERS | JUDGES, {"numpy"}),
    "exercises.policies": (NUMBERS | JUDGES, {"numpy"}),
    "exercises.value_gradients": (NUMBERS | JUDGES, {"numpy"}),
    "exercises.deterministic": (NUMBERS | JUDGES, {"numpy"}),
    "exercises.reminders": (NUMBERS | JUDGES, {"numpy"}),
    "exercises.theorem": (NUMBERS | JUDGES, {"numpy"}),
    "exercises.rollouts": (NUMBERS | JUDGES, {"numpy"}),
    "exercises.__init__": ({"exercises"}, set()),
    "progress_page": ({"progress", "exercises"}, {"IPython"}),
    "__init__": (set(MODULES), set()),
}
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


def test_every_module_has_its_place():
    assert set(MODULES) == set(ALLOWED), "say in ALLOWED where a new module belongs, and take out one that is gone"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_lies_below_it(module):
    own, outside = ALLOWED[module]
    for name in imports(tree(module)):
        first, _, rest = name.partition(".")
        if first == "pgcourse":
            assert any(within(rest, below) for below in own), (
                f"{module} imports {name}; it may import of pgcourse: {sorted(own)}"
            )
        else:
            known = sys.stdlib_module_names | outside
            assert first in known, f"{module} imports {name}; it may import, besides Python's own: {sorted(outside)}"


@pytest.mark.parametrize("module", MODULES)
def test_no_module_uses_pyplot_threads_or_processes(module):
    """Figures are explicit, and the same course runs on a Pyodide kernel, which has no threads and no processes."""
    used = [name for name in imports(tree(module)) if any(within(name, forbidden) for forbidden in FORBIDDEN)]
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
    """gymnasium, SciPy and autograd come when they are first needed; pyplot, which has state, never does."""
    modules = ", ".join(f"pgcourse.{module}" for module in MODULES if not module.endswith("__init__"))
    heavy = ["gymnasium", "scipy", "autograd", "matplotlib.pyplot", "pandas"]
    program = f"import {modules}, sys; print(*[name for name in {heavy} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []
