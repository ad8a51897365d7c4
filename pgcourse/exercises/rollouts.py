"""The exercises of notebook 07: returns, a baseline, published curves, and silent bugs before the exact gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from pgcourse.exercises.verdict import Verdict, exercise, is_number, nearly, right, waiting, wrong
from pgcourse.policy import grad_log_softmax, softmax
from pgcourse.zoo import garnet

Array = np.ndarray
Known = tuple[tuple[Array, str, str], ...]  # what a usual mistake gives, the tone, and what to say


def _run(answer: Any, what: str, *given: Any) -> tuple[Any, Verdict | None]:
    """What the student's function gives, or the verdict if it gives nothing that can be looked at."""
    if answer is ...:
        return None, waiting("a function")
    if not callable(answer):
        return None, wrong(f"{answer!r} is not a function; expected one of ({what}).")
    try:
        value = answer(*(x.copy() if isinstance(x, Array) else x for x in given))
        if value is ... or value is None:
            return None, waiting("what the function returns")
        return np.asarray(value, dtype=float), None
    except Exception as error:  # the student's own code runs here
        return None, wrong(f"Your function raised {type(error).__name__}: {error}; it is called with ({what}).")


def _named(value: Array, known: Known) -> Verdict | None:
    for other, tone, message in known:
        if value.shape == np.shape(other) and np.allclose(value, other, rtol=1e-9, atol=1e-12):
            return Verdict(tone, message)
    return None


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
        value, verdict = _run(my_reward_to_go, "rewards, gamma", rewards, gamma)
        if verdict is None:
            verdict = _check_to_go(value, rewards, gamma)
        if not verdict:
            return verdict
    return right("Each action gets what was earned from it on, discounted from its own time.")


def _check_to_go(value: Array, rewards: Array, gamma: float) -> Verdict:
    G, T = _to_go(rewards, gamma), len(rewards)
    if value.shape != (T,):
        text = f"For {T} rewards the result has shape {value.shape}, expected ({T},): one number for each step."
        if value.shape == (T + 1,) and np.allclose(value, np.append(G, 0)):
            return nearly(f"{text} Leave out the last one, G_T = 0.")
        return nearly(f"{text} Yours is G₀.") if value.shape == () and np.isclose(value, G[0]) else wrong(text)
    if np.allclose(value, G, rtol=1e-9, atol=1e-12):
        return right("")
    discount = gamma ** np.arange(T)
    known: Known = (
        (discount * G, "nearly", "That is γᵗ G_t: you discount from the start of the trajectory, and G_t from time t."),
        (np.full(T, G[0]), "nearly", "That is G₀ at every step: rewards that were paid before t are in it, too."),
        (_to_go(rewards, 1.0), "nearly", "γ is missing: a reward k − t steps later counts γ^(k−t) times."),
        ((discount * rewards).cumsum(), "wrong",
         "You add up forwards, from 0 to t. That is what was earned *before*; G_t is what comes from t on."),
        (rewards.cumsum(), "wrong", "You add up forwards, and γ is missing; G_t goes from t to the end."),
        (_to_go(rewards[::-1], gamma), "wrong",
         "You add up forwards: your number at t is G of the trajectory played backwards. Begin with the last reward."),
        (G[::-1], "nearly", "The numbers are right, in reverse order: the first must be G₀, the last r_{T−1}."),
        (np.append(G[1:], 0), "nearly", "Off by one: that is G_{t+1}. The reward of step t itself belongs to G_t."),
        (gamma * G, "nearly", "Every reward has one γ too many: r_t itself is not discounted in G_t."),
        (rewards, "wrong", "Those are the rewards. G_t adds all that follow."),
    )  # fmt: skip
    if (verdict := _named(value, known)) is not None:
        return verdict
    t = int(np.abs(value - G).argmax()) if np.isfinite(value).all() else int((~np.isfinite(value)).argmax())
    return wrong(f"For rewards {rewards.tolist()} and γ = {gamma}, G_{t} is {G[t]:.4f}; you have {value[t]:.4f}.")


# The best constant baseline


@exercise
def check_baseline(my_baseline: Any) -> Verdict:
    """my_baseline(G, scores): the b that makes (G − b) ∇log p(τ) vary least, from G (N,) and the scores (N, d)."""
    rng = np.random.default_rng(8)
    for N, d in ((40, 2), (200, 5), (30, 1)):
        scores = rng.standard_normal((N, d)) * rng.uniform(0.2, 3, size=d)
        G = 5 + rng.standard_normal(N) + (scores**2).sum(axis=1)
        value, verdict = _run(my_baseline, "G, scores", G, scores)
        if verdict is None:
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
    centred = scores - scores.mean(axis=0)  # without the sample's own means: the best for this very sample
    own = float(((G[:, None] * scores * centred).sum()) / (centred**2).sum())
    if value.shape == scores.shape[1:] and len(each) > 1 and np.allclose(value, each):
        return nearly("That is the best number for each component of θ. One number for all of them is asked for.")
    if value.shape not in ((), (1,)):
        return wrong(f"The result has shape {value.shape}, expected one number.")
    b = float(value.reshape(()))
    if not np.isfinite(b):
        return wrong(f"Your b is {b}, expected a finite number.")
    if np.isclose(b, best, rtol=1e-9) or np.isclose(b, own, rtol=1e-9):
        return right("")
    length = np.sqrt(size)
    known: Known = (
        (np.array(G.mean()), "nearly",
         "That is the mean return, the usual choice. Trajectories that move θ more must count more."),
        (np.array(np.median(G)), "wrong", "That is the median. Differentiate the variance: which mean comes out?"),
        (np.array(G @ length / length.sum()), "nearly",
         "Your weights are |∇log p(τ)|. In a variance the estimate is squared, and so is its length."),
        (np.array((G * size).mean()), "nearly", "That is E[|∇log p|² G]: divide by the mean weight, E[|∇log p|²]."),
        (np.array(G @ size), "nearly", "A weighted sum. Divide by the sum of the weights, and it is a mean."),
        (np.array(G @ squares[:, 0] / squares[:, 0].sum()), "nearly",
         "You look at the first component alone. The variances of all components are added."),
        (np.array(each.mean()), "nearly",
         "You average the components' best numbers. Components that vary more must count more: sum before dividing."),
        (np.array(1 / best), "wrong", "That is upside down."),
        (np.array(-best), "nearly", "The sign is turned round: b is taken *off*, so it is a mean of returns."),
    )  # fmt: skip
    if (verdict := _named(np.array(b), known)) is not None:
        return verdict
    return wrong(
        f"With your b = {b:.4f} the variance is {_spread(b, G, scores):.1f}; with {best:.4f} it is "
        f"{_spread(best, G, scores):.1f}, with no baseline {_spread(0, G, scores):.1f}."
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
    if answer is ...:
        return waiting("a number for each device")
    if not isinstance(answer, Mapping):
        return wrong(f"{answer!r} is not a dictionary; expected a number for each of {', '.join(DEVICES)}.")
    if missing := [device for device in DEVICES if device not in answer]:
        return wrong(f"“{missing[0]}” has no number; expected one for each of {', '.join(DEVICES)}.")
    for device, (rise, why) in DEVICES.items():
        given = answer[device]
        if given is ...:
            return waiting(f"a number for “{device}”")
        if not is_number(given):
            return wrong(f"“{device}” has {given!r}, expected a number such as 0 or 2.5.")
        if abs(float(given) - rise) > 0.01:
            return _why_not_this_rise(device, float(given), rise, why)
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


class Small(NamedTuple):
    """A small MDP whose episodes last H steps: all sequences of (s, a), their probabilities, rewards and scores."""

    s: Array  # (n, H)
    p: Array  # (n,)
    r: Array  # (n, H)
    scores: Array  # (n, H, d)
    grad_J: Array  # (d,) of the expected discounted return
    gamma: float

    def mean(self, weights: Array) -> Array:
        """E[Σ_t w_t ∇log π(a_t|s_t)], (d,), exactly, from the weights of each trajectory (n, H)."""
        return np.einsum("n,nt,ntd->d", self.p, weights, self.scores)

    def bias(self, weights: Array) -> float:
        """How far that is from ∇J, in parts of |∇J|."""
        return float(np.linalg.norm(self.mean(weights) - self.grad_J) / np.linalg.norm(self.grad_J))

    def variance(self, weights: Array) -> float:
        """The sum of the components' variances, for one trajectory."""
        estimates = np.einsum("nt,ntd->nd", weights, self.scores)
        return float(self.p @ (estimates**2).sum(axis=1) - (self.mean(weights) ** 2).sum())


@cache
def small(H: int = 4) -> Small:
    """Three states, two actions, three parameters, γ = 0.8, H steps: 6^H sequences."""
    rng = np.random.default_rng(2)
    mdp, phi = garnet(3, 2, 2, 0.8, rng), rng.standard_normal((3, 2, 3))
    pi = softmax(phi, rng.standard_normal(3))
    s, a = divmod(np.array([*product(range(6), repeat=H)]), 2)
    p = mdp.rho_0[s[:, 0]] * pi.probs[s, a].prod(axis=1) * mdp.p[s[:, :-1], a[:, :-1], s[:, 1:]].prod(axis=1)
    r, scores = mdp.r[s, a], grad_log_softmax(phi, pi)[s, a]
    G = r @ mdp.gamma ** np.arange(H)
    return Small(s, p, r, scores, np.einsum("n,n,ntd->d", p, G, scores), mdp.gamma)


def _weights(of: Callable[[Array, float], Array]) -> Array:
    """(n, H): the weights that a function of one trajectory's rewards and γ gives to each trajectory."""
    mdp = small()
    return np.array([of(rewards, mdp.gamma) for rewards in mdp.r])


V = np.array([3.0, -1.0, 2.0])  # some baseline v(s), wrong on purpose


@cache
def estimators() -> dict[str, tuple[str, Array]]:
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


def _is(given: Any, truth: bool) -> bool:
    return isinstance(given, bool | np.bool_) and bool(given) is truth


@exercise
def check_biased(answer: Any) -> Verdict:
    """answer = {letter: True if that estimator of ∇J is biased, else False}, for the letters A to F."""
    if answer is ...:
        return waiting("True or False for each letter")
    if not isinstance(answer, Mapping):
        return wrong(f"{answer!r} is not a dictionary; expected {{'A': True or False, …, 'F': …}}.")
    if missing := [letter for letter in BIASED if letter not in answer]:
        return wrong(f"{missing[0]} is missing; expected True (biased) or False for each of A to F.")
    done = sum(_is(answer[letter], truth) for letter, (truth, _) in BIASED.items())
    for letter, (truth, why) in BIASED.items():
        given = answer[letter]
        if given is ...:
            return waiting(f"True or False for {letter}")
        if not isinstance(given, bool | np.bool_):
            return wrong(f"{letter} has {given!r}, expected True (biased) or False.")
        if bool(given) is not truth:
            code, weights = estimators()[letter]
            said = "is biased" if truth else "is unbiased"
            size = f"{100 * small().bias(weights):.0f} % of |∇J|" if truth else "0"
            text = f"{letter}, {code}, {said}: {why}. Summed over all trajectories of a small MDP its bias is {size}."
            return nearly(f"{done} of {len(BIASED)} are right. {text}") if done >= 4 else wrong(text)
    return right("B and C are biased. All the others have ∇J as their mean; they differ in their noise.")


@exercise
def check_weights(my_weights: Any) -> Verdict:
    """my_weights(rewards, gamma): w_t such that Σ_t w_t ∇log π(a_t|s_t) has mean ∇J, with no reward before t in it."""
    mdp = small()
    value, verdict = _run(my_weights, "rewards, gamma", mdp.r[7], mdp.gamma)
    if verdict is not None:
        return verdict
    if value.shape != mdp.r[7].shape:
        return wrong(f"The result has shape {value.shape}, expected {mdp.r[7].shape}: one weight for each reward.")
    try:
        weights = _weights(my_weights).astype(float)
        bias = mdp.bias(weights)
    except Exception as error:  # the student's own code runs here
        return wrong(f"Your function raised {type(error).__name__}: {error}")
    discount = mdp.gamma ** np.arange(mdp.r.shape[1])
    G = _weights(_to_go)
    best = mdp.variance(discount * G)
    if np.allclose(weights, discount * G):
        return right(
            f"Summed over all {np.count_nonzero(mdp.p)} trajectories of a small MDP the mean is ∇J, to the last digits."
        )
    off = f"Summed over all trajectories of a small MDP, the bias is {100 * bias:.0f} % of |∇J|."
    plain = mdp.r[:, ::-1].cumsum(axis=1)[:, ::-1]
    known: Known = (
        (G, "nearly", f"That is G_t, the bug itself: γᵗ is still lost. {off}"),
        (discount * G[:, :1], "wrong", f"That is γᵗ G₀, discounted twice. {off}"),
        (discount**2 * G, "nearly", f"γ²ᵗ: one γᵗ too many, since G_t is discounted from t. {off}"),
        (discount * plain, "nearly", f"γᵗ is there, but inside G_t the discount is lost. {off}"),
        (plain, "wrong", f"No γ anywhere: these are undiscounted returns. {off}"),
        (discount * mdp.r, "wrong", f"Only the next reward: an action is answerable for all that follows. {off}"),
        (mdp.r, "wrong", f"Those are the rewards themselves. {off}"),
        (-discount * G, "nearly", f"The size is right, the sign is not: θ would walk downhill. {off}"),
        (discount * (G - G.mean(axis=1, keepdims=True)), "wrong",
         f"Your baseline is a mean of this trajectory's own returns. It depends on what was done, so it biases. {off}"),
        (G - G.mean(axis=1, keepdims=True), "wrong",
         f"γᵗ is lost, and a mean of the trajectory's own returns is no baseline: it depends on what was done. {off}"),
    )  # fmt: skip
    if (verdict := _named(weights, known)) is not None:
        return verdict
    if bias < 1e-9:
        times = mdp.variance(weights) / best
        text = f"the variance is {times:.2f} times that of γᵗ G_t"
        if times <= 1:
            return right(f"Unbiased, and {text}: you have taken off a baseline, too.")
        return nearly(f"Unbiased! But {text}, in which there are only rewards to come.")
    return wrong(off if np.isfinite(bias) else "Some of your weights are not finite, expected numbers.")


# `done` for `terminated`


@exercise
def check_td(my_td: Any) -> Verdict:
    """my_td(r, v, v_next, terminated, truncated, gamma) must give δ = r + γ v(s') − v(s), no v(s') where terminated."""
    rng = np.random.default_rng(9)
    n, gamma = 8, 0.9
    r, v, v_next = rng.standard_normal((3, n)).round(2)
    terminated, truncated = np.arange(n) % 4 == 1, np.arange(n) % 4 == 2
    value, verdict = _run(
        my_td, "r, v, v_next, terminated, truncated, gamma", r, v, v_next, terminated, truncated, gamma
    )
    if verdict is not None:
        return verdict
    if value.shape != (n,):
        return wrong(f"The result has shape {value.shape}, expected ({n},): one δ for each step.")
    ahead, done = gamma * v_next, terminated | truncated
    right_one = r + ahead * ~terminated - v
    if np.allclose(value, right_one):
        return right("Where the process is over nothing follows; where a clock cut it, v(s') says what would have.")
    known: Known = (
        (r + ahead * ~done - v, "nearly",
         "That is the bug itself: at a time limit v(s') is cut off as if life ended there."),
        (r + ahead - v, "nearly", "v(s') is counted even where the process is over: nothing is earned after that."),
        (r + ahead * ~truncated - v, "wrong", "The two ends are exchanged: v(s') goes at a *termination*."),
        (r + ahead * terminated - v, "nearly", "Turned round: you keep v(s') just where the process is over."),
        (r + ahead * truncated - v, "wrong", "v(s') stays wherever life goes on, not only where a clock cut it off."),
        (r + ahead * done - v, "wrong", "Turned round: you keep v(s') at the ends, and drop it where life goes on."),
        (r + v_next * ~terminated - v, "nearly", "γ is missing before v(s')."),
        (r + ahead * ~terminated, "nearly", "That is the target r + γ v(s'). δ is by how much it differs from v(s)."),
        (v - r - ahead * ~terminated, "nearly", "The sign is turned round: δ is the target minus v(s)."),
        (r + (ahead - v) * ~terminated, "nearly",
         "v(s) is taken off only where life goes on. At the end δ is r − v(s)."),
        ((r + ahead - v) * ~terminated, "wrong", "δ is not 0 at the end: there it is r − v(s), the last lesson."),
        ((r + ahead - v) * ~done, "wrong", "δ is not 0 where a trajectory ends."),
    )  # fmt: skip
    if (verdict := _named(value, known)) is not None:
        return verdict
    i = int((~np.isclose(value, right_one)).argmax())
    where = "terminated" if terminated[i] else "truncated" if truncated[i] else "going on"
    numbers = f"r = {r[i]}, v(s) = {v[i]}, v(s') = {v_next[i]}, {where}, γ = {gamma}"
    return wrong(f"For {numbers}, δ is {right_one[i]:.4f}; you have {value[i]:.4f}.")
