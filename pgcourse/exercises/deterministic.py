"""The exercises of notebook 06: the deterministic gradient, its estimates' spread, other states, a critic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from pgcourse.deterministic import compatible_weights
from pgcourse.exercises.verdict import Verdict, exercise, is_number, nearly, right, waiting, wrong
from pgcourse.lqr import LQR, Unstable, off_policy_gradient, policy_gradient, second_moment, slope_matrix

# Write the deterministic policy gradient


@exercise
def check_dpg(my_dpg: Any) -> Verdict:
    """my_dpg(K, P, Sigma, A, B, R, gamma) must give dJ/dK of a = K s in one dimension: all arguments are numbers."""
    if my_dpg is ...:
        return waiting("a function")
    if not callable(my_dpg):
        return wrong(f"{my_dpg!r} is not a function; expected one of (K, P, Sigma, A, B, R, gamma).")
    rng = np.random.default_rng(6)
    for _ in range(3):
        K, P, Sigma, A, B, R, gamma = (rng.uniform(0.3, 0.95, 7) * [-1, 3, 5, 1, 1, 1, 1]).tolist()
        try:
            answer = my_dpg(K, P, Sigma, A, B, R, gamma)
        except Exception as error:  # the student's own code runs here
            return wrong(f"Your function raised {type(error).__name__}: {error}")
        if answer is ... or answer is None:
            return waiting("what the function returns")
        answer = np.squeeze(answer).item() if isinstance(answer, np.ndarray) and answer.size == 1 else answer
        if not is_number(answer):
            return wrong(f"Your function returns {answer!r}, expected a number.")
        G = -2 * (R * K + gamma * B * P * (A + B * K))
        if not np.isclose(answer, G * Sigma, rtol=1e-9):
            return _which_dpg(float(answer), G, K, P, Sigma, A, B, R, gamma)
    return right("∇_θμ is s, ∇_a q at the policy's own action is G s, and their product G s² is summed over ρ^μ: G Σ.")


def _which_dpg(
    answer: float, G: float, K: float, P: float, Sigma: float, A: float, B: float, R: float, gamma: float
) -> Verdict:
    known = (
        (-G * Sigma, "nearly", "The sign is the wrong way round: rewards are minus the costs, and J is to go up."),
        (G * Sigma / 2, "nearly", "A factor 2 is missing: the slope of R a² is 2 R a."),
        (-2 * R * K * Sigma, "nearly",
         "That is the slope of r alone. q is r + γ v(s'), and the action moves s' = A s + B a, too."),
        (-2 * (R * K + B * P * (A + B * K)) * Sigma, "nearly", "γ is missing before what comes one step later."),
        (-2 * (R * K + gamma * P * (A + B * K)) * Sigma, "nearly",
         "A factor B is missing, from the chain rule: an action moves the next state B times as much."),
        (-2 * (R * K + gamma * A * B * P) * Sigma, "nearly",
         "You put a = K s in R a², and left it out of the next state, A s + B a: A + B K stands where you have A."),
        (-2 * (R + gamma * B * P * (A + B * K)) * Sigma, "nearly",
         "A factor K is missing: the slope of R a² is 2 R a, and a is K s."),
        (-2 * (R + gamma * B**2 * P) * K * Sigma, "nearly",
         "The next state is A s + B a, and you have B a alone: where the boat is by itself, A s, is lost."),
        (-2 * gamma * A * B * P * Sigma, "nearly",
         "That is ∇_a q at a = 0. The slope is needed at the action that the policy takes, a = K s."),
        (G, "nearly", "The factors s are lost: one from ∇_θμ(s) = s, one from ∇_a q = G s. Over ρ^μ, s² sums up to Σ."),
        (G * np.sqrt(Sigma), "nearly", "Only one factor s is there: ∇_θμ(s) = s is forgotten, or ∇_a q = G s is."),
        ((1 - gamma) * G * Sigma, "nearly", "You average over (1−γ)ρ^μ. Σ is made with ρ^μ, and nothing is left over."),
        (G * Sigma / (1 - gamma), "nearly", "1/(1−γ) is too much: Σ is made with ρ^μ, which is not normalised."),
        (-2 * P * Sigma, "wrong", "That looks like the slope of v in s. What is asked for is the slope in the gain K."),
    )  # fmt: skip
    for other, tone, message in known:
        if np.isclose(answer, other, rtol=1e-9):
            return Verdict(tone, message)
    where = f"K = {K:.3f}, P = {P:.3f}, Sigma = {Sigma:.3f}, A = {A:.3f}, B = {B:.3f}, R = {R:.3f}, gamma = {gamma:.3f}"
    return wrong(f"At {where} you get {answer:.4f}, expected {G * Sigma:.4f}.")


# Predict how the spread goes with σ

EXPONENTS = {"q": -1, "q - v": 0, "slope": 1}
ESTIMATES = {"q": "without a baseline", "q - v": "with b = v^π(s)", "slope": "made of ∇_a q(s, a)"}


@exercise
def check_spread(answer: Any) -> Verdict:
    """answer = {"q": x, "q - v": y, "slope": z}: as σ → 0 the standard deviation goes like σ to this power."""
    if answer is ...:
        return waiting("three exponents")
    if not isinstance(answer, Mapping):
        return wrong(f"{answer!r} is not a dictionary; expected {{'q': …, 'q - v': …, 'slope': …}}.")
    if missing := [name for name in EXPONENTS if name not in answer]:
        return wrong(f"{missing[0]!r} has no exponent; expected one for each of 'q', 'q - v' and 'slope'.")
    given = {name: answer[name] for name in EXPONENTS}
    if unanswered := [name for name, x in given.items() if x is ...]:
        return waiting(f"an exponent for {unanswered[0]!r}")
    if strange := [name for name, x in given.items() if not is_number(x)]:
        return wrong(f"For {strange[0]!r} you have {given[strange[0]]!r}, expected a number.")
    if given == EXPONENTS:
        return right(
            "With q alone, the part q(μ) ε/σ, whose mean is 0, is blown up. Taking v^π off leaves ε²∇_a q, whose "
            "deviation is √2 |∇_a q| however small σ is. With the slope itself nothing random is left."
        )
    if given == {name: 2 * x for name, x in EXPONENTS.items()}:
        return nearly("These are the exponents of the variance. The standard deviation is its root.")
    if given == {name: -x for name, x in EXPONENTS.items()}:
        return nearly("The signs are the wrong way round: σ to the power −1 grows as σ goes to 0.")
    wrong_ones = [name for name, x in given.items() if x != EXPONENTS[name]]
    hints = {
        "q": "q(s, a) hardly changes with ε any more, and ∇log π = s ε/σ grows",
        "q - v": "q − v^π is about ∇_a q · σ ε, which takes the σ of ε/σ away, and leaves ε² and no power of σ",
        "slope": "∇_a q(s, μ + σε) differs from ∇_a q(s, μ) by its own slope times σε, and by nothing else",
    }
    name = wrong_ones[0]
    text = f"The estimate {ESTIMATES[name]} does not go like σ to the power {given[name]}: {hints[name]}."
    return nearly(text) if len(wrong_ones) == 1 else wrong(text)


# Find states that lead astray


@exercise
def check_downhill(answer: Any, lqr: LQR, theta: Any, sigma_b: float) -> Verdict:
    """answer = (K_b, k_b): a behaviour whose states turn the direction at theta = (K, k) away from ∇J by over 90°.

    lqr has a constant as its second component, so that (K, k) stands for a = K s + k.
    """
    if answer is ... or (isinstance(answer, tuple | list) and any(x is ... for x in answer)):
        return waiting("two numbers")
    numbers = answer.tolist() if isinstance(answer, np.ndarray) else answer
    if not isinstance(numbers, tuple | list) or len(numbers) != 2 or not all(map(is_number, numbers)):
        return wrong(f"{answer!r} is not a behaviour; expected two numbers, (K_b, k_b).")
    try:
        direction = off_policy_gradient(lqr, theta, list(map(float, numbers)), sigma_b).ravel()
    except Unstable as error:
        return wrong(f"With this behaviour the states run away: {error}.")
    except ValueError as error:
        return wrong(f"{error}; expected two finite numbers.")
    grad_J = policy_gradient(lqr, theta).ravel()
    angle = np.degrees(np.arccos(grad_J @ direction / np.linalg.norm(grad_J) / np.linalg.norm(direction)))
    if angle > 90:
        return right(
            f"The angle is {angle:.1f}°: with the exact critic, and a small step, J goes down. One push sideways is "
            "right in all states here, but what it means for the gain K depends on which side of 0 one stands."
        )
    if np.allclose(list(map(float, numbers)), np.ravel(theta)):
        return wrong(f"That is the policy itself, with its own states: the angle is {angle:.1f}°. Look elsewhere.")
    text = f"The angle is {angle:.1f}°, still uphill."
    hint = _where_else(lqr, theta, list(map(float, numbers)), sigma_b)
    return nearly(f"{text} {hint}") if angle > 60 else wrong(f"{text} {hint}")


def _where_else(lqr: LQR, theta: Any, behaviour: list[float], sigma_b: float) -> str:
    """What to try next, by the mean state of the policy and of the behaviour."""
    own, other = (moment[0, 1] / moment[1, 1] for moment in
                  (second_moment(lqr, theta), second_moment(lqr, behaviour, sigma_b)))  # fmt: skip
    if own * other >= 0:
        return "The policy's states lie on one side of 0. Send the behaviour to the other side, by its k."
    at_own, at_other = (slope_matrix(lqr, theta) @ [s, 1] for s in (own, other))
    if at_own * at_other < 0:
        return f"The behaviour is on the other side, but so far out ({other:.0f}) that ∇_a q has turned. Come nearer."
    return "The behaviour is on the other side of 0 already. There K weighs more where |s| is larger: go farther."


# Fit a compatible critic


@exercise
def check_compatible(my_weights: Any) -> Verdict:
    """my_weights(features, slopes): the w (d,) for which features @ w is nearest to slopes in the mean square."""
    if my_weights is ...:
        return waiting("a function")
    if not callable(my_weights):
        return wrong(f"{my_weights!r} is not a function; expected one of (features, slopes).")
    rng = np.random.default_rng(7)
    for N, d in ((40, 2), (60, 3), (30, 1)):
        features = rng.standard_normal((N, d)) @ rng.uniform(0.5, 1.5, (d, d)) + 0.7
        slopes = features @ rng.standard_normal(d) + np.sin(3 * features[:, 0]) + 0.5
        try:
            w = my_weights(features.copy(), slopes.copy())
            if w is ... or w is None:
                return waiting("what the function returns")
            if isinstance(w, tuple) and len(w) == 4:  # as NumPy's lstsq returns
                return nearly("np.linalg.lstsq returns four things, and the solution is the first: take its [0].")
            w = np.asarray(w, dtype=float)
        except Exception as error:  # the student's own code runs here
            return wrong(f"Your function raised {type(error).__name__}: {error} (features {features.shape})")
        if w.shape != (d,):
            return wrong(f"The result has shape {w.shape}, expected ({d},), one weight for each parameter.")
        if not np.allclose(w, compatible_weights(features, slopes), rtol=1e-7):
            return _which_weights(w, features, slopes)
    return right("At the least squares the error is orthogonal to every feature: that is all the gradient needs.")


def _which_weights(w: np.ndarray, features: np.ndarray, slopes: np.ndarray) -> Verdict:
    N, exact = len(features), compatible_weights(features, slopes)
    with_intercept = np.linalg.lstsq(np.column_stack([features, np.ones(N)]), slopes)[0][:-1]
    known = (
        (-exact, "nearly", "The sign is the wrong way round."),
        (features.T @ slopes / N, "nearly", "That is the gradient, mean(∇_θμ · ∇_a q), and not yet w: solve for it."),
        (features.T @ slopes, "nearly", "That is N times the gradient, and not yet w: a matrix is to be solved for."),
        (N * exact, "nearly", "You divide one side by N and not the other: N times too large."),
        (exact / N, "nearly", "You divide one side by N and not the other: N times too small."),
        ((features * slopes[:, None]).sum(0) / (features**2).sum(0), "nearly",
         "You fit each weight by itself. The features are correlated: their whole matrix Σ φφᵀ is to be solved for."),
        (with_intercept, "nearly", "You fit an intercept, too. A compatible critic's slope is wᵀ∇_θμ, and no more."),
    )  # fmt: skip
    for other, tone, message in known:
        if np.allclose(w, other, rtol=1e-7):
            return Verdict(tone, message)
    error, least = (float(np.mean((features @ x - slopes) ** 2)) for x in (w, exact))
    return wrong(f"The mean squared error of your w is {error:.4f}, expected the least one, {least:.4f}.")
