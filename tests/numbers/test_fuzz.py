"""Random problems with exact fractions as the judge, and bad input of every kind in every place.

The judge solves (I − γ p^π) x = b by elimination with fractions, from the very floats that the package holds, so that
all that may differ is rounding: of the size of the last digit times n, the largest expected number of (discounted)
steps, by which the system can enlarge it.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pgcourse import bellman, deterministic, estimators, gradients, lqr, policy, returns, sampling, zoo
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy

pytestmark = pytest.mark.filterwarnings("error")

ROUNDING = 64 * np.finfo(float).eps
GAMMAS = (0.0, 0.5, 0.99, 1 - 1e-6, 1 - 1e-10, 1.0)
SIZES = (1e-250, 1e-3, 1.0, 1e3, 1e49)  # of the rewards


@st.composite
def problems(draw):
    """(mdp, θ): S and A from 1 on, rows with many zeros or tiny numbers, ends, and θ as large as exp can bear."""
    S, A = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = rng.choice([0.0, 0.0, 1.0, 2.0, 1e-3, 1e-9, 1e-300], (S, A, S))
    weights[..., 0] += weights.sum(axis=2) == 0
    rho_0 = rng.choice([0.0, 1.0, 3.0], S)
    rho_0[-1] += rho_0.sum() == 0
    p = weights / weights.sum(axis=2, keepdims=True)
    r = draw(st.sampled_from(SIZES)) * rng.choice([-1.0, 0.0, 0.0, 0.5, 2.0], (S, A))
    for s in range(S - draw(st.integers(0, S)), S):
        p[s], r[s] = np.eye(S)[s], 0
    mdp = FiniteMDP(p, r, draw(st.sampled_from(GAMMAS)), rho_0 / rho_0.sum())
    return mdp, draw(st.sampled_from((0.0, 1.0, 300.0))) * rng.choice([-1.0, 0.0, 1.0], (S, A))


# The judge


def fractions(array):
    return [fractions(row) for row in array] if np.ndim(array) else Fraction(float(array))


def solve(matrix, b):
    """x of matrix x = b, by elimination; None if there is none or more than one."""
    n, rows = len(b), [[*row, y] for row, y in zip(matrix, b, strict=True)]
    for i in range(n):
        pivot = next((k for k in range(i, n) if rows[k][i]), None)
        if pivot is None:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for k in range(n):
            if k != i and rows[k][i]:
                rows[k] = [x - rows[k][i] * y for x, y in zip(rows[k], rows[i], strict=True)]
    return [row[n] for row in rows]


class Judge:
    """v^π, q^π, ρ^π, J and n of an MDP and π (S, A), all as fractions; n is None where they do not exist."""

    def __init__(self, mdp, pi):
        p, r, self.pi, self.gamma = fractions(mdp.p), fractions(mdp.r), pi, Fraction(mdp.gamma)
        self.states, self.actions = range(mdp.S), range(mdp.A)
        S, A = self.states, self.actions
        self.over = [all(p[s][a][s] == 1 and sum(p[s][a]) == 1 and r[s][a] == 0 for a in A) for s in S]
        p_pi = [[0 if self.over[s] else sum(pi[s][a] * p[s][a][t] for a in A) for t in S] for s in S]
        system = [[(s == t) - self.gamma * p_pi[s][t] for t in S] for s in S]
        self.n = solve(system, [1 for _ in S])
        if self.n is None:
            return
        self.v = solve(system, [sum(pi[s][a] * r[s][a] for a in A) for s in S])
        self.q = [[r[s][a] + self.gamma * sum(p[s][a][t] * self.v[t] for t in S) for a in A] for s in S]
        rho_0 = fractions(mdp.rho_0)
        arrivals = solve([list(column) for column in zip(*system, strict=True)], rho_0)
        for_ever = 1 / (1 - self.gamma) if self.gamma < 1 else 0
        self.rho = [x * for_ever if over else x for x, over in zip(arrivals, self.over, strict=True)]
        self.J = sum(x * y for x, y in zip(rho_0, self.v, strict=True))

    def slopes(self, mdp):
        """∂J/∂θ(s, a) of the tabular softmax: the slope of J along π(a|s) (e_a − π(·|s)), by a step of 2⁻²⁰⁰."""
        h, pi = Fraction(1, 2**200), self.pi

        def J(s, a, h):
            row = [x + h * pi[s][a] * ((a == b) - x) for b, x in enumerate(pi[s])]
            return Judge(mdp, [row if t == s else pi[t] for t in self.states]).J

        return [[(J(s, a, h) - J(s, a, -h)) / (2 * h) for a in self.actions] for s in self.states]


def never_ends(mdp, judge):
    """Whether `bellman` may refuse γ = 1: from some state the end is all but impossible, or too far."""
    p_pi = np.einsum("sa,sat->st", np.array(judge.pi, dtype=float), mdp.p)
    ends = np.array(judge.over)
    for _ in judge.states:
        ends = ends | (p_pi > 2e-12) @ ends
    return not ends.all() or judge.n is None or max(judge.n) > Fraction(9, 10) * 10**12


def near(found, exact, allowed):
    error = np.abs(np.asarray(found, dtype=float) - np.array(exact, dtype=float))
    assert np.isfinite(found).all()
    assert error.max() <= allowed, f"{found} is not {np.array(exact, dtype=float)}"


@pytest.mark.slow
@settings(derandomize=True, deadline=None, max_examples=150, database=None)
@given(problems())
def test_everything_exact_is_what_fractions_say(problem):
    mdp, theta = problem
    pi = policy.tabular_softmax(theta)
    judge = Judge(mdp, fractions(pi.probs))
    assert mdp.absorbing.tolist() == judge.over
    try:
        v_pi, q_pi, rho_pi, J = bellman.exact(mdp, pi)
    except ValueError as error:
        assert "gamma is 1 and the policy" in str(error)  # noqa: PT017
        assert never_ends(mdp, judge)
        return
    rounding = ROUNDING * float(max(judge.n))
    worth = float(max(abs(x) for row in judge.q for x in row)) + np.abs(mdp.r).max()
    near(v_pi, judge.v, rounding * worth)
    near(q_pi, judge.q, rounding * worth)
    near(J, judge.J, rounding * worth)
    near(rho_pi, judge.rho, rounding * float(sum(judge.rho)))
    near(bellman.evaluate(mdp, pi), judge.v, rounding * worth)
    near(bellman.occupancy(mdp, pi), judge.rho, rounding * float(sum(judge.rho)))
    if mdp.gamma < 1:
        assert rho_pi.sum() == pytest.approx(1 / (1 - mdp.gamma), rel=rounding)

    slopes = judge.slopes(mdp)
    allowed = 2 * rounding * worth * float(sum(judge.rho))
    table = policy.tabular(mdp.S, mdp.A)
    scores, grad_pi = policy.grad_log_softmax(table, pi), policy.grad_softmax(table, pi)
    near(gradients.tabular_softmax_gradient(rho_pi, pi, q_pi), slopes, allowed)
    near(gradients.policy_gradient(rho_pi, pi, q_pi, scores), np.ravel(slopes), allowed)
    near(mdp.rho_0 @ gradients.value_gradient(mdp, pi, q_pi, grad_pi), np.ravel(slopes), allowed)


# Bad input: an error that names the field, or numbers

MDP, PI = zoo.garnet(4, 3, 2, 0.9, np.random.default_rng(0)), Policy.uniform(4, 3)
RHO, V, Q, PHI = (
    np.ones(4),
    np.arange(4.0),
    np.arange(12.0).reshape(4, 3),
    np.random.default_rng(1).normal(size=(4, 3, 2)),
)
TAU = sampling.rollouts(MDP, PI, 5, 6, np.random.default_rng(1))
STEPS, ONES = TAU.steps, np.ones(len(TAU.steps.r))
BOAT = lqr.LQR(A=1, B=0.5, Q=1, R=0.5, W=0.1, mu_0=1, Sigma_0=0.5, gamma=0.9)
STATES = np.linspace(-1, 1, 5)[:, None]

# A function, its good arguments, and which of them are spoilt in turn.
CALLS = [
    (FiniteMDP, {"p": MDP.p, "r": MDP.r, "gamma": 0.9, "rho_0": MDP.rho_0}, "p r gamma rho_0"),
    (Policy, {"probs": PI.probs}, "probs"),
    (Policy.uniform, {"S": 4, "A": 3}, "S A"),
    (Policy.deterministic, {"actions": [0, 1, 2, 0], "A": 3}, "actions A"),
    (policy.softmax, {"phi": PHI, "theta": np.ones(2)}, "phi theta"),
    (policy.tabular_softmax, {"theta": Q}, "theta"),
    (policy.direct, {"theta": PI.probs[:, 1:]}, "theta"),
    (policy.mirror_step, {"pi": PI, "q": Q, "alpha": 0.1}, "q alpha"),
    (policy.grad_log_softmax, {"phi": PHI, "pi": PI}, "phi"),
    (bellman.action_value, {"mdp": MDP, "v": V}, "v"),
    (bellman.bellman_operator, {"mdp": MDP, "pi": PI, "v": V}, "v"),
    (bellman.greedy, {"q": Q}, "q"),
    (bellman.value_iteration_policies, {"mdp": MDP, "n": 3, "m": 2}, "n m"),
    (bellman.optimal_values, {"mdp": MDP, "tolerance": 1e-9}, "tolerance"),
    (gradients.value_gradient, {"mdp": MDP, "pi": PI, "q_pi": Q, "grad_pi": PHI}, "q_pi grad_pi"),
    (gradients.policy_gradient, {"rho_pi": RHO, "pi": PI, "q_pi": Q, "grad_log_pi": PHI}, "rho_pi q_pi grad_log_pi"),
    (gradients.compatible_critic, {"rho_pi": RHO, "pi": PI, "q_pi": Q, "grad_log_pi": PHI}, "rho_pi q_pi grad_log_pi"),
    (gradients.tabular_softmax_gradient, {"rho_pi": RHO, "pi": PI, "q_pi": Q}, "rho_pi q_pi"),
    (gradients.angle, {"one": V, "other": RHO}, "one other"),
    (gradients.finite_differences, {"J": np.sum, "theta": V, "h": 0.1}, "theta h"),
    (gradients.evolution_strategy, {"J": np.sum, "theta": V, "n": 3, "sigma": 0.1, "rng": 0}, "theta n sigma"),
    (sampling.sample_pairs, {"rho": RHO, "pi": PI, "n": 3, "rng": 0}, "rho n"),
    (sampling.rollouts, {"mdp": MDP, "pi": PI, "n": 3, "horizon": 4, "rng": 0}, "n horizon"),
    (sampling.streams, {"mdp": MDP, "pi": PI, "n": 3, "steps": 4, "rng": 0, "horizon": 2}, "n steps horizon"),
    (returns.returns_to_go, {"steps": STEPS, "gamma": 0.9}, "gamma"),
    (returns.td_errors, {"steps": STEPS, "v": ONES, "v_next": ONES, "gamma": 0.9}, "v v_next gamma"),
    (returns.gae, {"steps": STEPS, "delta": ONES, "gamma": 0.9, "lam": 0.5}, "delta gamma lam"),
    (gradients.expected_gae, {"mdp": MDP, "pi": PI, "v": V, "lam": 0.5}, "v lam"),
    (gradients.expected_gae_until, {"mdp": MDP, "pi": PI, "v": V, "lam": 0.5, "horizon": 3}, "v lam horizon"),
    (gradients.expected_gae_squared, {"mdp": MDP, "pi": PI, "v": V, "lam": 0.5}, "v lam"),
    (
        estimators.from_pairs,
        {"rho": RHO, "q": Q, "grad_log_pi": PHI, "s": [0], "a": [1], "b": V},
        "rho q grad_log_pi b",
    ),
    (estimators.full_return, {"tau": TAU, "gamma": 0.9, "b": 0.5}, "gamma b"),
    (estimators.reward_to_go, {"tau": TAU, "gamma": 0.9, "b": ONES}, "gamma b"),
    (estimators.discounted, {"tau": TAU, "advantage": ONES, "gamma": 0.9}, "advantage gamma"),
    (estimators.weighted_scores, {"tau": TAU, "weights": ONES, "grad_log_pi": PHI}, "weights grad_log_pi"),
    (estimators.optimal_state_baseline, {"pi": PI, "q": Q, "grad_log_pi": PHI}, "q grad_log_pi"),
    (estimators.optimal_constant_baseline, {"rho": RHO, "pi": PI, "q": Q, "grad_log_pi": PHI}, "rho q grad_log_pi"),
    (lqr.LQR, dict.fromkeys("ABQRW", 0.5) | {"mu_0": 1, "Sigma_0": 1, "gamma": 0.9}, "A B Q R W mu_0 Sigma_0 gamma"),
    (lqr.objective, {"lqr": BOAT, "K": -1, "sigma": 0.1}, "K sigma"),
    (lqr.policy_gradient, {"lqr": BOAT, "K": -1, "sigma": 0.1}, "K sigma"),
    (lqr.value, {"lqr": BOAT, "K": -1, "sigma": 0.1, "s": STATES}, "K sigma s"),
    (lqr.action_value, {"lqr": BOAT, "K": -1, "sigma": 0.1, "s": STATES, "a": STATES}, "K sigma s a"),
    (lqr.action_slope, {"lqr": BOAT, "K": -1, "s": STATES, "a": STATES}, "K s a"),
    (lqr.occupancy_density, {"lqr": BOAT, "K": -1, "sigma": 0.1, "x": V}, "K sigma x"),
    (lqr.sample_states, {"lqr": BOAT, "K": -1, "sigma": 0.1, "n": 3, "rng": 0}, "K sigma n"),
    (deterministic.nabla_log, {"s": STATES, "a": STATES, "K": -1, "sigma": 0.1}, "s a K sigma"),
    (
        deterministic.nabla_log_estimates,
        {"lqr": BOAT, "K": -1, "sigma": 0.1, "s": STATES, "a": STATES, "b": 1.0},
        "s a b",
    ),
    (deterministic.slope_estimates, {"lqr": BOAT, "K": -1, "s": STATES}, "K s"),
    (deterministic.nabla_log_variance, {"x": 1.0, "slope": 1.0, "h": 1.0, "sigma": 0.5}, "x slope h sigma"),
    (deterministic.compatible_weights, {"features": STATES, "slopes": STATES[:, 0]}, "features slopes"),
    (
        deterministic.learned_slope,
        {"lqr": BOAT, "K": -1, "K_b": -1, "sigma_b": 0.5, "n": 99, "rng": 0},
        "K K_b sigma_b n",
    ),
]
BAD = [
    None,
    "x",
    "1",
    b"1",
    {},
    [],
    [[]],
    [[1], [1, 2]],
    [None],
    object(),
    1j,
    np.array(1j),
    np.nan,
    np.inf,
    -np.inf,
    -1,
    0,
    0.5,
]
BAD += [
    1,
    3,
    2.5,
    1e-320,
    1e308,
    -1e308,
    10**400,
    True,
    np.array([np.nan]),
    np.ma.masked,
    np.ma.array([1.0], mask=True),
]


def spoilt(good):
    """What may stand in the place of a good argument: rubbish, and the argument itself with one thing wrong."""
    yield from BAD
    array = np.array(good, dtype=float)
    for wrong in (np.nan, np.inf, -1.0, 1e308, -1e308, 1e-320):
        yield np.where(np.arange(array.size).reshape(array.shape) == 0, wrong, array)
    yield from (0 * array, 1e308 * np.sign(array + 0.1), array[None], array[..., None], array + 0j, array.astype(str))
    yield from (np.ma.array(array, mask=np.arange(array.size).reshape(array.shape) == 0), array.astype(object))
    yield from (
        array.astype(np.float32),
        array.astype(np.float16),
        array.tolist(),
        array[..., :-1] if array.ndim else [array],
    )


def numbers(result):
    """All numbers in a result."""
    if isinstance(result, (FiniteMDP, lqr.LQR)):
        return numbers(list(vars(result).values()))
    if isinstance(result, Policy):
        return [result.probs]
    if isinstance(result, (list, tuple)):
        return [x for one in result for x in numbers(one)]
    return [np.asarray(result, dtype=float)] if isinstance(result, (float, int, np.ndarray, np.number)) else []


@pytest.mark.parametrize(("function", "good", "fields"), CALLS, ids=lambda x: getattr(x, "__qualname__", ""))
def test_bad_input_is_refused_by_name_or_gives_numbers(function, good, fields):
    def call(**changes):
        rng = {"rng": np.random.default_rng(0)} if "rng" in good else {}
        return function(**(good | rng | changes))

    assert all(np.isfinite(x).all() for x in numbers(call()))
    names = {"probs": "pi"}
    for field in fields.split():
        for value in spoilt(good[field]):
            try:
                result = call(**{field: value})
            except (ValueError, TypeError) as error:
                said = str(error)
                assert names.get(field, field).split("_")[0] in said, f"{field} = {value!r}: {said}"
                assert "expected" in said, f"{field} = {value!r}: {said}"
            else:
                finite = all(np.isfinite(x).all() for x in numbers(result))
                assert finite or function is gradients.angle, f"{field} = {value!r} gives {result}"
