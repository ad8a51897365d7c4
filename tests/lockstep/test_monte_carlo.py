"""REINFORCE in lockstep, alone and with a baseline: step by step as in the textbook, and its figures 13.1 and 13.2."""

from __future__ import annotations

from itertools import islice

import numpy as np
import pytest
from lockstep_runs import ALIKE, CORRIDOR, START, TINY, garnet, last, z_scores

from pgcourse import zoo
from pgcourse.bellman import transition
from pgcourse.gradients import policy_gradient
from pgcourse.lockstep import episodes, monte_carlo
from pgcourse.lockstep.episodes import one_episode_each
from pgcourse.lockstep.lanes import Lanes
from pgcourse.lockstep.monte_carlo import baseline_runs, reinforce_runs
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import grad_log_softmax, softmax


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize("w", [None, np.arange(6.0)])
def test_an_episode_moves_theta_along_the_gradient_in_the_mean(w):
    mdp, phi, theta, pi, (_, q_pi, rho_pi, J), grad_log_pi = garnet(absorbing=2)
    seeds = range(20_000)
    if w is None:
        state = next(reinforce_runs(mdp, phi, theta, alpha=TINY, seeds=seeds, horizon=1000))
    else:
        state = next(
            baseline_runs(mdp, phi, theta, alpha=TINY, seeds=seeds, horizon=1000, x=np.eye(6), alpha_w=0.0, w=w)
        )
        assert np.array_equal(state.w, np.tile(w, (20_000, 1)))
    assert not state.truncated.any()
    estimates = (state.theta - theta) / TINY
    assert np.abs(z_scores(estimates, policy_gradient(rho_pi, pi, q_pi, grad_log_pi))).max() < 4
    assert np.abs(z_scores(state.returns[:, None], J)).max() < 4
    assert np.array_equal(state.steps, state.length)


def test_an_update_is_the_textbook_s_loop_with_theta_and_w_moving_at_every_step():
    mdp, phi, theta, *_ = garnet(absorbing=1)
    alpha, alpha_w, x, seeds = (
        np.array([0.1, 0.3, 0.2]),
        0.05,
        np.random.default_rng(0).standard_normal((6, 2)),
        (4, 5, 6),
    )
    lived = one_episode_each(Lanes.of(mdp, phi, theta, seeds, x, None), np.tile(theta, (3, 1)), 500)
    state = next(baseline_runs(mdp, phi, theta, alpha=alpha, seeds=seeds, horizon=500, x=x, alpha_w=alpha_w))
    assert np.array_equal(state.length, lived.length)
    for rank, k in enumerate(lived.by_length):
        steps = [begin + rank for begin, end in zip(lived.edges, lived.edges[1:], strict=False) if begin + rank < end]
        s, a = lived.s[steps], lived.a[steps]
        rewards, th, w = mdp.r[s, a], theta.copy(), np.zeros(2)
        assert len(s) == state.length[k] > 0
        assert state.returns[k] == pytest.approx((0.9 ** np.arange(len(s)) * rewards).sum())
        for t in range(len(s)):
            G = sum(0.9 ** (i - t) * rewards[i] for i in range(t, len(s)))
            delta = G - w @ x[s[t]]
            score = grad_log_softmax(phi, softmax(phi, th))[s[t], a[t]]
            w += alpha_w * delta * x[s[t]]
            th += alpha[k] * 0.9**t * delta * score
        np.testing.assert_allclose(state.theta[k], th, rtol=1e-10)
        np.testing.assert_allclose(state.w[k], w, rtol=1e-10)


def test_an_episode_that_the_horizon_cuts_says_so_and_counts_what_was_seen():
    state = next(reinforce_runs(CORRIDOR, ALIKE, START, alpha=TINY, seeds=range(5000), horizon=7))
    assert 0.5 < state.truncated.mean() < 1
    assert (state.length[state.truncated] == 7).all()
    assert np.array_equal(state.returns, -state.length)
    pi = softmax(ALIKE, START)
    left = CORRIDOR.rho_0 @ np.linalg.matrix_power(transition(CORRIDOR, pi), 7)
    assert abs(z_scores(state.truncated[:, None], 1 - left[3])[0]) < 4


def test_an_episode_that_begins_at_the_end_has_no_step_and_changes_nothing():
    mdp = FiniteMDP(CORRIDOR.p, CORRIDOR.r, 1, [0.5, 0, 0, 0.5])
    state = next(reinforce_runs(mdp, ALIKE, START, alpha=0.01, seeds=range(20), horizon=500))
    none = state.length == 0
    assert 0 < none.sum() < 20
    assert not state.truncated[none].any()
    assert np.array_equal(state.theta[none], np.tile(START, (none.sum(), 1)))
    assert (state.returns[none] == 0).all()
    nothing = next(
        reinforce_runs(
            FiniteMDP(CORRIDOR.p, CORRIDOR.r, 1, np.eye(4)[3]), ALIKE, START, alpha=0.01, seeds=[1, 2], horizon=500
        )
    )
    assert nothing.steps.tolist() == [0, 0]


@pytest.mark.parametrize("alpha", [0.0, 2.0**-18, 2.0**-12])
def test_lanes_that_leave_the_lockstep_live_the_same_to_the_last_digit(alpha, monkeypatch):
    """Long episodes, near a deterministic policy: the last few lanes go one by one, their updates in blocks.

    With α = 0 no θ moves within a block, and w has to settle all the same.
    """
    settled = []
    settle = monte_carlo._settle
    monkeypatch.setattr(monte_carlo, "_settle", lambda *args: settled.append(settle(*args)) or settled[-1])

    def run():
        lanes = baseline_runs(
            CORRIDOR, ALIKE, [4.0, 0.0], alpha=alpha, seeds=range(12), horizon=900, x=np.eye(4), alpha_w=2.0**-9
        )
        return last(lanes, 6)

    one_by_one = run()
    assert True in settled
    monkeypatch.setattr(monte_carlo, "FEW", 0)
    monkeypatch.setattr(episodes, "FEW", 0)
    del settled[:]
    in_lockstep = run()
    assert not settled
    assert all(np.array_equal(one, other) for one, other in zip(one_by_one, in_lockstep, strict=True))


# Sutton & Barto, figures 13.1 and 13.2


@pytest.fixture(scope="module")
def figure():
    """Returns (1000, 2, 40) of 40 seeds with α = 2⁻¹³ and 2⁻¹⁴, and (1000, 40) with a baseline, 2⁻⁹ and 2⁻⁶."""
    seeds = list(range(40))
    alpha = np.repeat([2.0**-13, 2.0**-14], 40)
    plain = reinforce_runs(CORRIDOR, ALIKE, START, alpha=alpha, seeds=2 * seeds, horizon=1000)
    baseline = baseline_runs(
        CORRIDOR, ALIKE, START, alpha=2.0**-9, seeds=seeds, horizon=1000, x=np.ones((4, 1)), alpha_w=2.0**-6
    )
    one, other = ([state.returns for state in islice(run, 1000)] for run in (plain, baseline))
    return np.array(one).reshape(1000, 2, 40), np.array(other)


@pytest.mark.slow
@pytest.mark.sampled
def test_the_corridor_s_curves_begin_where_the_start_is_worth_and_end_below_the_optimum(figure):
    """The first episode is worth −82.11; nothing is clipped and each step costs 1, so that no curve crosses −11.657."""
    plain, baseline = figure
    first = np.append(plain[0, 0], baseline[0])
    assert np.array_equal(plain[0, 0], plain[0, 1])  # the same seeds
    assert abs(z_scores(plain[0, 0][:, None], -82.11)[0]) < 4
    best = -(6 + 4 * np.sqrt(2))
    for curve in (plain[-200:, 0], plain[-200:, 1], baseline[-200:]):
        runs = curve.mean(axis=0)
        assert z_scores(runs[:, None], best)[0] < 2
    assert first.mean() < -50


@pytest.mark.slow
@pytest.mark.sampled
def test_the_larger_step_is_nearer_to_the_optimum_after_1000_episodes_and_the_baseline_after_100(figure):
    plain, baseline = figure
    fast, slow = np.median(plain[-100:].mean(axis=0), axis=1)
    assert -13.5 < fast < -11
    assert -17 < slow < fast - 1.5
    early = baseline[100:200].mean(axis=0)
    assert np.median(early) > -13.5
    assert np.quantile(plain[100:200, 0].mean(axis=0), 0.9) < np.quantile(early, 0.1)


@pytest.mark.slow
@pytest.mark.sampled
def test_with_the_largest_published_step_some_runs_are_stranded_unless_episodes_are_cut():
    """α = 2⁻¹²: one long episode drives a run to a policy so near deterministic that episodes hardly end any more.

    To cut episodes after 300 steps, as a published reproduction does, is to prevent that.
    """

    def stranded(alpha, horizon):
        state = last(reinforce_runs(CORRIDOR, ALIKE, START, alpha=alpha, seeds=range(100), horizon=horizon), 30)
        far = np.abs(state.theta[:, 1] - state.theta[:, 0]) > 20
        assert state.truncated[far].all()
        return far.sum()

    assert 1 <= stranded(2.0**-12, 1000) <= 15
    assert stranded(2.0**-12, 300) == 0
    assert stranded(2.0**-14, 1000) == 0


@pytest.mark.slow
@pytest.mark.sampled
def test_with_the_largest_published_step_a_few_runs_in_a_thousand_are_lost():
    """With one θ, as in notebook 07: J there is below −1000 after 30 episodes, where the median is near −40."""
    phi = np.zeros((4, 2, 1))
    phi[:, zoo.RIGHT] = 1
    runs = reinforce_runs(CORRIDOR, phi, [-np.log(19)], alpha=2.0**-12, seeds=range(2000), horizon=5000)
    theta = last(runs, 30).theta[:, 0]
    p = 1 / (1 + np.exp(-theta.clip(-16, 16)))
    J = (2 * p - 4) / (p * (1 - p))
    assert 1 <= (J < -1000).sum() <= 20
    assert -60 < np.median(J) < -20
