"""Every trajectory of a small MDP: the exact mean and variance of an estimator, with nothing sampled."""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import NamedTuple

import numpy as np

from pgcourse.arrays import Array
from pgcourse.policy import grad_log_softmax, softmax
from pgcourse.zoo import garnet


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
def small() -> Small:
    """Three states, two actions, three parameters, γ = 0.8, H = 4 steps: 6^H sequences."""
    H = 4
    rng = np.random.default_rng(2)
    mdp, phi = garnet(3, 2, 2, 0.8, rng), rng.standard_normal((3, 2, 3))
    pi = softmax(phi, rng.standard_normal(3))
    s, a = divmod(np.array([*product(range(6), repeat=H)]), 2)
    p = mdp.rho_0[s[:, 0]] * pi.probs[s, a].prod(axis=1) * mdp.p[s[:, :-1], a[:, :-1], s[:, 1:]].prod(axis=1)
    r, scores = mdp.r[s, a], grad_log_softmax(phi, pi)[s, a]
    G = r @ mdp.gamma ** np.arange(H)
    return Small(s, p, r, scores, np.einsum("n,n,ntd->d", p, G, scores), mdp.gamma)
