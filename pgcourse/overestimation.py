"""What a maximiser makes of the errors of a critic, and two cures: the smaller of two critics, and smoothing.

    Q_i(a) = q(a) + s x_i a,   q(a) = −h a²/2,   corr(x₁, x₂) = r        the actor takes a = s x₁/h, the top of Q₁
    E[Q₁(a) − q(a)]               =  s²/h                                one critic: it is always too high
    E[min_i Q_i(a) − q(a)]        =  s²/h · smaller_of_two(r)
    E[max of k errors]            =  s · chosen(k)                       k actions of equal value
    E[cos ω(a + clip(σε, −c, c))] =  cos ωa · smoothing_factor(ω, σ, c)

x_i, ε and the k errors are standard normal. Thrun and Schwartz 1993; van Hasselt 2010; Fujimoto et al. 2018 (arXiv
1802.09477), sections 4.1, 4.2 and 5.3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pgcourse._missing import missing
from pgcourse.arrays import LARGEST, Array, number, real_array, whole

MOST_ACTIONS = 10**6


def smaller_of_two(r: ArrayLike) -> Array:
    """E[min_i Q_i(a) − q(a)] at the top of Q₁, in units of s²/h, where the critics' errors have the correlation r.

    With X, Y standard normal it is E[X² + min(0, X(Y − X))]. X and D = Y − X have the correlation −a, and
    E|X D| = (2/π) √(2 − 2r) (b + a arcsin a), so that it is

        1 + ½ [r − 1 − (2/π) √(2 − 2r) (b + a arcsin a)],   a² = (1 − r)/2,   b² = (1 + r)/2

    of r's shape: ¼ − 1/π = −0.068 at r = 0, and 1 at r = 1, where both critics are one.
    """
    r = real_array("r", r, "…")
    if not (fine := np.abs(r) <= 1).all():
        raise ValueError(f"r is {r[~fine].flat[0]}, expected a correlation, from −1 to 1")
    a, b = np.sqrt((1 - r) / 2), np.sqrt((1 + r) / 2)
    return 1 + (r - 1 - 2 / np.pi * np.sqrt(2 - 2 * r) * (b + a * np.arcsin(a))) / 2


def chosen(k: int, r: float = 1.0) -> float:
    """E[min(X_j, Y_j)] at j = argmax X: k actions, normal errors X_i and Y_i of two critics, of correlation r.

    With r = 1 there is one critic, and this is E[max X]: 0.564 of 2 actions, 0.846 of 3, 1.163 of 5. Given the
    largest, M, the other critic's error is N(rM, 1 − r²). The mean over M, of density k φ Φᵏ⁻¹, by the trapezoidal
    rule: it is exact to ten digits as long as r ≥ 0, where nothing bends sharply.
    """
    try:
        from scipy.special import ndtr  # here, because it takes long to import
    except ModuleNotFoundError as error:
        raise missing("scipy", "pgcourse.overestimation.chosen", "notebook 18") from error

    k, r = int(number("k", whole("k", k), 1, MOST_ACTIONS)), number("r", r, 0, 1)
    x, dx = np.linspace(-12, 12, 4801, retstep=True)
    density = k * _phi(x) * ndtr(x) ** (k - 1)
    spread = np.sqrt(1 - r**2)
    z = (r - 1) * x / spread if spread else np.zeros_like(x)
    below = (r - 1) * x * ndtr(-z) - spread * _phi(z) if spread else np.minimum(0, (r - 1) * x)
    return float(density @ (x + below) * dx)


def smoothing_factor(omega: ArrayLike, sigma: float, clip: float = np.inf) -> Array:
    """E[cos ωn], n = clip(σε, −c, c): what is left of a ripple of angular frequency ω, of ω's shape.

    e^{−ω²σ²/2} without a clip. With it, x = c/σ, y = ωσ and Faddeeva's w:

        e^{−y²/2} − e^{−x²/2} Re[e^{−ixy} w((ix − y)/√2)] + erfc(x/√2) cos xy
    """
    try:
        from scipy.special import erfc, wofz
    except ModuleNotFoundError as error:
        raise missing("scipy", "pgcourse.overestimation.smoothing_factor", "notebook 18") from error
    omega = real_array("omega", omega, "…", LARGEST)
    sigma, clip = number("sigma", sigma, 0), number("clip", clip, 0, limit=True)
    if sigma == 0 or clip == 0:
        return 1 + 0 * omega  # of its shape
    x, y = clip / sigma, np.abs(omega) * sigma
    free = np.exp(-(y**2) / 2)
    if np.exp(-(x**2) / 2) == 0:
        return free
    tail = np.exp(-(x**2) / 2) * (np.exp(-1j * x * y) * wofz((1j * x - y) / np.sqrt(2))).real
    return free - tail + erfc(x / np.sqrt(2)) * np.cos(x * y)


def _phi(x: Array) -> Array:
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
