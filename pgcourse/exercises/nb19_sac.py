"""The exercises of notebook 19: a squashed density, a double one, the soft target, the temperature, a paid end."""

from __future__ import annotations

from typing import Any

import numpy as np

from pgcourse.arrays import Array
from pgcourse.exercises.ask import RETURNED, Mistake, close, mistaken, named, run
from pgcourse.exercises.choices import accused
from pgcourse.exercises.read import numbers, one_number
from pgcourse.exercises.verdict import Verdict, exercise, nearly, right, wrong
from pgcourse.exercises.words import apart, shown
from pgcourse.gaussian import log_density, log_slope, squashed_log_density

# log π of a = tanh u

U = np.array([0.3, -1.2, 2.0, -0.7, 9.0, -9.0, 30.0])  # the last three: where 1 − tanh² u has lost its digits


def _density_mistakes(u: Array, mu: Array, sigma: Array) -> list[Mistake]:
    plain, slope, a = log_density(u, mu, sigma), log_slope(u), np.tanh(u)
    at_a = log_density(a, mu, sigma)
    return [
        Mistake(plain, "That is log π of u. tanh squeezes a stretch of u into a shorter stretch of a: the correction "
                "−log(1 − a²) is missing."),
        Mistake(plain + slope, "The sign of the correction: a is squeezed, so its density is *higher* than that of u, "
                "and log(1 − a²) is negative."),
        Mistake(plain - log_slope(a), "tanh stands there twice: 1 − a² is 1 − tanh² u. You squash a again."),
        Mistake(plain - np.log(1 - a**2 + 1e-6), "Where a is near a wall, 1e-6 is more than 1 − a²: at u = 9 your "
                "log(1 − a²) is −13.8, and the truth is −16.6. Use 1 − tanh² u = 4/(eᵘ + e⁻ᵘ)²."),
        *(Mistake(plain - np.log(held), "Near a wall your small number is not small beside 1 − a², which is 6e-8 at "
                  "u = 9 and 4e-26 at u = 30. Use 1 − tanh² u = 4/(eᵘ + e⁻ᵘ)².")
          for held in (np.maximum(1 - a**2, 1e-6), *(1 - a**2 + c for c in (1e-7, 1e-8, 1e-9, 1e-10)))),
        Mistake(plain - slope / 2, "The slope of tanh is 1 − a², not its root."),
        Mistake(plain - np.log(4) + 2 * np.abs(u), "That holds far out only: log(1 + e^−2|u|), twice, is missing."),
        Mistake(plain - slope - np.log1p(np.exp(-2 * np.abs(u))), "1 + e^−2|u| is squared: its log comes off twice."),
        Mistake(plain - np.exp(slope), "You take 1 − a² off, not its logarithm."),
        Mistake(plain - slope + np.log(4), "log 4 is missing: 1 − tanh² u = 4/(eᵘ + e⁻ᵘ)²."),
        Mistake(plain - slope + np.log(2), "A log 2 is missing: both the 2 and the rest are squared, in "
                "1 − tanh² u = (2/(eᵘ + e⁻ᵘ))²."),
        Mistake(at_a - slope, "The Gaussian is the density of u. You ask it for a."),
        Mistake(at_a, "A Gaussian around μ is the density of u, not of a; and the correction is missing."),
        Mistake(-slope, "Only the correction is there. log N(u; μ, σ²) is missing."),
        Mistake(slope, "That is log(1 − a²). It comes off log N(u; μ, σ²)."),
        Mistake(np.exp(squashed_log_density(u, mu, sigma)), "That is π. Asked for is its logarithm."),
    ]  # fmt: skip


@exercise
def check_squashed_log_pi(my_log_pi: Any) -> Verdict:
    """my_log_pi(u, mu, sigma) must return log π of a = tanh u, (N,), as exact at |u| = 9 and 30 as near 0."""
    rng = np.random.default_rng(19)
    mu, sigma = U + rng.uniform(-1, 1, len(U)), rng.uniform(0.4, 1.5, len(U))
    value = numbers(run(my_log_pi, "u, mu, sigma", U, mu, sigma), RETURNED, U.shape)
    expected = squashed_log_density(U, mu, sigma)
    if value.shape != U.shape:
        return wrong(f"{RETURNED} shape {value.shape}, expected {U.shape}: one number for each action.")
    if close(value, expected):
        if "log_slope" in getattr(getattr(my_log_pi, "__code__", None), "co_names", ()):
            return nearly("That is right, and `log_slope` has done it. Write it with the formula of the exercise.")
        return right("Near the walls, too: there no two almost equal numbers are subtracted.")
    if (known := named(value, _density_mistakes(U, mu, sigma))) is not None:
        return known
    n = next(k for k in range(len(U)) if not close(value[: k + 1], expected[: k + 1]))
    yours, truth = apart(value[n], expected[n])
    if abs(U[n]) < 5:
        where = f"u = {U[n]:g}, μ = {mu[n]:.3f}, σ = {sigma[n]:.3f}"
        return wrong(f"At {where} log π is {truth}; you have {yours}.")
    return nearly(
        f"Right for small |u|. At u = {U[n]:g} log π is {truth}, and you have {yours}: 1 and a² have few different "
        "digits there, or none. Use 1 − tanh² u = 4/(eᵘ + e⁻ᵘ)²."
    )


# Which of three is no density?

TWICE = {
    "A": "A is innocent: its formula is another way to write log(1 − a²), and its mass is 1.",
    "B": "B hands the *action* to tanh once more: it takes log(1 − tanh² a) for log(1 − tanh² u). Its mass is below "
    "1, so it is no density, and its mean is no entropy.",
    "C": "C is innocent: a = 2 tanh u has stretched the Box by 2, so the density is half as high. log 2 is right.",
}


@exercise
def check_twice(answer: Any) -> Verdict:
    """The letter of the log π that belongs to no density."""
    return _accused(answer, "B", TWICE, "Look at the masses: `mass(A)` and so on.")


# The soft target


def _target_mistakes(r: Array, q1: Array, q2: Array, log_pi: Array, alive: Array, gamma: float, tau: float) -> Any:
    q = np.minimum(q1, q2)
    soft, hard = q - tau * log_pi, r + gamma * alive * q
    ends = 1 - alive
    return [
        Mistake(hard, "The entropy to come is missing: the value of s' is q − τ log π, not q. The policy would still "
                "be random, and nothing would count that as a gain."),
        Mistake(r + gamma * alive * (q + tau * log_pi), "The sign of log π: entropy is −log π on average, so it is "
                "q − τ log π. You would pay for a policy that is sure."),
        Mistake(hard - gamma * tau * log_pi, "An end must take away the entropy, too: after it no action is drawn. "
                "Multiply q − τ log π by 1 − terminated, not q alone."),
        Mistake(hard - alive * tau * log_pi, "The entropy of s' comes a step later, as its q: γ stands before both."),
        Mistake(hard - tau * log_pi, "The entropy of s' comes a step later, and not after an end: γ(1 − terminated) "
                "stands before q − τ log π."),
        Mistake(r + gamma * soft, "Nothing is masked: after an end there is neither value nor entropy."),
        Mistake(r + gamma * ends * soft, "The mask is the wrong way round: *terminated* takes away what comes."),
        Mistake(r + alive * soft, "γ is missing."),
        Mistake(r + gamma * alive * (q - log_pi), "τ is missing before log π."),
        Mistake(alive * (r + gamma * soft), "The reward of the last step counts: only what comes after it is masked."),
        *(
            Mistake(r + gamma * alive * (other - tau * log_pi), text)
            for other, text in (
                (np.maximum(q1, q2), "The smaller of the two q, not the larger: of two errors it takes the lower."),
                ((q1 + q2) / 2, "The smaller of the two q, not their mean."),
                (q1, "Both critics are asked, and the smaller answer counts. You take the first."),
                (q2, "Both critics are asked, and the smaller answer counts. You take the second."),
                (np.full_like(q1, min(q1.min(), q2.min())), "The smaller one for each transition: np.minimum. You "
                 "take the smallest number of the whole batch."),
            )
        ),
        Mistake(gamma * alive * soft, "The reward is missing."),
        Mistake(r + gamma * soft - tau * ends, "Multiply by 1 − terminated."),
    ]  # fmt: skip


@exercise
def check_soft_target(my_target: Any) -> Verdict:
    """my_target(r, q1, q2, log_pi, terminated, gamma, tau) must be r + γ (1 − terminated)(min q − τ log π), (N,)."""
    rng = np.random.default_rng(20)
    r, q1, q2, log_pi = rng.standard_normal((4, 8))
    terminated = np.array([0, 1, 0, 0, 1, 0, 0, 0], dtype=bool)
    gamma, tau = 0.9, 0.3
    alive = 1.0 - terminated
    given = run(my_target, "r, q1, q2, log_pi, terminated, gamma, tau", r, q1, q2, log_pi, terminated, gamma, tau)
    value = numbers(given, RETURNED, r.shape)
    if value.shape != r.shape:
        return wrong(f"{RETURNED} shape {value.shape}, expected {r.shape}: one target for each transition.")
    expected = r + gamma * alive * (np.minimum(q1, q2) - tau * log_pi)
    if close(value, expected):
        return right("The soft value of s', by one drawn action; and nothing at all after an end.")
    return mistaken(
        value,
        expected,
        _target_mistakes(r, q1, q2, log_pi, alive, gamma, tau),
        lambda yours, y, n: (
            f"For r = {r[n]:.3f}, q = ({q1[n]:.3f}, {q2[n]:.3f}), log π = {log_pi[n]:.3f}, "
            f"terminated = {bool(terminated[n])}, γ = {gamma}, τ = {tau} the target is {y}; you have {yours}."
        ),
    )


# A step of the temperature


@exercise
def check_temperature(my_step: Any) -> Verdict:
    """my_step(log_tau, log_pi, target, rate) must return log τ − rate (H − target) with H = −mean log π."""
    log_tau, rate = -1.2, 0.05
    for target, log_pi in ((-1.0, np.array([0.4, 2.5, -0.3, 1.2])), (-2.0, np.array([3.1, 2.2, 4.0, 2.9]))):
        answer = run(my_step, "log_tau, log_pi, target, rate", log_tau, log_pi, target, rate)
        if (value := one_number(answer)) is None:
            return wrong(f"{RETURNED} {shown(answer)}, expected one number: the new log τ.")
        H = float(-log_pi.mean())
        expected = log_tau - rate * (H - target)
        if close(value, expected):
            continue
        mistakes = [
            *[Mistake(log_tau - rate * abs(H - target), "τ must rise where H is below the target: take the difference "
                      "with its sign.")] * (target < -1),
            Mistake(log_tau + rate * (H - target), "The sign: with more entropy than asked for, τ must *fall*."),
            Mistake(log_tau - rate * (-H - target), "H is the mean of *minus* log π."),
            Mistake(log_tau - rate * (H + target), "H is *minus* the mean of log π, and the "
                    "target comes off it. One of these signs is turned."),
            Mistake(log_tau - rate * H, "The target is missing: τ stands still where H is the target, not 0."),
            *(
                Mistake(log_tau - rate * (-weighed - target), "The actions are drawn from π, so the plain mean of "
                        "−log π weighs them right. You weigh them with π once more.")
                for weighed in (float((np.exp(log_pi) * log_pi).mean()), float((np.exp(log_pi) * log_pi).sum()))
            ),
            Mistake(log_tau - rate * H - target, "Brackets: the rate stands before H and before the target."),
            Mistake(log_tau - rate * float((-log_pi - target).sum()), "The mean over the batch, not the sum."),
            Mistake(-rate * (H - target), "That is the change. Return the new log τ."),
            Mistake(log_tau - (H - target), "The rate is missing."),
            Mistake(float(np.exp(log_tau - rate * (H - target))), "That is the new τ. Return its logarithm."),
            Mistake(float(np.exp(log_tau)) - rate * (H - target), "You step τ itself. A step of log τ keeps τ > 0."),
            Mistake(log_tau - rate * float(np.exp(log_tau)) * (H - target), "That is the slope of τ (H − target) in "
                    "log τ. SAC's programs leave the factor τ out: then a tiny τ still moves."),
        ]  # fmt: skip
        if (verdict := named(np.array(value), mistakes)) is not None:
            return verdict
        yours, truth = apart(value, expected)
        return wrong(f"With H = {H:.3f}, target {target:g}, rate {rate} and log τ = {log_tau} you get {yours}, "
                     f"expected {truth}.")  # fmt: skip
    return right("Too little entropy, and it is paid better; too much, and it is paid less.")


# The silent bug

END = {
    "D": "D is innocent: it is the soft Bellman equation as it stands.",
    "E": "E is innocent: π q + τ H(π) of the π ∝ exp(q/τ) is τ log Σ exp(q/τ).",
    "F": "F masks q at an end, and still pays an entropy there: τ log 4 for each fall into a hole, and at the goal. On "
    "this lake J is even a little higher with it, so J does not show it. The fixed point does.",
}


@exercise
def check_paid_end(answer: Any) -> Verdict:
    """The letter of the operator whose fixed point is not the soft q."""
    return _accused(answer, "F", END, "Look at how far the fixed points are off: `misses(D)` and so on.")


def _accused(answer: Any, culprit: str, texts: dict[str, str], look: str) -> Verdict:
    return accused(answer, culprit, texts[culprit], {k: text for k, text in texts.items() if k != culprit}, look)
