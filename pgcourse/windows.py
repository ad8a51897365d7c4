"""One window of one lane, exactly: the mean and the variance of the direction that n steps in a row give A2C.

    ĝ = Σρ/n Σ_{j<n} A_j ∇log π(a_j|s_j),   A_j = Σ_{k<n−j} (γλ)ᵏ δ_{j+k},   s_0 ~ ρ/Σρ

Steps of one lane hang together: their states follow each other, and a reward counts in all A_j before it. So n steps
are not n samples. N lanes that know nothing of each other have the mean of ĝ, and its variance divided by N. With one
step more in front, G' = Σ A_j ∇log π of the others becomes G = A ∇log π + G', A = δ + γλ A'. Squared, this is linear
in E[A'], E[A'²], E[G'], E[A' G'] and E[|G'|²] given s': no path is listed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pgcourse.arrays import LARGEST, Array, number, real_array, weights, whole
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy


class Windows(NamedTuple):
    """Mean (n, d) and variance (n,) of ĝ, added up over θ's components: row k − 1 is that of windows of k steps."""

    mean: Array
    variance: Array


def window_moments(mdp: FiniteMDP, pi: Policy, v: Array, lam: float, n: int, rho: Array, grad_log_pi: Array) -> Windows:
    """E[ĝ] and E|ĝ|² − |E[ĝ]|² of windows of 1, 2, …, n steps with the critic v (S,); see the module's text.

    Weights rho (S,) need not sum to 1; grad_log_pi (S, A, d). Where the process ends, the lane begins anew from ρ₀,
    nothing is passed on to A, and v counts 0. With ρ the lane's stationary weights E[ĝ] is that of
    `expected_gae_window`. ValueError naming the state if rho or ρ₀ has a weight where the process is over.
    """
    lam, n, over = number("lam", lam, 0, 1), whole("n", n), mdp.absorbing
    v = np.where(over, 0, real_array("v", v, "S", LARGEST, (mdp.S,)))
    rho = weights("rho", rho, (mdp.S,))
    score = real_array("grad_log_pi", grad_log_pi, "S A d", LARGEST, (*pi.probs.shape, None), ", as pi has")
    for field, x in (("rho", rho), ("rho_0", mdp.rho_0)):
        if (strange := over & (x > 0)).any():
            s = int(strange.argmax())
            raise ValueError(f"{field}[{s}] is {x[s]:g}, expected 0: in state {s} the process is over")
    p, c, square = mdp.p, mdp.gamma * lam, (score**2).sum(axis=2)
    delta = mdp.r[..., None] + mdp.gamma * v - v[:, None, None]  # (S, A, S')

    A, A_A, G_G = np.zeros((3, mdp.S))  # E[A'], E[A'²] and E[|G'|²] given s'
    G, A_G = np.zeros((2, mdp.S, score.shape[2]))  # E[G'] and E[A' G']
    means, variances = [], []
    for k in range(1, n + 1):
        A_now, A_A_now = (
            (p * (delta + c * A)).sum(axis=2),
            (p * (delta**2 + 2 * c * delta * A + c**2 * A_A)).sum(axis=2),
        )
        A_rest = np.einsum("sat,sat,td->sad", p, delta, G) + c * p @ A_G  # E[(δ + γλ A') G']
        G_now, A_G_now = A_now[..., None] * score + p @ G, A_A_now[..., None] * score + A_rest
        G_G_now = A_A_now * square + 2 * (score * A_rest).sum(axis=2) + p @ G_G
        A, A_A, G, A_G, G_G = (pi @ x for x in (A_now, A_A_now, G_now, A_G_now, G_G_now))
        means.append(rho @ G / k)
        variance = rho.sum() * (rho @ G_G) / k**2 - means[-1] @ means[-1]
        variances.append(max(0.0, variance))  # −1e-15 is rounding
        A, A_A, A_G = np.where(over, 0, A), np.where(over, 0, A_A), np.where(over[:, None], 0, A_G)
        G, G_G = np.where(over[:, None], mdp.rho_0 @ G, G), np.where(over, mdp.rho_0 @ G_G, G_G)
    return Windows(np.array(means), np.array(variances))
