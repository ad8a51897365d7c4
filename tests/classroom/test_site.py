"""`python course.py site`: a page a notebook, which needs no kernel and no network. What fails is named."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
import tempfile
from base64 import b64decode
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from parabola import PARABOLA
from small_course import SCENES, cell, view, write_course, write_notebook
from stored_notebooks import NOTEBOOKS

from classroom.folders import CannotWrite
from classroom.listing import ROOT
from classroom.published import Published
from classroom.site import CannotBuild, build, page, run
from pgcourse.live.recording import record_view

slow = pytest.mark.slow


# The pages


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], str]:
    """The site of a small course whose second notebook fails in two cells: its folder, its faults, what was printed."""
    home = tmp_path_factory.mktemp("course")
    random = (
        PARABOLA + "def compute(x, square, scale):\n    return {'x': np.random.normal(), 'y': 1.0, 'square': square}\n"
    )
    write_course(
        home,
        cell("[][1]", "wrong"),
        cell(random + "view(scenes={'one': {}})", "random"),
        cell(PARABOLA, "again"),
        cell("view(run=lambda x: iter([]))", "no-scenes"),
    )
    faults = build.build(home / "site", notebooks=home)
    return home / "site", faults, "".join(faults)


@slow
def test_each_notebook_has_a_page_and_the_index_leads_to_all(built):
    folder, _, _ = built
    assert sorted(path.name for path in folder.iterdir()) == [
        "01_first.html",
        "02_second.html",
        "LICENSE.txt",
        "index.html",
    ]
    index = (folder / "index.html").read_text(encoding="utf-8")
    assert re.findall(r'<a href="([^"]+)"><b>', index) == ["01_first.html", "02_second.html"]
    assert "You will be able to: move it. 5 minutes." in index


@slow
def test_a_page_has_text_formulas_and_folded_code_and_no_answer_to_what_nobody_asked(built):
    first = (built[0] / "01_first.html").read_text(encoding="utf-8")
    assert '<details class="code"><summary>What it uses</summary>' in first
    assert "<msup><mi>p</mi><mn>2</mn></msup>" in first
    assert "printed" in first
    assert '<pre class="output">[1, 2]</pre>' in first
    for hidden in ("no reply</pre>", "the solution", "Say this"):
        assert hidden not in first


@slow
def test_links_lead_within_the_site_or_are_none(built):
    first = (built[0] / "01_first.html").read_text(encoding="utf-8")
    assert 'href="02_second.html#view"' in first
    assert 'id="view"' in (built[0] / "02_second.html").read_text(encoding="utf-8")
    assert 'href="#A-sum"' in first
    assert 'id="A-sum"' in first
    assert "and progress." in first
    pages = {path.name for path in built[0].iterdir()}
    for path in built[0].glob("*.html"):
        for href in re.findall(r'<a [^>]*href="([^"]+)"', path.read_text(encoding="utf-8")):
            assert "://" in href or href.startswith("#") or href.split("#")[0] in pages


def test_a_page_written_alone_leads_to_no_page_that_is_not_there(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "ran", lambda _: ([], []))
    write_course(tmp_path)
    write_notebook(tmp_path, "03_third", cell("# Third\n\nSee [the first](01_first.ipynb).", "title", text=True))
    build.build(tmp_path / "site", ("01", "03"), notebooks=tmp_path)
    pages = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "site").iterdir()}
    assert "as in the next." in pages["01_first.html"]
    assert '<a href="01_first.html">the first</a>' in pages["03_third.html"]
    assert '<a href="03_third.html">03 third →</a>' in pages["01_first.html"]
    for text in pages.values():
        for href in re.findall(r'<a [^>]*href="([^"]+)"', text):
            assert "://" in href or href.startswith("#") or href.split("#")[0] in pages, href


@slow
def test_a_page_asks_nothing_of_a_network(built):
    for path in built[0].glob("*.html"):
        text = path.read_text(encoding="utf-8")
        asked = re.findall(r'(?:\bsrc=|<link[^>]*href=|url\(|@import\s*)["\']?([^"\')>\s]+)', text)
        assert asked
        assert not [address for address in asked if not address.startswith(("data:", "#"))]


@slow
def test_a_cell_that_fails_is_named_with_what_it_said_and_the_rest_goes_on(built):
    folder, faults, _ = built
    assert "02_second.ipynb: cell wrong: IndexError: list index out of range" in faults
    second = (folder / "02_second.html").read_text(encoding="utf-8")
    assert "This cell failed: <code>IndexError: list index out of range</code>" in second
    assert '<pre class="output">4</pre>' in second
    assert second.count('class="view widget-vbox"') == 1


@slow
def test_a_view_that_cannot_be_recorded_is_a_still_picture_and_named(built):
    folder, faults, _ = built
    assert any(
        "cell random: the view 'a parabola' cannot be recorded: scene 'one' looks otherwise" in f for f in faults
    )
    assert any(
        "cell no-scenes: the view 'a parabola' cannot be recorded: it has a run and no scenes" in f for f in faults
    )
    assert len(faults) == 3
    second = (folder / "02_second.html").read_text(encoding="utf-8")
    stills = re.findall(r'<img class="still"[^>]*base64,([^"]+)" alt="([^"]+)">', second)
    assert len(stills) == 2
    for png, alt in stills:
        assert b64decode(png).startswith(b"\x89PNG")
        assert re.fullmatch(r"x is -?\d\.\d\d", alt)


def test_values_that_are_no_numbers_are_refused_by_the_view_s_name():
    names: dict[str, Any] = {}
    exec(PARABOLA.replace('"scale": 1}', '"scale": {1, 2}}'), names)
    line = run.recorded(names["view"](), 1.0)
    assert "recording" not in line
    assert "the view 'a parabola' cannot be recorded: scale: {1, 2} cannot be a key" in line["reason"]


def test_a_store_over_its_size_is_a_still_picture(monkeypatch):
    monkeypatch.setattr(run, "record_view", partial(record_view, most_bytes=100))
    line = run.recorded(view(), 1.0)
    assert re.search(
        r"'a parabola' cannot be recorded: its pictures take [\d,]+ bytes, expected at most 200", line["reason"]
    )
    assert line["alt"] == "x is 0.00"


def test_a_view_that_costs_much_has_fewer_pictures_and_all_its_scenes():
    dear, cheap = (run.recorded(view(), seconds)["recording"] for seconds in (0.0, 60.0))
    assert len(dear["frames"]) < len(cheap["frames"])
    assert [scene["name"] for scene in dear["scenes"]] == [scene["name"] for scene in cheap["scenes"]]
    for scene in dear["scenes"]:
        assert "|".join(scene["parts"]) in dear["frames"]


def test_a_page_that_is_too_large_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "MOST_MEGABYTES", 0.001)
    monkeypatch.setattr(build, "ran", lambda path: ([], []))
    write_notebook(tmp_path, "01_large", cell("1", "one"))
    (fault, said) = build.build(tmp_path / "site", notebooks=tmp_path)
    assert fault == f"01_large.ipynb: cell one: {page.MISSING}"
    assert re.fullmatch(r"01_large\.ipynb: its page has 0\.\d MB, expected at most 0\.001", said)


@slow
def test_a_notebook_whose_process_ends_keeps_what_was_done(tmp_path):
    write_notebook(
        tmp_path,
        "01_ends",
        cell("'before'", "before"),
        cell(PARABOLA + f"view(scenes={SCENES})", "view"),
        cell("import os\nos._exit(3)", "ends"),
        cell("'after'", "after"),
    )
    write_notebook(tmp_path, "02_well", cell("'well'", "well"))
    faults = build.build(tmp_path / "site", notebooks=tmp_path)
    assert faults[0].startswith("01_ends.ipynb: its process ended with code 3")
    assert faults[1:] == [
        f"01_ends.ipynb: cell view: {page.LOST}",
        f"01_ends.ipynb: cell ends: {page.MISSING}",
        f"01_ends.ipynb: cell after: {page.MISSING}",
    ]
    text = (tmp_path / "site" / "01_ends.html").read_text(encoding="utf-8")
    assert "&#x27;before&#x27;" in text
    assert page.LOST in text
    assert "&#x27;well&#x27;" in (tmp_path / "site" / "02_well.html").read_text(encoding="utf-8")


def test_of_many_faults_the_first_are_told_and_the_others_counted():
    assert build.shortened(["a"] * 5) == ["a"] * 5
    faults = build.shortened([str(k) for k in range(9)])
    assert faults == ["0", "1", "2", "3", "and 5 faults more, shown in its page"]


@slow
def test_a_cell_is_run_as_in_a_notebook(tmp_path):
    path = write_notebook(
        tmp_path,
        "01_cells",
        cell("import os\nwhere = os.getcwd()", "here"),
        cell("from IPython.display import HTML, display\ndisplay(HTML('<b>bold</b>'))\nwhere", "two"),
        cell("1 +", "half"),
        cell("where;", "silent"),
    )
    (here, two, half, silent), ended = build.ran(path)
    assert ended == []
    assert here == {"cell": "here", "outputs": [], "error": None}
    assert two["outputs"][0]["text/html"] == "<b>bold</b>"
    assert two["outputs"][1]["text/plain"] == repr(str(tmp_path))
    assert half["error"].startswith("SyntaxError")
    assert silent["outputs"] == []


# The folder


def test_a_folder_that_is_not_empty_is_left_as_it_is(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CannotWrite, match=r"is not empty, mine\.txt is in it: name a new folder, or delete this one"):
        build.build(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_written_to_is_said_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(build, "ran", lambda path: pytest.fail("a notebook ran"))
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotWrite, match=r"file.site cannot be written to \(.+\): name a folder of your own"):
        build.build(tmp_path / "file" / "site")


def test_a_folder_without_permission_is_refused_in_a_sentence(tmp_path, monkeypatch):
    def refuse(dir):
        raise PermissionError(errno.EACCES, "Permission denied", str(dir))

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)  # the superuser may write everywhere
    with pytest.raises(CannotWrite, match="Permission denied"):
        build.build(tmp_path / "site")


def test_a_disk_that_refuses_a_page_is_named_and_the_pages_before_stay(tmp_path):
    build.write(tmp_path / "one.html", "whole")
    (tmp_path / "two.html").mkdir()
    with pytest.raises(CannotBuild, match=r"two\.html cannot be written \(.+\)\. The pages before it are complete"):
        build.write(tmp_path / "two.html", "text")
    assert (tmp_path / "one.html").read_text() == "whole"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["OUT", "99"], "'99' names 0 notebooks, expected"), (["OUT", "progress"], "progress.ipynb has no page")],
    ids=["no-notebook", "no-page"],
)
def test_a_mistake_is_one_sentence_and_writes_nothing(tmp_path, arguments, said):
    out = tmp_path / "site"
    words = [str(out) if word == "OUT" else word for word in arguments]
    ran = subprocess.run([sys.executable, "-m", "classroom", "site", *words], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 2
    assert said in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1
    assert not out.exists()


# Where it is published


def test_the_owner_s_name_stands_in_one_place():
    """In pyproject.toml; the README's lines are made from it."""
    where = build.published()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert where.site in readme
    assert where.binder() in readme
    for path in [*(ROOT / "classroom").rglob("*.py"), *NOTEBOOKS, ROOT / "course.py", ROOT / "CONTRIBUTING.md"]:
        assert where.owner not in path.read_text(encoding="utf-8") or path.name == "published.py"


def test_a_page_leads_to_binder_once_the_repository_is_public(tmp_path):
    path = write_notebook(tmp_path, "01_first", cell("# First", "title", text=True))
    everything = build.sources(tmp_path)
    hidden = build.made(everything[0], everything, [], Published("<owner>", "<repository>")).text
    public = build.made(everything[0], everything, [], Published("someone", "course")).text
    assert "mybinder" not in hidden
    address = "https://mybinder.org/v2/gh/someone/course/main?urlpath=lab/tree/notebooks/01_first.ipynb"
    assert f'<a href="{address}"><code>{path.name}</code></a>' in public


def test_a_view_with_steps_says_what_it_can_do_in_its_notebook_alone():
    more = run.recorded(view(), 1.0)["more"]
    button = "In the notebook this view has a button “one step”, too."
    assert more == f"{button} Here are its scenes and its sliders."
    names: dict[str, Any] = {}
    exec(PARABOLA, names)
    assert run.recorded(names["view"](), 1.0)["more"] == f"{button} Here are its sliders."
