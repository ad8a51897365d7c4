"""The exercises of notebook 04: the constant in ∝, sampling (1−γ)ρ^π, the silent bug, the border of the simplex."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from pgcourse.arrays import Array
from pgcourse.bellman import occupancy
from pgcourse.exercises.ask import RETURNED, close, run
from pgcourse.exercises.choices import accusation
from pgcourse.exercises.read import one_number, one_whole, said_number
from pgcourse.exercises.verdict import Reply, Verdict, exercise, nearly, right, waiting, wrong
from pgcourse.exercises.words import shown
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy
from pgcourse.zoo import garnet

# The constant in ∝

LAKE = 0.99  # the notebook's γ


@exercise
def check_constant(answer: Any, gamma: float) -> Verdict:
    """1/(1−γ): what the average over s ~ (1−γ)ρ^π, a ~ π must be multiplied by to be ∇J. A function of γ will do."""
    if answer is ...:
        return waiting("a number, or a function of γ,")
    if callable(answer):
        for one in (gamma, 0.9, 0.25):
            if not (verdict := _constant(run(answer, "gamma", one), one)):
                return verdict._replace(message=f"γ = {one:g}: {verdict.message}")
        return right(f"1/(1−γ), the sum of ρ^π: {1 / (1 - gamma):g} for γ = {gamma:g}.")
    return _constant(answer, gamma)


def _constant(answer: Any, gamma: float) -> Verdict:
    value = said_number(answer, "a number such as 3.5")
    if close(value, 1 / (1 - gamma)):
        return right(f"1/(1−γ) = {1 / (1 - gamma):g}, the sum of ρ^π: that is all that ∝ leaves out.")
    if close(value, 1 / (1 - LAKE)):
        return nearly(f"{value:g} is 1/(1−γ) for the γ of this notebook's lake, {LAKE:g}. Here γ is {gamma:g}.")
    for wrong_value, message in _constants(gamma).items():
        if close(value, wrong_value):
            return nearly(message)
    return wrong(f"Not {value:g}. By what was ρ^π multiplied to sum to 1? The average is too small by the same factor.")


def _constants(gamma: float) -> dict[float, str]:
    return {
        1 - gamma: "Upside down: ρ^π was multiplied by 1 − γ to be a distribution. That has to be undone.",
        1.0: "1 would be right with the unnormalised ρ^π as weights. But the states were drawn from (1−γ)ρ^π.",
        gamma / (1 - gamma): "γ/(1−γ) is Σ γᵗ from t = 1 on. The start counts, too: Σ γᵗ from t = 0.",
        1 / gamma: "One γ is lost at each step, not one in all: what is the sum 1 + γ + γ² + …?",
        gamma: "One γ is lost at each step, not one in all: what is the sum 1 + γ + γ² + …?",
        1 / (1 - gamma) ** 2: "Once is enough: q^π needs no factor, it is the true one.",
        1 / (1 + gamma): "Almost, but for a sign: Σ γᵗ has all its terms positive.",
        -1 / (1 - gamma): "The size is right, but the sum of ρ^π is positive.",
    }


# A state from (1−γ)ρ^π

DRAWS = 2700  # of each MDP, fewer if a walk is long
END = 11  # of the walk
FAR = 5.0  # standard deviations: one right answer in a hundred thousand would be further off
SOLVED = (
    "The law is right, but you take fewer than two numbers a state from rng. If you also draw with np.random, use rng "
    "for all; if you draw from (1−γ)ρ^π itself, that must be known. On a large MDP nobody knows it. Walk instead, with "
    "mdp.p and a coin."
)
NOT_FROM_RNG = (
    "The law is right, but no number comes from the rng that you are given. Draw with rng.choice and rng.random()."
)
LONGEST = 5_000  # uses of the random generator in one walk: what never ends is cut off
MOST = 80_000  # and on one MDP: then as many draws as there are must do
DRAWS_OF_LONG = 60
MOST_OF_LONG = 12_000  # where a walk takes 78 steps on average: some 40 draws
FEW = 5  # draws of a state


class _Counted(np.random.Generator):
    """A generator that counts how often it is used, since a walk may never end."""

    uses, most, mdp_name = 0, LONGEST, ""

    def count(self) -> None:
        self.uses += 1
        if self.uses > self.most:
            raise Reply(
                wrong(
                    f"On {self.mdp_name}, your walk takes thousands of steps: it must stop with probability 1 − γ "
                    "at each, and not wait for an end, which need not come."
                )
            )

    def drawn(self) -> int:
        """How many random numbers it has made: Philox counts them, by fours."""
        return 4 * int(self.bit_generator.state["state"]["counter"][0])


def _counting(draw: Callable[..., Any]) -> Callable[..., Any]:
    def use(self: _Counted, *args: Any, **options: Any) -> Any:
        self.count()
        return draw(self, *args, **options)

    return use


for name, method in vars(np.random.Generator).items():
    if callable(method) and not name.startswith("_"):
        setattr(_Counted, name, _counting(method))


@exercise
def check_state_sampler(my_sample: Any) -> Verdict:
    """my_sample(mdp, pi, rng) must return one state drawn from (1−γ)ρ^π."""
    for mdp, pi, known in (_walk(), _maze()):
        verdict = _check_one_sampler(my_sample, mdp, pi, known)
        if not verdict:
            return verdict
    verdict = _check_one_sampler(my_sample, *_long_walk(), MOST_OF_LONG, DRAWS_OF_LONG)
    return verdict and right("On three MDPs, no state's count is off by more than chance allows.")


def _line(end: int, gamma: float) -> tuple[FiniteMDP, Policy]:
    """0 → 1 → … → end, whatever the actions: here the state says when a walk stops."""
    p = np.zeros((end + 1, 2, end + 1))
    p[range(end + 1), :, [*range(1, end + 1), end]] = 1
    r = np.array([[1, 1]] * end + [[0, 0]])
    mdp = FiniteMDP(p, r, gamma, np.eye(end + 1)[0], f"walk 0 → 1 → … → {end} (the end)")
    return mdp, Policy.uniform(end + 1, 2)


def _long_walk() -> tuple[FiniteMDP, Policy, Mapping[str, Array]]:
    """One in which a walk that is cut off after a fixed number of steps is seen."""
    end, gamma = 150, 0.99
    known = {
        f"Your walk never takes more than {n} steps. The coin alone may stop it, and some walks are long.": (
            np.append(_stopping(gamma, n), np.zeros(end - n))
        )
        for n in range(1, end)
    }
    return *_line(end, gamma), known


def _walk() -> tuple[FiniteMDP, Policy, Mapping[str, Array]]:
    """A short one, in which 0.97 γ is far from γ."""
    end, gamma = END, 0.87
    law = _stopping(gamma)
    known = {
        "Always the start: does your walk ever take a step?": _stopping(0.0),
        "Your walk stops with probability γ at each step; γ is the probability to go on.": _stopping(1 - gamma),
        "One step too many: the coin comes before each step, so with probability 1 − γ you are still at the start.": (
            np.array([0, *law[: end - 1], law[end - 1] + law[end]])
        ),
        "One step too few: return the state in which you stand when the coin says stop, not the one before.": np.array(
            [law[0] + law[1], *law[2:end], (1 - gamma) * law[end], gamma * law[end]]
        ),
        "All steps of an episode count alike: these are the undiscounted visits, as a replay buffer holds them.": (
            np.append(np.ones(end), 0) / end
        ),
        "All states that an episode sees, its end included, count alike: these are undiscounted visits, as a replay "
        "buffer holds them.": np.ones(end + 1) / (end + 1),
        "You never return an end. There the process stays for ever, and ρ^π counts it: return the end if the coin has "
        "not said stop before.": np.append(law[:end] / law[:end].sum(), 0),
        "When the walk reaches an end you return the state before. But there it stays: return the end.": np.array(
            [*law[: end - 1], law[end - 1] + law[end], 0]
        ),
        "You return any state of the walk. Where the coin says stop you stand on a draw: return the last one.": (
            _any_of_the_walk(gamma)
        ),
        "Your walk stops only at an end; the coin must be asked at each step, too.": _stopping(1.0),
    }
    return *_line(end, gamma), known


def _stopping(go_on: float, end: int = END) -> Array:
    """Where a walk 0 → 1 → … stops if a coin lets it go on with this probability, and at the end in any case."""
    law = (1 - go_on) * go_on ** np.arange(end + 1.0)
    law[end] = go_on**end
    return law


def _any_of_the_walk(go_on: float) -> Array:
    """One of the states 0, …, t of a walk that stops at time t, each with the same probability."""
    t = np.arange(1000)
    shares = (1 - go_on) * go_on**t / (t + 1)  # of each state of such a walk
    law = np.array([shares[s:].sum() for s in range(END)])
    return np.append(law, 1 - law.sum())


def _maze() -> tuple[FiniteMDP, Policy, Mapping[str, Array]]:
    """A random MDP without an end, with a start spread out and a policy far from uniform."""
    rng = np.random.default_rng(389)  # the usual mistakes' laws lie far apart here
    mdp = garnet(5, 3, 2, 0.7, rng)
    pi = Policy(0.17 + 0.49 * np.eye(3)[rng.integers(3, size=5)])
    from_0 = FiniteMDP(mdp.p, mdp.r, mdp.gamma, np.eye(5)[0])
    spread = FiniteMDP(mdp.p, mdp.r, mdp.gamma, np.ones(5) / 5)
    uniform, greedy = Policy.uniform(5, 3), Policy.deterministic(pi.probs.argmax(axis=1), 3)
    visits = np.linalg.matrix_power(pi @ mdp.p, 200)
    known = {
        "Actions are drawn uniformly. They come from π: rng.choice(mdp.A, p=pi.probs[s]).": _law(mdp, uniform),
        "You always take the likeliest action. It is drawn from π.": _law(mdp, greedy),
        "Your walk starts in state 0. The start is drawn from ρ₀.": _law(from_0, pi),
        "Your walk starts anywhere with the same probability. The start is drawn from ρ₀.": _law(spread, pi),
        "You return a start, drawn from ρ₀: does your walk ever take a step?": mdp.rho_0,
        "You walk for so long that γ has no part in it: these are undiscounted visits.": mdp.rho_0 @ visits,
    }
    return mdp, pi, known


def _law(mdp: FiniteMDP, pi: Policy) -> Array:
    return (1 - mdp.gamma) * occupancy(mdp, pi)


def _check_one_sampler(
    my_sample: Any, mdp: FiniteMDP, pi: Policy, known: Mapping[str, Array], most: int = MOST, draws: int = DRAWS
) -> Verdict:
    rng, counts = _Counted(np.random.Philox(4)), np.zeros(mdp.S)
    rng.mdp_name = _of(mdp)
    expected = _law(mdp, pi)
    for draw in range(draws):
        if 2 * draw == draws and _z(counts, expected) > FAR and (message := _nearest(counts, known)):
            return nearly(message)
        if rng.uses > most:
            break
        rng.most = rng.uses + LONGEST
        try:
            answer = run(my_sample, "mdp, pi, rng", mdp, pi, rng)
        except Reply as reply:
            raise Reply(reply.verdict._replace(message=reply.verdict.message + _hint(reply.verdict.message))) from None
        s = one_whole(answer)
        if s is None or not 0 <= s < mdp.S:
            return wrong(f"{RETURNED} {shown(answer)}, expected one state: a whole number from 0 to {mdp.S - 1}.")
        counts[s] += 1
    if _z(counts, expected) < FAR:
        chance = ((mdp.p > 0) & (mdp.p < 1)).any()  # then a walk needs numbers for its start, its steps and its end
        if chance and rng.drawn() < 2 * counts.sum():
            return nearly(SOLVED if rng.drawn() else NOT_FROM_RNG)
        return right("")
    if message := _nearest(counts, known):
        return nearly(message)
    frequencies = counts / counts.sum()
    s = int(np.abs(frequencies - expected).argmax())
    return wrong(
        f"On {_of(mdp)}, {frequencies[s]:.3f} of your draws are state {s}, expected {expected[s]:.3f}. Draw a "
        "start, then before each step ask a coin that says stop with probability 1 − γ."
    )


def _nearest(counts: Array, known: Mapping[str, Array]) -> str:
    """What to say of the law that these counts may come from; "" if of none that is known."""
    far, message = min((_z(counts, law), message) for message, law in known.items())
    return message if far < FAR else ""


def _hint(message: str) -> str:
    """What is usually behind what Python said."""
    if "'Policy' object" in message:
        return " The probabilities of the actions in s are pi.probs[s]."
    if "do not sum to 1" in message:
        return " (ρ^π itself sums to 1/(1−γ).)"
    return ""


def _of(mdp: FiniteMDP) -> str:
    return f"the {mdp.name}, γ = {mdp.gamma:g}"


def _z(counts: Array, law: Array) -> float:
    """By how many standard deviations the worst count is off; infinite where the impossible was drawn.

    Where fewer than FEW are expected, a count has no bell curve: there its root has one, nearly (Anscombe 1948).
    """
    n = counts.sum()
    sure = (law < 1e-12) | (law > 1 - 1e-12)
    if not np.array_equal(counts[sure], n * law[sure].round()):
        return np.inf
    p, counts = law[~sure], counts[~sure]
    usual = (counts - n * p) / np.sqrt(n * p * (1 - p))
    rare = 2 * (np.sqrt(counts + 0.375) - np.sqrt(n * p + 0.375))
    return float(np.abs(np.where(n * p < FEW, rare, usual)).max(initial=0))


# The silent bug

SILENT_BUG = {
    "A": "A is innocent: 1 is a baseline like any other, the same for all actions, and Σ_a π ∇log π = 0 takes it out. "
    "That all weights are negative does no harm to the mean, only to the noise.",
    "B": "B's baseline depends on the action: what is subtracted from q(s, a) changes with a, so Σ_a π b ∇log π is not "
    "0. Its mean is that of (q − v)/(1 − π) in place of q − v.",
    "C": "C is innocent: in holes and on the goal q^π is 0, so leaving them out takes nothing from the sum; and its "
    "constant is the sum of its own weights, as it must be.",
}
check_silent_bug = accusation(
    __name__, "check_silent_bug", "B", SILENT_BUG, "The letter of the estimator whose mean is not ∇J."
)


# The border of the simplex


@exercise
def check_border(slope: Any, average: Any) -> Verdict:
    """The bandit π = (t, 1 − t) with rewards (1, 0), at t = 0: dJ/dt = 1, and the nabla-log estimate is always 0."""
    if slope is ... and average is ...:
        return waiting("two numbers")
    if slope is ... or average is ...:
        return waiting(f"the {'slope' if slope is ... else 'average'}, too,")
    values = []
    for name, answer in (("slope", slope), ("average", average)):
        if (value := one_number(answer)) is None:
            drawn = " It exists: an average over the actions that are drawn, and each of these has π > 0."
            return wrong(f"The {name} is {shown(answer)}, expected a number.{drawn * (name == 'average')}")
        values.append(round(value, 6) if np.isfinite(value) else value)
    return _border(*values)


def _border(slope: float, average: float) -> Verdict:
    if slope == -1:
        return nearly("The slope has the wrong sign: t is the probability of the action that pays, and J = t · 1.")
    if slope == 0:
        return wrong("The slope is not 0. J = t · 1 + (1 − t) · 0: how fast does it grow with t, at t = 0 or anywhere?")
    if slope != 1:
        return wrong(f"The slope is not {slope:g}: write J as a function of t, and differentiate.")
    if average == 1:
        return nearly(
            "The slope is right. The average is 1 for every t > 0, but at t = 0 the action that pays is never drawn."
        )
    if np.isinf(average):
        return nearly(
            "The slope is right. q d log π/dt = 1/t is huge for the action that pays, but at t = 0 it is never drawn."
        )
    if average == -1:
        return nearly("The slope is right. The only action drawn has d log π/dt = −1, and its reward is 0: 0 · (−1).")
    if average != 0:
        return wrong(
            f"The slope is right, the average is not {average:g}: which action is drawn, and what does it pay?"
        )
    return right("1 and 0: at the border ∇π ≠ 0 where π = 0, and no number of samples will ever show it.")
