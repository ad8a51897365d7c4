"""The course arrives the same by every road: pip, conda, Binder.

`pyproject.toml` says what is needed; every other file follows it. Binder's image is rendered by the very program that
Binder runs, as far as that goes without Docker.
"""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import jsonschema
import pytest
import yaml
from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = {"linux": ("Linux", "posix"), "darwin": ("Darwin", "posix"), "win32": ("Windows", "nt")}


def computer(python: str, system: str = "linux") -> dict[str, str]:
    """What a marker such as `; sys_platform == 'win32'` sees there."""
    platform, name = SYSTEMS[system]
    where = {"sys_platform": system, "platform_system": platform, "os_name": name}
    return {**default_environment(), **where, "python_version": python, "python_full_version": f"{python}.6"}


def requirements(lines: list[str], environment: dict[str, str]) -> dict[str, Requirement]:
    wanted = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r for r in wanted if r.marker is None or r.marker.evaluate(environment)}


def lines_of(name: str) -> list[str]:
    lines = (line.split(" #")[0].strip() for line in (ROOT / name).read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def pins(name: str, environment: dict[str, str]) -> dict[str, str]:
    return {
        package: str(requirement.specifier).removeprefix("==")
        for package, requirement in requirements(lines_of(name), environment).items()
    }


# The tested versions


@pytest.mark.parametrize("name", ["constraints.txt", "binder/requirements.txt"])
def test_a_pin_is_a_name_and_a_version_and_names_no_address(name):
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")
    for line in lines_of(name):
        requirement = Requirement(line)
        (specifier,) = requirement.specifier
        assert specifier.operator == "==", line
        assert not requirement.extras, line
        assert requirement.url is None, line


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_every_dependency_is_pinned_to_a_version_that_pyproject_allows(python, system):
    there = computer(python, system)
    pinned = pins("constraints.txt", there)
    for extra in ([], *EXTRAS.values()):
        for name, requirement in requirements(PROJECT["dependencies"] + extra, there).items():
            assert requirement.specifier.contains(pinned[name]), requirement


def test_course_py_bench_installs_what_it_measures():
    assert {*EXTRAS["site"], *EXTRAS["mark"]} < {*EXTRAS["bench"]}, "the site and marking are measured"


def test_a_package_has_one_tested_version_whatever_the_computer():
    names = [canonicalize_name(Requirement(line).name) for line in lines_of("constraints.txt")]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.slow
@pytest.mark.pinned
def test_the_pins_are_whole():
    """Whoever installs with constraints.txt gets no version that nobody has tried, not even of a dependency's own."""
    for extras in ((), *EXTRAS):
        here = default_environment()
        assert closure(PROJECT["dependencies"] + EXTRAS.get(extras, []), here) <= set(pins("constraints.txt", here))


def closure(lines: list[str], environment: dict[str, str]) -> set[str]:
    """The names of these requirements, and of theirs, and so on, as the packages installed here state them."""
    found: dict[str, set[str]] = {}
    to_do = [(name, requirement.extras) for name, requirement in requirements(lines, environment).items()]
    while to_do:
        name, extras = to_do.pop()
        if name in found and extras <= found[name]:
            continue
        found[name] = found.get(name, set()) | extras
        try:
            stated = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue  # of another system or Python: it is wanted, but what it wants itself is not known here
        for extra in {"", *extras}:
            needed = requirements(stated, {**environment, "extra": extra})
            to_do += [(needs, requirement.extras) for needs, requirement in needed.items()]
    return set(found)


# One Python everywhere


def test_every_file_means_the_same_pythons():
    allowed = SpecifierSet(PROJECT["requires-python"])
    assert [python for python in ("3.10", *PYTHONS, "3.15") if python in allowed] == list(PYTHONS)
    launcher = runpy.run_path(str(ROOT / "course.py"))
    (three, oldest), (_, too_new) = launcher["OLDEST"], launcher["TOO_NEW"]
    assert [f"{three}.{minor}" for minor in range(oldest, too_new)] == list(PYTHONS)
    assert sorted(launcher["TESTED_FIRST"]) == list(PYTHONS)
    conda = next(line for line in environment_yml()["dependencies"] if str(line).startswith("python"))
    assert conda.replace("=", "-") == (ROOT / "binder" / "runtime.txt").read_text().strip()
    assert conda.removeprefix("python=") in PYTHONS


@pytest.mark.parametrize("version", [(3, 6), (3, 8), (3, 11)])
def test_an_old_python_can_read_the_launcher(version):
    ast.parse((ROOT / "course.py").read_text(encoding="utf-8"), feature_version=version)


# conda


def environment_yml() -> dict:
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def test_conda_leaves_every_dependency_to_pyproject_and_every_version_to_the_constraints():
    environment = environment_yml()
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    *from_conda, from_pip = environment["dependencies"]
    assert [line.split("=")[0] for line in from_conda] == ["python", "pip"]
    assert from_pip == {"pip": ["-c constraints.txt", "-e .[test]"]}


# Binder


def runs_on_binder() -> dict[str, str]:
    return computer((ROOT / "binder" / "runtime.txt").read_text().strip().removeprefix("python-"))


def test_binder_gets_the_tested_versions():
    there = runs_on_binder()
    ours = pins("binder/requirements.txt", there)
    assert ours.pop("notebook")  # Binder's own interface: not one of the course's dependencies
    tested = pins("constraints.txt", there)
    assert ours == {name: tested[name] for name in ours}


@pytest.mark.pinned
def test_binder_gets_all_of_the_run_time_and_nothing_else():
    there = runs_on_binder()
    needed = closure(PROJECT["dependencies"], there)
    assert needed <= set(pins("binder/requirements.txt", there))
    for_tests_alone = {canonicalize_name(Requirement(line).name) for line in EXTRAS["test"] + EXTRAS["bench"]} - needed
    assert not for_tests_alone & set(pins("binder/requirements.txt", there))


@pytest.fixture
def build_pack(monkeypatch):
    """The way in which Binder will build this repository, by its own choice."""
    app = pytest.importorskip("repo2docker.app", reason="repo2docker is not for Windows")
    monkeypatch.chdir(ROOT)
    repo2docker = app.Repo2Docker()
    packs = (kind(repo2docker.base_image) for kind in repo2docker.buildpacks)
    chosen = next(pack for pack in packs if pack.detect())
    chosen.platform = "linux/amd64"  # mybinder.org's
    return chosen


def test_binder_builds_from_the_binder_folder_with_the_right_python(build_pack):
    assert type(build_pack).__name__ == "PythonBuildPack"
    assert build_pack.binder_dir == "binder"
    assert build_pack.python_version == "3.12"
    assert "conda/environment.py-3.12-linux-64.lock" in build_pack.get_build_script_files()


def test_binder_installs_before_it_copies_the_content_and_runs_postbuild_last(build_pack):
    dockerfile = build_pack.render()
    steps = [
        "COPY --chown=1000:1000 src/binder/requirements.txt ${REPO_DIR}/binder/requirements.txt",
        'pip install --no-cache-dir -r "binder/requirements.txt"',
        "COPY --chown=1000:1000 src/ ${REPO_DIR}/",
        "RUN ./binder/postBuild",
    ]
    places = [dockerfile.find(step) for step in steps]
    assert -1 not in places
    assert places == sorted(places)
    assert "R2D_ENTRYPOINT" not in dockerfile, "a start script would run at every visit"


@pytest.mark.skipif(os.name == "nt", reason="Binder runs Linux")
def test_postbuild_installs_the_course_and_puts_the_settings_where_lab_looks(tmp_path):
    """The script itself, with a pip and a Python that only say how they were called."""
    for name in ("pip", "python"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
        (tmp_path / name).chmod(0o755)
    here = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}", "NB_PYTHON_PREFIX": str(tmp_path)}
    told = subprocess.run(["bash", "binder/postBuild"], cwd=ROOT, env=here, check=True, capture_output=True, text=True)
    assert told.stdout.splitlines() == ["pip install --no-cache-dir --no-deps -e .", "python -"]
    settings = tmp_path / "etc" / "jupyter" / "labconfig" / "default_setting_overrides.json"
    assert settings.read_bytes() == (ROOT / "binder" / "overrides.json").read_bytes()
    lines = tmp_path / "etc" / "jupyter" / "jupyter_server_config.py"
    assert lines.read_bytes() == (ROOT / "binder" / "at_once.py").read_bytes()


def test_lab_knows_every_setting_that_is_overridden():
    """An override that Lab has renamed would be ignored in silence, and the question about news be back."""
    for plugin, settings in json.loads((ROOT / "binder" / "overrides.json").read_text()).items():
        extension, name = plugin.split(":")
        schemas = Path(sys.prefix, "share", "jupyter", "lab", "schemas")
        schema = json.loads((schemas / extension / f"{name}.json").read_text(encoding="utf-8"))
        jsonschema.validate(settings, schema)
        assert set(settings) <= set(schema["properties"])
        assert all(settings[key] != schema["properties"][key]["default"] for key in settings)


# What git hands over


@pytest.mark.parametrize("name", ["binder/postBuild", ".ci/run"])
def test_a_script_runs_as_git_hands_it_over(name):
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a git checkout")
    staged = subprocess.run(["git", "ls-files", "-s", name], cwd=ROOT, check=True, capture_output=True, text=True)
    assert staged.stdout.startswith("100755 "), "executable"
    assert (ROOT / name).read_bytes().startswith(b"#!/usr/bin/env bash\n")
    assert b"\r" not in (ROOT / name).read_bytes()
