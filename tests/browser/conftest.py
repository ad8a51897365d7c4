"""A real JupyterLab in a real Chromium, for the tests of what a reader sees."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import chromium
import processor
import pytest
from reader import BY_THEME, PATIENCE, barriers, wait_for

from classroom.lab import Lab, start_lab

ROOT = Path(__file__).parent.parent.parent
# JupyterLab lets a wide formula scroll in a box that is no stop for Tab. Chromium makes such a box one by itself.
BY_JUPYTERLAB = ("scrollable-region-focusable",)


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a copy of the notebooks; its kernels have all that this processor has."""
    home = tmp_path_factory.mktemp("lab")
    folder = Path(shutil.copytree(ROOT / "notebooks", home / "notebooks"))
    progress = {"PGCOURSE_PROGRESS": "on"}
    with ExitStack() as stack:
        with processor.own():
            started = stack.enter_context(start_lab(folder, home / "own", seconds=PATIENCE, environment=progress))
        yield started


@pytest.fixture(scope="session", autouse=True)
def _put_away() -> Iterator[None]:
    yield
    chromium.put_away()


@pytest.fixture
def browser() -> Any:
    return chromium.kept(chromium.chromium)


class Page:
    """JupyterLab in a page of its own. One notebook is open in it at a time: what comes before is closed."""

    def __init__(self, lab: Lab, browser: Any, **context: Any) -> None:
        self.lab = lab
        self.context = browser.new_context(**context)
        self.context.set_default_timeout(1000 * PATIENCE)
        self.page = self.context.new_page()
        self.notebook: Notebook | None = None

    def open(self, path: str) -> None:
        if self.page.url == "about:blank":
            self.page.goto(f"{self.lab.address(f'lab/tree/{path}')}&reset")  # without the tabs of an earlier test
        else:
            self.page.evaluate("(path) => { window.jupyterapp.commands.execute('docmanager:open', { path }); }", path)
        shown = "window.jupyterapp?.shell.currentWidget"
        wait_for(self.page, f"(path) => {shown}?.context?.path === path && {shown}.content?.widgets?.length", path)

    def close(self) -> None:
        self.context.close()


# All cells in the page, also those that are far from the window, and painted once, as a reader sees them; returns the
# mode that was. JupyterLab, while it lays out, may not take a change of mode in: then it is told again.
WHOLE = """
const { windowingMode } = panel.content.notebookConfig;
const set = (mode) => { panel.content.notebookConfig = { ...panel.content.notebookConfig, windowingMode: mode }; };
const all = () => panel.content.widgets.every((cell) => cell.node.isConnected && cell.node.getClientRects().length);
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
const frame = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
for (;;) {
    set("none");
    for (let k = 0; k < 40 && !all(); k++) await pause();
    if (all()) {
        await frame();
        return { windowingMode };
    }
    set("full");
    await pause();
}
"""
# what a test has opened beside its notebook, too
CLOSE_ALL = """() => [...window.jupyterapp.shell.widgets("main")].map((one) => {
    const path = one.context?.path;
    one.dispose();
    return path;
}).filter(Boolean)"""
SIZE = {"width": 1280, "height": 900}  # of a window, unless a test says otherwise


@contextmanager
def _no_page() -> Iterator[list[Page]]:
    yield []


def shared() -> list[Page]:
    """The page that serves most tests, since JupyterLab takes long to come; none before the first of them."""
    return chromium.kept(_no_page)


def page_for(lab: Lab, browser: Any, prepare: Callable[[Any], None] | None, viewport: Any, **context: Any) -> Page:
    """The page that is shared, if no notebook is open there and nothing else is asked for; else one of its own."""
    own = prepare is not None or context or any(page.notebook for page in shared())
    if not own and shared():
        page = shared()[0]
        page.page.set_viewport_size(viewport)
        return page
    page = Page(lab, browser, viewport=viewport, **context)
    if prepare is not None:
        prepare(page.page)
    if not own:
        shared().append(page)
    return page


class Notebook:
    """A notebook in `lab.folder`, open in JupyterLab, with a new kernel.

    `page` is Playwright's. It is a page that has served other tests, unless `prepare(page)` is to be called before it
    goes anywhere, or something is asked of the browser beside the window's size. `errors` are what the browser's
    console has complained of so far. A notebook of the course is opened as it is delivered, whatever an earlier test
    has saved.
    """

    def __init__(
        self,
        lab: Lab,
        browser: Any,
        path: str,
        prepare: Callable[[Any], None] | None = None,
        viewport: Any = SIZE,
        **context: Any,
    ) -> None:
        self.lab, self.path = lab, path
        if (ROOT / "notebooks" / path).exists():
            shutil.copy(ROOT / "notebooks" / path, lab.folder / path)
        self._page = page_for(lab, browser, prepare, viewport, **context)
        self._page.notebook = self
        self.page = self._page.page
        self.errors: list[str] = []
        self.page.on("console", self._listen)
        self.page.on("pageerror", self._fail)
        self._page.open(path)
        self.evaluate("await panel.context.ready; await panel.sessionContext.ready")
        self._wait_for_kernel()
        self.theme("JupyterLab Light")

    def _listen(self, message: Any) -> None:
        # What JupyterLab says by itself, whatever the notebook holds: at every restart, sooner or later; and when the
        # kernel closes a widget of which this page, just reloaded, has not heard yet.
        by_itself = ("Could not restore the debugger state", "Comm not found for comm id")
        if message.type == "error" and not message.text.startswith(by_itself):
            self.errors.append(message.text)

    def _fail(self, error: Any) -> None:
        # what anywidget says on a busy machine; that the view hears of its kernel all the same, has a test of its own
        if "[anywidget] Failed to initialize model." not in str(error):
            self.errors.append(str(error))

    def evaluate(self, script: str, argument: Any = None, seconds: float = PATIENCE) -> Any:
        """The `return` of an asynchronous script, which sees `app`, `panel`, `kernel()` and its `argument`."""
        self.page.evaluate(
            f"""([argument, seconds]) => {{
                const app = window.jupyterapp, panel = app.shell.currentWidget;
                const kernel = () => panel.sessionContext.session.kernel;
                const late = new Promise((_, reject) => setTimeout(reject, 1000 * seconds, new Error(seconds + " s")));
                const asked = window.asked = {{}};
                Promise.race([(async () => {{ {script} }})(), late])
                    .then((value) => {{ asked.value = value; }}, (error) => {{ asked.error = String(error); }})
                    .finally(() => {{ asked.done = true; }});
            }}""",
            [argument, seconds],
        )
        outcome = wait_for(self.page, "() => window.asked?.done && window.asked", seconds=seconds + PATIENCE)
        assert "error" not in outcome, outcome["error"]
        return outcome.get("value")

    def command(self, name: str, **arguments: Any) -> None:
        """One of JupyterLab's commands, such as "notebook:run-all-cells"; returns when it is done."""
        self.evaluate("await app.commands.execute(...argument)", [name, arguments])

    def run_all(self) -> None:
        """Run all cells and wait for the last of them; a cell that fails is an AssertionError with its text."""
        self.evaluate("await app.commands.execute('notebook:run-all-cells')", seconds=5 * PATIENCE)
        outputs = "[...panel.content.model.cells].flatMap((cell) => cell.toJSON().outputs ?? [])"
        failed = self.evaluate(f"return {outputs}.filter(({{ output_type }}) => output_type === 'error')")
        assert not failed, "\n".join(failed[0]["traceback"])

    def run(self, code: str) -> str:
        """What `code` prints in this notebook's kernel, without a cell, once the kernel has done what came before."""
        return self.evaluate(
            """
            let printed = "";
            const future = kernel().requestExecute({ code: argument, store_history: false });
            future.onIOPub = ({ header, content }) => {
                if (header.msg_type === "stream") printed += content.text;
                if (header.msg_type === "error") printed += content.ename + ": " + content.evalue;
            };
            await future.done;
            return printed;
            """,
            code,
        )

    def reset(self) -> None:
        """Every view as it opened, seen so in the page, and no errors: for the next of several tests here."""
        # A control may hold back its newest value until the kernel has answered the value before. The first answer
        # frees it, and at the second the kernel has heard of it: no move of an earlier test comes after the reset.
        for _ in range(2):
            self.run("")
        said = self.run(
            """
import json
views = [view for view in list(globals().values()) if type(view).__name__ == "Explorer" and view.live.comm]
for view in views: view.reset()
assert not any(view.error for view in views)
print(json.dumps({view.live.name: view.live.frame["description"] for view in views}))
del views, view
            """
        )
        wait_for(
            self.page,
            """(said) => [...document.querySelectorAll(".live-figure")].every(
                (picture) => picture.querySelector("svg").ariaLabel === said[picture.ariaLabel])""",
            json.loads(said),
        )
        self.page.evaluate("document.activeElement.blur()")
        self.errors.clear()

    def barriers(self) -> list[str]:
        """What is serious for a reader who does not see or use a mouse, in what the course has written, in both themes;
        and the names of controls that do not fit.

        JupyterLab's own parts, such as its editors without a name, are left out. For the time of the look, the cells
        that are far from the window are in the page, too.
        """
        mode = self.evaluate(WHOLE)
        parts = (".jp-RenderedMarkdown", ".jp-OutputArea-output")
        found = barriers(self.page, *parts, besides=BY_JUPYTERLAB)
        self.theme("JupyterLab Dark")
        found += [f"in the dark theme: {one}" for one in barriers(self.page, *parts, only=BY_THEME)]
        self.theme("JupyterLab Light")
        cut = "(all) => all.filter((name) => name.scrollWidth > name.clientWidth).map((name) => name.textContent)"
        found += [f"the name {name!r} is cut" for name in self.page.eval_on_selector_all(".widget-label", cut)]
        self.evaluate("panel.content.notebookConfig = { ...panel.content.notebookConfig, ...argument }", mode)
        return found

    def theme(self, name: str) -> None:
        """Show JupyterLab in the theme of this name."""
        if self.page.locator(f'body[data-jp-theme-name="{name}"]').count() == 0:
            self.command("apputils:change-theme", theme=name)
            self.page.wait_for_selector(f'body[data-jp-theme-name="{name}"]', state="attached")

    def restart(self) -> None:
        """Restart the kernel and wait until it answers; nothing is run."""
        self.evaluate("await kernel().restart()")
        self._wait_for_kernel()

    def _wait_for_kernel(self) -> None:
        session = "window.jupyterapp.shell.currentWidget.sessionContext.session"
        wait_for(self.page, f"() => {session}?.kernel?.connectionStatus === 'connected'")
        self.evaluate("await kernel().requestKernelInfo()")

    def close(self) -> None:
        """Close it and shut its kernel down: the next test begins with another, and memory is freed."""
        if self._page.notebook is not self:
            return
        self._page.notebook = None
        self.page.remove_listener("console", self._listen)
        self.page.remove_listener("pageerror", self._fail)
        paths = {self.path}
        if self._page in shared():
            paths |= set(self.page.evaluate(CLOSE_ALL))
        else:
            self._page.close()
        with urlopen(self.lab.address("api/sessions")) as answer:
            sessions = json.load(answer)
        for session in sessions:
            if session["path"] in paths:
                urlopen(Request(self.lab.address(f"api/sessions/{session['id']}"), method="DELETE")).close()


@pytest.fixture(autouse=True)
def _fresh_page_after_a_failure(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever has gone wrong in the page that is shared, no later test shall suffer from it."""
    before = request.session.testsfailed
    yield
    if request.session.testsfailed > before:
        while shared():
            shared().pop().close()


@pytest.fixture
def open_notebook(lab: Lab, browser: Any) -> Iterator[Callable[..., Notebook]]:
    """open_notebook("00_start_here.ipynb", viewport=…, has_touch=…): a `Notebook`, closed after the test.

    For tests that restart, break or reload. The others share one: `ran_notebook`.
    """
    opened: list[Notebook] = []

    def open_(path: str, **context: Any) -> Notebook:
        if not opened:
            _close_ran()  # its page is then free for this one
        opened.append(Notebook(lab, browser, path, **context))
        return opened[-1]

    yield open_
    for notebook in opened:
        notebook.close()


_ran: dict[str, Notebook] = {}  # the one that the tests of this module share now, by its path


def _close_ran() -> None:
    while _ran:
        _ran.popitem()[1].close()


@pytest.fixture(scope="module", autouse=True)
def _one_module() -> Iterator[None]:
    yield
    _close_ran()


@pytest.fixture
def ran_notebook(lab: Lab, browser: Any) -> Callable[..., Notebook]:
    """ran_notebook("00_start_here.ipynb"): opened and run once for the tests of a module, and reset for each.

    Tests that ask for another notebook come after all that ask for this one. Once it has run, nothing in it may be a
    serious barrier, whichever theme.
    """

    def ran(path: str, **context: Any) -> Notebook:
        notebook = _ran.get(path)
        if notebook is None or notebook.page.is_closed():
            _close_ran()
            notebook = _ran[path] = Notebook(lab, browser, path, **context)
            notebook.run_all()
            assert not (found := notebook.barriers()), "\n".join(found)
        notebook.reset()
        return notebook

    return ran


@pytest.fixture
def notebook(request: pytest.FixtureRequest, lab: Lab, ran_notebook: Callable[..., Notebook]) -> Iterator[Notebook]:
    """The notebook that a module bears the number of: for test_nb06_deterministic.py it is 06_….ipynb.

    At the end of each test, the browser's console must not have complained.
    """
    number = request.path.stem.removeprefix("test_nb")[:2]
    (found,) = lab.folder.glob(f"{number}_*.ipynb")
    ran = ran_notebook(found.name)
    yield ran
    assert ran.errors == []
