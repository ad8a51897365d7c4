"""Which notebooks there are stands in their metadata; the tables of README.md and of notebook 00 follow it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from classroom.listing import ROOT, Unlisted, find, listed, read
from classroom.mark.server import references
from classroom.site.build import sources
from classroom.student import handed_out
from classroom.tables import write_tables


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """README.md and the notebooks, to write to."""
    shutil.copy(ROOT / "README.md", tmp_path)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    return tmp_path


def with_metadata(root: Path, name: str, **changes: object) -> None:
    path = root / "notebooks" / name
    nb = json.loads(path.read_text(encoding="utf-8"))
    nb["metadata"]["pgcourse"] |= changes
    path.write_text(json.dumps(nb), encoding="utf-8")


def test_the_tables_are_those_of_the_metadata(copy):
    changed = write_tables(copy)
    assert not changed, "type: python course.py notebook --tables"


def test_a_change_of_the_metadata_reaches_both_tables_and_nothing_else(copy):
    before = (copy / "README.md").read_text(encoding="utf-8")
    with_metadata(copy, "02_reminders.ipynb", able="recite", minutes=7)
    assert [path.name for path in write_tables(copy)] == ["README.md", "00_start_here.ipynb"]
    after = (copy / "README.md").read_text(encoding="utf-8")
    assert "[02 reminders](notebooks/02_reminders.ipynb) | recite. | Reminders |" in after
    assert [line for line in after.splitlines() if "02_reminders" not in line] == [
        line for line in before.splitlines() if "02_reminders" not in line
    ]
    assert "(02_reminders.ipynb) | recite. | Reminders | 7 |" in (copy / "notebooks" / "00_start_here.ipynb").read_text(
        encoding="utf-8"
    )
    assert write_tables(copy) == []


def test_the_title_cell_and_the_metadata_say_the_same_minutes():
    for nb in listed()[1:]:  # notebook 00 begins at once
        first = json.loads(nb.path.read_text(encoding="utf-8"))["cells"][0]
        assert f"*{nb.minutes} minutes" in "".join(first["source"]), nb.path.name


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"minutes": "ten"},
            r"02_reminders\.ipynb: its metadata have 'ten' for pgcourse\.minutes, expected a whole number",
        ),
        ({"able": None}, r"02_reminders\.ipynb: its metadata have None for pgcourse\.able, expected a text"),
        ({"title": "reminders"}, "expected '02' before it"),
    ],
    ids=["kind", "missing", "number"],
)
def test_a_field_that_is_missing_is_named_with_its_notebook(copy, changes, said):
    with_metadata(copy, "02_reminders.ipynb", **changes)
    with pytest.raises(Unlisted, match=said):
        listed(copy / "notebooks")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"cells": []}',
        '{"cells": [], "metadata": {"pgcourse": null}}',
        '{"cells": [{"cell_type": "code", "metadata": {}, "source": ""}], "metadata": {}}',
        '{"cells": [{"cell_type": "code", "id": "x", "metadata": {"tags": null}, "source": ""}], "metadata": {}}',
    ],
)
def test_what_is_no_notebook_is_named(copy, text):
    (copy / "notebooks" / "09_broken.ipynb").write_text(text, encoding="utf-8")
    with pytest.raises(Unlisted, match=r"09_broken\.ipynb is not a notebook"):
        listed(copy / "notebooks")
    for command in (sources, handed_out, references):  # before they write or run anything
        with pytest.raises(Unlisted, match=r"09_broken\.ipynb is not a notebook"):
            command(copy / "notebooks")


def test_a_foreign_notebook_gets_a_page_and_goes_to_no_student(copy):
    cell = {"cell_type": "code", "execution_count": 1, "id": "x", "metadata": {}, "outputs": [], "source": ""}
    foreign = copy / "notebooks" / "Untitled.ipynb"
    foreign.write_text(json.dumps({"cells": [cell], "metadata": {}}), encoding="utf-8")
    assert [one.title for one in sources(copy / "notebooks") if one.path == foreign] == ["Untitled"]
    assert foreign not in handed_out(copy / "notebooks")
    foreign.write_text("", encoding="utf-8")
    with pytest.raises(Unlisted, match=r"Untitled\.ipynb is not a notebook"):
        sources(copy / "notebooks")
    assert len(references(copy / "notebooks")) == len(listed())
    foreign.unlink()
    with pytest.raises(Unlisted, match=r"^Untitled\.ipynb cannot be read \(.+\)\.$"):
        read(foreign)


@pytest.mark.parametrize("name", ["05", "5", "05_greediness_gradient", "05_greediness_gradient.ipynb", "05_gre"])
def test_a_notebook_is_found_by_its_number_or_the_beginning_of_its_name(name):
    assert find(name).stem == "05_greediness_gradient"


@pytest.mark.parametrize("name", ["99", "", "0", "nothing"])
def test_a_number_that_is_no_notebook_s_gets_the_list(name):
    with pytest.raises(Unlisted, match=r"expected one of: 00_start_here, 01_"):
        find(name if name != "0" else "0_")
