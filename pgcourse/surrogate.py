"""How far a step may go: the surrogate L, KL, the Fisher matrix F, the natural gradient and PPO's L^CLIP, exactly.

    L(π') = J(π) + ρ^π π' (q^π − v^π)                    surrogate_objective: J(π') if ρ^π stood still
    KL(s) = Σ_a π(a|s) log(π(a|s)/π'(a|s))               divergence, and d KL its mean over states
    F v   = d π ((vᵀ∇log π) ∇log π)                      fisher_product: F is the Hessian of d KL at π' = π
    x     = F⁺ ∇J                                        natural_gradient
    √(2δ / xᵀFx) x                                       longest_step: ½ xᵀFx = δ, d KL ≈ δ
    J(π') ≥ L(π') − 4 ε γ/(1−γ)² max_s KL(s)             lower_bound, ε = max |q^π − v^π|
    F x = g, from v ↦ F v                                conjugate_gradient
    L^CLIP = J(π) + ρ^π π min(r A, clip(r, 1−ε, 1+ε) A)  clipped_objective, r = π'/π, A = q^π − v^π

Here d = ρ^π/Σρ^π is a distribution over states. Give absorbing states ρ = 0: nothing is decided there, and a KL that
counts them lets the others move farther. ∇L at π' is `greediness_gradient(rho_pi, new, A, grad_log_new)`; at π' = π it
is ∇J. ∇L^CLIP is the same with `clipped_advantage` for A. Kakade 2001; Kakade & Langford 2002; Schulman et al. 2015
(arXiv 1502.05477) and 2017 (arXiv 1707.06347).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pgcourse.arrays import LARGEST, Array, discount, finite, number, real_array, shaped, weights, whole
from pgcourse.bellman import Exact
from pgcourse.gradients import compatible_critic
from pgcourse.policy import Policy


def surrogate_objective(of: Exact, new: Policy) -> float:
    """L(π') = J(π) + ρ^π π' (q^π − v^π), given `exact(mdp, pi)` of π (Schulman et al. 2015, eq. 3).

    It has the value and the gradient of J at π' = π. It is linear in π': states count as often as π visits them.
    """
    _same_shape(of.q_pi, new)
    return float(of.J + of.rho_pi @ (new @ of.q_pi - of.v_pi))


def divergence(pi: Policy, new: Policy) -> Array:
    """KL(s) = Σ_a π(a|s) log(π(a|s)/π'(a|s)), (S,): 0 where both agree, ∞ where π' never does what π does."""
    _same_shape(pi.probs, new)
    with np.errstate(divide="ignore", invalid="ignore"):  # log 0 = −∞; 0 log 0 counts 0
        terms = np.where(pi.probs > 0, pi.probs * (np.log(pi.probs) - np.log(new.probs)), 0)
    return terms.sum(axis=1).clip(min=0)  # a sum of −1e-17 is rounding


def fisher_product(d: Array, pi: Policy, grad_log_pi: Array, v: Array) -> Array:
    """F v = d π ((vᵀ∇log π) ∇log π), of shape (d,), for weights d (S,) and ∇log π (S, A, d): no matrix is made."""
    S, A = pi.probs.shape
    d = weights("d", d, (S,), ", as pi has")
    score = real_array("grad_log_pi", grad_log_pi, "S A d", LARGEST, (S, A, None), f", as pi has (S, A) = {(S, A)}")
    v = real_array("v", v, "d", LARGEST, score.shape[2:], ", as grad_log_pi has")
    return d @ (pi @ ((score @ v)[..., None] * score))


def natural_gradient(rho_pi: Array, pi: Policy, q_pi: Array, grad_log_pi: Array) -> Array:
    """x = F⁺ ∇J with d = ρ^π/Σρ^π, of shape (d,): the shortest x with F x = ∇J.

    It is Σρ^π times the weights of the compatible critic. In the table it is Σρ^π (A(s, a) − mean of A(s, ·)) in each
    state that π visits: neither how often, nor how probable a is, matters (Kakade 2001; Agarwal et al. 2021).
    """
    return np.sum(rho_pi) * compatible_critic(rho_pi, pi, q_pi, grad_log_pi)


def longest_step(x: Array, Fx: Array, delta: float) -> Array:
    """√(2δ / xᵀFx) x, (d,): along x as far as ½ xᵀFx, the square of the way by F, is δ; 0 if x is 0."""
    delta, x = number("delta", delta, above=0), real_array("x", x, "d", LARGEST)
    square = float(x @ shaped("Fx", Fx, "d", x.shape, ", as x has"))
    if not x.any():
        return np.zeros_like(x)
    if not square > 0:  # NaN is not, either
        raise ValueError(f"xᵀFx is {square}, expected a number > 0: is Fx the product of F and this x?")
    return np.sqrt(2 * delta / square) * x


def lower_bound(of: Exact, pi: Policy, new: Policy, gamma: float) -> float:
    """L(π') − 4 ε γ/(1−γ)² max_s KL(s) ≤ J(π'), ε = max |q^π − v^π| (Schulman et al. 2015, theorem 1); γ < 1."""
    gamma = discount(gamma)
    epsilon = np.abs(of.q_pi - of.v_pi[:, None]).max()
    factor = 4 * epsilon * gamma / (1 - gamma) ** 2
    penalty = factor * float(divergence(pi, new).max()) if factor else 0.0  # 0 · ∞ would be no number
    return surrogate_objective(of, new) - penalty


def ratios(pi: Policy, new: Policy) -> Array:
    """r = π'(a|s)/π(a|s), (S, A); 1 where π never does a: no sample of π shows what π' does there."""
    _same_shape(pi.probs, new)
    return np.divide(new.probs, pi.probs, out=np.ones_like(pi.probs), where=pi.probs > 0)


def is_outside(r: Array, epsilon: float) -> NDArray[np.bool_]:
    """Where r is outside of [1−ε, 1+ε], of the shape of r. With ε = ∞ nothing is."""
    epsilon = _positive(epsilon)
    return (r > 1 + epsilon) | (r < 1 - epsilon)


def is_flat(r: Array, A: Array, epsilon: float) -> NDArray[np.bool_]:
    """Where min(r A, clip(r, 1−ε, 1+ε) A) does not change with r, of the shape of r.

    It is flat where r has gone the way A sends it, by more than ε. Where r is outside on the other side, the pair is on
    its way back: there the minimum is r A, and has its slope.
    """
    epsilon = _positive(epsilon)
    return ((A >= 0) & (r > 1 + epsilon)) | ((A <= 0) & (r < 1 - epsilon))


def clipped_objective(of: Exact, pi: Policy, new: Policy, epsilon: float) -> float:
    """L^CLIP(π') = J(π) + ρ^π π min(r A, clip(r, 1−ε, 1+ε) A), given `exact(mdp, pi)` (Schulman et al. 2017).

    With J(π), which does not depend on π', it is J at π' = π, and has its gradient there. It is ≤ L(π') if π' does only
    what π does, too: L counts what else π' does, and L^CLIP, as samples of π, does not.
    """
    _same_shape(of.q_pi, new)
    _same_shape(pi.probs, new)
    epsilon, A, taken = _positive(epsilon), of.q_pi - of.v_pi[:, None], pi.probs > 0
    most = np.multiply(1 + epsilon, pi.probs, out=np.zeros_like(pi.probs), where=taken)  # ∞ · 0 is no number
    chosen = new.probs * taken  # π r, and so on: r alone may be out of the range of floats
    clipped = np.minimum(np.maximum(chosen, max(1 - epsilon, 0) * pi.probs), most)
    return float(of.J + of.rho_pi @ np.minimum(chosen * A, clipped * A).sum(axis=1))


def clipped_advantage(of: Exact, pi: Policy, new: Policy, epsilon: float) -> Array:
    """A = q^π − v^π, and 0 where L^CLIP is flat, (S, A): with it ∇L^CLIP = ρ^π π' (A ∇log π')."""
    epsilon, r, A = _clipping(of, pi, new, epsilon)
    return np.where(is_flat(r, A, epsilon) | (pi.probs == 0), 0.0, A)


def conjugate_gradient(product: Callable[[Array], Array], b: Array, n: int, tolerance: float = 1e-10) -> Array:
    """x with F x ≈ b, (d,), given v ↦ F v for a symmetric F ≥ 0: at most n products, each along a new direction.

    It stops when |b − F x| ≤ tolerance·|b|, or where the direction has no curvature that floats can see. So b = 0 gives
    0. In exact arithmetic d products are enough (Hestenes & Stiefel 1952).
    """
    b, n, tolerance = real_array("b", b, "d", LARGEST), whole("n", n), number("tolerance", tolerance, 0)
    unit = 2.0 ** np.frexp(np.abs(b).max())[1]  # of b: a power of 2 changes no digit, and no square underflows
    b = b / unit
    x, rest = np.zeros_like(b), b.copy()
    direction, square = rest, float(rest @ rest)
    enough = tolerance**2 * square
    for _ in range(n):
        if square <= enough:
            break
        image = finite(shaped("product(v)", product(direction.copy()), "d", b.shape, ", as b has"), "F v", v=direction)
        curvature = float(direction @ image)
        if curvature <= np.finfo(float).eps * np.linalg.norm(direction) * np.linalg.norm(image):
            break
        step = square / curvature
        x, rest = x + step * direction, rest - step * image
        square, before = float(rest @ rest), square
        direction = rest + square / before * direction
    return x * unit


def _clipping(of: Exact, pi: Policy, new: Policy, epsilon: float) -> tuple[float, Array, Array]:
    """ε > 0, r and A."""
    _same_shape(of.q_pi, new)
    return _positive(epsilon), ratios(pi, new), of.q_pi - of.v_pi[:, None]


def _positive(epsilon: float) -> float:
    return number("epsilon", epsilon, above=0, limit=True)


def _same_shape(table: Array, new: Policy) -> None:
    if new.probs.shape != table.shape:
        raise ValueError(f"the new policy has shape {new.probs.shape}, expected (S, A) = {table.shape}, as the old one")
