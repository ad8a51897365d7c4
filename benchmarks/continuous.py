"""A Gaussian policy's ∇J on the linear-quadratic regulator: the theorem's sum beside the closed forms.

theorem   ρ^π π (q ∇log π), with ρ^π as the sum over t of γᵗ times the law of s_t, by quadrature over s and a
closed    `policy_gradient` and `exploration_gradient`

The figure is the largest relative error, in units of 10⁻⁹, over gains and noises. It is no time: it is the same
wherever it is measured, but for the last digits.

python -m benchmarks.continuous
"""

from __future__ import annotations

import numpy as np

from benchmarks import Row
from pgcourse.arrays import Array
from pgcourse.gaussian import scores
from pgcourse.lqr import LQR, action_value, exploration_gradient, policy_gradient

PLANE = LQR(A=1, B=1, Q=1, R=0.1, W=0.01, mu_0=0, Sigma_0=1, gamma=0.9)
POLICIES = [(K, sigma) for K in (-1.5, -0.9, -0.5, -0.2) for sigma in (0.1, 0.5, 1.0)]


def theorem(lqr: LQR, K: float, sigma: float, steps: int = 400) -> Array:
    """(∂J/∂K, ∂J/∂log σ) for one state and one action, with the first `steps` of the sum over t."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)  # exact for polynomials of degree 9
    x, eps = (grid.reshape(-1, 1) for grid in np.meshgrid(nodes, nodes, indexing="ij"))
    weight = np.outer(weights, weights).ravel() / weights.sum() ** 2
    total, variance = np.zeros(2), lqr.Sigma_0.item()
    for t in range(steps):
        s = np.sqrt(variance) * x
        of_mu, of_log_sigma = scores(K * s + sigma * eps, K * s, sigma)
        q = action_value(lqr, K, sigma, s, K * s + sigma * eps)
        total += lqr.gamma**t * ((weight * q) @ np.hstack([of_mu * s, of_log_sigma]))
        variance = (1 + K) ** 2 * variance + sigma**2 + lqr.W.item()
    return total


def error(K: float, sigma: float) -> float:
    """The larger relative error of the two slopes."""
    exact = np.array([policy_gradient(PLANE, K, sigma).item(), exploration_gradient(PLANE, K, sigma)])
    return float(np.abs(theorem(PLANE, K, sigma) / exact - 1).max())


def run(quick: bool = False) -> list[Row]:
    """The largest relative error."""
    worst = max(error(K, sigma) for K, sigma in POLICIES[:: 4 if quick else 1])
    return [Row("LQR: ∇J of a Gaussian policy to its closed form, error in 10⁻⁹", worst / 1e-9, 1, True)]


if __name__ == "__main__":
    print(*run(), sep="\n")
