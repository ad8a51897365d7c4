"""The exercises of notebook 13: a window's bias, its targets with both flags, shapes, and a target that moves."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from pgcourse.arrays import Array
from pgcourse.exercises.ask import RETURNED, Mistake, close, mistaken, run
from pgcourse.exercises.choices import accused, first_wrong
from pgcourse.exercises.read import entries, numbers, said_number, word
from pgcourse.exercises.verdict import Verdict, exercise, nearly, right, wrong
from pgcourse.trajectories import Mask

# What a window four times as long leaves of the bias


@exercise
def check_longer_window(answer: Any, short: tuple[int, float], n: int, gamma: float) -> Verdict:
    """The bias with windows of n steps, given (steps, bias) of windows that are long already."""
    bias = said_number(answer, "one such as 0.02")
    steps, known = short
    exact = known * steps / n
    if abs(bias - exact) <= 0.03 * exact:
        return right(f"{exact:.5f}: only the last steps of a window are biased, and their share is 1/n.")
    usual = {
        known * gamma ** (n - steps): "That is how γᵏ falls. Of the first step of the window hardly any bias is left "
        "here. But its last steps have few rewards in any window.",
        known * (steps / n) ** 0.5: "1/√n is how noise falls. A bias is no noise: which steps of the window have it?",
        known * (steps / n) ** 2: "That is 1/n². The sum of the biases stays the same, and the mean divides it by n.",
        known: "The last step has one reward in any window. But it is one of n steps: what is its share?",
        known * n / steps: "It falls with n: more rewards, less of the critic.",
        steps / n: "That is the share that is left. Multiply the bias of the shorter windows by it.",
        known / (n - steps): "Not the difference of the two counts, but their ratio.",
        0.0: "Never 0: the last step of any window has one reward, and then the critic.",
    }
    for value, message in usual.items():
        if abs(bias - value) <= 0.02 * abs(value) + 1e-9:
            return nearly(message)
    if bias < 0:
        return wrong("A bias is a length: it is not negative.")
    where = "More" if bias < exact else "Less"
    return wrong(f"{where} than that. Which steps of a long window are biased, and how many of n are they?")


# The targets of a window

GAMMA = 0.9


class Window(NamedTuple):
    """Six steps of five lanes, axes (n, N): ends of both kinds, also at once, and a lane without any."""

    r: Array
    v_next: Array
    terminated: Mask
    truncated: Mask


@lru_cache(maxsize=1)
def window() -> Window:
    rng = np.random.default_rng(13)
    ends = np.zeros((2, 6, 5), dtype=bool)
    ends[0, [2, 5], [1, 3]] = ends[1, [3, 5], [2, 4]] = True
    ends[0, 0, 4] = ends[1, 1, 3] = True
    ends[:, 4, 2] = True  # the pole falls in the very step of the limit: Gymnasium sets both flags
    return Window(rng.normal(1, 1, (6, 5)), rng.normal(5, 2, (6, 5)), *ends)


def backwards(of: Window, follows: Any, last: Any, gamma: float = GAMMA) -> Array:
    """G_t = r_t + γ follows(t, G_{t+1}), where `last` (N,) stands for what comes after the window."""
    G, after = np.empty(of.r.shape), np.broadcast_to(last, of.r.shape[1:])
    for t in range(len(G) - 1, -1, -1):
        G[t] = after = of.r[t] + gamma * follows(t, after)
    return G


def targets(of: Window) -> Array:
    """The window's targets (n, N): 0 after a termination, v_next at a time limit and at the edge, G_{t+1} elsewhere."""
    return backwards(
        of, lambda t, G: np.where(of.terminated[t], 0, np.where(of.truncated[t], of.v_next[t], G)), of.v_next[-1]
    )


def _target_mistakes(of: Window) -> list[Mistake]:
    r, v, over, cut = of
    edge, none = v[-1], np.zeros(v.shape[1])
    ended, good = over | cut, targets(of)

    def at(t: int, G: Array, done: Mask = over, limit: Mask = cut, w: Array = v) -> Array:
        return np.where(done[t], 0, np.where(limit[t], w[t], G))

    def shifted(mask: Mask) -> Mask:
        return np.vstack([mask[1:], np.zeros((1, mask.shape[1]), dtype=bool)])

    forward = np.empty(r.shape)
    before = none
    for t in range(len(r)):
        forward[t] = before = r[t] + GAMMA * before
    rows: list[tuple[Array, str]] = [
        (backwards(of, lambda t, G: np.where(ended[t], 0, G), edge), "The time limit is taken for an end. Life would "
         "have gone on from there: v_next stands for what was not seen."),
        (backwards(of, lambda t, G: np.where(over[t], 0, G), edge), "A reward of the next trajectory leaks in over the "
         "time limit: there, v_next takes the place of G."),
        (backwards(of, lambda t, G: G, edge), "No flag is used: the targets run on over every end, into the next "
         "trajectory."),
        (backwards(of, lambda t, G: np.where(cut[t], v[t], G), edge), "After a termination nothing follows: G is r "
         "alone there."),
        (backwards(of, lambda t, G: np.where(ended[t], v[t], G), edge), "v_next counts 0 after a termination. There it "
         "is only what the network happens to say."),
        (backwards(of, lambda t, G: at(t, G, cut, over), edge), "The two flags have changed places."),
        (backwards(of, lambda t, G: np.where(cut[t], v[t], np.where(over[t], 0, G)), edge), "Where both flags are set "
         "nothing follows: ask for `terminated` first."),
        (backwards(of, at, none), "The window's edge is no end: the lane goes on. Begin with v_next of the last step."),
        (backwards(of, lambda t, G: np.where(ended[t], 0, G), none), "Nothing of v_next is used. It stands for what "
         "was not seen: at the edge, and at a time limit."),
        (r + GAMMA * v * ~over, "That is one reward and then the critic at every step. The window uses all its "
         "rewards: G_{t+1} follows, as long as the trajectory goes on."),
        (r + GAMMA * v * ~ended, "That is one reward and then the critic, and the time limit is taken for an end."),
        (r + GAMMA * v, "That is one reward and then the critic, and no flag is used."),
        (backwards(of, at, edge, 1.0), "γ is missing."),
        ((good - r) / GAMMA + r, "γ is missing in front of the first thing that follows."),
        (backwards(of, lambda t, G: at(t, G, w=np.vstack([v[1:], edge[None]])), edge), "v_next[t] is already that of "
         "s_{t+1}: v_next[t + 1] is one step too far."),
        (backwards(of, lambda t, G: np.where(over[t], 0, np.where(cut[t], edge, G)), edge), "At a time limit it must "
         "be v_next of *that* step, not of the window's last one."),
        (backwards(of, lambda t, G: at(t, G, shifted(over), shifted(cut)), edge), "The flags of step t decide what "
         "follows step t. You ask those of step t + 1."),
        (forward, "This runs forward in time: G gathers what came *before* t. Begin with the last step."),
        (good[::-1], "In reversed order: put the result back in the order of time."),
        (good - v, "Return the targets G themselves, without taking anything off."),
        (r, "Those are the rewards alone."),
    ]  # fmt: skip
    return [Mistake(value, message) for value, message in rows]


@exercise
def check_window_targets(my_targets: Any) -> Verdict:
    """my_targets(r, v_next, terminated, truncated, gamma) must return the targets (n, N) of a window of N lanes."""
    of = window()
    value = numbers(run(my_targets, "r, v_next, terminated, truncated, gamma", *of, GAMMA), RETURNED, of.r.shape)
    if value.shape != of.r.shape:
        return wrong(f"{RETURNED} shape {value.shape}, expected {of.r.shape}: a target for each step of each lane.")
    expected = targets(of)
    if close(value, expected):
        return right("6 steps of 5 lanes, all ends in their place. A is the target minus v(s), held still.")
    return mistaken(
        value,
        expected,
        _target_mistakes(of),
        lambda yours, G, t, lane: f"At step {t} of lane {lane} the target is {G}; you have {yours}.",
    )


# Shapes

LINES: dict[str, tuple[str, str]] = {  # the right word, and a question that leads to it
    "A": ("right", "G and v[:, 0] are both (N,)."),
    "B": ("noisier", "G (N,) minus v (N, 1) is (N, N), with G_j − v_i in place (i, j). Which number is taken off G_j "
          "in the mean over i?"),
    "C": ("weaker", "A (N, 1) times log π (N,) has A_i log π_j in place (i, j). The mean of such products is "
          "mean(A) · mean(log π). How much of it comes from i = j?"),
    "D": ("nothing", "Again the mean is mean(A) · mean(log π). What is mean(A) now?"),
    "E": ("right", "What shape has A after [:, 0]?"),
}  # fmt: skip
ALSO: dict[Any, str] = {"zero": "nothing", "0": "nothing", 0: "nothing", "none": "nothing"}
ALSO |= {"noisy": "noisier", "weak": "weaker", "1/n": "weaker", "ok": "right"}


@exercise
def check_shapes(answer: Any) -> Verdict:
    """A dictionary: what each line's gradient is, in the mean: "right", "noisier", "weaker" or "nothing"."""
    said = entries(answer, LINES, "a word for each line", "Line {!r} is missing")
    given = {key: word(said[key], ALSO) for key in LINES}
    verdict = first_wrong(
        given,
        {key: right_word for key, (right_word, _) in LINES.items()},
        ("right", "noisier", "weaker", "nothing"),
        "line",
        lambda key, choice: f"Line {key} is not {choice!r}. {LINES[key][1]}",
    )
    praise = "No line raises an error, and three are wrong. Ask for the shape: A, log π and their product are (N,)."
    return right(praise) if verdict is None else verdict


# The silent bug

INNOCENT = {
    "A": "A is innocent: it is the TD update itself, added up by states.",
    "C": "C is innocent: its target is computed before, from the old v, and stands still while w moves.",
}


@exercise
def check_moving_target(answer: Any) -> Verdict:
    """The letter of the critic that does not settle at v^π."""
    return accused(
        answer,
        "B",
        "B's target moves with w: it lowers the mean *square* of δ, and chance in s' is paid for twice. It settles "
        "at (.714, .603, .163, .794, 1.421).",
        INNOCENT,
        "Look at where it settles: `settle(A)` and so on, beside v_pi.",
    )
