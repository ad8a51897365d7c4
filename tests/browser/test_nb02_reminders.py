"""Notebook 02 in a real JupyterLab: every live view is driven once, as a student does."""

from __future__ import annotations

import re

from reader import cell_of, changed, choose_scene, press, said, view, wait_until_said


def test_a_student_improves_a_policy_and_watches_value_iteration_stumble(notebook):
    picture = view(notebook, "A policy on FrozenLake, and what a greedy step gains in every pair")
    assert "Gains of the greedy policy over 44 pairs: smallest 0.1" in said(picture)
    bar = picture.get_by_role("slider", name="π(left|s)")
    bar.focus()
    for _ in range(4):
        bar.press("Shift+ArrowUp")
    wait_until_said(notebook, picture, r"left probability 1\.00, .*smallest 0\.\d+,")
    for _ in range(8):
        if re.search(r"largest 0\.0000", said(picture)):
            break
        before = said(picture)
        press(notebook, picture, "one step")
        changed(notebook, picture, before)
    assert "smallest 0.0000, largest 0.0000" in said(picture)

    picture = view(notebook, "Value iteration's greedy policies in two states")
    press(notebook, picture, "one step")
    text = wait_until_said(notebook, picture, "WORSE than before in every state")
    assert "(−11.000, −10.000)" in text
    press(notebook, picture, "ten steps")
    wait_until_said(notebook, picture, r"k = 11: worth \(3\.684, 6\.316\), as before")
    choose_scene(notebook, picture, 4)
    wait_until_said(notebook, picture, "WORSE than before in every state")


def test_operators_and_visits_answer_to_their_controls(notebook):
    picture = view(notebook, "Two value functions drawn together by the Bellman operator")
    press(notebook, picture, "ten steps")
    wait_until_said(notebook, picture, "After 10 applications")
    cell_of(notebook, picture).get_by_role("combobox").select_option("short corridor")
    wait_until_said(notebook, picture, "^4 states")

    picture = view(notebook, "The occupancy of FrozenLake building up, exact and counted")
    cell = cell_of(notebook, picture)
    press(notebook, picture, "play")
    wait_until_said(notebook, picture, r"Up to step 500: 99\.35 discounted visits, 7\.28")
    cell.get_by_role("combobox").last.select_option("(1−γ) ρ")
    wait_until_said(notebook, picture, r"exact, up to t: 0\.99.*: 0\.9935 discounted visits times 1−γ, 0\.0728")

    picture = view(notebook, "The five lines from J to the occupancy, with their values")
    first = said(picture)
    cell_of(notebook, picture).locator(".noUi-handle").last.focus()
    notebook.page.keyboard.press("End")
    text = wait_until_said(notebook, picture, "up to t = 150")
    values = re.findall(r"[+−-]?0\.\d{6}", text.split("worth")[1])
    assert len(values) == 5
    assert len(set(values)) == 1
    assert text != first
