import numpy as np
import pytest

from pgcourse import zoo
from pgcourse.bellman import objective
from pgcourse.policy import Policy

pytestmark = pytest.mark.filterwarnings("error")

MAPS = {
    "4x4": "SFFF FHFH FFFH HFFG",
    "8x8": "SFFFFFFF FFFFFFFF FFFHFFFF FFFFFHFF FFFHFFFF FHHFFFHF FHFFHFHF FFFHFFFG",
}
LEFT, DOWN, RIGHT, UP = range(4)


def skate(name, slippery):
    """FrozenLake from its rules: a step goes as meant, or, on ice, to either side with the same probability."""
    rows = MAPS[name].split()
    n = len(rows)
    p, r = np.zeros((n * n, 4, n * n)), np.zeros((n * n, 4))
    for i, j in np.ndindex(n, n):
        for a in range(4):
            if rows[i][j] in "HG":
                p[i * n + j, a, i * n + j] = 1
                continue
            ways = [(a - 1) % 4, a, (a + 1) % 4] if slippery else [a]
            for way in ways:
                down, right = {LEFT: (0, -1), DOWN: (1, 0), RIGHT: (0, 1), UP: (-1, 0)}[way]
                k, m = min(max(i + down, 0), n - 1), min(max(j + right, 0), n - 1)
                p[i * n + j, a, k * n + m] += 1 / len(ways)
                r[i * n + j, a] += (rows[k][m] == "G") / len(ways)
    return p, r


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("slippery", [True, False])
def test_frozen_lake_follows_its_rules(name, slippery):
    mdp = zoo.frozen_lake(slippery=slippery, map_name=name)
    p, r = skate(name, slippery)
    np.testing.assert_allclose(mdp.p, p, rtol=0, atol=1e-15)
    np.testing.assert_allclose(mdp.r, r, rtol=0, atol=1e-15)
    assert mdp.rho_0.tolist() == [1] + [0] * (mdp.S - 1)
    assert (mdp.gamma, mdp.name) == (0.99, "FrozenLake-v1")


def test_eleven_of_the_16_states_of_frozen_lake_decide():
    """So of the table's 48 free probabilities only 3 × 11 = 33 matter."""
    assert zoo.frozen_lake().live.tolist() == [0, 1, 2, 3, 4, 6, 8, 9, 10, 13, 14]


def test_the_short_corridor_is_the_one_of_the_book():
    """Sutton & Barto, 2nd ed., Example 13.1: in the second cell left and right are switched; −1 a step; γ = 1."""
    mdp = zoo.short_corridor()
    assert mdp.p[:, zoo.LEFT].argmax(axis=1).tolist() == [0, 2, 1, 3]
    assert mdp.p[:, zoo.RIGHT].argmax(axis=1).tolist() == [1, 0, 3, 3]
    assert mdp.r.tolist() == [[-1, -1], [-1, -1], [-1, -1], [0, 0]]
    assert mdp.absorbing.tolist() == [False, False, False, True]
    assert (mdp.gamma, mdp.rho_0.tolist()) == (1, [1, 0, 0, 0])


def test_the_lost_discount_pays_and_costs_what_its_source_says():
    """Nota & Thomas 2020, arXiv 1906.07073: a prize two steps after the first choice, a cost at the second."""
    mdp = zoo.lost_discount()
    for first, second in np.ndindex(2, 2):
        s, rewards = 0, []
        for a in (first, second, 0):
            rewards.append(mdp.r[s, a])
            s = int(mdp.p[s, a].argmax())
        assert rewards == [0, -0.85 * second, first]
        assert mdp.absorbing[s] or not first
    assert (mdp.gamma, mdp.rho_0.tolist(), mdp.live.tolist()) == (0.9, [1, 0, 0, 0, 0], [0, 1, 2, 3])


def test_a_garnet_has_its_branches_and_its_ends():
    mdp = zoo.garnet(7, 3, 2, 0.9, np.random.default_rng(0), absorbing=2)
    assert mdp.p.shape == (7, 3, 7)
    assert ((mdp.p[:5] > 0).sum(axis=2) == 2).all()
    assert mdp.absorbing.tolist() == [False] * 5 + [True] * 2
    assert mdp.rho_0.sum() == pytest.approx(1)


def test_a_garnet_depends_on_its_generator_alone():
    one, same, other = (zoo.garnet(5, 2, 3, 0.9, np.random.default_rng(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.p, same.p)
    np.testing.assert_array_equal(one.r, same.r)
    assert (one.p != other.p).any()


@pytest.mark.parametrize(("branching", "absorbing"), [(0, 0), (6, 0), (2, 5), (2, -1)])
def test_an_impossible_garnet_is_refused(branching, absorbing):
    with pytest.raises(ValueError, match=rf"(branching is {branching}|absorbing (is )?{absorbing})\b.*, expected"):
        zoo.garnet(5, 2, branching, 0.9, np.random.default_rng(0), absorbing)


@pytest.mark.parametrize(("name", "steps"), [("4x4", 6), ("8x8", 14)])
def test_progress_leads_to_the_goal_by_a_shortest_way_and_caution_counts_the_holes(name, steps):
    phi = zoo.lake_features(name)
    meant, (ice, _) = skate(name, slippery=False)[0].argmax(axis=2), skate(name, slippery=True)
    fields = "".join(MAPS[name].split())
    s, way = 0, []
    while fields[s] != "G":
        a = phi[s, :, 0].argmax()
        way.append(phi[s, a, 0])
        s = meant[s, a]
    assert way == [1] * steps
    hole = np.array([field == "H" for field in fields])
    open_ice = np.array([field in "SF" for field in fields])
    np.testing.assert_allclose(phi[open_ice, :, 1], -3 * ice[open_ice][..., hole].sum(axis=2), atol=1e-12)
    assert np.isin(phi[..., 0], [-1, 0, 1]).all()
    assert (phi[~open_ice] == 0).all()


@pytest.mark.parametrize("make", [zoo.frozen_lake, zoo.lake_features])
def test_a_map_that_gymnasium_does_not_have_is_refused_with_those_it_has(make):
    with pytest.raises(ValueError, match="map_name is '9x9', expected '4x4' or '8x8'"):
        make(map_name="9x9")


# The numbers of the worlds' own texts, by hand


def test_wrong_rho_downhill_is_worth_what_its_rewards_say():
    """p = P(action 0): a step pays p·1 in A and −3p in B; ρ^π = (9.1, 0.9), so J = (9.1 − 2.7) p = 6.4 p."""
    mdp = zoo.wrong_rho_downhill()
    for p in (0.0, 0.25, 1.0):
        assert objective(mdp, Policy([[p, 1 - p]] * 2)) == pytest.approx(6.4 * p)


def test_stop_or_go_on_stops_for_1_or_wins_or_loses_3():
    mdp, act = zoo.stop_or_go_on(), Policy.deterministic
    for actions, J in (([0, 0, 0], 1), ([0, 1, 0], 1), ([1, 0, 0], 0.9 * 3), ([1, 1, 0], -0.9 * 3)):
        assert objective(mdp, act(actions, 2)) == pytest.approx(J)
