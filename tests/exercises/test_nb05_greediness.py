"""The exercises of notebook 05: right answers in several spellings, and each usual mistake by its name."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from verdicts import says

from pgcourse import zoo
from pgcourse.bellman import action_value, exact, optimal_values
from pgcourse.exercises import (
    check_critics,
    check_downhill_weights,
    check_inner_product,
    check_lagging_critic,
    check_statements,
)
from pgcourse.exercises.nb05_greediness import CRITICS, REASONS, STATEMENTS
from pgcourse.gradients import angle, compatible_critic, greediness_gradient, policy_gradient
from pgcourse.policy import grad_log_softmax, softmax, tabular_softmax

# The lagging critic

WORLD = zoo.stop_or_go_on()
TABLE = np.zeros((3, 2, 2))
TABLE[[0, 1], 0] = np.eye(2)
Q_OLD = exact(WORLD, softmax(TABLE, [0, 3])).q_pi


def lab(parameters="table", rho_share=0.0, q_kind="a lagging critic", q_share=1.0, preferences=(0.0, -3.0)):
    pi = softmax(TABLE, preferences)
    _, q_pi, rho_pi, _ = exact(WORLD, pi)
    wrong = {"a lagging critic": Q_OLD, "q*": action_value(WORLD, optimal_values(WORLD))}[q_kind]
    rho = (1 - rho_share) * rho_pi + rho_share * np.array([0.2, 1.0, 0])
    return {"pi": pi, "rho": rho, "q": (1 - q_share) * q_pi + q_share * wrong}


def case(**changed):
    first = {"parameters": "table", "rho_share": 0.0, "q_kind": "a lagging critic", "q_share": 1.0}
    return first | {"preferences": (0.0, -3.0)} | changed


def test_a_lagging_critic_that_points_downhill_is_right():
    verdict = check_lagging_critic(case(), lab)
    assert verdict
    assert "153°" in verdict.message


@pytest.mark.parametrize(
    ("changed", "tone", "words"),
    [
        ({"parameters": "shared features"}, "wrong", "is 'shared features', expected 'table'"),
        ({"rho_share": 0.5}, "wrong", r"expected ρ\^π"),
        ({"q_share": 0.0}, "wrong", r"still q\^π"),
        ({"q_kind": "q*"}, "wrong", "changed by 'q\\*', expected “a lagging critic”"),
        ({"q_share": 0.9}, "wrong", "is 0.9, expected 1: all the way"),
        ({"q_share": 2.0}, "wrong", "is 2.0, expected 1: all the way"),
        ({"preferences": (2.0, 2.0)}, "wrong", "points uphill.*the old critic is right.*Drag θ down"),
        ({"preferences": (-4.0, -3.0)}, "wrong", "points uphill.*Drag θ to a hall that is undecided"),
        ({"preferences": (0.0, -0.5)}, "wrong", "points uphill.*Drag θ down"),
        ({"preferences": (0.0, -1.5)}, "nearly", "Downhill, at 1..°. Expected more than 120°. .*Drag θ down"),
    ],
)
def test_what_is_wrong_with_a_case_is_named(changed, tone, words):
    verdict = check_lagging_critic(case(**changed), lab)
    assert verdict.tone == tone
    assert re.search(words, verdict.message), verdict.message


@pytest.mark.parametrize("hall", [-5, -1, 0, 2, 5])
@pytest.mark.parametrize("room", [-5, -1, 0, 2, 5])
def test_the_advice_leads_to_a_right_answer(hall, room):
    for _ in range(60):
        verdict = check_lagging_critic(case(preferences=(hall, room)), lab)
        if verdict:
            return
        if "undecided" in verdict.message:
            hall -= 0.25 * np.sign(hall)
        else:
            assert "Drag θ down" in verdict.message
            room -= 0.25
    pytest.fail(f"still at ({hall}, {room}): {verdict.message}")


def test_the_view_itself_is_told_from_its_values():
    class View:
        values = case()

    says(check_lagging_critic(View(), lab), "wrong", "That is the view itself, expected the values")


# Weights that point downhill

LAKE, PHI, THETA = zoo.frozen_lake(), zoo.lake_features(), np.array([1.0, 3.0])
PI = softmax(PHI, THETA)
_, Q_PI, RHO_PI, _ = exact(LAKE, PI)
GRAD_LOG_PI = grad_log_softmax(PHI, PI)


def weigh(*states):
    return np.isin(np.arange(16), states).astype(float)


@pytest.mark.parametrize(
    "answer",
    [weigh(0), weigh(0, 2, 14), weigh(0, 2, 14) > 0, weigh(14).tolist(), tuple(weigh(2)), weigh(0, 5, 15) * 1e6,
     weigh(0) * 1e-6],
)  # fmt: skip
def test_weights_on_states_that_pull_the_other_way_are_right(answer):
    verdict = check_downhill_weights(answer, LAKE, PI, PHI)
    assert verdict
    assert "121°" in verdict.message


def test_the_state_that_pulls_downhill_is_named_though_the_policy_spends_its_time_there():
    assert RHO_PI[LAKE.live].argmax() == 0
    assert "State 0 pulls the shared parameters downhill most" in check_downhill_weights(weigh(0), LAKE, PI, PHI)[1]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (-RHO_PI, r"my_rho\[0\] is -\d.*expected a weight ≥ 0: −ρ\^π would be too easy"),
        (weigh(14) - weigh(3), r"my_rho\[3\] is -1, expected a weight ≥ 0: it says how often"),
        ([0, 2, 14], r"shape \(3,\), expected \(16,\).*If you mean these states: np.isin\(range\(16\), my_rho\)"),
        (RHO_PI, "in proportion"),
        (3 * RHO_PI, "in proportion"),
        (RHO_PI * ~LAKE.absorbing, "in proportion"),
        (np.ones(16), "17°: still uphill"),
        (weigh(4), "still uphill.*state 4 pulls uphill most"),
        (weigh(5, 15), "g is 0"),
        (np.zeros(16), "g is 0"),
        (np.ones(4), r"shape \(4,\), expected \(16,\)"),
        (np.full(16, np.nan), "nan, expected"),
        ("all", "expected an array of numbers"),
    ],
)
def test_what_is_wrong_with_weights_is_named(answer, words):
    verdict = check_downhill_weights(answer, LAKE, PI, PHI)
    assert verdict.tone == "wrong"
    assert re.search(words, verdict.message), verdict.message


# The inner product

A_FEW = [
    lambda rho, rho_pi, pi, A: rho * rho_pi @ (pi.probs**2 * A**2).sum(axis=1),
    lambda rho, rho_pi, pi, A: np.einsum("s,s,sa,sa->", rho, rho_pi, pi.probs**2, A**2),
    lambda rho, rho_pi, pi, A: float(sum(rho * rho_pi * (pi @ (pi.probs * A**2)))),
    lambda rho, rho_pi, pi, A: np.array([((rho[:, None] * pi.probs * A) * (rho_pi[:, None] * pi.probs * A)).sum()]),
]


def _cosine(g, grad_J):
    return (g * grad_J).sum() / np.linalg.norm(g) / np.linalg.norm(grad_J)


@pytest.mark.parametrize("answer", A_FEW)
def test_the_inner_product_in_several_spellings(answer):
    assert check_inner_product(answer)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda rho, rho_pi, pi, A: rho * rho_pi @ (pi @ A**2), "π stands once"),
        (lambda rho, rho_pi, pi, A: rho * rho_pi @ (pi.probs**2 * A).sum(axis=1), "A stands once"),
        (lambda rho, rho_pi, pi, A: rho * rho_pi @ (A**2).sum(axis=1), "π is missing"),
        (lambda rho, rho_pi, pi, A: rho @ (pi.probs**2 * A**2).sum(axis=1), r"ρ\^π is missing"),
        (lambda rho, rho_pi, pi, A: rho * rho_pi @ (pi.probs**2 * A**2), "you return all of them"),
        (lambda rho, rho_pi, pi, A: (rho[:, None] * pi.probs * A).sum(), "0 up to rounding"),
        (lambda rho, rho_pi, pi, A: (rho @ (pi.probs * A)) @ (rho_pi @ (pi.probs * A)), "add up the states"),
        (lambda rho, rho_pi, pi, A: rho_pi @ (pi.probs**2 * A**2).sum(axis=1), "ρ is missing"),
        (lambda rho, rho_pi, pi, A: rho_pi**2 @ (pi.probs**2 * A**2).sum(axis=1), r"\|∇J\|²"),
        (lambda rho, rho_pi, pi, A: rho**2 @ (pi.probs**2 * A**2).sum(axis=1), r"\|g\|²"),
        (lambda rho, rho_pi, pi, A: (rho @ rho_pi) * (pi.probs**2 * A**2).sum(), "sum over states twice"),
        (lambda rho, rho_pi, pi, A: np.sqrt(A_FEW[0](rho, rho_pi, pi, A)), "square root"),
        (lambda rho, rho_pi, pi, A: _cosine(rho[:, None] * pi.probs * A, rho_pi[:, None] * pi.probs * A), "cosine"),
        (lambda rho, rho_pi, pi, A: rho * rho_pi * (pi.probs**2 * A**2).sum(axis=1), "Add them up"),
        (lambda rho, rho_pi, pi, A: (rho * rho_pi)[:, None] * pi.probs**2 * A**2, "Add them up"),
    ],
)
def test_a_usual_wrong_product_is_named(answer, words):
    verdict = check_inner_product(answer)
    assert verdict.tone == "nearly"
    assert re.search(words, verdict.message), verdict.message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda rho, rho_pi, pi, A: rho_pi, "shape .* expected one number"),
        (lambda rho, rho_pi, pi, A: 1.0, "you get 1, expected"),
        (lambda rho, rho_pi, pi, A: float("nan"), "you get nan, expected"),
        (lambda rho, rho_pi, pi, A: pi**2, "raised TypeError"),
        (lambda rho, rho_pi, pi, A: "one", "returned 'one', expected numbers"),
        (lambda: 1, "raised TypeError"),
    ],
)
def test_other_wrong_products_are_answered(answer, words):
    verdict = check_inner_product(answer)
    assert verdict.tone == "wrong"
    assert re.search(words, verdict.message), verdict.message


# Critics

CRITICS_RIGHT = {letter: effect for letter, (_, effect, _) in CRITICS.items()}


def effect_of(q, rho_pi, pi, q_pi, grad_log_pi):
    """What a critic does to the gradient, computed."""
    grad_J = policy_gradient(rho_pi, pi, q_pi, grad_log_pi)
    g = greediness_gradient(rho_pi, pi, q, grad_log_pi)
    if np.allclose(g, grad_J, rtol=1e-9, atol=1e-9):
        return "exact"
    return "direction" if angle(g, grad_J) < 1e-6 else "neither"


def test_the_key_of_the_critics_is_what_they_do_on_random_problems():
    """On each of 20 MDPs with shared features; "neither" must be seen at least once, the others always."""
    rng = np.random.default_rng(0)
    seen = {letter: set() for letter in CRITICS}
    for _ in range(20):
        mdp, phi = zoo.garnet(5, 3, 3, 0.9, rng), rng.standard_normal((5, 3, 2))
        pi = softmax(phi, rng.standard_normal(2))
        v_pi, q_pi, rho_pi, _ = exact(mdp, pi)
        grad_log_pi = grad_log_softmax(phi, pi)
        critics = {
            "A": q_pi - v_pi[:, None],
            "B": 2 * q_pi,
            "C": q_pi + rng.standard_normal((5, 3)),
            "D": q_pi - rng.standard_normal(3),
            "E": grad_log_pi @ compatible_critic(rho_pi, pi, q_pi, grad_log_pi),
            "F": action_value(mdp, optimal_values(mdp)),
            "G": q_pi + 1000,
            "H": q_pi.argsort(axis=1).argsort(axis=1).astype(float),
        }
        for letter, q in critics.items():
            seen[letter].add(effect_of(q, rho_pi, pi, q_pi, grad_log_pi))
    assert {letter: effects.pop() for letter, effects in seen.items() if len(effects) == 1} == CRITICS_RIGHT


def test_the_angle_that_the_message_on_q_star_quotes():
    pi = tabular_softmax(np.array([[0.0, 0.0], [-3.9, 0.0], [0.0, 0.0]]))
    _, q_pi, rho_pi, _ = exact(WORLD, pi)
    q_star = action_value(WORLD, optimal_values(WORLD))
    grad_log_pi = grad_log_softmax(TABLE, pi)
    g, grad_J = (greediness_gradient(rho_pi, pi, q, grad_log_pi) for q in (q_star, q_pi))
    assert f"{angle(g, grad_J):.0f}°" in CRITICS["F"][2]


def test_the_right_words_in_other_letters_are_right():
    assert check_critics(CRITICS_RIGHT)
    assert check_critics({letter: f" {word.upper()} " for letter, word in CRITICS_RIGHT.items()})


@pytest.mark.parametrize("letter", CRITICS)
def test_each_critic_s_mistake_has_its_own_reason(letter):
    wrong_word = "neither" if CRITICS_RIGHT[letter] == "exact" else "exact"
    verdict = check_critics(CRITICS_RIGHT | {letter: wrong_word})
    assert verdict.tone == "nearly"
    assert CRITICS[letter][2] in verdict.message
    assert "7 of 8" in verdict.message


def test_most_critics_wrong_is_wrong():
    assert check_critics(dict.fromkeys(CRITICS, "direction")).tone == "wrong"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (CRITICS_RIGHT | {"C": "maybe"}, "C has 'maybe', expected one of exact, direction, neither"),
        (CRITICS_RIGHT | {"C": 3}, "C has 3, expected"),
        ({"A": "exact"}, "Critic B has no word; expected"),
    ],
)
def test_rubbish_is_no_word(answer, words):
    says(check_critics(answer), "wrong", words)


# Statements

STATEMENTS_RIGHT = {number: (truth, reason) for number, (truth, reason, _) in STATEMENTS.items()}


def test_the_statements_in_several_spellings():
    assert check_statements(STATEMENTS_RIGHT)
    assert check_statements({k: [np.bool_(truth), f" {reason.lower()} "] for k, (truth, reason) in
                             STATEMENTS_RIGHT.items()})  # fmt: skip


def test_each_reason_is_used_once():
    assert sorted(reason for _, reason in STATEMENTS_RIGHT.values()) == sorted(REASONS)


def test_the_statements_and_their_reasons_are_those_of_the_notebook():
    path = Path(__file__).parents[2] / "notebooks" / "05_greediness_gradient.ipynb"
    (box,) = (cell.source for cell in nbformat.read(path, as_version=4).cells if cell.id == "exercise-statements")
    text = box.translate(str.maketrans("", "", "$\\^, '")).replace("pi", "π").replace("ge", "≥")
    for letter, reason in REASONS.items():
        assert f"**{letter}**:{reason}".translate(str.maketrans("", "", "^, '")) in text, letter


@pytest.mark.parametrize("number", STATEMENTS)
def test_each_statement_s_mistakes_have_their_own_messages(number):
    truth, reason, hint = STATEMENTS[number]
    not_so = check_statements(STATEMENTS_RIGHT | {number: (not truth, reason)})
    assert not_so.tone == "nearly"
    assert f"Statement {number} is {truth}, not {not truth}: {hint}" in not_so.message
    other = next(letter for letter in REASONS if letter != reason)
    not_why = check_statements(STATEMENTS_RIGHT | {number: (truth, other)})
    assert not_why.tone == "nearly"
    assert f"Statement {number} is {truth}, but {other} is not why" in not_why.message
    assert "5 of 6" in not_why.message


def test_most_statements_wrong_is_wrong():
    assert check_statements({k: (not truth, reason) for k, (truth, reason) in STATEMENTS_RIGHT.items()}).tone == "wrong"


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (STATEMENTS_RIGHT | {2: True}, "Statement 2 has True, expected a pair"),
        (STATEMENTS_RIGHT | {2: ("yes", "F")}, "expected True or False"),
        (STATEMENTS_RIGHT | {2: (False, "Z")}, "expected one of A, B, C, D, E, F"),
        ({1: (True, "D")}, "Statement 2 is missing; expected"),
    ],
)
def test_rubbish_is_no_statement(answer, words):
    says(check_statements(answer), "wrong", words)


@pytest.mark.parametrize(
    "verdict",
    [
        check_lagging_critic(..., lab),
        check_downhill_weights(..., LAKE, PI, PHI),
        check_inner_product(...),
        check_inner_product(lambda rho, rho_pi, pi, A: ...),
        check_critics(...),
        check_critics(dict.fromkeys(CRITICS, ...)),
        check_critics(CRITICS_RIGHT | {"D": ...}),
        check_statements(...),
        check_statements(dict.fromkeys(STATEMENTS, ...)),
        check_statements(STATEMENTS_RIGHT | {3: ...}),
        check_statements(STATEMENTS_RIGHT | {3: (True, ...)}),
    ],
)
def test_what_is_not_answered_yet_waits(verdict):
    assert verdict.tone == "waiting"
