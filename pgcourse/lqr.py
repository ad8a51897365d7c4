"""Linear dynamics, quadratic costs: continuous states and actions, and everything in closed form.

    s' = A s + B a + w,   w ~ N(0, W),   s₀ ~ N(mu_0, Sigma_0),   r(s, a) = −(sᵀQs + aᵀRa)
    a  = K s + σ ε,       ε ~ N(0, I)            σ = 0: the deterministic policy μ(s) = K s

    v^π(s)            = −sᵀPs − c                value, cost_matrix
    q^π(s, a)         = r(s, a) + γ E v^π(s')    action_value
    ∇_a q(s, a)                                  action_slope, which at a = K s is G s: slope_matrix
    Σ^π               = Σ_t γᵗ E[s_t s_tᵀ]       second_moment: what is needed of ρ^π, which is unnormalised
    ∇_K J             = G Σ^π                    policy_gradient, for every σ
    ∂J/∂log σ         = −2σ² tr(H) / (1−γ)       exploration_gradient: what more noise costs, H = R + γ BᵀPB

The parameters θ are the gain K (m, n), n numbers a state and m an action. After Bertsekas, *Dynamic Programming and
Optimal Control* I, and, for ∇J, Fazel et al. 2018 (arXiv 1801.05039), who have γ = 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pgcourse._missing import missing
from pgcourse.arrays import LARGEST, Array, ReadOnly, at_least, discount, frozen, generator, number, real_array, whole

NEGLIGIBLE = 1e-12  # what is left of a discounted sum when it is cut off
ROUNDING = 1e-12  # what an eigenvalue that is 0 may look like, as a share of the largest entry
UNEVEN = 1e-6  # how far from symmetric a matrix may be, likewise: float32 rounds by 1e-7
MOST = 4000  # laws of s_t, t = 0, 1, …


class Unstable(ValueError):
    """The discounted costs do not sum up."""


@dataclass(frozen=True, eq=False)
class LQR(ReadOnly):
    """A discounted linear-quadratic regulator; see the module's text. A number stands for a 1×1 matrix.

    Raises ValueError, naming the field and what was expected, if shapes disagree, a matrix that has to be symmetric
    and ≥ 0 (R: > 0) is not, or γ is outside [0, 1).
    """

    A: Array
    B: Array
    Q: Array
    R: Array
    W: Array
    mu_0: Array
    Sigma_0: Array
    gamma: float

    def __post_init__(self) -> None:
        for field in ("A", "B", "Q", "R", "W", "Sigma_0"):
            matrix = real_array(field, at_least(2, getattr(self, field)), "row column", LARGEST)
            object.__setattr__(self, field, frozen(matrix))
        object.__setattr__(self, "mu_0", frozen(real_array("mu_0", at_least(1, self.mu_0), "n", LARGEST)))
        n, m = self.B.shape
        square = {"A": n, "Q": n, "R": m, "W": n, "Sigma_0": n}
        for field, shape in {**{name: (k, k) for name, k in square.items()}, "mu_0": (n,)}.items():
            if (found := getattr(self, field).shape) != shape:
                raise ValueError(f"{field} has shape {found}, expected {shape}, since B has n = {n} rows and m = {m}")
        for field in ("Q", "R", "W", "Sigma_0"):
            matrix = getattr(self, field)
            largest, least = np.abs(matrix).max(), np.linalg.eigvalsh(matrix).min()
            fine = least > ROUNDING * largest if field == "R" else least >= -ROUNDING * largest
            if not fine or np.abs(matrix - matrix.T).max() > UNEVEN * largest:
                raise ValueError(
                    f"{field} is {matrix.tolist()}, expected symmetric and {'> 0' if field == 'R' else '≥ 0'}"
                )
        object.__setattr__(self, "gamma", discount(self.gamma))

    @property
    def start(self) -> Array:
        """E[s₀ s₀ᵀ], of shape (n, n)."""
        return self.Sigma_0 + np.outer(self.mu_0, self.mu_0)

    def gain(self, K: ArrayLike) -> Array:
        """K as an (m, n) matrix, or ValueError."""
        gain = real_array("K", at_least(2, K), "m n", LARGEST)
        if gain.shape != self.B.T.shape:
            raise ValueError(f"K has shape {gain.shape}, expected {self.B.T.shape}, one row for each action")
        return gain


def with_constant(lqr: LQR) -> LQR:
    """The same problem with one more component of the state, which is always 1: then (K, k) gives a = K s + k."""

    def bordered(matrix: Array, corner: float = 0.0) -> Array:
        size = len(matrix)
        larger = np.zeros((size + 1, size + 1))
        larger[:size, :size], larger[size, size] = matrix, corner
        return larger

    B = np.vstack([lqr.B, np.zeros((1, lqr.B.shape[1]))])
    more = {name: bordered(getattr(lqr, name)) for name in ("Q", "W", "Sigma_0")}
    return LQR(bordered(lqr.A, 1.0), B, R=lqr.R, mu_0=np.append(lqr.mu_0, 1), gamma=lqr.gamma, **more)


# Values


def closed_loop(lqr: LQR, K: ArrayLike) -> Array:
    """A + BK, of shape (n, n): s' = (A + BK) s + noise. Raises Unstable if √γ (A + BK) does not shrink."""
    loop = lqr.A + lqr.B @ lqr.gain(K)
    if (growth := np.sqrt(lqr.gamma) * np.abs(np.linalg.eigvals(loop)).max()) >= 1:
        gain = ", ".join(f"{k:.3g}" for k in np.ravel(K)).replace("-", "−")
        raise Unstable(f"J is −∞ at K = {gain}: √γ |A + BK| is {growth:.3f}, expected < 1, or costs do not sum up")
    return loop


def cost_matrix(lqr: LQR, K: ArrayLike) -> Array:
    """P = Q + KᵀRK + γ (A+BK)ᵀ P (A+BK), of shape (n, n): the Bellman equation of v(s) = −sᵀPs − c."""
    loop, K = closed_loop(lqr, K), lqr.gain(K)
    return _fixed_point(np.sqrt(lqr.gamma) * loop.T, lqr.Q + K.T @ lqr.R @ K)


def value_constant(lqr: LQR, K: ArrayLike, sigma: float = 0.0) -> float:
    """c = (γ tr PW + σ² tr(R + γ BᵀPB)) / (1 − γ): what the noise costs, the world's and the policy's own."""
    P, sigma = cost_matrix(lqr, K), number("sigma", sigma, 0, LARGEST)
    return float((lqr.gamma * np.trace(P @ lqr.W) + sigma**2 * np.trace(_curvature(lqr, P))) / (1 - lqr.gamma))


def value(lqr: LQR, K: ArrayLike, sigma: float, s: Array) -> Array:
    """v^π(s) = −sᵀPs − c for states (N, n): of shape (N,)."""
    return -_quadratic(cost_matrix(lqr, K), _states(lqr, s)) - value_constant(lqr, K, sigma)


def action_value(lqr: LQR, K: ArrayLike, sigma: float, s: Array, a: Array) -> Array:
    """q^π(s, a) = r(s, a) + γ E v^π(As + Ba + w) for states (N, n) and actions (N, m): of shape (N,)."""
    s, a = _pairs(lqr, s, a)
    P, c = cost_matrix(lqr, K), value_constant(lqr, K, sigma)
    ahead = _quadratic(P, s @ lqr.A.T + a @ lqr.B.T) + np.trace(P @ lqr.W) + c
    return reward(lqr, s, a) - lqr.gamma * ahead


def reward(lqr: LQR, s: Array, a: Array) -> Array:
    """r(s, a) = −(sᵀQs + aᵀRa) for states (N, n) and actions (N, m): of shape (N,)."""
    s, a = _pairs(lqr, s, a)
    return -_quadratic(lqr.Q, s) - _quadratic(lqr.R, a)


def action_slope(lqr: LQR, K: ArrayLike, s: Array, a: Array) -> Array:
    """∇_a q^π(s, a) = −2 (Ra + γ BᵀP(As + Ba)) for states (N, n) and actions (N, m): of shape (N, m). No σ in it."""
    P, (s, a) = cost_matrix(lqr, K), _pairs(lqr, s, a)
    return -2 * (a @ lqr.R + lqr.gamma * (s @ lqr.A.T + a @ lqr.B.T) @ P @ lqr.B)


def slope_matrix(lqr: LQR, K: ArrayLike) -> Array:
    """G = −2 ((R + γ BᵀPB) K + γ BᵀPA), of shape (m, n): ∇_a q(s, a) at a = K s is G s."""
    P = cost_matrix(lqr, K)
    return -2 * (_curvature(lqr, P) @ lqr.gain(K) + lqr.gamma * lqr.B.T @ P @ lqr.A)


# Where one is


def second_moment(lqr: LQR, K: ArrayLike, sigma: float = 0.0, start: Array | None = None) -> Array:
    """Σ^π = Σ_t γᵗ E[s_t s_tᵀ], of shape (n, n), the solution of

    Σ = start + γ (A+BK) Σ (A+BK)ᵀ + γ/(1−γ) (W + σ² BBᵀ)

    with start = E[s₀ s₀ᵀ] unless another (n, n) is given. ρ^π is unnormalised: Σ is an integral, no average.
    """
    n, sigma = len(lqr.A), number("sigma", sigma, 0, LARGEST)
    first = lqr.start if start is None else real_array("start", start, "n n", LARGEST**2, (n, n))
    noise = lqr.gamma / (1 - lqr.gamma) * (lqr.W + sigma**2 * lqr.B @ lqr.B.T)
    return _fixed_point(np.sqrt(lqr.gamma) * closed_loop(lqr, K), first + noise)


def occupancy_density(lqr: LQR, K: ArrayLike, sigma: float, x: Array, i: int = 0) -> Array:
    """(1−γ) ρ^π of the i-th component of the state, at the places x: a mixture of the laws of s_t, weighted by γᵗ.

    ValueError if the component is certain at some t, as s₀ is with Sigma_0 = 0: then there is no density.
    """
    x = real_array("x", at_least(1, x), "k", LARGEST)
    if whole("i", i, 0) >= len(lqr.A):
        raise ValueError(f"i is {i}, expected a component of the state in 0 … {len(lqr.A) - 1}")
    weights, means, variances = _laws(lqr, K, sigma)
    if not (variances[:, i, i] > 0).all():
        t = int((variances[:, i, i] <= 0).argmax())
        raise ValueError(f"component {i} of the state has variance 0 at t = {t}, expected > 0: it has no density")
    mean, deviation = means[:, i, None], np.sqrt(variances[:, i, i, None])
    return (1 - lqr.gamma) * weights @ (np.exp(-(((x - mean) / deviation) ** 2) / 2) / (np.sqrt(2 * np.pi) * deviation))


def sample_states(lqr: LQR, K: ArrayLike, sigma: float, n: int, rng: np.random.Generator) -> Array:
    """n independent states s ~ (1−γ)ρ^π, one a row: first a step t, which has the law (1−γ)γᵗ, then s_t."""
    n, (weights, means, variances) = whole("n", n), _laws(lqr, K, sigma)
    t = generator(rng).choice(len(weights), size=n, p=weights / weights.sum())
    roots = np.array([_root(variance) for variance in variances])
    return means[t] + np.einsum("nij,nj->ni", roots[t], rng.standard_normal((n, len(lqr.A))))


# J and its gradient


def objective(lqr: LQR, K: ArrayLike, sigma: float = 0.0) -> float:
    """J = −tr(P E[s₀ s₀ᵀ]) − c, the value where one starts."""
    return float(-np.trace(cost_matrix(lqr, K) @ lqr.start)) - value_constant(lqr, K, sigma)


def policy_gradient(lqr: LQR, K: ArrayLike, sigma: float = 0.0) -> Array:
    """∇_K J = G Σ^π, of shape (m, n). With σ = 0 that is ρ^μ (∇_θμ ∇_a q^μ), the deterministic policy gradient.

    Silver et al. 2014, "Deterministic policy gradient algorithms", Theorem 1; with σ > 0, Sutton et al. 2000.
    """
    return slope_matrix(lqr, K) @ second_moment(lqr, K, sigma)


def exploration_gradient(lqr: LQR, K: ArrayLike, sigma: float) -> float:
    """∂J/∂log σ = −2σ² tr(R + γ BᵀPB) / (1 − γ): less than 0 for every σ > 0, since costs bend upwards in a."""
    sigma = number("sigma", sigma, 0, LARGEST, above=0)
    return float(-2 * sigma**2 * np.trace(_curvature(lqr, cost_matrix(lqr, K))) / (1 - lqr.gamma))


def off_policy_gradient(lqr: LQR, K: ArrayLike, K_b: ArrayLike, sigma_b: float = 0.0) -> Array:
    """ρ^b (∇_θμ ∇_a q^μ) = G Σ^b: the slopes of μ(s) = K s in the states that b visits (Silver et al. 2014)."""
    return slope_matrix(lqr, K) @ second_moment(lqr, K_b, sigma_b)


def best_gain(lqr: LQR) -> Array:
    """K* = −(R + γ BᵀPB)⁻¹ γ BᵀPA with P from the Riccati equation.

    It is the best of all policies, linear or not, under which √γᵗ s_t shrinks to 0. If Q does not see what grows, as
    with Q = 0, to let it grow may cost less.

    Raises Unstable if no gain keeps the discounted costs finite, as with B = 0 and γ A² > 1.
    """
    try:
        from scipy.linalg import solve_discrete_are  # here, because it takes as long to import as NumPy does
    except ModuleNotFoundError as error:
        raise missing("scipy", "pgcourse.lqr.best_gain", "notebooks 06, 11 and 17") from error
    root = np.sqrt(lqr.gamma)
    try:
        P = solve_discrete_are(root * lqr.A, root * lqr.B, lqr.Q, lqr.R)
    except np.linalg.LinAlgError as error:
        raise Unstable(
            f"no best gain was found for A = {lqr.A.tolist()}, B = {lqr.B.tolist()}, γ = {lqr.gamma} ({error}); "
            "expected B to reach whatever √γ A does not shrink, and Q to see it"
        ) from None
    return -np.linalg.solve(_curvature(lqr, P), lqr.gamma * lqr.B.T @ P @ lqr.A)


def _states(lqr: LQR, s: ArrayLike) -> Array:
    """States (N, n); with n = 1, too, (N,) is refused: NumPy would take it for one state of N components."""
    return real_array("s", s, "N n", LARGEST, (None, len(lqr.A)))


def _pairs(lqr: LQR, s: ArrayLike, a: ArrayLike) -> tuple[Array, Array]:
    """States (N, n) and as many actions (N, m)."""
    s = _states(lqr, s)
    return s, real_array("a", a, "N m", LARGEST, (len(s), lqr.B.shape[1]), ", one action a state")


def _curvature(lqr: LQR, P: Array) -> Array:
    """H = R + γ BᵀPB: q(s, a) bends by −2H in a."""
    return lqr.R + lqr.gamma * lqr.B.T @ P @ lqr.B


def _quadratic(matrix: Array, x: Array) -> Array:
    return np.einsum("...i,ij,...j->...", x, matrix, x)


def _fixed_point(M: Array, constant: Array) -> Array:
    """X = constant + M X Mᵀ, as one linear system in X's n² entries."""
    n = len(M)
    return np.linalg.solve(np.eye(n * n) - np.kron(M, M), constant.ravel()).reshape(n, n)


def _laws(lqr: LQR, K: ArrayLike, sigma: float) -> tuple[Array, Array, Array]:
    """γᵗ (T,), and the mean (T, n) and variance (T, n, n) of s_t, until what is left does not count.

    There are MOST of them at most; the last law stands for all later ones, too, so that Σ γᵗ is 1/(1−γ). ValueError if
    the laws still change then, and later ones have weight.
    """
    sigma = number("sigma", sigma, 0, LARGEST)
    loop, noise = closed_loop(lqr, K), lqr.W + sigma**2 * lqr.B @ lqr.B.T
    shrink = max(lqr.gamma, lqr.gamma * float(np.abs(np.linalg.eigvals(loop)).max()) ** 2)
    steps = 1 if shrink == 0 else min(int(np.log(NEGLIGIBLE) / np.log(shrink)) + 2, MOST)
    means, variances = np.empty((steps, len(loop))), np.empty((steps, *loop.shape))
    means[0], variances[0] = lqr.mu_0, lqr.Sigma_0
    for t in range(1, steps):
        means[t] = loop @ means[t - 1]
        variances[t] = loop @ variances[t - 1] @ loop.T + noise
    weights = lqr.gamma ** np.arange(steps)
    if steps == MOST and weights[-1] > NEGLIGIBLE:
        change = np.abs(variances[-1] - variances[-2]).max() + np.abs(means[-1] - means[-2]).max() ** 2
        if change > 1e-9 * (np.abs(variances[-1]).max() + np.abs(means[-1]).max() ** 2):
            raise ValueError(
                f"gamma is {lqr.gamma} and A + BK is {loop.tolist()}: after {MOST} steps the law of s_t still changes, "
                "expected a smaller gamma or a loop that shrinks faster"
            )
    weights[-1] /= 1 - lqr.gamma
    return weights, means, variances


def _root(variance: Array) -> Array:
    """X with XXᵀ = variance, which may be singular."""
    values, vectors = np.linalg.eigh(variance)
    return vectors * np.sqrt(values.clip(min=0))
