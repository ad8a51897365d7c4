"""The exercises of notebook 08: one step, GAE, the best baseline, the biased update, the trade-off."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pgcourse.arrays import Array
from pgcourse.exercises.ask import RETURNED, Mistake, close, mistaken, named, run
from pgcourse.exercises.choices import accusation
from pgcourse.exercises.read import entries, numbers, said_number, word
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, waiting, wrong
from pgcourse.exercises.words import shown

# One step of actor and critic

GAMMA, ALPHA, ALPHA_W = 0.9, 0.1, 0.5
CASES = [  # s, a, r, s', terminated, γᵗ
    (0, 1, -1.0, 2, False, 0.81),
    (2, 0, 3.0, 1, True, 0.9),
    (1, 1, 0.5, 0, False, 0.729),
]


def _steps(step: Callable[..., Any]) -> Array:
    """(θ, w) after one step from the same start, for each of the cases, in one row of numbers."""
    rng, after = np.random.default_rng(8), []
    for s, a, r, s_next, terminated, discount in CASES:
        theta, w = rng.standard_normal((3, 2)).round(2), rng.standard_normal(3).round(2)
        weights = np.exp(theta[s])
        score = np.zeros((3, 2))
        score[s] = np.eye(2)[a] - weights / weights.sum()
        new_theta, new_w = step(theta, w, score, s, r, s_next, terminated, discount, GAMMA, ALPHA, ALPHA_W)
        after.append(np.concatenate([np.ravel(new_theta), np.ravel(new_w)]))  # θ first, then w
    return np.concatenate(after)


def _step(
    delta: Callable[..., float] = lambda r, v, then, on, gamma, discount: r + gamma * on * then - v,
    actor: str = "delta",
    critic: str = "s",  # which entries of w move
    sign: float = 1.0,
    discounts: tuple[bool, bool] = (True, False),  # γᵗ for the actor, for the critic
    sizes: Callable[[float, float], tuple[float, float]] = lambda alpha, alpha_w: (alpha, alpha_w),
) -> Callable[..., tuple[Array, Array]]:
    """The step, or one with a mistake in it."""

    def step(
        theta: Array, w: Array, score: Array, s: int, r: float, s_next: int, terminated: bool, discount: float,
        gamma: float, alpha: float, alpha_w: float,
    ) -> tuple[Array, Array]:  # fmt: skip
        def error(w: Array) -> float:
            return delta(r, w[s], w[s_next], not terminated, gamma, discount)

        alpha, alpha_w = sizes(alpha, alpha_w)
        by = sign * alpha_w * (discount if discounts[1] else 1) * error(w)
        here, there = np.eye(len(w))[[s, s_next]]
        steps = {"s": by * here, "s_next": by * there, "all": np.full(len(w), by), "none": 0 * w}
        steps |= {"replaced": (by - w[s]) * here, "through": by * (here - gamma * (not terminated) * there)}
        new_w = w + steps[critic]
        weight = {"delta": error(w), "late": error(new_w), "target": error(w) + w[s], "reward": r, "minus": -error(w)}
        weight |= {"later": gamma * error(w), "all": error(w)}
        direction = np.ones_like(score) if actor == "all" else score
        return theta + alpha * (discount if discounts[0] else 1) * weight[actor] * direction, new_w

    return step


SLIPS: list[tuple[str, Callable[..., Any]]] = [
    (
        "After a termination nothing follows: v(s') counts 0 there.",
        _step(lambda r, v, then, on, gamma, discount: r + gamma * then - v),
    ),
    (
        "γ is missing in δ: what comes a step later counts γ times.",
        _step(lambda r, v, then, on, gamma, discount: r + on * then - v),
    ),
    (
        "γᵗ is missing in the actor's step (`discount`). That is common practice; in general it is not ∇J.",
        _step(discounts=(False, False)),
    ),
    (
        "γᵗ belongs to the actor alone: it is the weight of the state in ∇J, and the critic's goal has no such weight.",
        _step(discounts=(True, True)),
    ),
    ("γᵗ stands in the wrong step: it belongs to the actor's, not to the critic's.", _step(discounts=(False, True))),
    ("The critic goes the wrong way: v(s) must come nearer to what was seen, r + γ v(s').", _step(sign=-1)),
    ("The actor goes downhill: δ > 0 was better than expected, so more of it.", _step(actor="minus")),
    (
        "The critic has moved before the actor used it: one δ, computed once, teaches both.",
        _step(actor="late"),
    ),
    (
        "The actor weighs with the target r + γ v(s'), without the baseline v(s): right on average, and much noisier.",
        _step(actor="target"),
    ),
    ("The actor weighs with the reward alone: then it is short-sighted. The weight is δ.", _step(actor="reward")),
    ("The two step sizes have changed places.", _step(sizes=lambda alpha, alpha_w: (alpha_w, alpha))),
    ("Both take the actor's step size; the critic has its own.", _step(sizes=lambda alpha, alpha_w: (alpha, alpha))),
    ("The critic's step size is missing.", _step(sizes=lambda alpha, alpha_w: (alpha, 1.0))),
    ("The actor's step size is missing.", _step(sizes=lambda alpha, alpha_w: (1.0, alpha_w))),
    (
        "v(s') moves, too: you differentiate through the target. It is held fixed, only v(s) learns.",
        _step(critic="through"),
    ),
    ("All of w moves. Only the entry of the state that was left learns: w[s].", _step(critic="all")),
    ("w does not move: the critic must learn as well.", _step(critic="none")),
    ("w[s_next] moves. The state that was left learns: w[s].", _step(critic="s_next")),
    ("w[s] is replaced: the step is to be added to what was there.", _step(critic="replaced")),
    ("∇log π is missing in the actor's step (`score`): all actions go up alike.", _step(actor="all")),
    ("The actor has γᵗ⁺¹. `discount` is γᵗ already, and that is all.", _step(actor="later")),
    (
        "The sign of δ is turned round: it is what was seen, r + γ v(s'), minus what was expected, v(s).",
        _step(sign=-1, actor="minus"),
    ),
    (
        "At a termination only v(s') is left out. v(s) is still taken off: δ = r − v(s).",
        _step(lambda r, v, then, on, gamma, discount: r + on * (gamma * then - v)),
    ),
    (
        "At a termination δ is not 0: the last reward counts, δ = r − v(s).",
        _step(lambda r, v, then, on, gamma, discount: on * (r + gamma * then - v)),
    ),
    (
        "`terminated` is the wrong way round: v(s') counts where the trajectory goes on.",
        _step(lambda r, v, then, on, gamma, discount: r + gamma * (not on) * then - v),
    ),
    (
        "`~` of a plain True or False is −2 or −1, not its opposite: write `not terminated`.",
        _step(lambda r, v, then, on, gamma, discount: r + gamma * (-1 if on else -2) * then - v),
    ),
    (
        "δ has γᵗ (`discount`) where γ belongs: s' is one step ahead, whatever t is.",
        _step(lambda r, v, then, on, gamma, discount: r + discount * on * then - v),
    ),
]


@exercise
def check_step(my_step: Any) -> Verdict:
    """my_step(theta, w, score, s, r, s_next, terminated, discount, gamma, alpha, alpha_w) → the new θ and w."""
    signature = "theta, w, score, s, r, s_next, terminated, discount, gamma, alpha, alpha_w"

    def checked(theta: Array, w: Array, *rest: Any) -> tuple[Array, Array]:
        answer = run(my_step, signature, theta, w, *rest)
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            raise Reply(wrong(f"{RETURNED} {shown(answer)}, expected two things: the new theta and the new w."))
        new_theta, new_w = numbers(answer[0], "Your theta is", theta.shape), numbers(answer[1], "Your w is", w.shape)
        if (new_theta.shape, new_w.shape) != (theta.shape, w.shape):
            shapes = f"{new_theta.shape} and {new_w.shape}"
            expected = f"{theta.shape} and {w.shape}"
            raise Reply(wrong(f"{RETURNED} shapes {shapes}, expected those of theta and w, {expected}."))
        return new_theta, new_w

    after, expected = _steps(checked), _steps(_step())
    if close(after, expected):
        return right("Three steps, one of them the last of its trajectory: θ and w are where they belong.")
    if (verdict := named(after, (Mistake(_steps(slip), message) for message, slip in SLIPS))) is not None:
        return verdict
    yours, right_one = (np.reshape(x, (len(CASES), 9)) for x in (after, expected))
    off = "theta" if close(yours[:, 6:], right_one[:, 6:]) else "w"
    return wrong(f"Your new {off} is not as expected. One δ for both: w[s] moves by α_w δ, θ by α γᵗ δ ∇log π.")


# GAE

DELTA = np.array([1.0, -2.0, 0.5, 3.0, -1.0, 0.25, 2.0, -0.75])
ENDED = np.array([False, False, True, False, False, False, True, False])


def _backward(delta: Array, c: float, ended: Any) -> Array:
    """A_t = δ_t + c A_{t+1}, where t has not ended."""
    A, after = np.zeros(len(delta)), 0.0
    for t in range(len(delta) - 1, -1, -1):
        A[t] = after = delta[t] + c * (not ended[t]) * after
    return A


@exercise
def check_gae(my_gae: Any) -> Verdict:
    """my_gae(delta, gamma, lam, ended) must return A_t = δ_t + γλ A_{t+1}, and start anew after each end."""
    gamma, lam = 0.9, 0.7
    c, none = gamma * lam, np.zeros(len(DELTA), dtype=bool)
    expected = _backward(DELTA, c, ENDED)
    begins = np.append(False, ENDED[:-1])
    forward = _backward(DELTA[::-1], c, begins[::-1])[::-1]
    ended_next, early = np.append(ENDED[1:], False), np.arange(len(DELTA)) < len(DELTA) - 1
    value = numbers(run(my_gae, "delta, gamma, lam, ended", DELTA, gamma, lam, ENDED), RETURNED, DELTA.shape)
    if value.shape != DELTA.shape:
        return wrong(f"{RETURNED} shape {value.shape}, expected {DELTA.shape}: the advantage of each step.")
    if close(value, expected):
        return right("A at eight steps of three trajectories, the last one cut by the batch.")
    mistakes = (
        Mistake(
            _backward(DELTA, c, none),
            "Errors leak from one trajectory into the one before: where `ended` says so, nothing of A_{t+1} is passed "
            "on.",
        ),
        Mistake(
            forward, "This runs forward in time: A_t gathers the errors *before* t. Go from the last step to the first."
        ),
        Mistake(
            _backward(DELTA[::-1], c, none)[::-1],
            "This runs forward in time, and across the ends. Go from the last step to the first.",
        ),
        Mistake(_backward(DELTA, gamma, ENDED), "λ is missing: each step back counts γλ times."),
        Mistake(_backward(DELTA, lam, ENDED), "γ is missing: each step back counts γλ times."),
        Mistake(_backward(DELTA, gamma + lam, ENDED), "γ and λ are multiplied, not added."),
        Mistake(_backward(DELTA, 1.0, ENDED), "γ and λ are both missing."),
        Mistake(_backward(DELTA, 1.0, none), "Both are missing, γλ and the ends."),
        Mistake(DELTA, "This is δ itself, which is λ = 0."),
        Mistake(
            _backward(DELTA, c, ended_next),
            "One step off: `ended[t]` says that t is the last of its trajectory; you ask about t + 1.",
        ),
        Mistake(
            _backward(DELTA, c, begins),
            "One step off: `ended[t]` says that t is the last of its trajectory; you ask about t − 1.",
        ),
        Mistake(_backward(DELTA * ~ENDED, c, ENDED), "The last δ of a trajectory is lost: at an end A_t is δ_t."),
        Mistake(_backward(DELTA * early, c, ENDED), "The last δ of the batch is lost: begin with it, not one before."),
        Mistake(
            _backward(DELTA, c, ~ENDED),
            "The wrong way round: A_{t+1} is passed on where the trajectory has *not* ended.",
        ),
        Mistake(
            DELTA + c * ~ENDED * np.append(DELTA[1:], 0), "Only one step ahead: A_t = δ_t + γλ A_{t+1}, not δ_{t+1}."
        ),
        Mistake(expected[::-1], "In reversed order: put the result back in the order of time."),
        Mistake((1 - lam) * expected, "The average of n-step errors has a factor 1 − λ, but their sum in δ has none."),
    )
    return mistaken(
        value, expected, mistakes, lambda yours, right, t: f"At step {t} your function gives {yours}, expected {right}."
    )


# The best baseline


@exercise
def check_best_baseline(answer: Any, p: float, q: tuple[float, float]) -> Verdict:
    """(1−p) q₁ + p q₂: the baseline of a two-armed bandit without variance. A function (p, q1, q2) will do."""
    if answer is ...:
        return waiting("a number, or a function of p, q1, q2,")
    if callable(answer):
        for case in ((p, *q), (0.3, -1.0, 2.0), (0.65, 4.0, 1.0)):
            if not (verdict := _baseline(run(answer, "p, q1, q2", *case), *case)):
                return verdict._replace(message=f"p, q₁, q₂ = {case}: {verdict.message}")
        return right("(1−p) q₁ + p q₂: both estimates are then the same number, and that number is the gradient.")
    return _baseline(answer, p, *q)


def _baseline(answer: Any, p: float, q_1: float, q_2: float) -> Verdict:
    b = said_number(answer, "one such as 0.25")
    best = (1 - p) * q_1 + p * q_2
    variance = p * (1 - p) * np.square(b - best)
    if close(b, best):
        return right(f"b = (1−p) q₁ + p q₂ = {best:g}: each action weighs with the *other* one's probability.")
    known = {
        p * q_1 + (1 - p) * q_2: "That is v^π, the mean reward. But the rare action moves θ the most, and its estimate "
        "weighs the most in the variance: weigh q by π |∇log π|², not by π.",
        (q_1 + q_2) / 2: "The plain mean is best at p = ½ only.",
        0.0: "Without a baseline the variance is not the smallest.",
        max(q_1, q_2): "The larger q: then the better action teaches nothing, its estimate is 0.",
        -best: "The sign is turned round: b is subtracted from the reward.",
        (1 - p) ** 2 * q_1 + p**2 * q_2: "The weights π |∇log π|² must be divided by their sum.",
        p * (1 - p) * best: "The weights π |∇log π|² must be divided by their sum.",
    }
    for value, message in known.items():
        if close(b, value):
            return nearly(f"{message} Its variance is {variance:.4g}, and 0 can be had.")
    return wrong(f"With b = {b:g} the variance is {variance:.4g}, and 0 can be had: make the two estimates equal.")


# The biased update

BIASED_UPDATE = {
    "A": "A is innocent: with λ = 1 the critic is only a baseline, and 7 s is one like any other.",
    "B": "B evaluates the critic after the game has ended, where nothing follows. A table that began at 0 is 0 there, "
    "a network may say anything. Here it says −1, so every end of the game looks bad.",
    "C": "C is innocent: in live states its v is exact, so every λ gives q − v on average; and what it takes for v at "
    "the end of the game is 0.",
}
check_biased_update = accusation(
    __name__,
    "check_biased_update",
    "B",
    BIASED_UPDATE,
    "The letter of the actor-critic update whose mean is not ∇J.",
    look="Look at z_scores(A(tau), grad_J), and at those of B and C.",
)


# Bias and spread

TRADEOFF: dict[str, tuple[str, str]] = {  # the right word, and a question that leads to it
    "bias, λ rises": ("down", "A larger λ asks the critic later. By which factor has its word then shrunk?"),
    "spread, λ rises": ("up", "What stands where the critic's one number stood, and is it the same every time?"),
    "bias at λ = 0, critic improves": ("down", "At λ = 0 all the bias is the critic's error at s'."),
    "bias at λ = 1, critic improves": ("same", "What is the critic at λ = 1: part of the target, or only a baseline?"),
}
WORDS: Mapping[str, str] = {"rises": "up", "falls": "down", "stays": "same"}


@exercise
def check_tradeoff(answer: Any) -> Verdict:
    """A dictionary of four predictions, each "up", "down" or "same"."""
    given = entries(answer, TRADEOFF, "a word for each prediction", "{!r} is missing")
    if open_ := [key for key, effect in given.items() if effect is ...]:
        return waiting("a word for " + "; ".join(map(repr, open_)))
    for key, (expected, question) in TRADEOFF.items():
        own = word(given[key])
        own = WORDS.get(own, own) if isinstance(own, str) else own
        if not isinstance(own, str) or own not in ("up", "down", "same"):
            return wrong(f"{key}: {shown(given[key])} is not one of the three; expected 'up', 'down' or 'same'.")
        if own != expected:
            return wrong(f"Not {own!r} for {key!r}: try it in the view. {question}")
    return right("λ buys less bias with more spread, and a better critic lowers the price.")
