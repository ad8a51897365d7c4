"""A view's steps: one, ten, and play, which goes on by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from counted_view import Counted, Parabola, buttons, count_up, double, until
from ipywidgets import FloatSlider

from pgcourse.live.explorer import Explorer


def test_one_step_and_ten_steps() -> None:
    picture = Parabola()
    explorer = Explorer({"x": 0.0}, Counted(), picture, step=double)
    one, ten = buttons(explorer)["one step"], buttons(explorer)["ten steps"]
    one.click()
    assert explorer.values == {"x": 1.0}
    draws = picture.draws
    ten.click()
    assert explorer.values["x"] == pytest.approx(2 - 2**-10)
    assert picture.draws == draws + 1, "where ten steps lead is drawn once"


def test_each_of_ten_steps_has_the_numbers_of_where_it_begins() -> None:
    def along(values: dict[str, Any], numbers: dict[str, float]) -> dict[str, Any]:
        """x falls by a tenth of its own parabola's y."""
        return {"x": values["x"] - numbers["y"] / 10}

    one_by_one, at_once = (Explorer({"x": 0.5}, Counted(), Parabola(), step=along) for _ in range(2))
    for _ in range(10):
        buttons(one_by_one)["one step"].click()
    buttons(at_once)["ten steps"].click()
    assert at_once.values == one_by_one.values


def test_reset_takes_the_view_back_to_where_it_began() -> None:
    explorer = Explorer({"x": FloatSlider(1.0, max=4), "note": "a"}, Counted(), Parabola(), step=double)
    frame = explorer.live.frame
    buttons(explorer)["ten steps"].click()
    assert explorer.values["x"] == pytest.approx(2 - 2**-10, rel=1e-12), "a slider's steps do not round an ascent's"
    explorer.values = {"note": "b"}
    buttons(explorer)["reset"].click()
    assert explorer.values == {"x": 1.0, "note": "a"}
    assert explorer.live.frame == frame


def test_a_failing_step_changes_nothing() -> None:
    def step(values: dict[str, Any], numbers: dict[str, float]) -> dict[str, Any]:
        if values["x"] >= 2:
            raise RuntimeError("no further")
        return {"x": values["x"] + 1}

    explorer = Explorer({"x": 0.0}, Counted(), Parabola(), step=step)
    buttons(explorer)["ten steps"].click()
    assert explorer.live.error.startswith("This cannot be drawn: no further. ")
    assert (explorer.values, explorer.numbers["x"]) == ({"x": 0.0}, 0.0)


@pytest.mark.usefixtures("fast")
def test_play_goes_on_until_it_is_stopped_and_the_sliders_stay_alive() -> None:
    async def play() -> None:
        explorer = Explorer({"x": 10.0, "other": FloatSlider(0)}, Counted(), Parabola(), step=count_up)
        button = buttons(explorer)["play"]
        button.value = True
        assert button.description == "stop"
        await until(lambda: explorer.values["x"] > 15)
        explorer._controls["other"].value = 5
        explorer.values = {"x": 1000.0}
        await until(lambda: explorer.values["x"] > 1005)
        button.value = False
        x = explorer.values["x"]
        for _ in range(20):
            await asyncio.sleep(0)
        assert explorer.values == {"x": x, "other": 5}
        assert button.description == "play"

    asyncio.run(play())


@pytest.mark.usefixtures("fast")
def test_play_pressed_again_and_again_plays_once() -> None:
    async def play() -> None:
        explorer = Explorer({"x": 10.0}, Counted(), Parabola(), step=count_up)
        button = buttons(explorer)["play"]
        for value in (True, False, True, False, True):
            button.value = value
        await asyncio.sleep(0)
        for _ in range(10):
            x = explorer.values["x"]
            await asyncio.sleep(0)
            assert explorer.values["x"] - x <= 1
        assert len(asyncio.all_tasks()) == 2, "this one and the one that plays"
        explorer.close()
        await asyncio.sleep(0)
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(play())


@pytest.mark.usefixtures("fast")
def test_play_stops_at_an_error_and_where_nothing_moves() -> None:
    async def play() -> None:
        failing = Explorer({"x": 0.0}, Counted(), Parabola(), step=count_up)
        resting = Explorer(
            {"x": 0.0}, Counted(), Parabola(), step=lambda values, numbers: {"x": min(values["x"] + 1, 2)}
        )
        for explorer in (failing, resting):
            button = buttons(explorer)["play"]
            button.value = True
            await until(lambda button=button: not button.value)  # type: ignore[misc]
        assert failing.live.error.startswith("This cannot be drawn: three is too many. ")
        assert failing.values == {"x": 2.0}, "those of the picture"
        assert (resting.values, resting.live.error) == ({"x": 2.0}, "")

    asyncio.run(play())
