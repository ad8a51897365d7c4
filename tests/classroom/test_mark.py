"""`python course.py mark FOLDER`: a right answer counts, however it is given, and no verdict can be forged.

Forged here means: by what a student can write in a notebook about the course. Code that attacks the marking itself
shares a process with it, and the README says so.
"""

from __future__ import annotations

import ast
import re
import sys
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import nbformat
import pytest
from returned_notebooks import CHECK, NAME, P, book, mark, put, rows
from stored_notebooks import COURSE

from classroom import __main__ as commands
from classroom.cells import is_solution, is_stub
from classroom.mark import CannotMark, questions
from classroom.mark.pool import Marked
from classroom.mark.run import reads_a_view

each = partial(pytest.mark.parametrize, ids=lambda path: path.stem)
# What is right, and what only looks so

OWN_PIP = "os.path.samefile(os.path.dirname(os.environ['PIP_PREFIX']), '.')"
OWN_PIP += " and os.environ['PIP_CONSTRAINT'].startswith('file://')"  # an address: a folder's name may have spaces
HONEST = {
    "right": (["my_p = " + P + "\n" + CHECK], "right"),
    "in the call": (["my_p = ...\ncheck_best_p(" + P + ")"], "right"),
    "in an earlier cell": (["p = " + P, "check_best_p(my_p := p)"], "right"),
    "wrong": (["my_p = 0.5\n" + CHECK], "wrong"),
    "waiting": (["my_p = ...\n" + CHECK], "waiting"),
    "error": (["my_p = 1 / 0\n" + CHECK], "error"),
    "syntax": (["my_p = \n" + CHECK], "error"),
    "the best counts": (["check_best_p(0.5)", "check_best_p(" + P + ")", "check_best_p(...)"], "right"),
    "deleted": (["1 + 1"], "none"),
    "exit": (["sys.exit()", "my_p = " + P + "\n" + CHECK], "right"),
    "error before": (["1 / 0", "raise KeyboardInterrupt", "my_p = " + P + "\n" + CHECK], "right"),
    "magic": (["%matplotlib inline", "%%time\n1", "my_p = " + P + "\n" + CHECK], "right"),
    "not shown": (["check_best_p(" + P + ");", "%timeit -n 1 -r 1 1\ncheck_best_p(0.5) ; # nothing"], "none"),
    "a folder for pip": (["my_p = " + P + " if " + OWN_PIP + " else 0\n" + CHECK], "right"),
    "displayed": (["display(check_best_p(" + P + "));"], "right"),
    "displayed and failed": (["display(check_best_p(" + P + "))\n1 / 0"], "right"),
    "the last displayed": (["for p in (" + P + ", 0.5):\n    display(check_best_p(p))"], "wrong"),
    "the last line": (["display(check_best_p(" + P + "))\ncheck_best_p(0.5)"], "wrong"),
    "printed only": (["print(check_best_p(" + P + "))"], "none"),
    "all tried": (["for k in range(570, 600):\n    check_best_p(k / 1000)"], "none"),
}
RIGHT = 'Verdict("right", "", "best_p")'
VERDICT = "from pgcourse.exercises.verdict import Verdict\nimport pgcourse.exercises as course\n"
LINE = '{"exercise": "best_p", "tone": "right", "message": ""}'
INTO_ALL_FILES = """for word in ("", "0" * 32):
    for file in range(200):
        try:
            os.write(file, ("\\n" + word + LINE + "\\n").encode())
        except OSError:
            pass"""
FORGED = {
    "a check of one's own": f"my_p = 0\ndef check_best_p(_):\n    return {RIGHT}\n{CHECK}",
    "the same, a cell before": f"def check_best_p(_):\n    return {RIGHT}",
    "a verdict": f"my_p = 0\n{RIGHT}",
    "another module's check": f"course.check_best_p = lambda _: {RIGHT}\ncourse.check_best_p(0)",
    "another module": f"class Fake:\n    check_best_p = lambda _: {RIGHT}\nsys.modules['pgcourse.exercises'] = Fake\n"
    "from pgcourse.exercises import check_best_p",
    "wrong is right": "import pgcourse.exercises.nb00_start as nb\nnb.wrong = nb.nearly = nb.right",
    "its code": f"def f(*_, **__):\n    return {RIGHT}\ncheck_best_p.__code__ = f.__code__",
    "the code inside": "check_best_p.__wrapped__.__wrapped__.__code__ = (lambda answer: 1).__code__",
    "a method": f"Verdict.__bool__ = lambda self: True\nVerdict._replace = lambda self, **_: {RIGHT}",
    "numpy": "np.isclose = np.allclose = lambda *_, **__: True\nnp.abs = lambda x: 0 * x",
    "builtins": "import builtins, math\nbuiltins.abs = lambda x: 0.0\nmath.sqrt = lambda x: 0",
    "a number": "import math, pgcourse.exercises.nb00_start as nb\nnp.pi = math.pi = 1.0\nfor key in dir(nb):\n"
    "    if isinstance(getattr(nb, key), float):\n        setattr(nb, key, 0.0)",
    "a verdict displayed": f"display({RIGHT})",
    "a tone": "v = check_best_p(0)\nv.tone = 'right'\nv",
    "lines in every file": f"LINE = '{LINE}'\n{INTO_ALL_FILES}",
}


BROKEN: dict[str, bytes] = {
    "empty": b"",
    "torn": b'{"cells": [',
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(100),
    "list": b"[1, 2]",
    "nested": b"[" * 10**6,
    "strange": b'{"cells": [{"cell_type": 1, "source": 2, "metadata": 3}], "metadata": {}}',
    "null": b'{"cells": [{"cell_type": "code", "source": "", "metadata": {"tags": null}}], "metadata": {}}',
    "another": b'{"cells": [], "metadata": {}}',
}
FLAT = """import pgcourse.exercises.nb15_ppo as nb
nb.PUSHES.update({pair: ("flat", "") for pair in nb.PUSHES})
check_pushes(dict.fromkeys(range(1, 7), "flat"))"""
LAKE = "from pgcourse import Policy, zoo\nlake = zoo.frozen_lake(slippery=False)\npi = Policy.uniform(16, 4)"
LIAR = """class Any(str):
    __eq__ = lambda *_: True
    __ne__ = lambda *_: False
    __hash__ = str.__hash__
    strip = upper = lower = lambda self: self
check_pushes(dict.fromkeys(range(1, 7), Any("flat")))"""
# who → number of the notebook, cell, the reply; in the course's notebook 04 γ is 0.95
CHANGED = {
    "asked": ("04", "gamma = 0\nmy_constant = 20\ncheck_constant(my_constant, gamma)", "right"),
    "changed": ("04", "gamma = 0\nmy_constant = 1\ncheck_constant(my_constant, gamma)", "nearly"),
    "an iterator": ("01", f"{LAKE}\ncheck_dominating_start((1 / 16 for _ in range(16)), lake)", "right"),
    "asked for less": ("03", f"{LAKE}\ncheck_zero_states({{(5, 2): range(16)}}, lake, pi, [(5, 2)])", "waiting"),
    "a table": ("15", FLAT, "wrong"),
    "a word": ("15", LIAR, "wrong"),
}
SOLVED = [path for path in COURSE if path.stem[:2] in ("01", "03", "05")]


def solved(path: Path) -> Any:
    """The course's own answers as a student's: each solution also shows what its check says."""
    made = nbformat.read(path, as_version=4)
    for cell in filter(is_solution, made.cells):
        asserts = [node.test for node in ast.parse(cell.source).body if isinstance(node, ast.Assert)]
        call = next(ast.unparse(test) for test in asserts if ast.unparse(test).startswith("check_"))
        cell.source += f"\n{call}"
        cell.metadata = {}
    return made


# An answer that the student has set in a view, which is read where the notebook is run anew
VIEWED = {
    "set by hand": f"my_p = start_view.values['p']\n{CHECK}",
    "a magic before": f"%matplotlib inline\nmy_p = start_view.values['p']\n{CHECK}",
    "no such view": f"my_p = other_view.values['p']\n{CHECK}",
    "right all the same": f"start_view\nmy_p = {P}\n{CHECK}",
    "in a comment": f"my_p = 0.5  # start_view.values\n{CHECK}",
}
VIEWED_ABOVE = {
    "a name": ["found = start_view.values['p']", f"my_p = found\n{CHECK}"],
    "a function": ["def found():\n    return start_view.values['p']", f"my_p = found()\n{CHECK}"],
    "two cells above": ["p = start_view.values", "q = [p['p']]", f"my_p = q[0]\n{CHECK}"],
    "into a list": ["q = []", "q += [start_view.values['p']]", "q += []", f"my_p = q[0]\n{CHECK}"],
    "another value since": ["found = start_view.values['p']", "found = 0.5", f"my_p = found\n{CHECK}"],
    "a parameter": ["p = start_view.values['p']", f"def my(p):\n    return p\nmy_p = 0.5\n{CHECK}"],
    "a function since": ["found = start_view.values['p']", "def found():\n    return 0.5", f"my_p = found()\n{CHECK}"],
    "another name": ["found = start_view.values['p']", f"my_p = 0.5\n{CHECK}"],
    "read below": [f"found = 0.5\nmy_p = found\n{CHECK}", "found = start_view.values['p']"],
}


WARNED = ("set by hand", "a magic before", "no such view", *list(VIEWED_ABOVE)[:4])


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> dict[str, Marked]:
    """All that does no harm, marked in one go."""
    folder = tmp_path_factory.mktemp("returned")
    for who, (cells, _) in HONEST.items():
        put(folder, who, *cells)
    for who, cell in FORGED.items():
        put(folder, who, VERDICT, cell, "check_best_p(0)")
    for who, cell in VIEWED.items():
        put(folder, who, "class start_view:\n    values = {'p': 0.5}", cell)
    for who, cells in VIEWED_ABOVE.items():
        put(folder, who, "class start_view:\n    values = {'p': 0.5}", *cells)
    for who, text in BROKEN.items():
        (folder / f"{who}.ipynb").write_bytes(text)
    for who, (number, cell, _) in CHANGED.items():
        made = book("from pgcourse.exercises import *", cell, pgcourse={"title": f"{number} x"})
        nbformat.write(made, folder / f"{who}.ipynb")
    large = book(f"my_p = {P}\n{CHECK}")
    large.cells[1].outputs = [nbformat.v4.new_output("stream", text="x" * 10**8)]
    nbformat.write(large, folder / "large.ipynb")
    with zipfile.ZipFile(folder / "none.zip", "w"):
        pass
    for path in SOLVED:
        nbformat.write(solved(path), folder / f"{path.stem}_solved {path.stem[:2]}.ipynb")
    return mark(folder, seconds=600)


@pytest.mark.slow
def test_an_answer_gets_the_reply_that_its_check_gives(judged):
    assert {who: judged[who].replies[0].tone for who in HONEST} == {who: tone for who, (_, tone) in HONEST.items()}
    assert "ZeroDivisionError in “my_p = 1 / 0”" in judged["error"].replies[0].message
    assert all(judged[who].note == "" for who in HONEST)


@pytest.mark.slow
@pytest.mark.parametrize("who", FORGED)
def test_a_forged_verdict_does_not_count(judged, who):
    assert judged[who].notebook == NAME
    assert judged[who].passed == 0
    assert [reply.exercise for reply in judged[who].replies] == ["best_p"]


@pytest.mark.slow
def test_it_is_told_that_a_part_of_the_course_was_replaced(judged):
    changed = ("wrong is right", "the code inside", "a method", "numpy", "builtins", "a number")
    for who in changed:
        assert "it replaces parts of the course, which were put back: " in judged[who].note, who
    assert "numpy.abs" in judged["numpy"].note
    assert "math.pi" in judged["a number"].note
    assert "numpy.pi" in judged["a number"].note
    assert "builtins.abs" in judged["builtins"].note


@pytest.mark.slow
def test_it_is_told_where_a_wrong_answer_was_read_from_a_view(judged):
    told = "the answer of best_p reads a view, which stands at its opening values here"
    every = VIEWED | VIEWED_ABOVE
    notes = {who: judged[who].note for who in every}
    assert notes == dict.fromkeys(every, "") | dict.fromkeys(WARNED, told)
    assert [judged[who].replies[0].tone for who in VIEWED] == ["wrong", "wrong", "error", "right", "wrong"]


@pytest.mark.parametrize("who", VIEWED | VIEWED_ABOVE)
def test_whether_an_answer_reads_a_view_is_seen_in_its_code(who):
    cells = VIEWED_ABOVE.get(who) or [VIEWED[who]]
    from_views: set[str] = set()
    reads = {text: reads_a_view({"source": text}, from_views) for text in cells}
    (of_the_answer,) = (read for text, read in reads.items() if CHECK in text)
    assert of_the_answer is (who in (*WARNED, "right all the same"))


# Which argument is the student's


@each("path", COURSE)
def test_the_student_gives_the_answer_and_the_course_the_rest(path):
    asked = questions.questions(path)
    stubs = [cell for cell in nbformat.read(path, as_version=4).cells if is_stub(cell)]
    assert [question.stub for question in asked] == [stub.id for stub in stubs]
    values = questions.fixed_values(asked)
    for question, stub in zip(asked, stubs, strict=True):
        assert not any("my_" in ast.unparse(one) for one in [*question.fixed.values(), *question.before])
        call = stub.source.splitlines()[-1]
        names = set(re.findall(r"\b\w+", re.sub(r"\(.*?\)=", "", call))) - {question.check}
        assert bool(values[question.check]) == any(not name.startswith("my_") for name in names), call
        assert question.left.keys() <= values[question.check].keys(), "or a notebook could ask for less"


@pytest.mark.slow
def test_an_argument_that_a_notebook_has_changed_is_the_course_s_again(judged):
    for who, (number, _, tone) in CHANGED.items():
        assert judged[who].notebook.startswith(number)
        assert [reply.tone for reply in judged[who].replies if reply.tone != "none"] == [tone], who
    assert len(judged["asked"].replies) == 4, "the course's notebook has four exercises"
    assert "put back: pgcourse.exercises.nb15_ppo.PUSHES" in judged["a table"].note


@pytest.mark.slow
@each("path", SOLVED)
def test_the_course_s_own_answers_are_right(judged, path):
    one = judged[f"solved {path.stem[:2]}"]
    assert one.note == ""
    assert one.passed == len(one.replies) == len(questions.questions(path))


@pytest.mark.slow
def test_files_that_are_no_notebooks_are_a_row_each_and_large_ones_are_marked(judged):
    assert judged["large"].passed == 1
    for who in (*BROKEN, "none"):
        assert (judged[who].notebook, judged[who].replies) == ("", [])
        words = {"another": "it is none of the course's notebooks", "none": "it has no notebooks"}
        assert judged[who].note.startswith(words.get(who, "it is no notebook (")), judged[who].note


# The command


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{0}"], r".* has no notebooks and no hand-ins, expected files \.ipynb or \.zip\. Left out, .*report\.pdf.*"),
        (["{0}/none"], r".*none cannot be read \(No such file or directory\): name a folder with notebooks\."),
        (["{0}", "99"], r"'99' names 0 notebooks, expected one of: .*"),
        ([""], r"'' is not the name of a folder, expected one such as OUT\."),
        (["{0}/empty"], r".*empty has no notebooks and no hand-ins, expected files \.ipynb or \.zip\."),
        (["{0}", "--seconds", "0"], r"--seconds is '0', expected a number from 1 to 86,400\."),
        (["{0}", "--seconds", "nan"], r"--seconds is 'nan', expected a number from 1 to 86,400\."),
        (["{0}", "--seconds", "x"], r"--seconds is 'x', expected a number from 1 to 86,400\."),
        (["{0}", "--seconds", "0", "04"], r"--seconds is '0', expected a number from 1 to 86,400\."),
        (["--into", "{0}", "{0}", "04", "--seconds", "0", "07"], r"--seconds is '0', expected .*"),
        (["{0}", "--sec", "5"], r"unrecognized arguments: --sec 5\. See .*"),
        (["--seconds", "5"], r"the following arguments are required: folder.*\. See .*"),
        (["{0}", "--into"], r"argument --into: expected one argument\. See .*"),
        (
            ["{0}/one", "--into", "{0}/report.pdf"],
            r".*report\.pdf cannot be written to \(.*\): name a folder .* --into\.",
        ),
    ],
)
def test_what_cannot_be_marked_is_a_sentence(tmp_path, capsys, arguments, said):
    (tmp_path / "report.pdf").write_text("")
    if arguments[0].endswith("empty"):
        (tmp_path / "empty").mkdir()
    if arguments[0].endswith("one"):
        (tmp_path / "one").mkdir()
        put(tmp_path / "one", "ada", CHECK)
    assert commands.main(["mark", *[word.format(tmp_path) for word in arguments]]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert re.fullmatch(said + "\n", captured.err), captured.err


@pytest.mark.slow
def test_the_command_marks_and_writes_beside_the_notebooks(tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("PGCOURSE_FROM", raising=False)
    monkeypatch.chdir(tmp_path)  # "returned" is meant from here
    (tmp_path / "returned").mkdir()
    put(tmp_path / "returned", "Ada", f"my_p = {P}\n{CHECK}")
    (tmp_path / "returned" / "letter.docx").write_text("")
    nbformat.write(book("1", pgcourse={"title": "04 x"}), tmp_path / "returned" / "Bob.ipynb")
    assert commands.main(["mark", "returned", "00"]) == 0
    said = capsys.readouterr().out
    assert re.search(rf"^{NAME} +passed +best_p\nAda +1 of 1 +right$", said, re.M)
    assert "neither notebooks nor hand-ins: letter.docx." in said
    names = {"marks.csv", "replies.csv", "marks.txt", "letter.docx", "Bob.ipynb", f"Ada_{NAME}.ipynb"}
    assert {path.name for path in (tmp_path / "returned").iterdir()} == names
    assert [row["who"] for row in rows(tmp_path / "returned" / "marks.csv")] == ["Ada"]


def test_a_course_that_cannot_be_imported_is_told_in_a_sentence(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "classroom.mark.pool", None)  # as if its import had failed
    monkeypatch.delattr("classroom.mark.pool")
    assert commands.main(["mark", str(tmp_path)]) == 2
    said = r"The course itself does not run here: try `course.py test`\. It said: ModuleNotFoundError: .*"
    assert re.fullmatch(said + "\n", capsys.readouterr().err)


def test_a_course_that_does_not_run_is_told_and_no_student_is_blamed(tmp_path, monkeypatch):
    put(tmp_path, "ada", CHECK)
    (tmp_path / "sitecustomize.py").write_text("raise SystemExit('no disk')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(CannotMark, match=r"The course itself does not run here: .* It said: .*no disk$"):
        mark(tmp_path)
