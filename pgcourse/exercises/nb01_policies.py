"""The exercises of notebook 01: parameters of a policy, and which J to maximise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pgcourse import zoo
from pgcourse.arrays import Array
from pgcourse.bellman import action_value, evaluate, exact, optimal_values
from pgcourse.exercises.ask import EXACT, RETURNED, close, furthest, run
from pgcourse.exercises.read import MOST_ENTRIES, numbers, one_number, said_number
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, waiting, wrong
from pgcourse.exercises.words import apart, shown
from pgcourse.gradients import tabular_softmax_gradient
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy


@exercise
def check_parameter_count(answer: Any) -> Verdict:
    """How many numbers it takes to write down any stochastic policy for FrozenLake 4×4 (16 states, 4 actions)."""
    count = said_number(answer, "a whole number such as 7")
    known: dict[float, Verdict] = {
        58: nearly("3 × 16 is the right product, but it is 48. It is an easy slip: the chapter has it, too."),
        64: nearly(
            "4 × 16 = 64 is one number for each pair (s, a), as in the tabular softmax. But the four probabilities of "
            "a state sum to 1, so the last one of each row says nothing new."
        ),
        33: nearly(
            "3 × 11 = 33: no more can matter to J, well seen. 5 of the 16 states end the game, and what the policy "
            "would do there never shows. Writing down the whole policy, as asked, takes the other rows too."
        ),
        44: nearly(
            "4 × 11: you left out the 5 states that end the game. The question asks for the whole table, and in each "
            "row one of the four probabilities follows from the others."
        ),
        16: wrong(
            "16 numbers, one for each state, say which action to take: that is a deterministic policy. A stochastic "
            "one has a whole distribution in each state."
        ),
        4: wrong("4 is the number of actions. How many distributions over them does a policy have?"),
        3: nearly("3 free numbers are right for one state: the fourth follows, since they sum to 1. And all states?"),
        20: wrong("16 + 4 counts states and actions. A policy has a number for each pair of them."),
        4**16: wrong("4¹⁶ is how many deterministic policies there are, not how many numbers describe one policy."),
    }
    if count == 48:
        return right("|S| (|A| − 1) = 16 × 3 = 48: three free probabilities in each state, and the fourth follows.")
    what = shown(answer)
    return known.get(
        count,
        wrong(f"Not {what}. How many numbers describe a distribution over 4 actions, and how many states are there?"),
    )


@exercise
def check_table(my_table: Any) -> Verdict:
    """my_table(theta) must turn the |A| − 1 free probabilities of each state, (S, A − 1), into the table π, (S, A)."""
    rng = np.random.default_rng(6)
    for S, A in ((16, 4), (5, 3), (2, 2)):
        probs = rng.dirichlet(np.ones(A), size=S)
        verdict = _check_one_table(my_table, probs)
        if not verdict:
            return verdict
    try:
        outside = _table(my_table, np.array([[0.7, 0.6], [-0.2, 0.5]]))
    except Reply:  # it refuses what is no policy: so does the course's own
        return TABLE
    if outside.shape == (2, 3) and not close(outside, [[0.7, 0.6, -0.3], [-0.2, 0.5, 0.7]]):
        return nearly(
            "Right for policies. But for θ = (0.7, 0.6), which is none, your function changes numbers: what is left is "
            "1 − 0.7 − 0.6 = −0.3. Write 1 − Σ θ as it stands. That the set of policies can be left is a property of "
            "this parametrisation, and the next picture shows it."
        )
    return TABLE


TABLE = right("Every row sums to 1, and your numbers are its first probabilities, for three sizes of S and A.")


def _table(my_table: Any, theta: Array) -> Array:
    answer = run(my_table, "theta", theta)
    return numbers(answer.probs if isinstance(answer, Policy) else answer, RETURNED)


def _check_one_table(my_table: Any, probs: Array) -> Verdict:
    S, A = probs.shape
    table = _table(my_table, probs[:, :-1])
    if table.shape == (S, A) and close(table, probs):
        return right("")
    if table.shape == (S, A - 1):
        return nearly(f"The table has shape {table.shape}: the last action's column is missing, expected {(S, A)}.")
    if table.shape == (A, S):
        return nearly(f"The table has shape {table.shape}: rows and columns are exchanged, expected {(S, A)}.")
    if table.shape != (S, A):
        return wrong(f"With θ of shape {(S, A - 1)} the table has shape {table.shape}, expected {(S, A)}.")
    if close(np.roll(table, -1, axis=1), probs):
        return nearly("The probability that is left over stands first; the chapter puts it in the last column.")
    if not close(totals := table.sum(axis=1), np.ones(S)):
        (s,) = furthest(totals, np.ones(S))
        return wrong(f"Row {s} sums to {apart(totals[s], 1)[0]}, expected 1. What is left for the last action?")
    if (table < 0).any():
        return wrong(f"The table holds {table.min():.4f}, but a probability is never negative.")
    s, a = furthest(table, probs)
    yours, expected = apart(table[s, a], probs[s, a])
    return wrong(
        f"Rows sum to 1, but π(a = {a}|s = {s}) is {yours} where θ says {expected}. In this parametrisation the "
        "numbers are the probabilities: nothing is left to normalise."
    )


ACTIONS = ("left", "down", "right", "up")
SIGNS = {"+": 1, "-": -1, "−": -1, "–": -1, "0": 0}


@exercise
def check_gradient_signs(answer: Any) -> Verdict:
    """The signs of ∂J/∂θ(14, a) for a = left, down, right, up: the slippery lake, tabular softmax, θ = 0."""
    if answer is ...:
        return waiting("four signs")
    signs = _signs(answer)
    if signs is None:
        return wrong(
            f"{shown(answer)} is not four signs; expected a text such as '+-+-', for left, down, right and up."
        )
    lake = zoo.frozen_lake()
    pi = Policy.uniform(lake.S, lake.A)
    v, q, rho, _ = exact(lake, pi)
    expected = np.sign(tabular_softmax_gradient(rho, pi, q)[14])
    if np.array_equal(signs, expected):
        return right(
            f"J rises with the actions that are better than the average, v = {v[14]:.3f}, and falls with the other. "
            "The four derivatives sum to 0."
        )
    if (signs > 0).all():
        return wrong(
            "All four cannot rise: the probabilities of a state sum to 1, so more of one action is less of the others. "
            "A positive q is not enough. What must it be compared with?"
        )
    if (signs < 0).all():
        return wrong("All four cannot fall: less of one action is more of the others, and the derivatives sum to 0.")
    if np.array_equal(signs, -expected):
        return nearly("These are the opposite signs. Where more of an action is better, J rises with its θ.")
    if np.count_nonzero(signs > 0) == 1 and signs[q[14].argmax()] > 0:
        return nearly(
            "You let only the best action's J rise. But more of the second best is less of two worse ones and of one "
            "that is little better. Compare with the average."
        )
    a = int(np.flatnonzero(signs != expected)[0])
    return nearly(
        f"Look again at “{ACTIONS[a]}”: its q is {q[14, a]:.4f}. Raising its probability takes from the others alike, "
        f"so compare it with the average of the four, v = {v[14]:.4f}."
    )


def _signs(answer: Any) -> Array | None:
    """−1, 0 or 1 for each action: of a text, a list of signs or numbers, or a dictionary by action."""
    if isinstance(answer, Mapping):
        answer = [answer.get(action, answer.get(a)) for a, action in enumerate(ACTIONS)]
    if isinstance(answer, str):
        answer = [sign for sign in answer[:MOST_ENTRIES] if not sign.isspace() and sign not in ",;"]
    answer = list(answer) if isinstance(answer, np.ndarray) and answer.ndim else answer
    if not isinstance(answer, list | tuple) or len(answer) != len(ACTIONS):
        return None
    if any(x is ... for x in answer):
        raise Reply(waiting("four signs"))
    signs = [SIGNS.get(x.strip()) if isinstance(x, str) else one_number(x) for x in answer]
    return None if None in signs else np.sign(np.array(signs, dtype=float))


@exercise
def check_dominating_start(rho_0: Any, mdp: FiniteMDP) -> Verdict:
    """rho_0 must be a starting distribution such that whoever maximises J = ρ₀ v^π dominates in every state."""
    if rho_0 is ...:
        return waiting("one probability for each state")
    rho = numbers(rho_0, "rho_0 is", (mdp.S,)).astype(float)
    if rho.shape != (mdp.S,):
        return wrong(f"rho_0 has shape {rho.shape}, expected ({mdp.S},): one probability for each state.")
    if not np.isfinite(rho).all() or (rho < 0).any():
        s = int(np.argmax(~np.isfinite(rho) | (rho < 0)))
        return wrong(f"rho_0[{s}] is {rho[s]}, expected a probability in [0, 1].")
    if not rho.any():
        return wrong("Every probability is 0, so J is 0 for all policies and none is better than another.")
    total = f"Your probabilities sum to {rho.sum():.6g}, expected 1" if abs(rho.sum() - 1) > EXACT else ""
    if (flaw := _dominated(rho, mdp)) is not None:
        state, worse, best = flaw
        return wrong(
            f"No: there is a policy that maximises your J, and yet in state {state} it is worth {worse:.4f} where "
            f"{best:.4f} can be had. It never comes to state {state} from where you start, so J does not see it."
        )
    if total:
        return nearly(f"{total}. (Only their ratios matter to which policy is best.)")
    if (rho[mdp.live] > 0).all():
        return right("Some mass on every state where something is decided: what is not best somewhere costs J.")
    return right(
        "True here, though not for the chapter's reason: every best policy passes through the states to which you give "
        "no mass. Mass everywhere is safe without looking."
    )


def _dominated(rho_0: Array, mdp: FiniteMDP) -> tuple[int, float, float] | None:
    """A state where some policy that maximises ρ₀ v^π is not best: (state, its value there, v*). None if there is none.

    A policy maximises J if it takes best actions wherever it comes. So for each state without mass: can best actions
    avoid it for ever? Then a policy that does, and takes the worst actions outside, is as good for J.
    """
    v_star = optimal_values(mdp)
    q_star = action_value(mdp, v_star)
    best = q_star > v_star[:, None] - 1e-9
    worst = np.eye(mdp.A)[q_star.argmin(axis=1)]
    for s in mdp.live[rho_0[mdp.live] == 0]:
        inside = np.arange(mdp.S) != s  # shrinks to the states from which best actions never need to leave it
        for _ in range(mdp.S):
            stays = best & (mdp.p @ ~inside == 0)
            inside = inside & stays.any(axis=1)
        if inside[rho_0 > 0].all():
            avoiding = np.where(inside[:, None], np.eye(mdp.A)[stays.argmax(axis=1)], worst)
            value = evaluate(mdp, Policy(avoiding))[s]
            if value < v_star[s] - 1e-9:
                return int(s), float(value), float(v_star[s])
    return None
