"""Notebooks are stored clean, in small cells, with folded solutions. That they run is nbval's part."""

from __future__ import annotations

import ast
import re
from itertools import pairwise

import nbformat
import pytest
from stored_notebooks import COURSE, NOTEBOOKS, code_cells

TAUGHT = COURSE[1:]  # which end with a folded plan for instructors
MOST_VISIBLE, MEDIAN_VISIBLE = 150, 3  # lines of code that are not folded: of a notebook, of a cell
LONG_SENTENCE, MOST_LONG_SENTENCES = 30, 3  # words; formulas and code left out
LONGEST_CELL = 15  # lines, imports apart
NOT_SHOWN = ("## The notebooks", "## If you present this in class", "## The fifteen at a glance")  # but read
LONGEST_SLIDE = 18  # lines of text, of a slide's width each: what 1280 × 720 pixels hold
SLIDE_WIDTH = 110  # characters
LONGEST_LINE = 102  # characters: what a laptop shows beside the file browser without scrolling


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def test_there_are_notebooks():
    assert [path.stem for path in NOTEBOOKS][:2] == ["00_start_here", "01_policies_and_J"]


def test_a_notebook_is_stored_clean(notebook):
    nbformat.validate(notebook)
    assert set(notebook.metadata) <= {"kernelspec", "language_info", "pgcourse"}, "widget state or other left-overs"
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.language_info == {"name": "python"}, "the reader's own Python version"
    for cell in code_cells(notebook):
        assert not cell.outputs, f"cell {cell.id} has stored outputs; see CONTRIBUTING.md"
        assert cell.execution_count is None, f"cell {cell.id} has an execution count; see CONTRIBUTING.md"
        assert set(cell.metadata) <= {"tags", "jupyter", "slideshow"}, f"cell {cell.id}: {cell.metadata}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_stored_as_jupyter_writes_it(path):
    """Otherwise clearing its outputs would change hundreds of lines."""
    written = nbformat.writes(nbformat.read(path, as_version=nbformat.NO_CONVERT))
    assert path.read_text(encoding="utf-8") == written.rstrip("\n") + "\n"


def test_cells_have_names_not_numbers(notebook):
    """Stable, speaking ids: a difference between versions names the place."""
    for cell in notebook.cells:
        assert re.fullmatch(r"[a-z][a-zA-Z0-9]*(-[a-zA-Z0-9]+)*", cell.id), cell.id


def test_code_cells_are_short_and_fit_on_the_screen(notebook):
    for cell in code_cells(notebook):
        lines = cell.source.splitlines()
        assert len(lines) <= LONGEST_CELL + 5 * (cell.id == "imports"), f"{cell.id} has {len(lines)} lines"
        assert max(map(len, lines)) <= LONGEST_LINE, f"{cell.id}: {max(lines, key=len)}"


def test_imports_stand_in_one_cell(notebook):
    for cell in code_cells(notebook):
        imports = [node for node in ast.parse(cell.source).body if isinstance(node, ast.Import | ast.ImportFrom)]
        if cell.id != "imports" and "exercise" not in cell.metadata.get("tags", []):
            assert not imports, f"{cell.id} imports"


def test_no_callbacks_no_pyplot_and_no_output_widget(notebook):
    for cell in code_cells(notebook):
        assert not re.search(r"pyplot|plt\.|\.observe\(|\.on_click\(|Output\(|interact", cell.source), cell.id


def exercises(notebook):
    """The four cells of each exercise: box, stub, answer, and the solution that the tests run."""
    ids = [cell.id for cell in notebook.cells]
    starts = [at for at, name in enumerate(ids) if f"{name}-check" in ids]
    return [notebook.cells[at : at + 4] for at in starts]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_has_exercises_unless_it_is_a_page(path):
    assert bool(exercises(nbformat.read(path, as_version=4))) != (path not in COURSE)


def test_each_exercise_is_a_box_a_stub_an_answer_and_a_folded_solution_in_this_order(notebook):
    for box, stub, answer, solution in exercises(notebook):
        name = box.id
        assert [stub.id, answer.id, solution.id] == [f"{name}-answer", f"{name}-solution", f"{name}-check"]
        assert "alert-warning" in box.source
        assert "**Exercise.**" in box.source
        assert "..." in stub.source, f"{stub.id} must be stored unanswered"
        assert stub.source.splitlines()[-1].startswith("check_")
        assert re.match(r"<details (?!open)[^>]*>\n<summary><b>Answer</b>", answer.source)
        assert solution.metadata["jupyter"]["source_hidden"], f"{solution.id} is open"
        assert solution.source.startswith("# "), f"{solution.id}: JupyterLab shows the first line of a folded cell"
        called = re.match(r"check_\w+", stub.source.splitlines()[-1])[0]
        assert f"assert {called}(" in solution.source, f"{solution.id} does not run {called}"


def test_nothing_looks_like_an_exercise_without_being_one(notebook):
    cells = exercises(notebook)
    boxes, stubs, answers, solutions = ([four[k].id for four in cells] for k in range(4))
    assert [cell.id for cell in notebook.cells if "alert-warning" in cell.source] == boxes
    assert [cell.id for cell in notebook.cells if "<summary><b>Answer</b>" in cell.source] == answers
    assert [cell.id for cell in tagged(notebook, "exercise")] == [
        id for pair in zip(boxes, stubs, strict=True) for id in pair
    ]
    assert [cell.id for cell in tagged(notebook, "raises-exception")] == stubs
    assert [cell.id for cell in tagged(notebook, "solution")] == solutions


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_taught_notebook_ends_with_a_folded_plan_for_instructors_out_of_the_slides(path):
    cells = nbformat.read(path, as_version=4).cells
    plans = [cell for cell in cells if cell.id == "teaching"]
    assert len(plans) == (path in TAUGHT)
    for plan in plans:
        assert plan is cells[-1]
        assert plan.metadata["slideshow"]["slide_type"] == "notes"
        assert re.match(r"<details (?!open)[^>]*>\n<summary><b>Teaching this</b>", plan.source)
        assert "Ask" in plan.source


def test_a_box_that_a_text_names_is_there(notebook):
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    boxes = re.findall(r"<summary><b>(More: [^<]+?)[.?]?</b>", text)
    for named in re.findall(r"\*(More: [^*]+?)[.?]?\*", text):
        assert named in boxes


def test_a_folded_cell_says_in_its_first_line_what_it_is(notebook):
    """JupyterLab shows this line and nothing else of it."""
    for cell in code_cells(notebook):
        if cell.metadata.get("jupyter", {}).get("source_hidden"):
            assert re.match(r"# [^ ].{2,}", cell.source), cell.id


def test_what_stays_visible_of_the_code_is_short(notebook):
    cells = code_cells(notebook)
    lines = [len(x.source.splitlines()) for x in cells if not x.metadata.get("jupyter", {}).get("source_hidden")]
    assert sum(lines) <= MOST_VISIBLE
    assert sorted(lines)[len(lines) // 2] <= MEDIAN_VISIBLE


def sentences(text):
    """The sentences of a Markdown text, each as its words; what stands in a table's cell is apart."""
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    text = re.sub(r"\$\$.*?\$\$", " X. ", text, flags=re.S)
    text = re.sub(r"\$[^$]*\$|`[^`]*`", "X", text)
    text = re.sub(r"^\|.*$", lambda row: row[0].replace("|", "\n\n"), text, flags=re.M)
    text = re.sub(r"<[^>]*>", " ", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text))
    for paragraph in re.split(r"\n\s*\n|\n- |\n\d+\. ", text):
        for sentence in re.split(r"(?<=[.!?])[\s)*\"”]+(?=\S)", paragraph):
            yield [word for word in sentence.split() if re.search(r"\w", word)]


def test_sentences_are_told_apart():
    text = "**One** two $a.b$ three. (Four `f(x). y` five.) Six:\n- seven\n\n"
    text += "| a | table $|x|$ |\n|---|---|\n\n$$x. y$$\n[eight nine](a.b)!"
    assert [len(words) for words in sentences(text) if len(words) > 0] == [4, 3, 1, 1, 1, 2, 1, 2]


def test_few_sentences_are_long(notebook):
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    long = [" ".join(words) for text in texts for words in sentences(text) if len(words) > LONG_SENTENCE]
    assert len(long) <= MOST_LONG_SENTENCES, long


def test_boxes_are_legible_in_both_themes(notebook):
    """JupyterLab's own boxes are not: orange on orange. Each box brings its two colours."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and 'class="alert' in cell.source:
            assert re.search(r'style="color: #\w{6}; background-color: #\w{6}', cell.source), cell.id


def test_no_cell_is_empty(notebook):
    assert all(cell.source.strip() for cell in notebook.cells)


@pytest.mark.parametrize("path", [path for path in NOTEBOOKS if path.stem != "progress"], ids=lambda path: path.stem)
def test_claims_are_followed_by_asserts(path):
    cells = code_cells(nbformat.read(path, as_version=4))
    assert sum("assert " in cell.source for cell in cells) >= 2


def test_the_chapter_is_credited_and_the_map_leads_to_every_notebook(notebook):
    text = "\n".join(cell.source for cell in notebook.cells)
    assert "Emmanuel Rachelson" in text
    assert "CC BY-NC-SA 4.0" in text
    for target in re.findall(r"\]\(([^)#:]+\.ipynb)\)", text):
        assert (NOTEBOOKS[0].parent / target).exists(), target


def test_a_link_into_another_notebook_names_a_cell_of_it(notebook):
    """`#cell-id=…` is found at the first click; a heading's anchor is not there before the page is rendered."""
    text = "\n".join(cell.source for cell in notebook.cells)
    for target, fragment in re.findall(r"\]\(([^)#:]+\.ipynb)#([^)]*)\)", text):
        ids = [cell.id for cell in nbformat.read(NOTEBOOKS[0].parent / target, as_version=4).cells]
        assert fragment.removeprefix("cell-id=") in ids, f"{target}#{fragment}"


def test_the_map_names_every_notebook():
    start = "\n".join(cell.source for cell in nbformat.read(NOTEBOOKS[0], as_version=4).cells)
    readme = (NOTEBOOKS[0].parent.parent / "README.md").read_text(encoding="utf-8")
    for path in NOTEBOOKS[1:]:
        assert f"]({path.name})" in start
        assert f"](notebooks/{path.name})" in readme


@pytest.mark.parametrize(("path", "following"), [*pairwise(TAUGHT)], ids=lambda path: path.stem)
def test_the_end_of_a_notebook_leads_to_the_next(path, following):
    *_, text = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.id == "licence"]
    assert f"]({following.name})" in text


# Slides: the screens of `python course.py present`


def slide_type(cell):
    return cell.metadata.get("slideshow", {}).get("slide_type")


def is_view(cell):
    return cell.cell_type == "code" and re.search(r"^(\w+ = )?Explorer\(", cell.source, re.M)


def text_lines(cell):
    """How many lines of a slide a cell's text takes. Of code only what it shows is on the slides."""
    if cell.cell_type == "code":
        return 0
    if "<summary>" in cell.source:
        return 1  # folded
    lines = [line for line in cell.source.split("\n") if line and not re.fullmatch(r"</?div.*|\|[-:| ]+", line)]
    return sum(-(-len(line) // SLIDE_WIDTH) for line in lines)


def slides(notebook):
    """The cells of each slide, in their order; what is skipped or only for the speaker is on none."""
    found = []
    for cell in notebook.cells:
        if slide_type(cell) in ("slide", "subslide"):
            found.append([])
        if slide_type(cell) not in ("skip", "notes"):
            found[-1].append(cell)
    return found


def test_every_cell_has_its_place_in_the_slides(notebook):
    assert slide_type(notebook.cells[0]) == "slide"
    for cell in notebook.cells:
        assert slide_type(cell) in ("slide", "subslide", "fragment", "skip", "notes", "-"), cell.id


def test_a_heading_begins_a_slide(notebook):
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        assert "\n## " not in cell.source, f"{cell.id}: split it, a heading in the middle can begin no slide"
        if cell.source.startswith("## ") and cell.source.splitlines()[0] not in NOT_SHOWN:
            assert slide_type(cell) == "slide", cell.id
        if cell.source.startswith("### "):
            assert slide_type(cell) in ("slide", "subslide"), cell.id


def test_what_only_the_tests_need_is_on_no_slide(notebook):
    for cell in code_cells(notebook):
        claims = any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(cell.source)))
        if claims or cell.id == "imports" or "solution" in cell.metadata.get("tags", []):
            assert slide_type(cell) == "skip", cell.id


def test_an_answer_is_uncovered_only_when_it_is_asked_for(notebook):
    for cell in notebook.cells:
        if "<summary>" in cell.source:
            assert slide_type(cell) in ("fragment", "notes", "skip"), cell.id


def test_a_view_has_a_slide_to_itself(notebook):
    shown = {cells[0].id: cells for cells in slides(notebook)}
    for cell in filter(is_view, notebook.cells):
        assert slide_type(cell) in ("slide", "subslide"), cell.id
        assert sum(map(text_lines, shown[cell.id])) <= 2, f"{cell.id}: the text after it begins a slide of its own"


def test_no_slide_is_empty_and_none_is_too_long(notebook):
    for cells in slides(notebook):
        assert is_view(cells[0]) or cells[0].cell_type == "markdown" or "page" in cells[0].id, f"{cells[0].id}: no text"
        lines = sum(map(text_lines, cells))
        assert lines <= LONGEST_SLIDE, f"the slide that begins with {cells[0].id} has {lines} lines"
