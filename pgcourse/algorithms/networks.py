"""Small networks: forward, backward and the softmax policies they make. All parameters are one flat array θ (d,).

    h₀ = x,   h_l = tanh(h_{l−1} W_l + b_l),   y = unit · (h_{L−1} W_L + b_L)    MLP.forward
    ∂⟨g, y⟩/∂θ, from the last layer to the first                                  MLP.backward
    π_θ(a|s) = exp y_a / Σ_b exp y_b                                              SoftmaxNetwork

Without a hidden layer y = x W + b, and the policy is a linear softmax: Sutton & Barto, 2nd ed., eq. 13.2 and 13.3, with
x as its features.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pgcourse.arrays import Array, finite, frozen, number, number_or_each, shaped, whole
from pgcourse.environments import single_space


@dataclass(frozen=True)
class MLP:
    """A multilayer perceptron with tanh between its layers; `sizes` are (inputs, hidden …, outputs).

    Its outputs are in units of `unit`: what must learn to say 200 is there sooner if it has to say 20 times 10.
    """

    sizes: tuple[int, ...]
    unit: float = 1.0

    def __post_init__(self) -> None:
        sizes = tuple(whole("a size", size) for size in self.sizes)
        if len(sizes) < 2:
            raise ValueError(f"sizes are {self.sizes}, expected at least inputs and outputs")
        object.__setattr__(self, "sizes", sizes)
        object.__setattr__(self, "unit", number("unit", self.unit, above=0))

    @property
    def d(self) -> int:
        """How many parameters: (n + 1) m from a layer of n to one of m."""
        return sum((n + 1) * m for n, m in pairwise(self.sizes))

    def layers(self, theta: Array) -> list[tuple[Array, Array]]:
        """(W, b) of each layer, W (n, m) and b (m,), as views of θ (d,): writing to them writes to θ."""
        if theta.shape != (self.d,):
            raise ValueError(f"theta has shape {theta.shape}, expected ({self.d},) for layers of sizes {self.sizes}")
        layers, end = [], 0
        for n, m in pairwise(self.sizes):
            start, end = end, end + (n + 1) * m
            W = theta[start:end].reshape(n + 1, m)
            layers.append((W[:-1], W[-1]))
        return layers

    def initial(self, rng: np.random.Generator, last: float = 1.0) -> Array:
        """θ with orthogonal W, times √2 in hidden layers and `last` in the last, and b = 0 (Saxe et al. 2014).

        Orthogonal rows or columns neither stretch nor squeeze what passes. A small `last` makes all outputs alike at
        first: a softmax policy that is almost uniform.
        """
        theta = np.zeros(self.d)
        *hidden, output = self.layers(theta)
        for W, _ in hidden:
            W[:] = np.sqrt(2) * orthogonal(W.shape, rng)
        output[0][:] = last * orthogonal(output[0].shape, rng)
        return theta

    def forward(self, theta: Array, x: Array) -> list[Array]:
        """[h₀, h₁, …, y] for inputs x (N, n): h_l = tanh(h_{l−1} W_l + b_l) from h₀ = x on; y has no tanh."""
        *hidden, (W_last, b_last) = self.layers(theta)
        h = [x]
        for W, b in hidden:
            h.append(np.tanh(h[-1] @ W + b))
        return [*h, self.unit * (h[-1] @ W_last + b_last)]

    def backward(self, theta: Array, h: list[Array], g: Array) -> Array:
        """Σ_n ∂⟨g_n, y_n⟩/∂θ, of shape (d,): h from `forward`, g (N, m) the derivatives with respect to the outputs y.

        By the chain rule, last layer first: ∂/∂W = hᵀ g, ∂/∂b = Σ_n g, and g ← (g Wᵀ)(1 − h²), since tanh' = 1 − tanh².
        """
        grad, g = np.empty(self.d), self.unit * g
        passes = zip(self.layers(theta), self.layers(grad), h[:-1], strict=True)
        for (W, _), (grad_W, grad_b), below in reversed(list(passes)):
            grad_W[:] = below.T @ g
            grad_b[:] = g.sum(axis=0)
            if below is not h[0]:
                g = (g @ W.T) * (1 - below**2)
        return grad


def orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """A random W (n, m) with WᵀW = I or, if n < m, WWᵀ = I: the Q of a Gaussian matrix, its signs made unique."""
    n, m = shape
    q, r = np.linalg.qr(rng.standard_normal((max(n, m), min(n, m))))
    q *= np.sign(np.diag(r))
    return q if n >= m else q.T


@dataclass(frozen=True, eq=False)
class SoftmaxNetwork:
    """π_θ(·|s), a softmax over the outputs of a network, one for each action: first, first + 1, ….

    Observations are an array (N, …), flattened to (N, inputs); ValueError naming the first that is not finite. Called
    with a random generator it is an `act` of `environments`.
    """

    net: MLP
    theta: Array
    first: int = 0

    def outputs(self, obs: NDArray[Any]) -> Array:
        """y (N, A): the preferences, log π up to a constant of each row."""
        with np.errstate(over="ignore", invalid="ignore"):  # refused by name
            return finite(self.net.forward(self.theta, inputs(obs))[-1], "the output", theta=self.theta, obs=obs)

    def __call__(self, obs: NDArray[Any], rng: np.random.Generator) -> NDArray[np.intp]:
        """a ~ π(·|s) for each of the observations: (N,) actions.

        argmax_a (y_a + noise_a) with standard Gumbel noise is a draw from the softmax of y: no sum, no division.
        """
        y = self.outputs(obs)
        return self.first + (y + rng.gumbel(size=y.shape)).argmax(axis=1)

    def greedy(self, obs: NDArray[Any], rng: np.random.Generator) -> NDArray[np.intp]:
        """argmax_a π(a|s); `rng` is not used, it is there to be called as the policy itself is."""
        return self.first + self.outputs(obs).argmax(axis=1)

    def probs(self, obs: NDArray[Any]) -> Array:
        """π(a|s), (N, A)."""
        return np.exp(log_softmax(self.outputs(obs)))

    def gradient(
        self, obs: NDArray[Any], a: NDArray[np.intp], weight: Array, beta: float | Array = 0.0
    ) -> tuple[Array, Array]:
        """Σ_n w_n ∇log π(a_n|s_n) + β_n ∇H(π(s_n)), (d,), and the entropies H (N,); weights w (N,), β (N,) or 0.

        With respect to the preferences y: ∂log π(a|s)/∂y_b = 1[a = b] − π_b and ∂H/∂y_b = −π_b (log π_b + H).
        """
        h = self.net.forward(self.theta, inputs(obs))
        N, A = h[-1].shape
        chosen, weight = np.asarray(a), shaped("weight", weight, "N", (N,))
        beta = np.broadcast_to(number_or_each("beta", beta, "N", (N,)), N)
        fine = chosen.shape == (N,) and chosen.dtype.kind in "iu"
        if not (fine and self.first <= chosen.min() <= chosen.max() < self.first + A):
            raise ValueError(f"a is {a!r}, expected {N} actions in {self.first} … {self.first + A - 1}")
        log_pi = log_softmax(h[-1])
        pi = np.exp(log_pi)
        H = -(pi * log_pi).sum(axis=1)
        g = -pi * (weight[:, None] + beta[:, None] * (log_pi + H[:, None]))
        g[np.arange(N), chosen - self.first] += weight
        return self.net.backward(self.theta, h, g), H


def policy_for(env: Any, hidden: tuple[int, ...], rng: np.random.Generator) -> SoftmaxNetwork:
    """An almost uniform policy for a Gymnasium environment, vectorised or not; without hidden layers, exactly uniform.

    TypeError naming the space unless observations are a Box and actions Discrete.
    """
    observations = single_space(env, "observation", ("Box",))
    actions = single_space(env, "action", ("Discrete",))
    net = MLP((int(np.prod(observations.shape)), *hidden, int(actions.n)))
    return SoftmaxNetwork(net, frozen(net.initial(rng, last=0.01 if hidden else 0)), int(actions.start))


def inputs(obs: NDArray[Any], axes: int = 1) -> Array:
    """Observations as a network's inputs: the first `axes` axes become one, all others the other, (N, n).

    ValueError naming the first number that is not finite.
    """
    obs = np.asarray(obs, dtype=float)
    if not (finite := np.isfinite(obs)).all():
        place = tuple(np.argwhere(~finite)[0].tolist())
        raise ValueError(f"obs{list(place)} is {obs[place]}, expected a finite number")
    return obs.reshape(np.prod(obs.shape[:axes], dtype=int), -1)


def log_softmax(y: Array) -> Array:
    """log π_a = y_a − log Σ_b exp y_b, for each row; the largest y is taken off first, so that no exp overflows."""
    y = y - y.max(axis=1, keepdims=True)
    return y - np.log(np.exp(y).sum(axis=1, keepdims=True))
