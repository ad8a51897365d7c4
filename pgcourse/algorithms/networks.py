"""Small networks: forward and backward. All parameters are one flat array θ (d,); `policies` makes policies of them.

    h₀ = [x, 1],   h_l = [tanh(h_{l−1} W_l), 1],   y = unit · h_{L−1} W_L         MLP.forward
    ∂⟨g, y⟩/∂θ, from the last layer to the first                                  MLP.backward
    ∂⟨g, y⟩/∂x, the same way, one layer further                                   MLP.slope
    ∂y/∂θ u, from the first layer to the last                                     MLP.along

The last row of W_l is the bias of the layer, and meets the 1 beside h: so a layer is one product. Without a hidden
layer y = unit · [x, 1] W. With θ (k, d) these are k networks at once, and outputs and derivatives have a first axis k.
With the activation "relu", max(0, ·) stands in the place of tanh.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pgcourse.arrays import Array, generator, number, real_array, whole


@dataclass(frozen=True)
class MLP:
    """A multilayer perceptron with tanh, or "relu", between its layers; `sizes` are (inputs, hidden …, outputs).

    Its outputs are in units of `unit`: what must learn to say 200 is there sooner if it has to say 20 times 10.
    """

    sizes: tuple[int, ...]
    unit: float = 1.0
    activation: str = "tanh"

    def __post_init__(self) -> None:
        if not isinstance(self.sizes, tuple | list | np.ndarray) or len(self.sizes) < 2:
            raise ValueError(f"sizes are {self.sizes!r}, expected a tuple of at least inputs and outputs")
        sizes = tuple(whole(f"sizes[{k}]", size) for k, size in enumerate(self.sizes))
        object.__setattr__(self, "sizes", sizes)
        object.__setattr__(self, "unit", number("unit", self.unit, above=0))
        if self.activation not in ("tanh", "relu"):
            raise ValueError(f"activation is {self.activation!r}, expected 'tanh' or 'relu'")

    @cached_property
    def d(self) -> int:
        """How many parameters: (n + 1) m from a layer of n to one of m."""
        return sum((n + 1) * m for n, m in pairwise(self.sizes))

    def layers(self, theta: Array) -> list[tuple[Array, Array]]:
        """(W, b) of each layer, W (n, m) and b (m,), as views of θ (d,): writing to them writes to θ.

        Of k networks, θ (k, d), they are (k, n, m) and (k, m).
        """
        return [(W[..., :-1, :], W[..., -1, :]) for W in self.weights(theta)]

    def weights(self, theta: Array) -> list[Array]:
        """W_l (n + 1, m) of each layer, the bias its last row, as views of θ (d,); (k, n + 1, m) of θ (k, d)."""
        if theta.ndim not in (1, 2) or theta.shape[-1] != self.d:
            raise ValueError(f"theta has shape {theta.shape}, expected ({self.d},) for layers of sizes {self.sizes}")
        if theta.dtype.kind not in "fc":  # a network computes in θ's own numbers
            raise ValueError(f"theta is of type {theta.dtype}, expected floats")
        many = theta.shape[:-1]
        return [theta[..., part].reshape(many + shape) for part, shape in self._places]

    @cached_property
    def _places(self) -> list[tuple[slice, tuple[int, int]]]:
        """Where W_l stands in θ, and its shape, for each layer."""
        shapes = [(n + 1, m) for n, m in pairwise(self.sizes)]
        ends = [*accumulate(n * m for n, m in shapes)]
        return [(slice(end - n * m, end), (n, m)) for end, (n, m) in zip(ends, shapes, strict=True)]

    def initial(self, rng: np.random.Generator, last: float = 1.0) -> Array:
        """θ with orthogonal W, times √2 in hidden layers and `last` in the last, and b = 0 (Saxe et al. 2014).

        Orthogonal rows or columns neither stretch nor squeeze what passes. A small `last` makes all outputs alike at
        first: a softmax policy that is almost uniform.
        """
        theta, last = np.zeros(self.d), number("last", last)
        *hidden, output = self.layers(theta)
        for W, _ in hidden:
            W[:] = np.sqrt(2) * orthogonal(W.shape, rng)
        output[0][:] = last * orthogonal(output[0].shape, rng)
        return theta

    def forward(self, theta: Array, x: Array) -> list[Array]:
        """[h₀, h₁, …, y] for inputs x (N, n): h₀ = [x, 1], h_l = [tanh(h_{l−1} W_l), 1] (N, n_l + 1), y (N, m)."""
        *hidden, output = self.weights(theta)
        many, kind = theta.shape[:-1], precision(theta, x)
        h, values = [], with_ones(x.shape, kind)
        values[..., :-1] = x
        h.append(values)
        for W in hidden:
            values = with_ones((*many, len(x), W.shape[-1]), kind)
            sums = np.matmul(h[-1], W, out=values[..., :-1])
            if self.activation == "tanh":
                np.tanh(sums, out=sums)
            else:
                np.maximum(sums, 0, out=sums)
            h.append(values)
        y = np.matmul(h[-1], output, out=columns((*many, len(x), output.shape[-1]), kind))
        if self.unit != 1:
            y *= self.unit
        return [*h, y]

    def backward(self, theta: Array, h: list[Array], g: Array) -> Array:
        """Σ_n ∂⟨g_n, y_n⟩/∂θ, of the shape of θ: h from `forward`, g (N, m) the derivatives with respect to y.

        By the chain rule, last layer first: ∂/∂W = hᵀ g, with g from `signals`.
        """
        grad = np.empty_like(theta)
        for grad_W, below, here in zip(
            reversed(self.weights(grad)), reversed(h[:-1]), self.signals(theta, h, g), strict=True
        ):
            np.matmul(below.mT, here, out=grad_W)
        return grad

    def slope(self, theta: Array, h: list[Array], g: Array) -> Array:
        """∂⟨g_n, y_n⟩/∂x_n, (N, inputs): how the outputs, weighted by g (N, m), change with the inputs; h as above."""
        for signal in self.signals(theta, h, g):
            g = signal  # the last one is that of the first layer
        return g @ self.layers(theta)[0][0].mT

    def signals(self, theta: Array, h: list[Array], g: Array) -> Iterator[Array]:
        """∂⟨g_n, y_n⟩/∂z of each layer's sums z = h_{l−1} W_l, last layer first: unit · g, g ← (g Wᵀ)(1 − h²).

        For tanh' = 1 − tanh². The slope of max(0, ·) is 1 or 0. The 1 beside h, and the bias with it, has no part.
        """
        g = g.astype(precision(theta, g), copy=False)
        g = g if self.unit == 1 else self.unit * g
        yield g
        for W, here in zip(reversed(self.weights(theta)[1:]), reversed(h[1:-1]), strict=True):
            values = here[..., :-1]
            g = np.matmul(g, W[..., :-1, :].mT, out=columns(values.shape, g.dtype))
            g *= self._steepness(values)
            yield g

    def along(self, theta: Array, h: list[Array], u: Array) -> Array:
        """d/dt y(θ + t u) at t = 0, (N, outputs): how the outputs move if θ moves along u (d,); h from `forward`.

        ḣ_l = (1 − h_l²)(h_{l−1} U_l + ḣ_{l−1} W_l), from ḣ₀ = 0 on, with U the weights of u; y has no 1 − h².
        One network only.
        """
        moved = np.zeros_like(h[0][:, :-1])
        for (W, _), U, below, here in zip(self.layers(theta), self.weights(u), h[:-1], h[1:], strict=True):
            moved = below @ U + (moved @ W if below is not h[0] else 0)
            if here is not h[-1]:
                moved *= self._steepness(here[:, :-1])
        return self.unit * moved

    def _steepness(self, h: Array) -> NDArray[Any]:
        """The activation's slope where its value is h."""
        if self.activation == "relu":
            return h > 0
        steepness = h * h
        return np.subtract(1, steepness, out=steepness)


def precision(theta: Array, x: NDArray[Any]) -> Any:
    """In which numbers a network computes: in those of its θ, float64 or float32, or in complex ones if x is complex.

    float32 is what PyTorch takes by default: products take half of the time, and seven digits are left of sixteen.
    """
    return theta.dtype if x.dtype.kind == "f" else np.result_type(theta, x)


def columns(shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
    """An empty array (…, N, n), in memory column by column: all columns but the last are then one piece, too.

    NumPy is fast on one piece: tanh takes half the time that it takes on rows with a gap after each.
    """
    return np.empty((*shape[:-2], shape[-1], shape[-2]), kind).mT


def with_ones(shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
    """An array (…, N, n + 1) for `shape` (…, N, n): n columns that are still to be written, and one of ones."""
    values = columns((*shape[:-1], shape[-1] + 1), kind)
    values[..., -1] = 1
    return values


def orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """A random W (n, m) with WᵀW = I or, if n < m, WWᵀ = I: the Q of a Gaussian matrix, its signs made unique."""
    n, m = shape
    q, r = np.linalg.qr(generator(rng).standard_normal((max(n, m), min(n, m))))
    q *= np.sign(np.diag(r))
    return q if n >= m else q.T


def inputs(obs: ArrayLike, n: int, axes: int = 1, field: str = "obs") -> Array:
    """Observations as a network's n inputs: the first `axes` axes become one, all others the other, (N, n).

    ValueError naming the field, its shape if a row is of another size, or the first number that is not finite.
    """
    rows = real_array(field, obs, "…")
    if rows.ndim < axes or math.prod(rows.shape[axes:]) != n:
        raise ValueError(f"{field} has shape {rows.shape}, expected (N, …), each row of size {n}")
    return rows.reshape(-1, n)
