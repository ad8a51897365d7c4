"""`python course.py mark FOLDER`: its tables."""

from __future__ import annotations

import json
import re
from codecs import BOM_UTF8
from pathlib import Path

import pytest
from returned_notebooks import NAME, entry, rows

from classroom.mark import table
from classroom.mark.pool import Marked, Reply, _marked, mark_all
from classroom.mark.returned import Returned


def a_row(who: str, tone: str = "right", message: str = "m", note: str = "", shown: str = "f") -> Marked:
    history = json.loads(entry("best_p"))["exercises"]
    return Marked(Returned(who, Path("x"), shown, history), NAME, [Reply("best_p", tone, message)], note)


def test_the_tables_say_who_has_passed_what(tmp_path):
    marked = [a_row("Bob", "wrong", "Not, yet", "a note"), a_row("Ada")]
    table.write(marked, tmp_path)
    assert [list(row.values()) for row in rows(tmp_path / "marks.csv")] == [
        ["Ada", NAME, "1", "1", "", "f"],
        ["Bob", NAME, "0", "1", "a note", "f"],
    ]
    first, second = rows(tmp_path / "replies.csv")
    assert (first["reply"], first["attempts"], first["first passed"]) == ("right", "3", "2026-01-31T12:00:00Z")
    assert (second["exercise"], second["reply"], second["message"]) == ("best_p", "wrong", "Not, yet")
    text = (tmp_path / "marks.txt").read_text(encoding="utf-8")
    assert re.search(r"^Ada +1 of 1 +right$", text, re.M)
    assert re.search(r"^Bob +0 of 1 +wrong +a note$", text, re.M)
    assert "best_p: right [3 attempts, passed: 2026-01-31T12:00:00Z] m" in text


def test_the_day_of_the_first_right_answer_and_that_of_the_last_try_have_a_column_each():
    one = a_row("Ada")
    one.returned.history["best_p"] |= {"passed": "in May", "tried": "in June"}
    head, line = (row.split(",") for row in table.replies([one]).splitlines())
    columns = dict(zip(head, line, strict=True))
    assert (columns["first passed"], columns["last tried"]) == ("in May", "in June")


def test_a_spreadsheet_is_told_how_the_letters_are_written(tmp_path):
    table.write([a_row("Zoë")], tmp_path)
    told = [name for name in table.FILES if (tmp_path / name).read_bytes().startswith(BOM_UTF8)]
    assert told == ["marks.csv", "replies.csv"]


@pytest.mark.parametrize(("tone", "passed"), [("right", 1), ("nearly", 0)])
def test_an_answer_that_is_nearly_right_is_not_passed(tone, passed):
    assert a_row("Ada", tone).passed == passed


def test_who_has_returned_what_cannot_be_read_is_in_the_table_of_any_notebook():
    broken = Returned("Bob", Path("hand-in-bob.zip"), "f", {}, "it cannot be unpacked")
    marked, _ = mark_all([broken], ["04_the_theorem"], 60.0, at_once=1)
    assert [(one.returned.who, one.note) for one in marked] == [("Bob", "it cannot be unpacked")]


def one_marked(*replies, ended=False):
    """What a notebook with one exercise has come to, from what the process that ran it has told."""
    rows = [{"notebook": "01_policies", "of": ["best_p"]}, *({"exercise": "best_p"} | reply for reply in replies)]
    return _marked(Returned("Ada", Path("x"), "f", {}), {"rows": rows + [{"done": True}] * (not ended), "why": ""})


@pytest.mark.parametrize("ended", [False, True])
def test_a_notebook_that_ends_python_before_its_last_cell_has_a_note(ended):
    one = one_marked({"tone": "right", "message": ""}, ended=ended)
    assert (one.passed, one.note) == (1, "it ended Python before its last cell" * ended)


def test_of_two_replies_of_one_tone_the_last_counts():
    told = [("wrong", "first"), ("wrong", "second"), ("waiting", "third")]
    one = one_marked(*({"tone": tone, "message": message} for tone, message in told))
    assert [(reply.tone, reply.message) for reply in one.replies] == [("wrong", "second")]


@pytest.mark.parametrize(("tone", "noted"), [("right", False), ("wrong", True)])
def test_that_an_answer_reads_a_view_is_noted_unless_it_is_right(tone, noted):
    note = one_marked({"tone": tone, "message": "", "reads": True}).note
    assert ("the answer of best_p reads a view" in note) is noted


def test_two_long_names_that_end_differently_are_both_to_be_read():
    names = [f"{'Ada ' * 20}(hand-in-{k}.zip)" for k in (1, 2)]
    lines = table.summary(a_row(who) for who in names).splitlines()
    assert [line.split("  ")[0] for line in lines[1:3]] == names


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "\n=1", "=cmd|' /C calc'!A0"])
def test_no_text_of_a_student_becomes_a_formula_or_moves_the_terminal(tmp_path, text):
    table.write([a_row(text + "\x1b[2J\u202e", message=text, note=text, shown=text)], tmp_path)
    for name in ("marks.csv", "replies.csv"):
        (row,) = rows(tmp_path / name)
        told = [row["who"], row["file"], *[row[key] for key in ("message", "note") if key in row]]
        assert all(value.startswith(("'", "?")) for value in told), told
        assert "\x1b" not in row["who"]
    assert not re.search("[\x1b\u202e\r\t]", (tmp_path / "marks.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize("text", ["O'Brien;=1+1", "a; -1", "a;;@x", "a,b;\t=1", 'a;"=1', "a;+1;=2"])
def test_no_text_becomes_a_formula_where_a_semicolon_begins_a_new_cell(tmp_path, text):
    table.write([a_row(text, message=text, note=text, shown=text)], tmp_path)
    for name in ("marks.csv", "replies.csv"):
        for cell in re.split("[;\n]", (tmp_path / name).read_text(encoding="utf-8-sig")):
            assert not cell.lstrip(' "\t').startswith(table.RISKY), cell
    assert table._harmless("a;b - c=d") == "a;b - c=d"


def test_the_folder_for_the_tables_is_made(tmp_path):
    table.prepare(tmp_path / "new" / "one")
    table.write([a_row("Ada")], tmp_path / "new" / "one")
    assert sorted(path.name for path in (tmp_path / "new" / "one").iterdir()) == sorted(table.FILES)


def test_a_table_that_a_spreadsheet_holds_stays_and_the_new_one_has_another_name(tmp_path, monkeypatch):
    def held(path, to, replace=Path.replace):
        if path.name == "marks.csv":
            raise PermissionError(32, "The process cannot access the file because it is being used by another process")
        return replace(path, to)

    (tmp_path / "marks.csv").write_text("on the screen")
    monkeypatch.setattr(Path, "replace", held)
    names = table.write([a_row("Ada")], tmp_path)
    assert (tmp_path / "marks.csv").read_text() == "on the screen"
    assert "Ada" in (tmp_path / names[0]).read_text(encoding="utf-8-sig")
    assert names[1:] == list(table.FILES[1:])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["marks.csv", *names])


def test_an_earlier_table_is_kept(tmp_path):
    (tmp_path / "marks.csv").write_text("with my remarks")
    table.write([a_row("Ada")], tmp_path)
    table.write([a_row("Bob")], tmp_path)
    texts = [path.read_text(encoding="utf-8-sig") for path in tmp_path.glob("marks*.csv")]
    assert len(texts) == 3
    assert "with my remarks" in texts
