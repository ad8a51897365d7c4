"""Notebook 03 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

import re

from reader import cell_of, choose_scene, press, said, view, wait_until_said


def lines_in(text):
    """What the six lines are worth."""
    return [float(value.replace("−", "-")) for value in re.findall(r"[+−]\d\.\d{6}", text)]


def test_the_six_lines_stay_equal_while_state_parameter_and_theta_change(notebook):
    picture = view(notebook, "The derivation, line by line, with its numbers in one state of FrozenLake")
    texts = [said(picture)]
    state = picture.get_by_role("slider", name="state")
    state.focus()
    state.press("ArrowUp")  # from state 14 to the one above
    texts.append(wait_until_said(notebook, picture, "State 10 is chosen"))
    parameter, mistake = cell_of(notebook, picture).get_by_role("combobox").all()
    parameter.select_option("θ₂ caution")
    texts.append(wait_until_said(notebook, picture, "∂v/∂θ₂ in state 10"))
    theta_1 = cell_of(notebook, picture).locator(".noUi-handle").first
    theta_1.focus()
    theta_1.press("ArrowRight")
    texts.append(wait_until_said(notebook, picture, "worth (?!" + re.escape(texts[-1].split("worth ")[1]) + ")"))
    for text in texts:
        assert len(lines := lines_in(text)) == 6
        assert max(lines) - min(lines) <= 1.5e-6  # the last digit shown may be rounded either way
    assert len({lines_in(text)[0] for text in texts}) == 4
    mistake.select_option("γ dropped")
    wait_until_said(notebook, picture, "Not as line 1: 4, 5, 6")


def test_the_gradient_spreads_from_its_source_until_it_is_the_solution(notebook):
    picture = view(notebook, "The gradient of v spreading over FrozenLake from its source")
    cell = cell_of(notebook, picture)
    cell.get_by_role("combobox").first.select_option("θ(s, right)")
    wait_until_said(notebook, picture, "0 in 15 of 16 states")  # k = 1: the source alone
    press(notebook, picture, "one step")
    assert "and 0 in 15 of" not in wait_until_said(notebook, picture, "After 2 applications")
    press(notebook, picture, "play")
    text = wait_until_said(notebook, picture, "After 80 applications")
    cell.get_by_role("button", name="play").wait_for()  # it stopped by itself
    k_times, solved, nudged = re.findall(r"[+−]\d\.\d{6}", text)
    assert k_times == solved == nudged


def test_who_feels_a_parameter_is_seen_by_a_click_and_by_a_scene(notebook):
    picture = view(notebook, "Who feels one parameter of the table on the tilted lake")
    assert "0 in 7 of 16 states. State 10 is chosen" in said(picture)
    cell_of(notebook, picture).get_by_role("combobox").select_option("right")
    choose_scene(notebook, picture, 3)
    wait_until_said(notebook, picture, "0 in all states. State 5 is chosen")
    state = picture.get_by_role("slider", name="state")
    state.focus()
    state.press("ArrowUp")  # to state 1
    wait_until_said(notebook, picture, "0 in 12 of 16 states. State 1 is chosen")
