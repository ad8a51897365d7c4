"""The page of fine points names all fifteen, in the course's order, and each has a proof that runs by itself.

That its links to the notebooks lead somewhere is tested with every notebook's, in test_stored.py.
"""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PAGE = nbformat.read(NOTEBOOKS / "errata.ipynb", as_version=4)
NAMES = [f"slip-{n:02d}" for n in range(1, 16)]
# A word of each that no other entry's heading and table row need: the page may be rewritten, but not lose one of them
SUBJECTS = [
    "48 numbers",
    "last row",
    "softmax",  # a supremum that is not attained
    "stochastic gradient ascent",
    "FrozenLake starts",
    "γ<1",
    "average reward",
    "two names",
    r"$\nabla\rho^\pi$",
    "without γᵗ",
    "nabla-log",
    "∝",
    "advantages",
    "neither theorem implies",
    "wrong q or a wrong ρ",
]
MOST_WORDS = 10  # of a row's point


def text_of(name):
    return next(cell.source for cell in PAGE.cells if cell.id == name)


def code_of(name):
    """The code cells of an entry, in order: those called after it."""
    return [cell for cell in PAGE.cells if cell.cell_type == "code" and cell.id.startswith(f"{name}-")]


def table_rows():
    """(number and link, point, notebooks, what changes) for each row of the table at the top."""
    lines = text_of("table").splitlines()
    return [[part.strip() for part in line.strip("|").split("|")] for line in lines if line.startswith("| [")]


def treated_in(name):
    """The numbers of the notebooks named in the line under an entry's heading."""
    return notebook_numbers(text_of(name).splitlines()[2])


def notebook_numbers(text):
    return re.findall(r"\b0\d\b", text)


def run(cells, names):
    for cell in cells:
        exec(compile(cell.source, cell.id, "exec"), names)
    return names


@pytest.fixture(scope="module")
def setting():
    return run([cell for cell in PAGE.cells if cell.id in ("imports", "setting-code")], {})


def test_there_are_fifteen_entries_in_the_order_of_their_numbers():
    entries = [cell.id for cell in PAGE.cells if cell.cell_type == "markdown" and cell.id.startswith("slip")]
    assert entries == NAMES
    assert [text_of(name).split()[:2] for name in NAMES] == [["##", str(n)] for n in range(1, 16)]


def test_the_table_names_each_of_the_fifteen_in_few_words_and_leads_to_its_entry():
    rows = table_rows()
    assert len(rows) == len(NAMES)
    for name, subject, (link, point, notebooks, changes) in zip(NAMES, SUBJECTS, rows, strict=True):
        heading = text_of(name).splitlines()[0].removeprefix("## ")
        assert link == f"[{int(name[-2:])}](#{heading.replace(' ', '-')})"
        assert subject in point
        assert len(point.split()) <= MOST_WORDS, point
        assert notebook_numbers(notebooks) == treated_in(name)
        assert re.match(r"no\b|yes: |the number: |a factor |a condition", changes), changes


def test_entries_follow_the_order_of_the_course():
    """Each is named with at least one notebook that does not lie before the last entry's."""
    at = "00"
    for name in NAMES:
        later = [number for number in sorted(treated_in(name)) if number >= at]
        assert later, (name, at)
        at = later[0]


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_says_where_what_may_be_read_and_what_holds(name):
    heading, _, where, *rest = text_of(name).splitlines()
    assert where.startswith('*Chapter: "'), heading
    assert "**One may " in rest[1]
    assert "**What holds.** " in "\n".join(rest)


@pytest.mark.parametrize("name", NAMES)
def test_an_entry_has_its_asserts_right_after_its_text_and_runs_without_the_others(name, setting):
    cells = code_of(name)
    at = next(k for k, cell in enumerate(PAGE.cells) if cell.id == name)
    assert PAGE.cells[at + 1 : at + 1 + len(cells)] == cells
    assert cells[-1].id.endswith("-assert")
    for cell in cells:
        assert cell.id.endswith("-assert") == ("assert " in cell.source), cell.id
    run(cells, dict(setting))
