"""The exercises of notebook 12: how many samples a larger λ needs, GAE with both flags, blind critics, a mask."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from pgcourse.arrays import Array
from pgcourse.bellman import evaluate
from pgcourse.exercises.ask import RETURNED, Mistake, close, furthest, mistaken, run
from pgcourse.exercises.choices import accusation, first_wrong
from pgcourse.exercises.read import entries, numbers, said_number, word
from pgcourse.exercises.verdict import Verdict, exercise, nearly, right, wrong
from pgcourse.exercises.words import apart
from pgcourse.gradients import expected_gae_until
from pgcourse.policy import Policy
from pgcourse.sampling import streams
from pgcourse.trajectories import Indices, Mask
from pgcourse.zoo import short_corridor

# From how many samples on a larger λ is better


@exercise
def check_enough_samples(answer: Any, low: tuple[float, float], high: tuple[float, float]) -> Verdict:
    """The N where bias² + variance/N is the same for two λ, given (bias, variance) of one estimate with each."""
    n = said_number(answer, "one such as 50")
    (bias, variance), (less, more) = low, high
    gain, price, spread = bias**2 - less**2, more - variance, more**0.5 - variance**0.5
    exact = price / gain
    if abs(n - exact) <= 1:
        return right(f"Both errors are equal at N = {exact:.1f}. With more samples the larger λ wins.")
    usual = {
        price / (bias - less): "Square the biases: the mean of the squared distance is bias² + variance/N.",
        (spread / (bias - less)) ** 2: "Squares add up, not the roots: bias² + variance/N, and no bias + spread/√N.",
        spread / gain: "That has the standard deviations. The mean of N estimates has the *variance* divided by N.",
        spread**2 / gain: "The difference of the two variances, not the square of the spreads' difference.",
        price**2 / gain**2: "Once too often squared: what is divided by N is the variance.",
        1 / exact: "That is 1/N.",
        -exact: "N is positive: the larger λ has less bias and more variance.",
    }
    for value, message in usual.items():
        if abs(n - value) <= 0.01 * abs(value) + 1e-9:
            return nearly(message)
    if n <= 0:
        return wrong("N is a number of samples: it is positive.")
    small, large = (b**2 + var / n for b, var in (low, high))
    better = "smaller" if small < large else "larger"
    return wrong(
        f"With N = {n:g} the two errors bias² + variance/N are {small:.4f} and {large:.4f}: the {better} λ wins."
    )


# GAE from the end, with both flags

GAMMA, LAM, HORIZON, STEPS = 0.95, 0.8, 6, 1000


class CorridorSteps(NamedTuple):
    """One stream of the corridor, cut after 6 steps, and a critic that is wrong, even of the exit."""

    s: Indices
    a: Indices
    r: Array
    v: Array
    v_next: Array
    terminated: Mask
    truncated: Mask
    exact: Array  # E[A | s, a], (S, A)


@lru_cache(maxsize=1)
def lived() -> CorridorSteps:
    mdp, pi = replace(short_corridor(), gamma=GAMMA), Policy.uniform(4, 2)
    steps = streams(mdp, pi, 1, STEPS, np.random.default_rng(12), horizon=HORIZON)
    v = evaluate(mdp, pi) + np.array([4.0, -3.0, 1.0, 2.0])
    s, a, r, s_next, terminated, truncated = (
        x[0] for x in (steps.s, steps.a, steps.r, steps.s_next, steps.terminated, steps.truncated)
    )
    return CorridorSteps(s, a, r, v[s], v[s_next], terminated, truncated, expected_gae_until(mdp, pi, v, LAM, HORIZON))


def _sums(delta: Array, passed_on: Any, c: float) -> Array:
    """A_t = δ_t + c A_{t+1}, where `passed_on` says that A_{t+1} counts."""
    A, after = np.zeros(len(delta)), 0.0
    for t in range(len(delta) - 1, -1, -1):
        A[t] = after = delta[t] + c * passed_on[t] * after
    return A


def _mistakes(of: CorridorSteps) -> list[Mistake]:
    r, v, v_next, over, cut = of.r, of.v, of.v_next, of.terminated, of.truncated
    ended, c, every = over | cut, GAMMA * LAM, np.ones(STEPS, dtype=bool)
    delta = r + GAMMA * v_next * ~over - v
    shifted = np.append(v[1:], 0.0)
    late, early = np.append(ended[1:], False), np.append(False, ended[:-1])
    flagless = r + GAMMA * v_next - v
    as_done = r + GAMMA * v_next * ~ended - v
    here = r + GAMMA * np.where(cut, v, v_next) * ~over - v
    good = _sums(delta, ~ended, c)
    rows: list[tuple[Array, str]] = [
        (_sums(delta, every, c), "No reset at an end: A leaks from one trajectory into the one before."),
        (_sums(delta, ~over, c), "A leaks over the time limit. A cut trajectory is over, too: the next step is another "
         "one's."),
        (_sums(delta, ~cut, c), "A leaks over a termination: the sum begins anew at an end of either kind."),
        (_sums(as_done, ~ended, c), "The time limit is taken for an end: in δ only `terminated` removes v(s'). After a "
         "cut life would have gone on."),
        (_sums(as_done, ~over, c), "The two flags have changed places: `terminated` alone removes v(s') in δ, and both "
         "stop the sum."),
        (_sums(flagless, ~ended, c), "After a termination nothing follows: v(s') counts 0 there, whatever v_next is."),
        (_sums(flagless, ~over, c), "Two flags are missing: v(s') counts 0 where terminated, and the sum begins anew "
         "at a time limit, too."),
        (_sums(as_done, every, c), "In δ only `terminated` removes v(s'). It is the sum that both flags stop."),
        (_sums(flagless, every, c), "No flag is used: v(s') counts 0 where terminated, and at every end the sum "
         "begins anew."),
        (_sums(here, ~ended, c), "At the time limit it must be v of s_{t+1}, where life would have gone on: `v_next`, "
         "not `v`."),
        (_sums(r + GAMMA * shifted * ~over - v, ~ended, c), "v[t + 1] is v(s_{t+1}) within a trajectory only. After a "
         "cut it belongs to the start of the next one: take v_next[t]."),
        (_sums(r + GAMMA * shifted * ~ended - v, ~ended, c), "At a time limit v[t + 1] is not v(s_{t+1}), and the "
         "limit is no end: take v_next[t] there."),
        (_sums(delta, ~late, c), "The mask of the wrong step: the flags of step t say whether A_{t+1} belongs to A_t. "
         "You ask those of step t + 1."),
        (_sums(delta, ~early, c), "The mask of the wrong step: the flags of step t say whether A_{t+1} belongs to A_t. "
         "You ask those of step t − 1."),
        (delta, "This is δ, as if λ were 0. If you add γλ A[t] before A[t] is set, you add 0: it must be A_{t+1}."),
        (delta + c * ~ended * np.append(delta[1:], 0), "Only one step ahead: A_t = δ_t + γλ A_{t+1}, not δ_{t+1}."),
        (_sums(delta, ~ended, GAMMA), "λ is missing: each step back counts γλ times."),
        (_sums(delta, ~ended, LAM), "γ is missing in the sum: each step back counts γλ times."),
        (_sums(r + v_next * ~over - v, ~ended, c), "γ is missing in δ: r + γ v(s') − v(s)."),
        (_sums(r + GAMMA * v_next * ~over, ~ended, c), "v(s) is missing in δ: r + γ v(s') − v(s)."),
        (_sums(-delta, ~ended, c), "The sign of δ is turned round: what was seen minus what was expected."),
        (_sums(delta[::-1], ~early[::-1], c)[::-1], "This runs forward in time: A_t gathers what came *before* t. "
         "Begin with the last step."),
        (_sums(delta, ended, c), "The wrong way round: A_{t+1} is passed on where the trajectory has *not* ended."),
        (_sums(delta * ~ended, ~ended, c), "The last δ of a trajectory is lost: at an end A_t is δ_t."),
        (good + v, "This is A + v, the critic's target. Return A itself."),
        ((1 - LAM) * good, "The average of n-step errors has a factor 1 − λ, but their sum in δ has none."),
        (_sums(np.append(delta[:-1], 0.0), ~ended, c), "The last step of all is lost: its A is δ."),
        (_sums(np.append(delta[:-1], delta[-1] + c * v_next[-1]), ~ended, c), "Begin with 0: the last δ has v_next in "
         "it already."),
        (good[::-1], "In reversed order: put the result back in the order of time."),
    ]  # fmt: skip
    return [Mistake(value, message) for value, message in rows]


def _evidence(A: Array, good: Array, of: CorridorSteps) -> str:
    """The pair where the mean of A is furthest from that of the right A; "" if it is near everywhere."""
    pairs = [(s, a) for s in range(3) for a in range(2)]
    mean, own = (np.array([x[(of.s == s) & (of.a == a)].mean() for s, a in pairs]) for x in (A, good))
    exact = np.array([of.exact[pair] for pair in pairs])
    (k,) = furthest(mean, own)
    if abs(mean[k] - own[k]) < 0.05:  # one wrong step of 1000; chance alone moves the right mean as far
        return ""
    (s, a), (yours, expected) = pairs[k], apart(mean[k], exact[k])
    return f" On the corridor E[A | s={s}, a={a}] is {expected}; the mean of yours is {yours}."


@exercise
def check_gae_flags(my_gae: Any) -> Verdict:
    """my_gae(r, v, v_next, terminated, truncated, gamma, lam) must return A (T,) of one stream of many trajectories."""
    of = lived()
    given = of.r, of.v, of.v_next, of.terminated, of.truncated, GAMMA, LAM
    value = numbers(run(my_gae, "r, v, v_next, terminated, truncated, gamma, lam", *given), RETURNED, of.r.shape)
    if value.shape != of.r.shape:
        return wrong(f"{RETURNED} shape {value.shape}, expected {of.r.shape}: the advantage of each step.")
    delta = of.r + GAMMA * of.v_next * ~of.terminated - of.v
    expected = _sums(delta, ~(of.terminated | of.truncated), GAMMA * LAM)
    if close(value, expected):
        return right(f"A at {STEPS:,} steps with ends of both kinds. δ asks one flag, the sum asks both.")
    verdict = mistaken(
        value, expected, _mistakes(of), lambda yours, A, t: f"At step {t} your function gives {yours}, expected {A}."
    )
    evidence = _evidence(value, expected, of) if np.isfinite(value).all() else ""
    return verdict._replace(message=verdict.message + evidence)


# Which critic does not see a bug

BLIND: dict[str, tuple[str, str]] = {  # the right word, and a question that leads to it
    "no reset at an end": (
        "exact",
        "What is the mean of A over the actions, if the critic is exact? That is what leaks.",
    ),
    "the limit taken for an end": ("zero", "It drops γ v(s') at the limit. How much is that with each critic?"),
    "v(s) for v(s') at the limit": ("zero", "How far apart are v(s) and v(s') with each critic?"),
    "λ forgotten": ("exact", "With the exact critic E[A | s, a] is the same for every λ. With v = 0?"),
    "v(s') counted after a termination": ("both", "What do these two critics say of the exit?"),
}
ALSO: dict[Any, str] = {"v = 0": "zero", "v=0": "zero", "0": "zero", 0: "zero"}
ALSO |= {"exact v": "exact", "v^π": "exact", "none": "neither"}


@exercise
def check_blind_critics(answer: Any) -> Verdict:
    """A dictionary: for each bug the critic with which E[A | s, a] is right all the same."""
    said = entries(answer, BLIND, "a word for each bug", "{!r} is missing")
    given = {key: word(said[key], ALSO) for key in BLIND}
    solution = {key: critic for key, (critic, _) in BLIND.items()}
    verdict = first_wrong(
        given,
        solution,
        ("zero", "exact", "both", "neither"),
        "bug",
        lambda key, critic: f"Not {critic!r} for {key!r}: try both critics in the view. {BLIND[key][1]}",
    )
    praise = "Each of the two critics passes a bug. Test with a critic that is wrong in every state and not constant."
    return right(praise) if verdict is None else verdict


# The silent bug

WRONG_MASK = {
    "A": "A is innocent: γ v(s') is added to the reward at the limit, which is then an end. That is the same δ.",
    "B": "B is innocent: it sums the λ-return backwards and takes v off at the end, which is the same A.",
    "C": "C asks the flags of step t + 1 where those of step t decide. It is right in a file where done[t] says that "
    "step t *begins* a trajectory, and wrong here.",
}
check_wrong_mask = accusation(
    __name__, "check_wrong_mask", "C", WRONG_MASK, "The letter of the GAE whose mean is not E[A | s, a]."
)
