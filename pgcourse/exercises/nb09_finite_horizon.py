"""The exercises of notebook 09: one P(cash) for all steps, values backwards in time, ∇J_H, a critic asked too late."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from pgcourse.arrays import Array
from pgcourse.bellman import exact
from pgcourse.exercises.ask import RETURNED, Mistake, close, mistaken, named, run
from pgcourse.exercises.choices import accusation
from pgcourse.exercises.read import numbers, said_number
from pgcourse.exercises.verdict import Verdict, exercise, nearly, right, wrong
from pgcourse.exercises.words import shown
from pgcourse.gradients import policy_gradient
from pgcourse.horizon import Plan, states_by_time, values_by_time
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, grad_log_softmax, softmax, tabular
from pgcourse.zoo import frozen_lake, garnet

# One P(cash) for all steps

SHARED = (5 - np.sqrt(7)) / 6  # where d/dp (1 + 2p)(3 − 3p + p²) = 3 − 10 p + 6 p² is 0
NEAR = 0.005  # as near as the picture shows it


@exercise
def check_shared_p(answer: Any) -> Verdict:
    """The P(cash) that is best for H = 3 if it is the same at each step: (5 − √7)/6, or as near as one can see."""
    p = said_number(answer, "a probability such as 0.25")
    if abs(p - SHARED) <= NEAR:
        return right(f"p = (5 − √7)/6 = {SHARED:.4f}, and J = 3.528: better than always or never, and far below 5.")
    known = [
        (0.0, "To stay for ever earns 1 + 1 + 1 = 3. A little chance of the 3 earns more."),
        (1.0, "To cash at once earns 3. It can wait a little."),
        (1 / 3, "To cash once in three steps sounds fair, but it is not the best. Where is the slope 0?"),
        (0.5, "The coin is a good guess. Where is the slope 0?"),
        (3.528153, "That is the best J. The question is for which p."),
        (5.0, "5 is what a plan earns that may change with time. The question is for the p that stays the same."),
        ((5 + np.sqrt(7)) / 6, "The other zero of the slope: it is larger than 1, no probability."),
        (0.154477, "That is the best p for H = 4. Here H is 3."),
    ]
    for value, message in known:
        if abs(p - value) <= NEAR:
            return nearly(message)
    if abs(p - SHARED) <= 4 * NEAR:
        return nearly(f"Near: the best is a little {'smaller' if p > SHARED else 'larger'}. Where is the slope 0?")
    if not 0 <= p <= 1:
        return wrong(f"{shown(answer)} is no probability; expected a number from 0 to 1.")
    J = (1 + 2 * p) * (3 - 3 * p + p**2)
    return wrong(f"With p = {p:.4g}, J is {J:.4f}, and more can be had. Drag the point to where its line is level.")


# What is said of an array


def _same(value: Array, expected: Array) -> bool:
    return value.shape == expected.shape and close(value, expected)


def _told(value: Array, expected: Array, mistakes: Iterable[Mistake], rows: str, text: str) -> Verdict:
    """Of a wrong array: the mistake that gives it, or its shape, or else `text` of its worst entry."""
    if (verdict := named(value, mistakes)) is not None:
        return verdict
    if value.shape != expected.shape:
        return wrong(f"{RETURNED} shape {value.shape}, expected {expected.shape}: {rows}.")
    return mistaken(value, expected, [], text.format)


# Values, backwards in time


def _values(
    mdp: FiniteMDP,
    pi: Array,
    last: Array | float = 0.0,
    of: Callable[[Array, Array], Array] = lambda pi_t, q: (pi_t * q).sum(axis=1),
    gamma: Callable[[float, int], float] = lambda gamma, t: gamma,
    pay: Callable[[float, int], float] = lambda gamma, t: 1.0,
    at: Callable[[int, int], int] = lambda t, H: t,
) -> Array:
    """v (H+1, S), or what a mistake makes of it."""
    H = len(pi)
    v = np.zeros((H + 1, mdp.S))
    v[H] = last
    for t in range(H - 1, -1, -1):
        q = pay(mdp.gamma, t) * mdp.r + gamma(mdp.gamma, t) * mdp.p @ v[t + 1]
        v[t] = of(pi[at(t, H)], q)
    return v


def _wrong_values(mdp: FiniteMDP, pi: Array) -> Iterator[Mistake]:
    expected = _values(mdp, pi)
    r_pi = np.einsum("tsa,sa->ts", pi, mdp.r)
    one_step = np.vstack([r_pi, np.zeros(mdp.S)])
    yield Mistake(expected[:-1], "All values are right, but row H is missing: v_H = 0. Return H + 1 rows.")
    yield Mistake(expected[0], "That is v_0, and it is right. Return v at all times, H + 1 rows.")
    yield Mistake(
        one_step,
        "Those are the rewards of one step: what you take for v_{t+1} is still 0. Go from the last step to the first, "
        "and use v[t + 1].",
    )
    yield Mistake(expected[::-1], "The rows are in reversed order: row t belongs to the time t, and the last one is 0.")
    yield Mistake(
        _values(mdp, pi, at=lambda t, H: H - 1 - t)[::-1],
        "Your rows count the steps that are left. Row t belongs to the time t, and so does the policy in it.",
    )
    yield Mistake(
        _values(mdp, pi, at=lambda t, H: H - 1 - t),
        "The policies are in reversed order: at time t it is pi[t] that acts.",
    )
    yield Mistake(_values(mdp, pi, at=lambda t, H: 0), "π_0 acts at all times; at time t it is pi[t].")
    yield Mistake(_values(mdp, pi, at=lambda t, H: max(t - 1, 0)), "One step off: at time t it is pi[t] that acts.")
    yield Mistake(_values(mdp, pi, at=lambda t, H: min(t + 1, H - 1)), "One step off: at time t it is pi[t] that acts.")
    yield Mistake(_values(mdp, pi, last=r_pi[-1]), "v_H is 0: after H steps all is over, and nothing more is paid.")
    yield Mistake(
        _values(mdp, pi, last=exact(mdp, Policy(pi[-1])).v_pi),
        "v_H is 0. You put the value of endless time there, as one does where a time limit is *not* part of the task.",
    )
    short = np.vstack([_values(mdp, pi[:-1]), np.zeros(mdp.S)])
    yield Mistake(short, "The last step is lost: row H − 1 holds its reward, and only row H is 0.")
    yield Mistake(
        _values(mdp, pi, of=lambda pi_t, q: q.max(axis=1)),
        "That is the best value of all. Asked is the value of these policies: π_t q_t, not max q_t.",
    )
    yield Mistake(
        _values(mdp, pi, of=lambda pi_t, q: q.mean(axis=1)), "You take the plain mean over the actions. Weigh by pi[t]."
    )
    yield Mistake(
        _values(mdp, pi, of=lambda pi_t, q: np.full(len(q), (pi_t * q).sum())),
        "One number for all states: the sum runs over the actions only, .sum(axis=1).",
    )
    yield Mistake(_values(mdp, pi, gamma=lambda gamma, t: 1.0), "γ is missing: what comes a step later counts γ times.")
    yield Mistake(
        _values(mdp, pi, gamma=lambda gamma, t: gamma**t),
        "γᵗ stands where γ belongs: v_{t+1} is one step ahead, whatever t is.",
    )
    yield Mistake(
        _values(mdp, pi, gamma=lambda gamma, t: 1.0, pay=lambda gamma, t: gamma**t),
        "You count γ from the beginning, γᵗ r. But v_t counts from the time t: q = r + γ p v_{t+1}.",
    )
    yield Mistake(
        np.vstack([0 * expected[:1], expected[1:]]),
        "Row 0 is still 0: the last time in the loop is t = 0, as in reversed(range(H)).",
    )
    yield Mistake(0 * expected, "All zeros: is something written into v, and are the rewards r in q?")


@exercise
def check_values_by_time(my_v: Any) -> Verdict:
    """my_v(p, r, gamma, pi) must give v (H+1, S), for policies pi (H, S, A): v_H = 0, v_t = π_t (r + γ p v_{t+1})."""
    for S, A, H in ((4, 3, 5), (3, 2, 1)):
        rng = np.random.default_rng(S)
        mdp, pi = garnet(S, A, 2, 0.8, rng), rng.dirichlet(np.ones(A), size=(H, S))
        expected = _values(mdp, pi)
        value = numbers(run(my_v, "p, r, gamma, pi", mdp.p, mdp.r, mdp.gamma, pi), RETURNED, expected.shape)
        if not _same(value, expected):
            text = "v at t = {2} in state {3} is {1}; you have {0}."
            return _told(value, expected, _wrong_values(mdp, pi), "v_0 … v_H, one row a time", text)
    return right("From the last step to the first, each with its own policy. With H = 1 there is one reward, and 0.")


# The gradient


class _World(NamedTuple):
    """Where ∇J_H is asked, with all that it is made of."""

    mdp: FiniteMDP
    pi: Policy
    grad_log_pi: Array
    H: int

    def parts(self) -> tuple[Array, Array]:
        """p (H+1, S) and q (H, S, A)."""
        plan = Plan.repeat(self.pi, self.H)
        return states_by_time(self.mdp, plan), values_by_time(self.mdp, plan)[1]

    def total(self, weight: Array, p: Array, q: Array) -> Array:
        """Σ_t weight_t p_t π (q_t ∇log π)."""
        return np.einsum("t,ts,sa,tsa,sad->d", weight, p, self.pi.probs, q, self.grad_log_pi)


def _worlds() -> Iterator[_World]:
    lake = frozen_lake()
    even = Policy.uniform(lake.S, lake.A)
    yield _World(lake, even, grad_log_softmax(tabular(lake.S, lake.A), even), 10)
    rng = np.random.default_rng(6)
    phi, mdp = rng.standard_normal((4, 3, 2)), garnet(4, 3, 2, 0.8, rng)
    pi = softmax(phi, rng.standard_normal(2))
    yield _World(mdp, pi, grad_log_softmax(phi, pi), 4)


def _wrong_gradients(world: _World, expected: Array) -> Iterator[Mistake]:
    mdp, pi, score, H = world
    p, q = world.parts()
    _, q_pi, rho_pi, _ = exact(mdp, pi)
    discounts, ones = mdp.gamma ** np.arange(H), np.ones(H)
    each = [world.total(np.eye(H)[t] * discounts, p[:-1], q) for t in range(H)]
    yield Mistake(each, "One gradient for each step's own θ_t, all right. Here all steps share θ: add them up.")
    endless = policy_gradient(rho_pi, pi, q_pi, score)
    cosine = endless @ expected / np.linalg.norm(endless) / np.linalg.norm(expected)
    longer = np.linalg.norm(endless) / np.linalg.norm(expected)
    yield Mistake(
        endless,
        f"That is ∇J of endless time. With ∇J_H it has the cosine {cosine:.3f}, and its length is {longer:.2f} times "
        "that of ∇J_H. Take q_t and p_t in place of q^π and ρ^π.",
    )
    all_q, all_p = np.broadcast_to(q_pi, q.shape), np.broadcast_to(mdp.rho_0, (H, mdp.S))
    yield Mistake(
        world.total(discounts, p[:-1], all_q),
        "The states are those of H steps, but q is that of endless time: q_t knows how few steps are left.",
    )
    yield Mistake(
        policy_gradient(rho_pi, pi, q[0], score),
        "q is right for t = 0 and used with the visits ρ^π of endless time. Sum over t: γᵗ p_t with its own q_t.",
    )
    yield Mistake(
        world.total(discounts, p[:-1], np.broadcast_to(q[0], q.shape)),
        "q_0 stands at all times. At time t only H − t steps are left: take q[t].",
    )
    yield Mistake(
        world.total(discounts, all_p, q), "The states are those of t = 0, ρ₀, at all times. At time t they are p[t]."
    )
    yield Mistake(world.total(ones, p[:-1], q), "γᵗ is missing: what is done at time t counts γᵗ times in J_H.")
    yield Mistake(
        world.total(mdp.gamma * discounts, p[:-1], q), "γᵗ⁺¹ stands for γᵗ: the first step, t = 0, counts in full."
    )
    yield Mistake(world.total(discounts / H, p[:-1], q), "That is the mean over the steps. ∇J_H is their sum.")
    yield Mistake(
        world.total(discounts, p[1:], q), "One step off: p[t + 1] is where one comes to; the action is taken in p[t]."
    )
    yield Mistake(
        world.total(discounts[:-1], p[:-2], q[:-1]), "The last step is lost: t runs from 0 to H − 1, range(H)."
    )
    yield Mistake(
        world.total(discounts[1:], p[1:-1], q[1:]), "The first step is lost: t runs from 0 to H − 1, range(H)."
    )
    yield Mistake(world.total(discounts[:1], p[:1], q[:1]), "That is the first step's part alone. Add up all H.")
    yield Mistake(
        world.total(discounts, p[:-1], q[::-1]), "q is in reversed order: q[t] belongs to the time t, as p[t] does."
    )
    yield Mistake(-expected, "The sign is turned round: this one points downhill.")
    yield Mistake(
        np.einsum("t,ts,tsa,sad->d", discounts, p[:-1], q, score),
        "π is missing: average over the actions by pi @ (…).",
    )


@exercise
def check_horizon_gradient(my_gradient: Any) -> Verdict:
    """my_gradient(mdp, pi, grad_log_pi, H) must give ∇J_H = Σ_t γᵗ p_t π (q_t ∇log π), of shape (d,)."""
    for world in _worlds():
        p, q = world.parts()
        weight = world.mdp.gamma ** np.arange(world.H)
        expected = world.total(weight, p[:-1], q)
        value = numbers(run(my_gradient, "mdp, pi, grad_log_pi, H", *world), RETURNED, expected.shape)
        if not _same(value, expected):
            row = "one number a parameter; what has a row for each state is weighed by p[t] @ (…)"
            text = "∂J_H/∂θ[{2}] is {1}; you have {0}. For each t: γᵗ, p[t], then π (q[t] ∇log π); and add up."
            return _told(value, expected, _wrong_gradients(world, expected), row, text)
    return right("On the lake with H = 10 and in a random world with H = 4.")


# The estimate that is asked about the time after the end

LATE_CRITIC = {
    "A": "A is innocent: what is paid from t on, and nothing after step H.",
    "B": "B adds v^π(s_H) where the limit cuts: what would have come later. That is right if the limit is not part of "
    "the task. Here it is, and after H steps nothing is paid.",
    "C": "C is innocent: v^π of endless time is only a baseline here. It is the wrong value, and biases nothing.",
}
check_late_critic = accusation(
    __name__, "check_late_critic", "B", LATE_CRITIC, "The letter of the estimate whose mean is not ∇J_H."
)
