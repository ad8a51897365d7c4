"""A Gaussian policy's density and its slopes, for one action that is a number; what clipping and squashing do to them.

    log π(a) = −z²/2 − log σ − log √2π,   z = (a − μ)/σ        log_density
    ∂log π/∂μ = z/σ,   ∂log π/∂log σ = z² − 1                  scores: their mean is 0 under π
    E of these at the clipped action                           clipped_scores: it is not 0
    log π(tanh u) = log N(u; μ, σ²) − log(1 − tanh² u)         squashed_log_density
    H of a = tanh u, and its slope in log σ                    squashed_entropy

All arguments may be arrays, which are broadcast against each other. ValueError unless σ > 0: without noise there is no
density. Williams 1992; Haarnoja et al. 2018 (arXiv 1801.01290), appendix C, for the squashed one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pgcourse._missing import missing
from pgcourse.arrays import LARGEST, Array, finite, fitting, real_array

MOST_LOG_SIGMA = 300.0  # σ, 1/σ and 1/σ² are then floats, with room for a factor of 1e40
LOG_ROOT_2_PI = np.log(2 * np.pi) / 2


def deviation(sigma: ArrayLike) -> Array:
    """σ as an array of numbers > 0, neither too small nor too large for 1/σ² to be a float; else ValueError."""
    sigma = real_array("sigma", sigma, "…")
    if not (fine := sigma > 0).all():
        raise ValueError(f"sigma is {sigma[~fine].flat[0]}, expected > 0: without noise there is no density")
    if not (fine := np.abs(np.log(sigma)) <= MOST_LOG_SIGMA).all():
        raise ValueError(f"sigma is {sigma[~fine].flat[0]:.3g}, expected log σ of a size of at most {MOST_LOG_SIGMA:g}")
    return sigma


def log_density(a: ArrayLike, mu: ArrayLike, sigma: ArrayLike) -> Array:
    """log π(a) = −(a − μ)²/(2σ²) − log σ − log √2π. It may be above 0: π is a density and no probability."""
    z, sigma = _standard(a, mu, sigma)
    return -(z**2) / 2 - np.log(sigma) - LOG_ROOT_2_PI


def scores(a: ArrayLike, mu: ArrayLike, sigma: ArrayLike) -> tuple[Array, Array]:
    """∂log π/∂μ = (a − μ)/σ² and ∂log π/∂log σ = z² − 1."""
    z, sigma = _standard(a, mu, sigma)
    return z / sigma, z**2 - 1


def clipped_scores(mu: ArrayLike, sigma: ArrayLike, low: ArrayLike, high: ArrayLike) -> tuple[Array, Array]:
    """E[∂log π(c)/∂μ] and E[∂log π(c)/∂log σ] for c = clip(a, low, high) and a ~ N(μ, σ²): the bias of a bug.

    With l = (low − μ)/σ, u = (high − μ)/σ, and Φ, φ the standard normal's distribution and density:

        [l Φ(l) + u (1 − Φ(u)) + φ(l) − φ(u)] / σ
        l² Φ(l) + u² (1 − Φ(u)) + Φ(u) − Φ(l) + l φ(l) − u φ(u) − 1

    ValueError unless low < high.
    """
    try:
        from scipy.special import ndtr  # here, because it takes long to import
    except ModuleNotFoundError as error:
        raise missing("scipy", "pgcourse.gaussian.clipped_scores", "notebook 11") from error
    l, sigma = _standard(low, mu, sigma, "low")  # noqa: E741
    u, _ = _standard(high, mu, sigma, "high")
    if not (l < u).all():
        raise ValueError(f"low is {low!r}, expected less than high, {high!r}")
    below, above, phi_l, phi_u = ndtr(l), ndtr(-u), np.exp(-(l**2) / 2), np.exp(-(u**2) / 2)
    phi_l, phi_u = phi_l / np.sqrt(2 * np.pi), phi_u / np.sqrt(2 * np.pi)
    of_mu = (l * below + u * above + phi_l - phi_u) / sigma
    return of_mu, l**2 * below + u**2 * above - below - above + l * phi_l - u * phi_u


def log_slope(u: ArrayLike) -> Array:
    """log(1 − tanh² u) = 2 (log 2 − |u| − log(1 + e^−2|u|)): the logarithm of tanh's slope. No two
    almost equal numbers are subtracted where |u| is large."""
    u = np.abs(real_array("u", u, "…", LARGEST))
    return 2 * (np.log(2) - u - np.log1p(np.exp(-2 * u)))


def squashed_log_density(u: ArrayLike, mu: ArrayLike, sigma: ArrayLike) -> Array:
    """log π(a) of a = tanh u, u ~ N(μ, σ²): log N(u; μ, σ²) − log(1 − a²). For a given a, u = atanh a."""
    z, sigma = _standard(u, mu, sigma, "u")
    return -(z**2) / 2 - np.log(sigma) - LOG_ROOT_2_PI - log_slope(u)


def squashed_entropy(mu: ArrayLike, sigma: ArrayLike) -> tuple[Array, Array]:
    """H of a = tanh u, u = μ + σ ε, and ∂H/∂log σ: log σ + log √2πe + E[log(1 − a²)], and 1 − E[2 a σ ε].

    By the trapezoid rule over ε in ±10: exact to nine digits up to σ = 100. Beyond, tanh is a step for its nodes: at
    σ = 10⁴ some 0.03 of 16,000 is lost.
    """
    sigma = real_array("sigma", deviation(sigma), "…", LARGEST / 20)  # no u is then larger than LARGEST
    mu = real_array("mu", mu, "…", LARGEST / 2)
    fitting(mu=mu, sigma=sigma)
    mu, sigma = np.broadcast_arrays(mu, sigma)
    epsilon, step = np.linspace(-10, 10, 4001, retstep=True)
    weight = step * np.exp(-(epsilon**2) / 2 - LOG_ROOT_2_PI)
    u = mu[..., None] + sigma[..., None] * epsilon
    entropy = np.log(sigma) + LOG_ROOT_2_PI + 0.5 + log_slope(u) @ weight
    return entropy, 1 - 2 * (np.tanh(u) * sigma[..., None] * epsilon) @ weight


def _standard(a: ArrayLike, mu: ArrayLike, sigma: ArrayLike, name: str = "a") -> tuple[Array, Array]:
    """z = (a − μ)/σ and σ; ValueError if z² is no float."""
    a, mu, sigma = real_array(name, a, "…", LARGEST), real_array("mu", mu, "…", LARGEST), deviation(sigma)
    fitting(**{name: a, "mu": mu, "sigma": sigma})
    with np.errstate(over="ignore"):  # refused by name
        z = (a - mu) / sigma
        finite(z**2, "((a − μ)/σ)²", **{name: a, "mu": mu, "sigma": sigma})
    return z, sigma
