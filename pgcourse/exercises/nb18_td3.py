"""The exercises of notebook 18: what a maximum adds, what smoothing leaves, TD3's target, critics that are alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from pgcourse.arrays import Array
from pgcourse.exercises.ask import RETURNED, Mistake, close, mistaken, run
from pgcourse.exercises.choices import accused
from pgcourse.exercises.read import numbers, said_number
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, wrong
from pgcourse.overestimation import chosen, smoothing_factor

# A maximum that is fed back


@exercise
def check_maximum(answer: Any, k: int = 3, gamma: float = 0.98) -> Verdict:
    """What Q ← γ max_j (Q + x_j) comes to on average: k actions, each with a standard normal error x_j of its own."""
    value = said_number(answer, "a value such as 12.5")
    largest = chosen(k)
    exact = gamma * largest / (1 - gamma)
    if abs(value - exact) <= 0.005 * exact or value == round(exact):
        return right(f"γ/(1−γ) · {largest:.3f} = {exact:.1f}, where the truth is 0.")
    usual = [
        (0, "Each error has the mean 0, but the largest of three has not."),
        (largest, "That is what the first maximum adds. The next target has it in it, and adds as much again."),
        (gamma * largest, "That is what the first update adds. The next target has it in it, and adds as much again."),
        (largest / (1 - gamma), "Nearly all: the error is made at s', so that it comes with a γ in front."),
        (-exact, "The sign: the largest of three is more often above 0 than below."),
        (k * exact, "The maximum takes one of the actions, it does not sum over them."),
    ]
    for other, message in usual:
        if abs(value - other) <= 0.005 * abs(other) + 1e-9:
            return nearly(message) if other else wrong(message)
    return wrong("With m the mean of the largest, the value that stays obeys Q = γ (Q + m). Solve it for Q.")


# What smoothing leaves of a ripple


@exercise
def check_ripple(answer: Any, omega: float = 6.0, sigma: float = 0.2) -> Verdict:
    """The share of a ripple cos ωa that is left when a has normal noise of standard deviation σ."""
    value = said_number(answer, "a share such as 0.25")
    exact = float(smoothing_factor(omega, sigma))
    clipped = float(smoothing_factor(omega, sigma, 0.5))
    if min(abs(value - exact), abs(value - clipped)) <= 0.01:
        return right(f"e^(−ω²σ²/2) = {exact:.3f}; with the noise clipped at 0.5, {clipped:.3f}.")
    usual = [
        (np.exp(-omega * sigma), "ωσ stands squared, and halved, in the exponent."),
        (np.exp(-((omega * sigma) ** 2)), "The ½ in the exponent is missing."),
        (np.exp(-omega * sigma / 2), "ωσ stands squared in the exponent."),
        (np.exp(-(omega**2) * sigma / 2), "σ stands squared, too: σ² is the variance."),
        (1 - exact, "That is what is gone. What is left?"),
        (np.cos(omega * sigma), "That is the ripple one σ away. Take the mean over all of the noise."),
        (0, "Not all of it goes: the noise is short, compared with the ripple's length of 2π/ω."),
    ]
    for other, message in usual:
        if abs(value - other) <= 0.006 * max(1.0, abs(other)):
            return nearly(message)
    if abs(value - 100 * exact) <= 1:
        return nearly("As a share, not in per cent.")
    return wrong("E[cos ωn] for n ~ N(0, σ²) is e^(−ω²σ²/2).")


# The target action

HALF = 1.5  # not 2, as Pendulum has it: who writes 2 for `half` is told
SIGMA, CLIP = 0.2, 0.5  # TD3's, in half-widths
ROWS = 6000  # at each of three places


@exercise
def check_target_action(my_action: Any) -> Verdict:
    """my_action(mu, half, sigma, clip, rng): μ + half · clip(σ ε, ±clip), inside ± half, for actions μ (N, 1).

    It is judged by what it does, not by how it draws: by a few moments, each with room for six standard errors.
    """
    centres = np.array([[-0.95], [0.0], [0.95]]) * HALF
    for rows in (1, ROWS):  # a few at first: where axes are added by mistake, all would make an array of gigabytes
        mu = np.repeat(centres, rows, axis=0)
        given = mu, HALF, SIGMA, CLIP, np.random.default_rng(18)
        a = numbers(run(my_action, "mu, half, sigma, clip, rng", *given, pure=True), RETURNED, mu.shape)
        if a.shape != mu.shape:
            return wrong(f"{RETURNED} an array of shape {a.shape}, expected {mu.shape}: an action for each μ.")
    if not np.isfinite(a).all():
        return wrong(f"{RETURNED} {a[~np.isfinite(a)][0]} among the actions.")
    noise = ((a - mu) / HALF).reshape(3, ROWS)
    middle = noise[1]
    for found in (_noise_of_its_own(middle), _its_size(middle), _inside(a, noise)):
        if found is not None:
            return found
    return right("Each row has noise of its own, cut twice: at c, so that it stays near μ, and at the Box.")


def _noise_of_its_own(noise: Array) -> Verdict | None:
    """Whether the rows of the middle differ, or a Verdict."""
    if np.ptp(noise) < 1e-12:
        if abs(noise[0]) < 1e-12:
            return nearly("There is no noise in it: each critic's narrow peak is believed.")
        return nearly("All rows have the same noise: draw a number for each row, of the shape of mu.")
    inside = noise[np.abs(noise) < np.abs(noise).max() - 1e-9]  # and not what a clip heaps up
    if len(np.unique(inside)) <= 0.5 * len(inside):
        return nearly("Many rows share their noise: draw a number for each row, of the shape of mu.")
    return None


def _its_size(noise: Array) -> Verdict | None:
    """Whether the noise around μ = 0, in half-widths, is that of clip(σε, ±c), or a Verdict."""
    if abs(noise.mean()) > 6 * SIGMA / np.sqrt(len(noise)):
        return nearly(f"Around μ = 0 your noise has the mean {noise.mean():.3f} half-widths, expected 0.")
    size, most = noise.std(), np.abs(noise).max()
    usual = {1 / HALF: "the factor `half` is missing", HALF: "`half` is in it twice", 2 / HALF: "2 stands for `half`"}
    for factor, told in usual.items():
        if abs(size / (SIGMA * factor) - 1) < 0.05 and most <= CLIP * factor + 1e-9:
            return nearly(f"The noise is {factor:.3g} times as large as it should be: {told}.")
    if abs(most / (CLIP / HALF) - 1) < 1e-9:
        return nearly("You clip at ±c in the units of the actions: c and σ are told in half-widths.")
    if most > CLIP + 1e-9:
        return nearly(f"Around μ = 0 your noise reaches {most:.2f} half-widths, expected at most c = {CLIP}: clip it.")
    if abs(size / 0.1978 - 1) > 6 / np.sqrt(2 * len(noise)):
        of = f"Around μ = 0 your noise has the standard deviation {size:.3f} half-widths"
        if abs(size - SIGMA**2) < 0.005:
            return nearly(f"{of}. σ is a standard deviation: do not square it.")
        if size > 2 * SIGMA:
            return nearly(f"{of}, expected about {SIGMA}: is σ missing?")
        return wrong(f"{of}, expected about {SIGMA}.")
    if not 0.5 < (np.abs(noise) > CLIP - 1e-9).sum() / (len(noise) * 0.01242) < 1.6:
        return nearly("The noise has the right size, but not the normal's shape: clip(σ ε, −c, c) with ε ~ N(0, 1).")
    return None


def _inside(a: Array, noise: Array) -> Verdict | None:
    """Whether the actions stay in the Box and are clipped there, or a Verdict."""
    most = np.abs(a).max()
    if most > HALF + 1e-9:
        return nearly(
            f"An action of {most:.2f} leaves the Box, ±{HALF:g}: no data are there, and a critic may say what it likes."
        )
    if most < HALF - 1e-9:
        return nearly(
            f"Near the bound your actions come to {most:.2f} and none stands at ± half = ±{HALF:g}. Clip them there; "
            "an action that is drawn again has another distribution."
        )
    outwards = np.concatenate([noise[2], -noise[0]])  # there is room for 0.05, where the rest heaps up
    if np.mean(outwards > 0.05 - 1e-9) > 0.9:
        return nearly("μ is an action already, within ± half. Multiply the noise by `half`, and not μ.")
    if not 0.35 < np.mean(outwards > 0.05 - 1e-9) < 0.45:  # P(ε > ¼) = 0.401
        return nearly("Near the bound: add the noise, and only then clip the action at ± half.")
    return None


# The smaller of two


@exercise
def check_clipped_double(my_target: Any) -> Verdict:
    """my_target(r, terminated, gamma, q_1, q_2): y = r + γ(1−terminated) min(q₁, q₂), (N,), one for both critics."""
    rng = np.random.default_rng(19)
    N, gamma = 8, 0.9
    r, q_1 = -rng.uniform(1, 5, N), -rng.uniform(5, 9, N)
    q_2, terminated = q_1 + rng.choice([-1, 1], N) * rng.uniform(0.5, 3, N), np.arange(N) % 4 == 1
    names = "r, terminated, gamma, q_1, q_2"
    value = numbers(run(my_target, names, r, terminated, gamma, q_1, q_2), RETURNED)
    if value.shape == (2, N) and close(value[0], value[1]):
        raise Reply(nearly("Both critics learn from the *same* y: return it once, of shape (N,)."))
    if value.shape in ((2, N), (N, 2)):
        raise Reply(nearly("That is a target for each critic. Both learn from the same y, which has the smaller q."))
    value = value.reshape(N) if value.size == N else value
    if value.shape != (N,):
        return wrong(f"{RETURNED} an array of shape {value.shape}, expected ({N},): a target for each transition.")

    def y(q: Any) -> Array:
        return r + gamma * ~terminated * q

    smaller = np.minimum(q_1, q_2)
    if close(value, y(smaller)):
        return right("Transition by transition, and for both critics the same.")
    if close(value, y(q_1)) or close(value, y(q_2)):
        exchanged = numbers(run(my_target, names, r, terminated, gamma, q_2, q_1), RETURNED)
        if exchanged.size == N and close(exchanged.reshape(N), value):  # not by its place, then
            return nearly("You choose one critic for the whole batch: take the smaller for each transition.")
    mistakes = [
        Mistake(y(np.maximum(q_1, q_2)), "That is the larger of the two: it makes the bias worse."),
        Mistake(y((q_1 + q_2) / 2), "The mean of the two is still too high: at least half of the bias stays."),
        Mistake(y(q_1), "That is the first critic alone: what the actor climbs."),
        Mistake(y(q_2), "That is the second critic alone, as double Q-learning has it. TD3 takes the smaller."),
        Mistake(y(min(q_1.min(), q_2.min())), "One smallest value for the whole batch: take it for each transition."),
        Mistake(r + gamma * smaller, "After an end nothing follows: Q' must not count where `terminated`."),
        Mistake(r + gamma * terminated * smaller, "The other way round: Q' counts where it has *not* terminated."),
        Mistake(r + ~terminated * smaller, "γ is missing."),
        Mistake(gamma * ~terminated * smaller, "The reward r is missing."),
        Mistake(~terminated * (r + gamma * smaller), "The reward of the last step is paid, too: only Q' is removed."),
        Mistake(r + gamma * ~terminated * (q_1 + q_2), "That is the sum of the two. Take the smaller."),
    ]  # fmt: skip
    what = "For transition {}, y is {}; you have {}."
    return mistaken(value, y(smaller), mistakes, lambda yours, right_one, n: what.format(n, right_one, yours))


# Critics that are alike

INNOCENT = {
    "A": "A draws twice from one generator: two different numbers.",
    "C": "C gives each critic a seed of its own, and the two seeds differ.",
}


@exercise
def check_alike(answer: Any) -> Verdict:
    """The letter of the colleague whose two critics are always alike: their smaller one is as high as one critic."""
    why = (
        "B begins the generator anew for each critic, with the same seed. Both critics begin alike, learn from the "
        "same y and batch, and stay alike: r = 1. Each by itself is a fine critic, and the returns may look fine, too."
    )
    return accused(answer, "B", why, INNOCENT, look="Look at estimate − truth with the smaller of the two.")
