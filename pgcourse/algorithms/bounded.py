"""Networks for actions that stay inside a Box: a deterministic policy, a stochastic one, and critics Q_w(s, a).

    μ_θ(s) = c + h tanh y                                      TanhNetwork
    a = c + h tanh u,  u = μ + e^ℓ ε,  ε ~ N(0, I)             SquashedGaussian: μ and ℓ = log σ are both outputs y
    log π = Σ_j −ε_j²/2 − ℓ_j − log √2π − log(1 − tanh² u_j)   of (a − c)/h: per half-width, not per unit of a
    Q_w(s, a) = y(s, (a − c)/h)                                Critics: k networks at once, w (k, d)
    Σ_n ∂⟨g_n, a_n⟩/∂θ + w_n ∂ log π_n/∂θ, ε held fixed        backward of both policies; w of the stochastic one only
    Σ_k g_kn ∇_a Q_k(s_n, a_n)                                 Critics.action_slope

Here y is a network's output, c the centre of the Box and h half of its width. Actions are in the environment's units:
networks alone see them scaled to ±1. `forward` gives the layers that `backward` needs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from pgcourse.algorithms.networks import MLP, inputs
from pgcourse.arrays import Array, finite, generator, sealed
from pgcourse.gaussian import LOG_ROOT_2_PI, log_slope

FLATTEST = 1e-8  # slope of tanh at |y| = 9.9: below, a policy hardly learns any more
LEAST_LOG_SIGMA, MOST_LOG_SIGMA = -20.0, 2.0  # σ = 2e-9: no noise; σ = 7.4: nearly all actions at a bound


@dataclass(frozen=True, eq=False)
class Bounded:
    """A network, its numbers θ, and the Box of its actions."""

    net: MLP
    theta: Array
    centre: Array  # c, of the shape of an action
    half: Array  # h > 0, of the same shape

    def actions(self, tanh: Array) -> Array:
        """c + h tanh, (N, m), for numbers (N, m) in ±1."""
        return self.centre.ravel() + self.half.ravel() * tanh

    def outwards(self, tanh: Array) -> Array:
        """The same, of the shape of the environment's actions, (N, …); ValueError if they are no numbers."""
        tanh = finite(tanh, "the policy's tanh", theta=self.theta)
        return self.actions(tanh).reshape(-1, *self.centre.shape)


@dataclass(frozen=True, eq=False)
class TanhNetwork(Bounded):
    """The deterministic policy μ_θ(s) = c + h tanh y."""

    def __call__(self, obs: NDArray[Any], rng: np.random.Generator) -> Array:
        """μ_θ(s), (N, …); `rng` is not used, it is there so that this is an `act` of `environments`."""
        return self.outwards(self.forward(inputs(obs, self.net.sizes[0]))[-1])

    def forward(self, s: Array) -> list[Array]:
        """[h₀, h₁, …, y, tanh y] for states s (N, n)."""
        h = self.net.forward(self.theta, s)
        return [*h, np.tanh(h[-1])]

    def backward(self, h: list[Array], g: Array) -> Array:
        """Σ_n ∂⟨g_n, μ_θ(s_n)⟩/∂θ, (d,), for g (N, m); h from `forward`."""
        return self.net.backward(self.theta, h[:-1], g * self.half.ravel() * steepness(h[-1]))


class Draw(NamedTuple):
    """What SquashedGaussian drew for N states, and what `backward` needs."""

    h: list[Array]
    sigma: Array  # (N, m)
    epsilon: Array  # (N, m)
    tanh: Array  # (N, m)
    log_pi: Array  # (N,)


@dataclass(frozen=True, eq=False)
class SquashedGaussian(Bounded):
    """π_θ(·|s), the law of c + h tanh u with u ~ N(μ, σ²): its network gives μ, then log σ, for each number of a."""

    def __call__(self, obs: NDArray[Any], rng: np.random.Generator) -> Array:
        """a ~ π(·|s), (N, …)."""
        mu, log_sigma = self._split(self.net.forward(self.theta, inputs(obs, self.net.sizes[0]))[-1])
        return self.outwards(np.tanh(mu + np.exp(log_sigma) * generator(rng).standard_normal(mu.shape)))

    def greedy(self, obs: NDArray[Any], rng: np.random.Generator) -> Array:
        """c + h tanh μ, (N, …), without noise: the median. `rng` is not used."""
        return self.outwards(np.tanh(self._split(self.net.forward(self.theta, inputs(obs, self.net.sizes[0]))[-1])[0]))

    def draw(self, s: Array, rng: np.random.Generator) -> Draw:
        """One action for each state (N, n), and log π of it."""
        h = self.net.forward(self.theta, s)
        mu, log_sigma = self._split(h[-1])
        sigma, epsilon = np.exp(log_sigma), generator(rng).standard_normal(mu.shape)
        u = finite(mu + sigma * epsilon, "u", theta=self.theta)
        log_pi = -(epsilon**2) / 2 - log_sigma - LOG_ROOT_2_PI - log_slope(u)
        return Draw(h, sigma, epsilon, np.tanh(u), log_pi.sum(axis=1))

    def backward(self, draw: Draw, g: Array, w: Array) -> Array:
        """Σ_n ∂⟨g_n, a_n⟩/∂θ + w_n ∂ log π_n/∂θ, (d,), for g (N, m) and w (N, 1), with each ε held fixed.

        With G = g h (1 − tanh² u) + 2 w tanh u:  ∂/∂μ = G,  ∂/∂ℓ = G σ ε − w, or 0 where ℓ is cut.
        """
        of_mu = g * self.half.ravel() * steepness(draw.tanh) + 2 * w * draw.tanh
        y = draw.h[-1][:, self.half.size :]
        uncut = (y > LEAST_LOG_SIGMA) & (y < MOST_LOG_SIGMA)
        of_log_sigma = uncut * (of_mu * draw.sigma * draw.epsilon - w)
        return self.net.backward(self.theta, draw.h, np.hstack([of_mu, of_log_sigma]))

    def _split(self, y: Array) -> tuple[Array, Array]:
        """μ and ℓ = log σ, (N, m) each; ℓ is cut to the range in which σ means something beside ±1."""
        mu, log_sigma = y[:, : self.half.size], y[:, self.half.size :]
        return mu, log_sigma.clip(LEAST_LOG_SIGMA, MOST_LOG_SIGMA)


@dataclass(frozen=True, eq=False)
class Critics:
    """k critics Q_w(s, a), alike but for their numbers."""

    net: MLP
    w: Array  # (k, d)
    centre: Array
    half: Array

    def __call__(self, s: Array, a: Array) -> Array:
        """Q_w(s, a), (k, N), for states (N, n) and actions (N, m)."""
        return self.forward(s, a)[-1][..., 0]

    def forward(self, s: Array, a: Array) -> list[Array]:
        """The layers, from (s, (a − c)/h) to Q (k, N, 1)."""
        n = s.shape[1]
        x = np.empty((len(s), n + a.shape[1]), np.result_type(s, a))
        x[:, :n] = s
        np.subtract(a, self.centre.ravel(), out=x[:, n:])
        x[:, n:] /= self.half.ravel()
        return self.net.forward(self.w, x)

    def backward(self, h: list[Array], g: Array) -> Array:
        """Σ_n g_kn ∇_w Q_k(s_n, a_n), (k, d), for g (k, N); h from `forward`."""
        return self.net.backward(self.w, h, g[..., None])

    def action_slope(self, h: list[Array], g: Array) -> Array:
        """Σ_k g_kn ∇_a Q_k(s_n, a_n), (N, m), for g (k, N) or (k, 1); h from `forward`."""
        g = np.broadcast_to(g, h[-1].shape[:-1])[..., None]
        return self.net.slope(self.w, h, g)[..., -self.half.size :].sum(axis=0) / self.half.ravel()


_Policy = TypeVar("_Policy", bound=Bounded)


def bounded_policy(
    kind: type[_Policy],
    n: int,
    centre: Array,
    half: Array,
    hidden: tuple[int, ...],
    last: float,
    rng: np.random.Generator,
    precision: DTypeLike = float,
) -> _Policy:
    """A policy for n numbers that are seen, with random θ. A small `last` makes it almost the same in all states.

    At first actions are near the centre of the Box; a SquashedGaussian has σ near 1.
    """
    net = MLP((n, *hidden, half.size * (2 if kind is SquashedGaussian else 1)), activation="relu")
    return kind(net, sealed(net.initial(rng, last).astype(precision)), centre, half)


def steepness(tanh: Array) -> Array:
    """tanh' = 1 − tanh², of the same shape.

    ValueError if it is 0 for all actions of a batch, but for rounding: then the policy saturates, and learns no more.
    """
    steep = 1 - tanh**2
    if steep.max() < FLATTEST:
        raise ValueError(
            f"the policy saturates: in all {len(tanh)} states of a batch its action is at a bound, where the slope of "
            f"tanh is {steep.max():.1g}, expected one above {FLATTEST:g} somewhere. If this is not the best action, a "
            "smaller alpha_theta or smaller observations help"
        )
    return steep
