"""`python course.py site --lite`: what is bundled, where a kernel finds it, and what is said if it cannot be had."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

import pytest
from small_course import write_notebook

from classroom import site
from classroom.folders import CannotWrite
from classroom.site import CannotBuild, build, lite
from classroom.site.lite import Package, needed, relocked

LOCK = {
    "numpy": {"version": "2.0", "file_name": "numpy-2.0-cp314-cp314-wasm32.whl", "depends": [], "imports": ["numpy"]},
    "six": {"version": "1.17", "file_name": "six-1.17-py2.py3-none-any.whl", "depends": [], "imports": ["six"]},
    "dateutil": {"version": "2.9", "file_name": "dateutil-2.9-py3-none-any.whl", "depends": ["six"], "imports": []},
    "other": {"version": "3", "file_name": "other-3-py3-none-any.whl", "depends": [], "imports": []},
}
REQUIRES = {
    "pgcourse": ["numpy>=1", "jupyterlab>=4", "ipywidgets", 'pywin32; sys_platform == "win32"', 'nox; extra == "dev"'],
    "ipywidgets": ["comm>=0.1", "Date_util", "dateutil", "jupyterlab_widgets~=3.0", "widgetsnbextension"],
    "comm": None,
    "date-util": [],
}


def test_what_a_kernel_needs_is_what_is_imported_and_not_the_page_s_own():
    assert needed(["pgcourse"], LOCK, REQUIRES.__getitem__) == {
        "pgcourse": Package("", ["ipywidgets", "numpy"]),
        "ipywidgets": Package("", ["comm", "date-util", "dateutil"]),
        "comm": Package("", []),
        "date-util": Package("", []),
        "dateutil": Package("2.9", ["six"]),
        "six": Package("1.17", []),
        "numpy": Package("2.0", [], is_compiled=True),
    }


def test_a_bundled_package_is_found_beside_the_lock_file_and_any_other_at_pyodide_s_address(tmp_path):
    wheels = [tmp_path / "six-1.17-py2.py3-none-any.whl", tmp_path / "my_own-0.1-py3-none-any.whl"]
    wheels[0].write_bytes(b"")
    wheels[1].write_bytes(b"abc")
    made = relocked(LOCK, {"six": Package("1.17", []), "my-own": Package("", ["six"])}, wheels)
    assert made["numpy"]["file_name"] == lite.ADDRESS + "numpy-2.0-cp314-cp314-wasm32.whl"
    assert made["six"]["file_name"] == wheels[0].name
    assert made["six"]["sha256"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # of nothing
    own = made["my-own"]
    assert (own["file_name"], own["imports"], own["depends"]) == (wheels[1].name, ["my_own"], ["six"])
    assert own["sha256"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1
    assert LOCK["numpy"]["file_name"].startswith("numpy")


def test_a_notebook_starts_the_browser_s_kernel_and_is_the_same_otherwise(tmp_path):
    path = write_notebook(tmp_path, "01_first")
    before = json.loads(path.read_text(encoding="utf-8"))
    after = json.loads(lite.for_pyodide(path.read_text(encoding="utf-8")))
    assert after["metadata"].pop("kernelspec")["name"] == "python"
    before["metadata"].pop("kernelspec")
    assert after == before


def test_the_index_leads_to_jupyterlite_only_where_it_is(tmp_path):
    link = 'href="lite/lab/index.html?path=00_start_here.ipynb"'
    assert link in build.index([], has_lite=True)
    assert "lite/" not in build.index([])


# What is in the way


def test_without_npm_a_sentence_says_so_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "ran", lambda path: pytest.fail("a notebook ran"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CannotBuild, match=r"npm is not on the PATH.*install Node\.js, or leave --lite away"):
        build.build(tmp_path / "site", has_lite=True)
    assert list((tmp_path / "site").iterdir()) == []  # the same line works once npm is there


@pytest.mark.skipif(os.name == "nt", reason="a shell script stands for npm")
@pytest.mark.parametrize(
    ("script", "said"),
    [
        (
            "echo npm notice; echo 'npm error network' >&2; echo 'npm error request failed' >&2; exit 1",
            "request failed",
        ),
        ("echo nothing > pyodide.tgz; echo pyodide.tgz", r"pyodide\.tgz cannot be unpacked"),
    ],
    ids=["no-network", "broken-archive"],
)
def test_what_npm_cannot_bring_is_told_in_its_own_words(tmp_path, monkeypatch, script, said):
    npm = tmp_path / "npm"
    npm.write_text(f"#!/bin/sh\n{script}\n")
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(lite, "extension", lambda name, owner: tmp_path)
    with pytest.raises(CannotBuild, match=said):
        lite.add_lite(tmp_path / "lite")
    assert not (tmp_path / "lite").exists()


def test_a_program_that_fails_says_why_and_a_missing_package_how_to_get_it(tmp_path):
    script = "import sys; print('WARNING: slow'); print('ERROR: no such version', file=sys.stderr); sys.exit(1)"
    with pytest.raises(CannotBuild, match=r"pip failed: is there a network\? It said: ERROR: no such version"):
        lite.told([sys.executable, "-c", script], tmp_path, "pip")
    with pytest.raises(CannotBuild, match=r"no-such-package is not installed: type python -m pip install .*lite"):
        lite.extension("x", "no-such-package")


def test_a_folder_that_is_not_empty_is_left_as_it_is(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "add_lite", lambda *words: pytest.fail("JupyterLite was built"))
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CannotWrite, match="is not empty"):
        build.build(tmp_path, has_lite=True)
    with pytest.raises(CannotWrite, match="cannot be written to"):
        build.build(tmp_path / "mine.txt" / "site", has_lite=True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_option_that_does_not_exist_is_no_folder():
    with pytest.raises(CannotBuild, match="--light is not an option of site, expected --lite"):
        site.main(["--light"])
    assert not Path("--light").exists()
