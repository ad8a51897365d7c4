"""The exercises of notebook 03: the Bellman equation on ∇v, its reasons, its operator, its solution and its zeros."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from pgcourse.arrays import Array
from pgcourse.bellman import exact, transition
from pgcourse.exercises.ask import RETURNED, Mistake, close, mistaken, run
from pgcourse.exercises.choices import first_wrong
from pgcourse.exercises.read import MOST_ENTRIES, entries, letter, numbers, one_whole
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, waiting, wrong
from pgcourse.exercises.words import shown
from pgcourse.gradients import value_gradient, value_gradient_operator
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, grad_log_softmax, grad_softmax, softmax, tabular
from pgcourse.trajectories import Mask
from pgcourse.zoo import garnet

# Each line of the derivation: choose its reason

REASONS = {  # letter → (what it says, what it does to a line)
    "A": ("the integrals are exchanged", "changes in which order one sums over a and over s'"),
    "B": ("definition of p^π", "gives a name to an average of p over actions, and changes nothing else"),
    "C": ("neither r nor p knows θ", "makes ∇r disappear and lets ∇ pass through γ and p to v^π"),
    "D": ("product rule", "turns the ∇ of one product into two terms"),
    "E": ("definition of q^π", "puts r and γ v^π in the place of q^π"),
    "F": ("nabla-log trick", "would write π ∇log π in the place of ∇π; no line here has a logarithm"),
    "G": ("∇q^π = 0", "would make π ∇q^π disappear, but q^π moves with θ: its later actions are drawn from π too"),
}
STEPS = {  # line → (the letter of its reason, what to look at)
    2: ("D", "where one ∇ stood before a product of π and q^π, two terms stand now"),
    3: ("E", "q^π under the second ∇ has been written out"),
    4: ("C", "a term has gone from under ∇, and γ, π and p, which ∇ does not touch there, stand before it"),
    5: ("A", "the same factors are there; only the brackets and the order of the sums have changed"),
    6: ("B", "a bracket has got a name"),
}


@exercise
def check_reasons(answer: Any) -> Verdict:
    """answer = {2: letter, …, 6: letter}: for each line of the derivation, why it equals the one before."""
    given = entries(answer, STEPS, "a letter for each of lines 2 to 6", "Line {} has no reason")
    letters = {line: letter(reason) for line, reason in given.items()}

    def why_not(line: int, said: str) -> str:
        name, effect = REASONS[said]
        return f"Line {line} is not “{name}”: that {effect}. Look at what is new in line {line}: {STEPS[line][1]}."

    solution = {line: reason for line, (reason, _) in STEPS.items()}
    if (verdict := first_wrong(letters, solution, REASONS, "line", why_not)) is not None:
        return verdict
    return right("Every line has its reason. Only the product rule and line 4 are calculus; the rest is bookkeeping.")


# Write the operator


class Problem(NamedTuple):
    """A random MDP, a softmax policy on it, and all that the Bellman equation on ∇v is made of."""

    mdp: FiniteMDP
    pi: Policy
    q_pi: Array
    grad_pi: Array
    grad_log_pi: Array


def _problem(S: int, A: int, d: int, gamma: float, rng: np.random.Generator) -> Problem:
    mdp, phi = garnet(S, A, 2, gamma, rng), rng.standard_normal((S, A, d))
    pi = softmax(phi, rng.standard_normal(d))
    return Problem(mdp, pi, exact(mdp, pi).q_pi, grad_softmax(phi, pi), grad_log_softmax(phi, pi))


@exercise
def check_gradient_operator(my_operator: Any) -> Verdict:
    """my_operator(grad_v, mdp, pi, q_pi, grad_pi) must give q^π ∇π + γ p^π ∇v, for any grad_v of shape (S, d)."""
    rng = np.random.default_rng(3)
    for S, A, d in ((5, 3, 2), (4, 2, 6), (7, 3, 1)):
        verdict = _check_one_operator(my_operator, _problem(S, A, d, 0.9, rng), rng.standard_normal((S, d)))
        if not verdict:
            return verdict
    return right("That is the right-hand side of the Bellman equation on ∇v, for any MDP and any number of parameters.")


def _check_one_operator(my_operator: Any, problem: Problem, grad_v: Array) -> Verdict:
    mdp, pi, q_pi, grad_pi, grad_log_pi = problem
    signature, axis = "grad_v, mdp, pi, q_pi, grad_pi", ""
    try:
        answer = run(my_operator, signature, grad_v, mdp, pi, q_pi, grad_pi, pure=True)
    except Reply as reply:
        if "broadcast" in reply.verdict.message:
            axis = " If that is q_pi * grad_pi: give q an axis for the parameters, q_pi[..., None]."
            axis += " If it is mdp.p @ grad_v: that is a function of pairs, so average it, pi @ (mdp.p @ grad_v)."
        raise Reply(reply.verdict._replace(message=reply.verdict.message + axis)) from None
    value = numbers(answer, RETURNED)
    if value.shape == q_pi.shape + grad_v.shape[1:]:
        return nearly(
            f"The result has shape {value.shape}: an axis for actions is left. q^π ∇π is summed over it, and "
            "mdp.p @ grad_v averaged, pi @ (mdp.p @ grad_v)."
        )
    if value.shape != grad_v.shape:
        pairs = " If that is q_pi @ grad_pi: it takes the q of each state with the ∇π of every state. Sum over the "
        pairs += "actions of one state, (q_pi[..., None] * grad_pi).sum(axis=1)."
        every = pairs * (value.shape == (mdp.S, *grad_v.shape))
        return wrong(f"The result has shape {value.shape}, expected that of grad_v, {grad_v.shape}.{every}")
    source, p_pi = (q_pi[..., None] * grad_pi).sum(axis=1), transition(mdp, pi)
    ahead = mdp.gamma * p_pi @ grad_v
    if close(value, source + ahead):
        return right("")
    mistakes = (
        Mistake(source + p_pi @ grad_v, "γ is missing: what comes one step later counts γ times."),
        Mistake(mdp.gamma * (source + p_pi @ grad_v), "γ multiplies both terms; only the next states take it."),
        Mistake(
            source / mdp.A + ahead,
            "You take the mean of q^π ∇π over the actions. It is a sum: ∇π stands where π stood. Nothing divides it.",
        ),
        Mistake(source, "Only the source q^π ∇π is there. What about ∇v at the next states?"),
        Mistake(
            ahead,
            "Only γ p^π ∇v is there. Where is what θ changes at this very state, q^π ∇π? "
            "(With v in the place of q that term is 0: Σ_a v ∇π = v ∇1.)",
        ),
        Mistake(source - ahead, "There is a minus sign between the two terms; both are added.", "wrong"),
        Mistake(
            source + mdp.gamma * p_pi.T @ grad_v,
            "That is the transpose of p^π, which moves distributions. ∇v is a function of states, as v is: p^π ∇v.",
        ),
        Mistake(
            pi @ (q_pi[..., None] * grad_pi) + ahead,
            "Your q^π ∇π is weighted by π. The sum over actions is plain: ∇π stands where π stood.",
        ),
        Mistake(
            pi @ (mdp.r[..., None] * grad_pi) + ahead,
            "You use r weighted by π. The source is the plain sum over actions of q^π ∇π.",
            "wrong",
        ),
        Mistake(
            (mdp.r[..., None] * grad_pi).sum(axis=1) + ahead,
            "You use r where q^π belongs: another action now changes all that follows, not only the next reward.",
        ),
        Mistake(
            (q_pi[..., None] * grad_log_pi).sum(axis=1) + ahead,
            "That is ∇log π where ∇π belongs; with ∇log π the sum would be weighted by π.",
        ),
        Mistake(grad_v, "Your function gives back what it was given.", "wrong"),
        Mistake(
            value_gradient(mdp, pi, q_pi, grad_pi),
            "That is the solution, whatever comes in. The question is about the operator: one application to grad_v.",
        ),
    )

    def text(yours: str, expected: str, s: int, i: int) -> str:
        parts = f"{source[s, i]:.4f} (source) + {ahead[s, i]:.4f} (next states)"
        return f"For state {s} and parameter {i} of a random MDP you get {yours}, expected {expected} = {parts}."

    return mistaken(value, source + ahead, mistakes, text)


# Implement the fixed-point iteration

MOST_APPLICATIONS = 5_000
MOST_AT_THE_SOLUTION = 3  # one to see that it is the solution; some loops apply once more
Operator = Callable[[Array], Array]


@exercise
def check_fixed_point(my_fixed_point: Any) -> Verdict:
    """my_fixed_point(operator, grad_v, tolerance): apply until operator(g) differs from g by ≤ tolerance everywhere."""
    rng = np.random.default_rng(4)
    used = []
    for gamma, tolerance in ((0.5, 1e-3), (0.9, 1e-8), (0.99, 1e-10)):  # the last takes some 2,200
        problem = _problem(6, 3, 2, gamma, rng)
        verdict, times = _check_one_fixed_point(my_fixed_point, problem, rng.standard_normal((6, 2)), tolerance)
        if not verdict:
            return verdict
        used.append(f"{times} for γ = {gamma} and a tolerance of {tolerance:.0e}")
    return right(f"The loop stops where it should. Applications it took: {'; '.join(used)}.")


def _check_one_fixed_point(
    my_fixed_point: Any, problem: Problem, start: Array, tolerance: float
) -> tuple[Verdict, int]:
    mdp, pi, q_pi, grad_pi, _ = problem
    apply = value_gradient_operator(mdp, pi, q_pi, grad_pi)
    iterates = _iterates(apply, start, tolerance)
    value, times = _applied(my_fixed_point, apply, start, tolerance)
    if not np.isfinite(value).all():
        return wrong("Your loop returns numbers that are not finite, expected finite ones."), times
    rounding = np.abs(value).max() * np.finfo(value.dtype).eps
    value = value.astype(float)
    residual = np.abs(apply(value) - value).max()
    if residual > tolerance + 4 * rounding:
        limited = times > 1 and _applied(my_fixed_point, apply, start, tolerance / 10)[1] == times
        return _why_it_stopped_early(value, iterates, apply, residual, tolerance, times, limited), times
    solution = value_gradient(mdp, pi, q_pi, grad_pi)
    if (again := _applied(my_fixed_point, apply, solution, tolerance)[1]) > MOST_AT_THE_SOLUTION:
        text = f"With the solution itself as the first guess, your loop applied the operator {again} times"
        return nearly(f"{text}, where one or two would do. Start from the grad_v that you are given, and look."), times
    if times > 2 * len(iterates) + MOST_AT_THE_SOLUTION:
        text = f"Your loop applied the operator {times:,} times, where {len(iterates)} would do"
        return nearly(
            f"{text}. Stop as soon as one more application changes no entry by more than the tolerance."
        ), times
    return right(""), times


def _iterates(apply: Operator, start: Array, tolerance: float) -> list[Array]:
    """The first guess and what comes of it, up to the one that is near enough, (n,) arrays of shape (S, d)."""
    found = [start]
    while np.abs((new := apply(found[-1])) - found[-1]).max() > tolerance:
        found.append(new)
    return found


def _applied(my_fixed_point: Any, apply: Operator, start: Array, tolerance: float) -> tuple[Array, int]:
    """What the student's loop returns, and how many times it has applied the operator."""
    times = 0

    def operator(grad_v: Array) -> Array:
        nonlocal times
        times += 1
        if times > MOST_APPLICATIONS:
            text = f"The loop had applied the operator {MOST_APPLICATIONS:,} times and still went on"
            raise Reply(
                wrong(f"{text}. Does its condition compare two successive values, and do you keep the new one?")
            )
        return apply(grad_v)

    answer = run(my_fixed_point, "operator, grad_v, tolerance", operator, start, tolerance, pure=True)
    value = numbers(answer, RETURNED, start.shape)
    if value.shape != start.shape:
        raise Reply(wrong(f"The result has shape {value.shape}, expected that of grad_v, {start.shape}."))
    return value, times


def _why_it_stopped_early(
    value: Array,
    iterates: list[Array],
    apply: Operator,
    residual: float,
    tolerance: float,
    times: int,
    limited: bool,
) -> Verdict:
    off = f"one more application changes the result by {residual:.1e}, expected at most {tolerance:.0e}"
    if np.array_equal(value, iterates[0]):
        return wrong(f"You return what you were given: {off}.")
    if close(value, apply(iterates[0])):
        return wrong(f"The operator was applied once and that was all: {off}. It takes a loop.")
    nearby = [np.allclose(new, old, atol=tolerance) for old, new in pairwise(iterates)]
    if any(nearby) and any(np.array_equal(value, x) for x in iterates[nearby.index(True) :][:2]):
        return nearly(
            f"Almost: {off}. Did you take np.allclose? Beside atol it allows rtol = 1e-05 of the numbers: add rtol=0."
        )
    if limited:  # a smaller tolerance does not let it go on
        text = f"Your loop applies the operator {times:,} times, for a smaller tolerance, too: {off}"
        return nearly(f"{text}. Only the given tolerance may end it, no number of rounds and no tolerance of your own.")
    if residual < 20 * tolerance:
        return nearly(
            f"Almost: {off}. Do you look at the largest difference, in absolute value, over all states and parameters?"
        )
    if (apply(value) - value).max() <= tolerance:
        return nearly(f"A negative difference is small for a comparison, however large it is: {off}. Take np.abs.")
    return wrong(f"After {times} applications you stop too early: {off}.")


# Predict where ∂v/∂θᵢ is zero

ASKED = ((9, 1), (2, 0), (5, 2))  # the notebook's (s, a): a live state, one that few can come to, and a hole


@exercise
def check_zero_states(answer: Any, mdp: FiniteMDP, pi: Policy, asked: Collection[tuple[int, int]] = ASKED) -> Verdict:
    """answer = {(s, a): states}: where ∂v/∂θ(s, a) is 0, for a tabular softmax whose policy is pi; all of `asked`."""
    if answer is ...:
        return waiting("a list of states for each parameter")
    if not isinstance(answer, Mapping) or not answer:
        return wrong(f"{shown(answer)} is not a dictionary; expected {{(s, a): list of states}}.")
    verdicts = [_check_zeros_of(pair, states, mdp, pi) for pair, states in answer.items()]
    for verdict in verdicts:
        if not verdict:
            return verdict
    if missing := [pair for pair in asked if pair not in answer]:
        s, a = missing[0]
        return Verdict("waiting", f"So far all is right. θ({s}, {a}) is asked for, too: add its list of states.")
    return right(
        "Exactly there. θ(s, a) is felt where one can come to s, and nowhere else; and if a is just as good as the "
        "average in s, it is felt nowhere."
    )


def _check_zeros_of(pair: Any, states: Any, mdp: FiniteMDP, pi: Policy) -> Verdict:
    s, a = (one_whole(pair[0]), one_whole(pair[1])) if isinstance(pair, tuple) and len(pair) == 2 else (None, None)
    if s is None or a is None or not (0 <= s < mdp.S and 0 <= a < mdp.A):
        expected = f"expected (s, a), a state below {mdp.S} and an action below {mdp.A}"
        return wrong(f"{shown(pair)} is not a parameter; {expected}.")
    name = f"θ({s}, {a})"
    if states is ...:
        return waiting(f"the list of states for {name}")
    if isinstance(states, np.ndarray) and states.ndim:
        states = list(states)
    if not isinstance(states, Collection) or isinstance(states, str | bytes):
        return wrong(f"For {name} you have {shown(states)}, expected a list of states such as [0, 3].")
    if len(states) > MOST_ENTRIES:
        return wrong(f"For {name} you name {len(states):,} states, expected at most {mdp.S}.")
    named_states = [one_whole(x) for x in states]
    if strange := [x for x, k in zip(states, named_states, strict=True) if k is None or not 0 <= k < mdp.S]:
        return wrong(f"For {name} you name {shown(strange[0])}, expected states: whole numbers from 0 to {mdp.S - 1}.")
    chosen = np.array([s in named_states for s in range(mdp.S)])
    column = s * mdp.A + a
    _, q_pi, *_ = exact(mdp, pi)
    grad_pi = grad_softmax(tabular(mdp.S, mdp.A), pi)[..., [column]]
    grad_v = value_gradient(mdp, pi, q_pi, grad_pi)[:, 0]
    zero = np.abs(grad_v) <= 1e-12 * max(1, np.abs(q_pi).max())
    if np.array_equal(chosen, zero):
        return right("")
    return _why_not_these(name, s, chosen, zero, mdp, pi, grad_v)


def _why_not_these(name: str, s: int, chosen: Mask, zero: Mask, mdp: FiniteMDP, pi: Policy, grad_v: Array) -> Verdict:
    one_step = (pi @ mdp.p_live) > 0
    if np.array_equal(chosen, ~zero):
        return nearly(f"For {name} these are the states where it is *not* zero. The rest is asked for.")
    if zero.all():
        return wrong(
            f"For {name} it is 0 in more states than you name: in state {s} nothing hangs on the choice, so this "
            "parameter changes no value at all."
        )
    if chosen[mdp.live].any() and np.array_equal(chosen[mdp.live], ~_linked(one_step.T, s)[mdp.live]):
        return nearly(
            f"For {name} you follow the arrows the wrong way: you leave out the states to which state {s} leads. A "
            f"value looks ahead, so θ(s, ·) is felt in the states from which one can come *to* {s}."
        )
    if chosen.sum() == mdp.S - 1 and not chosen[s]:
        return wrong(f"For {name} you say that only state {s} feels it. But who can come to {s} later feels it, too.")
    if np.array_equal(chosen, zero & ~mdp.absorbing):
        return nearly(f"For {name} the live states are right; those that end the game have value 0 for every θ.")
    if (wrongly := np.flatnonzero(chosen & ~zero)).size:
        other = int(wrongly[0])
        way = "is the state itself" if other == s else f"can come to state {s}"
        return wrong(f"For {name}, state {other} {way}, and there the derivative is {grad_v[other]:+.1e}, not 0.")
    other = int(np.flatnonzero(zero & ~chosen)[0])
    why = "ends the game" if mdp.absorbing[other] else f"has no way to state {s}"
    return nearly(f"For {name} what you name is right, but state {other} is missing: it {why}.")


def _linked(one_step: Mask, s: int) -> Mask:
    """(S,) True for s and for the states from which steps (S, S') lead to s."""
    linked = np.arange(len(one_step)) == s
    for _ in range(len(one_step)):
        linked = linked | one_step @ linked
    return linked
