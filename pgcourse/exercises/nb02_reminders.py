"""The exercises of notebook 02: value iteration's policies, composed operators, and the occupancy in two ways."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import permutations, product
from typing import Any

import numpy as np

from pgcourse import zoo
from pgcourse.arrays import Array
from pgcourse.bellman import action_value, evaluate, occupancy, transition, value_iteration_policies
from pgcourse.exercises.ask import RETURNED, Mistake, close, furthest, mistaken, named, run
from pgcourse.exercises.read import MOST_ENTRIES, entries, numbers
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, waiting, wrong
from pgcourse.exercises.words import apart, cut, shown, told
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, tabular_softmax

SWEEPS = 50  # of value iteration that are looked through
MOST_STATES = 200
CLOSE = 1e-9
MOST_STEPS = 10_000  # of a student's loop that are walked again
SHAPES = (
    "p @ takes a function of the next state, (S,), and q is one of pairs: average it first, pi @ q. "
    "And Python reads @ from the left: p @ (pi @ q) needs its brackets."
)
STATES_AND_PAIRS = (
    "One term is a function of states (S,), the other of pairs (S, A): for T^π q take r and p, not π r and π p."
)
SINGULAR = "I − p^π has no inverse, since its rows sum to 0; I − γ p^π has one. Where is γ?"

# Reminder 1


@exercise
def check_worse_greedy(my_mdp: Any) -> Verdict:
    """my_mdp must be a FiniteMDP where value iteration from v = 0 passes from a greedy policy to one that is worth less
    in every live state."""
    if my_mdp is ...:
        return waiting("a FiniteMDP")
    if not isinstance(my_mdp, FiniteMDP):
        return wrong(f"{shown(my_mdp)} is a {type(my_mdp).__name__}, expected a FiniteMDP such as replace(trap, r=…).")
    if my_mdp.S > MOST_STATES:
        return wrong(f"{my_mdp.S} states would keep us waiting, expected at most {MOST_STATES}. A handful is enough.")
    if not my_mdp.live.size:
        return wrong("Every state is absorbing, so nothing is decided; expected at least one live state.")
    v, actions = value_iteration_policies(my_mdp, SWEEPS)
    try:
        worth = np.array([evaluate(my_mdp, Policy.deterministic(a, my_mdp.A)) for a in actions])[:, my_mdp.live]
    except ValueError as error:
        return wrong(f"Some greedy policy on the way has no value: {cut(str(error), 160)}")
    change = np.diff(worth, axis=0)
    worse = (change < -CLOSE).all(axis=1)
    if worse.any():
        falls = [int(k) for k in np.flatnonzero(worse)]
        return _judge_fall(my_mdp, v, next((k for k in falls if not _tie(my_mdp, v, k)), falls[0]), worth)
    if (change < -CLOSE).any():
        k, s = (int(i) for i in np.argwhere(change < -CLOSE)[0])
        tie = _tie(my_mdp, v, k)
        why = f"And {tie}. " if tie else "So nothing is monotone; "
        return nearly(
            f"From k = {k} to k = {k + 1} the greedy policy gets worse in state {my_mdp.live[s]}, by "
            f"{-change[k, s]:.4f}, but not in every state. {why}{'Now' if tie else 'now'} make it worse everywhere."
        )
    if (np.diff(actions, axis=0) == 0).all():
        return wrong(f"The greedy policy is the same at all of the first {SWEEPS} sweeps. It must change to get worse.")
    return wrong(f"In the first {SWEEPS} sweeps no greedy policy is worth less than the one before, in any state.")


def _judge_fall(mdp: FiniteMDP, v: Array, k: int, worth: Array) -> Verdict:
    """From sweep k to k + 1 the greedy policy gets worse everywhere: by the MDP's own doing, and is it a new one?"""
    if tie := _tie(mdp, v, k):
        return nearly(f"From k = {k} to k = {k + 1} it gets worse in every state, but {tie}. Move a reward a little.")
    if (what := _of_the_trap(mdp)) is not None:
        return nearly(f"True, and it is the course's own example{what}. Now one with another ratio of rewards or γ.")
    fall = worth[k] - worth[k + 1]
    return right(
        f"From k = {k} to k = {k + 1} the greedy policy gets worse in all {len(fall)} live states, by "
        f"{fall.min():.4f} at least. So greedy on a function that is not the policy's own promises no improvement."
    )


def _tie(mdp: FiniteMDP, v: Array, k: int) -> str:
    """Where two actions are as greedy, at sweep k or k + 1; "" if nowhere."""
    for j in (k, k + 1):
        best = np.sort(action_value(mdp, v[j])[mdp.live], axis=1)
        if mdp.A > 1 and (tied := best[:, -1] - best[:, -2] < CLOSE).any():
            return f"at k = {j} two actions tie in state {mdp.live[tied.argmax()]}, and another choice is as greedy"
    return ""


def _of_the_trap(mdp: FiniteMDP) -> str | None:
    """How the MDP is the course's own trap, if it is: as it stands, in another unit of reward, or under other names."""
    trap = zoo.value_iteration_trap()
    if mdp.p.shape != trap.p.shape or not close(mdp.gamma, trap.gamma):
        return None
    for states, *actions in product(permutations(range(2)), repeat=3):
        p, r = (np.array([x[s][list(a)] for s, a in zip(states, actions, strict=True)]) for x in (mdp.p, mdp.r))
        unit = np.abs(r).max() / np.abs(trap.r).max()
        if close(p[:, :, list(states)], trap.p) and close(r, unit * trap.r):
            same_names = states == (0, 1) and all(a == (0, 1) for a in actions)
            return " under other names" if not same_names else "" if close(unit, 1) else " in another unit of reward"
    return None


# Reminder 2


@exercise
def check_bellman_operator(my_T: Any) -> Verdict:
    """my_T(pi, p, r, gamma, q) must be T^π q = r + γ p π q, of shape (S, A)."""
    return _on_random_mdps(my_T, _check_one_operator)


def _check_one_operator(my_T: Any, mdp: FiniteMDP, pi: Policy, rng: np.random.Generator) -> Verdict:
    S, A, q = mdp.S, mdp.A, rng.standard_normal((mdp.S, mdp.A))
    p, r, gamma = mdp.p, mdp.r, mdp.gamma

    def answered(*given: Any) -> Any:
        try:
            return my_T(*given)
        except TypeError as error:
            if "argument" in str(error) or "ellipsis" in str(error):
                raise
            raise Reply(wrong(f"Your function raised {told(error)}.")) from None  # such as pi * q: it is called rightly
        except ValueError as error:  # NumPy's words on shapes
            text = f"Your function raised {told(error)}. The shapes: p ({S}, {A}, {S}), r and q ({S}, {A})."
            hint = STATES_AND_PAIRS if f"({S},)" in str(error) else SHAPES
            raise Reply(wrong(f"{text} {hint}")) from None

    function = answered if callable(my_T) else my_T
    value = numbers(run(function, "pi, p, r, gamma, q", pi, p, r, gamma, q, pure=True), RETURNED)
    if value.shape == (S,):
        return nearly(
            f"Your result has shape ({S},), a function of states; T^π q is one of pairs, expected ({S}, {A}). Did a "
            "last π come in front? π (r + γ p v) is T^π v."
        )
    if value.shape == (S, S):
        return nearly(f"Your result has shape ({S}, {S}): p^π = π p is an operator. It still has to be applied to a v.")
    if value.shape == (S, A, S):
        return nearly(
            f"Your result has shape ({S}, {A}, {S}): the next state has not been summed over. p @ … does that."
        )
    if value.shape == (A, S):
        return nearly(f"Your result has shape ({A}, {S}): states and actions are exchanged, expected ({S}, {A}).")
    if value.shape != (S, A):
        return wrong(f"Your result has shape {value.shape}, expected (S, A) = ({S}, {A}).")
    expected = r + gamma * p @ (pi @ q)
    if close(value, expected):
        return right("")
    mistakes = (
        Mistake(r + p @ (pi @ q), "The shapes fit but γ is missing before p π q."),
        Mistake(gamma * p @ (pi @ q), "The shapes fit but the reward r is missing."),
        Mistake(gamma * (r + p @ (pi @ q)), "γ multiplies the reward, too."),
        Mistake(
            r + gamma * p @ q.max(axis=1),
            "You take the largest q of the next state. That is the optimality operator; T^π averages: π q.",
        ),
        Mistake(
            r + gamma * np.einsum("st,ta->sa", pi @ p, q),
            "The shapes fit but you apply p^π = π p to q: its action axis is not averaged, and a is drawn before s' "
            "where π acts at s'. First v = π q, then p v.",
        ),
        Mistake(
            (pi @ r)[:, None] + gamma * p @ (pi @ q),
            "The reward is averaged over actions, r^π. It belongs to the action a that is taken: r.",
        ),
        Mistake(r + gamma * p @ q.mean(axis=1), "The sum over next actions is not weighted: q.mean is not π q."),
        Mistake(r + gamma * p @ q.sum(axis=1), "The sum over next actions is not weighted: q.sum is not π q."),
    )

    def text(yours: str, right_one: str, s: int, a: int) -> str:
        wrong_one = f"in the pair ({s}, {a}) {yours}, expected {right_one}"
        return f"The shape ({S}, {A}) is right, the numbers are not: {wrong_one}. Read r + γ p π q from right to left."

    return mistaken(value, expected, mistakes, text)


# Reminder 3

REASONS = {
    "A": "p(s_t = s, a_t = a) = p_t(s) π(a|s)",
    "B": "sum over t and expectation may be exchanged, since γ < 1 and r is bounded",
    "C": "what does not depend on t goes out of the sum over t, and the sums over s and t are exchanged",
    "D": "an expectation of a function of (s_t, a_t) needs only their joint law",
    "E": "v^π solves the Bellman equation",
    "F": "T^π is a contraction",
}
PROOF = "BDAC"


@exercise
def check_occupancy_proof(my_reasons: Any) -> Verdict:
    """my_reasons: one letter of REASONS for each of the proof's four steps, such as "ABCD"."""
    if my_reasons is ...:
        return waiting("four letters")
    if isinstance(my_reasons, Mapping):  # as in the next notebook
        steps = range(1, len(PROOF) + 1)
        my_reasons = list(entries(my_reasons, steps, "a letter for each step", "Step {} is missing").values())
    if isinstance(my_reasons, list | tuple):
        if any(x is ... for x in my_reasons):
            return waiting("four letters")
        my_reasons = "".join(my_reasons) if all(isinstance(x, str) for x in my_reasons) else my_reasons
    if not isinstance(my_reasons, str):
        return wrong(f"{shown(my_reasons)} is not a text; expected four letters such as 'ABCD'.")
    letters = "".join(sign for sign in my_reasons[:MOST_ENTRIES].upper() if sign.isalnum())
    if strange := sorted(set(letters) - set(REASONS)):
        return wrong(f"{strange[0]} is not one of the reasons, expected letters from A to {max(REASONS)}.")
    if len(letters) != len(PROOF):
        return wrong(f"{len(letters)} letters, expected {len(PROOF)}: one for each step.")
    if letters == PROOF:
        return right(
            "Exchange, joint law, “be there, then choose”, exchange. Neither Bellman nor a contraction is needed."
        )
    hints = (
        "line 1 has the expectation of a sum, line 2 a sum of expectations",
        "line 2 averages over whole trajectories, line 3 over one state and one action",
        "line 3 has the law of the pair, line 4 that of the state and of the action in it",
        "in line 4 the sum over t stands in front, in line 5 it has gone in, around p_t only",
    )
    step = next(i for i, (one, other) in enumerate(zip(letters, PROOF, strict=True)) if one != other)
    found = sum(one == other for one, other in zip(letters, PROOF, strict=True))
    given = f"Step {step + 1} → {step + 2}: {hints[step]}. “{REASONS[letters[step]]}” does not do that."
    return nearly(f"{found} of 4 fit. {given}") if found >= 2 else wrong(given)


@exercise
def check_occupancy(my_occupancy: Any) -> Verdict:
    """my_occupancy(rho_0, p_pi, gamma) must be ρ^π = ρ₀ Σ_t (γ p^π)ᵗ, of shape (S,), unnormalised."""
    return _on_random_mdps(my_occupancy, _check_one_occupancy)


def _check_one_occupancy(my: Any, mdp: FiniteMDP, pi: Policy, rng: np.random.Generator) -> Verdict:
    S, gamma, rho_0, p_pi = mdp.S, mdp.gamma, mdp.rho_0, transition(mdp, pi)

    def answered(*given: Any) -> Any:
        try:
            return my(*given)
        except np.linalg.LinAlgError as error:
            why = f" {SINGULAR}" * ("Singular" in str(error))  # and not if its arguments are exchanged
            raise Reply(wrong(f"Your function raised {told(error)}.{why}")) from None

    function = answered if callable(my) else my
    value = numbers(run(function, "rho_0, p_pi, gamma", rho_0, p_pi, gamma), RETURNED, (S,))
    if value.shape == (S, S):
        return nearly(f"Shape ({S}, {S}): Σ (γ p^π)ᵗ is an operator. Let ρ₀ act on it from the left, expected ({S},).")
    if value.shape != (S,):
        return wrong(f"Your result has shape {value.shape}, expected ({S},): one number for each state.")
    expected = occupancy(mdp, pi)
    if not np.isfinite(value).all():
        return wrong(
            "Your result holds numbers that are not finite, expected finite ones. (** -1 and 1 / (…) divide entry by "
            "entry, and some entries are 0. The inverse of a matrix is np.linalg.inv(…); or solve a linear system.)"
        )
    if close(value, expected):
        return right("")
    mistakes = (
        Mistake(
            np.linalg.solve(np.eye(S) - gamma * p_pi, rho_0),
            "You let p^π act on ρ₀ from the left, p^π ρ₀: that averages ρ₀ over next states, as it would a value "
            "function. A distribution moves forward by the adjoint: rho @ p_pi, or the transpose.",
        ),
        Mistake(
            (1 - gamma) * expected,
            "This is (1−γ) ρ^π, which sums to 1. Here ρ^π is unnormalised: it sums to 1/(1−γ).",
        ),
        Mistake(expected - rho_0, "The sum begins at t = 1: the start itself, ρ₀ (γ p^π)⁰ = ρ₀, is missing."),
        Mistake(gamma * expected, "One γ too many: at t = 0 nothing is discounted."),
        Mistake(
            np.linalg.solve((np.eye(S) - gamma**2 * p_pi).T, rho_0),
            "γ counts twice. Either γᵗ stands before p_t, or p_t takes a γ at each step.",
        ),
        Mistake(
            expected @ p_pi,
            "p_t moves on before it is added. First add γᵗ p_t, which is ρ₀ at t = 0, then go to p_{t+1}.",
        ),
        Mistake(
            np.linalg.solve((np.eye(S) + gamma * p_pi).T, rho_0),
            "A sign is the wrong way round: Σ (γ p^π)ᵗ is the inverse of I − γ p^π, and not of I + γ p^π.",
        ),
    )
    if (verdict := named(value, mistakes)) is not None:
        return verdict
    entrywise = 1 / (1 - gamma * p_pi)
    if any(close(value, rho, 1e-3) for rho in (rho_0 @ entrywise, rho_0 + rho_0 @ (entrywise - 1))):
        return nearly(
            "** takes powers entry by entry. The t-th power of an operator is np.linalg.matrix_power(p_pi, t)."
        )
    total = 1 / (1 - gamma)
    if np.abs(value).max() > 1e9 * total:  # rounding has hidden the 0 that was divided by
        return wrong(
            f"Yours has numbers as large as {np.abs(value).max():.0e}, expected 1/(1−γ) = {total:.0f} in all. If you "
            "solve with I − p^π, γ is missing; if a loop adds rho to itself, keep p_t and the sum apart."
        )
    if (steps := round(min(value.sum(), MOST_STEPS))) > 1 and close(value, _truncated(rho_0, p_pi, steps)):
        return nearly(
            f"γ is missing: yours counts all {value.sum():.0f} steps alike, and with more terms it would grow for "
            "ever. A visit at step t counts γᵗ."
        )
    yours, right_one = apart(float(value.sum()), total)
    short = 1 - (1 - gamma) * value.sum()  # γⁿ, if the sum stops before t = n
    n = round(np.log(short) / np.log(gamma)) if 0 < short <= 1 + 1e-9 else MOST_STEPS
    if n < MOST_STEPS and close(value, _truncated(rho_0, gamma * p_pi, n), 1e-4):
        return nearly(
            f"With γ = {gamma:g} yours sums to {yours}, expected 1/(1−γ) = {right_one}: the sum over t stops too "
            "early. As γᵗ dies out slowly, take more terms, or solve a linear system and have them all."
        )
    sums = f"yours sums to {yours}, and ρ^π to 1/(1−γ) = {right_one}"
    if close(value.sum(), total):
        s = furthest(value, expected)[0]
        yours, right_one = apart(value[s], expected[s])
        sums = f"the sum is right, but in state {s} you have {yours}, expected {right_one}"
    return wrong(f"With γ = {gamma:g} {sums}. Start from ρ₀, add γᵗ p_t, and go from p_t to p_{{t+1}} by p_t @ p_pi.")


def _truncated(rho_0: Array, p_pi: Array, n: int) -> Array:
    """Σ_{t<n} ρ₀ (p^π)ᵗ."""
    rho, p_t = np.zeros(len(rho_0)), rho_0
    for _ in range(n):
        rho, p_t = rho + p_t, p_t @ p_pi
    return rho


def _on_random_mdps(answer: Any, check_one: Callable[..., Verdict]) -> Verdict:
    """Run `check_one` on a few random MDPs, S ≠ A, with and without an end; the first that fails is what is said."""
    rng = np.random.default_rng(2)
    for S, A, gamma, absorbing in ((5, 3, 0.9, 0), (4, 2, 0.5, 1), (7, 2, 0.99, 2)):
        mdp = zoo.garnet(S, A, 3, gamma, rng, absorbing)
        verdict = check_one(answer, mdp, tabular_softmax(rng.standard_normal((S, A))), rng)
        if not verdict:
            return verdict
    return right("The same on three random MDPs, of 4 to 7 states, with and without an end.")
