"""Notebook 09 in a real JupyterLab: each live view is driven once."""

from __future__ import annotations

from reader import cell_of, choose_scene, number_after, press, said, settled, view, wait_until_said


def test_fewer_steps_left_are_a_smaller_chance_whatever_one_does(notebook):
    picture = view(notebook, "The best actions on the lake, by the steps that are left")
    before = said(picture)
    picture.get_by_role("slider", name="steps left").press("ArrowLeft")
    after = wait_until_said(notebook, picture, "steps left is 19:")
    for curve in ("best", "for ever"):
        assert number_after(curve, after) < number_after(curve, before)
    assert number_after("best", after) >= number_after("for ever", after)


def test_bars_moved_along_their_arrows_earn_more_than_any_single_p(notebook):
    picture = view(notebook, "Stay or cash: one probability for all steps, or one a step")
    for t, key in ((0, "Shift+ArrowDown"), (2, "Shift+ArrowUp")):
        before = settled(notebook, picture)
        bar = picture.get_by_role("slider", name=f"P(cash) at step {t}")
        bar.focus()
        bar.press(key)
        after = wait_until_said(notebook, picture, f"at step {t} P.cash. is (?!0.50)")
        assert number_after("step: J =", after) > number_after("step: J =", before)
    assert number_after("step: J =", settled(notebook, picture)) > 3.53


def test_the_gradient_of_more_steps_is_nearer_to_that_of_endless_time(notebook):
    picture = view(notebook, "The gradient of H steps and of endless time")
    lengths = [number_after("length", choose_scene(notebook, picture, k)) for k in (1, 0, 2, 3)]
    assert lengths == sorted(lengths)
    assert lengths[-1] == 1


def test_cartpole_is_trained_in_the_page_and_its_critic_learns_the_clock(notebook):
    picture = view(notebook, "A2C on CartPole, cut after 100 steps")
    early = number_after("critic says", said(picture))
    press(notebook, picture, "run")
    cell_of(notebook, picture).get_by_text("done").wait_for()
    assert number_after("critic says", settled(notebook, picture)) < early
    first, last = map(float, notebook.run("print(*cartpole_view.values['critic'][[0, -1]])").split())
    assert first > last
