"""`course.py present` in a real Chromium: a remote's keys, the second window, a kernel that dies in class.

Two small notebooks have everything that a screen may hold. The sizes are tried with notebook 00.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from parabola import PARABOLA
from reader import PATIENCE, barriers, wait_for
from small_course import VIEW, cell, write_notebook

from classroom.lab import Lab, start_lab

ROOT = Path(__file__).parent.parent.parent
START = """
import sys
from pathlib import Path
from classroom.present.start import start
start(sys.argv[2].split(), sys.argv[3:], Path(sys.argv[1]))
"""
ANSWER = "<details><summary>{}</summary>\n\n{}\n\n</details>"


def slide(source: str, name: str, slide_type: str, text: bool = True, **metadata: Any) -> Any:
    return cell(source, name, text=text, slideshow={"slide_type": slide_type}, **metadata)


def code(source: str, name: str, slide_type: str, **metadata: Any) -> Any:
    return slide(source, name, slide_type, text=False, **metadata)


def write_talk(folder: Path) -> None:
    hidden = {"jupyter": {"source_hidden": True}}
    write_notebook(
        folder,
        "01_first",
        slide("# A talk", "title", "slide"),
        code(PARABOLA, "imports", "skip", **hidden),
        slide("## An idea\n\nIts text.", "idea", "slide"),
        code("1000 + 23", "idea-code", "-", **hidden),
        slide(f"A second thought, $${'+'.join(24 * 'x')}$$", "thought", "fragment"),
        code(VIEW, "picture", "subslide", **hidden),
        slide(ANSWER.format("What was to be seen", "It moves."), "picture-seen", "fragment"),
        slide("**Exercise.** Put a number.", "exercise", "subslide"),
        code("my_number = ...\nprint('no reply yet')", "stub", "fragment", tags=["exercise", "raises-exception"]),
        slide(ANSWER.format("Answer", "Forty-two."), "solution", "fragment"),
        slide(ANSWER.format("Teaching this", "Ask before scene 2: $p^2$?"), "teaching", "notes"),
    )
    write_notebook(
        folder,
        "02_second",
        slide("# Another talk", "title", "slide"),
        code(PARABOLA, "imports", "skip", **hidden),
        code("unheard_of + 1", "broken", "skip", **hidden),
        slide("## After the failure\n\nThe rest goes on.", "idea", "slide"),
        code("1 / 0", "zero", "fragment"),
        code(VIEW, "picture", "subslide", **hidden),
        slide("The last screen.", "end", "subslide"),
    )


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    home = tmp_path_factory.mktemp("talk")
    folder = home / "notebooks"
    folder.mkdir()
    write_talk(folder)
    command = ["-c", START, str(folder), "01 02"]
    with start_lab(ROOT, home / "own", seconds=PATIENCE, command=command) as lab:
        yield lab._replace(folder=folder)


# the cells on the screen
ON = """[...document.querySelectorAll(".pg-on:not(.pg-later)")].filter((node) => node.getClientRects().length)"""


class Talk:
    """The page that the audience sees."""

    def __init__(self, lab: Lab, browser: Any, first: str, size: tuple[int, int]) -> None:
        self.context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        self.context.set_default_timeout(1000 * PATIENCE)
        self.page = self.context.new_page()
        self.elsewhere: list[str] = []
        self.page.on("request", self._note)
        self.page.goto(lab.address(f"doc/tree/notebooks/{first}.ipynb"))
        self.ready()

    def _note(self, request: Any) -> None:
        if not re.match(r"(https?|wss?)://(127\.0\.0\.1|localhost)[:/]|data:|blob:", request.url):
            self.elsewhere.append(request.url)

    def ready(self) -> None:
        """Wait until all notebooks have been run."""
        self.page.wait_for_selector(".pg-count:not(:empty)")
        wait_for(self.page, "() => !/running|stopped/.test(document.querySelector('.pg-news').textContent)")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def seen(self) -> str:
        """The words on the screen."""
        return self.page.evaluate(f"() => {ON}.map((node) => node.innerText).join('\\n')")

    def shows(self, *words: str, without: tuple[str, ...] = ()) -> None:
        """Wait until these words are on the screen; others are not."""
        there = f"words.every((one) => {ON}.some((node) => node.innerText.includes(one)))"
        try:
            wait_for(self.page, f"(words) => {there}", list(words))
        except AssertionError as error:
            raise AssertionError(f"{words} is not on screen {self.count()}, which shows:\n{self.seen()}") from error
        seen = self.seen()
        assert not [one for one in without if one in seen]

    def scene(self, k: int) -> None:
        """Wait until the view on the screen shows scene k."""
        self.page.wait_for_selector(f'.pg-on .scene-buttons button:nth-of-type({k + 1})[aria-pressed="true"]')

    def says(self, words: str) -> None:
        """Wait until the picture on the screen says so, to a screen reader."""
        self.page.wait_for_selector(f'.pg-on .live-figure svg[aria-label="{words}"]')

    def barriers(self) -> list[str]:
        """What is serious, on the screen, for a reader who does not see or use a mouse."""
        on = (".pg-on .jp-RenderedMarkdown", ".pg-on .jp-OutputArea-output")
        return barriers(self.page, *on, ".pg-count", ".pg-news")

    def count(self) -> str:
        return self.page.inner_text(".pg-count")


@pytest.fixture
def open_talk(talk: Lab, browser: Any) -> Iterator[Callable[..., Talk]]:
    opened: list[Talk] = []

    def open_(size: tuple[int, int] = (1280, 800)) -> Talk:
        opened.append(Talk(talk, browser, "01_first", size))
        return opened[-1]

    yield open_
    for one in opened:
        one.context.close()


def test_a_remote_s_two_keys_go_through_both_notebooks_and_back(open_talk: Callable[..., Talk], talk: Lab) -> None:
    files = {path.name: path.read_bytes() for path in talk.folder.iterdir()}
    show = open_talk()
    show.shows("A talk")
    show.press("PageDown")
    show.shows("Its text.", "1023", without=("A second thought", "1000 + 23", "A talk"))
    show.press("PageDown")
    show.shows("Its text.", "A second thought")
    formula = show.page.locator(".pg-on mjx-math").last.bounding_box()
    assert formula["width"] > 600, "at its usual size it would be wider than the window"
    assert formula["x"] + formula["width"] <= 1280
    assert show.barriers() == []
    show.press("PageDown")
    show.scene(0)
    assert "A second thought" not in show.seen()
    for light in ("true", "false"):
        show.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")
        assert show.barriers() == []
        show.press("d")
    show.press("PageDown", "PageDown")
    show.scene(2)
    show.says("x is 2.50")
    heard = show.page.locator('.pg-heard[role="status"]', has_text=re.compile(r"screen \d of 4: .*scene 3 of 3: far"))
    heard.wait_for(state="attached")
    assert "It moves." not in show.seen()
    show.press("PageDown")
    show.shows("It moves.", "far")
    show.press("PageDown")
    show.shows("Put a number.", without=("my_number", "Forty-two"))
    show.press("PageDown")
    show.shows("my_number = ...", "no reply yet", without=("Forty-two",))
    show.press("PageDown")
    show.shows("Forty-two.")

    # the next notebook, whose failed cell is named; the rest of it has been run
    show.press("PageDown")
    show.shows("Another talk", without=("Forty-two",))
    show.page.wait_for_selector(".pg-news:has-text('the cell \"broken\" failed, it said NameError')")
    show.press("PageDown", "PageDown")
    show.shows("The rest goes on.", without=("Traceback",))
    note = show.page.locator(".pg-on").last.evaluate("(node) => getComputedStyle(node, '::after').content")
    assert note.replace("\\", "") == '"The cell "zero" failed. It said ZeroDivisionError: division by zero"'
    show.press("PageDown")
    show.scene(0)
    show.press("PageDown")
    show.says("x is -2.00")

    # and all the way back, where each screen is as it was left
    show.press("PageUp", "PageUp")
    show.shows("The rest goes on.")
    show.press("PageUp", "PageUp", "PageUp")
    show.shows("Forty-two.", "Put a number.")
    show.press("PageUp", "PageUp", "PageUp")
    show.shows("It moves.")
    show.press("PageUp")
    show.scene(2)
    assert "It moves." not in show.seen()
    show.press("PageUp", "PageUp", "PageUp")
    show.shows("A second thought")
    assert show.count() == "2 / 4"
    assert show.elsewhere == [], "it asks nothing of a network"
    assert files == {path.name: path.read_bytes() for path in talk.folder.iterdir()}


CELLS = "() => JSON.stringify(jupyterapp.shell.currentWidget.content.model.toJSON().cells.map(({ source }) => source))"


def test_other_keys_change_nothing_and_the_view_stays_alive(open_talk: Callable[..., Talk]) -> None:
    show = open_talk()
    before = show.page.evaluate(CELLS)

    # keys that JupyterLab knows, on a text and in an exercise's code
    show.press("x", "d", "d", "m", "y", "Delete", "Shift+Enter", "Control+Enter", "Control+s", "Escape")
    show.press("n", "n", "n", "PageDown")
    show.shows("my_number")
    show.page.locator(".pg-on.jp-CodeCell .cm-line").first.click()
    show.page.keyboard.type("xyz")
    show.press("Delete", "Backspace", "Shift+Enter")
    show.page.locator(".pg-on .jp-MarkdownOutput").first.dblclick()
    assert show.page.evaluate(CELLS) == before
    assert not show.page.locator(".pg-on .jp-MarkdownCell .cm-editor").count(), "no text is opened for writing"
    show.press("a")
    show.shows("Forty-two.")
    show.press("a")
    assert "Forty-two." not in show.seen()

    # black, and the first key brings the light back
    count = show.count()
    black = show.page.locator(".pg-black")
    show.press("b")
    black.wait_for()
    show.press("PageDown")
    black.wait_for(state="hidden")
    assert show.count() == count
    assert "Forty-two." not in show.seen()

    # a slider has its own keys, also beside those of the remote
    show.press("p")
    show.scene(0)
    slider = show.page.locator(".pg-on .noUi-handle").first
    slider.focus()
    slider.press("ArrowRight")
    show.says("x is 0.10")
    slider.press("PageDown")
    show.scene(1)
    show.says("x is -2.00")
    show.press("3")
    show.says("x is 2.50")
    show.press("PageDown")
    show.shows("It moves.")
    point = show.page.get_by_role("slider", name="x", exact=True).last
    point.focus()
    point.press("ArrowLeft")
    show.says("x is 2.40")

    # in the dark the next key is any key, also one of the view's; and a key that is held acts once
    show.press("b")
    black.wait_for()
    show.press("ArrowLeft")
    black.wait_for(state="hidden")
    show.says("x is 2.40")
    for _ in range(4):
        show.page.keyboard.down("b")
    show.page.keyboard.up("b")
    black.wait_for()
    show.press("Escape")
    black.wait_for(state="hidden")


def test_the_second_window_has_the_clock_the_notes_and_the_keys(open_talk: Callable[..., Talk]) -> None:
    show = open_talk()
    with show.context.expect_page() as opening:
        show.press("t")
    second = opening.value
    second.wait_for_selector("text=Ask before scene 2")
    assert second.locator(".notes mjx-math").count(), "mathematics, as the audience has it"
    assert re.match(r"\d\d:\d\d$", second.inner_text(".clock b"))
    assert second.inner_text(".now") == "Now: A talk"
    assert second.inner_text(".next") == "Next: An idea"
    second.keyboard.press("PageDown")
    show.shows("Its text.")
    second.wait_for_selector("text=Now: An idea")
    second.keyboard.press("PageDown")
    second.keyboard.press("PageDown")
    show.scene(0)
    second.wait_for_selector("text=Next: scene 2, to the left")
    second.wait_for_selector("text=/lecture \\d+:\\d[1-9]/")
    for _ in range(7):
        second.keyboard.press("PageDown")
    show.shows("Another talk")
    second.wait_for_selector("text=This notebook has no notes.")
    assert 'the cell "broken" failed' in second.inner_text(".fault")

    second.evaluate("location.reload()")
    second.wait_for_selector("body:empty", state="attached")
    show.press("PageUp")
    second.wait_for_selector("text=Now: ")
    second.keyboard.press("PageDown")
    show.shows("Another talk")


WATCH = """() => {
    window.gaps = 0;
    window.said = "";
    const news = document.querySelector(".pg-news"), note = () => { said += news.textContent; };
    new MutationObserver(note).observe(news, { childList: true, characterData: true, subtree: true });
    const look = () => {
        const pictures = [...document.querySelectorAll(".pg-on .live-figure svg, .pg-still")];
        if (!pictures.some((node) => node.getClientRects().length)) gaps += 1;
        requestAnimationFrame(look);
    };
    look();
}"""
KILL = """() => {
    const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
    kernel.requestExecute({ code: "import os, signal; os.kill(os.getpid(), signal.SIGKILL)" }).done.catch(() => {});
}"""


def test_a_kernel_that_dies_is_run_again_and_the_audience_keeps_its_picture(open_talk: Callable[..., Talk]) -> None:
    show = open_talk()
    show.press("n", "n", "PageDown")
    show.scene(1)
    show.says("x is -2.00")
    count = show.count()
    show.page.evaluate(WATCH)
    show.page.evaluate(KILL)
    wait_for(show.page, "said.includes('running again')")
    show.ready()
    assert "The kernel has stopped. It starts again by itself." in show.page.evaluate("said")
    assert show.count() == count
    show.scene(1)
    show.says("x is -2.00")
    assert show.page.evaluate("gaps") == 0, "a picture was there in each frame"
    assert not show.page.locator(".pg-still, .jp-Dialog").count()

    # live, and by this kernel
    show.page.locator(".pg-on .noUi-handle").first.press("ArrowRight")
    show.says("x is -1.90")
    said = show.page.evaluate(
        """async () => {
            const { kernel } = jupyterapp.shell.currentWidget.sessionContext.session;
            let said = "";
            const future = kernel.requestExecute({ code: "print(explorer.values['x'], len(computed) > 0)" });
            future.onIOPub = ({ content }) => { said += content.text ?? ""; };
            await future.done;
            return said;
        }"""
    )
    assert said.strip() == "-1.9 True"

    # a page that is loaded again goes on where it was
    show.press("PageDown")
    show.scene(2)
    show.page.reload()
    show.ready()
    assert show.count() == count
    show.scene(2)
    show.says("x is 2.50")


def test_a_cell_that_kills_the_kernel_twice_is_named_and_left_out(tmp_path: Path, browser: Any) -> None:
    write_notebook(
        tmp_path,
        "01_fatal",
        slide("# A talk", "title", "slide"),
        code("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "fatal", "skip"),
        code("print('it goes', 'on')", "after", "subslide"),
    )
    command = ["-c", START, str(tmp_path), "01"]
    with start_lab(ROOT, tmp_path / "own", seconds=PATIENCE, command=command) as lab:
        show = Talk(lab, browser, "01_fatal", (1280, 800))
        said = 'the cell "fatal" failed, it said nothing: the kernel died there, twice'
        show.page.locator(".pg-news", has_text=said).wait_for()
        show.press("PageDown")
        show.shows("it goes on")
        show.context.close()


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    command = ["-m", "classroom", "present", "00"]
    with start_lab(ROOT, tmp_path_factory.mktemp("course"), seconds=PATIENCE, command=command) as lab:
        yield lab


# pixels below the foot's line and beyond the window, the scene buttons' letters, and the picture's share of the window
FITS = """() => {
    const box = (node) => node.getBoundingClientRect(), one = (name) => document.querySelector(name);
    const boxes = [...document.querySelectorAll(".pg-on")].map(box).filter(({ height }) => height);
    const button = one(".pg-on .scene-buttons button"), picture = one(".pg-on .live-figure svg");
    return {
        below: Math.max(...boxes.map(({ bottom }) => bottom)) - box(one(".pg-foot")).top,
        beyond: Math.max(...boxes.map(({ right }) => right)) - innerWidth,
        letters: button && parseFloat(getComputedStyle(button).fontSize) * (box(button).height / button.offsetHeight),
        share: picture && Math.max(box(picture).width / innerWidth, box(picture).height / innerHeight),
    };
}"""


@pytest.mark.parametrize(("size", "letters"), [((1920, 1080), 18), ((1024, 768), 15)])
def test_every_screen_of_a_notebook_fits_and_its_picture_is_large(
    course: Lab, browser: Any, size: tuple[int, int], letters: int
) -> None:
    show = Talk(course, browser, "00_start_here", size)
    seen, pictures = [], 0
    while (place := show.page.evaluate("sessionStorage['pgcourse-present']")) not in seen:
        seen.append(place)
        found = show.page.evaluate(FITS)
        assert found["below"] <= 1, (place, found)
        assert found["beyond"] <= 1, (place, found)
        if found["share"] and json.loads(place)["place"]["group"] == 0:
            pictures += 1
            assert found["share"] > 0.7, (place, found)
            assert found["letters"] >= letters, (place, found)
        show.press("PageDown")
    assert pictures >= 3, "scenes of the one view"
    screen, screens = show.count().split(" / ")
    assert screen == screens, "that was the last"
    show.context.close()
