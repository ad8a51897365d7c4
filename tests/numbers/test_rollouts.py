"""Roll-outs in lockstep are exact in distribution, and say how each trajectory ended."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_mdps import assert_close, claim, problems

from pgcourse import zoo
from pgcourse._alias import alias_tables
from pgcourse.bellman import transition
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, tabular_softmax
from pgcourse.sampling import rollouts, streams
from pgcourse.trajectories import Packed, Stream, Trajectories

N = 100_000


@pytest.fixture(scope="module")
def problem():
    """S ≠ A, two absorbing states, one of which may be the start; a policy with an impossible action."""
    rng = np.random.default_rng(3)
    mdp = zoo.garnet(7, 3, 3, 0.9, rng, absorbing=2)
    probs = rng.dirichlet(np.ones(3), 7)
    probs[0] = [0, 0.3, 0.7]
    return mdp, Policy(probs)


@pytest.fixture(scope="module")
def tau(problem):
    return rollouts(*problem, N, 12, np.random.default_rng(4))


def z_of_counts(counts, p):
    """Standard deviations that counts of N are away from N p; what is impossible must not happen at all."""
    assert not counts[p == 0].any()
    p, counts = p[p > 0], counts[p > 0]
    return (counts - N * p) / np.sqrt(N * p * (1 - p) + (p == 1))


def z_of_means(x, expected):
    return (x.mean(axis=0) - expected) / (x.std(axis=0, ddof=1) / np.sqrt(len(x)))


def alive(mdp, pi, t):
    """P(s_t = s, and the process is not over), (S,), by powers of p^π."""
    law = mdp.rho_0 * ~mdp.absorbing
    for _ in range(t):
        law = law @ transition(mdp, pi) * ~mdp.absorbing
    return law


# The alias tables


@claim
@given(problems())
def test_alias_tables_hold_the_probabilities_they_were_made_of(problem):
    mdp, _ = problem
    _, _, p = mdp.outcomes
    probs = p / p.sum(axis=1, keepdims=True)
    threshold, alias = alias_tables(probs)
    S, K = probs.shape
    again = threshold.clip(0, 1) / K
    np.add.at(again, (np.arange(S)[:, None], alias), (1 - threshold.clip(0, 1)) / K)
    assert_close(again, probs, rtol=1e-12)
    assert not again[probs == 0].any()


def test_a_column_that_is_full_but_for_a_tie_gives_away_what_it_has_too_much():
    threshold, alias = alias_tables(np.array([[1 + 4e-10, 1 - 4e-10, 1]]) / 3)
    assert threshold[0, 1] == pytest.approx(1 - 4e-10, rel=0, abs=1e-14)
    assert alias[0, 1] == 0
    assert threshold[0, 0] == pytest.approx(1, rel=0, abs=1e-14)


@claim
@given(problems(), st.integers(0, 2**32 - 1))
def test_noise_of_the_last_digits_changes_no_alias_that_is_drawn(problem, seed):
    """Processors round differently. Probabilities that are equal on paper then differ by some 1e-16."""
    mdp, theta = problem
    rng = np.random.default_rng(seed)
    a, _, p = mdp.outcomes
    for kernel in (p, (p > 0) / 4):  # the second has nothing but ties
        probs = tabular_softmax(theta).probs[np.arange(mdp.S)[:, None], a] * kernel
        noisy = probs * (1 + 1e-13 * rng.uniform(-1, 1, probs.shape))
        (threshold, alias), (other_threshold, other_alias) = alias_tables(probs), alias_tables(noisy)
        np.testing.assert_allclose(other_threshold, threshold, rtol=0, atol=1e-10)
        drawn = threshold < 1 - 1e-8
        assert np.array_equal(other_alias[drawn], alias[drawn])


@pytest.mark.parametrize("mdp", [zoo.frozen_lake(), zoo.frozen_lake(map_name="8x8"), zoo.short_corridor()])
def test_noise_of_the_last_digits_changes_no_roll_out(mdp):
    """A seed draws the same trajectories on every processor."""
    rng = np.random.default_rng(0)
    pi = Policy.uniform(mdp.S, mdp.A)
    noisy = pi.probs * (1 + 1e-13 * rng.uniform(-1, 1, pi.probs.shape))
    kernel = mdp.p * (1 + 1e-13 * rng.uniform(-1, 1, mdp.p.shape))
    start = mdp.rho_0 * (1 - 1e-13)
    other = FiniteMDP(kernel, mdp.r, mdp.gamma, start), Policy(noisy)
    for walk in (rollouts, streams):
        here, there = (walk(*it, 50, 100, np.random.default_rng(1)) for it in ((mdp, pi), other))
        here, there = (x if walk is streams else x.steps for x in (here, there))
        assert np.array_equal(here.s_next, there.s_next)
        assert np.array_equal(here.a, there.a)


@claim
@given(problems())
def test_the_outcomes_of_a_state_are_the_kernel_s(problem):
    mdp, _ = problem
    a, s_next, p = mdp.outcomes
    kernel = np.zeros_like(mdp.p)
    np.add.at(kernel, (np.arange(mdp.S)[:, None], a, s_next), p)
    assert np.array_equal(kernel, mdp.p)


def test_the_outcomes_of_a_state_stand_in_their_order():
    """a, then s': otherwise another processor, which sorts in another way, lives other trajectories."""
    mdp = zoo.garnet(40, 3, 20, 0.9, np.random.default_rng(0))
    a, s_next, p = mdp.outcomes
    assert (p > 0).all()
    assert (np.diff(a * mdp.S + s_next, axis=1) > 0).all()


# The distribution


@pytest.mark.parametrize("t", [0, 1, 4, 11])
def test_each_step_draws_state_action_and_next_state_from_their_joint_law(problem, tau, t):
    mdp, pi = problem
    now = tau.steps.t == t
    counts = np.zeros((mdp.S, mdp.A, mdp.S))
    np.add.at(counts, (tau.steps.s[now], tau.steps.a[now], tau.steps.s_next[now]), 1)
    joint = alive(mdp, pi, t)[:, None, None] * pi.probs[..., None] * mdp.p
    assert np.abs(z_of_counts(counts, joint)).max() < 4.5


def test_discounted_visits_have_the_occupancy_as_their_mean(problem, tau):
    """Each trajectory's Σ_t γᵗ 1{s_t = s}, against Σ_{t<12} ρ₀ (γ p^π)ᵗ on the states that live."""
    mdp, pi = problem
    visits = np.zeros((N, mdp.S))
    np.add.at(visits, (tau.steps.n, tau.steps.s), mdp.gamma**tau.steps.t)
    expected = sum(mdp.gamma**t * alive(mdp, pi, t) for t in range(12))
    assert not visits[:, mdp.absorbing].any()
    assert np.abs(z_of_means(visits[:, mdp.live], expected[mdp.live])).max() < 4


def test_lengths_and_ends_have_the_law_of_the_time_to_the_end(problem, tau):
    mdp, pi = problem
    living = np.array([alive(mdp, pi, t).sum() for t in range(13)])  # P(length > t), but for the limit
    lengths = np.append(1 - living[0], living[:12] - np.append(living[1:12], 0))
    assert np.abs(z_of_counts(np.bincount(tau.length, minlength=13), lengths)).max() < 4
    assert np.abs(z_of_counts(np.array([tau.truncated.sum()]), living[12:])).max() < 4
    assert (tau.length[tau.truncated] == 12).all()
    assert (tau.length[tau.terminated] == 12).any()  # to end by oneself on the last step allowed is to end


def test_consecutive_steps_are_a_chain(tau):
    """What follows depends on the state only: given s₁, the next state is independent of s₀, by counts of pairs."""
    both = tau.length > 1
    first, then, last = tau.s[both, 0], tau.s[both, 1], tau.s[both, 2]
    for s in range(5):
        here = then == s
        table = np.zeros((7, 7))
        np.add.at(table, (first[here], last[here]), 1)
        expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
        big = expected > 20
        assert np.abs((table - expected)[big] / np.sqrt(expected[big])).max() < 4.5


def test_the_corridor_takes_twelve_steps_and_pays_minus_one_for_each():
    tau = rollouts(zoo.short_corridor(), Policy.uniform(4, 2), N, 10_000, np.random.default_rng(5))
    assert tau.terminated.all()
    assert np.array_equal(tau.r.sum(axis=1), -tau.length)
    assert abs(z_of_means(tau.length, 12.0)) < 4


# Rewards


def test_rewards_are_those_of_the_pair_unless_those_of_the_arrival_are_given():
    lake, pi = zoo.frozen_lake(), Policy.uniform(16, 4)
    tau = rollouts(lake, pi, N, 100, np.random.default_rng(6))
    assert np.array_equal(tau.steps.r, lake.r[tau.steps.s, tau.steps.a])
    arrived = rollouts(lake, pi, N, 100, np.random.default_rng(6), r=zoo.lake_rewards(lake))
    assert np.array_equal(arrived.steps.r, arrived.steps.s_next == 15)
    assert np.array_equal(arrived.s, tau.s)
    assert abs(z_of_means(tau.sums(lake.gamma**tau.steps.t * tau.steps.r), 0.012356)) < 4
    assert abs(z_of_means(arrived.sums(lake.gamma**arrived.steps.t * arrived.steps.r), 0.012356)) < 4


def test_rewards_of_another_mdp_are_refused_by_place():
    lake = zoo.frozen_lake()
    with pytest.raises(ValueError, match=r"r\[s=14, a=1\] has mean 0.666667 over s', expected the MDP's r = 0.333333"):
        rollouts(lake, Policy.uniform(16, 4), 1, 1, np.random.default_rng(0), r=2 * zoo.lake_rewards(lake))
    with pytest.raises(ValueError, match=r"r has shape \(16, 4, 4\), expected \(S, A, S'\) = \(16, 4, 16\)"):
        rollouts(lake, Policy.uniform(16, 4), 1, 1, np.random.default_rng(0), r=np.zeros((16, 4, 4)))
    nearly = (1 + 5e-6) * zoo.lake_rewards(lake)  # NumPy's own rtol would let it pass
    with pytest.raises(ValueError, match=r"r\[s=14, a=1\] has mean"):
        rollouts(lake, Policy.uniform(16, 4), 1, 1, np.random.default_rng(0), r=nearly)
    impossible = zoo.lake_rewards(lake) + 1e9 * (lake.p == 0)  # never paid, and no measure of what is
    rollouts(lake, Policy.uniform(16, 4), 1, 1, np.random.default_rng(0), r=impossible)
    impossible[0, 0] += 5.0
    with pytest.raises(ValueError, match=r"r\[s=0, a=0\] has mean"):
        rollouts(lake, Policy.uniform(16, 4), 1, 1, np.random.default_rng(0), r=impossible)


# The views by trajectory


def test_the_tables_are_the_steps_laid_out(problem, tau):
    T = tau.length.max()
    assert tau.s.shape == (N, T + 1)
    assert tau.a.shape == tau.r.shape == tau.valid.shape == (N, T)
    n, t = tau.steps.n, tau.steps.t
    assert np.array_equal(np.lexsort((n, t)), np.arange(len(n)))
    assert np.array_equal(tau.s[n, t], tau.steps.s)
    assert np.array_equal(tau.s[n, t + 1], tau.steps.s_next)
    assert np.array_equal(tau.a[n, t], tau.steps.a)
    assert np.array_equal(tau.valid.sum(axis=1), tau.length)
    assert (tau.a[~tau.valid] == -1).all()
    assert (tau.r[~tau.valid] == 0).all()
    last = tau.s[np.arange(N), tau.length]
    assert np.array_equal(tau.s[:, -1], last)
    assert np.array_equal(problem[0].absorbing[last], tau.terminated)
    s, a, r = next(iter(tau))
    assert len(s) == len(a) + 1 == len(r) + 1 == tau.length[0] + 1


def test_a_trajectory_that_starts_at_the_end_has_no_steps():
    mdp = FiniteMDP(np.eye(2)[:, None], np.zeros((2, 1)), 0.9, [0, 1])
    tau = rollouts(mdp, Policy.uniform(2, 1), 3, 5, np.random.default_rng(0))
    assert tau.length.tolist() == [0, 0, 0]
    assert tau.terminated.all()
    assert tau.s.tolist() == [[1], [1], [1]]
    assert tau.r.shape == (3, 0)
    assert tau.steps.backward(tau.steps.r, 0.9).shape == (0,)


def test_backward_sums_within_each_trajectory(tau):
    c, x = 0.8, np.random.default_rng(0).standard_normal(len(tau.steps.r))
    y, table = tau.table(tau.steps.backward(x, c)), tau.table(x)
    slow = [[(table[n, t:] * c ** np.arange(12 - t)).sum() for t in range(12)] for n in range(200)]
    np.testing.assert_allclose(y[:200][tau.valid[:200]], np.array(slow)[tau.valid[:200]], atol=1e-12)


def test_what_was_lived_is_read_only(tau):
    with pytest.raises(ValueError, match="read-only"):
        tau.steps.r[0] = 1


# Streams


@pytest.fixture(scope="module")
def stream():
    rng = np.random.default_rng(3)
    mdp = zoo.garnet(7, 3, 3, 0.9, rng, absorbing=2)
    mdp = FiniteMDP(mdp.p, mdp.r, 0.9, [0.5, 0, 0.2, 0, 0.3, 0, 0])
    pi = Policy(rng.dirichlet(np.ones(3), 7))
    return mdp, pi, streams(mdp, pi, 3000, 101, np.random.default_rng(8), horizon=6)


def test_a_stream_goes_on_where_it_was_and_begins_anew_after_an_end(stream):
    mdp, _, steps = stream
    go_on = ~steps.ended[:, :-1]
    assert np.array_equal(steps.s[:, 1:][go_on], steps.s_next[:, :-1][go_on])
    assert np.array_equal(mdp.absorbing[steps.s_next], steps.terminated)
    first = np.bincount(np.append(steps.s[:, 1:][~go_on], steps.s[:, 0]), minlength=7)
    n = first.sum()
    assert np.array_equal(first == 0, mdp.rho_0 == 0)
    assert np.abs((first - n * mdp.rho_0) / np.sqrt(n * mdp.rho_0 * (1 - mdp.rho_0) + (first == 0))).max() < 4


def test_a_stream_draws_pairs_from_their_joint_law(stream):
    mdp, pi, steps = stream
    counts = np.zeros((mdp.S, mdp.A, mdp.S))
    np.add.at(counts, (steps.s, steps.a, steps.s_next), 1)
    n, p = counts.sum(axis=(1, 2), keepdims=True), pi.probs[..., None] * mdp.p
    some = (p > 0) & (n > 0)
    assert not counts[p == 0].any()
    assert np.abs(((counts - n * p) / np.sqrt(n * p * (1 - p) + ~some))[some]).max() < 4.5
    assert np.array_equal(steps.r, mdp.r[steps.s, steps.a])


def test_a_stream_is_cut_at_the_horizon_and_only_there(stream):
    _, _, steps = stream
    age = np.zeros(3000, int)
    for t in range(101):
        age += 1
        assert np.array_equal(steps.truncated[:, t], (age == 6) & ~steps.terminated[:, t])
        age[steps.ended[:, t]] = 0
    assert not (steps.terminated & steps.truncated).any()
    assert steps.valid.all()


@pytest.mark.parametrize("n", [1, 7, 100])  # of the last there are more than random numbers in a block
def test_a_long_stream_is_drawn_in_blocks_that_do_not_show(n, monkeypatch):
    monkeypatch.setattr("pgcourse.sampling.BLOCK", 70)
    steps = streams(zoo.frozen_lake(), Policy.uniform(16, 4), n, 65, np.random.default_rng(1))
    go_on = ~steps.ended[:, :-1]
    assert steps.s.shape == (n, 65)
    assert np.array_equal(steps.s[:, 1:][go_on], steps.s_next[:, :-1][go_on])
    assert (steps.s[:, 1:][~go_on] == 0).all()


def test_backward_along_a_stream_stops_at_ends_and_at_what_is_no_step(stream):
    _, _, steps = stream
    y = steps.backward(1.0, 1.0)
    to_go = np.zeros(3000)
    for t in range(100, -1, -1):
        to_go = 1 + np.where(steps.ended[:, t], 0, to_go)
        assert np.array_equal(y[:, t], to_go)
    holes = type(steps)(
        **{
            f: getattr(steps, f) if f != "valid" else np.arange(101) != np.full((3000, 1), 50)
            for f in type(steps).__dataclass_fields__
        }
    )
    y = holes.backward(1.0, 1.0)
    assert (y[:, 50] == 0).all()
    assert (y[:, 49] == 1).all()


# The same seed, and bad input


def test_the_same_seed_lives_the_same():
    mdp, pi = zoo.frozen_lake(), tabular_softmax(np.ones((16, 4)))
    for draw in (lambda rng: rollouts(mdp, pi, 9, 30, rng).steps, lambda rng: streams(mdp, pi, 9, 30, rng)):
        one, other, third = (draw(np.random.default_rng(seed)) for seed in (5, 5, 6))
        assert np.array_equal(one.s_next, other.s_next)
        assert one.s_next.shape != third.s_next.shape or not np.array_equal(one.s_next, third.s_next)


@pytest.mark.parametrize("value", [0, -1, 2.5, True, float("nan"), "10", None])
@pytest.mark.parametrize("field", ["n", "horizon"])
def test_a_number_of_steps_or_trajectories_must_be_one(field, value):
    how_many = {"n": 3, "horizon": 3} | {field: value}
    with pytest.raises(ValueError, match=rf"{field} is {value!r}, expected an integer ≥ 1"):
        rollouts(zoo.short_corridor(), Policy.uniform(4, 2), **how_many, rng=np.random.default_rng(0))


def test_a_stream_s_numbers_are_checked_too():
    corridor, pi, rng = zoo.short_corridor(), Policy.uniform(4, 2), np.random.default_rng(0)
    with pytest.raises(ValueError, match="steps is 0, expected"):
        streams(corridor, pi, 3, 0, rng)
    with pytest.raises(ValueError, match="horizon is 0, expected"):
        streams(corridor, pi, 3, 4, rng, horizon=0)
    ends = FiniteMDP(corridor.p, corridor.r, 1, [0.999, 0, 0, 0.001])
    with pytest.raises(ValueError, match=r"rho_0\[s=3\] is 0.001, expected 0 for streams"):
        streams(ends, pi, 3, 4, rng)


def test_a_policy_of_another_shape_is_refused_by_its_shape():
    for run in (rollouts, streams):
        with pytest.raises(
            ValueError, match=r"pi has shape \(16, 4\), expected \(S, A\) = \(4, 2\), as short corridor"
        ):
            run(zoo.short_corridor(), Policy.uniform(16, 4), 1, 1, np.random.default_rng(0))


def test_what_trajectories_have_made_once_stays_as_it_is():
    tau = rollouts(zoo.five_states(), Policy.uniform(5, 3), 3, 4, np.random.default_rng(0))
    for array in (tau.start, tau.length, tau.valid, tau.truncated, tau.s, tau.a, tau.r, tau.steps.ended):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


@pytest.mark.parametrize(
    ("dtype", "fill"), [(np.uint8, -1), (np.uint64, -1), (np.int8, -1), (bool, np.nan), (float, np.nan)]
)
def test_past_the_end_an_action_of_any_type_is_told_from_all_actions(dtype, fill):
    ends, cut = np.array([False, True, True]), np.zeros(3, bool)
    packed = Packed([0, 0, 1], np.ones(3, dtype), np.ones(3), [1, 1, 1], ends, cut, n=[0, 1, 0], t=[0, 0, 1])
    a = Trajectories([0, 0], packed).a
    assert a[0].tolist() == [1, 1]
    assert np.array_equal(a[1], [1, fill], equal_nan=True)


def test_masked_rewards_are_refused():
    flags = np.zeros((1, 2), bool)
    r = np.ma.array([[1.0, 999.0]], mask=[[0, 1]])
    with pytest.raises(ValueError, match=r"r\[.*is masked, expected real numbers"):
        Stream([[0, 0]], [[0, 0]], r, [[0, 0]], flags, flags, ~flags)
