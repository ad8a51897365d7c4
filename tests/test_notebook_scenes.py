"""The scenes of every view: each shows a picture of its own, whatever was done before."""

from __future__ import annotations

import asyncio
import re

import numpy as np
import pytest
from test_notebooks import COURSE, code_cells, nbformat

import pgcourse.explorer
from pgcourse import Explorer

LONGEST_NAME = 40  # characters: a button that fits on a phone


@pytest.fixture(scope="module", params=COURSE, ids=lambda path: path.stem)
def names(request):
    """What the notebook's code cells define; run here, once, without a kernel."""
    known: dict[str, object] = {}
    for cell in code_cells(nbformat.read(request.param, as_version=4)):
        known[f"source of {cell.id}"] = cell.source
        exec(compile(cell.source, cell.id, "exec"), known)
    yield known
    for view in views(known).values():
        view.close()


def views(names):
    return {name: thing for name, thing in names.items() if isinstance(thing, Explorer)}


def shown(view):
    return view.live.frame["numbers"], tuple(view.live.frame["texts"]), tuple(view.live.size)


def test_every_view_has_a_name_and_three_to_six_scenes(names):
    made = sum(len(re.findall(r"\bExplorer\(", text)) for at, text in names.items() if at.startswith("source of"))
    assert len(views(names)) == made
    for name, view in views(names).items():
        assert 3 <= len(view._scenes) <= 6, name
        assert all(len(scene) <= LONGEST_NAME for scene in view._scenes), name
        assert view.scene == next(iter(view._scenes)), f"{name} does not open with its first scene"


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
def test_the_ascent_on_the_landscape_ends_at_the_picture_s_frame(names, monkeypatch):
    monkeypatch.setattr(pgcourse.explorer, "PLAY_INTERVAL", 0.0)
    view = names["landscape_view"]

    async def play():
        view._play.value = True
        await asyncio.wait_for(view._task, timeout=30)

    asyncio.run(play())
    theta = np.array([view.values["theta_1"], view.values["theta_2"]])
    assert theta[1] == 8
    assert -4 < theta[0] < 6
    assert view.error is None
