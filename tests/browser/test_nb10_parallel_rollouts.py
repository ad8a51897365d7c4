"""Notebook 10 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

import pytest
from reader import cell_of, choose_scene, number_after, press, said, settled, view, wait_until_said


def test_more_roll_outs_narrow_the_mean_and_one_seed_for_all_does_not(notebook):
    picture = view(notebook, "The mean of N returns, and its spread")
    one = number_after("the spread", said(picture))
    four = number_after("the spread", choose_scene(notebook, picture, 1))
    assert four == pytest.approx(one / 2, rel=1e-3)
    notebook.run("mean_view.values = {'seeding': 'one seed for all'}")
    same = wait_until_said(notebook, picture, "The mean return .* N = 4: one seed for all")
    assert number_after("the spread", same) == one


def test_more_lanes_are_dragged_and_the_first_to_finish_are_shorter(notebook):
    picture = view(notebook, "Trajectories on lanes, and which of them are counted")
    one = number_after("first to finish", said(picture))
    point = picture.get_by_role("slider", name="k, for 2ᵏ lanes")
    point.focus()
    point.press("ArrowRight")
    two = number_after("first to finish", wait_until_said(notebook, picture, "Lanes: 2. "))
    assert one < two
    notebook.run("finish_view.values = {'rule': 'first to begin'}")
    assert number_after("first to begin", wait_until_said(notebook, picture, ".*first to begin: −12.00")) == -12


def test_processes_pay_for_long_jobs(notebook):
    picture = view(notebook, "How many times as fast processes are, against the length of a job")
    point = picture.get_by_role("slider", name="x, for jobs of 10ˣ seconds")
    point.focus()
    assert number_after("speed-up", said(picture)) < 1
    for _ in range(2):
        point.press("Shift+ArrowRight")
    assert number_after("speed-up", wait_until_said(notebook, picture, ".*seconds is 0:")) > 1


def test_every_way_to_take_steps_is_measured_in_the_page(notebook):
    picture = view(notebook, "Steps per second, one by one and beside each other")
    notebook.run("speed_view.values = {'seconds': 0.05}")
    press(notebook, picture, "run")
    text = wait_until_said(notebook, picture, ".*measured on this computer")
    for way in ("loop", "sync", "async", "own class", "joblib", "lockstep"):
        assert f"{way} up to" in text


def test_learners_come_in_from_two_processes_and_stop_is_heard(notebook):
    picture = view(notebook, "Whole learners, a seed each")
    notebook.run("learners_view.values = {'curves': np.zeros((0, 22))}")
    wait_until_said(notebook, picture, "Nothing has run yet")
    press(notebook, picture, "run")
    wait_until_said(notebook, picture, ".*finished: [1-9]")
    press(notebook, picture, "stop")
    cell_of(notebook, picture).get_by_text("run goes on from here").wait_for()
    some = number_after("finished:", settled(notebook, picture))
    assert some < 16
    here = notebook.run(
        "came = learners_view.values['curves']; alone = [learn(seed) for seed in spawn(1, 16)]; "
        "print(all(any(np.array_equal(c, a) for a in alone) for c in came))"
    )
    assert here.strip() == "True"
