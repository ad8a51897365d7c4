"""The exercises of notebook 06: the deterministic gradient, its estimates' spread, other states, a critic."""

from __future__ import annotations

from typing import Any

import numpy as np

from pgcourse.arrays import Array
from pgcourse.deterministic import compatible_weights
from pgcourse.exercises.ask import RETURNED, Mistake, close, named, run
from pgcourse.exercises.read import entries, numbers, one_number
from pgcourse.exercises.verdict import Verdict, exercise, nearly, right, waiting, wrong
from pgcourse.exercises.words import apart, shown
from pgcourse.gradients import angle
from pgcourse.lqr import LQR, Unstable, off_policy_gradient, policy_gradient, second_moment, slope_matrix

# Write the deterministic policy gradient


@exercise
def check_dpg(my_dpg: Any) -> Verdict:
    """my_dpg(K, P, Sigma, A, B, R, gamma) must give dJ/dK of a = K s in one dimension: all arguments are numbers."""
    rng = np.random.default_rng(6)
    for _ in range(3):
        K, P, Sigma, A, B, R, gamma = (rng.uniform(0.3, 0.95, 7) * [-1, 3, 5, 1, 1, 1, 1]).tolist()
        answer = run(my_dpg, "K, P, Sigma, A, B, R, gamma", K, P, Sigma, A, B, R, gamma)
        if (value := one_number(answer)) is None:
            return wrong(f"{RETURNED} {shown(answer)}, expected a number.")
        G = -2 * (R * K + gamma * B * P * (A + B * K))
        if not close(value, G * Sigma):
            return _which_dpg(np.array(value), G, K, P, Sigma, A, B, R, gamma)
    return right("∇_θμ is s, ∇_a q at the policy's own action is G s, and their product G s² is summed over ρ^μ: G Σ.")


def _which_dpg(
    answer: Array, G: float, K: float, P: float, Sigma: float, A: float, B: float, R: float, gamma: float
) -> Verdict:
    mistakes = (
        Mistake(-G * Sigma, "The sign is the wrong way round: rewards are minus the costs, and J is to go up."),
        Mistake(G * Sigma / 2, "A factor 2 is missing: the slope of R a² is 2 R a."),
        Mistake(
            -2 * R * K * Sigma,
            "That is the slope of r alone. q is r + γ v(s'), and the action moves s' = A s + B a, too.",
        ),
        Mistake(-2 * (R * K + B * P * (A + B * K)) * Sigma, "γ is missing before what comes one step later."),
        Mistake(-2 * (R * K + gamma**2 * B * P * (A + B * K)) * Sigma, "γ² is too much: q has one γ, before P."),
        Mistake(
            -2 * (R * K + (1 - gamma) * B * P * (A + B * K)) * Sigma,
            "You have (1−γ) where γ belongs: what comes one step later counts γ times.",
        ),
        Mistake(
            -2 * gamma * B * P * (A + B * K) * Sigma,
            "That is the slope of γ v(s') alone. The action also costs: the slope of −R a² is missing.",
        ),
        Mistake(
            -2 * (K + gamma * B * P * (A + B * K)) * Sigma,
            "R is forgotten: the slope of −R a² is −2 R a.",
        ),
        Mistake(
            -2 * (R * K + gamma * B * P * (A - B * K)) * Sigma,
            "You have A − B K. Here a = K s, without a minus sign, so the next state is (A + B K) s.",
        ),
        Mistake(
            -2 * (R * K + gamma * P * (A + B * K)) * Sigma,
            "A factor B is missing, from the chain rule: an action moves the next state B times as much.",
        ),
        Mistake(
            -2 * (R * K + gamma * A * B * P) * Sigma,
            "You put a = K s in R a², and left it out of the next state, A s + B a: A + B K stands where you have A.",
        ),
        Mistake(
            -2 * (R + gamma * B * P * (A + B * K)) * Sigma,
            "A factor K is missing: the slope of R a² is 2 R a, and a is K s.",
        ),
        Mistake(
            -2 * (R + gamma * B**2 * P) * K * Sigma,
            "The next state is A s + B a, and you have B a alone: where the boat is by itself, A s, is lost.",
        ),
        Mistake(
            -2 * gamma * A * B * P * Sigma,
            "That is ∇_a q at a = 0. The slope is needed at the action that the policy takes, a = K s.",
        ),
        Mistake(G, "The factors s are lost: one from ∇_θμ(s) = s, one from ∇_a q = G s. Over ρ^μ, s² sums up to Σ."),
        Mistake(G * np.sqrt(Sigma), "Only one factor s is there: ∇_θμ(s) = s is forgotten, or ∇_a q = G s is."),
        Mistake((1 - gamma) * G * Sigma, "You average over (1−γ)ρ^μ. Σ is made with ρ^μ, and nothing is left over."),
        Mistake(G * Sigma / (1 - gamma), "1/(1−γ) is too much: Σ is made with ρ^μ, which is not normalised."),
        Mistake(
            -2 * P * Sigma,
            "That looks like the slope of v in s. What is asked for is the slope in the gain K.",
            "wrong",
        ),
        Mistake(
            -2 * R * K * Sigma - 2 * gamma * B * P * (A + B * K),
            "Σ multiplies one of the two terms only: both have s². Mind the brackets.",
        ),
        Mistake(
            (-2 * R * K - gamma * B * P * (A + B * K)) * Sigma,
            "A factor 2 is missing in the second term: the slope of P (A s + B a)² has one, too.",
        ),
        Mistake(
            (-R * K - 2 * gamma * B * P * (A + B * K)) * Sigma,
            "A factor 2 is missing in the first term: the slope of R a² is 2 R a.",
        ),
        Mistake(
            -2 * (R * K + gamma * P * (A + B * K) ** 2) * Sigma,
            "You have (A + B K)² where B (A + B K) belongs: the slope of (A s + B a)² along a is 2 (A s + B a) B.",
        ),
        Mistake(G * Sigma**2, "Sigma is squared. It is the sum of s² already, not of s."),
        Mistake(K * G * Sigma, "A factor K is too much: ∇_K μ is s, and not K s."),
    )
    if (verdict := named(answer, mistakes)) is not None:
        return verdict
    where = f"K = {K:.3f}, P = {P:.3f}, Sigma = {Sigma:.3f}, A = {A:.3f}, B = {B:.3f}, R = {R:.3f}, gamma = {gamma:.3f}"
    yours, expected = apart(float(answer), G * Sigma)
    return wrong(f"At {where} you get {yours}, expected {expected}.")


# Predict how the spread goes with σ

EXPONENTS = {"q": -1, "q - v": 0, "slope": 1}
ESTIMATES = {"q": "without a baseline", "q - v": "with b = v^π(s)", "slope": "made of ∇_a q(s, a)"}


@exercise
def check_spread(answer: Any) -> Verdict:
    """answer = {"q": x, "q - v": y, "slope": z}: as σ → 0 the standard deviation goes like σ to this power."""
    said = entries(answer, EXPONENTS, "an exponent for each estimate", "{!r} has no exponent")
    if unanswered := [name for name, x in said.items() if x is ...]:
        return waiting(f"an exponent for {unanswered[0]!r}")
    given = {name: one_number(x) for name, x in said.items()}
    if strange := [name for name, x in given.items() if x is None]:
        return wrong(f"For {strange[0]!r} you have {shown(said[strange[0]])}, expected a number.")
    if given == EXPONENTS:
        return right(
            "With q alone, the part s q(μ) ε/σ has mean 0 and grows without bound. With v^π taken off, s ε² ∇_a q is "
            "left. Its deviation is √2 |s ∇_a q|, however small σ is. With the slope itself nothing random is left."
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
    text = f"The estimate {ESTIMATES[name]} does not go like σ to the power {given[name]:g}: {hints[name]}."
    return nearly(text) if len(wrong_ones) == 1 else wrong(text)


# Find states that lead astray


@exercise
def check_downhill(answer: Any, lqr: LQR, theta: Any, sigma_b: float) -> Verdict:
    """answer = (K_b, k_b): a behaviour whose states turn the direction at theta = (K, k) away from ∇J by over 90°.

    lqr has a constant as its second component, so that (K, k) stands for a = K s + k.
    """
    if answer is ... or (isinstance(answer, tuple | list) and any(x is ... for x in answer)):
        return waiting("two numbers")
    pair = numbers(answer, "The behaviour is", (2,))
    if pair.shape != (2,):
        return wrong(f"{shown(answer)} is not a behaviour; expected two numbers, (K_b, k_b).")
    behaviour: list[float] = pair.astype(float).tolist()
    try:
        direction = off_policy_gradient(lqr, theta, behaviour, sigma_b).ravel()
    except Unstable as error:
        return wrong(f"With this behaviour the states run away: {error}.")
    except ValueError as error:
        return wrong(f"{error}; expected two finite numbers.")
    grad_J = policy_gradient(lqr, theta).ravel()
    degrees = angle(grad_J, direction)
    if degrees > 90:
        return right(
            f"The angle is {degrees:.1f}°: with the exact critic, and a small step, J goes down. All states near here "
            "want the same push sideways. On the other side of 0 that asks for the opposite change of K."
        )
    if close(behaviour, np.ravel(theta)):
        return wrong(f"That is the policy itself, with its own states: the angle is {degrees:.1f}°. Look elsewhere.")
    text = f"The angle is {degrees:.1f}°, still uphill."
    hint = _where_else(lqr, theta, behaviour, sigma_b)
    return nearly(f"{text} {hint}") if degrees > 60 else wrong(f"{text} {hint}")


def _where_else(lqr: LQR, theta: Any, behaviour: list[float], sigma_b: float) -> str:
    """What to try next, by the mean state of the policy and of the behaviour."""
    moments = second_moment(lqr, theta), second_moment(lqr, behaviour, sigma_b)
    own, other = (moment[0, 1] / moment[1, 1] for moment in moments)
    if own * other >= 0:
        return "The policy's states lie on one side of 0. Send the behaviour to the other side, by its k."
    slope = slope_matrix(lqr, theta)
    at_own, at_other = (slope @ [s, 1] for s in (own, other))
    for_K, for_K_there = (float((slope @ moment)[0, 0]) for moment in moments)
    far_out = f"The behaviour is on the other side, but so far out ({other:.0f}) that"
    if at_own * at_other < 0:
        return f"{far_out} ∇_a q has turned. Come nearer."
    if for_K * for_K_there > 0 and abs(other) > 4 * abs(own):
        return f"{far_out} its farthest states, where ∇_a q has turned, weigh the most. Come nearer."
    return "The behaviour is on the other side of 0 already. There K weighs more where |s| is larger: go farther."


# Fit a compatible critic

NEAREST = 1e-9  # by how much a fit may be worse than the best, in parts of its mean squared error


@exercise
def check_compatible(my_weights: Any) -> Verdict:
    """my_weights(features, slopes): the w (d,) for which features @ w is nearest to slopes in the mean square."""
    rng = np.random.default_rng(7)
    for N, d in ((40, 2), (60, 3), (30, 1)):
        features = rng.standard_normal((N, d)) @ rng.uniform(0.5, 1.5, (d, d)) + 0.7
        slopes = features @ rng.standard_normal(d) + np.sin(3 * features[:, 0]) + 0.5
        answer = run(my_weights, "features, slopes", features, slopes)
        if _is_or_calls(my_weights, compatible_weights):
            return nearly("That is the course's own compatible_weights. Write the least-squares fit yourself.")
        if isinstance(answer, tuple) and len(answer) == 4:  # as NumPy's lstsq returns
            return nearly("np.linalg.lstsq returns four things, and the solution is the first: take its [0].")
        w = numbers(answer, RETURNED, (d,))
        if w.shape != (d,):
            return wrong(f"The result has shape {w.shape}, expected ({d},), one weight for each parameter.")
        least = _mean_square(compatible_weights(features, slopes), features, slopes)
        found = _mean_square(w, features, slopes) <= (1 + NEAREST) * least  # as far as an optimiser comes
        if not found and not close(w, compatible_weights(features, slopes)):
            return _which_weights(w, features, slopes)
    return right("At the least squares the error is orthogonal to every feature: that is all the gradient needs.")


def _mean_square(w: Array, features: Array, slopes: Array) -> float:
    return float(np.mean((features @ w - slopes) ** 2))


def _is_or_calls(function: Any, other: Any) -> bool:
    """Whether a function is another one, or has its name in its code, meaning it."""
    code, known = getattr(function, "__code__", None), getattr(function, "__globals__", {})
    names = getattr(code, "co_names", ())
    return function is other or any(known.get(name) is other for name in names) or (
        other.__name__ in names and other.__name__ not in known  # as the attribute of a module
    )  # fmt: skip


def _which_weights(w: Array, features: Array, slopes: Array) -> Verdict:
    N, exact = len(features), compatible_weights(features, slopes)
    mistakes = (
        Mistake(-exact, "The sign is the wrong way round."),
        Mistake(features.T @ slopes / N, "That is the gradient, mean(∇_θμ · ∇_a q), and not yet w: solve for it."),
        Mistake(features.T @ slopes, "That is N times the gradient, and not yet w: a matrix is to be solved for."),
        Mistake(N * exact, "You divide one side by N and not the other: N times too large."),
        Mistake(exact / N, "You divide one side by N and not the other: N times too small."),
        Mistake(
            (features * slopes[:, None]).sum(0) / (features**2).sum(0),
            "You fit each weight by itself. The features are correlated: their whole matrix Σ φφᵀ is to be solved for.",
        ),
        Mistake(
            np.linalg.lstsq(np.column_stack([features, np.ones(N)]), slopes)[0][:-1],
            "You fit an intercept, too. A compatible critic's slope is wᵀ∇_θμ, and no more.",
        ),
    )
    if (verdict := named(w, mistakes)) is not None:
        return verdict
    error, least = apart(*(_mean_square(x, features, slopes) for x in (w, exact)))
    return wrong(f"The mean squared error of your w is {error}, expected the least one, {least}.")
