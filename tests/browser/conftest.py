"""A real JupyterLab in a real Chromium, for the tests of what a reader sees.

Where there is no Chromium these tests skip, with the reason; in CI a missing browser is an error.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import Request, urlopen

import pytest
from reader import PATIENCE

ROOT = Path(__file__).parent.parent.parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]
CHROMIUM_FLAGS += ["--disable-component-update", "--disable-sync"]


class Lab(NamedTuple):
    """A running JupyterLab: where it answers, and the folder whose notebooks it serves."""

    url: str
    folder: Path


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a copy of the notebooks, with settings of its own, on loopback."""
    home = tmp_path_factory.mktemp("lab")
    folder = Path(shutil.copytree(ROOT / "notebooks", home / "notebooks"))
    own = {
        name: str(home / name.lower())
        for name in (
            "JUPYTER_RUNTIME_DIR",
            "JUPYTER_CONFIG_DIR",
            "JUPYTERLAB_SETTINGS_DIR",
            "JUPYTERLAB_WORKSPACES_DIR",
        )
    }
    options = ["--no-browser", "--ServerApp.ip=127.0.0.1", "--ServerApp.port=0", "--ServerApp.root_dir=."]
    options += ["--IdentityProvider.token=", "--allow-root", "--LabApp.collaborative=False"]
    options += ["--ServerApp.disable_check_xsrf=True"]  # the tests shut kernels down by themselves
    options += [f"--LabApp.app_settings_dir={ROOT / 'binder'}"]
    options += [
        "--LabApp.expose_app_in_browser=True"
    ]  # window.jupyterapp: run, restart and change the theme by command
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options],
            cwd=home,
            env={**os.environ, **own, "PGCOURSE_PROGRESS": "on"},
            stdout=log,
            stderr=log,
        )
    try:
        found: list[Path] = []
        for _ in range(10 * PATIENCE):
            if found := [x for x in Path(own["JUPYTER_RUNTIME_DIR"]).glob("jpserver-*.json") if "}" in x.read_text()]:
                break  # the file is there, and written to its end
            assert server.poll() is None, (home / "log").read_text()
            time.sleep(0.1)
        assert found, f"JupyterLab did not start in {PATIENCE} s:\n{(home / 'log').read_text()}"
        yield Lab(json.loads(found[0].read_text())["url"], folder)
    finally:
        server.terminate()
        server.wait(PATIENCE)


# One browser a module, not a session: while Playwright's synchronous interface is open, asyncio.run is refused in this
# thread, and other modules' tests need it.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium as it is installed; Playwright downloads none."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on the PATH, and CI may not skip what a reader sees")
        pytest.skip("no Chromium or Chrome on the PATH")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=1000 * PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


class Notebook:
    """A notebook in `lab.folder`, open in JupyterLab in a page of its own, with a new kernel.

    `page` is Playwright's, and `prepare(page)` is called before it goes anywhere. `errors` are what the browser's
    console has complained of so far. A notebook of the course is opened as it is delivered, whatever an earlier test
    has saved.
    """

    def __init__(
        self, lab: Lab, browser: Any, path: str, prepare: Callable[[Any], None] = lambda page: None, **context: Any
    ) -> None:
        self.lab, self.path = lab, path
        if (ROOT / "notebooks" / path).exists():
            shutil.copy(ROOT / "notebooks" / path, lab.folder / path)
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | context)
        self.context.set_default_timeout(1000 * PATIENCE)
        self.page = self.context.new_page()
        self.errors: list[str] = []
        self.page.on("console", self._listen)
        self.page.on("pageerror", self._fail)
        prepare(self.page)
        self.page.goto(f"{lab.url}lab/tree/{lab.folder.name}/{path}?reset")  # without the tabs of an earlier test
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.evaluate("await panel.context.ready; await panel.sessionContext.ready")
        self._wait_for_kernel()

    def _listen(self, message: Any) -> None:
        # what JupyterLab says, sooner or later, at every restart, whatever the notebook holds
        if message.type == "error" and not message.text.startswith("Could not restore the debugger state"):
            self.errors.append(message.text)

    def _fail(self, error: Any) -> None:
        # what anywidget says on a busy machine; that the view hears of its kernel all the same, has a test of its own
        if "[anywidget] Failed to initialize model." not in str(error):
            self.errors.append(str(error))

    def evaluate(self, script: str, argument: Any = None, seconds: float = PATIENCE) -> Any:
        """The `return` of an asynchronous script, which sees `app`, `panel`, `kernel()` and its `argument`."""
        return self.page.evaluate(
            f"""([argument, seconds]) => {{
                const app = window.jupyterapp, panel = app.shell.currentWidget;
                const kernel = () => panel.sessionContext.session.kernel;
                const late = new Promise((_, reject) => setTimeout(reject, 1000 * seconds, new Error(seconds + " s")));
                return Promise.race([(async () => {{ {script} }})(), late]);
            }}""",
            [argument, seconds],
        )

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
        self.page.wait_for_function(
            """(said) => [...document.querySelectorAll(".live-figure")].every(
                (picture) => picture.querySelector("svg").ariaLabel === said[picture.ariaLabel])""",
            arg=json.loads(said),
        )
        self.page.evaluate("document.activeElement.blur()")
        self.errors.clear()

    def restart(self) -> None:
        """Restart the kernel and wait until it answers; nothing is run."""
        self.evaluate("await kernel().restart()")
        self._wait_for_kernel()

    def _wait_for_kernel(self) -> None:
        session = "window.jupyterapp.shell.currentWidget.sessionContext.session"
        self.page.wait_for_function(f"{session}?.kernel?.connectionStatus === 'connected'")
        self.evaluate("await kernel().requestKernelInfo()")

    def close(self) -> None:
        """Close the page, then shut its kernel down: the next test begins with another, and memory is freed."""
        self.context.close()
        with urlopen(f"{self.lab.url}api/sessions") as answer:
            sessions = json.load(answer)
        for session in sessions:
            if session["path"] == f"{self.lab.folder.name}/{self.path}":
                urlopen(Request(f"{self.lab.url}api/sessions/{session['id']}", method="DELETE")).close()


@pytest.fixture
def open_notebook(lab: Lab, browser: Any) -> Iterator[Callable[..., Notebook]]:
    """open_notebook("00_start_here.ipynb", viewport=…, has_touch=…): a `Notebook`, closed after the test.

    For tests that restart, break or reload. The others share one: `ran_notebook`.
    """
    opened: list[Notebook] = []

    def open_(path: str, **context: Any) -> Notebook:
        opened.append(Notebook(lab, browser, path, **context))
        return opened[-1]

    yield open_
    for notebook in opened:
        notebook.close()


@pytest.fixture(scope="module")
def _ran(lab: Lab, browser: Any) -> Iterator[dict[str, Notebook]]:
    ran: dict[str, Notebook] = {}
    yield ran
    for notebook in ran.values():
        notebook.close()


@pytest.fixture
def ran_notebook(lab: Lab, browser: Any, _ran: dict[str, Notebook]) -> Callable[..., Notebook]:
    """ran_notebook("00_start_here.ipynb"): opened and run once for the tests of a module, and reset for each."""

    def ran(path: str, **context: Any) -> Notebook:
        if path not in _ran:
            _ran[path] = Notebook(lab, browser, path, **context)
            _ran[path].run_all()
        _ran[path].reset()
        return _ran[path]

    return ran


@pytest.fixture
def notebook(request: pytest.FixtureRequest, lab: Lab, ran_notebook: Callable[..., Notebook]) -> Notebook:
    """The notebook that a module bears the number of: for test_nb06_deterministic.py it is 06_….ipynb."""
    number = request.path.stem.removeprefix("test_nb")[:2]
    (found,) = lab.folder.glob(f"{number}_*.ipynb")
    return ran_notebook(found.name)
