"""The exercises of notebook 17: DDPG's target, its actor's gradient and soft update, what is forgotten, two bugs."""

from __future__ import annotations

from typing import Any

import numpy as np

from pgcourse.arrays import Array
from pgcourse.exercises.ask import RETURNED, Mistake, close, mistaken, run
from pgcourse.exercises.choices import accused
from pgcourse.exercises.read import numbers, said_number
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, wrong

# The target


@exercise
def check_td_target(my_target: Any) -> Verdict:
    """my_target(r, s_next, terminated, truncated, gamma, mu_target, q_target): y = r + γ(1−terminated)Q'(s', μ'(s')).

    Rewards and flags (N,), states (N, 2); mu_target(s) gives actions (N, 1), q_target(s, a) values (N,).
    """
    rng = np.random.default_rng(17)
    N, gamma = 8, 0.9
    r, s_next = -rng.uniform(1, 5, N), rng.standard_normal((N, 2))
    terminated, truncated = np.arange(N) % 4 == 1, np.isin(np.arange(N), [2, 5, 6])  # both at 5

    def mu_target(s: Any) -> Array:
        return np.tanh(_states(s)[:, :1])

    def q_target(s: Any, a: Any) -> Array:
        s, a = _states(s), numbers(a, "You ask q_target for the actions")
        if a.shape != (len(s), 1):
            raise Reply(
                wrong(f"You ask q_target for actions of shape {a.shape}, expected ({len(s)}, 1), as mu_target gives.")
            )
        return -3 - s[:, 1] ** 2 - (a[:, 0] - 0.3) ** 2

    names = "r, s_next, terminated, truncated, gamma, mu_target, q_target"
    given = r, s_next, terminated, truncated, gamma, mu_target, q_target
    value = numbers(run(my_target, names, *given), RETURNED, (N,))
    if value.shape != (N,):
        return wrong(f"{RETURNED} an array of shape {value.shape}, expected ({N},): a target for each transition.")
    q = q_target(s_next, mu_target(s_next))
    expected = r + gamma * ~terminated * q
    if close(value, expected):
        return right("After an end nothing follows. At a time limit something would have followed, so Q' stays.")
    over = terminated | truncated
    mistakes = [
        Mistake(r + gamma * ~over * q,
                "A time limit is no end: where `truncated`, the pendulum would have swung on, and Q' says what for."),
        Mistake(r + gamma * ~truncated * q, "The flags have changed places: it is `terminated` that removes Q'."),
        Mistake(r + gamma * ~(terminated & ~truncated) * q,
                "Where both are true, nothing follows: `terminated` removes Q', whatever `truncated` says."),
        Mistake(r + gamma * q, "After an end nothing follows: Q' must not count where `terminated`."),
        Mistake(~terminated * (r + gamma * q), "The reward of the last step is paid, too: only Q' is removed."),
        Mistake(~over * (r + gamma * q), "The reward is always paid, and a time limit is no end."),
        Mistake(r + ~terminated * q, "γ is missing."),
        Mistake(r + gamma * terminated * q, "The other way round: Q' counts where it has *not* terminated."),
        Mistake(r + gamma * over * q, "The other way round: Q' counts where it has *not* terminated."),
        Mistake(r - gamma * ~terminated * q, "Q' is added: y = r + γ (1 − terminated) Q'."),
        Mistake(gamma * ~terminated * q, "The reward r is missing."),
        Mistake(gamma * (r + ~terminated * q), "γ belongs to what comes a step later: r is paid now."),
        Mistake(r + gamma * ~terminated * q_target(s_next, 0 * mu_target(s_next)),
                "Your next action is 0: take mu_target(s_next)."),
    ]  # fmt: skip

    def text(yours: str, right_one: str, n: int) -> str:
        flags = [name for name, flag in (("terminated", terminated), ("truncated", truncated)) if flag[n]]
        how = " and ".join(flags) or "going on"
        return f"For the transition that is {how}, y is {right_one}; you have {yours}."

    return mistaken(value, expected, mistakes, text)


def _states(s: Any) -> Array:
    s = numbers(s, "You ask for the states")
    if s.ndim != 2 or s.shape[1] != 2:
        raise Reply(wrong(f"You ask for states of shape {s.shape}, expected rows of s_next: (N, 2)."))
    return s


# The actor's gradient

HALF = 2.0  # of the actions' width, as Pendulum has it


@exercise
def check_actor_gradient(my_gradient: Any) -> Verdict:
    """my_gradient(theta, phi, half, slope) must give ∇_θ mean_n Q(s_n, μ_θ(s_n)), μ_θ(s) = half · tanh(φ(s)ᵀθ): (d,).

    phi is (N, d), and slope(a) gives ∇_a Q at actions a (N,), one a state: (N,).
    """
    rng = np.random.default_rng(18)
    phi, theta = rng.standard_normal((6, 3)), 0.4 * rng.standard_normal(3)
    wanted, bend = rng.uniform(-2, 2, 6), rng.uniform(0.5, 2, 6)

    def slope(a: Any) -> Array:
        a = numbers(a, "You ask slope for the actions", (6,))
        if a.shape != (6,):
            raise Reply(wrong(f"You ask slope for actions of shape {a.shape}, expected (6,): one for each state."))
        return -2 * bend * (a - wanted)

    def asked(half: float) -> Array:
        return numbers(run(my_gradient, "theta, phi, half, slope", theta, phi, half, slope), RETURNED, theta.shape)

    def exact(half: float) -> Array:
        y = np.tanh(phi @ theta)
        return half * (slope(half * y) * (1 - y**2)) @ phi / 6

    value = asked(HALF)
    if value.shape != theta.shape:
        hint = " Sum over the states: (N,) @ (N, d)." if value.shape == phi.shape else ""
        return wrong(f"{RETURNED} an array of shape {value.shape}, expected {theta.shape}, as theta has.{hint}")
    y = np.tanh(phi @ theta)
    pull = slope(HALF * y)
    steep = 1 - y**2
    expected = exact(HALF)
    if close(value, expected):
        other = asked(0.7)
        if other.shape != theta.shape or not close(other, exact(0.7)):
            return nearly(f"It is right with half = {HALF:g} only. Is the argument half used?")
        return right("The chain rule, from the parameters to the action, and from the action to Q.")
    mistakes = [
        Mistake((pull * steep) @ phi / 6, "The slope of half · tanh has the factor `half`, too."),
        Mistake((slope(y) * steep) @ phi / 6,
                "The action is half · tanh(…). Yours goes to ±1 only: half of the torque is never used."),
        Mistake(HALF * (slope(y) * steep) @ phi / 6, "You ask for the slope at tanh(…). The action is half · tanh(…)."),
        Mistake(HALF * pull @ phi / 6, "The slope of tanh is missing: 1 − tanh²."),
        Mistake(pull @ phi / 6, "The slope of the action is missing: half · (1 − tanh²)."),
        Mistake(slope(phi @ theta) @ phi / 6, "The actor is half · tanh(φᵀθ), and yours is linear."),
        Mistake(HALF * (pull * (1 - HALF**2 * y**2)) @ phi / 6,
                "The slope of tanh is 1 − tanh², and you square half · tanh."),
        Mistake(HALF * (pull * (1 - y)) @ phi / 6, "The slope of tanh is 1 − tanh²: the square is missing."),
        Mistake(HALF * (slope(0 * y) * steep) @ phi / 6, "You ask for the slope at a = 0: take a = μ_θ(s)."),
        Mistake(expected * 6, "That is the sum over the batch: the mean is asked for. Divide by N."),
        Mistake(expected / 6, "You divide by the batch twice."),
        Mistake(-expected, "The sign: the actor climbs Q. (A library that minimises gets −Q.)"),
    ]  # fmt: skip
    what = "Component {} of the gradient is {}; you have {}. Differences of Q say so."
    return mistaken(value, expected, mistakes, lambda yours, right_one, i: what.format(i, right_one, yours))


# The soft update


@exercise
def check_soft_update(my_soft_update: Any) -> Verdict:
    """my_soft_update(w_target, w, tau) must return w' + τ (w − w'), (d,), and leave both networks as they are."""
    rng = np.random.default_rng(19)
    w_target, w, tau = rng.standard_normal(5), rng.standard_normal(5), 0.1
    answer = run(my_soft_update, "w_target, w, tau", w_target, w, tau, pure=True)
    value = numbers(answer, RETURNED, w.shape)
    if value.shape != w.shape:
        return wrong(f"{RETURNED} an array of shape {value.shape}, expected {w.shape}: the new w'.")
    expected = w_target + tau * (w - w_target)
    if close(value, expected):
        return right("The target follows: it takes a step τ of the way to w.")
    mistakes = [
        Mistake(w + tau * (w_target - w), "τ is on the wrong net: yours is nearly w, and no slow copy any more."),
        Mistake(w_target, "You return the target itself: mixed with itself, it stays where it is for ever."),
        Mistake(w, "That copies w at once, which is τ = 1: the target must follow slowly."),
        Mistake(w_target + tau * w, "Something must leave when τ w comes in: w' keeps 1 − τ of itself."),
        Mistake(tau * w, "That is the new part only. The target keeps 1 − τ of itself."),
        Mistake((1 - tau) * w_target, "That is the old part only. A share τ of w comes in."),
        Mistake(w_target - tau * (w - w_target), "The sign: yours moves away from w."),
        Mistake((w_target + w) / 2, "Half and half is τ = ½. Use tau."),
    ]
    what = "Entry {} of the new w' is {}; you have {}."
    return mistaken(value, expected, mistakes, lambda yours, right_one, i: what.format(i, right_one, yours))


# How long the initial 0 lives


@exercise
def check_forgotten(answer: Any, gamma: float = 0.98, tau: float = 0.005) -> Verdict:
    """After how many updates half of the initial error is left, if each leaves 1 − τ(1−γ) of it."""
    n = said_number(answer, "a number of updates")
    rate = tau * (1 - gamma)
    half = np.log(2) / -np.log1p(-rate)
    if abs(n - half) <= 0.01 * half:
        return right(f"About {half:.0f} updates, and on Pendulum there is one for each step.")
    usual = [
        (np.log(2) / tau, "That is how long the target needs to come half of the way to a critic that stands still. "
         "But the critic follows the target: only a share 1 − γ of the error goes."),
        (np.log(2) / (1 - gamma), "That has no τ in it: it is a target that copies the critic at once."),
        (1 / rate, "That is 1/(τ(1−γ)): then a share 1/e is left, not a half."),
        (0.5 / rate, "Each update takes a share of what is *left*: it is (1 − τ(1−γ))ⁿ = ½, and not n τ(1−γ) = ½."),
        (np.log(2) / (tau * gamma), "What is forgotten at an update is τ(1−γ), not τγ."),
    ]  # fmt: skip
    for value, message in usual:
        if abs(n - value) <= 0.006 * value + 1:
            return nearly(message)
    left = (1 - rate) ** n if 0 <= n < 1e9 else np.nan
    told = f" After {n:g} updates a share {left:.3g} is left." if np.isfinite(left) else ""
    return wrong(f"Solve (1 − τ(1−γ))ⁿ = ½ for n.{told}")


# A time limit stored as an end


@exercise
def check_time_limit(answer: Any, gamma: float = 0.98, limit: int = 200) -> Verdict:
    """What a critic says where each step pays −1 and nothing ends, if one transition in `limit` is stored as an end."""
    value = said_number(answer, "a value such as −30")
    keep = 1 - 1 / limit
    exact = -1 / (1 - gamma * keep)
    if abs(value - exact) <= 0.005 * abs(exact):
        return right(f"{exact:.1f} instead of {-1 / (1 - gamma):.0f}: as if γ were {gamma * keep:.4f}.")
    usual = [
        (-1 / (1 - gamma), "That is the truth. With one false end in 200, what does the target count on average?"),
        (-(1 - gamma**limit) / (1 - gamma), "That is the sum of 200 steps from the *first* one on. The buffer holds "
         "all 200 of an episode, and the critic sees no clock: on average a step in 200 is an end."),
        (-1 - gamma * keep / (1 - gamma), "That counts the false end once. But the Q' in the target is the wrong "
         "critic, too: γ · 199/200 stands in the place of γ at every step."),
        (-1 / (1 - keep), "That has no γ in it: it is γ · 199/200 that stands in the place of γ."),
    ]  # fmt: skip
    if abs(value + exact) <= 0.005 * abs(exact):
        return nearly("The size is right. Each step pays −1.")
    for other, message in usual:
        if abs(value - other) <= 0.002 * abs(other):
            return nearly(message)
    return wrong("The critic obeys Q = −1 + γ · (share that is no end) · Q. Solve it for Q.")


# The slope in the wrong place

INNOCENT = {
    "B": "B asks for the slope at the actor's own action. The states are the buffer's, and nothing else is.",
    "C": "C divides by the batch twice: its step is 1/N as long, in the right direction. Adam would not even notice.",
}


@exercise
def check_stored_action(answer: Any) -> Verdict:
    """The letter of the actor's step that goes a wrong way as soon as the buffer holds another policy's actions."""
    why = (
        "A takes the slope at the action that was stored. While the buffer is the actor's own, the mean is right, and "
        "no test on fresh data finds it. With older data A leaves the best gain; B and C stay."
    )
    return accused(answer, "A", why, INNOCENT, look="Look at where each of the three wants to go from the best gain.")
