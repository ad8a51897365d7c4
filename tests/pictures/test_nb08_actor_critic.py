"""The pictures of notebook 08 show the numbers they were last given."""

from __future__ import annotations

import re

import numpy as np

from pgcourse.pictures import CriticBars, Fit, LongRun, Lottery, Picture, PolicyMap, Tradeoff

X = np.linspace(0, 1, 21)


def tradeoff_numbers(at, height, marked):
    curves = {"bias": height * (1 - X), "both": height * (1 - X) + X**2}
    now = {name: float(np.interp(at, X, curve)) for name, curve in curves.items()}
    said = f"λ = {at:.2f}"
    return {"x": X, "curves": curves, "at": at, "now": now, "marked": marked, "said": said}


def lottery_numbers(p, b):
    estimates = np.array([(1 - p) * (1 - b), p * b])
    return {"probs": (p, 1 - p), "estimates": estimates, "mean": p * (1 - p)}


def run_numbers(n, level):
    steps = 50.0 * np.arange(n)
    many = level + np.add.outer(np.arange(3), 0.001 * steps)
    numbers = {"steps": steps, "many": many, "bold": many.mean(axis=0), "below": 4 - 0.002 * steps}
    return numbers | {"dots_at": steps, "dots": many[0], "said": f"{n} looks"}


def critic_numbers(scale):
    return {"v_pi": scale * np.arange(4.0), "v_w": np.arange(4.0) - 1}


def marks():
    return Tradeoff("b", "b", "variance", (0, 1), (0, 2), {"bias": ("--", "k"), "both": ("-", "k")}, ["b*", "v"])


def one_mark():
    return Tradeoff("lam", "λ", "error", (0, 1), (0, 2), {"bias": ("--", "k"), "both": ("-", "k")}, ["best"], 0.05)


def long_run(dots=False, key=""):
    return LongRun("steps", (0, 500), ("J", (-1, 6)), ("off by", (0, 5)), "runs", (5.0, "best"), dots, key)


CASES = {
    "trade-off": (
        lambda: Picture([one_mark()]),
        [tradeoff_numbers(at, h, {"best": x}) for at, h, x in ((0.1, 1.0, 0.2), (0.9, 0.5, 0.8), (0.5, 1.8, 1.0))],
    ),
    "two marks": (
        lambda: Picture([marks()]),
        [
            tradeoff_numbers(at, 1.0, {"b*": x, "v": y})
            for at, x, y in ((0.1, 0.2, 0.9), (0.9, 0.8, 0.3), (0.5, 0.5, 0.5))
        ],
    ),
    "lottery": (
        lambda: Picture([Lottery((-1, 1))]),
        [lottery_numbers(0.9, 0.0), lottery_numbers(0.9, 0.9), lottery_numbers(0.3, -2.0)],
    ),
    "critic": (
        lambda: Picture([CriticBars(["a", "b", "c", "d"], (-2, 11))]),
        [critic_numbers(1.0), critic_numbers(-0.5), critic_numbers(3.0)],
    ),
    "runs": (lambda: Picture([long_run()]), [run_numbers(5, 1.0), run_numbers(9, 0.0), run_numbers(0, 0.0)]),
    "dots": (lambda: Picture([long_run(dots=True)]), [run_numbers(5, 1.0), run_numbers(9, 0.0), run_numbers(2, 3.0)]),
    "two runs": (
        lambda: Picture([long_run(key="left"), long_run(key="right")]),
        [{"left": run_numbers(n, 1.0), "right": run_numbers(m, 0.0)} for n, m in ((5, 2), (5, 9), (2, 9))],
    ),
    "map": (
        lambda: Picture([PolicyMap(("angle", 0.2), ("speed", 1), (9, 9), "push right")]),
        [{"probability": np.outer(np.linspace(0, 1, 9), np.linspace(0, top, 9))} for top in (1.0, 0.6, 0.2)],
    ),
    "fit": (
        lambda: Picture([Fit((-2, 1))]),
        [{"G": np.linspace(-1, 0, n), "v_w": share * np.linspace(-1, 0, n)} for n, share in ((5, 1), (5, 0.5), (9, 0))],
    ),
}


def test_the_setting_is_dragged_in_whole_steps_if_it_has_some():
    stepped, free = one_mark(), marks()
    Picture([stepped, free])
    assert stepped.handles[0].values(0.437, 9.0, {"lam": 0.0, "error": 1.0}) == {"lam": 0.45}
    assert free.handles[0].values(0.437, 9.0, {"b": 0.0}) == {"b": 0.437}


def test_the_key_shows_the_dashes_of_every_curve():
    looks = {"bias": ("--", "k"), "spread": (":", "k"), "rescaled": ("-.", "k"), "both": ("-", "k")}
    part = Tradeoff("lam", "λ", "error", (0, 1), (0, 2), looks)
    key = Picture([part]).figure.axes[0].get_title()
    for words in ("– – bias", "··· spread", "–·– rescaled", "— both"):
        assert words in key


def test_the_names_of_two_marks_at_one_place_stand_on_two_lines():
    looks = {"loss": ("-", "k")}
    for ylim in ((-2.0, 0.1), (0.0, 2.0), (-5.0, -1.0)):
        part = Tradeoff("b", "b", "variance", (0, 1), ylim, looks, ["b*", "v"])
        ax = Picture([part]).figure.axes[0]
        (_, first), (_, second) = part.rules.values()
        heights = ax.transData.transform([(0, label.get_position()[1]) for label in (first, second)])[:, 1]
        assert heights[0] - heights[1] > first.get_fontsize()


def test_the_names_of_two_marks_stand_on_their_outer_sides():
    part = marks()
    Picture([part])
    for x, y, sides in ((0.2, 0.9, ("right", "left")), (0.8, 0.3, ("left", "right"))):
        part.update(tradeoff_numbers(0.5, 1.0, {"b*": x, "v": y}))
        assert tuple(label.get_horizontalalignment() for _, label in part.rules.values()) == sides


def test_the_areas_of_the_lottery_s_bars_add_up_to_the_mean():
    part = Lottery((-3, 3))
    Picture([part])
    for p, b in ((0.9, 0.0), (0.9, 0.9), (0.3, -2.0)):
        part.update(lottery_numbers(p, b))
        areas = [bar.get_width() * bar.get_height() for bar in part.bars]
        assert np.isclose(sum(areas), p * (1 - p))
        assert np.allclose(part.line.get_ydata(), p * (1 - p))


def test_beyond_the_frame_the_point_to_drag_stays_at_its_edge_and_the_true_number_is_spoken():
    part = one_mark()
    Picture([part])
    numbers = tradeoff_numbers(0.1, 1.0, {"best": 0.2})
    numbers["now"]["both"] = 7.5
    part.update(numbers)
    assert list(part.point.get_ydata()) == [2.0]
    assert part.describe(numbers).startswith("error; λ is 0.1: bias 0.9, both 7.5")
    named = Tradeoff("b", "b", "both", (0, 1), (0, 2), {"both": ("-", "k")})
    assert named.describe(numbers | {"now": {"both": 1.0}}).startswith("b is 0.1: both 1")


def test_what_is_below_a_run_has_a_point_at_its_end_within_the_frame():
    part = LongRun("steps", (0, 500), ("J", (-1, 6)), ("off by", (0, 5)), "runs", dots=True)
    Picture([part])
    numbers = {"steps": [100.0], "bold": [2.0], "below": [3.0], "dots_at": [50, 60], "dots": [2.0, 9.0], "said": "so"}
    part.update(numbers)
    assert part.low_tip.get_xydata().tolist() == [[100, 3]]
    assert part.thin.get_ydata().tolist() == [2, 6]
    part.update(numbers | {"steps": [100.0, 200.0], "bold": [2.0, 2.0], "below": [3.0, 277.0]})
    assert part.low_tip.get_xydata().tolist() == [[200, 5]]


def test_a_bold_curve_beside_another_is_spoken_by_its_own_name():
    numbers = {"steps": [100.0], "many": [[1.0]], "bold": [2.0], "below": [3.0], "said": "so"}
    of = "steps", (0, 500), ("J and what is promised", (-1, 6)), ("KL", (0, 5)), "runs"
    assert LongRun(*of).describe(numbers) == "After 100 steps, J and what is promised: 2.00, KL: 3. so."
    assert LongRun(*of, bold="J").describe(numbers) == "After 100 steps, J: 2.00, KL: 3. so."


def test_of_several_critics_the_bars_say_whose_they_are():
    part = CriticBars(["a", "b", "c", "d"], (-2, 11), "learner 1's critic is off by")
    Picture([part])
    part.update(critic_numbers(1.0))
    assert part.note.get_text().startswith("learner 1's critic is off by 1.00")
    assert part.describe(critic_numbers(1.0)).endswith("Learner 1's critic is off by 1.00.")


def test_curves_of_several_runs_are_not_joined_end_to_beginning():
    part = long_run()
    Picture([part])
    part.update(run_numbers(5, 1.0))
    assert np.isnan(part.thin.get_ydata()).sum() == 3


def test_a_run_that_has_not_begun_says_so():
    part = long_run()
    Picture([part])
    numbers = run_numbers(0, 0.0)
    part.update(numbers)
    assert "Nothing has run yet, 0 steps: 0 looks." in part.describe(numbers)
    assert len(part.tip.get_xdata()) == 0


def test_a_run_with_episodes_has_begun_and_its_unit_is_spoken():
    part = long_run(dots=True)
    begun = run_numbers(0, 0.0) | {"dots_at": np.arange(3), "dots": np.arange(3)}
    assert part.describe(begun) == "No curve yet: 0 looks."
    no_mean = run_numbers(5, 1.0) | {"bold": np.full(5, np.nan)}
    assert re.fullmatch(r"After \d+ steps, off by: [\d.]+\. 5 looks\.", part.describe(no_mean))
    other = LongRun("batches", (0, 9), ("J", (-1, 6)), ("spread", (0, 5)), "DDPG\n• an episode", key="one")
    one = run_numbers(5, 1.0)
    assert other.describe({"one": one}).startswith(f"DDPG. After {one['steps'][-1]:.0f} batches, J: ")
    none = {"one": run_numbers(0, 0.0)}
    assert other.describe(none).startswith("DDPG. Nothing has run yet, 0 batches")


def test_a_single_step_of_a_run_is_seen_as_a_point():
    part = long_run()
    Picture([part])
    part.update(run_numbers(1, 2.0))
    assert part.tip.get_xydata().tolist() == [[0.0, 3.0]]


def test_a_gap_below_is_not_spoken():
    part, numbers = long_run(), run_numbers(5, 1.0)
    Picture([part])
    assert "off by: " in part.describe(numbers)
    gap = numbers | {"below": np.full(5, np.nan)}
    part.update(gap)
    assert "off by" not in part.describe(gap)


def test_the_map_names_the_probabilities_left_and_right_of_upright():
    part = PolicyMap(("angle", 0.2), ("speed", 1), (9, 9), "push right")
    Picture([part])
    probability = np.tile(np.linspace(0, 1, 9), (9, 1))
    part.update({"probability": probability})
    assert part.note.get_text() == "at the crosses 0.25 and 0.75"
