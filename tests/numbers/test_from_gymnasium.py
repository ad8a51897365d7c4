"""From Gymnasium's tables to the MDP of the chapter: ends, wrappers, and what is refused."""

from __future__ import annotations

from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from gymnasium import wrappers

from pgcourse import bellman, zoo
from pgcourse.mdp import from_gymnasium
from pgcourse.policy import Policy

pytestmark = pytest.mark.filterwarnings("error")


def value_iteration(table, gamma, sweeps=10_000):
    """v* straight from P[s][a], by sweeps: a transition flagged `terminated` has no future, whatever s' is."""
    S, A = len(table), len(table[0])
    entries = [(s, a, *entry) for s in range(S) for a in range(A) for entry in table[s][a]]
    s, a, prob, s2, reward, over = (np.array(column) for column in zip(*entries, strict=True))
    v = np.zeros(S)
    for _ in range(sweeps):
        q = np.bincount(s * A + a, prob * (reward + gamma * ~over * v[s2]), S * A).reshape(S, A)
        if np.abs(q.max(axis=1) - v).max() < 1e-13:
            break
        v = q.max(axis=1)
    return v


@pytest.mark.parametrize(
    ("name", "absorbing"), [("FrozenLake-v1", 5), ("FrozenLake8x8-v1", 11), ("CliffWalking-v1", 1), ("Taxi-v4", 4)]
)
def test_optimal_values_are_those_of_value_iteration_on_the_table_itself(name, absorbing):
    env = gymnasium.make(name)
    mdp = from_gymnasium(env, gamma=0.95)
    assert mdp.name == name
    S, A = env.observation_space.n, env.action_space.n
    assert mdp.p.shape == (S, A, S)
    assert mdp.absorbing.sum() == absorbing
    np.testing.assert_allclose(mdp.rho_0, env.unwrapped.initial_state_distrib)
    possible = bellman.occupancy(mdp, Policy.uniform(mdp.S, mdp.A)) > 0
    v = np.where(mdp.absorbing, 0, value_iteration(env.unwrapped.P, 0.95))
    np.testing.assert_allclose(bellman.optimal_values(mdp)[possible], v[possible], atol=1e-8)


@pytest.mark.parametrize("name", ["CliffWalking-v1", "Taxi-v4"])
def test_the_live_rows_of_terminal_states_are_ignored(name):
    table = gymnasium.make(name).unwrapped.P
    mdp = from_gymnasium(gymnasium.make(name), gamma=0.99)
    for end in np.flatnonzero(mdp.absorbing):
        assert any(s2 != end or reward != 0 for a in range(mdp.A) for _, s2, reward, _ in table[end][a])
        assert (mdp.p[end] == np.eye(mdp.S)[end]).all()
        assert (mdp.r[end] == 0).all()


def test_the_cliff_is_walked_in_13_steps():
    """Sutton & Barto, 2nd ed., Example 6.6: −1 a step, the shortest way along the edge has 13; γ = 1."""
    mdp = from_gymnasium(gymnasium.make("CliffWalking-v1"), gamma=1)
    assert mdp.rho_0 @ bellman.optimal_values(mdp) == pytest.approx(-13, rel=1e-9)


def test_entries_that_name_the_same_next_state_are_added_up():
    table = gymnasium.make("FrozenLake-v1").unwrapped.P
    assert [s2 for _, s2, _, _ in table[0][0]].count(0) == 2
    assert zoo.frozen_lake().p[0, 0, 0] == pytest.approx(2 / 3)


def environment(table, rho_0=None):
    return SimpleNamespace(P=table, initial_state_distrib=rho_0)


def test_a_terminal_state_that_is_also_passed_through_alive_sends_its_endings_to_one_more_state():
    """0 → 1 ends; 2 → 1 goes on, 1 → 2 pays 1: state 1 is both, so the end is a state of its own."""
    table = [[[(1.0, 1, 5.0, True)]], [[(1.0, 2, 1.0, False)]], [[(0.5, 1, 0, False), (0.5, 0, 0, False)]]]
    mdp = from_gymnasium(environment(table, [0, 0, 1]), gamma=0.5)
    assert mdp.p[:, 0].tolist() == [[0, 0, 0, 1], [0, 0, 1, 0], [0.5, 0.5, 0, 0], [0, 0, 0, 1]]
    assert mdp.r[:, 0].tolist() == [5, 1, 0, 0]
    assert mdp.rho_0.tolist() == [0, 0, 1, 0]
    v = value_iteration(table, 0.5)
    np.testing.assert_allclose(bellman.evaluate(mdp, Policy.uniform(4, 1))[:3], v, atol=1e-12)


def test_a_terminal_state_that_pays_for_staying_is_passed_through_alive():
    """0 → 1 ends by action 0 and goes on by action 1; 1 stays and pays 1 for ever: 1/(1 − γ) = 2, a step away."""
    table = [[[(1.0, 1, 0.0, True)], [(1.0, 1, 0.0, False)]], [[(1.0, 1, 1.0, False)]] * 2]
    mdp = from_gymnasium(environment(table, [1, 0]), gamma=0.5)
    v = bellman.evaluate(mdp, Policy.deterministic([1, 0, 0], 2))
    np.testing.assert_allclose(v, [1, 2, 0], atol=1e-12)
    assert bellman.evaluate(mdp, Policy.deterministic([0, 0, 0], 2))[0] == 0


def test_starting_anywhere_on_the_lake_adds_no_state():
    mdp = from_gymnasium(gymnasium.make("FrozenLake-v1"), 0.99, rho_0=np.full(16, 1 / 16))
    assert mdp.S == 16
    assert mdp.absorbing.sum() == 5


def lake(*wrappers):
    env = gymnasium.make("FrozenLake-v1", render_mode="rgb_array")
    for wrapper in wrappers:
        env = wrapper(env)
    return env


def test_wrappers_that_only_watch_leave_the_mdp_as_it_is():
    plain = from_gymnasium(lake().unwrapped, 0.9)
    for wrapper in (
        wrappers.RecordEpisodeStatistics,
        wrappers.Autoreset,
        lambda env: wrappers.TimeLimit(env, 5),
        wrappers.FlattenObservation,
        lambda env: wrappers.AddWhiteNoise(env, 0.1),
        lambda env: wrappers.ObstructView(env, 0.1, 3),
        gymnasium.Wrapper,
    ):
        mdp = from_gymnasium(lake(wrapper), 0.9)
        assert np.array_equal(mdp.p, plain.p)
        assert np.array_equal(mdp.r, plain.r)


class Slow(gymnasium.Wrapper):
    """Costs 0.04 a step, and says so in a table of its own."""

    def __init__(self, env, table):
        super().__init__(env)
        if table:
            for_each = env.unwrapped.P.items()
            self.P = {
                s: {a: [(p, t, r - 0.04, over) for p, t, r, over in rows] for a, rows in acts.items()}
                for s, acts in for_each
            }

    def step(self, action):
        obs, r, *rest = self.env.step(action)
        return obs, r - 0.04, *rest


class Elsewhere(gymnasium.Wrapper):
    """Begins in state 4."""

    def reset(self, **how):
        self.env.reset(**how)
        self.env.unwrapped.s = 4
        return 4, {}


@pytest.mark.parametrize(
    ("name", "wrapper"),
    [
        ("TransformReward", lambda env: wrappers.TransformReward(env, lambda r: r - 0.04)),
        ("ClipReward", lambda env: wrappers.ClipReward(env, 0, 0.5)),
        ("StickyAction", lambda env: wrappers.StickyAction(env, 0.2)),
        ("TransformAction", lambda env: wrappers.TransformAction(env, lambda a: 3 - a, env.action_space)),
        ("Slow", lambda env: Slow(env, table=False)),
        ("TimeLimit", lambda env: type("TimeLimit", (Slow,), {})(env, table=False)),  # one's own, not Gymnasium's
        ("Elsewhere", lambda env: Elsewhere(env)),
    ],
)
def test_a_wrapper_that_may_change_the_mdp_is_refused_by_name(name, wrapper):
    for more in ((), (wrappers.RecordEpisodeStatistics,)):
        with pytest.raises(TypeError, match=f"FrozenLake-v1: the wrapper {name} may change rewards"):
            from_gymnasium(lake(wrapper, *more), 0.9)


def test_a_wrapper_s_own_table_counts():
    mdp, plain = from_gymnasium(lake(lambda env: Slow(env, table=True)), 0.9), from_gymnasium(lake(), 0.9)
    assert np.array_equal(mdp.p, plain.p)
    np.testing.assert_allclose(mdp.r[mdp.live], plain.r[plain.live] - 0.04)
    env = lake(lambda env: Slow(env, table=True))
    env.reset(seed=0)
    assert env.step(0)[1] == -0.04


def test_an_environment_without_a_table_is_refused_by_name():
    with pytest.raises(TypeError, match="CartPole-v1 has no table"):
        from_gymnasium(gymnasium.make("CartPole-v1"), 0.9)
    with pytest.raises(TypeError, match="NoneType has no table"):
        from_gymnasium(None, 0.9)
    with pytest.raises(TypeError, match="has no initial_state_distrib; give rho_0"):
        from_gymnasium(environment([[[(1.0, 0, 0.0, False)]]]), 0.9)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (7, "expected the table"),
        ([], "expected the table"),
        ({1: {}}, "P has 1 states, and no state 0; expected the table"),
        ({1: {0: []}, 2: {0: []}}, "P has 2 states, and no state 0"),
        ([[[(1.0, 0, 0.0)]]], "expected the table"),
        ([[[(1.0, 3, 0.0, False)]]], r"P\[0\]\[0\] leads to 3, which is not in 0 … 0"),
        ([[[(1.0, -1, 0.0, False)]]], r"P\[0\]\[0\] leads to -1"),
        ([[[(1.0, 0.5, 0.0, False)]], [[(1.0, 0, 0.0, True)]]], r"P\[0\]\[0\] leads to 0.5, which is not in 0 … 1"),
        ([[[(1.0, 0, 0.0, False)]], []], r"P\[1\] has 0 actions, P\[0\] has 1"),
        ([[[(0.5, 0, 0.0, False)]]], r"p\[s=0, a=0\] sums to 0.5"),
        ([[[(1.0, 0, 0.0, False)]], [[]]], "p.s=1, a=0. sums to 0"),
        ([[[(2.0, 0, 0.0, False), (-1.0, 0, 0.0, True)]]], r"P.0..0. has probability 2, which is not in .0, 1."),
        ([[[(0.5, 0, 0.0, False), (0.75, 0, 1.0, True), (-0.25, 0, 9.0, True)]]], "has probability -0.25"),
        ([[[(np.nan, 0, 0.0, False)]]], "nan, expected a finite number"),
        ([[[(1.0, 0, "gold", False)]]], "expected the table"),
    ],
)
def test_a_table_that_is_none_is_refused(table, message):
    with pytest.raises(ValueError, match=message):
        from_gymnasium(environment(table), 0.9, rho_0=[1] if table == 7 else [1, 0][: len(table)])


def test_a_start_of_the_wrong_length_is_refused():
    with pytest.raises(ValueError, match=r"rho_0 has shape \(2,\), expected \(16,\), since FrozenLake-v1 has 16"):
        from_gymnasium(gymnasium.make("FrozenLake-v1"), 0.9, rho_0=[1, 0])
