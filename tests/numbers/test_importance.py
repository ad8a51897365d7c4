"""Importance weights by enumeration: against the exact ∇J_H, samples, a loop over one path, and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from pgcourse import zoo
from pgcourse.horizon import Plan, softmax_gradient_by_time, states_by_time, values_by_time
from pgcourse.importance import (
    WEIGHTS,
    all_paths,
    effective_share,
    mean_and_variance,
    off_policy_estimates,
    path_probabilities,
    path_ratios,
)
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, grad_log_softmax, tabular, tabular_softmax
from pgcourse.sampling import rollouts

H = 5
MDP, PI = zoo.three_states(), Policy.uniform(3, 2)
B = tabular_softmax(np.random.default_rng(5).standard_normal((3, 2)))
SCORE = grad_log_softmax(tabular(3, 2), PI)
PATHS = all_paths(MDP, H)
ENDING, OLD, NEW = (
    zoo.garnet(4, 3, 2, 0.8, np.random.default_rng(2), absorbing=1),
    *(tabular_softmax(np.random.default_rng(k).standard_normal((4, 3))) for k in (3, 4)),
)


def gradient(mdp, pi, horizon):
    """∇J_H of the tabular softmax, by the values of each time."""
    plan = Plan.repeat(pi, horizon)
    _, q = values_by_time(mdp, plan)
    return softmax_gradient_by_time(states_by_time(mdp, plan), plan, q, gamma=mdp.gamma).sum(axis=0).ravel()


def moments(which, mdp=MDP, pi=PI, b=B, paths=PATHS):
    score = grad_log_softmax(tabular(mdp.S, mdp.A), pi)
    return mean_and_variance(path_probabilities(paths, b), off_policy_estimates(mdp, paths, pi, b, score, which))


def test_all_paths_are_there_once_and_their_probabilities_sum_to_one():
    assert PATHS.s.shape == (3 * 2 * 4**4, H)
    assert len(np.unique(np.hstack([PATHS.s, PATHS.a]), axis=0)) == len(PATHS.p)
    for b in (PI, B):
        assert path_probabilities(PATHS, b).sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("which", "cosine", "variance"),
    [
        ("none", 0.630, 13.0),
        ("the action's", 0.9994, 11.8),
        ("up to t", 0.9998, 12.3),
        ("per decision", 1, 15.5),
        ("whole", 1, 24.0),
        ("whole, all rewards", 1, 65.8),
    ],
)
def test_means_and_variances_with_each_weight(which, cosine, variance):
    """Found independently for this course."""
    mean, spread = moments(which)
    grad_J = gradient(MDP, PI, H)
    assert mean @ grad_J / np.linalg.norm(mean) / np.linalg.norm(grad_J) == pytest.approx(
        cosine, abs=6e-5 + 5e-4 * (cosine < 0.9)
    )
    assert spread == pytest.approx(variance, abs=0.06)


@pytest.mark.parametrize("which", ["per decision", "whole", "whole, all rewards"])
def test_three_weights_give_the_gradient_whatever_the_behaviour_and_wherever_it_ends(which):
    np.testing.assert_allclose(moments(which)[0], gradient(MDP, PI, H), atol=1e-12)
    paths = all_paths(ENDING, 4)
    mean, _ = moments(which, ENDING, NEW, OLD, paths)
    np.testing.assert_allclose(mean, gradient(ENDING, NEW, 4), atol=1e-12)


@pytest.mark.parametrize("which", WEIGHTS)
def test_on_policy_all_weights_have_the_mean_of_the_gradient(which):
    np.testing.assert_allclose(moments(which, b=PI)[0], gradient(MDP, PI, H), atol=1e-12)


def one_by_hand(mdp, s, a, pi, b, score, which):
    """ĝ of one path in loops, from the definition."""
    rho = [pi.probs[x, y] / b.probs[x, y] for x, y in zip(s, a, strict=True)]
    g = np.zeros(score.shape[2])
    for t in range(len(s)):
        for k in range(t if which != "whole, all rewards" else 0, len(s)):
            w = {"none": 1, "the action's": rho[t], "up to t": np.prod(rho[: t + 1])}.get(which, np.prod(rho))
            w = np.prod(rho[: k + 1]) if which == "per decision" else w
            g += w * mdp.gamma**k * mdp.r[s[k], a[k]] * score[s[t], a[t]]
    return g


@pytest.mark.parametrize("which", WEIGHTS)
def test_each_estimate_is_that_of_its_path_written_out(which):
    found = off_policy_estimates(MDP, PATHS, PI, B, SCORE, which)
    for m in (0, 7, 700, 1535):
        np.testing.assert_allclose(
            found[m], one_by_hand(MDP, PATHS.s[m], PATHS.a[m], PI, B, SCORE, which), rtol=1e-11, atol=1e-13
        )


def test_sampled_trajectories_have_the_enumerated_mean():
    """Trajectories that may end early, drawn by `rollouts` from b; one z-score a component."""
    n, horizon = 20_000, 4
    tau = rollouts(ENDING, OLD, n, horizon, np.random.default_rng(0))
    score = grad_log_softmax(tabular(4, 3), NEW)
    s, a = tau.steps.s, tau.steps.a
    ratio, t, of = NEW.probs[s, a] / OLD.probs[s, a], tau.steps.t, tau.steps.n
    table = np.ones((n, horizon))
    table[of, t] = ratio
    paid, scores = np.zeros((n, horizon)), np.zeros((n, horizon, 12))
    paid[of, t], scores[of, t] = ENDING.gamma**t * ENDING.r[s, a], score[s, a]
    W = table.cumprod(axis=1)
    to_go = (W * paid)[:, ::-1].cumsum(axis=1)[:, ::-1]
    sampled = np.einsum("nt,ntd->nd", to_go, scores)
    mean, _ = moments("per decision", ENDING, NEW, OLD, all_paths(ENDING, horizon))
    z = (sampled.mean(axis=0) - mean) / (sampled.std(axis=0) / np.sqrt(n) + 1e-12)
    assert np.abs(z).max() < 4.5


def test_the_effective_share_is_one_over_the_mean_square_of_the_weight():
    for mdp, pi, b, horizon in ((MDP, PI, B, 5), (ENDING, NEW, OLD, 4)):
        paths = all_paths(mdp, horizon)
        W = path_ratios(paths, pi, b).prod(axis=1)
        expected = 1 / (path_probabilities(paths, b) @ W**2)
        assert effective_share(mdp, pi, b, horizon) == pytest.approx(expected, rel=1e-12)
    sure = Policy(np.tile([0.9, 0.1], (3, 1)))
    for horizon in (1, 10, 20):
        assert effective_share(MDP, sure, PI, horizon) == pytest.approx(1.64**-horizon, rel=1e-12)
    assert effective_share(MDP, PI, PI, 9) == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: all_paths(MDP, 0), "H is 0, expected an integer ≥ 1"),
        (lambda: all_paths(MDP, 60), "H is 60: three states has more paths than can be listed"),
        (lambda: all_paths(zoo.garnet(90, 9, 90, 0.9, np.random.default_rng(0)), 4), "more paths than can be listed"),
        (lambda: all_paths(FiniteMDP(np.ones((1, 10**6, 1)), np.ones((1, 10**6)), 0.9, [1]), 2), "more paths than can"),
        (
            lambda: path_ratios(PATHS, PI, Policy.deterministic([0, 1, 0], 2)),
            r"b\[s=0, a=1\] is 0 where pi is 0.5, expected b > 0 wherever pi > 0",
        ),
        (lambda: off_policy_estimates(MDP, PATHS, PI, B, SCORE, "some"), "which is 'some', expected one of 'none'"),
        (lambda: off_policy_estimates(MDP, PATHS, PI, B, SCORE[:2], "none"), r"grad_log_pi has shape \(2, 2, 6\)"),
        (
            lambda: effective_share(MDP, PI, Policy.deterministic([0, 1, 0], 2), 3),
            r"b\[s=0, a=1\] is 0 where pi is 0.5",
        ),
    ],
    ids=["no step", "too long", "too wide", "many actions", "never", "word", "scores", "share"],
)
def test_what_has_no_meaning_is_refused_by_name(call, said):
    with pytest.raises(ValueError, match=said):
        call()


@pytest.mark.filterwarnings("error")
def test_the_effective_share_of_very_long_trajectories_is_0_or_that_of_the_states_that_are_reached():
    """State 1, where the square of W overflows, is out of reach from 0 in the second MDP."""
    sure, apart = Policy([[0.5, 0.5], [0.9, 0.1]]), np.tile(np.eye(2)[:, None], (1, 2, 1))
    mixed = FiniteMDP(np.full((2, 2, 2), 0.5), np.zeros((2, 2)), 0.9, [1.0, 0.0])
    assert effective_share(mixed, sure, Policy.uniform(2, 2), 10_000) == 0
    for rho_0, share in (([1.0, 0.0], 1.0), ([0.0, 1.0], 0.0)):
        mdp = FiniteMDP(apart, np.eye(2), 0.9, rho_0)
        assert effective_share(mdp, sure, Policy.uniform(2, 2), 2000) == pytest.approx(share, rel=1e-12)
