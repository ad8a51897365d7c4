import dataclasses
from fractions import Fraction
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest

from pgcourse import bellman, zoo
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


def test_starting_anywhere_on_the_lake_adds_no_state():
    mdp = from_gymnasium(gymnasium.make("FrozenLake-v1"), 0.99, rho_0=np.full(16, 1 / 16))
    assert mdp.S == 16
    assert mdp.absorbing.sum() == 5


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
        ({1: {}}, "expected the table"),
        ([[[(1.0, 0, 0.0)]]], "expected the table"),
        ([[[(1.0, 3, 0.0, False)]]], r"P\[0\]\[0\] leads to 3, which is not in 0 … 0"),
        ([[[(1.0, -1, 0.0, False)]]], r"P\[0\]\[0\] leads to -1"),
        ([[[(1.0, 0, 0.0, False)]], []], r"P\[1\] has 0 actions, P\[0\] has 1"),
        ([[[(0.5, 0, 0.0, False)]]], r"p\[s=0, a=0\] sums to 0.5"),
        ([[[(2.0, 0, 0.0, False), (-1.0, 0, 0.0, True)]], [[]]], "p.s=1, a=0. sums to 0"),
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
