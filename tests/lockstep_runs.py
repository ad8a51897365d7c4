"""For the tests of runs in lockstep: the corridor, a small MDP with all that is exact about it, and four learners."""

from __future__ import annotations

from functools import partial
from itertools import islice

import numpy as np

from pgcourse import zoo
from pgcourse.bellman import exact
from pgcourse.lockstep.monte_carlo import baseline_runs, reinforce_runs
from pgcourse.lockstep.online import actor_critic_runs, natural_runs
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import grad_log_softmax, softmax

CORRIDOR = zoo.short_corridor()
ALIKE = np.tile(np.eye(2), (4, 1, 1))  # the corridor's features: one for LEFT, one for RIGHT, the same in all states
START = np.log(19) / 2 * np.array([1, -1])  # P(LEFT) = 0.95
TINY = 1e-9  # θ hardly moves within an episode, and (θ − θ₀)/α is one estimate of a gradient

X = np.random.default_rng(0).standard_normal((6, 2))
RUNS = {
    "reinforce": reinforce_runs,
    "baseline": partial(baseline_runs, x=X, alpha_w=0.05),
    "actor-critic": partial(actor_critic_runs, x=X, alpha_w=0.05, lam=0.5, lam_w=0.8),
    "natural": partial(natural_runs, x=X, alpha_w=0.05, alpha_u=0.02),
}


def garnet(absorbing):
    """An MDP with S ≠ A, features of three numbers, θ, and all that is exact about them."""
    rng = np.random.default_rng(1)
    mdp, phi = zoo.garnet(6, 3, 3, 0.9, rng, absorbing), rng.standard_normal((6, 3, 3))
    mdp = FiniteMDP(mdp.p, mdp.r, 0.9, [0.3, 0, 0.3, 0.4, 0, 0])
    theta = rng.standard_normal(3)
    pi = softmax(phi, theta)
    return mdp, phi, theta, pi, exact(mdp, pi), grad_log_softmax(phi, pi)


DISCOUNTED = FiniteMDP(CORRIDOR.p, CORRIDOR.r, 0.9, CORRIDOR.rho_0)


def walk(theta, seed, horizon, steps):
    """A lane's steps in the corridor, drawn once more by hand: s, the score, s' and t. Whoever asks moves θ in place.

    The next states need no drawing: of three random numbers a step, the first chooses the action.
    """
    rng = np.random.default_rng(seed)
    s = t = 0
    for u in np.concatenate([rng.random((256, 3)) for _ in range(3)])[1 : steps + 1, 0]:
        probs = softmax(ALIKE, theta).probs[s]
        a = int(u >= probs[0])
        s_next = int(CORRIDOR.p[s, a].argmax())
        yield s, np.eye(2)[a] - probs, s_next, t
        s, t = (0, 0) if s_next == 3 or t + 1 == horizon else (s_next, t + 1)


def z_scores(x, expected):
    return (x.mean(axis=0) - expected) / (x.std(axis=0, ddof=1) / np.sqrt(len(x)))


def last(generator, n):
    return next(islice(generator, n - 1, n))
