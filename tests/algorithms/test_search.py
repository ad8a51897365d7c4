"""Search without a gradient: each generation by another route, and what is true of all three."""

from __future__ import annotations

from itertools import islice, pairwise

import numpy as np
import pytest
from cma import CMAEvolutionStrategy
from scipy.stats import rankdata

from pgcourse.algorithms import search
from pgcourse.bellman import objective
from pgcourse.gradients import evolution_strategy
from pgcourse.policy import softmax
from pgcourse.zoo import short_corridor

TARGET = np.array([1.0, -2.0, 0.5])
SEARCHES = {"cem": search.cem, "antithetic": search.antithetic, "cma_es": search.cma_es}


@pytest.fixture(params=SEARCHES)
def method(request):
    return SEARCHES[request.param]


def J(theta):
    return 3 - ((theta - TARGET) ** 2).sum(axis=1)


def after(generations, method, J=J, mean=(0.0, 0.0, 0.0), std=1.0, seed=0, **settings):
    """The last of so many generations."""
    return [*islice(method(J, mean, std, np.random.default_rng(seed), **settings), generations)][-1]


def test_a_generation_of_cem_is_what_a_loop_by_hand_makes_of_its_candidates():
    state = after(1, search.cem, std=[1, 2, 3], n=9, elites=4, floor=0.2)
    ordered = sorted(zip(state.scores.tolist(), state.candidates.tolist(), strict=True), reverse=True)
    elites = np.array([candidate for _, candidate in ordered[:4]])
    mean = sum(elites) / 4
    std = (sum((x - mean) ** 2 for x in elites) / 4) ** 0.5 + 0.2
    assert np.allclose(state.mean, mean, atol=1e-12)
    assert np.allclose(state.spread, np.diag(std), atol=1e-12)


def test_among_equal_scores_cem_takes_those_drawn_last_on_every_processor():
    """On CartPole many candidates last for all 500 steps. Python's `sorted` keeps the order of what is equal."""
    for state in islice(search.cem(lambda theta: np.round(J(theta)), 3 * [0.0], 1.0, np.random.default_rng(0)), 10):
        order = sorted(range(40), key=state.scores.tolist().__getitem__)
        assert np.allclose(state.mean, state.candidates[order[-8:]].mean(axis=0), atol=1e-12)


def test_a_generation_of_antithetic_pairs_is_what_a_loop_by_hand_makes_of_them():
    std = np.array([1.0, 2.0, 3.0])
    state = after(1, search.antithetic, std=std, pairs=5, alpha=0.3)
    epsilon = state.candidates / std
    assert np.allclose(epsilon[:5], -epsilon[5:], atol=1e-12)
    u = (rankdata(state.scores) - 1) / 9 - 0.5
    assert np.allclose(state.mean, sum(0.3 * std * u[i] * epsilon[i] / 5 for i in range(10)), atol=1e-12)
    assert np.allclose(state.spread, np.diag(std))


@pytest.mark.parametrize("scores", [[3.0, 1.0, 2.0], [5.0, 5.0, 5.0], [2.0, 1.0, 2.0, 7.0], [4.0]])
def test_centred_ranks_are_those_of_scipy_and_add_up_to_nothing(scores):
    u = search.centred_ranks(np.array(scores))
    assert np.allclose(u, (rankdata(scores) - 1) / max(len(scores) - 1, 1) - 0.5)
    assert len(scores) == 1 or abs(u.sum()) < 1e-12


def test_cma_es_is_the_library_s_own_fed_minus_J():
    state = after(6, search.cma_es, std=0.7, seed=4, n=10)
    rng = np.random.default_rng(4)
    options = {"popsize": 10, "randn": lambda *shape: rng.standard_normal(shape), "seed": np.nan, "verbose": -9}
    library = CMAEvolutionStrategy(3 * [0.0], 0.7, options)
    for _ in range(6):
        X = library.ask()
        library.tell(X, [-J(x[None])[0] for x in X])
    assert np.allclose(state.mean, library.mean, atol=1e-9)


def test_the_spread_is_that_of_the_next_candidates(method):
    """(θ − m) L⁻¹ᵀ is standard normal: the sum of its squares is χ². Antithetic pairs count once."""
    states = [*islice(method(J, TARGET + 2, [1, 2, 3], np.random.default_rng(1)), 60)]
    epsilon = np.concatenate([np.linalg.solve(a.spread, (b.candidates - a.mean).T).T for a, b in pairwise(states)])
    independent = epsilon.size / (1 + (method is search.antithetic))
    assert abs((epsilon**2).mean() - 1) < 5 * np.sqrt(2 / independent)
    assert (np.abs((epsilon**2).mean(axis=0) - 1) < 6 * np.sqrt(2 * 3 / independent)).all()


def test_only_the_order_of_scores_counts(method):
    """exp(J) has the same best θ, and the same search leads to it, digit for digit."""
    assert np.array_equal(after(8, method).mean, after(8, method, J=lambda theta: np.exp(J(theta))).mean)


@pytest.mark.parametrize("seed", range(3))
def test_the_best_theta_is_found_and_not_the_worst(method, seed):
    state = after(60, method, seed=seed, **({"floor": 0.01} if method is search.cem else {}))
    assert np.abs(state.mean - TARGET).max() < 0.3
    assert state.calls == 60 * len(state.scores)


def test_the_same_generator_gives_the_same_search_and_numpy_s_own_is_left_alone(method):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    assert np.array_equal(after(5, method, seed=3).candidates, after(5, method, seed=3).candidates)
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_nothing_in_a_generation_can_be_changed_and_J_cannot_move_its_candidates(method):
    def rude(theta):
        scores = J(theta)
        theta[:] = 0
        return scores

    state = after(3, method, J=rude)
    assert np.array_equal(state.candidates, after(3, method).candidates)
    for array in (state.mean, state.spread, state.candidates, state.scores):
        assert not array.flags.writeable


def test_without_a_floor_a_small_std_shrinks_to_nothing_far_from_the_best():
    """The mean comes no further than the few σ that its candidates reach; with a floor it arrives."""
    stuck, arrived = (after(60, search.cem, std=0.05, floor=floor) for floor in (0.0, 0.1))
    assert np.abs(stuck.mean).max() < 1
    assert stuck.spread.max() < 1e-6
    assert np.abs(arrived.mean - TARGET).max() < 0.3


def test_a_score_that_is_the_same_for_all_moves_antithetic_pairs_nowhere():
    state = after(5, search.antithetic, J=lambda theta: np.full(len(theta), 500.0), mean=TARGET)
    assert np.allclose(state.mean, TARGET, atol=1e-12)


# Bad input


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mean": [0.0, np.nan, 0]}, r"mean\[d=1\] is nan"),
        ({"mean": 0.0}, "mean is 0.0"),
        ({"mean": [[0.0, 0]]}, r"mean has shape \(1, 2\), expected \(D,\)|mean has shape"),
        ({"std": 0}, "std is 0, expected a finite number > 0"),
        ({"std": [1, -1, 1]}, r"std\[d=1\] is -1.0, expected a number > 0"),
        ({"std": [1, 0, 1]}, r"std\[d=1\] is 0.0, expected a number > 0"),
        ({"std": [1, 1]}, r"std has shape \(2,\).*as the mean"),
        ({"J": lambda theta: J(theta)[:, None]}, r"J\(candidates\) has shape .*one score each"),
        ({"J": lambda theta: J(theta).max()}, r"J\(candidates\)"),
        ({"J": lambda theta: np.where(np.arange(len(theta)) == 3, np.nan, 0)}, r"J\(candidates\)\[n=3\] is nan"),
        ({"J": lambda theta: np.full(len(theta), np.inf)}, r"J\(candidates\)\[n=0\] is inf"),
        ({"J": lambda theta: None}, r"J\(candidates\) is None"),
    ],
    ids=["nan", "no array", "two axes", "std 0", "std negative", "std flat", "std short", "column", "one score",
         "score nan", "score inf", "None"],
)  # fmt: skip
def test_what_is_no_search_is_refused_by_name(method, changes, said):
    with pytest.raises(ValueError, match=said):
        after(1, method, **changes)


@pytest.mark.parametrize(
    ("method", "settings", "said"),
    [
        (search.cem, {"n": 1}, "n is 1, expected an integer ≥ 2"),
        (search.cem, {"elites": 41}, "elites is 41, expected at most n = 40"),
        (search.cem, {"elites": 0}, "elites is 0"),
        (search.cem, {"floor": -0.1}, "floor is -0.1"),
        (search.antithetic, {"pairs": 0}, "pairs is 0"),
        (search.antithetic, {"alpha": 0}, "alpha is 0"),
        (search.cma_es, {"n": 1}, "n is 1"),
        (search.cma_es, {"mean": [0.0]}, "expected d ≥ 2"),
    ],
    ids=["n", "elites more than n", "elites", "floor", "pairs", "alpha", "cma n", "cma in one dimension"],
)
def test_settings_are_checked_at_once_and_not_at_the_first_generation(method, settings, said):
    given = {"mean": [0.0, 0, 0], "std": 1.0} | settings
    with pytest.raises(ValueError, match=said):
        method(J, given.pop("mean"), given.pop("std"), np.random.default_rng(0), **given)


@pytest.mark.slow
@pytest.mark.sampled
def test_a_search_that_runs_out_of_the_floats_says_so():
    """A J without a maximum: the steps grow by a factor a generation."""
    with np.errstate(over="ignore"), pytest.raises(ValueError, match=r"out of the range of floats|is inf"):
        after(2000, search.cma_es, J=lambda theta: theta.sum(axis=1), mean=(0.0, 0.0), std=1e40, n=8)


# What an evolution strategy estimates: the gradient of a smoothed J, with a spread that grows with d

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(80)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def corridor(d):
    """J of the corridor, exact, for the logit d of P(right)."""
    phi = np.zeros((4, 2, 1))
    phi[:, 1] = 1
    return objective(short_corridor(), softmax(phi, [d]))


@pytest.mark.parametrize("sigma", [0.3, 1.0])
def test_the_smoothed_corridor_has_a_closed_form_and_its_best_logit_does_not_move(sigma):
    """−(6 + e^{σ²/2} (4 e^{−d} + 2 e^{d})), by quadrature over the exact J; its slope is 0 at d = ½ log 2."""

    def smoothed(d):
        return WEIGHTS @ [corridor(d + sigma * z) for z in NODES]

    for d in (-1.0, 0.3, 2.0):
        assert np.isclose(smoothed(d), -(6 + np.exp(sigma**2 / 2) * (4 * np.exp(-d) + 2 * np.exp(d))), rtol=1e-6)
    best, h = np.log(2) / 2, 1e-3
    assert abs(smoothed(best + h) - smoothed(best - h)) / (2 * h) < 1e-4
    assert smoothed(best) > max(smoothed(best - 0.1), smoothed(best + 0.1))


@pytest.mark.slow
@pytest.mark.sampled
def test_the_estimate_s_mean_is_the_smoothed_slope_and_not_the_slope():
    d, sigma = 1.0, 1.0
    g = evolution_strategy(lambda x: corridor(x[0]), [d], 1500, sigma, np.random.default_rng(0))[:, 0]
    slope = 4 * np.exp(-d) - 2 * np.exp(d)
    z = (g.mean() - np.array([np.exp(sigma**2 / 2) * slope, slope])) / (g.std() / np.sqrt(len(g)))
    assert abs(z[0]) < 5 < abs(z[1])


@pytest.mark.parametrize("d", [2, 10, 64])
def test_on_a_linear_J_the_variance_of_a_pair_is_d_plus_1_times_the_gradient_s_square(d):
    """The measured variance, in standard errors; beside it E|ĝ|² = (d + 2)|∇J|² by quadrature for d = 2."""
    slope = np.linspace(1, 2, d)
    g = evolution_strategy(lambda x: float(slope @ x), np.zeros(d), 4000, 0.5, np.random.default_rng(d))
    square = ((g - slope) ** 2).sum(axis=1) / (slope @ slope)
    assert abs(square.mean() - (d + 1)) < 5 * square.std() / np.sqrt(len(square))
    if d == 2:
        e = np.stack(np.meshgrid(NODES, NODES), axis=-1)
        second = np.einsum("i,j,ij->", WEIGHTS, WEIGHTS, (e**2).sum(axis=-1) * (e @ slope) ** 2)
        assert np.isclose(second / (slope @ slope), d + 2)


@pytest.mark.parametrize("method", [search.cem, search.antithetic, search.cma_es])
def test_a_search_keeps_its_start_whatever_becomes_of_the_array(method):
    means = []
    for change in (False, True):
        start, std = np.zeros(2), np.ones(2)
        run = method(lambda theta: -(theta**2).sum(axis=1), start, std, np.random.default_rng(0))
        if change:
            start[:], std[:] = 100, 50
        means.append(next(run).mean)
    np.testing.assert_array_equal(*means)
