"""A student answers, sees the page, takes it along, begins anew and undoes that, in a real JupyterLab."""

from __future__ import annotations

import csv
import json

import pytest
from playwright.sync_api import expect
from reader import wait_for


@pytest.fixture
def folder(lab):
    """The folder of the notebooks, without anybody's progress before and after."""

    def clean():
        for path in [*lab.folder.glob("*progress*.json"), lab.folder / "progress-test.ipynb"]:
            path.unlink(missing_ok=True)

    clean()
    yield lab.folder
    clean()


def answer(notebook, cell, code):
    """Write `code` into the cell, run it as a reader does, and wait for its reply."""
    notebook.evaluate(
        """
        const [id, code] = argument, cells = panel.content.widgets;
        const at = cells.findIndex((cell) => cell.model.id === id);
        panel.content.activeCellIndex = at;
        cells[at].model.sharedModel.setSource(code);
        await panel.content.scrollToItem(at, "center");
        await app.commands.execute("notebook:run-cell");
        """,
        [cell, code],
    )


def test_a_progress_is_kept_shown_taken_along_reset_and_brought_back(open_notebook, folder):
    # "Run all" runs the course's own answers, and marks nothing
    start = open_notebook("00_start_here.ipynb")
    start.run_all()
    assert not (folder / "progress.json").exists()
    answer(start, "exercise-best-p-answer", "check_best_p(0.9)")
    answer(start, "exercise-best-p-answer", "check_best_p(0.586)")
    start.run("")
    known = json.loads((folder / "progress.json").read_text(encoding="utf-8"))["exercises"]
    assert known["best_p"]["attempts"] == 2
    assert known["best_p"]["passed"] is not None
    assert start.errors == []
    start.close()

    page = open_notebook("progress.ipynb")
    page.run_all()
    table = page.page.locator(".jp-OutputArea-output", has_text="exercises passed")
    expect(table).to_contain_text("1 of ")
    expect(table.locator("tr", has_text="fastest")).to_contain_text("✔ passed")
    expect(table.locator("tr", has_text="Four letters")).to_contain_text("○ open")

    # three links that download
    for kind in ("json", "csv", "md"):
        with page.page.expect_download() as download:
            page.page.locator(f'a[download$=".{kind}"]').click()
        saved = folder / f"saved-progress.{kind}"
        download.value.save_as(saved)
        text = saved.read_text(encoding="utf-8")
        saved.unlink()
        assert download.value.suggested_filename.startswith("pgcourse-progress-")
        if kind == "json":
            assert json.loads(text)["exercises"] == known
            (folder / "my-progress.json").write_text(text, encoding="utf-8")
        elif kind == "csv":
            assert next(csv.DictReader(text.splitlines()))["state"] == "passed"
        else:
            assert "✔\u00a0passed" in text

    # begin anew, only when it is meant; then bring it back
    answer(page, "reset-answer", 'reset("yes")')
    expect(page.page.locator(".jp-OutputArea-output", has_text="open again")).to_be_visible()
    assert not (folder / "progress.json").exists()
    answer(page, "restore-answer", 'restore("my-progress.json")')
    expect(page.page.locator(".jp-OutputArea-output", has_text="brought in")).to_be_visible()
    assert json.loads((folder / "progress.json").read_text(encoding="utf-8"))["exercises"] == known

    # a link leads to the exercise
    answer(page, "page", "page()")
    page.page.locator("tr", has_text="Four letters").locator("a").click()
    wait_for(page.page, "() => window.jupyterapp.shell.currentWidget.title.label.startsWith('02_reminders')")
    box = page.page.locator(".jp-Notebook:visible .jp-mod-selected", has_text="What allows each step?")
    expect(box).to_be_attached()
    assert page.errors == []
