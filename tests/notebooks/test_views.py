"""The scenes of every view: each shows a picture of its own, whatever was done before."""

from __future__ import annotations

import asyncio
import re

import nbformat
import numpy as np
import pytest
from ipywidgets import Button, ToggleButton
from stored_notebooks import COURSE, code_cells

import pgcourse.live.running
from pgcourse import Explorer

LONGEST_NAME = 40  # characters: a button that fits on a phone


@pytest.fixture(scope="module", params=COURSE, ids=lambda path: path.stem)
def names(request):
    """What the notebook's code cells define; run here, once, without a kernel."""
    known: dict[str, object] = {}
    for cell in code_cells(nbformat.read(request.param, as_version=4)):
        known[f"source of {cell.id}"] = cell.source
        exec(compile(cell.source, cell.id, "exec"), known)
    known["opened with"] = {name: view.scene for name, view in views(known).items()}  # whatever test comes first
    yield known
    for view in views(known).values():
        view.close()


def views(names):
    return {name: thing for name, thing in names.items() if isinstance(thing, Explorer)}


def buttons(view):
    """Those for steps and runs, if any, stand in the last box of the controls' row."""
    box = view.widget.children[0].children[-1:]
    return (
        [button for button in getattr(box[0], "children", ()) if isinstance(button, Button | ToggleButton)]
        if box
        else []
    )


def shown(view):
    return view.live.frame["numbers"], tuple(view.live.frame["texts"]), tuple(view.live.size)


def put(view, handle, x, y):
    """As the browser says that a reader has put a handle's point to (x, y)."""
    axes = handle.line.axes
    (left, right), (bottom, top) = limits = axes.get_xlim(), axes.get_ylim()
    k = view._picture.handles.index(handle)
    wish = [k, (x - left) / (right - left), (y - bottom) / (top - bottom), [*limits[0], *limits[1]]]
    view.live.drag = {"view": "test", "seq": view.live.drag.get("seq", 0) + 1, "wishes": [wish]}


def test_every_view_has_a_name_and_three_to_six_scenes(names):
    made = sum(len(re.findall(r"\bExplorer\(", text)) for at, text in names.items() if at.startswith("source of"))
    assert len(views(names)) == made
    for name, view in views(names).items():
        assert 3 <= len(view._scenes) <= 6, name
        assert all(len(scene) <= LONGEST_NAME for scene in view._scenes), name
        assert names["opened with"][name] == next(iter(view._scenes)), f"{name} does not open with its first scene"


def test_every_scene_shows_a_picture_of_its_own_and_the_same_one_again(names):
    for name, view in views(names).items():
        pictures = {}
        for scene in view._scenes:
            view.scene = scene  # an error in `compute` is raised here
            assert view.scene == scene
            pictures[scene] = shown(view)
        assert len(set(pictures.values())) == len(pictures), f"{name}: two scenes look the same"
        for scene in list(pictures)[::-1]:
            view.scene = scene
            assert shown(view) == pictures[scene], f"{name}: {scene} depends on what was shown before"


def test_a_view_s_cell_run_again_has_the_same_scenes(names):
    """Whatever the reader has done to its controls, which may stand in another cell."""
    for name, view in views(names).items():
        pictures = {}
        for scene in view._scenes:
            view.scene = scene
            pictures[scene] = shown(view)
        cell = next(
            text for at, text in names.items() if at.startswith("source of") and f"\n{name} = Explorer(" in text
        )
        known = dict(names)
        exec(compile(cell, name, "exec"), known)
        again = known[name]
        try:
            for scene in view._scenes:
                again.scene = scene
                assert shown(again) == pictures[scene], f"{name}: {scene}"
        finally:
            again.close()


def test_every_button_of_every_view_works_in_every_scene(names, monkeypatch):
    """One step, ten steps, play, run, stop, run on, and reset, which leads back to the beginning."""
    monkeypatch.setattr(pgcourse.live.running, "PLAY_INTERVAL", 0.0)
    monkeypatch.setattr(pgcourse.live.running, "DRAW_EVERY", 0.0)

    async def a_while():
        for _ in range(5):
            await asyncio.sleep(0)

    async def press_all(view):
        for button in [button for button in buttons(view) if button.description != "reset"]:
            if isinstance(button, ToggleButton):
                for pressed in (True, False) * 2:
                    button.value = pressed
                    await a_while()
            else:
                button.click()
            assert view.error is None, f"{button.description} in {view.scene}"

    for name, view in views(names).items():
        for scene in view._scenes if buttons(view) else ():
            view.scene = scene
            try:
                asyncio.run(press_all(view))
            except Exception as error:
                pytest.fail(f"{name}: {error!r} in {scene}")
            next(button for button in buttons(view) if button.description == "reset").click()
            assert view.scene == next(iter(view._scenes)), f"{name}: reset does not lead back from {scene}"


def test_every_cell_runs_again_by_itself_after_all_the_others(names):
    """As after "Run all", when a reader goes back: no later cell has taken a name that an earlier one needs."""
    failed = {}
    for at in [name for name in names if name.startswith("source of ")]:
        known = dict(names)
        try:
            exec(compile(names[at], at, "exec"), known)
        except Exception as error:
            failed[at.removeprefix("source of ")] = error
        for name, view in views(known).items():
            if view is not names.get(name):
                view.close()
    assert not failed


@pytest.mark.parametrize("names", [COURSE[1]], indirect=True, ids=["01_policies_and_J"])
def test_bars_that_are_no_policy_are_refused_in_words_and_another_state_can_be_chosen(names):
    view = names["direct_view"]
    view.scene = next(iter(view._scenes))
    state, left, *_ = view._picture.handles
    before = shown(view)
    put(view, left, 0.0, 0.8)
    assert "theta[s=14] is (0.8, 0.25, 0.25), expected probabilities ≥ 0 with a sum ≤ 1" in view.live.error
    assert shown(view) == before
    put(view, state, 1.0, 3.0)  # a click on the neighbour
    assert not view.live.error
    put(view, left, 0.0, 0.3)
    assert view.numbers["state"] == 13
    assert view.values["theta"][13].tolist() == [0.3, 0.25, 0.25]
    assert view.values["theta"][14].tolist() == [0.25, 0.25, 0.25]


@pytest.mark.parametrize("names", [COURSE[1]], indirect=True, ids=["01_policies_and_J"])
def test_the_ascent_on_the_landscape_ends_at_the_picture_s_frame(names, monkeypatch):
    monkeypatch.setattr(pgcourse.live.running, "PLAY_INTERVAL", 0.0)
    view = names["landscape_view"]

    async def play():
        view._player.button.value = True
        await asyncio.wait_for(view._player.task, timeout=30)

    asyncio.run(play())
    theta = np.array([view.values["theta_1"], view.values["theta_2"]])
    assert theta[1] == 8
    assert -4 < theta[0] < 6
    assert view.error is None
