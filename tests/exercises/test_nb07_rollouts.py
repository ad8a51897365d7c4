"""Notebook 07's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

import numpy as np
import pytest
from verdicts import says

from pgcourse.bellman import reward, transition
from pgcourse.exercises import (
    check_baseline,
    check_biased,
    check_crossing,
    check_reward_to_go,
    check_td,
    check_weights,
)
from pgcourse.exercises.enumerated import small
from pgcourse.exercises.nb07_rollouts import BIASED, DEVICES, six_lines
from pgcourse.gradients import finite_differences
from pgcourse.policy import softmax
from pgcourse.zoo import garnet


def to_go(r, gamma):
    G = 0.0
    return np.array([G := x + gamma * G for x in r[::-1]])[::-1]


def gammas(r, gamma):
    return gamma ** np.arange(len(r))


# The functions: (answer, tone, what is named)

TO_GO = [
    (lambda r, g: gammas(r, g) * to_go(r, g), "nearly", "γᵗ G_t"),
    (lambda r, g: np.full(len(r), to_go(r, g)[0]), "nearly", "G₀ at every step"),
    (lambda r, g: to_go(r, g)[0], "nearly", "Yours is G₀"),
    (lambda r, g: to_go(r, 1), "nearly", "γ is missing"),
    (lambda r, g: np.cumsum(gammas(r, g) * r), "wrong", "forwards"),
    (lambda r, g: np.cumsum(r), "wrong", "forwards, and γ is missing"),
    (lambda r, g: to_go(r[::-1], g), "wrong", "played backwards"),
    (lambda r, g: to_go(r[::-1], g)[::-1], "wrong", "G[t] = r[t] + γ G[t−1] runs forwards"),
    (lambda r, g: to_go(r, g)[::-1], "nearly", "the last r_{T−1}"),
    (lambda r, g: np.append(to_go(r, g), 0), "nearly", "Leave out the last one"),
    (lambda r, g: np.append(to_go(r, g)[1:], 0), "nearly", "Off by one"),
    (lambda r, g: g * to_go(r, g), "nearly", "one γ too many"),
    (lambda r, g: r, "wrong", "Those are the rewards"),
    (lambda r, g: 2 * r, "wrong", "G_1 is -0.9919; you have 0.6"),
    (lambda r, g: np.full(len(r), np.nan), "wrong", "you have nan"),
    (lambda r, g: r[:-1], "wrong", "has shape (4,)"),
    (lambda r: r, "wrong", "TypeError"),
    (lambda r, g: None, "wrong", "is the `return` missing?"),
]


@pytest.mark.parametrize(
    "answer",
    [to_go, lambda r, g: [sum(g ** (k - t) * r[k] for k in range(t, len(r))) for t in range(len(r))]],
)
def test_the_reward_to_go_is_right_in_any_of_its_spellings(answer):
    assert check_reward_to_go(answer)


@pytest.mark.parametrize(("answer", "tone", "named"), TO_GO)
def test_a_wrong_reward_to_go_is_told_what_it_is(answer, tone, named):
    says(check_reward_to_go(answer), tone, named)


def size(scores):
    return (scores**2).sum(axis=1)


BASELINES = [
    (lambda G, x: G.mean(), "nearly", "mean return"),
    (lambda G, x: np.median(G), "wrong", "median"),
    (lambda G, x: (np.sqrt(size(x)) * G).sum() / np.sqrt(size(x)).sum(), "nearly", "so is its length"),
    (lambda G, x: (size(x) * G).mean(), "nearly", "divide by the mean weight"),
    (lambda G, x: (size(x) * G).sum(), "nearly", "Divide by the sum"),
    (lambda G, x: (x[:, 0] ** 2 * G).sum() / (x[:, 0] ** 2).sum(), "nearly", "first component"),
    (lambda G, x: ((G @ x**2) / (x**2).sum(axis=0)).mean(), "nearly", "sum before dividing"),
    (lambda G, x: (G @ x**2) / (x**2).sum(axis=0), "nearly", "for each component"),
    (lambda G, x: size(x).sum() / (size(x) * G).sum(), "wrong", "upside down"),
    (lambda G, x: -(size(x) * G).sum() / size(x).sum(), "nearly", "sign is turned round"),
    (lambda G, x: np.nan, "wrong", "expected a finite number"),
    (lambda G, x: 0.0, "wrong", "the variance is"),
    (lambda G, x: G, "wrong", "expected one number"),
    (lambda G, x: G @ x, "wrong", "expected one number"),
    (lambda G: 0, "wrong", "TypeError"),
    (lambda G, x: ..., "waiting", "three dots"),
]


def sample_best(G, x):
    """The exact minimiser of the sample's own variance, whose mean score is not quite 0."""
    centred = x - x.mean(axis=0)
    return (G[:, None] * x * centred).sum() / (centred**2).sum()


@pytest.mark.parametrize(
    "answer",
    [lambda G, x: (size(x) * G).sum() / size(x).sum(), sample_best],
)
def test_the_best_baseline_is_right_as_a_mean_and_as_the_sample_s_own(answer):
    assert check_baseline(answer)


def test_no_other_number_has_less_variance_than_the_sample_s_own():
    rng = np.random.default_rng(1)
    G, x = rng.standard_normal(50), rng.standard_normal((50, 3))
    b = sample_best(G, x)
    variances = [((G - c)[:, None] * x).var(axis=0).sum() for c in (b, b - 0.01, b + 0.01)]
    assert variances[0] < min(variances[1:])


@pytest.mark.parametrize(("answer", "tone", "named"), BASELINES)
def test_a_wrong_baseline_is_told_what_it_is(answer, tone, named):
    says(check_baseline(answer), tone, named)


# The small MDP and its exact means


def test_the_small_mdp_s_gradient_is_that_of_finite_differences():
    rng = np.random.default_rng(2)
    mdp, phi = garnet(3, 2, 2, 0.8, rng), rng.standard_normal((3, 2, 3))

    def J(theta):
        pi, value = softmax(phi, theta), np.zeros(3)
        for _ in range(4):
            value = reward(mdp, pi) + mdp.gamma * transition(mdp, pi) @ value
        return mdp.rho_0 @ value

    np.testing.assert_allclose(small().grad_J, finite_differences(J, rng.standard_normal(3)), rtol=1e-6)
    assert small().p.sum() == pytest.approx(1)


@pytest.mark.parametrize("letter", BIASED)
def test_what_is_called_biased_is_and_what_is_not_is_not(letter):
    bias = small().bias(six_lines()[letter][1])
    assert bias > 0.1 if BIASED[letter][0] else bias < 1e-12


TRUTH = {letter: truth for letter, (truth, _) in BIASED.items()}


def test_the_two_biased_ones_are_right():
    assert check_biased(TRUTH)
    assert check_biased({letter: np.bool_(truth) for letter, truth in TRUTH.items()})


@pytest.mark.parametrize("letter", BIASED)
def test_each_wrong_letter_is_told_why_and_its_exact_bias(letter):
    verdict = check_biased(TRUTH | {letter: not TRUTH[letter]})
    assert verdict.tone == "nearly"
    assert verdict.message.startswith("5 of 6 are right.")
    assert BIASED[letter][1] in verdict.message
    assert ("% of |∇J|" in verdict.message) == TRUTH[letter]


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (TRUTH | {"C": ...}, "waiting", "for C"),
        ({"A": False}, "wrong", "B is missing"),
        (TRUTH | {"D": "no"}, "wrong", "D has 'no', expected True"),
        ({letter: not truth for letter, truth in TRUTH.items()}, "wrong", "A, G[0]"),
    ],
)
def test_other_answers_about_bias_are_understood(answer, tone, named):
    says(check_biased(answer), tone, named)


def standardised(G, eps=0.0, ddof=0):
    return (G - G.mean()) / (G.std(ddof=ddof) + eps)


def paid_before(r):
    return np.append(0, np.cumsum(r)[:-1])


WEIGHTS = [
    (to_go, "nearly", "γᵗ is still lost. Summed over all trajectories of a small MDP, the bias is 27 %"),
    (lambda r, g: gammas(r, g) * to_go(r, g)[0], "wrong", "discounted twice"),
    (lambda r, g: gammas(r, g) ** 2 * to_go(r, g), "nearly", "one γᵗ too many"),
    (lambda r, g: g * gammas(r, g) * to_go(r, g), "nearly", "γᵗ⁺¹"),
    (lambda r, g: (1 - g) * gammas(r, g) * to_go(r, g), "nearly", "1 − γ is too much"),
    (lambda r, g: (1 - g) * to_go(r, g), "nearly", "γᵗ is lost, and 1 − γ"),
    (lambda r, g: standardised(to_go(r, g)), "wrong", "You standardise"),
    (lambda r, g: gammas(r, g) * standardised(to_go(r, g), eps=1e-8), "wrong", "You standardise"),
    (lambda r, g: standardised(to_go(r, g), ddof=1), "wrong", "You standardise"),
    (lambda r, g: gammas(r, g) * to_go(r, 1), "nearly", "inside G_t"),
    (lambda r, g: to_go(r, 1), "wrong", "No γ anywhere"),
    (lambda r, g: gammas(r, g) * r, "wrong", "Only the next reward"),
    (lambda r, g: r, "wrong", "rewards themselves"),
    (lambda r, g: np.full(len(r), to_go(r, g)[0]), "nearly", "Unbiased! But the variance is 2.18 times"),
    (lambda r, g: np.full(len(r), to_go(r, g)[0]), "nearly", "rewards from before t are in it"),
    (lambda r, g: gammas(r, g) * to_go(r, g) - 0.1 * paid_before(r), "nearly", "rewards from before t are in it"),
    (lambda r, g: gammas(r, g) * (to_go(r, g) - 10), "nearly", "your baseline makes it worse than none"),
    (lambda r, g: -gammas(r, g) * to_go(r, g), "nearly", "the sign is not"),
    (lambda r, g: gammas(r, g) * (to_go(r, g) - to_go(r, g).mean()), "wrong", "depends on the actions"),
    (lambda r, g: to_go(r, g) - to_go(r, g).mean(), "wrong", "γᵗ is lost, and a mean"),
    (lambda r, g: r**2, "wrong", "% of |∇J|"),
    (lambda r, g: r * np.nan, "wrong", "not finite"),
    (lambda r, g: r[:2], "wrong", "one weight for each reward"),
    (lambda r, g: ..., "waiting", "three dots"),
    (lambda r, g: 1 / 0, "wrong", "ZeroDivisionError"),
]


@pytest.mark.parametrize(
    "answer",
    [lambda r, g: gammas(r, g) * to_go(r, g), lambda r, g: [(gammas(r, g) * r)[t:].sum() for t in range(len(r))]],
)
def test_the_right_weights_have_no_bias(answer):
    assert check_weights(answer)


def test_a_constant_taken_off_is_right_and_told_what_it_saves():
    verdict = check_weights(lambda r, g: gammas(r, g) * (to_go(r, g) - 1.2))
    assert verdict
    assert "0.77 times that of γᵗ G_t" in verdict.message


@pytest.mark.parametrize(("answer", "tone", "named"), WEIGHTS)
def test_wrong_weights_are_convicted_by_the_exact_gradient(answer, tone, named):
    says(check_weights(answer), tone, named)


# Two ends

TD = [
    (lambda r, v, w, x, c, g: r + g * w * ~(x | c) - v, "nearly", "the bug itself"),
    (lambda r, v, w, x, c, g: r + g * w - v, "nearly", "even where the process is over"),
    (lambda r, v, w, x, c, g: r + g * w * ~c - v, "wrong", "exchanged"),
    (lambda r, v, w, x, c, g: r + g * w * x - v, "nearly", "just where"),
    (lambda r, v, w, x, c, g: r + g * w * c - v, "wrong", "wherever life goes on"),
    (lambda r, v, w, x, c, g: r + g * w * (x | c) - v, "wrong", "drop it where life goes on"),
    (lambda r, v, w, x, c, g: r + w * ~x - v, "nearly", "γ is missing"),
    (lambda r, v, w, x, c, g: r + g * w * ~x, "nearly", "the target"),
    (lambda r, v, w, x, c, g: v - r - g * w * ~x, "nearly", "sign"),
    (lambda r, v, w, x, c, g: r + (g * w - v) * ~x, "nearly", "At the end δ is r − v(s)"),
    (lambda r, v, w, x, c, g: (r + g * w - v) * ~x, "wrong", "the last lesson"),
    (lambda r, v, w, x, c, g: (r + g * w - v) * ~(x | c), "wrong", "not 0 where"),
    (lambda r, v, w, x, c, g: r + g * w * (~(x | c) | c) - v, "nearly", "Where both are true the process is over"),
    (lambda r, v, w, x, c, g: r + g * w * ~(x & ~c) - v, "nearly", "Where both are true the process is over"),
    (
        lambda r, v, w, x, c, g: np.where(c, r + g * w, np.where(x, r, r + g * w)) - v,
        "nearly",
        "Where both are true the process is over",
    ),
    (lambda r, v, w, x, c, g: r, "wrong", "γ = 0.9, δ is "),
    (lambda r, v, w, x, c, g: r + 9.0 * (x & c) - v + g * w * ~x, "wrong", "terminated and truncated, γ = 0.9"),
    (lambda r, v, w, x, c, g: r.sum(), "wrong", "expected (8,)"),
    (lambda r, v, w, x, c, g: r + g * w * (not x) - v, "wrong", "ValueError"),
    (lambda r, v, w, x, c, g: None, "wrong", "is the `return` missing?"),
]


@pytest.mark.parametrize(
    "answer",
    [
        lambda r, v, w, x, c, g: r + g * w * ~x - v,
        lambda r, v, w, x, c, g: r + np.where(x, 0, g * w) - v,
        lambda r, v, w, x, c, g: (r + g * w * (1 - x) - v).tolist(),
    ],
)
def test_v_is_left_out_at_terminations_alone(answer):
    assert check_td(answer)


@pytest.mark.parametrize(("answer", "tone", "named"), TD)
def test_a_wrong_td_error_is_told_what_it_is(answer, tone, named):
    says(check_td(answer), tone, named)


# Published curves

RISES = {device: rise for device, (rise, _) in DEVICES.items()}


def test_only_the_last_reward_moves_the_optimum():
    assert check_crossing(RISES)
    assert check_crossing(RISES | {"last reward 0": 1.002, "cut at 300": 0})


@pytest.mark.parametrize(
    ("change", "tone", "named"),
    [
        ({"last reward 0": -1}, "nearly", "sign"),
        ({"last reward 0": 0}, "wrong", "does move the optimum"),
        ({"last reward 0": -10.66}, "nearly", "best value itself"),
        ({"last reward 0": 2}, "wrong", "one less"),
        ({"cut at 300": -11.66}, "nearly", "by how much it rises"),
        ({"cut at 300": 5.0}, "wrong", "the *first* policies"),
        ({"P(right) clipped": -1}, "wrong", "0.586"),
        ({"cut at 300": ...}, "waiting", "cut at 300"),
        ({"cut at 300": "none"}, "wrong", "expected a number"),
    ],
)
def test_other_rises_are_told_to_look_at_the_best_policy(change, tone, named):
    says(check_crossing(RISES | change), tone, named)
