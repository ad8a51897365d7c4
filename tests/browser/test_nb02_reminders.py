"""Notebook 02 in a real JupyterLab: every live view is driven once, as a student does."""

from __future__ import annotations

import re

import pytest
from reader import cell_of, changed, choose_scene, press, said, view, wait_until_said

STEP = "A policy on FrozenLake, and what a greedy step gains in every pair"
TRAP = "Value iteration's greedy policies in two states"
GAP = "Two value functions drawn together by the Bellman operator"
VISITS = "The occupancy of FrozenLake building up, exact and counted"
PROOF = "The five lines from J to the occupancy, with their values"


@pytest.fixture
def reminders(ran_notebook):
    return ran_notebook("02_reminders.ipynb")


def test_a_student_improves_a_policy_and_watches_value_iteration_stumble(reminders):
    picture = view(reminders, STEP)
    assert "Gains of the greedy policy over 44 pairs: smallest 0.1" in said(picture)
    bar = picture.get_by_role("slider", name="π(left|s)")
    bar.focus()
    for _ in range(4):
        bar.press("Shift+ArrowUp")
    wait_until_said(reminders, picture, r"left probability 1\.00, .*smallest 0\.\d+,")
    for _ in range(8):
        if re.search(r"largest 0\.0000", said(picture)):
            break
        before = said(picture)
        press(reminders, picture, "one step")
        changed(reminders, picture, before)
    assert "smallest 0.0000, largest 0.0000" in said(picture)

    picture = view(reminders, TRAP)
    press(reminders, picture, "one step")
    text = wait_until_said(reminders, picture, "WORSE than before in every state")
    assert "(-11.000, -10.000)" in text
    press(reminders, picture, "ten steps")
    wait_until_said(reminders, picture, r"k = 11: worth \(3\.684, 6\.316\), as before")
    choose_scene(reminders, picture, 4)
    wait_until_said(reminders, picture, "WORSE than before in every state")
    assert reminders.errors == []


def test_operators_and_visits_answer_to_their_controls(reminders):
    picture = view(reminders, GAP)
    press(reminders, picture, "ten steps")
    wait_until_said(reminders, picture, "After 10 applications")
    cell_of(reminders, picture).get_by_role("combobox").select_option("short corridor")
    wait_until_said(reminders, picture, "^4 states")

    picture = view(reminders, VISITS)
    cell = cell_of(reminders, picture)
    press(reminders, picture, "play")
    wait_until_said(reminders, picture, r"Up to step 500: 99\.35 discounted visits, 7\.28")
    cell.get_by_role("combobox").last.select_option("(1−γ) ρ")
    wait_until_said(reminders, picture, r"exact, up to t: 0\.99.*: 0\.9935 discounted visits times 1−γ, 0\.0728")

    picture = view(reminders, PROOF)
    first = said(picture)
    cell_of(reminders, picture).locator(".noUi-handle").last.focus()
    reminders.page.keyboard.press("End")
    text = wait_until_said(reminders, picture, "up to t = 150")
    values = re.findall(r"[+−-]?0\.\d{6}", text.split("worth")[1])
    assert len(values) == 5
    assert len(set(values)) == 1
    assert text != first
    assert reminders.errors == []
