"""The exercises of notebook 11: a Gaussian's scores, what noise costs, the biased score, where the correction stays."""

from __future__ import annotations

from typing import Any

import numpy as np

from pgcourse.arrays import Array
from pgcourse.exercises.ask import RETURNED, Mistake, close, furthest, named, run
from pgcourse.exercises.choices import accusation
from pgcourse.exercises.read import entries, numbers, one_number, truth, word
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, waiting, wrong
from pgcourse.exercises.words import apart, shown
from pgcourse.gaussian import scores

# The scores


@exercise
def check_gaussian_score(my_score: Any) -> Verdict:
    """my_score(a, mu, sigma) must return ∂log π/∂μ and ∂log π/∂log σ for actions, means and deviations (N,)."""
    rng = np.random.default_rng(11)
    mu, sigma = rng.uniform(-1, 1, 6), rng.uniform(0.2, 2, 6)
    a = mu + sigma * rng.standard_normal(6)
    answer = run(my_score, "a, mu, sigma", a, mu, sigma)
    if isinstance(answer, np.ndarray) and answer.ndim:
        answer = list(answer)
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        return wrong(f"{RETURNED} {shown(answer)}, expected two things: ∂log π/∂μ and ∂log π/∂log σ.")
    names = "Your ∂log π/∂μ is", "Your ∂log π/∂log σ is"
    given = [numbers(part, name, a.shape) for part, name in zip(answer, names, strict=True)]
    expected = scores(a, mu, sigma)
    for value, name in zip(given, names, strict=True):
        if value.shape != a.shape:
            return wrong(f"{name} of shape {value.shape}, expected {a.shape}: one number for each action.")
    if close(given[0], expected[1]) and close(given[1], expected[0]):
        return nearly("The two have changed places: ∂log π/∂μ comes first.")
    for value, exact, name, mistakes in zip(given, expected, names, _score_mistakes(a, mu, sigma), strict=True):
        if not close(value, exact):
            if (verdict := named(value, mistakes)) is not None:
                return verdict
            (n,) = furthest(value, exact)
            yours, right_one = apart(value[n], exact[n])
            where = f"a = {a[n]:.3f}, μ = {mu[n]:.3f}, σ = {sigma[n]:.3f}"
            return wrong(f"{name} {yours} at {where}, expected {right_one}.")
    return right("Both are the slopes of log π, and both are 0 on average over the policy's own actions.")


def _score_mistakes(a: Array, mu: Array, sigma: Array) -> tuple[list[Mistake], list[Mistake]]:
    z = (a - mu) / sigma
    of_mu = [
        Mistake(-z / sigma, "∂log π/∂μ has the wrong sign: where a > μ, a larger μ makes a more probable."),
        Mistake(z, "∂log π/∂μ is (a − μ)/σ², and you divide by σ once: the inner derivative of z brings another 1/σ."),
        Mistake(a - mu, "∂log π/∂μ has lost its 1/σ²."),
        Mistake(z / sigma / 2, "∂log π/∂μ has a factor ½ too much: the slope of z²/2 is z."),
        Mistake(-z, "∂log π/∂μ has the wrong sign and only one 1/σ: it is (a − μ)/σ²."),
        Mistake(np.exp(-(z**2) / 2) / sigma / np.sqrt(2 * np.pi) * z / sigma,
                "That is ∂π/∂μ. Asked for is the slope of log π: divide by π."),
        Mistake(z**2 / sigma, "∂log π/∂μ has z² in it: the slope of z²/2 is z times the slope of z."),
    ]  # fmt: skip
    of_log_sigma = [
        Mistake(z**2, "The −1 is missing: π has σ in its denominator, too, and −log σ has the slope −1."),
        Mistake((z**2 - 1) / sigma, "That is ∂log π/∂σ. For log σ multiply by σ: dσ/dlog σ = σ."),
        Mistake((z**2 - 1) / 2, "That is the slope in log σ². In log σ it is twice as large."),
        Mistake(1 - z**2, "∂log π/∂log σ has the wrong sign: an action far out (z² > 1) asks for more noise."),
        Mistake(z - 1, "z must be squared: log π has −z²/2, and z goes like 1/σ."),
        Mistake(z**2 / 2 - 1, "The slope of −z²/2 in log σ is z², not z²/2: two factors 1/σ are in z²."),
        Mistake(-(z**2) - 1, "The first sign is wrong: z² falls as σ grows, so −z²/2 rises."),
        Mistake(z**2 + 1, "The second sign is wrong: a larger σ makes the density lower, by −log σ."),
        Mistake(z**2 - sigma, "−log σ has the slope −1 in log σ, and not −σ."),
        Mistake(z**2 / sigma, "That is a part of ∂log π/∂σ. In log σ it is z² − 1."),
        Mistake((a - mu) ** 2 - 1, "z is (a − μ)/σ: divide by σ before you square."),
    ]
    return of_mu, of_log_sigma


# What noise costs


@exercise
def check_exploration(my_slope: Any) -> Verdict:
    """my_slope(P, B, R, gamma, sigma) must give ∂J/∂log σ of a = K s + σ ε in one dimension: all are numbers."""
    rng = np.random.default_rng(12)
    for _ in range(3):
        P, B, R, gamma, sigma = (rng.uniform(0.3, 0.95, 5) * [3, 1, 1, 1, 1]).tolist()
        answer = run(my_slope, "P, B, R, gamma, sigma", P, B, R, gamma, sigma)
        if (value := one_number(answer)) is None:
            return wrong(f"{RETURNED} {shown(answer)}, expected a number.")

        def slope(h: float, sigma: float = sigma, gamma: float = gamma) -> float:
            return -2 * sigma**2 * h / (1 - gamma)

        h = R + gamma * B**2 * P
        expected = slope(h)
        if close(value, expected):
            continue
        mistakes = (
            Mistake(-expected, "The sign is the wrong way round: J is −P E s₀² − c, and noise makes c larger."),
            Mistake(expected / 2, "A factor 2 is missing: σ² is e^(2 log σ), so its slope in log σ is 2σ²."),
            Mistake(-expected / 2, "Two things: J has −c in it, and σ² is e^(2 log σ), so its slope in log σ is 2σ²."),
            Mistake(expected * (1 - gamma) - gamma, "Mind the brackets: /(1−γ) divides, but /1−γ only subtracts γ."),
            Mistake(expected / sigma, "That is ∂J/∂σ. In log σ it is σ times as large."),
            Mistake(-expected / sigma, "That is ∂c/∂σ. J has −c in it, and in log σ the slope is σ times as large."),
            Mistake(slope(h, 1), "σ² has vanished: the slope of σ² in log σ is 2σ²."),
            Mistake(slope(h, 1) / 2, "That is ∂J/∂σ². In log σ multiply by the slope of σ², which is 2σ²."),
            Mistake(slope(h, gamma=0), "1/(1−γ) is missing: the noise is paid for at every step to come."),
            Mistake(slope(R), "R is what the action itself costs. It also moves s': γB²P is missing."),
            Mistake(slope(R + B**2 * P), "γ is missing before B²P: that cost comes a step later."),
            Mistake(slope(R + gamma * B * P), "B must be squared: s' moves by Bσε, and its square counts."),
            Mistake(slope(R + gamma * P), "B² is missing: s' moves by Bσε, and its square counts."),
        )
        if (verdict := named(np.array(value), mistakes)) is not None:
            return verdict
        yours, right_one = apart(value, expected)
        where = f"P = {P:.3f}, B = {B:.3f}, R = {R:.3f}, gamma = {gamma:.3f}, sigma = {sigma:.3f}"
        return wrong(f"At {where} you get {yours}, expected {right_one}.")
    return right("Nothing in it can become positive: on this problem the gradient takes the noise away, everywhere.")


# The biased score

CLIPPED_SCORE = {
    "A": "A is innocent: it scores what was drawn, and the environment may do with the action what it likes.",
    "B": "B clips first and scores the clipped action. π gives that action no density of its own: it stands for the "
    "whole tail behind it. Score what was drawn, and leave the clipping to the environment.",
    "C": "C is innocent: a baseline that does not depend on the action takes nothing off the mean.",
}
check_clipped_score = accusation(
    __name__, "check_clipped_score", "B", CLIPPED_SCORE, "The letter of the estimate whose mean is not ∇J."
)


# Where the correction stays

CORRECTION: dict[str, tuple[bool, str]] = {  # does it matter there? and what to think of
    "score": (False, "For a given action, does log(1 − a²) change when μ or σ changes?"),
    "ratio": (False, "Both densities are taken at the same action. What is left of log(1 − a²) in their difference?"),
    "entropy": (True, "The entropy is −E[log π(a)], and its actions are drawn with the present μ and σ."),
    "reparametrised": (True, "Here a = tanh(μ + σε) moves with μ. Does log(1 − a²) move with it?"),
}


@exercise
def check_correction(answer: Any) -> Verdict:
    """A dictionary of four booleans: does −log(1 − a²) make a difference there?"""
    said = entries(answer, CORRECTION, "True or False for each of four", "{!r} is missing")
    if unanswered := [key for key, x in said.items() if x is ...]:
        return waiting("True or False for " + ", ".join(map(repr, unanswered)))
    found = {key: _yes(key, x) for key, x in said.items()}
    missed = [key for key, (matters, _) in CORRECTION.items() if found[key] is not matters]
    if not missed:
        return right("At a given action it is a constant. It matters as soon as the action moves with θ.")
    key = missed[0]
    reply = f"Not {found[key]} for {key!r}. {CORRECTION[key][1]}"
    return nearly(reply) if len(missed) == 1 else wrong(reply)


def _yes(key: str, answer: Any) -> bool:
    words = {"yes": True, "true": True, "no": False, "false": False}
    said = words.get(word(answer)) if isinstance(answer, str) else truth(answer)
    if said is None:
        raise Reply(wrong(f"{key}: {shown(answer)} is not an answer; expected True or False."))
    return said
