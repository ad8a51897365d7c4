"""Notebook 05 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

import re

import pytest
from reader import cell_of, choose_scene, said, scenes, view, wait_until_said

LAB = "The laboratory: g beside ∇J in two states"


def press_key(slider, key):
    slider.focus()
    slider.press(key)


def test_wrong_weights_are_uphill_in_the_table_and_downhill_once_features_are_shared(notebook):
    picture = view(notebook, LAB)
    cell = cell_of(notebook, picture)
    assert "angle 0°: the same direction" in said(picture)
    press_key(cell.locator(".noUi-handle").first, "End")  # how far (ρ)
    wait_until_said(notebook, picture, "Parameters: table.*angle 61°: uphill.*along g: .*never falls")
    before = picture.locator("svg").get_attribute("viewBox")
    cell.get_by_role("combobox").nth(1).select_option("shared features")  # θ is
    text = wait_until_said(notebook, picture, "Parameters: shared features.*angle 136°: downhill.*along g.*falls")
    assert re.search(r"along ∇J: [^,]*, never falls", text)
    assert picture.locator("svg").get_attribute("viewBox") == before
    point = picture.get_by_role("slider", name="θ")
    press_key(point, "ArrowRight")
    wait_until_said(notebook, picture, r"θ is \(−0\.80, 5\.00\)")
    preferences = notebook.run("print(*lab_view.values['preferences'])").split()
    assert [float(x) for x in preferences] == pytest.approx([-0.8, 1.7], abs=1e-4)  # the policy, in any parameters


def test_the_view_s_values_answer_the_exercise(notebook):
    picture = view(notebook, LAB)
    wanted = "{'q_kind': 'a lagging critic', 'q_share': 1.0, 'preferences': (0.0, -3.0)}"
    notebook.run(f"lab_view.values = {wanted}")
    wait_until_said(notebook, picture, "angle 153°: downhill")
    assert "Right" in notebook.run("print(check_lagging_critic(lab_view.values, compute_lab))")


def test_the_room_s_arrow_shrinks_until_g_points_downhill(notebook):
    picture = view(notebook, "g as the sum of the arrows of hall and room")
    cell = cell_of(notebook, picture)
    cell.get_by_role("combobox").select_option("shared features")
    wait_until_said(notebook, picture, "room's arrow is .*angle 0°: the same direction")
    press_key(cell.locator(".noUi-handle").first, "End")  # how far (ρ)
    wait_until_said(notebook, picture, "angle 136°: downhill")


def test_a_longer_step_falls_off_the_hill_and_one_in_the_table_never_does(notebook):
    picture = view(notebook, "Steps along the exact gradient in the corridor, small and too long")
    assert "never falls" in said(picture)
    press_key(cell_of(notebook, picture).locator(".noUi-handle").nth(1), "End")  # step α
    wait_until_said(notebook, picture, "exact ∇J: .*1\\d falls")
    picture = view(notebook, "One step of any size on FrozenLake")
    cell = cell_of(notebook, picture)
    press_key(cell.locator(".noUi-handle").first, "End")
    wait_until_said(notebook, picture, "table, along q, α = 100,000.*, up")
    cell.get_by_role("combobox").select_option("table, along ∇J")
    wait_until_said(notebook, picture, "table, along ∇J, α = 100,000.*, up")
    cell.get_by_role("combobox").select_option("two features, along ∇J")
    wait_until_said(notebook, picture, "two features.*0.1213 → 0.0527, DOWN")


def test_a_cell_run_again_after_a_scene_shows_the_same_scenes(notebook):
    picture = view(notebook, LAB)
    every = [choose_scene(notebook, picture, k) for k in range(scenes(notebook, picture).count())]
    notebook.command("notebook:run-cell")
    notebook.run("")
    picture = view(notebook, LAB)
    assert [choose_scene(notebook, picture, k) for k in range(len(every))] == every
