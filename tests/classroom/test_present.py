"""`course.py present`: what it starts, what it leaves alone, and what it says when it cannot."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from small_course import cell, write_course, write_notebook

from classroom import __main__ as commands
from classroom import present
from classroom.listing import Unlisted
from classroom.present import CannotPresent, start


class Started:
    """What JupyterLab would have been started with, and what was there then."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.arguments, self.environment = arguments, environment
        (self.home,) = (Path(value) for name, _, value in self.options() if name == "--LabApp.app_settings_dir")
        self.files = {path.relative_to(self.home): path.read_bytes() for path in self.home.rglob("*") if path.is_file()}

    def options(self) -> list[tuple[str, str, str]]:
        return [argument.partition("=") for argument in self.arguments]

    def option(self, name: str) -> str:
        """The one that counts: the last."""
        return [value for found, _, value in self.options() if found == name][-1]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Started]:
    found: list[Started] = []
    monkeypatch.setattr(start, "launch", lambda arguments, environment: found.append(Started(arguments, environment)))
    return found


@pytest.fixture
def course(tmp_path: Path) -> Path:
    (tmp_path / "notebooks").mkdir()
    return write_course(tmp_path / "notebooks")


def test_it_shows_copies_in_their_order_and_removes_them(started: list[Started], course: Path) -> None:
    before = {path.name: path.read_bytes() for path in course.iterdir()}
    assert start.start(["02", "1"], [], course) == 0
    (lab,) = started
    assert lab.option("--LabApp.default_url") == "/doc/tree/notebooks/02_second.ipynb"
    served = Path(lab.option("--ServerApp.root_dir"))
    assert served.is_relative_to(lab.home)
    assert not served.is_relative_to(course.parent)
    copies = {path.name: text for path, text in lab.files.items() if path.suffix == ".ipynb"}
    assert copies == {name: text for name, text in before.items() if name.endswith(".ipynb")}
    entry = lab.files[Path("labextensions/pgcourse-present/static/remoteEntry.js")].decode()
    assert json.dumps(["notebooks/02_second.ipynb", "notebooks/01_first.ipynb"]) in entry
    assert not lab.home.exists()
    assert before == {path.name: path.read_bytes() for path in course.iterdir()}


def test_jupyterlab_finds_the_extension_that_package_json_names(started: list[Started], course: Path) -> None:
    start.start(["01"], [], course)
    (lab,) = started
    folder = Path(lab.option("--LabApp.extra_labextensions_path")).relative_to(lab.home)
    assert "[" not in str(folder), "a list of paths is a silent 404"
    package = json.loads(lab.files[folder / start.NAME / "package.json"])
    assert package["name"] == start.NAME
    assert folder / start.NAME / package["jupyterlab"]["_build"]["load"] in lab.files


def test_settings_and_progress_are_its_own(started: list[Started], course: Path) -> None:
    start.start(["01"], [], course)
    (lab,) = started
    assert lab.environment["PGCOURSE_PROGRESS"] == "off"
    for name in ("JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR"):
        assert Path(lab.environment[name]).is_relative_to(lab.home)
    settings = json.loads(lab.files[Path("overrides.json")])
    assert settings["@jupyterlab/docmanager-extension:plugin"]["autosave"] is False
    assert settings["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"


def test_words_with_a_dash_go_to_jupyterlab_and_count_last(
    monkeypatch: pytest.MonkeyPatch, started: list[Started]
) -> None:
    assert present.main(["00", "--no-browser", "--LabApp.default_url=/lab"]) == 0
    (lab,) = started
    assert "--no-browser" in lab.arguments
    assert lab.option("--LabApp.default_url") == "/lab"


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        (["99"], "'99' names 0 notebooks, expected one of: 01_first, 02_second, progress."),
        (["02", "2"], "02_second.ipynb is named twice, expected each notebook once."),
        (["03"], "03_broken.ipynb is not a notebook: JSONDecodeError"),
        (["04"], "04_a_list.ipynb is not a notebook: TypeError"),
        (["05"], "05_for_nobody.ipynb has no cell to show, expected some whose slide type is not skip or notes."),
    ],
)
def test_what_cannot_be_presented_is_a_sentence_and_nothing_starts(
    started: list[Started], course: Path, numbers: list[str], sentence: str
) -> None:
    if numbers != ["99"]:
        (course / "03_broken.ipynb").write_text("{", encoding="utf-8")
        (course / "04_a_list.ipynb").write_text("[]", encoding="utf-8")
        write_notebook(course, "05_for_nobody", cell("1", "one", slideshow={"slide_type": "skip"}))
    with pytest.raises((CannotPresent, Unlisted)) as refused:
        start.start(numbers, [], course)
    assert str(refused.value).startswith(sentence)
    assert started == []


def test_without_a_place_to_write_it_says_so(
    started: list[Started], course: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(CannotPresent, match=r"needs a place for temporary files, and the disk said: .*nowhere"):
        start.start(["01"], [], course)
    assert started == []


def test_the_terminal_shows_the_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["present", "99"]) == 2
    said: Any = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("'99' names 0 notebooks, expected one of: 00_start_here, ")
    assert commands.main(["present"]) == 2
    assert capsys.readouterr().err.startswith("python course.py present 04")
    assert commands.main(["present", "--help"]) == 0
