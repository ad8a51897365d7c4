"""The pictures of notebook 12 show the numbers they were last given."""

from __future__ import annotations

import numpy as np

from pgcourse.pictures import AdvantageBars, DecadeTradeoff, MeanWay, Picture, SeedScores

X = np.linspace(0, 1, 11)
NAN = np.nan


def decades(at, height):
    curves = {"bias": height - X, "both": height + X**2}
    now = {name: float(np.interp(at, X, curve)) for name, curve in curves.items()}
    return {"x": X, "curves": curves, "at": at, "now": now, "marked": {"best": at}, "said": f"λ = {at:g}"}


def way(length, turn, spread):
    tip = length * np.array([np.cos(turn), np.sin(turn)])
    return {"way": np.linspace(tip, [1, 0], 5), "mean": tip, "spread": spread, "pointing": f"{length:g} long"}


def tradeoff(bottom=-2.6):
    looks = {"bias": ("--", "k"), "both": ("-", "k")}
    return DecadeTradeoff("lam", "λ", "error", (0, 1), (bottom, 1.2), looks, ["best"], 0.1)


def scores(*rows):
    return {"scores": np.array(rows, dtype=float), "said": f"{np.isfinite(rows).sum()} done"}


CASES = {
    "decades": (lambda: Picture([tradeoff()]), [decades(0.1, 0.5), decades(0.9, -1.0), decades(0.5, 0.0)]),
    "way": (
        lambda: Picture([MeanWay((-0.3, 1.7), (-0.3, 1.4), "the mean")]),
        [way(0.9, 1.0, 0.2), way(1.2, 0.3, 0.5), way(0.5, 0.0, 9.0)],
    ),
    "advantages": (
        lambda: Picture([AdvantageBars(["a", "b", "c"], (-3, 3))]),
        [{"exact": [1.0, -1.0, 0.5], "sampled": [k, -k, 2.0]} for k in (1.0, 0.0, -2.0)],
    ),
    "seeds": (
        lambda: Picture([SeedScores("λ", [0, 0.9], "score", (0, 9))]),
        [scores([1, 2, NAN], [NAN, NAN, NAN]), scores([1, 2, 6], [4, NAN, NAN]), scores([1, 2, 6], [4, 5, 6])],
    ),
}


def test_the_scale_of_decades_says_what_the_logarithms_stand_for():
    part = tradeoff()
    ax = Picture([part]).figure.axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["0.01", "0.1", "1", "10"]
    assert Picture([tradeoff(-5.4)]).figure.axes[0].get_yticklabels()[0].get_text() == "10⁻⁵"
    assert "both 0.1" in part.describe(decades(0.0, -1.0))
    lost = decades(0.5, 0.0) | {"now": {"bias": -2.6, "both": 0.0}}
    assert "bias at most 0.00251, both 1" in part.describe(lost)


def test_the_circle_of_the_spread_is_around_the_mean_and_within_the_frame():
    part = MeanWay((-0.3, 1.7), (-0.3, 1.4), "the mean")
    Picture([part])
    part.update(way(0.5, 0.4, 0.3))
    x, y = part.circle.get_data()
    assert np.allclose(np.hypot(x - 0.5 * np.cos(0.4), y - 0.5 * np.sin(0.4)), 0.3)
    part.update(way(0.5, 0.4, 9.0))
    assert np.isnan(part.circle.get_data()).all()


def test_a_mean_of_seeds_has_an_error_from_two_on():
    mean, error = SeedScores.summary(np.array([[1.0, 2, 6], [4, NAN, NAN], [NAN, NAN, NAN]]))
    np.testing.assert_allclose(mean, [3, 4, NAN])
    np.testing.assert_allclose(error, [np.std([1, 2, 6], ddof=1) / np.sqrt(3), NAN, NAN])


def test_what_has_not_run_yet_is_said():
    part = SeedScores("λ", [0, 0.9], "score", (0, 9))
    Picture([part])
    numbers = scores([NAN, NAN], [NAN, NAN])
    part.update(numbers)
    assert part.describe(numbers) == "No score yet: 0 done."
    assert part.describe(numbers | {"said": "press run"}) == "Nothing has run yet: press run."
    assert "λ 0.9: 2 seeds, mean 5 ± 2" in part.describe(scores([NAN, NAN], [4, 6]))


def test_settings_may_have_names_and_small_numbers_are_spoken_too():
    part = SeedScores("way", ["plain", "natural"], "score", (0, 9))
    ax = Picture([part]).figure.axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["plain", "natural"]
    assert "natural: 2 seeds, mean 5" in part.describe(scores([NAN, NAN], [4, 6]))
    assert "both 1.12·10⁻⁵" in Picture([tradeoff()]).describe(decades(0.0, np.log10(1.12e-5)))
