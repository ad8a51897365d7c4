import copy
import dataclasses
import pickle
from fractions import Fraction
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from gymnasium import wrappers

from pgcourse import bellman, zoo
from pgcourse.horizon import Plan
from pgcourse.lqr import LQR
from pgcourse.mdp import FiniteMDP, from_gymnasium
from pgcourse.policy import Policy

pytestmark = pytest.mark.filterwarnings("error")

P = np.array([[[0.5, 0.5], [1, 0], [0, 1]], [[0, 1], [0, 1], [0, 1]]])
R = np.array([[1.0, 2, 3], [0, 0, 0]])


def changed(array, index, value):
    array = array.copy()
    array[index] = value
    return array


def build(**fields):
    return FiniteMDP(**{"p": P, "r": R, "gamma": 0.9, "rho_0": [1, 0], **fields})


def test_an_mdp_is_a_frozen_copy_of_its_arrays():
    p = P.copy()
    mdp = build(p=p)
    p[:] = 0
    assert (mdp.p == P).all()
    assert (mdp.S, mdp.A, mdp.gamma) == (2, 3, 0.9)
    for array in (mdp.p, mdp.r, mdp.rho_0, mdp.absorbing, mdp.live, mdp.p_live):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        mdp.gamma = 0.5


def test_replacing_a_field_checks_again():
    assert dataclasses.replace(build(), gamma=0.5).gamma == 0.5
    with pytest.raises(ValueError, match="gamma is 2"):
        dataclasses.replace(build(), gamma=2)


def test_fractions_and_whole_numbers_are_numbers():
    half = Fraction(1, 2)
    mdp = build(p=[[[half, half]] * 3, [[0, 1]] * 3], r=[[half] * 3, [0] * 3], gamma=Fraction(9, 10))
    assert mdp.p.dtype == mdp.r.dtype == mdp.rho_0.dtype == np.float64
    assert mdp.gamma == 0.9
    assert build(gamma=np.int64(1)).gamma == 1


def test_a_state_that_stays_is_absorbing_only_if_it_pays_nothing():
    assert build().absorbing.tolist() == [False, True]
    assert build(r=changed(R, (1, 2), -1.0)).absorbing.tolist() == [False, False]
    assert build(p=changed(P, (1, 2), [0.5, 0.5])).absorbing.tolist() == [False, False]
    assert build().live.tolist() == [0]
    assert (build().p_live == [P[0], np.zeros((3, 2))]).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"p": changed(P, (0, 2), [0.5, 0.25])}, r"p\[s=0, a=2\] sums to 0.75, expected 1"),
        ({"p": changed(P, (1, 0), [-0.5, 1.5])}, r"p\[s=1, a=0, s'=0\] is -0.5, expected a probability"),
        ({"p": changed(P, (1, 0), [1e308, 1e308])}, r"p\[s=1, a=0, s'=0\] is 1e\+308, expected a probability"),
        ({"p": changed(P, (0, 1, 1), np.nan)}, r"p\[s=0, a=1, s'=1\] is nan, expected a finite number"),
        ({"p": changed(P, (0, 1, 1), np.inf)}, r"p\[s=0, a=1, s'=1\] is inf, expected a finite number"),
        ({"p": P[0]}, r"p has shape \(3, 2\), expected \(S, A, S'\)"),
        ({"p": P[:1]}, r"p has shape \(1, 3, 2\), expected \(1, 3, 1\)"),
        ({"p": np.zeros((0, 3, 0))}, r"p has shape \(0, 3, 0\), expected \(S, A, S'\)"),
        ({"p": [[1, 2], [3]]}, r"p is \[\[1, 2\], \[3\]\], expected real numbers of shape \(S, A, S'\)"),
        ({"p": None}, r"p is None, expected real numbers"),
        ({"p": "frozen lake"}, r"p is 'frozen lake', expected real numbers"),
        ({"p": P.astype(str)}, "expected real numbers"),
        ({"p": P + 0j}, "expected real numbers"),
        ({"r": R[:, :2]}, r"r has shape \(2, 2\), expected \(2, 3\), since p has S = 2 and A = 3"),
        ({"r": R[:, 0]}, r"r has shape \(2,\), expected \(S, A\)"),
        ({"r": changed(R, (0, 1), np.nan)}, r"r\[s=0, a=1\] is nan, expected a finite number"),
        ({"r": [[1, 2, 10**400], [0, 0, 0]]}, "r is .*, expected real numbers"),
        ({"rho_0": [0.5, 0.4]}, r"rho_0 sums to 0.9, expected 1"),
        ({"rho_0": [1.5, -0.5]}, r"rho_0\[s=0\] is 1.5, expected a probability"),
        ({"rho_0": [1]}, r"rho_0 has shape \(1,\), expected \(2,\)"),
        ({"rho_0": 0}, r"rho_0 is 0, expected real numbers of shape \(S,\)"),
        ({"rho_0": [np.nan, 1]}, r"rho_0\[s=0\] is nan"),
        ({"rho_0": {0: 1.0}}, r"rho_0 is \{0: 1.0\}"),
        ({"r": changed(R, (0, 1), 1e308)}, r"r\[s=0, a=1\] is 1e\+308, expected a size of at most 1e\+50"),
        ({"p": np.ma.masked_equal(P, 0.5)}, r"p\[s=0, a=0, s'=0\] is masked, expected real numbers"),
        ({"rho_0": np.ma.array([1.0, 0], mask=[False, True])}, r"rho_0\[s=1\] is masked"),
        (
            {"p": changed(P, (0, 0), [0.5, 0.5 + 3e-6]).astype(np.float32)},
            r"p\[s=0, a=0\] sums to 1.00000\d+, exp",
        ),
        ({"p": changed(P, (0, 0), [1, -1e-9])}, r"p\[s=0, a=0, s'=1\] is -1e-09, expected a probability"),
    ],
)
def test_a_wrong_array_is_refused_by_field_place_and_value(fields, message):
    with pytest.raises(ValueError, match=message):
        build(**fields)


@pytest.mark.parametrize(
    "gamma", [-0.1, 1.1, np.nan, np.inf, 10**400, "0.9", None, True, np.True_, 0.9j, np.complex128(0.9), [0.9]]
)
def test_gamma_is_a_real_number_from_0_to_1(gamma):
    with pytest.raises(ValueError, match=r"^gamma is .*, expected a number 0 ≤ γ < 1, or γ = 1 for a task that ends$"):
        build(gamma=gamma)


@pytest.mark.parametrize("gamma", [np.nextafter(1, 0), 1 - 1e-13])
def test_gamma_is_1_or_far_enough_below_it_for_p_to_be_exact(gamma):
    with pytest.raises(ValueError, match=r"^gamma is 0\.9+\d*, expected .* not between 1 − 1e-12 and 1"):
        build(gamma=gamma)
    assert build(gamma=np.array(0.5)).gamma == 0.5


# What rounding left


def in_kind(kind, S=7, A=3):
    """A random kernel and policy as a library with numbers of this kind would have them."""
    rng = np.random.default_rng(0)
    p, pi = rng.dirichlet(np.ones(S), (S, A)).astype(kind), rng.dirichlet(np.ones(A), S).astype(kind)
    return p / p.sum(axis=2, keepdims=True), pi / pi.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble])
def test_rows_with_the_rounding_of_their_own_kind_are_taken_and_then_sum_to_1_as_float64_can(kind):
    p, probs = in_kind(kind)
    mdp, pi = FiniteMDP(p, np.ones((7, 3)), 0.9, p[0, 0]), Policy(probs)
    eps = float(np.finfo(kind).eps)
    for mine, given in ((mdp.p, p), (mdp.rho_0, p[0, 0]), (pi.probs, probs)):
        assert np.abs(mine.sum(axis=-1) - 1).max() < 2e-15
        np.testing.assert_allclose(mine, given.astype(float), rtol=10 * max(eps, 2e-16))
    assert bellman.objective(mdp, pi) == pytest.approx(10, rel=1e-12)


def test_rows_that_float64_rounded_stay_as_they_are_and_a_tiny_negative_one_is_0():
    tenths = np.full((10, 1, 10), 0.1)
    assert np.array_equal(FiniteMDP(tenths, np.ones((10, 1)), 0.9, tenths[0, 0]).p, tenths)
    assert Policy([[0.9, 0.1, 1 - 0.9 - 0.1]]).probs.tolist() == [[0.9, 0.1, 0]]  # the last is −2.8e-17


@pytest.mark.parametrize("off", [9e-10, -9e-10])
def test_with_gamma_near_1_a_row_that_is_a_little_off_is_worth_what_it_should_be(off):
    """Reward 1 for ever is 1/(1−γ) = 1e10. With 1 + 9e-10 in the diagonal, I − γp would have the other sign."""
    mdp = FiniteMDP([[[1 + off]]], [[1.0]], 1 - 1e-10, [1])
    assert bellman.objective(mdp, Policy.uniform(1, 1)) == pytest.approx(1e10, rel=1e-4)


def test_a_state_that_leaks_is_not_absorbing_however_little():
    """0 stays with 1 − 5e-10, and else goes to 1, which pays 1 for ever: v(0) = 5e-10 γ v(1) / (1 − γ (1 − 5e-10))."""
    leak, gamma = 5e-10, 1 - 1e-9
    mdp = FiniteMDP([[[1 - leak, leak]], [[0, 1]]], [[0], [1]], gamma, [1, 0])
    assert not mdp.absorbing.any()
    expected = leak * gamma / (1 - gamma) / (1 - gamma * (1 - leak))
    assert bellman.objective(mdp, Policy.uniform(2, 1)) == pytest.approx(expected, rel=1e-5)
    assert expected > 3e8


def test_a_masked_array_without_a_masked_number_is_an_array():
    assert np.array_equal(build(p=np.ma.array(P)).p, P)


# From Gymnasium's tables


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


@pytest.mark.parametrize(
    ("name", "wrapper"),
    [
        ("TransformReward", lambda env: wrappers.TransformReward(env, lambda r: r - 0.04)),
        ("ClipReward", lambda env: wrappers.ClipReward(env, 0, 0.5)),
        ("StickyAction", lambda env: wrappers.StickyAction(env, 0.2)),
        ("TransformAction", lambda env: wrappers.TransformAction(env, lambda a: 3 - a, env.action_space)),
        ("Slow", lambda env: Slow(env, table=False)),
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


def kept(thing):
    """The arrays of an object, those that follow from others, too."""
    found = vars(thing).values() if hasattr(thing, "__dict__") else [thing.probs]
    return [
        x for value in found for x in (value if isinstance(value, tuple) else (value,)) if isinstance(x, np.ndarray)
    ]


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_a_copy_is_read_only_as_what_it_was_copied_from(again):
    """What an MDP knows of p is kept: a copy whose p could be changed would go on with what was known before."""
    mdp = zoo.short_corridor()
    assert mdp.absorbing.any()
    assert len(mdp.outcomes) == 3
    pi = Policy.uniform(mdp.S, mdp.A)
    regulator = LQR(0.9, 0.1, 1, 0.1, 0.1, 1, 0, 0.9)
    for thing in (mdp, pi, Plan.repeat(pi, 3), regulator):
        copied = kept(again(thing))
        assert len(copied) == len(kept(thing)) > 0
        for array in copied:
            assert not array.flags.writeable
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0
