"""The exercises of notebook 07: returns, a baseline, published curves, and silent bugs before the exact gradient."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from pgcourse.arrays import Array
from pgcourse.exercises.ask import EXACT, RETURNED, ROUGH, Mistake, close, mistaken, named, run
from pgcourse.exercises.enumerated import small
from pgcourse.exercises.read import MOST_ENTRIES, entries, letter, numbers, one_number, truth
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, waiting, wrong
from pgcourse.exercises.words import apart, shown


def _to_go(rewards: Array, gamma: float) -> Array:
    G = np.zeros(len(rewards) + 1)
    for t in reversed(range(len(rewards))):
        G[t] = rewards[t] + gamma * G[t + 1]
    return G[:-1]


# Write the reward-to-go


@exercise
def check_reward_to_go(my_reward_to_go: Any) -> Verdict:
    """my_reward_to_go(rewards, gamma) must give G_t = Σ_{k≥t} γ^{k−t} r_k for each t, of the shape of rewards."""
    rng = np.random.default_rng(7)
    for T, gamma in ((5, 0.9), (1, 0.5), (8, 1.0), (12, 0.99)):
        rewards = rng.standard_normal(T).round(2)
        value = numbers(run(my_reward_to_go, "rewards, gamma", rewards, gamma), RETURNED, (T,))
        verdict = _check_to_go(value, rewards, gamma)
        if not verdict:
            return verdict
    return right("Each action gets what was earned from it on, discounted from its own time.")


def _check_to_go(value: Array, rewards: Array, gamma: float) -> Verdict:
    G, T = _to_go(rewards, gamma), len(rewards)
    if value.shape != (T,):
        text = f"For {T} rewards the result has shape {value.shape}, expected ({T},): one number for each step."
        if value.shape == (T + 1,) and close(value, np.append(G, 0)):
            return nearly(f"{text} Leave out the last one, G_T = 0.")
        return nearly(f"{text} Yours is G₀.") if value.shape == () and close(value, G[0]) else wrong(text)
    if close(value, G):
        return right("")
    discount = gamma ** np.arange(T)
    mistakes = (
        Mistake(discount * G, "That is γᵗ G_t: you discount from the start of the trajectory, and G_t from time t."),
        Mistake(np.full(T, G[0]), "That is G₀ at every step: rewards that were paid before t are in it, too."),
        Mistake(_to_go(rewards, 1.0), "γ is missing: a reward k − t steps later counts γ^(k−t) times."),
        Mistake(
            (discount * rewards).cumsum(),
            "You add up forwards, from 0 to t. That is what was earned *before*; G_t is what comes from t on.",
            "wrong",
        ),
        Mistake(
            _to_go(rewards[::-1], gamma)[::-1],
            "G[t] = r[t] + γ G[t−1] runs forwards; begin with the last step, and go back: G[t] = r[t] + γ G[t+1].",
            "wrong",
        ),
        Mistake(rewards.cumsum(), "You add up forwards, and γ is missing; G_t goes from t to the end.", "wrong"),
        Mistake(
            _to_go(rewards[::-1], gamma),
            "You add up forwards: your number at t is G of the trajectory played backwards. Begin with the last one.",
            "wrong",
        ),
        Mistake(G[::-1], "The numbers are right, in reverse order: the first must be G₀, the last r_{T−1}."),
        Mistake(np.append(G[1:], 0), "Off by one: that is G_{t+1}. The reward of step t itself belongs to G_t."),
        Mistake(gamma * G, "Every reward has one γ too many: r_t itself is not discounted in G_t."),
        Mistake(rewards, "Those are the rewards. G_t adds all that follow.", "wrong"),
    )
    given = f"rewards {rewards.tolist()} and γ = {gamma}"
    return mistaken(value, G, mistakes, lambda yours, right, t: f"For {given}, G_{t} is {right}; you have {yours}.")


# The best constant baseline


@exercise
def check_baseline(my_baseline: Any) -> Verdict:
    """my_baseline(G, scores): the b that makes (G − b) ∇log p(τ) vary least, from G (N,) and the scores (N, d)."""
    rng = np.random.default_rng(8)
    for N, d in ((40, 2), (200, 5), (30, 1)):
        scores = rng.standard_normal((N, d)) * rng.uniform(0.2, 3, size=d)
        G = 5 + rng.standard_normal(N) + (scores**2).sum(axis=1)
        value = numbers(run(my_baseline, "G, scores", G, scores), RETURNED)
        verdict = _check_one_baseline(value, G, scores)
        if not verdict:
            return verdict
    return right("Returns count by how much their trajectory moves θ. That is not the mean return, nor v^π.")


def _spread(b: float, G: Array, scores: Array) -> float:
    return float(((G - b)[:, None] * scores).var(axis=0).sum())


def _check_one_baseline(value: Array, G: Array, scores: Array) -> Verdict:
    squares = scores**2
    size, each = squares.sum(axis=1), (G @ squares) / squares.sum(axis=0)
    best = float(G @ size / size.sum())
    if value.shape == scores.shape[1:] and len(each) > 1 and close(value, each):
        return nearly("That is the best number for each component of θ. One number for all of them is asked for.")
    if value.size != 1:
        return wrong(f"The result has shape {value.shape}, expected one number.")
    b = float(value.reshape(()))
    if not np.isfinite(b):
        return wrong(f"Your b is {b}, expected a finite number.")
    if close(value.reshape(()), best) or _spread(b, G, scores) <= _spread(best, G, scores):
        return right("")  # the sample's own best differs a little, as its mean score is not quite 0
    length = np.sqrt(size)
    mistakes = (
        Mistake(G.mean(), "That is the mean return, the usual choice. Trajectories that move θ more must count more."),
        Mistake(np.median(G), "That is the median. Differentiate the variance: which mean comes out?", "wrong"),
        Mistake(
            G @ length / length.sum(),
            "Your weights are |∇log p(τ)|. In a variance the estimate is squared, and so is its length.",
        ),
        Mistake((G * size).mean(), "That is E[|∇log p|² G]: divide by the mean weight, E[|∇log p|²]."),
        Mistake(G @ size, "A weighted sum. Divide by the sum of the weights, and it is a mean."),
        Mistake(
            G @ squares[:, 0] / squares[:, 0].sum(),
            "You look at the first component alone. The variances of all components are added.",
        ),
        Mistake(
            each.mean(),
            "You average the components' best numbers. Components that vary more must count more: sum before dividing.",
        ),
        Mistake(1 / best, "That is upside down.", "wrong"),
        Mistake(-best, "The sign is turned round: b is taken *off*, so it is a mean of returns."),
    )
    if (verdict := named(np.array(b), mistakes)) is not None:
        return verdict
    yours, least = apart(_spread(b, G, scores), _spread(best, G, scores))
    mine, expected = apart(b, best)
    return wrong(
        f"With your b = {mine} the variance is {yours}; with {expected} it is {least}, with no baseline "
        f"{_spread(0, G, scores):.4g}."
    )


# Published curves: what crosses the optimum?

OPTIMUM = -(6 + 4 * np.sqrt(2))  # max J of the corridor, −11.66
DEVICES = {  # the device → (by how much it raises the best value, why)
    "last reward 0": (1.0, "the way out costs one step less, for every policy, the best one too"),
    "cut at 300": (0.0, "the best policy hardly ever takes 300 steps, so cutting hides nothing of *its* cost"),
    "P(right) clipped": (0.0, "the best P(right), 0.586, is inside the clipped range, so it stays what it was"),
}


@exercise
def check_crossing(answer: Any) -> Verdict:
    """answer = {device: number}: by how much each safety device raises max J of the corridor."""
    given = entries(answer, DEVICES, "a number for each device", "“{}” has no number")
    for device, (rise, why) in DEVICES.items():
        if given[device] is ...:
            return waiting(f"a number for “{device}”")
        if (value := one_number(given[device])) is None:
            return wrong(f"“{device}” has {shown(given[device])}, expected a number such as 0 or 2.5.")
        if not abs(value - rise) <= 0.01:
            return _why_not_this_rise(device, value, rise, why)
    return right(
        "Only the last reward moves the optimum: from −11.66 to −10.66, while the dashed line stays where it was. "
        "Cutting and clipping keep bad policies from being as bad as they are."
    )


def _why_not_this_rise(device: str, given: float, rise: float, why: str) -> Verdict:
    if rise and abs(given + rise) <= 0.01:
        return nearly(f"“{device}”: the size is right, the sign is not. A cost that is left out makes J larger.")
    if rise and given == 0:
        return wrong(f"“{device}” does move the optimum: {why}.")
    if abs(given - rise - OPTIMUM) <= 0.01:
        return nearly(f"“{device}”: that is the best value itself. Asked is by how much it rises above −11.66.")
    if rise:
        return wrong(f"“{device}”: count how many steps of each episode are paid now. It is one less; not {given:g}.")
    start = "It helps the *first* policies, which are far from the best. " if given > 0 else ""
    return wrong(f"“{device}” does not move the optimum. {start}Look at the best policy only: {why}.")


# Silent bugs: the exact mean of an estimator, summed over every trajectory of a small MDP


def _weights(of: Callable[[Array, float], Array]) -> Array:
    """(n, H): the weights that a function of one trajectory's rewards and γ gives to each trajectory."""
    mdp = small()
    return np.array([of(rewards, mdp.gamma) for rewards in mdp.r])


V = np.array([3.0, -1.0, 2.0])  # some baseline v(s), wrong on purpose


@cache
def six_lines() -> dict[str, tuple[str, Array]]:
    """The lines of the exercise: letter → (what it is, the weights (n, H))."""
    mdp = small()
    G = _weights(_to_go)
    discount, v = mdp.gamma ** np.arange(G.shape[1]), V[mdp.s]
    return {
        "A": ("G[0] at every step", np.broadcast_to(G[:, :1], G.shape)),
        "B": ("γᵗ G[0]", discount * G[:, :1]),
        "C": ("G[t]", G),
        "D": ("γᵗ G[t]", discount * G),
        "E": ("γᵗ (G[t] − v(s_t)) with a wrong v", discount * (G - v)),
        "F": ("G[0] − v(s_t) with a wrong v", G[:, :1] - v),
    }


BIASED = {  # letter → (whether it is biased, why)
    "A": (False, "rewards paid before t average out against ∇log π(a_t|s_t): they cost variance, not bias"),
    "B": (True, "G[0] is already discounted from time 0, so what comes at time t is discounted twice, by γ²ᵗ"),
    "C": (True, "γᵗ is lost: later states count as much as the first one, and J counts them γᵗ times"),
    "D": (False, "that is the theorem: γᵗ for the visit, G[t] for q"),
    "E": (False, "any function of s_t alone averages out against ∇log π(a_t|s_t), be it right or wrong"),
    "F": (False, "v(s_t) is a baseline here, and averages out; as a lesson for v, G[0] would be wrong"),
}


@exercise
def check_biased(answer: Any) -> Verdict:
    """answer = {letter: True if that estimator of ∇J is biased, else False}, for the letters A to F."""
    given = entries(_letters_to_truths(answer), BIASED, "True (biased) or False for each letter", "{} is missing")
    done = sum(truth(given[key]) is biased for key, (biased, _) in BIASED.items())
    for key, (biased, why) in BIASED.items():
        if given[key] is ...:
            return waiting(f"True or False for {key}")
        if (said := truth(given[key])) is None:
            return wrong(f"{key} has {shown(given[key])}, expected True (biased) or False.")
        if said is not biased:
            code, weights = six_lines()[key]
            size = f"{100 * small().bias(weights):.0f} % of |∇J|" if biased else "0"
            text = (
                f"{key}, {code}, is {'biased' if biased else 'unbiased'}: {why}. Summed over all trajectories of a "
                f"small MDP its bias is {size}."
            )
            return nearly(f"{done} of {len(BIASED)} are right. {text}") if done >= 4 else wrong(text)
    return right("B and C are biased. All the others have ∇J as their mean; they differ in their noise.")


def _letters_to_truths(answer: Any) -> Any:
    """The letters of the biased ones, as a set, a list or a text, are an answer, too."""
    letters: set[str] = set()
    if isinstance(answer, str):
        letters = {x for x in answer[:MOST_ENTRIES].upper() if x.isalnum()}
    elif isinstance(answer, set | frozenset | list | tuple) and all(isinstance(x, str) for x in answer):
        letters = {letter(x) for x in answer}
    return {key: key in letters for key in BIASED} if letters and letters <= set(BIASED) else answer


@exercise
def check_weights(my_weights: Any) -> Verdict:
    """my_weights(rewards, gamma): w_t such that Σ_t w_t ∇log π(a_t|s_t) has mean ∇J, with no reward before t in it."""
    mdp = small()
    H = mdp.r.shape[1]

    def weights_of(rewards: Array, gamma: float) -> Array:
        value = numbers(run(my_weights, "rewards, gamma", rewards, gamma), RETURNED, (H,))
        if value.shape != (H,):
            raise Reply(wrong(f"The result has shape {value.shape}, expected ({H},): one weight for each reward."))
        return value

    weights = _weights(weights_of)
    bias = mdp.bias(weights.astype(float))
    discount = mdp.gamma ** np.arange(mdp.r.shape[1])
    G = _weights(_to_go)
    best = mdp.variance(discount * G)
    if close(weights, discount * G):
        return right(
            f"Summed over all {np.count_nonzero(mdp.p)} trajectories of a small MDP the mean is ∇J, to the last digits."
        )
    off = f"Summed over all trajectories of a small MDP, the bias is {100 * bias:.0f} % of |∇J|."
    plain = mdp.r[:, ::-1].cumsum(axis=1)[:, ::-1]
    mistakes = (
        Mistake(G, f"That is G_t, the bug itself: γᵗ is still lost. {off}"),
        Mistake(discount * G[:, :1], f"That is γᵗ G₀, discounted twice. {off}", "wrong"),
        Mistake(discount**2 * G, f"γ²ᵗ: one γᵗ too many, since G_t is discounted from t. {off}"),
        Mistake(mdp.gamma * discount * G, f"γᵗ⁺¹: one γ too many. t begins at 0, so the first weight is G₀. {off}"),
        Mistake((1 - mdp.gamma) * discount * G, f"1 − γ is too much: it belongs to (1 − γ)ρ^π, and ∇J has ρ^π. {off}"),
        Mistake((1 - mdp.gamma) * G, f"γᵗ is lost, and 1 − γ is too much: ∇J has ρ^π, not (1 − γ)ρ^π. {off}"),
        Mistake(discount * plain, f"γᵗ is there, but inside G_t the discount is lost. {off}"),
        Mistake(plain, f"No γ anywhere: these are undiscounted returns. {off}", "wrong"),
        Mistake(
            discount * mdp.r, f"Only the next reward: an action is answerable for all that follows. {off}", "wrong"
        ),
        Mistake(mdp.r, f"Those are the rewards themselves. {off}", "wrong"),
        Mistake(-discount * G, f"The size is right, the sign is not: θ would walk downhill. {off}"),
        Mistake(
            discount * (G - G.mean(axis=1, keepdims=True)),
            f"Your baseline is a mean of this trajectory's own returns. It depends on the actions, so it biases. {off}",
            "wrong",
        ),
        Mistake(
            G - G.mean(axis=1, keepdims=True),
            f"γᵗ is lost, and a mean of the trajectory's own returns is no baseline: it depends on the actions. {off}",
            "wrong",
        ),
    )
    standardised = (
        Mistake(
            weight * (G - G.mean(axis=1, keepdims=True)) / G.std(axis=1, ddof=ddof, keepdims=True),
            f"You standardise the returns of a trajectory: their mean and spread depend on its own actions. {off}",
            "wrong",
        )
        for weight in (discount, 1)
        for ddof in (0, 1)
    )
    if (verdict := named(weights, (*mistakes, *standardised))) is not None:
        return verdict
    if bias < (EXACT if weights.dtype == np.float64 else ROUGH):
        rewards = mdp.r[0]
        other = rewards + np.eye(H)[0]  # only what was paid before step 1 differs
        before = not close(weights_of(rewards, mdp.gamma)[1:], weights_of(other, mdp.gamma)[1:])
        times = mdp.variance(weights) / best
        text = f"the variance is {times:.2f} times that of γᵗ G_t"
        if before and times <= 1:
            return nearly(f"Unbiased, and {text}. But rewards from before t are in it; they are to be left out.")
        if before:
            return nearly(f"Unbiased! But {text}: rewards from before t are in it.")
        if times <= 1:
            return right(f"Unbiased, and {text}: you have taken off a baseline, too.")
        return nearly(f"Unbiased! But {text}: your baseline makes it worse than none.")
    return wrong(off if np.isfinite(bias) else "Some of your weights are not finite, expected numbers.")


# `done` for `terminated`


@exercise
def check_td(my_td: Any) -> Verdict:
    """my_td(r, v, v_next, terminated, truncated, gamma) must give δ = r + γ v(s') − v(s), no v(s') where terminated."""
    rng = np.random.default_rng(9)
    n, gamma = 8, 0.9
    r, v, v_next = rng.standard_normal((3, n)).round(2)
    terminated, truncated = np.arange(n) % 4 == 1, np.arange(n) % 4 == 2
    truncated[5] = True  # the clock ran out as the process ended: both are true
    signature = "r, v, v_next, terminated, truncated, gamma"
    value = numbers(run(my_td, signature, r, v, v_next, terminated, truncated, gamma), RETURNED, (n,))
    if value.shape != (n,):
        return wrong(f"The result has shape {value.shape}, expected ({n},): one δ for each step.")
    ahead, done = gamma * v_next, terminated | truncated
    right_one = r + ahead * ~terminated - v
    if close(value, right_one):
        return right("Where the process is over nothing follows; where a clock cut it, v(s') says what would have.")
    mistakes = (
        Mistake(
            r + ahead * ~done - v, "That is the bug itself: at a time limit v(s') is cut off as if life ended there."
        ),
        Mistake(r + ahead - v, "v(s') is counted even where the process is over: nothing is earned after that."),
        Mistake(
            r + ahead * (~terminated | truncated) - v,
            "Where both are true the process is over, too: v(s') is left out.",
        ),
        Mistake(r + ahead * ~truncated - v, "The two ends are exchanged: v(s') goes at a *termination*.", "wrong"),
        Mistake(r + ahead * terminated - v, "Turned round: you keep v(s') just where the process is over."),
        Mistake(
            r + ahead * truncated - v, "v(s') stays wherever life goes on, not only where a clock cut it off.", "wrong"
        ),
        Mistake(
            r + ahead * done - v, "Turned round: you keep v(s') at the ends, and drop it where life goes on.", "wrong"
        ),
        Mistake(r + v_next * ~terminated - v, "γ is missing before v(s')."),
        Mistake(r + ahead * ~terminated, "That is the target r + γ v(s'). δ is by how much it differs from v(s)."),
        Mistake(v - r - ahead * ~terminated, "The sign is turned round: δ is the target minus v(s)."),
        Mistake(r + (ahead - v) * ~terminated, "v(s) is taken off only where life goes on. At the end δ is r − v(s)."),
        Mistake(
            (r + ahead - v) * ~terminated, "δ is not 0 at the end: there it is r − v(s), the last lesson.", "wrong"
        ),
        Mistake((r + ahead - v) * ~done, "δ is not 0 where a trajectory ends.", "wrong"),
    )

    def text(yours: str, expected: str, i: int) -> str:
        ends = [name for name, end in (("terminated", terminated), ("truncated", truncated)) if end[i]]
        where = " and ".join(ends) or "going on"
        given = f"r = {r[i]}, v(s) = {v[i]}, v(s') = {v_next[i]}, {where}, γ = {gamma}"
        return f"For {given}, δ is {expected}; you have {yours}."

    return mistaken(value, right_one, mistakes, text)
