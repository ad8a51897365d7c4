"""What all four learners in lockstep have in common: lanes that know nothing of each other, and what a run says."""

from __future__ import annotations

from functools import partial
from itertools import islice, pairwise

import numpy as np
import pytest
from lockstep_runs import ALIKE, CORRIDOR, RUNS, START, X, garnet, last

from pgcourse.lockstep.monte_carlo import baseline_runs, reinforce_runs
from pgcourse.lockstep.online import actor_critic_runs, natural_runs
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import tabular


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("features", ["three", "table"])
def test_lanes_are_runs_of_their_own_to_the_last_digit(name, features):
    mdp, phi, theta, *_ = garnet(absorbing=1)
    if features == "table":
        phi, theta = tabular(6, 3), np.random.default_rng(2).standard_normal(18)
    seeds, each = [5, 0, 12, 7, 33], {"alpha": np.array([0.02, 0.02, 0.1, 0.02, 0.3])}
    if name != "reinforce":
        each["alpha_w"] = np.array([0.02, 0.1, 0.0, 0.3, 0.05])
    together = last(RUNS[name](mdp, phi, theta, **each, seeds=seeds, horizon=60), 40)
    for k, seed in enumerate(seeds):
        own = {field: sizes[k] for field, sizes in each.items()}
        alone = last(RUNS[name](mdp, phi, theta, **own, seeds=[seed], horizon=60), 40)
        for field, one, all_ in zip(alone._fields, alone, together, strict=True):
            assert np.array_equal(one[0], all_[k], equal_nan=True), field
    assert len(set(together.theta[:, 0])) == 5


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
def test_a_run_keeps_its_features_and_its_start_whatever_becomes_of_the_arrays(name):
    thetas = []
    for change in (False, True):
        mdp, phi, theta, *_ = garnet(absorbing=1)
        start = np.tile(theta, (2, 1))
        run = RUNS[name](mdp, phi, start, alpha=0.01, seeds=[0, 1], horizon=100)
        phi *= not change
        start += change
        thetas.append(next(run).theta)
    np.testing.assert_array_equal(*thetas)


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


@pytest.mark.parametrize("name", ["actor-critic", "natural"])
def test_what_is_said_of_a_lane_s_last_episode_stays_until_its_next_has_ended(name):
    mdp, phi, theta, *_ = garnet(absorbing=1)
    run = RUNS[name](mdp, phi, theta, alpha=0.05, seeds=range(6), horizon=4)
    cut = 0
    for before, after in pairwise(islice(run, 40)):
        same = before.episodes == after.episodes
        for field in ("returns", "length", "truncated"):
            np.testing.assert_array_equal(getattr(before, field)[same], getattr(after, field)[same])
        cut += 0 if same.all() else (before.truncated & same).sum()
    assert cut > 10, "lanes whose last episode was cut, while another lane's ended"


# What is refused


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
