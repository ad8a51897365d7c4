"""The scenes of every view: each shows a picture of its own, whatever was done before; and moves in its page."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import numpy as np
import pytest
from chromium import chromium
from ipywidgets import Button, ToggleButton
from pages import move_all
from stored_notebooks import COURSE, code_cells
from unchanged import read_by, would_do_the_same

import pgcourse.live.running
from classroom.published import published
from classroom.site import build
from classroom.site.run import quiet_shell, run
from pgcourse import Explorer
from pgcourse.algorithms import ppo
from pgcourse.live.ranges import nearest, places_of, reach

LONGEST_NAME = 40  # characters: a button that fits on a phone


@pytest.fixture(scope="module")
def learned_once():
    """PPO's runs, kept: the same seed and policy are the same run, and a button pressed again need not train again.

    Whoever asks for more than was kept begins anew, for the environment has gone on since.
    """
    kept, train = {}, ppo.train

    def run(env, settings=None, seed=0, policy=None):
        at = env, settings, seed, policy and (type(policy), policy.theta.tobytes())
        learners = kept.get(at, ())
        yield from learners
        for learner in islice(train(env, settings, seed, policy), len(learners), None):
            learners = kept[at] = (*learners, learner)
            yield learner

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ppo, "train", run)
        yield kept


class Ran(NamedTuple):
    """A notebook's run, without a kernel, whose pictures have been recorded for its page."""

    path: Path
    names: dict[str, Any]  # what its code cells define, and their sources
    lines: list[dict[str, Any]]  # what they showed, as classroom/site/run.py has it
    changed: list[str]  # the cells that would not do the same again, by what they read


@pytest.fixture(scope="module", params=COURSE, ids=lambda path: path.stem)
def ran(request, learned_once):
    cells = code_cells(nbformat.read(request.param, as_version=4))
    lines: list[dict[str, Any]] = []
    before: list[dict[str, Any]] = []
    shell = quiet_shell()
    shell.events.register("pre_run_cell", lambda info: before.append(read_by(info.raw_cell, shell.user_ns)))
    known = run(request.param, lines.append, share=0)  # the fewest values of each control: all kinds of frames
    assert [f"{line['cell']}: {line['error']}" for line in lines if line.get("error")] == []
    pairs = zip(cells, before, strict=True)
    changed = [cell.id for cell, was in pairs if not would_do_the_same(was, cell.source, shell.user_ns)]
    for cell in cells:
        known[f"source of {cell.id}"] = cell.source
    known["opened with"] = {name: view.scene for name, view in views(known).items()}  # whatever test comes first
    yield Ran(request.param, known, lines, changed)
    for view in views(known).values():
        view.close()
    learned_once.clear()


@pytest.fixture
def names(ran):
    return ran.names


@pytest.fixture(scope="module")
def in_browser():
    """Call a function with a browser: in a thread of its own, where Playwright's loop is in no view's way."""
    with ThreadPoolExecutor(1) as thread:
        opened = chromium()
        browser = thread.submit(opened.__enter__).result()
        yield lambda function, *arguments: thread.submit(function, browser, *arguments).result()
        thread.submit(opened.__exit__, None, None, None).result()


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


@pytest.mark.browser
def test_every_view_moves_in_its_page(ran, in_browser, tmp_path):
    """As `python course.py site` makes it; how it runs the notebook in a process is tested in tests/classroom."""
    everything = build.sources()
    (source,) = [one for one in everything if one.path == ran.path]
    page = build.made(source, everything, ran.lines, published())
    assert [*page.faults, *build.oversize(page)] == []
    build.write(tmp_path / source.page, page.text)
    if views(ran.names):  # a page without one has no script
        in_browser(move_all, tmp_path / source.page, "$" in ran.path.read_text(encoding="utf-8"))


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


def test_what_a_view_makes_ahead_is_what_it_draws_when_it_is_asked(names):
    """In all scenes, one step of each control from the first, and a stop of each point with two parameters."""

    def looks(frame, artists):
        return [frame["looks"].get(str(k), look) for k, look in enumerate(artists)]

    for name, view in views(names).items():
        first = next(iter(view.scenes.values()))
        ranges, _ = reach(view)
        wanted = list(view.scenes.values())
        for control, values in ranges.items():
            beside = nearest(values, first[control])
            wanted.append({**first, control: values[beside - 1 if beside else min(1, len(values) - 1)]})
        for grid in filter(None, (places_of(handle, first) for handle in view.handles)):
            wanted.append({**first, **dict(zip(grid.names, grid.stops[len(grid.stops) // 3], strict=True))})
        for values in wanted:
            view.values = first
            before = shown(view)
            try:
                frame, scenery = view.glimpse(values)
            except Exception as refused:
                with pytest.raises(type(refused)):
                    view.values = values
                continue
            assert shown(view) == before, name
            ahead = [frame[part] for part in ("numbers", "counts", "texts", "at", "description")]
            known = scenery or {"artists": view.live.artists, "background": view.live.background}
            view.values = values
            live = view.live
            asked = [live.frame[part] for part in ("numbers", "counts", "texts", "at", "description")]
            assert repr(ahead) == repr(asked), f"{name}: {values}"
            assert looks(frame, known["artists"]) == looks(live.frame, live.artists), f"{name}: {values}"
            assert known["background"] == live.background, f"{name}: {values}"


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


def test_every_cell_runs_again_by_itself_after_all_the_others(ran):
    """As after "Run all", when a reader goes back: no later cell has taken a name that an earlier one needs.

    A cell that reads all as it was would do the same again; one that makes a view runs again in the test above.
    """
    failed = {}
    for id in ran.changed:
        known, source = dict(ran.names), ran.names[f"source of {id}"]
        if "Explorer(" in source:
            continue
        try:
            exec(compile(source, id, "exec"), known)
        except Exception as error:
            failed[id] = error
    assert not failed


@pytest.mark.parametrize(
    ("cell", "later", "same"),
    [
        ("y = x + 1", "z = x", True),
        ("y = x + 1", "x = 2", False),
        ("y = f(2)", "x = 2", False),  # f adds x
        ("y = f(2)", "def f(a): return a", False),
        ("x = x + 1", "", False),
        ("y = sum(row)", "row.append(3)", False),
        ("y = sum(row)", "row = [1, 2]", True),
        ("y = table[0]", "table[0] = 5", False),
        ("y = rng.random()", "", False),
        ("y = default_rng(1).random()", "x = 2", True),
        ("y = next(steps)", "", False),
        ("y = max(row)", "max = min", False),  # of the builtins
        ("new = 1", "new = 2", True),
        ("x = 5\ny = x", "x = 6", True),  # defined before it is read
        ("x = 5\ny = f(2)", "x = 6", False),  # f could read it
        ("if y: x = 5\nz = x", "x = 6", False),  # not in any case
        ("y = [deep(k) for k in row]", "x = 3", False),  # through f
        ("y = by.keywords", "by = partial(f, a=1)", True),
        ("y = by.keywords", "by = partial(f, a=2)", False),
        ("y = pair.sign", "x = 2", True),
        ("y = pair.sign", "pair = pair._replace(sign=2)", False),
        ("y = Plain().of(2)", "z = 2", True),
        ("y = Plain().of(2)", "x = 2", False),  # of the base, through f
        ("y = Plain().of(2)", "Plain.of = max", False),
        ("y = Own(1)", "", False),  # a dataclass of the notebook's own is not looked into
    ],
)
def test_a_cell_would_do_the_same_if_nothing_that_it_reads_has_changed(cell, later, same):
    start = """
from dataclasses import dataclass
from functools import partial
import numpy as np
from numpy.random import default_rng
class Base:
    def of(self, a): return f(a)
class Plain(Base):
    def of(self, a): return super().of(a)
pair = np.linalg.slogdet(np.eye(2))
@dataclass
class Own:
    value: int
x, y, row, table, rng, steps = 1, 0, [1, 2], np.zeros(2), np.random.default_rng(0), iter([1, 2])
def f(a): return a + x
def deep(a): return f(a) if a < 3 else deep(a - 1)
by = partial(f, a=1)
"""
    known: dict[str, Any] = {"__name__": "__main__"}
    exec(start, known)
    before = read_by(cell, known)
    assert would_do_the_same(before, cell, known) == ("steps" not in cell and "Own" not in cell)
    exec(cell, known)
    exec(later, known)
    assert would_do_the_same(before, cell, known) == same


@pytest.mark.parametrize("ran", [COURSE[1]], indirect=True, ids=["01_policies_and_J"])
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


@pytest.mark.parametrize("ran", [COURSE[1]], indirect=True, ids=["01_policies_and_J"])
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
