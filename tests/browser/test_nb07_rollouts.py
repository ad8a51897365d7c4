"""Notebook 07 in a real JupyterLab: each live view is driven once; runs are started, stopped and seen to end."""

from __future__ import annotations

import re

from reader import cell_of, choose_scene, number_after, press, said, settled, view, wait_until_said

FIGURES = "Figures 13.1 and 13.2 of Sutton and Barto, with quantiles"

# however fast the machine is, the run of FIGURES goes no further than this while it is held
HELD = """
def work_held(work):
    def held_work(**inputs):
        for result in work(**inputs):
            yield result
            while held and result[0] >= 0.05:
                yield result
    return held_work
held, figures_view._runner._work = True, work_held(figures_view._runner._work)
"""


def test_estimators_credit_and_step_sizes_answer_their_controls(notebook):
    picture = view(notebook, "Trajectories on FrozenLake, and the estimates of the gradient they make")
    choose_scene(notebook, picture, 3)
    text = wait_until_said(notebook, picture, "Chosen is γᵗ G_t, reward-to-go")
    full, to_go = (number_after(f"{name}, signal to noise 1 takes", text)
                   for name in ("G₀, full return: bias [^,]*", "γᵗ G_t, reward-to-go: bias [^,]*"))  # fmt: skip
    assert 2 < full / to_go < 4
    cell_of(notebook, picture).get_by_role("combobox").last.select_option("G_t")
    wait_until_said(notebook, picture, r"Chosen is G_t\.")

    picture = view(notebook, "Which reward gives which action its credit, on the short corridor")
    assert "rewards before the action 0, from it on +2.0000" in said(picture)
    choose_scene(notebook, picture, 2)
    text = wait_until_said(notebook, picture, "mean of 3000 trajectories")
    assert number_after("deviation is", text) > number_after("all rewards and", text)

    picture = view(notebook, "J after one step of each size, exact and sampled")
    before = said(picture)
    choose_scene(notebook, picture, 1)
    wait_until_said(notebook, picture, "on average, (?!" + re.escape(before.split("on average, ")[1]) + ")")


def test_runs_begin_stop_go_on_and_end(notebook):
    picture = view(notebook, "REINFORCE on the short corridor, one run")
    choose_scene(notebook, picture, 1)
    wait_until_said(notebook, picture, ": press run")
    press(notebook, picture, "run")
    assert number_after("values", wait_until_said(notebook, picture, "episodes: 1000")) > -20
    press(notebook, picture, "reset")
    wait_until_said(notebook, picture, "episodes: 150")

    picture = view(notebook, "REINFORCE climbing on FrozenLake, and what it earns")
    choose_scene(notebook, picture, 1)
    wait_until_said(notebook, picture, ": press run")
    press(notebook, picture, "run")
    assert "exact J" in wait_until_said(notebook, picture, "steps: 120")

    picture = view(notebook, FIGURES)
    choose_scene(notebook, picture, 2)
    notebook.run(HELD)
    press(notebook, picture, "run")
    wait_until_said(notebook, picture, r"after \d+ episodes the median of 100 runs.* after \d+ episodes")
    press(notebook, picture, "stop")
    cell_of(notebook, picture).get_by_text("run goes on from here").wait_for()
    before = settled(notebook, picture)
    notebook.run("held = False")
    press(notebook, picture, "run")
    wait_until_said(notebook, picture, f"^(?!{re.escape(before)})")
    press(notebook, picture, "reset")

    picture = view(notebook, "REINFORCE with a linear softmax on CartPole")
    assert number_after("mean of the last 100", said(picture)) >= 475
    choose_scene(notebook, picture, 1)
    press(notebook, picture, "run")
    text = wait_until_said(notebook, picture, r"mean of the last 100 \d\d\d")
    assert number_after("angle", text) > 0
