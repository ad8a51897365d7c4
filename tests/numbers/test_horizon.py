"""A finite horizon by other routes: enumeration of trajectories, time as a part of the state, complex steps."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_mdps import assert_close, claim, complex_step, problems

from pgcourse import Policy, zoo
from pgcourse.bellman import exact, greedy, objective, optimal_values
from pgcourse.gradients import policy_gradient, tabular_softmax_gradient
from pgcourse.horizon import (
    Plan,
    best_by_time,
    grad_log_by_time,
    gradient_by_time,
    softmax_by_time,
    softmax_gradient_by_time,
    states_by_time,
    tabular_softmax_by_time,
    values_by_time,
)
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import grad_log_softmax, softmax, tabular, tabular_softmax

LAKE = zoo.frozen_lake()
ENDLESS = replace(LAKE, gamma=1.0)  # P(goal within H) is its J


@st.composite
def timed(draw, longest=6):
    """(mdp, theta): a random MDP, with γ = 1 among others, and one table θ_t for each of H steps, (H, S, A)."""
    mdp, theta = draw(problems((0.0, 0.5, 0.9, 1.0)))
    H = draw(st.integers(1, longest))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return mdp, theta + rng.standard_normal((H, *theta.shape))


def with_time(mdp, H):
    """Another MDP whose states are (t, s), and the end: its stationary policies are plans, its own J is J_H."""
    n = H * mdp.S
    p, r = np.zeros((n + 1, mdp.A, n + 1)), np.zeros((n + 1, mdp.A))
    for t in range(H):
        here = slice(t * mdp.S, (t + 1) * mdp.S)
        r[here] = mdp.r
        if t + 1 < H:
            p[here, :, (t + 1) * mdp.S : (t + 2) * mdp.S] = mdp.p
        else:
            p[here, :, n] = 1
    p[n, :, n] = 1
    return FiniteMDP(p, r, mdp.gamma, np.append(mdp.rho_0, np.zeros(n + 1 - mdp.S)))


def return_by_time(theta, mdp):
    """J_H of tables θ_t, (H, S, A), forwards and with none of the package's operators: real or complex."""
    J, p, weights = 0.0, mdp.rho_0, np.exp(theta)
    for t, pi in enumerate(weights / weights.sum(axis=2, keepdims=True)):
        done = p[:, None] * pi
        J, p = J + mdp.gamma**t * (done * mdp.r).sum(), np.einsum("sa,sat->t", done, mdp.p)
    return J


@claim
@given(timed())
def test_values_and_states_are_those_of_an_mdp_whose_state_holds_the_time(problem):
    mdp, theta = problem
    plan, H = tabular_softmax_by_time(theta), len(theta)
    v, q = values_by_time(mdp, plan)
    p = states_by_time(mdp, plan)
    larger = with_time(mdp, H)
    pi = Policy(np.concatenate([plan.probs.reshape(-1, mdp.A), np.full((1, mdp.A), 1 / mdp.A)]))
    v_pi, q_pi, rho_pi, J = exact(larger, pi)
    scale = H * np.abs(mdp.r).max()
    assert_close(v[:-1].ravel(), v_pi[:-1], scale=scale)
    assert_close(q.reshape(-1, mdp.A), q_pi[:-1], scale=scale)
    assert_close(mdp.gamma ** np.arange(H)[:, None] * p[:-1], rho_pi[:-1].reshape(H, mdp.S), scale=1)
    assert_close(mdp.rho_0 @ v[0], J, scale=scale)
    assert not v[-1].any()
    assert_close(p.sum(axis=1), np.ones(H + 1))


@claim
@given(timed())
def test_the_gradient_by_time_is_the_complex_step_s_and_one_theta_has_its_sum(problem):
    mdp, theta = problem
    plan, phi = tabular_softmax_by_time(theta), tabular(mdp.S, mdp.A)
    q, p = values_by_time(mdp, plan)[1], states_by_time(mdp, plan)
    by_table = softmax_gradient_by_time(p, plan, q, gamma=mdp.gamma)
    by_theorem = gradient_by_time(p, plan, q, grad_log_by_time(phi, plan), gamma=mdp.gamma)
    scale = len(theta) * np.abs(mdp.r).max()
    assert_close(by_table, complex_step(lambda x: return_by_time(x, mdp), theta), scale=scale)
    assert_close(by_theorem, by_table.reshape(len(theta), -1), scale=scale)


@claim
@given(timed())
def test_one_theta_for_all_steps_has_the_sum_of_the_steps_gradients(problem):
    mdp, theta = problem
    rng = np.random.default_rng(1)
    H, phi, shared = len(theta), rng.standard_normal((mdp.S, mdp.A, 2)), rng.standard_normal(2)
    plan = softmax_by_time(phi, shared, H)
    q, p = values_by_time(mdp, plan)[1], states_by_time(mdp, plan)
    each = gradient_by_time(p, plan, q, grad_log_by_time(phi, plan), gamma=mdp.gamma)
    expected = complex_step(lambda x: return_by_time(np.broadcast_to(phi @ x, (H, mdp.S, mdp.A)), mdp), shared)
    assert_close(each.sum(axis=0), expected, scale=H * np.abs(mdp.r).max() * np.abs(phi).max())
    assert_close(plan.probs, Plan.repeat(softmax(phi, shared), H).probs)
    assert_close(grad_log_by_time(phi, plan)[-1], grad_log_softmax(phi, softmax(phi, shared)), scale=1)


def test_a_long_horizon_is_an_infinite_one():
    theta = np.random.default_rng(3).standard_normal((LAKE.S, LAKE.A))
    pi, H = tabular_softmax(theta), 2000
    plan = Plan.repeat(pi, H)
    v, q = values_by_time(LAKE, plan)
    v_pi, q_pi, rho_pi, J = exact(LAKE, pi)
    assert_close(v[0], v_pi, 1e-8)
    assert_close(q[0], q_pi, 1e-8)
    gradient = softmax_gradient_by_time(states_by_time(LAKE, plan), plan, q, gamma=LAKE.gamma).sum(axis=0)
    assert_close(gradient, tabular_softmax_gradient(rho_pi, pi, q_pi), 1e-7)
    assert_close(best_by_time(LAKE, H)[0][0], optimal_values(LAKE), 1e-7)
    assert np.isclose(J, objective(LAKE, pi))


def test_no_deterministic_plan_of_a_small_world_earns_more_than_the_best():
    mdp = zoo.garnet(3, 2, 2, 0.9, np.random.default_rng(4))
    v, q = best_by_time(mdp, 3)
    plans = (
        Plan(np.eye(2)[np.reshape(actions, (3, 3))])  # one action for each of 3 steps and 3 states
        for actions in product(range(2), repeat=9)
    )
    values = [values_by_time(mdp, plan)[0][0] for plan in plans]
    assert_close(np.max(values, axis=0), v[0])
    best = Plan(np.stack([greedy(q_t).probs for q_t in q]))
    assert_close(values_by_time(mdp, best)[0], v)


def test_the_lake_s_values_are_the_probabilities_to_reach_the_goal_in_time():
    """Two routes: the best value backwards with γ = 1, and the state probabilities of its plan forwards."""
    forever = greedy(best_by_time(LAKE, 2000)[1][0])  # the best for γ = 0.99 and endless time
    for H, best, lasting in ((6, 0.004115, 0.002743), (20, 0.199133, 0.195371), (100, 0.744190, 0.740165)):
        v, q = best_by_time(ENDLESS, H)
        plan = Plan(np.stack([greedy(q_t).probs for q_t in q]))
        assert round(v[0, 0], 6) == round(states_by_time(LAKE, plan)[-1, 15], 6) == best
        assert round(states_by_time(LAKE, Plan.repeat(forever, H))[-1, 15], 6) == lasting


def test_two_states_of_the_lake_have_no_action_that_is_best_at_all_times():
    """Ties left alone: the set of best actions, for 1 … 20 steps left."""
    q = best_by_time(ENDLESS, 20)[1]
    best = q > q.max(axis=2, keepdims=True) - 1e-12
    assert np.flatnonzero(~best.all(axis=0).any(axis=1)).tolist() == [0, 2]


def test_the_gradients_of_ten_steps_and_of_endless_time_on_the_lake():
    pi = Policy.uniform(16, 4)
    q_pi, rho_pi = exact(LAKE, pi)[1:3]
    endless, norms = policy_gradient(rho_pi, pi, q_pi, grad_log_softmax(tabular(16, 4), pi)), {}
    for H, cosine in ((10, 0.957), (20, 0.997)):
        plan = Plan.repeat(pi, H)
        q, p = values_by_time(LAKE, plan)[1], states_by_time(LAKE, plan)
        g = softmax_gradient_by_time(p, plan, q, gamma=LAKE.gamma).sum(axis=0).ravel()
        norms[H] = np.linalg.norm(g)
        assert round(g @ endless / norms[H] / np.linalg.norm(endless), 3) == cosine
    assert round(norms[10], 7) == 0.0024984
    assert round(np.linalg.norm(endless), 7) == 0.0060217


@pytest.mark.parametrize(
    ("H", "by_time", "shared", "p", "sure"), [(3, 5, 3.528153, 0.392375, 3), (4, 6, 4.142714, 0.154477, 4)]
)
def test_stay_or_cash_by_time_shared_and_deterministic(H, by_time, shared, p, sure):
    """J of P(cash) = p by its closed form Σ_t (1−p)ᵗ (1 + 2p), maximised on a grid; the plans one by one."""
    mdp = zoo.stay_or_cash()
    grid = np.linspace(0, 1, 1_000_001)
    J = (1 + 2 * grid) * sum((1 - grid) ** t for t in range(H))
    assert round(J.max(), 6) == shared
    assert round(grid[J.argmax()], 6) == p
    assert max(J[0], J[-1]) == sure
    plan = Plan.repeat(Policy([[1 - p, p], [1, 0]]), H)
    assert round(values_by_time(mdp, plan)[0][0, 0], 6) == shared
    cash = np.array(list(product([0, 1], repeat=H)))
    values = [values_by_time(mdp, Plan(np.eye(2)[np.column_stack([c, 0 * c])]))[0][0, 0] for c in cash]
    assert max(values) == by_time == best_by_time(mdp, H)[0][0, 0]
    assert cash[np.argmax(values)].tolist() == [0] * (H - 1) + [1]


def test_the_best_shared_p_for_three_steps_has_a_closed_form_and_from_five_on_it_is_zero():
    assert round((5 - np.sqrt(7)) / 6, 6) == 0.392375
    grid = np.linspace(0, 1, 10_001)
    for H in range(5, 40):
        assert ((1 + 2 * grid) * sum((1 - grid) ** t for t in range(H))).argmax() == 0


# The border

PLAN = Plan.repeat(Policy.uniform(16, 4), 5)
PHI = zoo.lake_features()
P, Q = states_by_time(LAKE, PLAN), values_by_time(LAKE, PLAN)[1]


@pytest.mark.parametrize("H", [0, -1, 2.5, 2.0, "3", None, True])
def test_a_horizon_is_a_whole_number_of_at_least_one(H):
    for make in (
        lambda: Plan.repeat(Policy.uniform(2, 3), H),
        lambda: best_by_time(LAKE, H),
        lambda: softmax_by_time(PHI, [0, 0], H),
    ):
        with pytest.raises(ValueError, match=r"H is .*, expected an integer ≥ 1"):
            make()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: softmax_by_time(PHI, np.zeros((19, 2)), 20), r"theta has shape \(19, 2\), expected \(20, 2\), one"),
        (lambda: softmax_by_time(PHI, np.zeros((1, 2)), 20), r"theta has shape \(1, 2\), expected \(20, 2\)"),
        (lambda: softmax_by_time(PHI, np.zeros(3), 20), r"or \(2,\), one θ for all"),
        (lambda: softmax_by_time(PHI, [0, np.inf], 20), r"theta\[t=0, d=1\] is inf"),
        (lambda: tabular_softmax_by_time(np.zeros((16, 4))), r"theta has shape \(16, 4\), expected \(t, S, A\)"),
        (lambda: Plan(np.full((2, 3, 2), 0.4)), r"pi\[t=0, s=0\] sums to 0.8, expected 1"),
        (lambda: Plan(np.zeros((0, 3, 2))), r"pi has shape \(0, 3, 2\)"),
        (lambda: PLAN @ np.zeros((3, 4)), r"f has shape \(3, 4\), expected \(S, A, …\)"),
        (lambda: values_by_time(zoo.short_corridor(), PLAN), r"expected \(S, A, …\) with \(S, A\) = \(16, 4\)"),
        (lambda: softmax_gradient_by_time(P[:-1], PLAN, Q, gamma=1), r"p has shape \(5, 16\), expected .*H = 5 steps"),
        (lambda: softmax_gradient_by_time(P, PLAN, Q[:-1], gamma=1), r"q has shape \(4, 16, 4\)"),
        (lambda: gradient_by_time(P, PLAN, Q, np.zeros((16, 4, 2)), gamma=1), r"grad_log_pi has shape \(16, 4, 2\)"),
        (lambda: grad_log_by_time(np.zeros((3, 4, 2)), PLAN), r"phi has shape \(3, 4, 2\)"),
        (lambda: softmax_gradient_by_time(P, PLAN, Q, gamma=np.nan), "gamma is nan, expected a finite number ≥ 0"),
        (lambda: gradient_by_time(P, PLAN, Q, np.zeros((5, 16, 4, 2)), gamma=1.5), "gamma is 1.5"),
        (lambda: softmax_gradient_by_time(P * np.nan, PLAN, Q, gamma=1), r"p\[h\+1=0, s=0\] is nan"),
        (lambda: softmax_gradient_by_time(P, PLAN, Q + np.inf, gamma=1), r"q\[t=0, s=0, a=0\] is inf"),
    ],
    ids=range(17),
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_plan_is_a_policy_for_each_step_and_cannot_be_changed():
    assert len(PLAN) == len(list(PLAN)) == 5
    assert isinstance(PLAN[2], Policy)
    assert "H = 5" in repr(PLAN)
    with pytest.raises(ValueError, match="read-only"):
        PLAN.probs[0] = 0
    assert_close((PLAN @ LAKE.p)[3], PLAN[3] @ LAKE.p)
    with pytest.raises(TypeError):
        PLAN @ [1, 2]


def test_a_masked_f_is_refused():
    with pytest.raises(ValueError, match="plan @ f: f is a masked array"):
        Plan.repeat(Policy.uniform(2, 2), 2) @ np.ma.masked_equal(np.ones((2, 2)), 7)
