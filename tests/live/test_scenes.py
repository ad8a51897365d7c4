"""A view's scenes: absolute, named, and heard while it plays."""

from __future__ import annotations

import asyncio
from threading import Event, Thread
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from counted_view import Counted, Parabola, buttons, count, count_up, double, until
from ipywidgets import Dropdown, FloatSlider

from pgcourse.live.controls import equal
from pgcourse.live.explorer import Explorer
from pgcourse.policy import Policy


@pytest.fixture
def staged() -> SimpleNamespace:
    """A view with three scenes, one of them the picture it opens with."""
    picture, compute = Parabola(), Counted()
    controls = {"x": FloatSlider(1.0, min=-4, max=4), "kind": Dropdown(options=["a", "b"]), "trail": []}
    scenes = {"the beginning": {}, "far left": {"x": -3.25}, "b, with a trail": {"kind": "b", "trail": [1, 2]}}
    explorer = Explorer(controls, compute, picture, step=double, scenes=scenes)
    return SimpleNamespace(picture=picture, compute=compute, explorer=explorer, buttons=explorer.widget.children[-1])


def press(staged: SimpleNamespace, k: int) -> None:
    """What the browser sends when scene k is chosen."""
    staged.buttons.set_state({"choice": [k, staged.buttons.choice[1] + 1]})


def test_a_scene_is_absolute_one_computation_and_one_drawing(staged: SimpleNamespace) -> None:
    explorer = staged.explorer
    assert (staged.compute.calls, staged.picture.draws) == (1, 1)
    explorer.values = {"x": 2.0, "kind": "b", "trail": [5]}
    assert count(staged, lambda: press(staged, 1)) == (1, 1)
    assert explorer.values == {"x": -3.25, "kind": "a", "trail": []}
    assert count(staged, lambda: setattr(explorer, "scene", "b, with a trail")) == (1, 1)
    assert explorer.values == {"x": 1.0, "kind": "b", "trail": [1, 2]}
    fresh = Explorer({"x": 1.0}, Counted(), Parabola())
    assert explorer.live.frame["numbers"] == fresh.live.frame["numbers"]


def test_the_scene_is_named_while_the_values_are_its_own(staged: SimpleNamespace) -> None:
    explorer, buttons = staged.explorer, staged.buttons
    assert (explorer.scene, buttons.present) == ("the beginning", 0)
    assert buttons.names == ["the beginning", "far left", "b, with a trail"]
    press(staged, 1)
    assert (explorer.scene, buttons.present) == ("far left", 1)
    assert buttons.heard == buttons.choice == [1, 1], "by which the browser knows which press is answered"
    explorer._controls["x"].value = 2.0
    assert (explorer.scene, buttons.present) == (None, None)
    press(staged, 1)
    assert (explorer.scene, buttons.present) == ("far left", 1), "pressed again, it is there again"


def test_a_view_opens_with_a_scene_and_reset_goes_back_to_it() -> None:
    scenes = {"one": {"x": 1.0}, "two": {"x": 2.5}}
    explorer = Explorer({"x": FloatSlider(0)}, compute := Counted(), Parabola(), double, scenes=scenes, scene="two")
    assert (explorer.scene, explorer.numbers["x"], compute.calls) == ("two", 2.5, 1)
    explorer.scene = "one"
    buttons(explorer)["reset"].click()
    assert explorer.scene == "two"


@pytest.mark.parametrize(
    ("scenes", "error"),
    [
        ({"odd": {"y": 1}}, "scene 'odd': 'y' is not a control of this view, expected one of x, kind"),
        ({"odd": {"x": 7}}, "scene 'odd': x is 7, but its control makes 4.0 of it"),
        ({"odd": {"kind": "c"}}, "scene 'odd': Invalid selection"),
        ({"odd": {"x": "two"}}, "scene 'odd': x is 'two', expected a number"),
        ({"good": {"x": 2}, "odd": {"x": 2.0, "kind": "a"}}, "scene 'odd' is the same as 'good'"),
    ],
)
def test_a_scene_that_cannot_be_is_refused_at_construction(scenes: dict[str, Any], error: str) -> None:
    controls = {"x": FloatSlider(1.0, max=4), "kind": Dropdown(options=["a", "b"])}
    with pytest.raises(ValueError, match=error):
        Explorer(controls, compute := Counted(), Parabola(), scenes=scenes)
    assert compute.calls == 0
    assert (controls["x"].value, controls["kind"].value) == (1.0, "a")


@pytest.mark.parametrize("note", [float("nan"), [np.zeros(2), np.zeros(3)]], ids=["NaN", "lists of several lengths"])
def test_a_scene_s_state_may_be_anything(note: Any) -> None:
    explorer = Explorer({"x": 1.0, "note": None}, Counted(), Parabola(), scenes={"noted": {"note": note}})
    explorer.scene = "noted"
    assert explorer.values["note"] is note
    assert explorer.scene == "noted"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"k": np.zeros(15)}, {"k": np.zeros(0)}, False),
        ({"k": np.zeros(3)}, {"k": np.zeros(3)}, True),
        ({"k": 1}, {"l": 1}, False),
        ([np.zeros(2), {"a": np.ones(3)}], [np.zeros(2), {"a": np.ones(3)}], True),
        ([np.zeros(2)], [np.zeros(2), np.zeros(2)], False),
        (Policy.uniform(2, 3), Policy.uniform(2, 3), True),
        (Policy.uniform(2, 3), Policy.uniform(3, 2), False),
        (np.zeros(3), np.zeros(4), False),
        ("a", "a", True),
        (None, np.zeros(0), False),
    ],
)
def test_states_are_compared_down_to_their_arrays(one: Any, other: Any, same: bool) -> None:
    assert equal({"state": one}, {"state": other}) is same
    assert equal({"state": other}, {"state": one}) is same


def test_a_view_made_again_lays_its_scenes_over_what_the_notebook_states_and_resets_to_it() -> None:
    """Its controls stand in another cell, and the reader has moved them."""
    controls = {"x": FloatSlider(1.0, min=-4, max=4), "kind": Dropdown(options=["a", "b"]), "trail": [0]}
    scenes = {"as stated": {}, "b": {"kind": "b"}}

    def cell() -> Explorer:
        return Explorer(controls, Counted(), Parabola(), double, scenes=scenes)

    first = cell()
    first.scene = "b"
    first.values = {"x": 2.0}
    again = cell()
    assert again.values == first.values == {"x": 2.0, "kind": "b", "trail": [0]}, "one picture stays beside the other"
    assert again.scene is None
    for begin in (lambda: setattr(again, "scene", "as stated"), lambda: buttons(again)["reset"].click()):
        again.values = {"x": 2.0, "kind": "b"}
        begin()
        assert again.values == {"x": 1.0, "kind": "a", "trail": [0]}


def test_an_unknown_scene_is_refused_and_changes_nothing(staged: SimpleNamespace) -> None:
    with pytest.raises(KeyError, match="'summit' is not a scene of this view, expected one of the beginning, far left"):
        staged.explorer.scene = "summit"
    assert staged.explorer.scene == "the beginning"
    with pytest.raises(KeyError, match="'summit' is not a scene of this view, expected one of none"):
        Explorer({"x": 1.0}, Counted(), Parabola(), scene="summit")


def test_a_scene_that_compute_refuses_says_so_in_the_view_and_raises_in_a_cell() -> None:
    explorer = Explorer({"x": 1.0}, Counted(), Parabola(), scenes={"three": {"x": 3}, "two": {"x": 2}})
    with pytest.raises(ZeroDivisionError):
        explorer.scene = "three"
    assert (explorer.values, explorer.live.error) == ({"x": 1.0}, "")
    explorer.widget.children[-1].set_state({"choice": [0, 1]})
    assert explorer.live.error.startswith("This cannot be drawn: three is too many. ")
    assert (explorer.values, explorer.scene) == ({"x": 1.0}, None)
    explorer.widget.children[-1].set_state({"choice": [1, 2]})
    assert (explorer.scene, explorer.live.error) == ("two", "")


@pytest.mark.usefixtures("fast")
def test_a_scene_stops_play() -> None:
    async def play() -> None:
        explorer = Explorer({"x": 10.0}, Counted(), Parabola(), count_up, scenes={"low": {"x": -2}, "high": {"x": 4}})
        for choose in (
            lambda: setattr(explorer, "scene", "low"),
            lambda: explorer.widget.children[-1].set_state({"choice": [0, 1]}),
        ):
            explorer.values = {"x": 10.0}
            buttons(explorer)["play"].value = True
            await until(lambda: explorer.values["x"] > 12)
            choose()
            for _ in range(20):
                await asyncio.sleep(0)
            assert explorer.scene == "low"
            assert buttons(explorer)["play"].description == "play"

    asyncio.run(play())


@pytest.mark.usefixtures("fast")
def test_a_scene_chosen_in_another_thread_while_play_takes_a_step_is_shown_after_that_step_and_stays() -> None:
    """JupyterLab's messages are heard in a thread of their own."""
    stepping, chosen = Event(), Event()

    def compute(x: float) -> dict[str, float]:
        if x == 12:
            stepping.set()
            chosen.wait(0.3)  # it would be chosen by then if it did not wait for the step
        return {"x": x, "y": x**2}

    def choose(explorer: Explorer) -> None:
        stepping.wait()
        explorer.widget.children[-1].set_state({"choice": [0, 1]})
        chosen.set()

    async def play() -> None:
        explorer = Explorer({"x": 10.0}, compute, Parabola(), count_up, scenes={"low": {"x": -2}, "high": {"x": 4}})
        thread = Thread(target=choose, args=[explorer])
        thread.start()
        buttons(explorer)["play"].value = True
        while thread.is_alive():
            await asyncio.sleep(0.001)
        for _ in range(20):
            await asyncio.sleep(0)
        assert (explorer.scene, explorer.numbers) == ("low", {"x": -2, "y": 4})
        assert explorer.live.frame["at"] == [[-2.0, 4.0]]
        assert explorer.widget.children[-1].present == 0
        assert buttons(explorer)["play"].description == "play"

    asyncio.run(play())
