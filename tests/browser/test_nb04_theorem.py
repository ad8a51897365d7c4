"""Notebook 04 in a real JupyterLab: each live view is driven once, by mouse and by keyboard."""

from __future__ import annotations

import re

import pytest
from reader import cell_of, choose_scene, click_at, press, said, view, wait_until_said


def figures(pattern, text):
    return [float(x.replace("−", "-").replace(",", "")) for x in re.search(pattern, text).groups()]


def test_a_pair_is_chosen_and_its_factors_multiply_up_while_the_sum_stays(notebook):
    picture = view(notebook, "The terms of the policy gradient, pair by pair")
    total = re.search(r"∂J/∂θ₁ is (\S+)\.", said(picture))[1]
    pair = picture.get_by_role("slider", name="pair of state and action")
    pair.focus()
    pair.press("ArrowUp")  # within state 14, from down to up
    text = wait_until_said(notebook, picture, "Up in state 14 is chosen")
    rho, pi, q, slope, product = figures(
        r"ρ\(s\) (\S+), π\(a\|s\) (\S+), q\(s,a\) (\S+), ∂log π\(a\|s\)/∂θ₁ (\S+); their product is (\S+)\.", text
    )
    assert rho * pi * q * slope == pytest.approx(product, abs=2e-4)
    click_at(picture, 0.02, 0.15)  # the left triangle of the first cell
    wait_until_said(notebook, picture, "Left in state 0 is chosen")
    cell_of(notebook, picture).get_by_role("combobox").nth(1).select_option("A = q − v")
    assert f"∂J/∂θ₁ is {total}." in wait_until_said(notebook, picture, r"A\(s,a\)")


def test_rho_held_still_points_downhill_here_and_uphill_there(notebook):
    picture = view(notebook, "The product rule on ρ r: two vectors whose sum is the gradient")
    assert "makes J FALL" in said(picture)
    choose_scene(notebook, picture, 1)
    text = wait_until_said(notebook, picture, "makes J rise")
    number = r"\(([^,]+), ([^)]+)\)"
    u, v, x, y, z, w = figures(f"∇J is {number}.*ρ ∇r is {number}.*∇ρ r is {number}", text)
    assert (x + z, y + w) == pytest.approx((u, v), abs=2e-4)


def test_a_baseline_leaves_the_mean_and_a_dropped_discount_moves_it(notebook):
    picture = view(notebook, "A cloud of estimates around the policy gradient")
    needed = r"pairs for noise = \|∇J\| ([\d,]+) exactly, ([\d,]+) sampled"
    without, _ = figures(needed, said(picture))
    cell = cell_of(notebook, picture)
    cell.get_by_role("combobox").nth(1).select_option("v")
    text = wait_until_said(notebook, picture, r"\|∇J\| 122 exactly")
    assert figures(needed, text)[0] < without / 25
    assert "error of the mean / |∇J| 0.00 exactly" in text
    cell.get_by_role("combobox").nth(0).select_option("γᵗ dropped")
    text = wait_until_said(notebook, picture, r"error of the mean / \|∇J\| (?!0\.00)")
    assert figures(r"\|∇J\| (\d\.\d+) exactly", text)[0] > 0.1


def test_the_usual_update_walks_down_both_objectives_and_a_step_makes_some_probabilities_fall(notebook):
    picture = view(notebook, "Two objectives, and an update that goes down for both")
    press(notebook, picture, "play")
    text = wait_until_said(notebook, picture, r"P\(a₁\) is 0\.00")
    assert "J, discounted is 0.0000; J, undiscounted is 0.0000" in text
    picture = view(notebook, "One step along the gradient, before and after")
    state = picture.get_by_role("slider", name="state")
    state.focus()
    state.press("ArrowLeft")
    text = wait_until_said(notebook, picture, "State 13: left q")
    changes = [float(x.replace("−", "-")) for x in re.findall(r"changes by ([+−][\d.]*\d)", text)]
    assert min(changes) < 0 < max(changes)
    before, after = figures(r"J ([\d.]+) before, ([\d.]+) after", text)
    assert after > before
