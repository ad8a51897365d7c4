"""Checks that answer back: each names the mistake, and none raises on a wrong or missing answer.

    check_parameter_count(58)      # a Verdict: shown in the notebook, true only if the answer is right

An exercise not answered yet is `...`, Python's own ellipsis, so that "Run all" runs through.
"""

from __future__ import annotations

import html
import numbers
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from pgcourse.bellman import action_value, evaluate, optimal_values
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy

TONES = {  # word, sign, and two colours with a contrast of more than 7 : 1
    "right": ("Right", "✔", "#DAFBE1", "#0B4A1E"),
    "nearly": ("Nearly", "◐", "#FFF8C5", "#4D2D00"),
    "wrong": ("Not yet", "✘", "#FFEBE9", "#6E011A"),
    "waiting": ("Waiting for your answer", "…", "#EAEEF2", "#1F2328"),
}


class Verdict(NamedTuple):
    """What a check says; true only if the answer is right."""

    tone: str
    message: str

    def __bool__(self) -> bool:
        return self.tone == "right"

    def __repr__(self) -> str:
        word, sign, *_ = TONES[self.tone]
        return f"{sign} {word}. {self.message}"

    def _repr_html_(self) -> str:
        word, sign, back, ink = TONES[self.tone]
        style = f"background:{back};color:{ink};border-left:5px solid {ink};padding:8px 12px;border-radius:4px"
        return f'<div role="status" style="{style}"><b>{sign} {word}.</b> {html.escape(self.message)}</div>'


def _right(message: str) -> Verdict:
    return Verdict("right", message)


def _nearly(message: str) -> Verdict:
    return Verdict("nearly", message)


def _wrong(message: str) -> Verdict:
    return Verdict("wrong", message)


def _is_number(answer: Any) -> bool:
    return isinstance(answer, numbers.Real) and not isinstance(answer, bool | np.bool_) and answer == answer


def _waiting(what: str) -> Verdict:
    return Verdict("waiting", f"Put {what} in place of the three dots, and run the cell again.")


# Notebook 00


def check_best_p(answer: Any) -> Verdict:
    """The P(right) that maximises J of the short corridor: 2 − √2 (Sutton & Barto, 2nd ed., Example 13.1)."""
    if answer is ...:
        return _waiting("a number")
    if not _is_number(answer):
        return _wrong(f"{answer!r} is not a number; expected a probability such as 0.5.")
    p, best = float(answer), 2 - np.sqrt(2)
    theta = np.log(best / (1 - best))
    if not 0 <= p <= 1:
        return _wrong(f"{p:g} is not a probability; expected P(right), a number between 0 and 1.")
    if abs(p - best) <= 0.01:
        return _right(
            f"The summit is at P(right) = 2 − √2 ≈ {best:.4f}, where the slope is 0. The best policy is random!"
        )
    if abs(p - theta) <= 0.01:
        return _nearly(f"{p:g} is the θ of the summit. The question is about P(right), on the scale above the curve.")
    if abs(p - (1 - best)) <= 0.01:
        return _nearly(f"{p:g} is P(left) at the summit, and P(right) is what is left of 1.")
    if p == 1:
        return _wrong("Always right? The second cell is switched: it sends you back to the first one, for ever.")
    if p == 0:
        return _wrong("Always left? Then you never leave the first cell.")
    steeper = "rises" if p < best else "falls"
    near = _nearly if abs(p - best) < 0.06 else _wrong
    return near(
        f"At P(right) = {p:g} the curve still {steeper}: look at the sign of the slope, and go on to where it is 0."
    )


# Notebook 01


def check_parameter_count(answer: Any) -> Verdict:
    """How many numbers it takes to write down any stochastic policy for FrozenLake 4×4 (16 states, 4 actions)."""
    if answer is ...:
        return _waiting("a number")
    if not _is_number(answer):
        return _wrong(f"{answer!r} is not a number; expected a whole number such as 7.")
    known: dict[float, Verdict] = {
        58: _nearly("3 × 16 is the right product, but it is 48: this slip is a famous one."),
        64: _nearly(
            "4 × 16 = 64 is one number for each pair (s, a), as in the tabular softmax. But the four probabilities of "
            "a state sum to 1, so the last one of each row says nothing new."
        ),
        33: _nearly(
            "3 × 11 = 33 are all that matter to J, well seen: 5 of the 16 states end the game, and what the policy "
            "would do there never shows. Writing down the whole policy, as asked, takes the other rows too."
        ),
        44: _nearly(
            "4 × 11: you left out the 5 states that end the game. The question asks for the whole table, and in each "
            "row one of the four probabilities follows from the others."
        ),
        16: _wrong(
            "16 numbers, one for each state, say which action to take: that is a deterministic policy. A stochastic "
            "one has a whole distribution in each state."
        ),
        4: _wrong("4 is the number of actions. How many distributions over them does a policy have?"),
        3: _nearly("3 free numbers are right for one state: the fourth follows, since they sum to 1. And all states?"),
        20: _wrong("16 + 4 counts states and actions. A policy has a number for each pair of them."),
        4**16: _wrong("4¹⁶ is how many deterministic policies there are, not how many numbers describe one policy."),
    }
    if answer == 48:
        return _right("|S| (|A| − 1) = 16 × 3 = 48: three free probabilities in each state, and the fourth follows.")
    return known.get(
        float(answer),
        _wrong(
            f"Not {answer}. How many numbers describe a distribution over 4 actions, and how many states are there?"
        ),
    )


def check_table(my_table: Any) -> Verdict:
    """my_table(theta) must turn the |A| − 1 free probabilities of each state, (S, A − 1), into the table π, (S, A)."""
    if my_table is ...:
        return _waiting("a function of theta")
    if not callable(my_table):
        return _wrong(f"{my_table!r} is not a function; expected one that takes theta and gives the table π.")
    rng = np.random.default_rng(6)
    for S, A in ((16, 4), (5, 3), (2, 2)):
        probs = rng.dirichlet(np.ones(A), size=S)
        verdict = _check_one_table(my_table, probs)
        if not verdict:
            return verdict
    return _right("Every row sums to 1, your numbers are its first probabilities, and it works for any S and A.")


def _check_one_table(my_table: Callable[[Any], Any], probs: np.ndarray) -> Verdict:
    S, A = probs.shape
    try:
        table = my_table(probs[:, :-1].copy())
        if table is ... or table is None:
            return _waiting("what the function returns")
        table = np.asarray(table, dtype=float)
    except Exception as error:  # the student's own code runs here
        return _wrong(f"With θ of shape ({S}, {A - 1}) your function raised {type(error).__name__}: {error}")
    if table.shape == (S, A) and np.allclose(table, probs, atol=1e-12):
        return _right("")
    if table.shape == (S, A - 1):
        return _nearly(f"The table has shape {table.shape}: the last action's column is missing, expected {(S, A)}.")
    if table.shape == (A, S):
        return _nearly(f"The table has shape {table.shape}: rows and columns are exchanged, expected {(S, A)}.")
    if table.shape != (S, A):
        return _wrong(f"With θ of shape {(S, A - 1)} the table has shape {table.shape}, expected {(S, A)}.")
    if np.allclose(np.roll(table, -1, axis=1), probs, atol=1e-12):
        return _nearly("The probability that is left over stands first; the chapter puts it in the last column.")
    if not np.allclose(table.sum(axis=1), 1):
        s = int(np.abs(table.sum(axis=1) - 1).argmax())
        return _wrong(f"Row {s} sums to {table[s].sum():.4f}, expected 1. What is left for the last action?")
    if (table < 0).any():
        return _wrong(f"The table holds {table.min():.4f}, but a probability is never negative.")
    return _wrong(
        f"Rows sum to 1, but π(a₀|s₀) is {table[0, 0]:.4f} where θ says {probs[0, 0]:.4f}. In this parametrisation the "
        "numbers are the probabilities: nothing is left to normalise."
    )


def check_dominating_start(rho_0: Any, mdp: FiniteMDP) -> Verdict:
    """rho_0 must be a starting distribution such that whoever maximises J = ρ₀ v^π dominates in every state."""
    if rho_0 is ...:
        return _waiting("one probability for each state")
    try:
        rho = np.asarray(rho_0, dtype=float)
    except (TypeError, ValueError):
        return _wrong(f"{rho_0!r} is not an array of numbers; expected {mdp.S} probabilities.")
    if rho.shape != (mdp.S,):
        return _wrong(f"rho_0 has shape {rho.shape}, expected ({mdp.S},): one probability for each state.")
    if not np.isfinite(rho).all() or (rho < 0).any():
        s = int(np.argmax(~np.isfinite(rho) | (rho < 0)))
        return _wrong(f"rho_0[{s}] is {rho[s]}, expected a probability in [0, 1].")
    if not rho.any():
        return _wrong("Every probability is 0, so J is 0 for all policies and none is better than another.")
    total = f"Your probabilities sum to {rho.sum():.6g}, expected 1" if abs(rho.sum() - 1) > 1e-9 else ""
    if (flaw := _dominated(rho, mdp)) is not None:
        state, worse, best = flaw
        return _wrong(
            f"No: there is a policy that maximises your J, and yet in state {state} it is worth {worse:.4f} where "
            f"{best:.4f} can be had. It never comes to state {state} from where you start, so J does not see it."
        )
    if total:
        return _nearly(f"{total}. (Only their ratios matter to which policy is best.)")
    if (rho[mdp.live] > 0).all():
        return _right("Some mass on every state where something is decided: what is not best somewhere costs J.")
    return _right(
        "True here, though not for the chapter's reason: every best policy passes through the states to which you give "
        "no mass. Mass everywhere is safe without looking."
    )


def _dominated(rho_0: np.ndarray, mdp: FiniteMDP) -> tuple[int, float, float] | None:
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
