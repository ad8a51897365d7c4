"""Stochastic policies over networks, with one interface, whatever their actions are.

    π_θ(a|s) = exp y_a / Σ_b exp y_b                     SoftmaxNetwork: actions first, first + 1, …
    π_θ(a|s) = N(a; μ, σ²),  μ = c + h y,  σ = h e^ℓ     GaussianNetwork: θ holds the network's numbers, then ℓ = log σ

    policy(obs, rng)                      a ~ π(·|s): an `act` of `environments`
    policy.greedy(obs, rng)               the most probable action
    policy.log_prob(obs, a)               log π(a|s)
    policy.entropy(obs)                   H(π(·|s))
    policy.gradient(obs, a, w, beta)      Σ_n w_n ∇log π(a_n|s_n) + β_n ∇H(π(s_n)), and the entropies
    policy.gradient_of_rows(s, a, w, β)   the same without checks, for parts of a batch that is checked already
    policy.divergence(new, obs)           KL(π(·|s) ‖ π_new(·|s)); both see and do the same
    policy.fisher_products(obs)           u ↦ F u, F the mean over the states of π ∇log π ∇log πᵀ

Here y is the network's output for s. Of a Box c is the centre, and h half of the width. Observations are an array
(N, …), flattened to (N, inputs). ValueError names their shape if it does not fit, or the first that is not finite.
Without a hidden layer the softmax is linear: Sutton & Barto, 2nd ed., eq. 13.2 and 13.3, with s as its features; the
Gaussian is their eq. 13.19.
"""

from __future__ import annotations

import reprlib
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pgcourse.algorithms.networks import MLP, inputs
from pgcourse.algorithms.settings import layers
from pgcourse.arrays import (
    Array,
    environment_name,
    finite,
    frozen,
    generator,
    number,
    number_or_each,
    real_array,
    shaped,
)
from pgcourse.environments import single_space
from pgcourse.gaussian import MOST_LOG_SIGMA

Weights = Array | Callable[[Array], Array]  # (N,), or what gives them for log π(a|s) (N,), as importance ratios


@dataclass(frozen=True, eq=False)
class NetworkPolicy(ABC):
    """What both kinds have in common; see the module's text for their methods."""

    net: MLP
    theta: Array

    def __post_init__(self) -> None:
        d = self.net.d + self._beside
        if not (isinstance(self.theta, np.ndarray) and self.theta.dtype.kind in "fc" and self.theta.shape == (d,)):
            raise ValueError(f"theta is {reprlib.repr(self.theta)}, expected an array of floats of shape ({d},)")

    @property
    def _beside(self) -> int:
        """How many numbers of θ are none of the network's."""
        return 0

    def outputs(self, obs: NDArray[Any]) -> Array:
        """y (N, outputs)."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused by name
            y = self.net.forward(self.theta[: self.net.d], inputs(obs, self.net.sizes[0]))[-1]
            return finite(y, "the output", theta=self.theta, obs=obs)

    @abstractmethod
    def __call__(self, obs: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """Actions drawn from π(·|s), one a row of obs."""

    @abstractmethod
    def greedy(self, obs: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        """The likeliest action in each row of obs."""

    @abstractmethod
    def log_prob(self, obs: NDArray[Any], a: NDArray[Any]) -> Array:
        """log π(a|s), (N,)."""

    @abstractmethod
    def entropy(self, obs: NDArray[Any]) -> Array:
        """H(π(·|s)), (N,)."""

    def gradient(
        self, obs: NDArray[Any], a: NDArray[Any], weight: Weights, beta: float | Array = 0.0
    ) -> tuple[Array, Array]:
        """Σ_n w_n ∇log π(a_n|s_n) + β_n ∇H(π(s_n)), (d,), and the entropies H (N,); weights w (N,), β (N,) or 0.

        The weights may be a function of log π(a_n|s_n), (N,).
        """
        s = inputs(obs, self.net.sizes[0])
        N = len(s)

        def checked(log_pi: Array) -> Array:
            return real_array("weight", weight(log_pi) if callable(weight) else weight, "N", shape=(N,))

        return self.gradient_of_rows(s, self.actions_for(N, a), checked, number_or_each("beta", beta, "N", (N,)))

    @abstractmethod
    def actions_for(self, N: int, a: NDArray[Any]) -> NDArray[Any]:
        """a as an array of N actions, or ValueError."""

    @abstractmethod
    def gradient_of_rows(
        self, s: Array, a: NDArray[Any], weight: Callable[[Array], Array], beta: float | Array
    ) -> tuple[Array, Array]:
        """As `gradient` says, for N rows of a batch that is checked as a whole: s (N, n), a (N, …), w (N,) of log π."""

    @abstractmethod
    def divergence(self, new: NetworkPolicy, obs: NDArray[Any]) -> Array:
        """KL(π(·|s) ‖ π_new(·|s)), (N,). TypeError or ValueError naming new unless it sees and does the same."""

    @property
    @abstractmethod
    def possible(self) -> str:
        """Which actions there are, in words that are the same for two policies only if their actions are."""

    def _check_comparable(self, new: NetworkPolicy) -> None:
        if (x := new.net.sizes[0]) != self.net.sizes[0]:
            raise ValueError(f"new is a policy of {x} inputs, expected {self.net.sizes[0]}, as the old one")
        if new.possible != self.possible:
            raise ValueError(f"new is a policy for {new.possible}, expected one for {self.possible}, as the old one")

    @abstractmethod
    def fisher_products(self, obs: NDArray[Any]) -> Callable[[Array], Array]:
        """u ↦ F u, with F the mean over obs of the Hessian of KL."""


@dataclass(frozen=True, eq=False)
class SoftmaxNetwork(NetworkPolicy):
    """π_θ(·|s), a softmax over the outputs of a network, one for each action: first, first + 1, …."""

    first: int = 0

    def __call__(self, obs: NDArray[Any], rng: np.random.Generator) -> NDArray[np.intp]:
        """a ~ π(·|s) for each of the observations: (N,) actions.

        argmax_a (y_a + noise_a) with standard Gumbel noise is a draw from the softmax of y: no sum, no division.
        """
        y = self.outputs(obs)
        return self.first + (y + generator(rng).gumbel(size=y.shape)).argmax(axis=1)

    def greedy(self, obs: NDArray[Any], rng: np.random.Generator) -> NDArray[np.intp]:
        """argmax_a π(a|s); `rng` is not used, it is there to be called as the policy itself is."""
        return self.first + self.outputs(obs).argmax(axis=1)

    def probs(self, obs: NDArray[Any]) -> Array:
        """π(a|s), (N, A)."""
        return np.exp(log_softmax(self.outputs(obs)))

    def log_prob(self, obs: NDArray[Any], a: NDArray[Any]) -> Array:
        """log π(a|s), (N,)."""
        y = self.outputs(obs)
        return log_softmax(y)[np.arange(len(y)), self.actions_for(len(y), a) - self.first]

    def entropy(self, obs: NDArray[Any]) -> Array:
        """H = −Σ_a π(a|s) log π(a|s), (N,)."""
        log_pi = log_softmax(self.outputs(obs))
        return -(np.exp(log_pi) * log_pi).sum(axis=1)

    def gradient_of_rows(
        self, s: Array, a: NDArray[Any], weight: Callable[[Array], Array], beta: float | Array
    ) -> tuple[Array, Array]:
        """With respect to the preferences y: ∂log π(a|s)/∂y_b = 1[a = b] − π_b and ∂H/∂y_b = −π_b (log π_b + H)."""
        h = self.net.forward(self.theta, s)
        log_pi, rows, chosen = log_softmax(h[-1]), np.arange(len(s)), a - self.first
        pi, w = np.exp(log_pi), weight(log_pi[rows, chosen])
        H = -(pi * log_pi).sum(axis=1)
        g = -w[:, None] * pi
        g[rows, chosen] += w
        if isinstance(beta, np.ndarray) or beta:
            g -= np.reshape(beta, (-1, 1)) * pi * (log_pi + H[:, None])
        return self.net.backward(self.theta, h, g), H

    def divergence(self, new: NetworkPolicy, obs: NDArray[Any]) -> Array:
        """KL(π ‖ π_new) = Σ_a π(a|s) log(π(a|s)/π_new(a|s)), (N,)."""
        if not isinstance(new, SoftmaxNetwork):
            raise TypeError(f"new is {type(new).__name__}, expected a SoftmaxNetwork")
        self._check_comparable(new)
        log_pi = log_softmax(self.outputs(obs))
        return (np.exp(log_pi) * (log_pi - log_softmax(new.outputs(obs)))).sum(axis=1)

    def fisher_products(self, obs: NDArray[Any]) -> Callable[[Array], Array]:
        """u ↦ F u, (d,) to (d,): F = mean_n (∂y/∂θ)ᵀ (diag π − π πᵀ) ∂y/∂θ, the network's part and the softmax's."""
        h = self.net.forward(self.theta, inputs(obs, self.net.sizes[0]))
        pi = np.exp(log_softmax(h[-1])) / len(h[-1])

        def product(u: Array) -> Array:
            y = self.net.along(self.theta, h, u)
            return self.net.backward(self.theta, h, pi * (y - len(y) * (pi * y).sum(axis=1, keepdims=True)))

        return product

    @property
    def possible(self) -> str:
        """first … first + A − 1."""
        return f"actions in {self.first} … {self.first + self.net.sizes[-1] - 1}"

    def actions_for(self, N: int, a: NDArray[Any]) -> NDArray[Any]:
        """a as an array of N actions, or ValueError."""
        chosen, A = np.asarray(a), self.net.sizes[-1]
        fine = chosen.shape == (N,) and chosen.dtype.kind in "iu"
        if not (fine and self.first <= chosen.min() <= chosen.max() < self.first + A):
            raise ValueError(f"a is {a!r}, expected {N} {self.possible}")
        return chosen


@dataclass(frozen=True, eq=False)
class GaussianNetwork(NetworkPolicy):
    """π_θ(·|s) = N(c + h y, (h e^ℓ)²), each component by itself; ℓ = log σ is the same in all states, in units of h.

    What is drawn may lie outside the Box: `environments` can clip it for the environment, and keeps what was drawn.
    """

    centre: Array  # c, of the shape of an action
    half: Array  # h > 0, of the same shape

    @property
    def _beside(self) -> int:
        return self.half.size  # ℓ

    @cached_property
    def log_sigma(self) -> Array:
        """ℓ (m,), the last numbers of θ. ValueError if σ or 1/σ² is out of the range of floats."""
        log_sigma = self.theta[self.net.d :]
        if not (fine := np.abs(log_sigma) <= MOST_LOG_SIGMA).all():  # NaN is not, either
            j = int(fine.argmin())
            expected = f"a size of at most {MOST_LOG_SIGMA:g}: else log π is out of the range of floats"
            raise ValueError(f"log_sigma[{j}] is {log_sigma[j]}, expected {expected}")
        return log_sigma

    def __call__(self, obs: NDArray[Any], rng: np.random.Generator) -> Array:
        """a = c + h (y + e^ℓ ε), ε ~ N(0, I), for each of the observations: (N, …), not clipped."""
        y = self.outputs(obs)
        return self._actions(y + np.exp(self.log_sigma) * generator(rng).standard_normal(y.shape))

    def greedy(self, obs: NDArray[Any], rng: np.random.Generator) -> Array:
        """The mean c + h y; `rng` is not used, it is there to be called as the policy itself is."""
        return self._actions(self.outputs(obs))

    def log_prob(self, obs: NDArray[Any], a: NDArray[Any]) -> Array:
        """log π(a|s) = −Σ_j [z_j²/2 + log σ_j + log √2π], (N,), z = (a − μ)/σ: a density, which may be above 1."""
        y = self.outputs(obs)
        return self._log_pi(self._z(y, self.actions_for(len(y), a)))

    def entropy(self, obs: NDArray[Any]) -> Array:
        """H = Σ_j log σ_j + log √2πe, (N,), the same in all states."""
        return self._entropies(len(inputs(obs, self.net.sizes[0])))

    def _entropies(self, N: int) -> Array:
        per_unit = np.log(2 * np.pi * np.e) / 2
        return np.full(N, (self.log_sigma + np.log(self.half).ravel() + per_unit).sum())

    def gradient_of_rows(
        self, s: Array, a: NDArray[Any], weight: Callable[[Array], Array], beta: float | Array
    ) -> tuple[Array, Array]:
        """∂log π/∂y = h (a − μ)/σ² = z e^−ℓ, ∂log π/∂ℓ = z² − 1 and ∂H/∂ℓ = 1."""
        theta = self.theta[: self.net.d]
        h = self.net.forward(theta, s)
        z = self._z(h[-1], a)
        w = weight(self._log_pi(z))
        grad_net = self.net.backward(theta, h, w[:, None] * z * np.exp(-self.log_sigma))
        return np.append(grad_net, w @ (z**2 - 1) + np.broadcast_to(beta, len(z)).sum()), self._entropies(len(s))

    def divergence(self, new: NetworkPolicy, obs: NDArray[Any]) -> Array:
        """KL(π ‖ π_new) = Σ_j ℓ'_j − ℓ_j + (σ_j² + (μ_j − μ'_j)²)/(2σ'_j²) − ½, (N,)."""
        if not isinstance(new, GaussianNetwork):
            raise TypeError(f"new is {type(new).__name__}, expected a GaussianNetwork")
        self._check_comparable(new)
        wider = new.log_sigma - self.log_sigma
        apart = (self.outputs(obs) - new.outputs(obs)) * np.exp(-new.log_sigma)
        return (wider + (np.exp(-2 * wider) + apart**2 - 1) / 2).sum(axis=1)

    def fisher_products(self, obs: NDArray[Any]) -> Callable[[Array], Array]:
        """u ↦ F u, (d,) to (d,): F = mean_n (∂y/∂θ)ᵀ e^−2ℓ ∂y/∂θ for the network's numbers, and 2 for each ℓ."""
        theta, d = self.theta[: self.net.d], self.net.d
        h = self.net.forward(theta, inputs(obs, self.net.sizes[0]))
        precision = np.exp(-2 * self.log_sigma) / len(h[-1])

        def product(u: Array) -> Array:
            return np.append(self.net.backward(theta, h, precision * self.net.along(theta, h, u[:d])), 2 * u[d:])

        return product

    @property
    def possible(self) -> str:
        """c ± h, to the last digit."""
        return f"actions of centre {self.centre.tolist()} and half-width {self.half.tolist()}"

    def _actions(self, unit: Array) -> Array:
        return self.centre + self.half * unit.reshape(-1, *self.centre.shape)

    def actions_for(self, N: int, a: NDArray[Any]) -> NDArray[Any]:
        """a as an array of N actions, or ValueError."""
        return shaped("a", a, "N" + " m" * self.centre.ndim, (N, *self.centre.shape), ", one action a state")

    def _z(self, y: Array, a: NDArray[Any]) -> Array:
        """(a − μ)/σ, (N, m)."""
        return (((a - self.centre) / self.half).reshape(y.shape) - y) * np.exp(-self.log_sigma)

    def _log_pi(self, z: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):  # refused by name
            unit = (self.log_sigma + np.log(self.half).ravel() + np.log(2 * np.pi) / 2).sum()
            return finite(-(z**2).sum(axis=1) / 2 - unit, "log π", z=z, log_sigma=self.log_sigma)


def policy_for(
    env: Any,
    hidden: tuple[int, ...],
    rng: np.random.Generator,
    actions: tuple[str, ...] = ("Discrete", "Box"),
    last: float = 0.01,
    log_sigma: float = 0.0,
) -> NetworkPolicy:
    """A policy for a Gymnasium environment, vectorised or not, that does almost the same in all states.

    Discrete actions: a softmax, almost uniform. A Box: a Gaussian with its mean near the centre and σ = e^log_sigma
    half-widths. `last` is the size of the last layer's weights; without hidden layers they are 0.

    TypeError naming the space unless observations are a Box and actions of the kinds given; ValueError if a Box of
    actions has infinite bounds, so that it has no centre.
    """
    space = single_space(env, "action", actions)
    observations = single_space(env, "observation", ("Box",))
    hidden = layers("hidden", hidden)
    x, last = int(np.prod(observations.shape)), number("last", last, 0) if hidden else 0.0
    if type(space).__name__ == "Discrete":
        net = MLP((x, *hidden, int(space.n)))
        return SoftmaxNetwork(net, frozen(net.initial(rng, last)), int(space.start))
    centre, half = centre_and_half(env, space)
    net = MLP((x, *hidden, half.size))
    theta = np.append(net.initial(rng, last), np.full(half.size, number("log_sigma", log_sigma)))
    return GaussianNetwork(net, frozen(theta), centre, half)


def centre_and_half(env: Any, space: Any) -> tuple[Array, Array]:
    """The centre c and half of the width h of a Box of actions, of an action's shape; ValueError unless it has both."""
    low, high = np.asarray(space.low, dtype=float), np.asarray(space.high, dtype=float)
    if not (np.isfinite(high - low).all() and (low < high).all()):
        expected = "finite bounds, low < high: else no action is scaled; gymnasium.wrappers.RescaleAction sets some"
        raise ValueError(f"{environment_name(env)}: action_space is {space}, expected {expected}")
    return frozen((low + high) / 2), frozen((high - low) / 2)


def log_softmax(y: Array) -> Array:
    """log π_a = y_a − log Σ_b exp y_b, for each row; the largest y is taken off first, so that no exp overflows."""
    y = y - y.max(axis=1, keepdims=True)
    return y - np.log(np.exp(y).sum(axis=1, keepdims=True))
