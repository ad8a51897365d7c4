"""The notebooks in JupyterLite: a JupyterLab whose Python, Pyodide, runs in the reader's browser.

`npm pack` brings Pyodide's core and pip brings what is pure Python: the course, its packages, and those of Pyodide's
distribution that can be had there in the same version. All of that is copied into the folder. Only what is compiled
(NumPy, SciPy, matplotlib and their like) comes from Pyodide's own address, when a reader's kernel imports it.

Pyodide's lock file tells a kernel where each package is, and which of them an import needs. So a cell that imports
pgcourse loads it, and the notebooks stay as they are.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from classroom.listing import FOLDER, ROOT
from classroom.site import CannotBuild

PYODIDE = "314.0.7"
ADDRESS = f"https://cdn.jsdelivr.net/pyodide/v{PYODIDE}/full/"  # of its distribution, where npm's has only the core
BROWSER = {"sys_platform": "emscripten", "platform_system": "Emscripten", "os_name": "posix", "extra": ""}
BROWSER |= {"python_version": "3.14", "python_full_version": "3.14.2", "platform_python_implementation": "CPython"}
KERNEL = ("comm", "ipython", "jedi", "micropip")  # what the kernel itself imports
IN_THE_PAGE = {"jupyterlab", "jupyterlab-widgets", "widgetsnbextension"}  # the user interface: JupyterLite has it
EXTENSIONS = {  # of which distribution each is
    "@jupyterlite/pyodide-kernel-extension": "jupyterlite-pyodide-kernel",
    "@jupyter-widgets/jupyterlab-manager": "jupyterlab-widgets",
    "anywidget": "anywidget",
}
Lock = Mapping[str, Mapping[str, Any]]


class Package(NamedTuple):
    """A package that a kernel needs."""

    version: str  # "" for the one of constraints.txt
    depends: Sequence[str]
    is_compiled: bool = False


def add_lite(folder: Path, notebooks: Path = FOLDER) -> None:
    """Write JupyterLite into the new folder `folder`, with all files of `notebooks`; CannotBuild says what is missing.

    It appears whole or not at all.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise CannotBuild("npm is not on the PATH, and brings Pyodide: install Node.js, or leave --lite away.")
    extensions = [str(extension(name, owner)) for name, owner in EXTENSIONS.items()]
    with tempfile.TemporaryDirectory() as own:
        work = Path(own)
        core = work / "static" / "pyodide"
        print(f"JupyterLite: Pyodide {PYODIDE}, from npm", flush=True)
        unpack(told([npm, "pack", f"pyodide@{PYODIDE}", "--silent"], work, "npm"), work, core)
        lock = json.loads((core / "pyodide-lock.json").read_text(encoding="utf-8"))
        packages = needed(["pgcourse", *KERNEL], lock["packages"], metadata.requires)
        print(f"JupyterLite: {len(packages)} packages, from pip", flush=True)
        bring(packages, core)
        lock["packages"] = relocked(lock["packages"], packages, sorted(core.glob("*.whl")))
        (core / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
        shutil.copytree(notebooks, work / "files", ignore=shutil.ignore_patterns(".*", "progress*.json", "*.zip"))
        for path in (work / "files").glob("*.ipynb"):
            path.write_text(for_pyodide(path.read_text(encoding="utf-8")), encoding="utf-8")
        print("JupyterLite: the site", flush=True)
        options = {
            "apps": ["lab"],
            "contents": [str(work / "files")],
            "federated_extensions": extensions,
            "ignore_sys_prefix": True,  # other extensions of this environment
            "no_sourcemaps": True,
            "output_dir": str(work / "out"),
        }
        (work / "jupyter_lite_config.json").write_text(json.dumps({"LiteBuildConfig": options}), encoding="utf-8")
        told([sys.executable, "-m", "jupyterlite_core", "build"], work, "JupyterLite")
        try:
            shutil.copytree(work / "out", folder)
        except (OSError, shutil.Error) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise CannotBuild(f"{folder} cannot be written ({getattr(error, 'strerror', None) or error}).") from error


def for_pyodide(notebook: str) -> str:
    """A notebook that starts this kernel without a question."""
    book = json.loads(notebook)
    book["metadata"]["kernelspec"] = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
    return json.dumps(book, ensure_ascii=False, indent=1)


def extension(name: str, owner: str) -> Path:
    """The folder of a front-end extension, where its distribution has put it."""
    ending = f"labextensions/{name}/package.json"
    try:
        files = metadata.files(owner) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.as_posix().endswith(ending):
            return Path(str(file.locate())).resolve().parent
    raise CannotBuild(f'{owner} is not installed: type python -m pip install -c constraints.txt -e ".[site,lite]"')


def needed(roots: Iterable[str], lock: Lock, requires: Callable[[str], list[str] | None]) -> dict[str, Package]:
    """The packages that `roots` need in the browser, and those that these need, and so on.

    Pyodide's lock file goes before what `requires` says of a package that is installed here.
    """
    found: dict[str, Package] = {}
    to_do = list(roots)
    while to_do:
        name = to_do.pop()
        if name in found:
            continue
        if name in lock:
            depends = [canonicalize_name(one) for one in lock[name]["depends"]]
            pure = lock[name]["file_name"].endswith("-none-any.whl")
            found[name] = Package(lock[name]["version"], depends, not pure)
        else:
            wanted = map(Requirement, requires(name) or [])
            here = [one for one in wanted if one.marker is None or one.marker.evaluate(BROWSER)]
            depends = sorted({canonicalize_name(one.name) for one in here} - IN_THE_PAGE)
            found[name] = Package("", depends)
        to_do += found[name].depends
    return found


def bring(packages: Mapping[str, Package], folder: Path) -> None:
    """The wheels of all that is pure Python: the course's from this checkout, the others from pip."""
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)", pins, re.MULTILINE))
    lines = [
        f"{name}=={package.version or pinned[name]}"
        for name, package in packages.items()
        if not package.is_compiled and name != "pgcourse"
    ]
    browser = ["--only-binary=:all:", "--python-version", "3.14", "--implementation", "py", "--abi", "none"]
    told([*pip, "download", "--no-deps", *browser, "--platform", "any", "-d", str(folder), *lines], folder, "pip")
    with tempfile.TemporaryDirectory() as own:  # setuptools leaves files beside the sources
        source = Path(own)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, source)
        shutil.copytree(ROOT / "pgcourse", source / "pgcourse", ignore=shutil.ignore_patterns("__pycache__"))
        told([*pip, "wheel", "--no-deps", "-w", str(folder), str(source)], source, "pip")


def relocked(lock: Lock, packages: Mapping[str, Package], wheels: Iterable[Path]) -> dict[str, Any]:
    """The lock file's packages: those of `wheels` beside it, all others at Pyodide's address."""
    made = {name: {**entry, "file_name": ADDRESS + entry["file_name"]} for name, entry in lock.items()}
    for wheel in wheels:
        name, version, _, _ = parse_wheel_filename(wheel.name)
        theirs = made.get(name, {"imports": [name.replace("-", "_")], "package_type": "package"})
        own = {"name": name, "version": str(version), "file_name": wheel.name, "depends": packages[name].depends}
        own |= {"sha256": hashlib.sha256(wheel.read_bytes()).hexdigest(), "install_dir": "site"}
        made[name] = {**theirs, **own, "unvendored_tests": False}
    return made


def unpack(words: str, work: Path, core: Path) -> None:
    """npm's archive, whose name is the last of its `words`, without maps and types."""
    archive = work / (words.split() or ["?"])[-1]
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(work / "npm", filter="data")
        shutil.copytree(work / "npm" / "package", core, ignore=shutil.ignore_patterns("*.map", "*.ts", "*.html"))
    except (OSError, tarfile.TarError) as error:
        raise CannotBuild(f"npm's archive {archive.name} cannot be unpacked ({error}).") from error


def told(command: list[str], folder: Path, program: str) -> str:
    """What a program prints; CannotBuild with its own last word if it fails."""
    ran = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True)
    words = ran.stdout.decode("utf-8", "replace")
    if ran.returncode:
        said = [*words.splitlines(), *ran.stderr.decode("utf-8", "replace").splitlines()]
        said = [line.strip() for line in said if line.strip()] or ["nothing"]
        last = [line for line in said if re.match(r"(npm )?(error|err!)", line, re.IGNORECASE)] or said
        raise CannotBuild(f"{program} failed: is there a network? It said: {last[-1]}")
    return words
