"""Ascent: updates in the mean along ∇J, step by step as in the textbook, and lanes that know nothing of each other."""

from __future__ import annotations

from functools import partial
from itertools import islice

import numpy as np
import pytest

from pgcourse import zoo
from pgcourse.bellman import exact, transition
from pgcourse.gradients import greediness_gradient, policy_gradient
from pgcourse.lockstep import episodes, monte_carlo
from pgcourse.lockstep.episodes import one_episode_each
from pgcourse.lockstep.lanes import Lanes
from pgcourse.lockstep.monte_carlo import baseline_runs, reinforce_runs
from pgcourse.lockstep.online import actor_critic_runs, natural_runs
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import grad_log_softmax, softmax, tabular

CORRIDOR = zoo.short_corridor()
ALIKE = np.tile(np.eye(2), (4, 1, 1))  # the corridor's features: one for LEFT, one for RIGHT, the same in all states
START = np.log(19) / 2 * np.array([1, -1])  # P(LEFT) = 0.95


def garnet(absorbing):
    """An MDP with S ≠ A, features of three numbers, θ, and all that is exact about them."""
    rng = np.random.default_rng(1)
    mdp, phi = zoo.garnet(6, 3, 3, 0.9, rng, absorbing), rng.standard_normal((6, 3, 3))
    mdp = FiniteMDP(mdp.p, mdp.r, 0.9, [0.3, 0, 0.3, 0.4, 0, 0])
    theta = rng.standard_normal(3)
    pi = softmax(phi, theta)
    return mdp, phi, theta, pi, exact(mdp, pi), grad_log_softmax(phi, pi)


def z_scores(x, expected):
    return (x.mean(axis=0) - expected) / (x.std(axis=0, ddof=1) / np.sqrt(len(x)))


def last(generator, n):
    return next(islice(generator, n - 1, n))


TINY = 1e-9  # θ hardly moves within an episode, and (θ − θ₀)/α is one estimate of a gradient


# REINFORCE


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


# Actor-critic


def finite_horizon(mdp, pi, v, lam, H):
    """Σ_t γᵗ P(s_t) π (A_t ∇log π) without sampling: A_t = δ + γλ p π A_{t+1}, for an MDP that ends only at H."""
    delta = mdp.r + mdp.gamma * mdp.p @ v - v[:, None]
    A = [delta]
    for _ in range(H - 1):
        A.insert(0, delta + mdp.gamma * lam * mdp.p @ (pi @ A[0]))
    laws = [mdp.rho_0 @ np.linalg.matrix_power(mdp.gamma * transition(mdp, pi), t) for t in range(H)]
    return laws, A


@pytest.mark.slow
@pytest.mark.sampled
@pytest.mark.parametrize("lam", [0.0, 0.7, 1.0])
def test_a_wrong_critic_moves_theta_where_its_lambda_says_in_the_mean(lam):
    mdp, phi, theta, pi, (v_pi, _, _, _), grad_log_pi = garnet(absorbing=0)
    v, H = v_pi + np.arange(6) - 2.0, 5
    run = actor_critic_runs(
        mdp, phi, theta, alpha=TINY, seeds=range(20_000), horizon=H, x=np.eye(6), alpha_w=0.0, w=v, lam=lam
    )
    state = last(run, H)
    assert state.truncated.all()
    assert (state.episodes == 1).all()
    laws, A = finite_horizon(mdp, pi, v, lam, H)
    expected = sum(greediness_gradient(law, pi, q, grad_log_pi) for law, q in zip(laws, A, strict=True))
    assert np.abs(z_scores((state.theta - theta) / TINY, expected)).max() < 4


def test_the_one_step_method_is_the_textbook_s_box():
    """Written out once more for the corridor, whose next states need no drawing: 600 steps, past a block of numbers."""
    alpha, alpha_w, horizon = 0.01, 0.05, 40
    x = np.random.default_rng(0).standard_normal((4, 3))
    state = last(
        actor_critic_runs(CORRIDOR, ALIKE, START, alpha=alpha, seeds=[9], horizon=horizon, x=x, alpha_w=alpha_w), 600
    )
    rng = np.random.default_rng(9)
    numbers = np.concatenate([rng.random((256, 3)) for _ in range(3)])[1:]
    theta, w, s, age, ends, cut = START.copy(), np.zeros(3), 0, 0, 0, 0
    for u in numbers[:600, 0]:
        probs = softmax(ALIKE, theta).probs[s]
        a = int(u >= probs[0])
        s_next = int(CORRIDOR.p[s, a].argmax())
        delta = -1 + (0 if s_next == 3 else w @ x[s_next]) - w @ x[s]
        w += alpha_w * delta * x[s]
        theta += alpha * delta * (np.eye(2)[a] - probs)
        s, age = s_next, age + 1
        if s == 3 or age == horizon:
            ends, cut = ends + 1, cut + (s != 3)
            s = age = 0
    assert state.episodes[0] == ends > 10
    assert cut > 0
    np.testing.assert_allclose(state.theta[0], theta, rtol=1e-9)
    np.testing.assert_allclose(state.w[0], w, rtol=1e-9)


@pytest.mark.slow
@pytest.mark.sampled
def test_with_traces_of_lambda_1_an_episode_adds_up_to_reinforce_with_baseline_in_the_mean():
    mdp, phi, theta, pi, (_, q_pi, rho_pi, _), grad_log_pi = garnet(absorbing=2)
    run = actor_critic_runs(
        mdp,
        phi,
        theta,
        alpha=TINY,
        seeds=range(4000),
        horizon=1000,
        x=np.eye(6),
        alpha_w=0.0,
        w=np.arange(6.0),
        lam=1.0,
    )
    first, unfinished = np.zeros((4000, 3)), np.ones(4000, bool)
    for state in run:
        new = unfinished & (state.episodes == 1)
        first[new], unfinished = (state.theta[new] - theta) / TINY, unfinished & ~new
        if not unfinished.any():
            break
    assert np.abs(z_scores(first, policy_gradient(rho_pi, pi, q_pi, grad_log_pi))).max() < 4


@pytest.mark.slow
@pytest.mark.sampled
def test_a_table_of_values_comes_to_v():
    """TD(0) with θ at rest: the mean over lanes of w, after long, is v^π but for the noise of the last steps."""
    mdp, phi, theta, _, (v_pi, _, _, _), _ = garnet(absorbing=2)
    state = last(
        actor_critic_runs(mdp, phi, theta, alpha=0.0, seeds=range(300), horizon=1000, x=np.eye(6), alpha_w=0.05), 2000
    )
    assert np.array_equal(state.theta, np.tile(theta, (300, 1)))
    often = np.abs(state.w.mean(axis=0)) > 0
    np.testing.assert_allclose(state.w.mean(axis=0)[often], v_pi[often], atol=0.1)
    assert (state.w[:, mdp.absorbing] == 0).all()


@pytest.mark.slow
@pytest.mark.sampled
def test_the_compatible_critic_comes_to_the_natural_gradient():
    """θ at rest, w right, episodes of one step: then E u = (I − (I − α_u F)ⁿ) F⁻¹∇J after n of them, exactly."""
    mdp, phi, theta, pi, (v_pi, q_pi, _, _), grad_log_pi = garnet(absorbing=0)
    run = natural_runs(
        mdp, phi, theta, alpha=0.0, seeds=range(2000), horizon=1, x=np.eye(6), alpha_w=0.0, alpha_u=0.05, w=v_pi
    )
    state = last(run, 600)
    F = np.einsum("s,sa,sad,sae->de", mdp.rho_0, pi.probs, grad_log_pi, grad_log_pi)
    gradient = greediness_gradient(mdp.rho_0, pi, q_pi, grad_log_pi)
    still = np.linalg.matrix_power(np.eye(3) - 0.05 * F, 600)
    natural = np.linalg.solve(F, gradient)
    assert np.abs(z_scores(state.u, natural - still @ natural)).max() < 4
    assert np.abs(still).max() < 0.5
    later = last(
        natural_runs(mdp, phi, theta, alpha=0.5, seeds=[0], horizon=1, x=np.eye(6), alpha_w=0.0, alpha_u=0.05, w=v_pi),
        1,
    )
    np.testing.assert_allclose(later.theta, theta + 0.5 * later.u)


# Lanes, seeds, stopping


X = np.random.default_rng(0).standard_normal((6, 2))
RUNS = {
    "reinforce": reinforce_runs,
    "baseline": partial(baseline_runs, x=X, alpha_w=0.05),
    "actor-critic": partial(actor_critic_runs, x=X, alpha_w=0.05, lam=0.5, lam_w=0.8),
    "natural": partial(natural_runs, x=X, alpha_w=0.05, alpha_u=0.02),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("features", ["three", "table"])
def test_lanes_are_runs_of_their_own_to_the_last_digit(name, features):
    mdp, phi, theta, *_ = garnet(absorbing=1)
    if features == "table":
        phi, theta = tabular(6, 3), np.random.default_rng(2).standard_normal(18)
    seeds, alpha = [5, 0, 12, 7, 33], np.array([0.02, 0.02, 0.1, 0.02, 0.3])
    together = last(RUNS[name](mdp, phi, theta, alpha=alpha, seeds=seeds, horizon=60), 40)
    for k, seed in enumerate(seeds):
        alone = last(RUNS[name](mdp, phi, theta, alpha=alpha[k], seeds=[seed], horizon=60), 40)
        for field, one, all_ in zip(alone._fields, alone, together, strict=True):
            assert np.array_equal(one[0], all_[k], equal_nan=True), field
    assert len(set(together.theta[:, 0])) == 5


@pytest.mark.parametrize("alpha", [2.0**-18, 2.0**-12])
def test_lanes_that_leave_the_lockstep_live_the_same_to_the_last_digit(alpha, monkeypatch):
    """Long episodes, near a deterministic policy: the last few lanes go one by one, their updates in blocks."""
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


@pytest.mark.parametrize("name", RUNS)
def test_a_run_may_be_left_and_taken_up_and_one_begun_anew_is_the_same(name):
    mdp, phi, theta, *_ = garnet(absorbing=1)
    begin = partial(RUNS[name], mdp, phi, alpha=0.05, horizon=60)
    straight = list(islice(begin(theta, seeds=[1, 2]), 8))
    run = begin(theta, seeds=[1, 2])
    some = list(islice(run, 3))
    kept = some[-1].theta.copy()
    list(islice(begin(theta, seeds=[1, 2]), 2))  # another one in between
    some += islice(run, 5)
    run.close()
    assert np.array_equal(some[2].theta, kept)
    for one, other in zip(straight, some, strict=True):
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))
    on = next(begin(some[-1].theta, seeds=[8, 9]))
    assert on.theta.shape == kept.shape
    with pytest.raises(ValueError, match="read-only"):
        some[0].theta[0] = 0


@pytest.mark.parametrize("name", RUNS)
def test_what_a_run_is_given_is_checked_before_its_first_step(name):
    mdp, phi, theta, *_ = garnet(absorbing=1)
    right = {"mdp": mdp, "phi": phi, "theta": theta, "alpha": 0.1, "seeds": [1, 2], "horizon": 60}

    def refused(said, **wrong):
        with pytest.raises(ValueError, match=said):
            RUNS[name](**right | wrong)

    refused(r"phi begins with shape \(6, 2\), expected \(6, 3\), as Garnet|as MDP", phi=phi[:, :2])
    refused(r"theta has shape \(4,\), expected \(3,\), or \(2, 3\) for 2 seeds", theta=np.ones(4))
    refused(r"theta\[k=0, d=1\] is nan, expected a finite number", theta=[0, np.nan, 0])
    refused(r"alpha is \[1, 2, 3\], expected a number ≥ 0, or one for each of 2 seeds", alpha=[1, 2, 3])
    refused("alpha is -1, expected a number ≥ 0", alpha=-1)
    refused(r"alpha\[k=0\] is nan", alpha=float("nan"))
    refused("seeds is empty", seeds=[])
    with pytest.raises(TypeError, match="mdp is 3, expected a FiniteMDP"):
        RUNS[name](**right | {"mdp": 3})
    refused(r"seeds\[1\] is 0.5, expected an integer ≥ 0", seeds=[3, 0.5])


def test_horizons_critics_and_lambdas_are_checked_too():
    mdp, phi, theta, *_ = garnet(absorbing=1)
    with pytest.raises(ValueError, match="horizon is 0, expected an integer ≥ 1"):
        reinforce_runs(mdp, phi, theta, alpha=0.1, seeds=[1], horizon=0)
    with pytest.raises(ValueError, match="horizon is 0, expected an integer ≥ 1"):
        actor_critic_runs(mdp, phi, theta, alpha=0.1, seeds=[1], horizon=0, x=X, alpha_w=0.1)
    with pytest.raises(ValueError, match=r"x begins with shape \(5,\), expected \(6,\)"):
        baseline_runs(mdp, phi, theta, alpha=0.1, seeds=[1], horizon=9, x=X[1:], alpha_w=0.1)
    with pytest.raises(ValueError, match=r"w has shape \(3,\), expected \(2,\), or \(1, 2\) for 1 seeds"):
        actor_critic_runs(mdp, phi, theta, alpha=0.1, seeds=[1], horizon=9, x=X, alpha_w=0.1, w=np.ones(3))
    with pytest.raises(ValueError, match=r"lam is 1\.5, expected"):
        actor_critic_runs(mdp, phi, theta, alpha=0.1, seeds=[1], horizon=9, x=X, alpha_w=0.1, lam=1.5)
    with pytest.raises(ValueError, match=r"rho_0\[s=3\] is 1, expected 0 for streams"):
        actor_critic_runs(
            FiniteMDP(CORRIDOR.p, CORRIDOR.r, 1, np.eye(4)[3]),
            ALIKE,
            START,
            alpha=0.1,
            seeds=[1],
            horizon=9,
            x=np.eye(4),
            alpha_w=0.1,
        )


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_run_that_leaves_all_bounds_names_its_seed_and_loses_nothing():
    mdp, phi, theta, *_ = garnet(absorbing=1)
    run = actor_critic_runs(mdp, phi, theta, alpha=[0.1, 0.1], seeds=[3, 17], horizon=9, x=X, alpha_w=[0.1, 1e200])
    states = []
    named = pytest.raises(
        ValueError, match=r"(theta|w) of seed 17 is \[.*\] after \d+ updates, expected finite numbers"
    )
    with named as error:
        states.extend(run)
    assert states
    assert f"after {len(states) + 1} updates" in str(error.value)
    assert np.isfinite(states[-1].theta).all()


@pytest.mark.parametrize("runs", [actor_critic_runs, baseline_runs])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_weights_that_leave_all_bounds_are_named_though_the_actor_hardly_moves(runs):
    mdp, phi, theta, *_ = garnet(absorbing=1)
    run = runs(mdp, phi, theta, alpha=[1e-300], seeds=[17], horizon=9, x=X, alpha_w=[1e200])
    with pytest.raises(ValueError, match=r"^w of seed 17 is \[.*\] after \d+ updates, expected finite numbers"):
        next(islice(run, 50, None))


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


# What is said of an episode

THREE = FiniteMDP(np.eye(4)[[[1], [2], [3], [3]]], [[1], [2], [4], [0]], 0.5, [1, 0, 0, 0])  # 0 → 1 → 2 → the end


@pytest.mark.parametrize(
    "run",
    [
        lambda horizon: actor_critic_runs(
            THREE, np.zeros((4, 1, 1)), [0.0], alpha=0.1, seeds=[1, 2], horizon=horizon, x=np.eye(4), alpha_w=0.1
        ),
        lambda horizon: natural_runs(
            THREE,
            np.zeros((4, 1, 1)),
            [0.0],
            alpha=0.1,
            seeds=[1, 2],
            horizon=horizon,
            x=np.eye(4),
            alpha_w=0.1,
            alpha_u=0.1,
        ),
    ],
)
def test_an_online_run_counts_steps_and_episodes_and_discounts_each_reward_by_its_time(run):
    """1 + 2/2 + 4/4 = 3 to the end; cut after two steps 1 + 2/2 = 2. Every episode begins again with γ⁰."""
    for horizon, length, returns in ((9, 3, 3.0), (2, 2, 2.0)):
        states = list(islice(run(horizon), 3 * length))
        assert [state.steps.tolist() for state in states] == [[t, t] for t in range(1, 3 * length + 1)]
        assert [state.episodes.tolist() for state in states] == [[t // length] * 2 for t in range(1, 3 * length + 1)]
        assert np.isnan(states[length - 2].returns).all()
        for state in states[length - 1 :]:
            assert state.returns.tolist() == [returns, returns]
            assert state.length.tolist() == [length, length]
            assert state.truncated.tolist() == [horizon == 2, horizon == 2]


def test_a_monte_carlo_run_counts_steps_and_discounts_each_reward_by_its_time():
    for horizon, length, returns in ((9, 3, 3.0), (2, 2, 2.0)):
        for k, state in enumerate(
            islice(reinforce_runs(THREE, np.zeros((4, 1, 1)), [0.0], alpha=0.1, seeds=[1, 2], horizon=horizon), 4),
            start=1,
        ):
            assert state.returns.tolist() == [returns, returns]
            assert state.length.tolist() == [length, length]
            assert state.steps.tolist() == [k * length, k * length]
            assert state.episodes.tolist() == [k, k]


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


def test_a_run_keeps_its_features_whatever_becomes_of_the_array():
    thetas = []
    for change in (False, True):
        mdp, phi, theta, *_ = garnet(absorbing=1)
        run = reinforce_runs(mdp, phi, theta, alpha=0.01, seeds=[0], horizon=100)
        next(run)
        phi *= not change
        thetas.append(next(run).theta)
    np.testing.assert_array_equal(*thetas)
