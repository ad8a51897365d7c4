"""Estimates of ∇J from samples: one row an estimate, (N, d). Their mean over many rows is what theory promises.

Σρ (q(s,a) − b(s)) ∇log π(a|s),  s ~ ρ/Σρ, a ~ π(s)      from_pairs

From trajectories every estimate is Σ_t w_t ∇log π(a_t|s_t), `weighted_scores`, and they differ in the weights w_t:

    Σ_k γᵏ r_k = G₀                          full_return        unbiased
    γᵗ (G_t − b(s_t))                        reward_to_go       unbiased, whatever b is, if b is fixed beforehand
    γᵗ A_t, of an advantage of `returns`     discounted         as right as the critic
    G_t − b(s_t)                             undiscounted       biased: common practice, in general no gradient

Unbiased is meant for trajectories that end by themselves. A time limit T hides rewards, and biases them all. With a
right v an advantage gets the rewards back at T, but the visits after T are still missing: on the corridor with
P(right) = 0.58 and T = 4 the mean is −0.134, and ∇J is +0.135. Weights are numbers for each of `tau.steps`, (M,), and
so is a baseline b: b = v[tau.steps.s] for a table v (S,).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pgcourse.arrays import LARGEST, Array, number, number_or_each, real_array, weights
from pgcourse.policy import Policy
from pgcourse.returns import returns_to_go
from pgcourse.trajectories import Indices, Trajectories


def from_pairs(rho: Array, q: Array, grad_log_pi: Array, s: Indices, a: Indices, b: ArrayLike = 0.0) -> Array:
    """One estimate of ρ π (q ∇log π) for each pair of `sample_pairs(rho, pi, …)`, of shape (N, d).

    Σρ (q(s,a) − b(s)) ∇log π(a|s): the factor Σρ, which is 1/(1−γ) for ρ = ρ^π, is what the theorem's ∝ leaves out.
    q (S, A), grad_log_pi (S, A, d), the baseline b a number or (S,). With q = q^π and ρ = ρ^π it is unbiased for ∇J,
    whatever b is, since Σ_a π ∇log π = 0 (Sutton et al. 2000; Williams 1992). s and a are integers of one shape, (N,).
    """
    q = real_array("q", q, "S A", LARGEST)
    S, A = q.shape
    why = f", as q has (S, A) = {S, A}"
    rho = weights("rho", rho, (S,), why)
    grad_log_pi = real_array("grad_log_pi", grad_log_pi, "S A d", LARGEST, (S, A, None), why)
    b = np.broadcast_to(number_or_each("b", b, "S", (S,)), S)
    s = _indices("s", s, S)
    a = _indices("a", a, A, s.shape)
    return rho.sum() * (q[s, a] - b[s])[:, None] * grad_log_pi[s, a]


def _indices(field: str, value: Indices, most: int, shape: tuple[int, ...] | None = None) -> Indices:
    """`value` as integers in 0 … most − 1, (N,), or ValueError: NumPy would count negative ones from the end."""
    i = np.asarray(value)
    if np.ma.isMaskedArray(value) and value.mask.any():
        raise ValueError(f"{field} has masked entries, expected integers: fill or drop what is masked")
    if i.dtype.kind not in "iu" or i.ndim != 1:
        raise ValueError(f"{field} has shape {i.shape} and type {i.dtype}, expected integers of shape (N,)")
    if shape is not None and i.shape != shape:
        raise ValueError(f"{field} has shape {i.shape}, expected {shape}, as s has")
    if (strange := (i < 0) | (i >= most)).any():
        n = int(strange.argmax())
        raise ValueError(f"{field}[{n}] is {i[n]}, expected an integer in 0 … {most - 1}")
    return i


# The weights w_t


def full_return(tau: Trajectories, gamma: float, b: float = 0.0) -> Array:
    """w_t = G(τ) − b with G(τ) = Σ_k γᵏ r_k, the same at each step of a trajectory: even what was earned before t.

    Williams 1992.
    """
    G = tau.sums(tau.steps.discount(gamma) * tau.steps.r)
    return (G - number("b", b))[tau.steps.n]


def reward_to_go(tau: Trajectories, gamma: float, b: Array | float = 0.0) -> Array:
    """w_t = γᵗ (G_t − b(s_t)): an action gets no credit for what was earned before it.

    Sutton & Barto, 2nd ed., section 13.4: the box; their eq. 13.11 has no γᵗ.
    With one reward, at the end, γᵗ G_t is G₀: there it is the same estimate as `full_return`.
    """
    return discounted(tau, returns_to_go(tau.steps, gamma) - _baseline(b, tau), gamma)


def discounted(tau: Trajectories, advantage: Array, gamma: float) -> Array:
    """w_t = γᵗ A_t: the γᵗ is the one of ρ^π, which counts a visit at time t γᵗ times."""
    return tau.steps.discount(gamma) * real_array("advantage", advantage, "M", LARGEST, tau.steps.r.shape)


def undiscounted(tau: Trajectories, gamma: float, b: Array | float = 0.0) -> Array:
    """w_t = G_t − b(s_t), *biased*: γᵗ is lost, so states count by their visits, while returns are discounted.

    Its mean is the greediness gradient with q^π and undiscounted visits in the place of ρ^π, in general the gradient of
    no objective at all (Nota & Thomas 2020, arXiv 1906.07073).
    """
    return returns_to_go(tau.steps, gamma) - _baseline(b, tau)


def _baseline(b: ArrayLike, tau: Trajectories) -> Array | float:
    return number_or_each("b", b, "M", tau.steps.r.shape)


# From weights to gradients


def weighted_scores(tau: Trajectories, weights: Array | float, grad_log_pi: Array) -> Array:
    """Σ_t w_t ∇log π(a_t|s_t), one estimate a trajectory: (N, d), from grad_log_pi (S, A, d).

    With weights 1 it is the score of the whole trajectory, ∇log p(τ), whose mean is 0.
    """
    w = number_or_each("weights", weights, "M", tau.steps.r.shape)
    grad_log_pi = real_array("grad_log_pi", grad_log_pi, "S A d", LARGEST)
    S, A, _ = grad_log_pi.shape
    s, a = _indices("tau.steps.s", tau.steps.s, S), _indices("tau.steps.a", tau.steps.a, A)
    return np.stack([tau.sums(w * score) for score in grad_log_pi[s, a].T], axis=1)


def mean_tabular_scores(tau: Trajectories, weights: Array, pi: Policy) -> Array:
    """The mean of `weighted_scores` over the batch for the tabular softmax, (S, A): no array of S·A·d numbers is made.

    With ∇log π(a|s) = 1_{s,a} − π(·|s) two sums are enough: Σ_t w_t 1{s_t=s, a_t=a} − π(a|s) Σ_t w_t 1{s_t=s}.
    """
    S, A = pi.probs.shape
    weights = real_array("weights", weights, "M", LARGEST, tau.steps.r.shape)
    s, a = _indices("tau.steps.s", tau.steps.s, S), _indices("tau.steps.a", tau.steps.a, A)
    w = np.bincount(s * A + a, weights, S * A).reshape(S, A)
    return (w - w.sum(axis=1, keepdims=True) * pi.probs) / len(tau)


# The baselines with the least variance


def optimal_state_baseline(pi: Policy, q: Array, grad_log_pi: Array) -> Array:
    """b(s) = Σ_a π |∇log π|² q / Σ_a π |∇log π|², (S,): of all b(s), the least variance of `from_pairs`.

    It is q's mean with actions weighted by how much they move θ, not v^π, unless |∇log π| is the same for all actions
    (Greensmith, Bartlett & Baxter 2004). Where ∇log π vanishes any b will do; it is then v.
    """
    q = real_array("q", q, "S A", LARGEST, pi.probs.shape)
    grad_log_pi = real_array("grad_log_pi", grad_log_pi, "S A d", LARGEST, (*pi.probs.shape, None))
    weight = pi.probs * (grad_log_pi**2).sum(axis=2)
    total = weight.sum(axis=1)
    weight = np.where((total > 0)[:, None], weight, pi.probs)
    return (weight * q).sum(axis=1) / weight.sum(axis=1)


def optimal_constant_baseline(rho: Array, pi: Policy, q: Array, grad_log_pi: Array) -> tuple[float, Array]:
    """b = E[|∇log π|² q]/E[|∇log π|²] with s ~ ρ/Σρ, a ~ π(s), and the same for each component of θ: a number and (d,).

    The first is the best of one number for all components, in the sum of their variances; the second the best for each.
    """
    rho, q = weights("rho", rho, pi.probs.shape[:1]), real_array("q", q, "S A", LARGEST, pi.probs.shape)
    grad_log_pi = real_array("grad_log_pi", grad_log_pi, "S A d", LARGEST, (*pi.probs.shape, None))
    squares = rho[:, None, None] * pi.probs[..., None] * grad_log_pi**2
    return _weighted_means(squares.reshape(-1, squares.shape[2]), q.ravel())


def _weighted_means(weights: Array, x: Array) -> tuple[float, Array]:
    """Σ_n w_ni x_n / Σ_n w_ni, all i together and each by itself; 0 where no weight is."""
    top, bottom = x @ weights, weights.sum(axis=0)
    each = np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
    return float(top.sum() / bottom.sum()) if bottom.any() else 0.0, each
