"""Notebook 09's checks: right answers pass, usual mistakes are named."""

from __future__ import annotations

import numpy as np
import pytest
from right_answers import Asked
from verdicts import says

from pgcourse.bellman import exact
from pgcourse.exercises import (
    check_horizon_gradient,
    check_late_critic,
    check_shared_p,
    check_values_by_time,
)
from pgcourse.gradients import finite_differences, policy_gradient
from pgcourse.horizon import Plan, softmax_by_time, states_by_time, values_by_time
from pgcourse.policy import softmax, tabular
from pgcourse.zoo import frozen_lake


def my_v(p, r, gamma, pi):
    v = np.zeros((len(pi) + 1, len(r)))
    for t in reversed(range(len(pi))):
        q = r + gamma * p @ v[t + 1]
        v[t] = (pi[t] * q).sum(axis=1)
    return v


def my_gradient(mdp, pi, grad_log_pi, H):
    plan = Plan.repeat(pi, H)
    _, q = values_by_time(mdp, plan)
    p = states_by_time(mdp, plan)
    g = 0
    for t in range(H):
        g = g + mdp.gamma**t * p[t] @ (pi @ (q[t][..., None] * grad_log_pi))
    return g


RIGHT = {  # test_fair.py tries them in every form, and what is hostile
    "shared_p": Asked(check_shared_p, (5 - 7**0.5) / 6),
    "values_by_time": Asked(check_values_by_time, my_v),
    "horizon_gradient": Asked(check_horizon_gradient, my_gradient),
    "late_critic": Asked(check_late_critic, "B"),
}


@pytest.mark.parametrize("p", [0.39, 0.392, 0.3924, 0.396])
def test_the_best_p_may_be_read_off_the_picture(p):
    assert check_shared_p(p)


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [
        (0, "nearly", "stay for ever"),
        (1, "nearly", "cash at once"),
        (1 / 3, "nearly", "once in three"),
        (0.5, "nearly", "coin"),
        (3.528, "nearly", "best J"),
        (5, "nearly", "may change with time"),
        (1.274, "nearly", "larger than 1"),
        (0.154, "nearly", "H = 4"),
        (0.4, "nearly", "a little smaller"),
        (0.38, "nearly", "a little larger"),
        (-0.4, "wrong", "no probability"),
        (0.45, "wrong", "J is 3.5"),
        ("p", "wrong", "not a number"),
    ],
)
def test_each_wrong_p_has_its_own_answer(answer, tone, said):
    says(check_shared_p(answer), tone, said)


def recursion(last=None, policy=lambda pi, t: pi[t], mean=None, gammas=lambda g, t: (1, g), order=-1, rows=slice(None)):
    """my_v with a mistake: another v_H, policy, mean over actions, (γ of r, γ of v), order of time or rows."""

    def answer(p, r, gamma, pi):
        H = len(pi)
        v = np.zeros((H + 1, len(r)))
        v[H] = 0 if last is None else last(p, r, gamma, pi)
        for t in range(H)[::order]:
            of_r, of_v = gammas(gamma, t)
            q = of_r * r + of_v * p @ v[t + 1]
            v[t] = (policy(pi, t) * q).sum(axis=1) if mean is None else mean(q)
        return v[rows]

    return answer


def endless(p, r, gamma, pi):
    p_pi, r_pi = np.einsum("sa,sat->st", pi[-1], p), (pi[-1] * r).sum(axis=1)
    return np.linalg.solve(np.eye(len(r)) - gamma * p_pi, r_pi)


def by_steps_left(p, r, gamma, pi):
    v = np.zeros((len(pi) + 1, len(r)))
    for k in range(len(pi)):
        v[k + 1] = (pi[k] * (r + gamma * p @ v[k])).sum(axis=1)
    return v


def first_row_lost(p, r, gamma, pi):
    v = my_v(p, r, gamma, pi)
    v[0] = 0
    return v


def summed_up(p, r, gamma, pi):
    v = np.zeros((len(pi) + 1, len(r)))
    for t in reversed(range(len(pi))):
        v[t] = (pi[t] * (r + gamma * p @ v[t + 1])).sum()
    return v


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [
        (recursion(order=1), "nearly", "from the last step to the first"),
        (recursion(rows=slice(None, None, -1)), "nearly", "reversed order"),
        (by_steps_left, "nearly", "count the steps that are left"),
        (recursion(policy=lambda pi, t: pi[len(pi) - 1 - t]), "nearly", "policies are in reversed order"),
        (recursion(policy=lambda pi, t: pi[0]), "nearly", "π_0 acts at all times"),
        (recursion(policy=lambda pi, t: pi[max(t - 1, 0)]), "nearly", "One step off"),
        (recursion(policy=lambda pi, t: pi[min(t + 1, len(pi) - 1)]), "nearly", "One step off"),
        (recursion(last=lambda p, r, g, pi: (pi[-1] * r).sum(axis=1)), "nearly", "v_H is 0: after H steps"),
        (recursion(last=endless), "nearly", "value of endless time"),
        (lambda p, r, g, pi: np.vstack([my_v(p, r, g, pi[:-1]), 0 * r[:, 0]]), "nearly", "last step is lost"),
        (recursion(mean=lambda q: q.max(axis=1)), "nearly", "best value of all"),
        (recursion(mean=lambda q: q.mean(axis=1)), "nearly", "plain mean"),
        (summed_up, "nearly", "over the actions only"),
        (recursion(gammas=lambda g, t: (1, 1)), "nearly", "γ is missing"),
        (recursion(gammas=lambda g, t: (1, g**t)), "nearly", "γᵗ stands where"),
        (recursion(gammas=lambda g, t: (g**t, 1)), "nearly", "from the beginning"),
        (recursion(gammas=lambda g, t: (0, 0)), "nearly", "All zeros"),
        (first_row_lost, "nearly", "Row 0 is still 0"),
        (recursion(rows=slice(-1)), "nearly", "row H is missing"),
        (recursion(rows=0), "nearly", "v_0, and it is right"),
        (recursion(gammas=lambda g, t: (2, g)), "wrong", "you have"),
        (lambda p, r, g, pi: r, "wrong", "expected (6, 4)"),
        (lambda p, r: r, "wrong", "TypeError"),
        (lambda *given: ..., "waiting", "three dots"),
    ],
    ids=range(24),
)
def test_each_wrong_recursion_has_its_own_answer(answer, tone, said):
    says(check_values_by_time(answer), tone, said)


def weighed(weights=lambda g, t, H: g**t, states=lambda p, t: p[t], values=lambda q, t: q[t], times=lambda H: range(H)):
    """my_gradient with other weights, states, values or times."""

    def answer(mdp, pi, grad_log_pi, H):
        plan = Plan.repeat(pi, H)
        q, p = values_by_time(mdp, plan)[1], states_by_time(mdp, plan)
        parts = [
            weights(mdp.gamma, t, H) * states(p, t) @ (pi @ (values(q, t)[..., None] * grad_log_pi)) for t in times(H)
        ]
        return np.sum(parts, axis=0)

    return answer


def of_endless_time(mdp, pi, grad_log_pi, H):
    _, q_pi, rho_pi, _ = exact(mdp, pi)
    return policy_gradient(rho_pi, pi, q_pi, grad_log_pi)


def endless_q(mdp, pi, grad_log_pi, H):
    q_pi = exact(mdp, pi).q_pi
    return weighed(values=lambda q, t: q_pi)(mdp, pi, grad_log_pi, H)


def endless_rho(mdp, pi, grad_log_pi, H):
    q = values_by_time(mdp, Plan.repeat(pi, H))[1]
    return policy_gradient(exact(mdp, pi).rho_pi, pi, q[0], grad_log_pi)


def each_step(mdp, pi, grad_log_pi, H):
    return [weighed(times=lambda H, t=t: [t])(mdp, pi, grad_log_pi, H) for t in range(H)]


def without_pi(mdp, pi, grad_log_pi, H):
    plan = Plan.repeat(pi, H)
    q, p = values_by_time(mdp, plan)[1], states_by_time(mdp, plan)
    return sum(mdp.gamma**t * p[t] @ (q[t][..., None] * grad_log_pi).sum(axis=1) for t in range(H))


@pytest.mark.parametrize(
    ("answer", "tone", "said"),
    [
        (of_endless_time, "nearly", "endless time. With ∇J_H it has the cosine 0.957"),
        (endless_q, "nearly", "q is that of endless time"),
        (endless_rho, "nearly", "visits ρ^π of endless time"),
        (weighed(values=lambda q, t: q[0]), "nearly", "q_0 stands at all times"),
        (weighed(states=lambda p, t: p[0]), "nearly", "those of t = 0"),
        (weighed(weights=lambda g, t, H: 1), "nearly", "γᵗ is missing"),
        (weighed(weights=lambda g, t, H: g ** (t + 1)), "nearly", "γᵗ⁺¹"),
        (weighed(weights=lambda g, t, H: g**t / H), "nearly", "the mean over the steps"),
        (weighed(states=lambda p, t: p[t + 1]), "nearly", "p[t + 1] is where"),
        (weighed(times=lambda H: range(H - 1)), "nearly", "The last step is lost"),
        (weighed(times=lambda H: range(1, H)), "nearly", "The first step is lost"),
        (weighed(times=lambda H: [0]), "nearly", "first step's part"),
        (weighed(values=lambda q, t: q[len(q) - 1 - t]), "nearly", "q is in reversed order"),
        (weighed(weights=lambda g, t, H: -(g**t)), "nearly", "downhill"),
        (without_pi, "nearly", "π is missing"),
        (each_step, "nearly", "add them up"),
        (weighed(weights=lambda g, t, H: 3 * g**t), "wrong", "you have"),
        (lambda mdp, pi, grad_log_pi, H: np.zeros(3), "wrong", "expected (64,)"),
        (lambda mdp, pi, grad_log_pi, H: pi @ grad_log_pi, "wrong", "weighed by p[t]"),
        (lambda mdp: 0, "wrong", "TypeError"),
        (lambda *given: ..., "waiting", "three dots"),
    ],
    ids=range(21),
)
def test_each_wrong_gradient_has_its_own_answer(answer, tone, said):
    says(check_horizon_gradient(answer), tone, said)


def test_a_gradient_may_be_taken_by_differences_too():
    """J_H of the lake's tabular softmax at θ = 0: another route to the answer that the check expects."""
    lake = frozen_lake()
    phi = tabular(16, 4)

    def J(theta):
        return lake.rho_0 @ values_by_time(lake, softmax_by_time(phi, theta, 10))[0][0]

    pi = softmax(phi, np.zeros(64))
    grad = finite_differences(J, np.zeros(64))
    expected = my_gradient(lake, pi, np.eye(64).reshape(16, 4, 64) - (pi @ phi)[:, None], 10)
    assert np.allclose(grad, expected, atol=1e-10)


@pytest.mark.parametrize(("answer", "said"), [("A", "nothing after step H"), ("C", "only a baseline")])
def test_an_innocent_estimate_is_defended(answer, said):
    says(check_late_critic(answer), "wrong", said)
