"""The exercises of notebook 15: where the clip acts, L^CLIP, its gradient's weights, and a silent bug."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from pgcourse.arrays import Array
from pgcourse.bellman import exact
from pgcourse.exercises.ask import RETURNED, Mistake, close, mistaken, named, run
from pgcourse.exercises.choices import accused, first_wrong
from pgcourse.exercises.read import entries, numbers, word
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, wrong
from pgcourse.gradients import angle, tabular_softmax_gradient
from pgcourse.policy import Policy, tabular_softmax
from pgcourse.surrogate import is_flat, is_outside, ratios
from pgcourse.zoo import five_states

ONLY = "It is right with ε = 0.2 only. Is the argument epsilon used?"

# Where a step pushes a pair

PUSHES: dict[int, tuple[str, str]] = {  # pair → where it is pushed, and why
    1: ("flat", "r has gone up, as A > 0 wants, and is beyond 1.2: nothing more is to be had there."),
    2: ("down", "A < 0, and r has gone the wrong way. The minimum is r A, and its slope sends r down again."),
    3: ("up", "A > 0, and r has gone the wrong way. The minimum is r A, and its slope sends r up again."),
    4: ("flat", "r has gone down, as A < 0 wants, and is below 0.8: nothing more is to be had there."),
    5: ("up", "1.1 is inside: there the minimum is r A."),
    6: ("down", "How large A is does not matter here, nor how far r has gone. Its sign does: r is on the wrong side."),
}
ALSO: dict[Any, str] = {"0": "flat", 0: "flat", "still": "flat", "none": "flat", "nowhere": "flat"}
ALSO |= {"1": "up", "+1": "up", 1: "up", "+": "up", "-1": "down", "−1": "down", -1: "down", "-": "down", "−": "down"}


@exercise
def check_pushes(answer: Any) -> Verdict:
    """A dictionary: for each of six pairs "up", "down" or "flat"."""
    said = entries(answer, PUSHES, "a word for each pair", "Pair {} has no answer")
    given = {key: word(said[key], ALSO) for key in PUSHES}
    verdict = first_wrong(
        given,
        {key: push for key, (push, _) in PUSHES.items()},
        ("up", "down", "flat"),
        "pair",
        lambda key, push: f"Not {push!r} for pair {key}. {PUSHES[key][1]}",
    )
    praise = "The clip holds back only those that have gone too far the way they should."
    return right(praise) if verdict is None else verdict


# L^CLIP


class Samples(NamedTuple):
    """Ratios and advantages (N,): inside, outside and flat, outside and on their way back."""

    r: Array
    A: Array


@lru_cache(maxsize=1)
def batches() -> tuple[Samples, Samples]:
    """In the first the mean of r A is larger than that of the clipped products, in the second it is smaller."""
    r = np.array([1.0, 1.13, 0.9, 1.45, 0.5, 1.7, 0.35, 1.3, 0.62])
    A = np.array([0.4, -1.1, 2.0, 1.5, -0.8, -0.6, 1.2, 0.3, -1.9])
    return Samples(r, A), Samples(r, -0.7 * A)


def _objective_mistakes(r: Array, A: Array, epsilon: float) -> list[Mistake]:
    clipped = _clipped(r, epsilon)
    each = np.minimum(r * A, clipped * A)
    normal = (A - A.mean()) / A.std()
    return [
        Mistake((np.minimum(r, clipped) * A).mean(), "The minimum is taken of r and the clipped r, before A comes in. "
                "For A < 0 that is the larger product. Multiply first, then take the minimum."),
        Mistake(min((r * A).mean(), (clipped * A).mean()), "The mean comes before the minimum. Each sample has its "
                "own minimum; the mean is taken last."),
        Mistake(np.maximum(r * A, clipped * A).mean(), "That has the maximum. The minimum never promises more than "
                "r A does."),
        Mistake((clipped * A).mean(), "The minimum is missing: with the clipped ratio alone a pair that has gone the "
                "wrong way is flat, too, and never comes back."),
        Mistake((r * A).mean(), "That is the surrogate, without any clip."),
        Mistake(np.clip(r * A, 1 - epsilon, 1 + epsilon).mean(), "Clip the ratio r, not the product r A."),
        Mistake(np.minimum(r * A, np.clip(r * A, 1 - epsilon, 1 + epsilon)).mean(), "Clip the ratio r, not the product "
                "r A."),
        Mistake(np.minimum(r * A, np.clip(r, -epsilon, epsilon) * A).mean(), "The ratio is clipped around 1: from "
                "1 − ε to 1 + ε."),
        Mistake(np.minimum(r * A, np.minimum(r, 1 + epsilon) * A).mean(), "The ratio is clipped from above only. For "
                "A < 0 the lower edge 1 − ε is the one that matters."),
        Mistake(np.minimum(r * A, A).mean(), "That is a clip with ε = 0: the ratio may move between 1 − ε and 1 + ε."),
        Mistake(each.sum(), "You add the samples up. Take their mean."),
        Mistake(-each.mean(), "That is a loss, to go down. L^CLIP is to go up: no minus."),
        Mistake(-each.sum(), "Take the mean of the samples, and no minus: L^CLIP is to go up."),
        Mistake(np.minimum(r * normal, clipped * normal).mean(), "A is taken as it is given. To normalise it is "
                "another step, before this one."),
        Mistake(np.minimum(np.log(r) * A, np.log(clipped) * A).mean(), "r is the ratio itself, not its logarithm."),
        Mistake((np.minimum(np.abs(r - 1), epsilon) * A).mean(), "The ratio is clipped, not its distance from 1."),
        Mistake(each, "That is one number a sample. L^CLIP is their mean."),
    ]  # fmt: skip


@exercise
def check_clipped(my_objective: Any) -> Verdict:
    """my_objective(r, A, epsilon) must return the mean of min(r A, clip(r, 1−ε, 1+ε) A)."""
    for epsilon in (0.2, 0.4):
        found, of_mistakes = [], []
        for r, A in batches():
            value = numbers(run(my_objective, "r, A, epsilon", r, A, epsilon), RETURNED, ())
            mistakes = _objective_mistakes(r, A, epsilon)
            if value.shape != ():
                if (known := named(value, mistakes)) is not None:
                    return known
                raise Reply(wrong(f"{RETURNED} shape {value.shape}, expected one number, the mean over the samples."))
            found.append(value)
            of_mistakes.append([mistake for mistake in mistakes if np.ndim(mistake.value) == 0])
        expected = np.array([np.minimum(r * A, _clipped(r, epsilon) * A).mean() for r, A in batches()])
        if not close(np.array(found), expected):
            if epsilon != 0.2:
                return nearly(ONLY)
            both = [Mistake(np.array([x.value, y.value]), x.message) for x, y in zip(*of_mistakes, strict=True)]
            return mistaken(
                np.array(found),
                expected,
                both,
                lambda mine, L, k: f"L^CLIP of batch {k + 1}, ε = 0.2, is {L}; you have {mine}.",
            )
    return right("Never more than r A, and flat where a sample has gone far enough.")


def _clipped(r: Array, epsilon: float) -> Array:
    return np.clip(r, 1 - epsilon, 1 + epsilon)


# The weights of its gradient


class FarAway(NamedTuple):
    """θ of the five states as notebook 15 has them: ratios and advantages of all pairs, and the occupancy."""

    r: Array
    A: Array
    rho_pi: Array
    new: Policy


@lru_cache(maxsize=1)
def far_away() -> FarAway:
    """Eleven of the fifteen pairs are outside of 1 ± 0.2, four of them flat."""
    mdp, pi = five_states(), Policy.uniform(5, 3)
    v_pi, q_pi, rho_pi, _ = exact(mdp, pi)
    new = tabular_softmax(np.random.default_rng(8).standard_normal((5, 3)))
    return FarAway(ratios(pi, new), q_pi - v_pi[:, None], rho_pi, new)


def without_the_minimum() -> float:
    """The cosine of the gradient that gives 0 to all that is outside, with the right one."""
    r, A, rho_pi, new = far_away()
    lost, kept = (np.where(no, 0, A) for no in (is_outside(r, 0.2), is_flat(r, A, 0.2)))
    g, right_one = (tabular_softmax_gradient(rho_pi, new, weight) for weight in (lost, kept))
    return float(np.cos(np.radians(angle(g, right_one))))


def _weight_mistakes(r: Array, A: Array, epsilon: float) -> list[Mistake]:
    flat, out = is_flat(r, A, epsilon), is_outside(r, epsilon)
    clipped, w = _clipped(r, epsilon), np.where(flat, 0, r * A)
    back = f"on their way back. The cosine with the right gradient is {without_the_minimum():.3f} then"
    return [
        Mistake(np.where(out, 0, r * A), f"You give 0 to all that is outside. Some are {back}."),
        Mistake(np.where(out, 0, A), "You give 0 to all that is outside, also to those on their way back. And the "
                "ratio is missing: ∇r = r ∇log π'."),
        Mistake(np.where(flat, 0, A), "The ratio is missing: ∇r = r ∇log π', so that the weight is r A."),
        Mistake(r * A, "Nothing is flat: that is the gradient of the surrogate, without any clip."),
        Mistake(A, "That is the weight of the policy gradient, where r = 1. Here r has moved: ∇r = r ∇log π', and "
                "where the minimum is flat it is 0."),
        Mistake(np.where(out & ~flat, 0, r * A), "The wrong ones are 0: you stop those that are on their way back, and "
                "let go on those that have gone too far."),
        Mistake(np.where(r > 1 + epsilon, 0, r * A), "For A > 0 that is right. For A < 0 the minimum is flat below "
                "1 − ε, and not above 1 + ε."),
        Mistake(np.where(r < 1 - epsilon, 0, r * A), "For A < 0 that is right. For A > 0 the minimum is flat above "
                "1 + ε, and not below 1 − ε."),
        Mistake(clipped * A, "That is the clipped product itself. Where it is the smaller one it has no slope: 0."),
        Mistake(np.minimum(r * A, clipped * A), "That is L^CLIP's value for each sample. Its slope is r A, or 0 where "
                "it is flat."),
        Mistake(-w, "The sign is turned round: θ goes up L^CLIP."),
        Mistake(w / len(r), "No division by N: the mean is taken later."),
        Mistake(np.where(flat, 0, r), "A is missing: the slope of r A along log π' is r A."),
        Mistake((~flat).astype(float), "That says which count. The weight is r A where they do."),
        Mistake(flat.astype(float), "That says which are flat. The weight is 0 there, and r A elsewhere."),
    ]  # fmt: skip


@exercise
def check_clip_weights(my_weights: Any) -> Verdict:
    """my_weights(r, A, epsilon) must return w (N,), so that ∇L^CLIP is the mean of w ∇log π'."""
    of = far_away()
    r, A = of.r.ravel(), of.A.ravel()
    for epsilon in (0.2, 0.5):
        expected = np.where(is_flat(r, A, epsilon), 0, r * A)
        value = numbers(run(my_weights, "r, A, epsilon", r, A, epsilon), RETURNED, r.shape)
        if value.shape != r.shape:
            raise Reply(wrong(f"{RETURNED} shape {value.shape}, expected {r.shape}: one weight a sample."))
        if not close(value, expected):
            if epsilon != 0.2:
                return nearly(ONLY)
            return mistaken(
                value,
                expected,
                _weight_mistakes(r, A, epsilon),
                lambda mine, w, i: f"Where r = {r[i]:.2f} and A = {A[i]:.2f}, w is {w}; you have {mine}.",
            )
    return right("r A where the minimum moves, 0 where it is flat. That is all that PPO adds to a policy gradient.")


# The silent bug

INNOCENT: dict[str, str] = {
    "A": "A is innocent: log π of the old θ is computed once, before θ moves, and the array stays as it is.",
    "B": "B is innocent: it computes the old log π anew in each step, but of the old θ. `theta = theta + …` makes a "
    "new array, and `old` still is the first one.",
}


@exercise
def check_moving_old(answer: Any) -> Verdict:
    """The letter of the loop whose ratio is always 1."""
    name = getattr(answer, "__name__", answer)
    return accused(
        name.strip().removeprefix("loop_") if isinstance(name, str) else answer,
        "C",
        "In C `old = theta` is no copy, and `theta += …` changes it in place. Both are one array: old moves along, r "
        "is 1 for ever, and no clip ever acts.",
        INNOCENT,
        "Look at how far the ratios get from 1: `widest(loop_A)` and so on.",
    )
