"""Policies as linear operators, and their parametrisations with their gradients.

A `Policy` holds π(a|s) and contracts the action axis, so that the chapter's operator notation runs as it stands:

    v   = π q          pi @ q            (S, A)     → (S,)
    p^π = π p          pi @ p            (S, A, S') → (S, S')
    T^π v = π(r + γpv) pi @ (r + gamma * p @ v)

Gradients ∇π and ∇log π are arrays of shape (S, A, d), d parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn

import numpy as np
from numpy.typing import ArrayLike

from pgcourse.arrays import LARGEST, Array, distributions, frozen, number, real_array, sealed, slack, whole


@dataclass(frozen=True, eq=False, slots=True, repr=False)
class Policy:
    """π, of shape (S, A): probs[s, a] = π(a|s). `pi @ f` is the expectation over actions, for f of shape (S, A, …).

    Products are bracketed from the right, `p @ (pi @ q)`; what Python would read from the left is refused in words.

    Raises ValueError naming the state and the value if a row is not a distribution.
    """

    __array_ufunc__: ClassVar[None] = None  # arrays leave every operation with a policy to the policy

    probs: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "probs", frozen(distributions("pi", self.probs, "S A")))

    @classmethod
    def uniform(cls, S: int, A: int) -> Policy:
        """π(a|s) = 1/|A|."""
        return cls(np.full((whole("S", S), whole("A", A)), 1 / A))

    @classmethod
    def deterministic(cls, actions: ArrayLike, A: int) -> Policy:
        """The policy that picks actions[s] in s; `actions` are integers of shape (S,) in 0 … A−1."""
        chosen, A = real_array("actions", actions, "S"), whole("A", A)
        if (strange := ~np.isin(chosen, range(A))).any():
            s = int(strange.argmax())
            raise ValueError(f"actions[s={s}] is {chosen[s]:g}, expected an integer in 0 … {A - 1}, as A is {A}")
        return cls(np.eye(A)[chosen.astype(int)])

    def __matmul__(self, f: Array) -> Array:
        """(π f)(s, …) = Σ_a π(a|s) f(s, a, …)."""
        if not isinstance(f, np.ndarray):
            return NotImplemented
        if isinstance(f, np.ma.MaskedArray):
            raise ValueError("pi @ f: f is a masked array, and its mask would be lost; expected a plain array")
        if f.shape[:2] != self.probs.shape:
            raise ValueError(f"pi @ f: f has shape {f.shape}, expected (S, A, …) with (S, A) = {self.probs.shape}")
        if f.ndim == 2:  # v = π q, in half the time
            return np.vecdot(self.probs, f)
        S, A = f.shape[:2]
        return (self.probs[:, None] @ f.reshape(S, A, -1)).reshape(S, *f.shape[2:])

    def __rmatmul__(self, left: Any) -> NoReturn:
        raise TypeError(
            "… @ pi is not computed: Python reads p @ pi @ q from the left; bracket it from the right, p @ (pi @ q)"
        )

    def __mul__(self, other: Any) -> NoReturn:
        raise TypeError(
            "π is an operator and acts by @, not by *: write pi @ f, and gamma * (pi @ f) with the brackets, since "
            "Python reads gamma * pi @ f from the left. Its probabilities, of shape (S, A), are pi.probs"
        )

    __rmul__ = __mul__

    def __setstate__(self, state: list[Array]) -> None:
        object.__setattr__(self, "probs", sealed(*state))  # pickled or copied, an array forgets that it is read-only

    def __repr__(self) -> str:
        return "Policy(\n" + np.array2string(self.probs, precision=3, suppress_small=True) + ")"


# Softmax: π(a|s) ∝ exp θᵀφ(s, a)


def softmax(phi: ArrayLike, theta: ArrayLike) -> Policy:
    """π_θ(a|s) = exp θᵀφ(s, a) / Σ_b exp θᵀφ(s, b), with features phi (S, A, d) and theta (d,).

    Sutton & Barto, 2nd ed., eq. 13.2 and 13.3.
    """
    phi, theta = real_array("phi", phi, "S A d"), real_array("theta", theta, "d")
    if theta.shape != phi.shape[2:]:
        raise ValueError(f"theta has shape {theta.shape}, expected {phi.shape[2:]}, since phi has shape {phi.shape}")
    with np.errstate(over="ignore", invalid="ignore"):  # a product out of range is refused by name
        return _softmax(real_array("phi @ theta", phi @ theta, "S A"))


def tabular_softmax(theta: ArrayLike) -> Policy:
    """π_θ(a|s) = exp θ(s, a) / Σ_b exp θ(s, b), with one number for each pair: theta (S, A)."""
    return _softmax(real_array("theta", theta, "S A"))


def probabilities(preferences: Array) -> Array:
    """exp y_a / Σ_b exp y_b along the last axis, of the shape of y (…, A): no exp overflows, however large y is."""
    with np.errstate(over="ignore"):  # the largest is exp 0; a gap beyond the largest float is −∞, and its exp is 0
        weights = np.exp(preferences - preferences.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def _softmax(preferences: Array) -> Policy:
    probs = probabilities(preferences)
    probs.setflags(write=False)
    pi = object.__new__(Policy)  # these rows are distributions by construction: checking them would cost a third more
    object.__setattr__(pi, "probs", probs)
    return pi


def mirror_step(pi: Policy, q: Array, alpha: float) -> Policy:
    """π'(a|s) ∝ π(a|s) exp(α q(s, a)), with q (S, A): the step θ(s, ·) ← θ(s, ·) + α q(s, ·) of the tabular softmax.

    For α → ∞, and at α = ∞, it is greedy on q among the actions that π takes; where several are best, π' keeps their
    proportions. The same step as the natural gradient's and mirror descent's (Kakade 2001; Agarwal et al. 2021), in
    general another direction than ∇J. ValueError if α is negative or not a number.
    """
    q, alpha = _like("q", q, pi), number("alpha", alpha, 0, limit=True)
    if alpha == 0:
        return pi
    best = np.where(pi.probs > 0, q, -np.inf).max(axis=1, keepdims=True)
    with np.errstate(divide="ignore", over="ignore"):  # log 0 = −∞: what π never does it does not do afterwards
        worse = np.minimum(q - best, 0)
        return _softmax(np.log(pi.probs) + np.multiply(alpha, worse, out=np.zeros_like(q), where=worse < 0))


def tabular(S: int, A: int) -> Array:
    """φ of the tabular softmax, (S, A, S·A): one indicator for each pair, so that `softmax` is `tabular_softmax`."""
    S, A = whole("S", S), whole("A", A)
    return np.eye(S * A).reshape(S, A, S * A)


def grad_log_softmax(phi: Array, pi: Policy) -> Array:
    """∇log π(a|s) = φ(s, a) − Σ_b π(b|s) φ(s, b), of shape (S, A, d)."""
    phi = real_array("phi", phi, "S A d", LARGEST, (*pi.probs.shape, None), f", as pi has (S, A) = {pi.probs.shape}")
    return phi - (pi @ phi)[:, None]


def grad_softmax(phi: Array, pi: Policy) -> Array:
    """∇π = π ∇log π, of shape (S, A, d)."""
    return pi.probs[..., None] * grad_log_softmax(phi, pi)


# Direct: the probabilities are the parameters


def direct(theta: ArrayLike) -> Policy:
    """π(a|s) = θ(s, a) for the first |A|−1 actions, and what is left of 1 for the last; theta (S, A−1).

    Raises ValueError naming the state if a row of θ leaves the simplex.
    """
    shape = theta.shape if isinstance(theta, np.ndarray) and theta.ndim == 2 else None  # (S, 0) is for |A| = 1
    given, theta = theta, real_array("theta", theta, "S A", shape=shape)
    allowed = slack(given)
    last = 1 - theta.clip(0, 2).sum(axis=1)  # clipped, so that no sum overflows before it is refused
    if (outside := (theta < -allowed).any(axis=1) | (last < -max(1e-12, allowed))).any():
        s = int(outside.argmax())
        row = ", ".join(f"{probability:.4g}" for probability in theta[s])
        raise ValueError(f"theta[s={s}] is ({row}), expected probabilities ≥ 0 with a sum ≤ 1")
    probs = np.column_stack([theta, last]).clip(min=0)
    return Policy(probs / np.maximum(1, probs.sum(axis=1, keepdims=True)))


def grad_direct(S: int, A: int) -> Array:
    """∇π of `direct`, of shape (S, A, S·(A−1)): +1 for the action itself, −1 for the last one."""
    S, A = whole("S", S), whole("A", A)
    row = np.vstack([np.eye(A - 1), -np.ones(A - 1)])
    return np.einsum("st,ab->satb", np.eye(S), row).reshape(S, A, S * (A - 1))


def _like(field: str, value: ArrayLike, pi: Policy) -> Array:
    """`value` as a table of finite numbers (S, A), one for each of π's."""
    S, A = pi.probs.shape
    return real_array(field, value, "S A", shape=(S, A), why=f", as pi has S = {S} and A = {A}")
