"""Gradients of J: the chapter's theorem, and other routes to the same vector.

    ∇v^π = q^π ∇π + γ p^π ∇v^π     value_gradient, and value_gradient_operator for its right-hand side
    ∇J   = ρ^π π (q^π ∇log π)      policy_gradient
    g    = ρ π (q ∇log π)          greediness_gradient, for any ρ and q
    q_w  = ∇log π · w              compatible_critic, another q for which g = ∇J
    A    = δ + γλ p π A            expected_gae, what GAE(λ) puts in the place of q
    y    = E[(δ + γλ A')²]         expected_gae_squared, its second moment, and so its variance
    A_k  = δ + γλ p π A_{k−1}      expected_gae_window, where only k steps are seen: A2C's windows

Arrays: ρ (S,), q (S, A), ∇π and ∇log π (S, A, d), ∇v (S, d), ∇J (d,). ρ^π is unnormalised, which makes = of the
theorem's ∝.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from pgcourse.arrays import LARGEST, Array, finite, generator, number, real_array, shaped, weights, whole
from pgcourse.bellman import action_value, check_policy, system, transition
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy


def value_gradient(mdp: FiniteMDP, pi: Policy, q_pi: Array, grad_pi: Array) -> Array:
    """∇v^π, of shape (S, d): the solution of ∇v = q^π ∇π + γ p^π ∇v.

    Chapter, "A Bellman equation on value gradients".
    """
    source = _source(pi, q_pi, grad_pi)
    return finite(np.linalg.solve(system(mdp, pi), source), "∇v", q_pi=q_pi, grad_pi=grad_pi)


def value_gradient_operator(mdp: FiniteMDP, pi: Policy, q_pi: Array, grad_pi: Array) -> Callable[[Array], Array]:
    """∇v ↦ q^π ∇π + γ p^π ∇v, from (S, d) to (S, d): applied again and again it leads from 0 to ∇v^π.

    Its k-th value from 0 is Σ_{t<k} (γ p^π)ᵗ (q^π ∇π), and it brings any two ∇v nearer to each other,
    by the factor γ or less (in the largest entry).
    Chapter, "A Bellman equation on value gradients".
    """
    source, p_pi = _source(pi, q_pi, grad_pi), transition(mdp, pi)

    def operator(grad_v: Array) -> Array:
        grad_v = shaped("grad_v", grad_v, "S d", source.shape, ", as q ∇π has")
        with np.errstate(over="ignore", invalid="ignore"):  # refused by name
            return finite(source + mdp.gamma * p_pi @ grad_v, "q ∇π + γ p ∇v", grad_v=grad_v)

    return operator


def _source(pi: Policy, q_pi: Array, grad_pi: Array) -> Array:
    """q^π ∇π, of shape (S, d)."""
    q_pi, grad_pi = _table("q_pi", q_pi, pi), _derivatives("grad_pi", grad_pi, pi)
    with np.errstate(over="ignore", invalid="ignore"):  # refused by name
        return finite(np.einsum("sa,sad->sd", q_pi, grad_pi), "q ∇π", q_pi=q_pi, grad_pi=grad_pi)


def policy_gradient(rho_pi: Array, pi: Policy, q_pi: Array, grad_log_pi: Array) -> Array:
    """∇J = ρ^π π (q^π ∇log π), of shape (d,) (chapter, "The policy gradient theorem"; Sutton et al. 2000)."""
    return greediness_gradient(rho_pi, pi, q_pi, grad_log_pi)


def greediness_gradient(rho: Array, pi: Policy, q: Array, grad_log_pi: Array) -> Array:
    """g = ρ π (q ∇log π), of shape (d,), for any weights ρ and any q (chapter, "The link with q-greedy actions")."""
    rho, q, grad_log_pi = _weights("rho", rho, pi), _table("q", q, pi), _derivatives("grad_log_pi", grad_log_pi, pi)
    with np.errstate(over="ignore", invalid="ignore"):  # refused by name
        g = rho @ (pi @ (q[..., None] * grad_log_pi))
    return finite(g, "ρ π (q ∇log π)", rho=rho, q=q, grad_log_pi=grad_log_pi)


def compatible_critic(rho_pi: Array, pi: Policy, q_pi: Array, grad_log_pi: Array) -> Array:
    """w = argmin ρ^π π (q^π − ∇log π · w)², of shape (d,): the shortest one if there are several.

    Then q_w = ∇log π · w has the gradient of q^π: at the minimum ρ^π π ((q^π − q_w) ∇log π) = 0 (Sutton et al. 2000).
    """
    rho_pi = weights("rho_pi", rho_pi, pi.probs.shape[:1], ", as pi has")
    q_pi = real_array("q_pi", q_pi, "S A", LARGEST, pi.probs.shape, ", as pi has")
    grad_log_pi = real_array("grad_log_pi", grad_log_pi, "S A d", LARGEST, (*pi.probs.shape, None), ", as pi has")
    root = np.sqrt(rho_pi[:, None] * pi.probs)
    matrix = (root[..., None] * grad_log_pi).reshape(root.size, -1)
    # Where π is nearly deterministic, what ∇log π has of rounding is not small beside the rest, and says nothing.
    size, noise = np.linalg.norm(matrix, 2), np.finfo(float).eps * root.max() * np.abs(grad_log_pi).max()
    rcond = max(matrix.shape) * noise / size if size else None
    return np.linalg.lstsq(matrix, (root * q_pi).ravel(), rcond=rcond)[0]


def expected_gae(mdp: FiniteMDP, pi: Policy, v: Array, lam: float) -> Array:
    """E[A_t | s, a] of GAE(λ) with the critic v (S,), exactly: A = δ + γλ p π A, δ = r + γ p v − v; of shape (S, A).

    Put in the place of q in the theorem it gives the mean of the gradient's estimates, and so their bias. The critic
    counts 0 where the process is over. With v = v^π it is q^π − v^π for any λ; with λ = 1 it is q^π − v for any v.
    """
    lam, v = number("lam", lam, 0, 1), _critic(mdp, v)
    delta = action_value(mdp, v) - v[:, None]
    A_pi = np.linalg.solve(_fading(mdp, pi, mdp.gamma * lam), pi @ delta)
    return delta + mdp.gamma * lam * mdp.p @ A_pi


def expected_gae_squared(mdp: FiniteMDP, pi: Policy, v: Array, lam: float) -> Array:
    """E[A_t² | s, a] of GAE(λ) with the critic v (S,), exactly: y = E[δ² + 2γλ δ x(s') + (γλ)² (π y)(s')], (S, A).

    Here δ = r + γ v(s') − v(s), x = π A is the mean of A_{t+1}, and the outer mean is over s'. It is δ + γλ A_{t+1}
    squared, linear in y as Bellman's equation. The variance of A_t is y − A². A step pays r(s, a), as in `rollouts`.
    """
    lam, v = number("lam", lam, 0, 1), _critic(mdp, v)
    x, now, gamma = pi @ expected_gae(mdp, pi, v, lam), mdp.r - v[:, None], mdp.gamma
    known = now**2 + 2 * gamma * now * (mdp.p @ (v + lam * x)) + gamma**2 * (mdp.p @ (v**2 + 2 * lam * v * x))
    y_pi = np.linalg.solve(_fading(mdp, pi, (gamma * lam) ** 2), pi @ known)
    return known + (gamma * lam) ** 2 * (mdp.p @ y_pi)


def expected_gae_until(mdp: FiniteMDP, pi: Policy, v: Array, lam: float, horizon: int) -> Array:
    """E[A | s, a] over all steps of trajectories that are cut after `horizon` steps, (S, A).

    At the cut v(s') stands in: A_t = δ + γλ p π A_{t+1} with A_T = 0. Time t counts by P(s_t = s). It differs from
    `expected_gae` unless v = v^π, since nothing follows the cut but v. It is 0 in absorbing states, and nan where no
    trajectory comes.
    """
    advantages = _cut_advantages(mdp, pi, v, lam, whole("horizon", horizon))
    here, step = mdp.rho_0, pi @ mdp.p_live  # where it is over, A is 0 and nothing follows
    visits, total = np.zeros(mdp.S), np.zeros(mdp.r.shape)
    for A in advantages[::-1]:
        visits, total = visits + here, total + here[:, None] * A
        here = here @ step
    seen = np.where(visits > 0, visits, np.where(mdp.absorbing, 1, np.nan))
    return total / seen[:, None]


def expected_gae_window(mdp: FiniteMDP, pi: Policy, v: Array, lam: float, n: int) -> Array:
    """E[A | s, a] over the steps of windows of n steps, (S, A): (A_1 + … + A_n)/n, A_k = δ + γλ p π A_{k−1}, A_0 = 0.

    Step j of a window has only k = n − j rewards, then v stands in: each k is as frequent. With λ = 1 it is the mean
    of the k-step returns, minus v: A3C's and A2C's estimate (Mnih et al. 2016, arXiv 1602.01783). Each step of the
    window is taken to find the same states, as with lanes that have been running for long.
    """
    return np.mean(_cut_advantages(mdp, pi, v, lam, whole("n", n)), axis=0)


def _cut_advantages(mdp: FiniteMDP, pi: Policy, v: Array, lam: float, n: int) -> list[Array]:
    """E[A | s, a] where the cut comes after 1, 2, …, n steps, (S, A) each: A_k = δ + γλ p π A_{k−1}, A_0 = 0."""
    check_policy(mdp, pi)
    lam, v = number("lam", lam, 0, 1), _critic(mdp, v)
    delta = action_value(mdp, v) - v[:, None]
    advantages: list[Array] = [delta]
    while len(advantages) < n:
        advantages.append(delta + mdp.gamma * lam * (mdp.p @ (pi @ advantages[-1])))
    return advantages


def _critic(mdp: FiniteMDP, v: Array) -> Array:
    """v (S,), 0 where the process is over."""
    return np.where(mdp.absorbing, 0, real_array("v", v, "S", LARGEST, (mdp.S,)))


def _fading(mdp: FiniteMDP, pi: Policy, c: float) -> Array:
    """I − c p^π, the process ended in absorbing states; with c = 1 only if the policy ends, as `system` says."""
    check_policy(mdp, pi)
    return system(mdp, pi) if c == 1 else np.eye(mdp.S) - c * (pi @ mdp.p_live)


def angle(one: Array, other: Array) -> float:
    """Between two vectors of any one shape, in degrees from 0 to 180; NaN if one of them is 0.

    By half the angle's tangent, which is exact to the last digits near 0° and 180°, where the cosine is not. Lengths do
    not matter: each vector is first divided by its largest entry, so that no square leaves the range of floats.
    """
    one, other = real_array("one", one, "…"), real_array("other", other, "…")
    if one.shape != other.shape:
        raise ValueError(f"one and other have shapes {one.shape} and {other.shape}, expected the same shape")
    sizes = np.abs(one).max(initial=0), np.abs(other).max(initial=0)
    if 0 in sizes:
        return float("nan")
    one, other = one / sizes[0], other / sizes[1]
    one, other = one / np.linalg.norm(one), other / np.linalg.norm(other)
    return float(np.degrees(2 * np.arctan2(np.linalg.norm(one - other), np.linalg.norm(one + other))))


def tabular_softmax_gradient(rho_pi: Array, pi: Policy, q_pi: Array) -> Array:
    """∇J of the tabular softmax, of shape (S, A): ρ^π(s) π(a|s) (q^π(s, a) − v^π(s)).

    The theorem with ∇log π(a|s) = 1_{s,a} − π(·|s) put in: no array of S·A·d numbers is made.
    """
    rho_pi, q_pi = _weights("rho_pi", rho_pi, pi), _table("q_pi", q_pi, pi)
    with np.errstate(over="ignore", invalid="ignore"):  # refused by name
        grad_J = rho_pi[:, None] * pi.probs * (q_pi - (pi @ q_pi)[:, None])
    return finite(grad_J, "∇J", rho_pi=rho_pi, q_pi=q_pi)


def finite_differences(J: Callable[[Array], float], theta: Array, h: float = 1e-5) -> Array:
    """∂J/∂θᵢ ≈ (J(θ + h eᵢ) − J(θ − h eᵢ)) / 2h, of the shape of θ: error of order h², and of rounding/h."""
    theta, h = _parameters(theta), number("h", h, most=LARGEST, above=0)
    if (lost := (theta + h == theta) | (theta - h == theta)).any():
        i = tuple(np.argwhere(lost)[0].tolist())
        raise ValueError(f"h is {h:g}, expected a step that changes theta{list(i)} = {theta[i]:g}")
    grad = np.empty_like(theta)
    for i in np.ndindex(theta.shape):
        e = np.zeros_like(theta)
        e[i] = h
        grad[i] = _value(J, theta + e) - _value(J, theta - e)
    return grad / (2 * h)


def evolution_strategy(
    J: Callable[[Array], float], theta: Array, n: int, sigma: float, rng: np.random.Generator
) -> Array:
    """n estimates of ∇J, of shape (n, *θ): ε (J(θ + σε) − J(θ − σε)) / 2σ with ε standard normal.

    Their mean is the gradient of J smoothed by σ, which differs from ∇J by a term of order σ² (Salimans et al. 2017,
    arXiv 1703.03864; antithetic pairs).
    """
    theta, n, sigma = _parameters(theta), whole("n", n), number("sigma", sigma, most=LARGEST, above=0)
    if (lost := theta + sigma == theta).any():
        i = tuple(np.argwhere(lost)[0].tolist())
        raise ValueError(f"sigma is {sigma:g}, expected a step that changes theta{list(i)} = {theta[i]:g}")
    epsilon = generator(rng).standard_normal((n, *theta.shape))
    slopes = [(_value(J, theta + sigma * e) - _value(J, theta - sigma * e)) / (2 * sigma) for e in epsilon]
    return np.einsum("n,n...->n...", slopes, epsilon)


# The border: shapes that NumPy would broadcast are refused


def _weights(field: str, rho: Array, pi: Policy) -> Array:
    return shaped(field, rho, "S", pi.probs.shape[:1], f", as pi has S = {len(pi.probs)}")


def _table(field: str, q: Array, pi: Policy) -> Array:
    return shaped(field, q, "S A", pi.probs.shape, ", as pi has")


def _derivatives(field: str, grad: Array, pi: Policy) -> Array:
    return shaped(field, grad, "S A d", (*pi.probs.shape, None), f", as pi has (S, A) = {pi.probs.shape}")


def _parameters(theta: ArrayLike) -> Array:
    """θ of whatever shape."""
    return real_array("theta", theta, "…", LARGEST)


def _value(J: Callable[[Array], float], theta: Array) -> float:
    """J(θ) as one number, of which differences are finite, too."""
    return number("J(theta)", J(theta), -LARGEST, LARGEST)
