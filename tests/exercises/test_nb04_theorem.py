"""Notebook 04's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from verdicts import says

from pgcourse import zoo
from pgcourse.bellman import exact, occupancy
from pgcourse.exercises import check_border, check_constant, check_silent_bug, check_state_sampler
from pgcourse.exercises.nb04_theorem import DRAWS, _law, _maze, _walk
from pgcourse.gradients import policy_gradient
from pgcourse.policy import grad_log_softmax, softmax


def constant(answer):
    return check_constant(answer, gamma=0.95)


def border(answer):
    return check_border(answer, answer)


# The constant


def test_the_constant_may_be_a_number_or_a_function_of_gamma():
    assert constant(1 / (1 - 0.95))
    assert constant(lambda gamma: 1 / (1 - gamma))


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (0.05, "nearly", "Upside down"),
        (1, "nearly", "unnormalised"),
        (19, "nearly", "from t = 1"),
        (1 / 0.95, "nearly", "at each step"),
        (0.95, "nearly", "at each step"),
        (400, "nearly", "Once is enough"),
        (1 / 1.95, "nearly", "sign"),
        (-20, "nearly", "positive"),
        (100, "nearly", "this notebook's lake"),
        (50, "wrong", "Not 50"),
        (lambda gamma: 1 - gamma, "nearly", "Upside down"),
        (lambda gamma: 20, "wrong", "γ = 0.9"),
        (lambda: 20, "wrong", "TypeError"),
        (lambda gamma: None, "wrong", "is the `return` missing?"),
        (lambda gamma: lambda: 20, "wrong", "expected a number"),
        (lambda gamma: ..., "waiting", "three dots"),
    ],
)
def test_each_wrong_constant_has_its_own_answer(answer, tone, named):
    says(constant(answer), tone, named)


# A state from (1−γ)ρ^π


def one_step(mdp, pi, s, rng):
    return rng.choice(mdp.S, p=mdp.p[s, rng.choice(mdp.A, p=pi.probs[s])])


def start(mdp, rng):
    return rng.choice(mdp.S, p=mdp.rho_0)


def walks(mdp, pi, rng):
    s = start(mdp, rng)
    while rng.random() < mdp.gamma:
        s = one_step(mdp, pi, s, rng)
    return s


def draws_the_time_first(mdp, pi, rng):
    s = start(mdp, rng)
    for _ in range(rng.geometric(1 - mdp.gamma) - 1):
        s = one_step(mdp, pi, s, rng)
    return int(s)


def returns_an_end_at_once(mdp, pi, rng):
    s = start(mdp, rng)
    while rng.random() < mdp.gamma and not mdp.absorbing[s]:
        s = one_step(mdp, pi, s, rng)
    return s


def walks_with_numbers_drawn_at_once(mdp, pi, rng):
    s, go_on, where = start(mdp, rng), *rng.random((2, 3000))
    for coin, u in zip(go_on, where, strict=True):
        if coin >= mdp.gamma:
            return s
        s = int(np.searchsorted((pi.probs[s] @ mdp.p[s]).cumsum(), u, side="right"))


def draws_the_time_and_all_numbers_first(mdp, pi, rng):
    s = start(mdp, rng)
    for u in rng.random(rng.geometric(1 - mdp.gamma) - 1):
        s = int(np.searchsorted((pi.probs[s] @ mdp.p[s]).cumsum(), u, side="right"))
    return s


def draws_from_a_long_walk(mdp, pi, rng, gamma=None):
    """300 steps, and one of them by its weight γᵗ: right, and slow."""
    walk = [start(mdp, rng)]
    while len(walk) < 300:
        walk.append(one_step(mdp, pi, walk[-1], rng))
    weights = (mdp.gamma if gamma is None else gamma) ** np.arange(300)
    return walk[rng.choice(300, p=weights / weights.sum())]


def from_the_exact_law(mdp, pi, rng):
    return rng.choice(mdp.S, size=1, p=(1 - mdp.gamma) * occupancy(mdp, pi))


def walk_with(mdp, pi, rng, go_on, first=None, step=one_step):
    s = start(mdp, rng) if first is None else first
    while rng.random() < go_on:
        s = step(mdp, pi, s, rng)
    return s


def one_step_too_many(mdp, pi, rng):
    return one_step(mdp, pi, walks(mdp, pi, rng), rng)


def one_step_too_few(mdp, pi, rng):
    before = s = start(mdp, rng)
    while rng.random() < mdp.gamma:
        before, s = s, one_step(mdp, pi, s, rng)
    return before


def episode(mdp, pi, rng, longest=30):
    states = [start(mdp, rng)]
    while not mdp.absorbing[states[-1]] and len(states) < longest:
        states.append(one_step(mdp, pi, states[-1], rng))
    return states


def begins_again_at_an_end(mdp, pi, rng):
    while mdp.absorbing[s := walks(mdp, pi, rng)]:
        pass
    return s


def stays_before_the_end(mdp, pi, rng):
    s = start(mdp, rng)
    while rng.random() < mdp.gamma:
        new = one_step(mdp, pi, s, rng)
        if mdp.absorbing[new]:
            return s
        s = new
    return s


def walks_to_an_end(mdp, pi, rng):
    s = start(mdp, rng)
    while not mdp.absorbing[s]:
        s = one_step(mdp, pi, s, rng)
    return s


def any_state_of_the_walk(mdp, pi, rng):
    states = [start(mdp, rng)]
    while rng.random() < mdp.gamma:
        states.append(one_step(mdp, pi, states[-1], rng))
    return rng.choice(states)


def walks_at_most(most):
    """A limit for the steps, for safety: it is seen where walks are long."""

    def my_sample(mdp, pi, rng):
        s = start(mdp, rng)
        for _ in range(most):
            if rng.random() > mdp.gamma:
                break
            s = one_step(mdp, pi, s, rng)
        return s

    return my_sample


def never_ends_where_nothing_ends(mdp, pi, rng):
    s = walks(mdp, pi, rng)
    while not mdp.absorbing.any():
        s = one_step(mdp, pi, s, rng)
    return s


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize(
    "answer",
    [
        walks,
        draws_the_time_first,
        returns_an_end_at_once,
        walks_with_numbers_drawn_at_once,
        draws_the_time_and_all_numbers_first,
        draws_from_a_long_walk,
        walks_at_most(1000),
    ],
)
def test_a_walk_that_stops_at_the_right_times_is_right_however_it_is_written(answer):
    assert check_state_sampler(answer)


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        (from_the_exact_law, "nearly", "if you draw from (1−γ)ρ^π itself"),
        (lambda mdp, pi, rng: walk_with(mdp, pi, rng, 0.97 * mdp.gamma), "wrong", "of your draws are state 11"),
        (
            lambda mdp, pi, rng: walk_with(mdp, pi, rng, 1 - 0.7 * (1 - mdp.gamma)),
            "wrong",
            "of your draws are state 11",
        ),
        (lambda mdp, pi, rng: 0, "nearly", "ever take a step"),
        (lambda mdp, pi, rng: start(mdp, rng), "nearly", "ever take a step"),
        (lambda mdp, pi, rng: walk_with(mdp, pi, rng, 1 - mdp.gamma), "nearly", "γ is the probability to go on"),
        (one_step_too_many, "nearly", "One step too many"),
        (one_step_too_few, "nearly", "One step too few"),
        (lambda mdp, pi, rng: rng.choice(episode(mdp, pi, rng)[:-1]), "nearly", "count alike"),
        (lambda mdp, pi, rng: rng.choice(episode(mdp, pi, rng)), "nearly", "replay buffer"),
        (begins_again_at_an_end, "nearly", "You never return an end"),
        (stays_before_the_end, "nearly", "But there it stays"),
        (lambda mdp, pi, rng: draws_from_a_long_walk(mdp, pi, rng, 1.0), "wrong", "of your draws are state 11"),
        (walks_to_an_end, "nearly", "stops only at an end"),
        (any_state_of_the_walk, "nearly", "return the last one"),
        (walks_at_most(11), "nearly", "never takes more than 11 steps"),
        (walks_at_most(100), "nearly", "never takes more than 100 steps"),
        (never_ends_where_nothing_ends, "wrong", "thousands of steps"),
        (lambda mdp, pi, rng: walk_with(mdp, pi, rng, mdp.gamma, first=0), "nearly", "starts in state 0"),
        (
            lambda mdp, pi, rng: walk_with(
                mdp, pi, rng, mdp.gamma, step=lambda m, pi, s, g: g.choice(m.S, p=m.p[s, g.integers(m.A)])
            ),
            "nearly",
            "drawn uniformly",
        ),
        (
            lambda mdp, pi, rng: walk_with(
                mdp, pi, rng, mdp.gamma, step=lambda m, pi, s, g: g.choice(m.S, p=m.p[s, pi.probs[s].argmax()])
            ),
            "nearly",
            "likeliest action",
        ),
        (
            lambda mdp, pi, rng: walk_with(
                mdp, pi, rng, mdp.gamma, first=None if mdp.rho_0[0] == 1 else rng.integers(mdp.S)
            ),
            "nearly",
            "anywhere with the same probability",
        ),
        (
            lambda mdp, pi, rng: walks(mdp, pi, rng) if mdp.absorbing.any() else episode(mdp, pi, rng)[-1],
            "nearly",
            "γ has no part",
        ),
        (lambda mdp, pi, rng: rng.integers(mdp.S), "nearly", "count alike"),
        (lambda mdp, pi, rng: min(walks(mdp, pi, rng) + 1, mdp.S - 1), "nearly", "One step too many"),
        (lambda mdp, pi, rng: min(2 * rng.integers(2), mdp.S - 1), "wrong", "of your draws are state"),
        (lambda mdp, pi, rng: mdp.S, "wrong", "expected one state"),
        (lambda mdp, pi, rng: -1, "wrong", "expected one state"),
        (lambda mdp, pi, rng: 1.5, "wrong", "expected one state"),
        (lambda mdp, pi, rng: episode(mdp, pi, rng), "wrong", "expected one state"),
        (lambda mdp, pi, rng: mdp.rho_0, "wrong", "expected one state"),
        (lambda mdp, pi, rng: "s0", "wrong", "expected one state"),
        (lambda mdp: 0, "wrong", "TypeError"),
        (lambda mdp, pi, rng: rng.choice(mdp.A, p=pi[0]), "wrong", "are pi.probs[s]"),
        (lambda mdp, pi, rng: rng.choice(mdp.S, p=occupancy(mdp, pi)), "wrong", "itself sums to 1/(1−γ)"),
        (lambda mdp, pi, rng: 1 / 0, "wrong", "ZeroDivisionError"),
        (lambda mdp, pi, rng: ..., "waiting", "three dots"),
        (lambda mdp, pi, rng: None, "wrong", "is the `return` missing?"),
    ],
)
def test_each_wrong_sampler_has_its_own_answer(answer, tone, named):
    verdict = check_state_sampler(answer)
    assert verdict.tone == tone, verdict
    assert named in verdict.message


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize(
    ("first", "named"),
    [
        ("np.random", "no number comes from the rng that you are given"),
        ("rng", "If you also draw with np.random, use rng for all"),
    ],
)
def test_a_walk_with_other_numbers_than_rng_s_is_told_so_and_not_that_it_takes_no_step(first, named):
    own = np.random.RandomState(1)  # as np.random's functions, and known

    def my_sample(mdp, pi, rng):
        return walk_with(mdp, pi, own, mdp.gamma, first=start(mdp, rng if first == "rng" else own))

    verdict = check_state_sampler(my_sample)
    says(verdict, "nearly", named)
    assert "takes no step" not in verdict.message


def test_an_error_inside_the_generator_is_not_blamed_on_a_line_of_numpy():
    verdict = check_state_sampler(lambda mdp, pi, rng: rng.choice(mdp.S, p=mdp.p[start(mdp, rng)]))
    says(verdict, "wrong", "rng.choice(")
    assert "in line" not in verdict.message


def test_the_laws_of_the_usual_mistakes_are_far_from_the_right_one_and_from_each_other():
    """So that a verdict names the mistake that was made: 10 standard deviations apart at least."""
    for mdp, pi, known in (_walk(), _maze()):
        laws = [_law(mdp, pi), *known.values()]
        assert all(law.sum() == pytest.approx(1) for law in laws)
        for i, one in enumerate(laws):
            for other in laws[:i]:
                spread = np.sqrt(np.maximum(one * (1 - one), other * (1 - other)) / DRAWS)
                assert (np.abs(one - other) / np.maximum(spread, 1e-9)).max() > 10


# The silent bug


def B():
    """An estimator is named by itself, too."""


@pytest.mark.parametrize("answer", ["B", "b", " B ", B])
def test_the_biased_estimator_is_convicted(answer):
    assert check_silent_bug(answer)


@pytest.mark.parametrize(("answer", "named"), [("A", "a baseline like any other"), ("c", "the sum of its own weights")])
def test_the_wrongly_accused_are_told_why_they_are_innocent(answer, named):
    says(check_silent_bug(answer), "wrong", named)
    says(check_silent_bug(answer), "wrong", "z_scores")


# The border


@pytest.mark.parametrize("answer", [(1, 0), (1.0, -0.0), (np.float64(1), np.int64(0)), (Fraction(1), 0)])
def test_at_the_border_the_slope_is_1_and_the_estimate_0(answer):
    assert check_border(*answer)


@pytest.mark.parametrize(
    ("answer", "tone", "named"),
    [
        ((-1, 0), "nearly", "wrong sign"),
        ((0, 0), "wrong", "slope is not 0"),
        ((2, 0), "wrong", "slope is not 2"),
        ((1, 1), "nearly", "never drawn"),
        ((1, float("inf")), "nearly", "1/t is huge"),
        ((1, -1), "nearly", "its reward is 0"),
        ((1, 0.5), "wrong", "not 0.5"),
        ((1, ...), "waiting", "the average"),
        ((..., 0), "waiting", "the slope"),
        ((1, "0"), "wrong", "expected a number"),
        ((1, float("nan")), "wrong", "It exists"),
        ((None, 0), "wrong", "The slope is None, expected a number."),
    ],
)
def test_each_wrong_prediction_at_the_border_has_its_own_answer(answer, tone, named):
    says(check_border(*answer), tone, named)


def test_the_exact_gradient_convicts_b_and_acquits_a_and_c():
    """What notebook 04 shows by sampling, summed up exactly: on the lake at θ = (1, 3) B is nearly twice too long."""
    lake, phi = zoo.frozen_lake(), zoo.lake_features()
    pi = softmax(phi, [1.0, 3.0])
    v_pi, q_pi, rho_pi, _ = exact(lake, pi)
    grad_log_pi = grad_log_softmax(phi, pi)
    grad_J = policy_gradient(rho_pi, pi, q_pi, grad_log_pi)
    others = (v_pi[:, None] - pi.probs * q_pi) / (1 - pi.probs)
    alive = np.where(lake.absorbing, 0, rho_pi)
    np.testing.assert_allclose(policy_gradient(rho_pi, pi, q_pi - 1, grad_log_pi), grad_J, rtol=1e-9)
    np.testing.assert_allclose(policy_gradient(alive, pi, q_pi, grad_log_pi), grad_J, rtol=1e-9)
    b = policy_gradient(rho_pi, pi, q_pi - others, grad_log_pi)
    assert 1.8 < np.linalg.norm(b) / np.linalg.norm(grad_J) < 2.1
