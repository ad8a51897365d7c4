"""Roll-outs in lockstep and the gradient from them, on FrozenLake 4×4 (slippery, uniform policy), beside plain loops.

gymnasium  `env.step` with actions by `searchsorted` in π's cumulative probabilities, `env.reset` at each end (= 1)
lockstep   `streams` of 100 and of 10,000 trajectories: steps per second, the states, actions and rewards included
textbook   REINFORCE: episodes with `env.step` and `rng.choice` from softmax(θ[s]), then G_t backwards and ∇log π at
           each step, in Python (= 1)
batch      `rollouts` of 10,000 episodes, `reward_to_go` and `mean_tabular_scores`: per episode

Times are the process's own, so that a busy machine does not favour the shorter turns. Before them one large array is
made and dropped, as drawing any picture does: from then on the C library keeps the memory of arrays for the next ones.

python -m benchmarks.lockstep
"""

from __future__ import annotations

from collections.abc import Callable
from time import process_time

import gymnasium
import numpy as np

from benchmarks import Row
from benchmarks.exact import times
from pgcourse.arrays import Array
from pgcourse.estimators import mean_tabular_scores, reward_to_go
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, tabular_softmax
from pgcourse.sampling import rollouts, streams
from pgcourse.zoo import frozen_lake

PLAIN_STEPS, PLAIN_EPISODES = 1000, 100
BATCH, HORIZON = 10_000, 100  # FrozenLake-v1's own time limit
LARGE = 3_900_000  # numbers, 31 MB: the largest that glibc learns from
LANES = {100: 500, 10_000: 20}  # how many steps each


def plain_steps(pi: Policy, rng: np.random.Generator) -> Callable[[], None]:
    """A function that takes PLAIN_STEPS steps of Gymnasium's environment, one by one."""
    env, below = gymnasium.make("FrozenLake-v1"), pi.probs.cumsum(axis=1)
    env.reset(seed=0)

    def run() -> None:
        s, _ = env.reset()
        for _ in range(PLAIN_STEPS):
            s, _, terminated, truncated, _ = env.step(int(below[s].searchsorted(rng.random(), side="right")))
            if terminated or truncated:
                s, _ = env.reset()

    return run


def textbook(theta: Array, gamma: float, rng: np.random.Generator) -> Callable[[], Array]:
    """A function that estimates ∇J of the tabular softmax from PLAIN_EPISODES episodes, as a textbook writes it."""
    env, A = gymnasium.make("FrozenLake-v1"), theta.shape[1]
    env.reset(seed=0)

    def pi(s: int) -> Array:
        weights = np.exp(theta[s] - theta[s].max())
        return weights / weights.sum()

    def run() -> Array:
        grad_J = np.zeros_like(theta)
        for _ in range(PLAIN_EPISODES):
            (s, _), over, episode = env.reset(), False, []
            while not over:
                a = int(rng.choice(A, p=pi(s)))
                s_next, r, terminated, truncated, _ = env.step(a)
                episode.append((s, a, r))
                s, over = s_next, terminated or truncated
            G = 0.0
            for t in range(len(episode) - 1, -1, -1):
                s, a, r = episode[t]
                G = r + gamma * G
                score = -pi(s)
                score[a] += 1
                grad_J[s] += gamma**t * G * score
        return grad_J / PLAIN_EPISODES

    return run


def batch(lake: FiniteMDP, pi: Policy, rng: np.random.Generator) -> Array:
    """The same estimate from BATCH episodes in lockstep."""
    tau = rollouts(lake, pi, BATCH, HORIZON, rng)
    return mean_tabular_scores(tau, reward_to_go(tau, lake.gamma), pi)


def run(quick: bool = False) -> list[Row]:
    """The three ratios, of medians of turns."""
    lake, rng = frozen_lake(), np.random.default_rng(0)
    theta = np.zeros((lake.S, lake.A))
    pi = tabular_softmax(theta)
    np.ones(LARGE)
    ways = {
        "plain": plain_steps(pi, rng),
        "textbook": textbook(theta, lake.gamma, rng),
        "batch": lambda: batch(lake, pi, rng),
        **{str(n): lambda n=n, T=T: streams(lake, pi, n, T, rng) for n, T in LANES.items()},
    }
    took = times(ways, rounds=15 if quick else 75, each=1, timer=process_time)
    plain = took["plain"] / PLAIN_STEPS
    few, many = (plain / (took[str(n)] / (n * T)) for n, T in LANES.items())
    gradient = (took["textbook"] / PLAIN_EPISODES) / (took["batch"] / BATCH)
    return [
        Row("4x4: steps a second, 100 trajectories in lockstep to a Gymnasium loop", few, 80, False),
        Row("4x4: steps a second, 10,000 trajectories in lockstep to a Gymnasium loop", many, 300, False),
        Row("4x4: REINFORCE gradient of 10,000 episodes, a textbook's loop to ours", gradient, 300, False),
    ]


if __name__ == "__main__":
    print(*run(), sep="\n")
