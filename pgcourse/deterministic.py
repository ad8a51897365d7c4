"""From stochastic policies to deterministic ones, on a linear-quadratic regulator: estimates, critics, ascent.

    q(s, a) ∇log π(a|s),   a = K s + σ ε            nabla_log_estimates: needs σ > 0
    ∇_θμ(s) ∇_a q(s, a),   a = K s, or K s + σ ε    slope_estimates: needs the slope of q, and no σ
    Var of the first, in one state                  nabla_log_variance; smoothed, for any q
    ∇_a Q^w = wᵀ ∇_θμ, fitted to ∇_a q              compatible_weights
    Q^w(s, a) quadratic, from samples (s, a, r, s') learned_slope
    K ← K + α G Σ                                   ascent

Silver et al. 2014, "Deterministic policy gradient algorithms" (ICML). States (N, n), actions (N, m), gains (m, n).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
from numpy.typing import ArrayLike

from pgcourse.arrays import LARGEST, Array, at_least, finite, fitting, frozen, number, number_or_each, real_array, whole
from pgcourse.lqr import LQR, action_slope, action_value, reward, sample_states, second_moment, slope_matrix

Matrix = Callable[[LQR, Array], Array]
NODES = 96  # of the quadrature: exact for polynomials of degree 191

# One sample


def nabla_log(s: Array, a: Array, K: ArrayLike, sigma: float) -> Array:
    """∇_K log π(a|s) = (a − K s) sᵀ / σ², of shape (N, m, n). At σ = 0 there is no density: ValueError."""
    K, sigma = real_array("K", at_least(2, K), "m n", LARGEST), number("sigma", sigma, 0, LARGEST)
    if sigma == 0:
        raise ValueError("sigma is 0, expected > 0: a policy that always takes one action has no density")
    s = real_array("s", s, "N n", LARGEST, (None, K.shape[1]))
    a = real_array("a", a, "N m", LARGEST, (len(s), len(K)), ", one action a state")
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # refused by name
        return finite(np.einsum("nm,ns->nms", (a - s @ K.T) / sigma / sigma, s), "∇log π", s=s, a=a, K=K, sigma=sigma)


def nabla_log_estimates(lqr: LQR, K: ArrayLike, sigma: float, s: Array, a: Array, b: ArrayLike = 0.0) -> Array:
    """(q^π(s, a) − b) ∇log π(a|s), one estimate a pair, of shape (N, m, n); the baseline b is a number or (N,)."""
    q = action_value(lqr, K, sigma, s, a)
    return (q - number_or_each("b", b, "N", q.shape))[:, None, None] * nabla_log(s, a, K, sigma)


def slope_estimates(lqr: LQR, K: ArrayLike, s: Array, a: Array | None = None) -> Array:
    """∇_θμ(s) ∇_a q(s, a), of shape (N, m, n), at a = K s unless other actions are given."""
    s = real_array("s", s, "N n", LARGEST, (None, len(lqr.A)))
    return np.einsum("nm,ns->nms", action_slope(lqr, K, s, s @ lqr.gain(K).T if a is None else a), s)


def nabla_log_variance(x: ArrayLike, slope: ArrayLike, h: ArrayLike, sigma: ArrayLike) -> Array:
    """Var[(q − b) ε/σ] = x²/σ² + 2 slope² − 6 h x + 15 h² σ², in one state with one action.

    There q(a) = q(μ) + slope (a − μ) − h (a − μ)², a = μ + σ ε, and x = q(μ) − b. With b = v = q(μ) − h σ² it is
    2 slope² + 10 h² σ²; the best baseline is q(μ) − 3 h σ².
    """
    given = {"x": x, "slope": slope, "h": h, "sigma": sigma}
    named = {name: real_array(name, value, "…", LARGEST) for name, value in given.items()}
    fitting(**named)
    x, slope, h, sigma = np.broadcast_arrays(*named.values())
    if not (sigma > 0).all():
        raise ValueError(f"sigma is {sigma[~(sigma > 0)][0]}, expected > 0")
    with np.errstate(over="ignore", invalid="ignore"):  # refused by name
        variance = (x / sigma) ** 2 + 2 * slope**2 - 6 * h * x + 15 * h**2 * sigma**2
    return finite(variance, "the variance", x=x, slope=slope, h=h, sigma=sigma)


def smoothed(f: Callable[[Array, Array], Array], mu: float, sigma: ArrayLike) -> tuple[Array, Array]:
    """Mean and standard deviation of f(μ + σ ε, ε) for each σ of (k,), by Gauss–Hermite quadrature; f takes arrays.

    Exact for polynomials; for a ripple cos ωa as long as ωσ stays below about ten.
    """
    mu, sigma = number("mu", mu, -LARGEST, LARGEST), real_array("sigma", sigma, "…", LARGEST)
    nodes, weights = _gauss_hermite()
    values = f(mu + np.multiply.outer(sigma, nodes), nodes)
    mean = values @ weights
    return mean, np.sqrt(np.maximum((values - mean[..., None]) ** 2 @ weights, 0))


@cache
def _gauss_hermite() -> tuple[Array, Array]:
    """Nodes and weights of the standard normal, both (NODES,)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(NODES)
    return frozen(nodes), frozen(weights / weights.sum())


# Critics


def compatible_weights(features: Array, slopes: Array) -> Array:
    """w minimising Σ (wᵀ∇_θμ(s) − ∇_a q(s))² over the samples: of shape (d,), for features ∇_θμ (N, d), slopes (N,).

    Then mean(∇_θμ · wᵀ∇_θμ) = mean(∇_θμ · ∇_a q) even where the fit is bad (Silver et al. 2014, Theorem 3), and w is
    the natural gradient.
    """
    features = real_array("features", features, "N d", LARGEST)
    slopes = real_array("slopes", slopes, "N", LARGEST, (len(features),), ", one for each row of features")
    return np.linalg.lstsq(features, slopes)[0]


def learned_slope(lqr: LQR, K: ArrayLike, K_b: ArrayLike, sigma_b: float, n: int, rng: np.random.Generator) -> Array:
    """G as a critic Q^w learns it, by least-squares TD for μ(s) = K s; Q^w = wᵀ(products of two of s and a, and 1).

    The n transitions are those of a behaviour a = K_b s + σ_b ε; only the next action, K s', is the policy's own. No
    importance weights: an expectation over one action only, which is known, needs none. Shape (m, n).
    """
    K, K_b, n, sigma_b = lqr.gain(K), lqr.gain(K_b), whole("n", n), number("sigma_b", sigma_b, 0, LARGEST)
    s = sample_states(lqr, K_b, sigma_b, n, rng)
    a = s @ K_b.T + sigma_b * rng.standard_normal((n, len(K)))
    noise = rng.multivariate_normal(np.zeros(len(lqr.A)), lqr.W, n)
    s_next = s @ lqr.A.T + a @ lqr.B.T + noise
    now, ahead = _products(s, a), _products(s_next, s_next @ K.T)
    w = np.linalg.lstsq(now.T @ (now - lqr.gamma * ahead), now.T @ reward(lqr, s, a))[0]
    size = len(lqr.A)
    H = np.zeros((size + len(K),) * 2)
    H[np.triu_indices(len(H))] = w[:-1]
    H = H + H.T  # zᵀHz/2 is the quadratic part, so that its slope is Hz
    return H[size:, :size] + H[size:, size:] @ K


def _products(s: Array, a: Array) -> Array:
    z = np.hstack([s, a])
    i, j = np.triu_indices(z.shape[1])
    return np.column_stack([z[:, i] * z[:, j], np.ones(len(z))])


# Ascent


def ascent(
    lqr: LQR,
    K: ArrayLike,
    alpha: float,
    slope: Matrix = slope_matrix,
    states: Matrix = second_moment,
) -> Iterator[Array]:
    """K, then K ← K + α G Σ for ever: each `next` is one step of deterministic policy gradient.

    slope    (lqr, K) → G (m, n): exact, or as some critic has it
    states   (lqr, K) → Σ (n, n): the policy's own, a behaviour's, or the identity, which is the natural gradient
    """
    return _ascent(lqr, lqr.gain(K).copy(), number("alpha", alpha, 0), slope, states)


def _ascent(lqr: LQR, K: Array, alpha: float, slope: Matrix, states: Matrix) -> Iterator[Array]:
    while True:
        yield K.copy()
        with np.errstate(over="ignore", invalid="ignore"):  # refused by name
            K = lqr.gain(K + alpha * slope(lqr, K) @ states(lqr, K))
