"""Gradients of J: the chapter's theorem, and other routes to the same vector.

    ∇v^π = q^π ∇π + γ p^π ∇v^π     value_gradient, and value_gradient_operator for its right-hand side
    ∇J   = ρ^π π (q^π ∇log π)      policy_gradient
    g    = ρ π (q ∇log π)          greediness_gradient, for any ρ and q
    q_w  = ∇log π · w              compatible_critic, another q for which g = ∇J

Arrays: ρ (S,), q (S, A), ∇π and ∇log π (S, A, d), ∇v (S, d), ∇J (d,). ρ^π is unnormalised, which makes = of the
theorem's ∝.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from pgcourse.arrays import Array
from pgcourse.bellman import system, transition
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy


def value_gradient(mdp: FiniteMDP, pi: Policy, q_pi: Array, grad_pi: Array) -> Array:
    """∇v^π, of shape (S, d): the solution of ∇v = q^π ∇π + γ p^π ∇v.

    Chapter, "A Bellman equation on value gradients".
    """
    return np.linalg.solve(system(mdp, pi), np.einsum("sa,sad->sd", q_pi, grad_pi))


def value_gradient_operator(mdp: FiniteMDP, pi: Policy, q_pi: Array, grad_pi: Array) -> Callable[[Array], Array]:
    """∇v ↦ q^π ∇π + γ p^π ∇v, from (S, d) to (S, d): applied again and again it leads from 0 to ∇v^π.

    Its k-th value from 0 is Σ_{t<k} (γ p^π)ᵗ (q^π ∇π), and it brings any two ∇v nearer to each other by γ.
    Chapter, "A Bellman equation on value gradients".
    """
    source, p_pi = np.einsum("sa,sad->sd", q_pi, grad_pi), transition(mdp, pi)
    return lambda grad_v: source + mdp.gamma * p_pi @ grad_v


def policy_gradient(rho_pi: Array, pi: Policy, q_pi: Array, grad_log_pi: Array) -> Array:
    """∇J = ρ^π π (q^π ∇log π), of shape (d,) (chapter, "The policy gradient theorem"; Sutton et al. 2000)."""
    return greediness_gradient(rho_pi, pi, q_pi, grad_log_pi)


def greediness_gradient(rho: Array, pi: Policy, q: Array, grad_log_pi: Array) -> Array:
    """g = ρ π (q ∇log π), of shape (d,), for any weights ρ and any q (chapter, "The link with q-greedy actions")."""
    return rho @ (pi @ (q[..., None] * grad_log_pi))


def compatible_critic(rho_pi: Array, pi: Policy, q_pi: Array, grad_log_pi: Array) -> Array:
    """w = argmin ρ^π π (q^π − ∇log π · w)², of shape (d,): the shortest one if there are several.

    Then q_w = ∇log π · w has the gradient of q^π: at the minimum ρ^π π ((q^π − q_w) ∇log π) = 0 (Sutton et al. 2000).
    """
    root = np.sqrt(rho_pi[:, None] * pi.probs)
    return np.linalg.lstsq((root[..., None] * grad_log_pi).reshape(root.size, -1), (root * q_pi).ravel())[0]


def angle(one: Array, other: Array) -> float:
    """Between two vectors of any one shape, in degrees from 0 to 180; NaN if one of them is 0.

    By half the angle's tangent, which is exact to the last digits near 0° and 180°, where the cosine is not.
    """
    lengths = np.linalg.norm(one), np.linalg.norm(other)
    if 0 in lengths:
        return float("nan")
    one, other = one / lengths[0], other / lengths[1]
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(one - other), np.linalg.norm(one + other))))


def tabular_softmax_gradient(rho_pi: Array, pi: Policy, q_pi: Array) -> Array:
    """∇J of the tabular softmax, of shape (S, A): ρ^π(s) π(a|s) (q^π(s, a) − v^π(s)).

    The theorem with ∇log π(a|s) = 1_{s,a} − π(·|s) put in: no array of S·A·d numbers is made.
    """
    v_pi = pi @ q_pi
    return rho_pi[:, None] * pi.probs * (q_pi - v_pi[:, None])


def finite_differences(J: Callable[[Array], float], theta: Array, h: float = 1e-5) -> Array:
    """∂J/∂θᵢ ≈ (J(θ + h eᵢ) − J(θ − h eᵢ)) / 2h, of the shape of θ: error of order h², and of rounding/h."""
    theta = np.asarray(theta, dtype=float)
    grad = np.empty_like(theta)
    for i in np.ndindex(theta.shape):
        e = np.zeros_like(theta)
        e[i] = h
        grad[i] = (J(theta + e) - J(theta - e)) / (2 * h)
    return grad


def evolution_strategy(
    J: Callable[[Array], float], theta: Array, n: int, sigma: float, rng: np.random.Generator
) -> Array:
    """n estimates of ∇J, of shape (n, *θ): ε (J(θ + σε) − J(θ − σε)) / 2σ with ε standard normal.

    Their mean is the gradient of J smoothed by σ, which differs from ∇J by a term of order σ² (Salimans et al. 2017,
    arXiv 1703.03864; antithetic pairs).
    """
    theta = np.asarray(theta, dtype=float)
    epsilon = rng.standard_normal((n, *theta.shape))
    slopes = [(J(theta + sigma * e) - J(theta - sigma * e)) / (2 * sigma) for e in epsilon]
    return np.einsum("n,n...->n...", slopes, epsilon)
