"""The exercises of notebook 05: g downhill, the inner product in the table, right gradients of wrong critics, and what
is, and what is not, a generalisation of the policy improvement theorem."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pgcourse.arrays import Array
from pgcourse.bellman import exact
from pgcourse.exercises.ask import RETURNED, Mistake, close, named, run
from pgcourse.exercises.choices import first_wrong
from pgcourse.exercises.read import entries, is_open, letter, numbers, one_number, truth, word
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, waiting, wrong
from pgcourse.exercises.words import apart, shown, told
from pgcourse.gradients import angle, greediness_gradient, tabular_softmax_gradient
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, grad_log_softmax, tabular_softmax
from pgcourse.zoo import garnet, stop_or_go_on

CLOSE = 1e-9

# Find a critic that points downhill, in the laboratory

LAGGING = "a lagging critic"
ENOUGH = 120.0  # degrees


@exercise
def check_lagging_critic(my_case: Any, compute_lab: Callable[..., Mapping[str, Any]]) -> Verdict:
    """my_case = lab_view.values: table, the right ρ, a lagging critic, and g more than 120° from ∇J."""
    if my_case is ...:
        return waiting("the dictionary that lab_view.values shows")
    if isinstance(getattr(my_case, "values", None), Mapping):  # the view: of a dictionary, `values` is a method
        return wrong("That is the view itself, expected the values that it holds: lab_view.values.")
    if not isinstance(my_case, Mapping):
        return wrong(f"{shown(my_case)} is not what lab_view.values gives, expected a dictionary of the view's values.")
    try:
        numbers = compute_lab(**my_case)
        pi, rho, q = (numbers[name] for name in ("pi", "rho", "q"))
    except Exception as error:  # values by hand, or a compute_lab that has been changed
        return wrong(f"compute_lab(**my_case) raised {told(error)}. Expected lab_view.values.")
    mdp = stop_or_go_on()
    _, q_pi, rho_pi, _ = exact(mdp, pi)
    if my_case.get("parameters") != "table":
        return wrong(
            f"parameters is {shown(my_case.get('parameters'))}, expected 'table': there states share no features."
        )
    if not close(rho[mdp.live], rho_pi[mdp.live]):
        used, expected = _listed(rho[mdp.live]), _listed(rho_pi[mdp.live])
        return wrong(f"ρ is {used}, expected ρ^π = {expected}: “how far (ρ)” goes to 0.")
    share = one_number(my_case.get("q_share"))
    if close(q, q_pi) and share != 1:
        return wrong("q is still q^π, so g is ∇J, exactly. Slide “how far (q)” up.")
    if my_case.get("q_kind") != LAGGING:
        return wrong(
            f"Your q is changed by {shown(my_case.get('q_kind'))}, expected “{LAGGING}”: the q of an older policy."
        )
    if share != 1:
        return wrong(f"“how far (q)” is {shown(share)}, expected 1: all the way to the lagging critic.")
    grad_J, g = tabular_softmax_gradient(rho_pi, pi, q_pi), tabular_softmax_gradient(rho_pi, pi, q)
    return _judge_angle(angle(g, grad_J), pi, float(q_pi[0, 1]))


def _judge_angle(degrees: float, pi: Policy, going_on: float) -> Verdict:
    """Is the angle from ∇J to g more than ENOUGH? If not, where to go: the two differ only in the hall.

    going_on   what going on from the hall is worth to pi; stopping is worth 1
    """
    if np.isnan(degrees):
        return wrong("One of the two gradients is 0, so there is no angle. Go where the choice still matters.")
    if degrees > ENOUGH:
        return right(
            f"The angle is {degrees:.0f}°. The old critic praises going on, since the old policy won in the room; "
            "yours loses there, and the critic does not know it yet."
        )
    if going_on >= 1:
        where = (
            f"For your policy, too, going on is worth more than stopping, {going_on:.2f}, so the old critic is right. "
            "Drag θ down until your policy loses in the room."
        )
    elif abs(pi.probs[0, 0] - 0.5) > 0.35:
        where = "The critic errs in the hall, but there your policy is nearly sure. Drag θ to a hall that is undecided."
    else:
        where = "The two differ in the hall and agree in the room. Drag θ down: where the room is sure, it counts less."
    if degrees <= 90:
        return wrong(f"The angle is {degrees:.0f}°, so g points uphill. Downhill begins at 90°. {where}")
    return nearly(f"Downhill, at {degrees:.0f}°. Expected more than {ENOUGH:.0f}°. {where}")


# Build weights that point downhill, with the right q


@exercise
def check_downhill_weights(my_rho: Any, mdp: FiniteMDP, pi: Policy, phi: Array) -> Verdict:
    """my_rho (S,): weights ≥ 0 with which the right q points downhill, for the softmax with features phi."""
    if my_rho is ...:
        return waiting("one weight for each state")
    rho = numbers(my_rho, "my_rho is", (mdp.S,)).astype(float)
    if rho.shape != (mdp.S,):
        text = f"my_rho has shape {rho.shape}, expected ({mdp.S},): one weight for each state."
        listed = rho.ndim == 1 and np.isin(rho, range(mdp.S)).all() and len(set(rho)) == rho.size > 1
        return wrong(text + f" If you mean these states: np.isin(range({mdp.S}), my_rho)." * bool(listed))
    _, q_pi, rho_pi, _ = exact(mdp, pi)
    if not np.isfinite(rho).all() or (rho < 0).any():
        s = int(np.argmax(~np.isfinite(rho) | (rho < 0)))
        easy = rho.any() and close(rho / np.abs(rho).sum(), -rho_pi / rho_pi.sum())
        why = "−ρ^π would be too easy" if easy else "it says how often s is seen"
        return wrong(f"my_rho[{s}] is {rho[s]:g}, expected a weight ≥ 0: {why}.")
    grad_log_pi = grad_log_softmax(phi, pi)
    grad_J, g = (greediness_gradient(x, pi, q_pi, grad_log_pi) for x in (rho_pi, rho))
    size = (rho @ (pi @ np.abs(q_pi))) * np.abs(phi).max()
    if not np.linalg.norm(g) > CLOSE * size:
        return wrong("With your weights g is 0: they lie where nothing hangs on the choice, such as in holes.")
    if close(rho / rho.sum(), rho_pi / rho_pi.sum()) or close(
        rho[mdp.live] / rho[mdp.live].sum(), rho_pi[mdp.live] / rho_pi[mdp.live].sum()
    ):
        return wrong("That is ρ^π, or in proportion to it. With the right q that is the theorem: the angle is 0°.")
    degrees, uphill = angle(g, grad_J), pi @ (q_pi[..., None] * grad_log_pi) @ grad_J * rho
    if degrees <= 90:
        return wrong(
            f"The angle is {degrees:.0f}°: still uphill. g is a sum of one arrow a state, ρ(s) times π(q∇log π)(s); "
            f"with your weights state {uphill.argmax()} pulls uphill most."
        )
    return right(
        f"The angle is {degrees:.0f}°, with q = q^π and weights ≥ 0: downhill. State {uphill.argmin()} pulls the "
        "shared parameters downhill most; with the weights ρ^π other states outweigh it."
    )


# The inner product in the table


@exercise
def check_inner_product(my_inner_product: Any) -> Verdict:
    """my_inner_product(rho, rho_pi, pi, A) must be ⟨g, ∇J⟩ of the tabular softmax, with q = q^π and A = q^π − v^π."""
    rng = np.random.default_rng(5)
    for S, A, absorbing in ((5, 3, 0), (4, 2, 1), (3, 6, 0)):
        mdp = garnet(S, A, 2, 0.9, rng, absorbing)
        verdict = _check_one_product(my_inner_product, mdp, tabular_softmax(rng.standard_normal((S, A))), rng)
        if not verdict:
            return verdict
    return right("A sum of products and squares, none of them negative. So in the table no ρ ≥ 0 can turn g downhill.")


def _check_one_product(my: Any, mdp: FiniteMDP, pi: Policy, rng: np.random.Generator) -> Verdict:
    _, q_pi, rho_pi, _ = exact(mdp, pi)
    A, rho, probs = q_pi - (pi @ q_pi)[:, None], rng.random(mdp.S), pi.probs
    try:
        answer = run(my, "rho, rho_pi, pi, A", rho, rho_pi, pi, A)
    except Reply as reply:
        hint = f" π(a|s) as an array is pi.probs {probs.shape}. (S,) meets (S, A) as rho[:, None], or with @."
        hint *= "raised" in reply.verdict.message
        raise Reply(reply.verdict._replace(message=reply.verdict.message + hint)) from None
    value = numbers(answer, RETURNED)
    expected = rho * rho_pi @ (probs**2 * A**2).sum(axis=1)
    if value.shape in ((mdp.S,), (mdp.A,), A.shape) and close(value.sum(), expected):
        return nearly(f"The terms are right, and you return all of them, {value.shape}. Add them up: one number.")
    if value.size != 1:
        return wrong(f"Your result has shape {value.shape}, expected one number.")
    value = value.reshape(())
    if close(value, expected):
        return right("")
    mistakes = (
        Mistake(
            rho * rho_pi @ (pi @ A**2), "π stands once. Each gradient brings its own π(a|s), so it is squared, as A is."
        ),
        Mistake(rho * rho_pi @ (probs**2 * A).sum(axis=1), "A stands once. Each of the two gradients has one."),
        Mistake(
            rho * rho_pi @ (A**2).sum(axis=1), "π is missing: the gradient's entry for (s, a) is ρ(s) π(a|s) A(s, a)."
        ),
        Mistake(rho @ (probs**2 * A**2).sum(axis=1), "ρ^π is missing. Which weights does ∇J have?"),
        Mistake(rho_pi @ (probs**2 * A**2).sum(axis=1), "ρ is missing. Which weights does g have?"),
        Mistake(rho_pi**2 @ (probs**2 * A**2).sum(axis=1), "That is |∇J|²: both gradients have your ρ^π. g has ρ."),
        Mistake(rho**2 @ (probs**2 * A**2).sum(axis=1), "That is |g|²: both gradients have your ρ. ∇J has ρ^π."),
        Mistake(
            (rho @ (probs * A)) @ (rho_pi @ (probs * A)),
            "You add up the states of each gradient first. An entry for (s, a) meets only the other for (s, a).",
        ),
        Mistake(
            (rho @ rho_pi) * (probs**2 * A**2).sum(),
            "You sum over states twice. A state's entries meet only that state's: ρ(s) ρ^π(s) stays under one sum.",
        ),
        Mistake(np.sqrt(expected), "That is the square root. The inner product is the plain sum of products."),
        Mistake(
            expected / np.sqrt(rho**2 @ (probs**2 * A**2).sum(axis=1) * (rho_pi**2 @ (probs**2 * A**2).sum(axis=1))),
            "That is the cosine of the angle. The inner product is not divided by the two lengths.",
        ),
    )
    if (verdict := named(value, mistakes)) is not None:
        return verdict
    if abs(value) < CLOSE * expected:
        return nearly(
            "That is 0 up to rounding, as Σ_a π A is: the sum of g's entries. Each must meet its own entry of ∇J."
        )
    yours, right_one = apart(float(value), float(expected))
    return wrong(
        f"On a random MDP you get {yours}, expected {right_one}. The entry of g for θ(s, a) is "
        "ρ(s) π(a|s) A(s, a); what is that of ∇J?"
    )


# Which critics keep the gradient

CRITICS = {  # letter → (the critic, what it does to the gradient, why)
    "A": ("q^π − v^π", "exact", "v^π depends on s alone, and Σ_a π ∇log π = 0: a shift b(s) cancels"),
    "B": ("2 q^π", "direction", "g is linear in q, so it is 2∇J: twice the length, the same direction"),
    "C": ("q^π + noise, drawn once in each pair", "neither",
          "one draw of noise tilts g. Averaged over draws, noise of mean 0 cancels, but you have drawn once"),
    "D": ("q^π − b(a), a shift for each action", "neither", "what cancels is a shift that is the same for all actions "
          "of a state; this one changes their differences"),
    "E": ("the compatible critic, ∇log π · w fitted to q^π with weights ρ^π π", "exact",
          "what the fit leaves over is orthogonal to ∇log π, and g takes only inner products with that"),
    "F": ("q*, the values of the best policy", "neither",
          "they are right for a policy you do not follow yet; the lab shows 170°"),
    "G": ("q^π + 1000", "exact", "a constant is a shift b(s), too. (Samples would be noisier; the mean is exact)"),
    "H": ("a q that ranks the actions of each state as q^π does", "neither",
          "the sizes of the differences weigh the states and actions against one another"),
}  # fmt: skip
EFFECTS = ("exact", "direction", "neither")


@exercise
def check_critics(answer: Any) -> Verdict:
    """answer = {letter of CRITICS: "exact", "direction" or "neither"}: what each critic makes of ∇J, with ρ = ρ^π."""
    said = entries(answer, CRITICS, "a word for each critic", "Critic {} has no word")
    given = {key: word(effect) for key, effect in said.items()}

    def why_not(key: str, effect: str) -> str:
        name, _, why = CRITICS[key]
        return f"{key}, {name}, is not “{effect}”: {why}."

    solution = {key: effect for key, (_, effect, _) in CRITICS.items()}
    if (verdict := first_wrong(given, solution, EFFECTS, "critic", why_not)) is not None:
        return verdict
    return right("All of them. Exact: A, E, G. So q = q^π is sufficient, not necessary.")


# True or false, and why

STATEMENTS = {  # number → (is it true, the letter of its reason, what to think of)
    1: (True, "D", "Reminder 1 is about a full greedy step, and has no ρ"),
    2: (False, "F", "look at the corridor: the same direction, a step too long, and J falls"),
    3: (False, "B", "in the corridor, at p = 0.57, more p is good for the start. Ask the second cell"),
    4: (False, "A", "a greedy step is long, and a gradient says something about small steps only"),
    5: (False, "E", "with shared parameters, look for a p that is better in every cell of the corridor"),
    6: (True, "C", "see what the step does to the odds of actions with A > 0, and of those with A < 0"),
}
REASONS = {
    "A": "one theorem is about J and small steps, the other about every state and steps of any length",
    "B": "a parameter that serves several states can serve one at the expense of another; J adds them up",
    "C": "where ρ(s) > 0, each step multiplies π(a|s) by a number above 1 exactly where A^π(s, a) > 0",
    "D": "the policy improvement theorem: every state gains or stays, wherever the start is",
    "E": "the policies at hand need not contain another π' with π' q^π ≥ v^π in every state, and then the theorem says "
    "nothing",
    "F": "an ascent direction is one for small steps; J curves",
}


@exercise
def check_statements(answer: Any) -> Verdict:
    """answer = {number: (True or False, letter of REASONS)} for the six statements."""
    answer = entries(answer, STATEMENTS, "True or False and a letter for each statement", "Statement {} is missing")
    done = sum(_is_right(answer[key], key) for key in STATEMENTS)
    so_far = f"{done} of {len(STATEMENTS)} are right."
    for key, (true, reason, hint) in STATEMENTS.items():
        given = answer[key]
        if is_open(given):
            return waiting(f"True or False and a letter for statement {key}")
        if not (isinstance(given, tuple | list) and len(given) == 2):
            return wrong(f"Statement {key} has {shown(given)}, expected a pair such as (True, 'A').")
        said, own = truth(given[0]), letter(given[1])
        if said is None:
            return wrong(f"Statement {key} has {shown(given[0])}, expected True or False.")
        if not isinstance(own, str) or own not in REASONS:
            return wrong(f"Statement {key} has the reason {shown(given[1])}, expected one of {', '.join(REASONS)}.")
        if said != true:
            text = f"Statement {key} is {true}, not {said}: {hint}."
            return nearly(f"{so_far} {text}") if 2 * done >= len(STATEMENTS) else wrong(text)
        if own != reason:
            text = f"Statement {key} is {true}, but {own} is not why (“{REASONS[own]}”). A hint: {hint}."
            return nearly(f"{so_far} {text}")
    return right("Two theorems, neither inside the other. They meet in the table, where both improve every state.")


def _is_right(given: Any, number: int) -> bool:
    true, reason, _ = STATEMENTS[number]
    pair = isinstance(given, tuple | list) and len(given) == 2
    return pair and truth(given[0]) is true and isinstance(given[1], str) and letter(given[1]) == reason


def _listed(x: Array) -> str:
    return f"({', '.join(f'{value:.3f}' for value in x)})"
