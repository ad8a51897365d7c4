"""A finite horizon: H steps and no more, exactly. Values, states and policies then depend on the time t = 0 … H−1.

    v_H = 0,  q_t = r + γ p v_{t+1},  v_t = π_t q_t     values_by_time; best_by_time with max_a q_t for π_t q_t
    p_0 = ρ₀,  p_{t+1} = p_t p^{π_t}                    states_by_time
    J_H = ρ₀ v_0                                        mdp.rho_0 @ v[0]
    ∇_{θ_t} J_H = γᵗ p_t π_t (q_t ∇log π_t)             gradient_by_time; softmax_gradient_by_time for tables

A `Plan` holds π_0 … π_{H−1}, one policy a step. What has a parameter θ_t for each step takes these gradients as they
are. If all steps share one θ, its gradient is their sum over t: Σ_t γᵗ p_t π (q_t ∇log π).

Arrays begin with the time: v (H+1, S) and p (H+1, S), the end included; q (H, S, A) and π (H, S, A) up to the last
step. γ = 1 needs no policy that ends: after H steps all is over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from pgcourse.arrays import LARGEST, Array, ReadOnly, at_least, distributions, frozen, number, real_array, whole
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy, probabilities


@dataclass(frozen=True, eq=False, repr=False)
class Plan(ReadOnly):
    """π_0 … π_{H−1}, of shape (H, S, A): probs[t, s, a] = π_t(a|s).

    plan[t] is the policy of step t, and `plan @ f` the expectation over actions at all times. Raises ValueError naming
    the time, the state and the value if a row is not a distribution.
    """

    __array_ufunc__: ClassVar[None] = None  # arrays leave every operation with a plan to the plan

    probs: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "probs", frozen(distributions("pi", self.probs, "t S A")))

    @classmethod
    def repeat(cls, pi: Policy, H: int) -> Plan:
        """The same policy at each of H steps: a stationary one."""
        return cls(np.broadcast_to(pi.probs, (whole("H", H), *pi.probs.shape)))

    def __len__(self) -> int:
        """H."""
        return len(self.probs)

    def __getitem__(self, t: int) -> Policy:
        return Policy(self.probs[t])

    def __iter__(self) -> Iterator[Policy]:
        return map(Policy, self.probs)

    def __matmul__(self, f: Array) -> Array:
        """(π_t f)(s, …) = Σ_a π_t(a|s) f(s, a, …), of shape (H, S, …), for f (S, A, …): r, p or φ."""
        if not isinstance(f, np.ndarray):
            return NotImplemented
        if isinstance(f, np.ma.MaskedArray):
            raise ValueError("plan @ f: f is a masked array, and its mask would be lost; expected a plain array")
        H, S, A = self.probs.shape
        if f.shape[:2] != (S, A):
            raise ValueError(f"plan @ f: f has shape {f.shape}, expected (S, A, …) with (S, A) = {(S, A)}")
        by_state = self.probs.swapaxes(0, 1) @ f.reshape(S, A, -1)  # one product a state, for all times at once
        return by_state.swapaxes(0, 1).reshape(H, S, *f.shape[2:])

    def __repr__(self) -> str:
        return f"Plan of H = {len(self)} steps, S = {self.probs.shape[1]}, A = {self.probs.shape[2]}"


def softmax_by_time(phi: ArrayLike, theta: ArrayLike, H: int) -> Plan:
    """π_t(a|s) ∝ exp θ_tᵀφ(s, a), for features phi (S, A, d) and theta (H, d), or (d,): one θ for all steps."""
    H, phi, given = whole("H", H), real_array("phi", phi, "S A d"), theta
    d = phi.shape[2]
    theta = real_array("theta", at_least(2, theta), "t d")
    if theta.shape != (H, d) and np.shape(given) != (d,):
        raise ValueError(
            f"theta has shape {np.shape(given)}, expected ({H}, {d}), one θ_t for each of H = {H} steps, "
            f"or ({d},), one θ for all; phi has shape {phi.shape}"
        )
    with np.errstate(over="ignore", invalid="ignore"):  # a product out of range is refused by name
        preferences = real_array("phi @ theta", np.einsum("sad,td->tsa", phi, theta), "t S A")
    return _softmax(np.broadcast_to(preferences, (H, *phi.shape[:2])))


def tabular_softmax_by_time(theta: ArrayLike) -> Plan:
    """π_t(a|s) = exp θ_t(s, a) / Σ_b exp θ_t(s, b), with one number for each step and pair: theta (H, S, A)."""
    return _softmax(real_array("theta", theta, "t S A"))


def _softmax(preferences: Array) -> Plan:
    probs = probabilities(preferences)
    probs.setflags(write=False)
    plan = object.__new__(Plan)  # these rows are distributions by construction: checking them would cost a third more
    object.__setattr__(plan, "probs", probs)
    return plan


def values_by_time(mdp: FiniteMDP, plan: Plan) -> tuple[Array, Array]:
    """v (H+1, S) and q (H, S, A): v_H = 0, q_t = r + γ p v_{t+1}, v_t = π_t q_t, from the last step to the first.

    v[t, s] is the mean of the discounted rewards from step t on, counted from there: H − t steps are left.
    """
    p_pi, v = plan @ (mdp.gamma * mdp.p), np.zeros((len(plan) + 1, mdp.S))
    v[:-1] = plan @ mdp.r
    for v_t, p_t, v_next in zip(v[-2::-1], p_pi[::-1], v[:0:-1], strict=True):
        v_t += p_t @ v_next
    return v, mdp.r + mdp.gamma * np.moveaxis(mdp.p @ v[1:].T, -1, 0)


def best_by_time(mdp: FiniteMDP, H: int) -> tuple[Array, Array]:
    """v* (H+1, S) and q* (H, S, A): v_H = 0, q_t = r + γ p v_{t+1}, v_t = max_a q_t. No plan of H steps earns more."""
    v, q = np.zeros((whole("H", H) + 1, mdp.S)), np.empty((H, mdp.S, mdp.A))
    for t in range(H - 1, -1, -1):
        q[t] = mdp.r + mdp.gamma * mdp.p @ v[t + 1]
        v[t] = q[t].max(axis=1)
    return v, q


def states_by_time(mdp: FiniteMDP, plan: Plan) -> Array:
    """p_t(s), (H+1, S): p_0 = ρ₀, p_{t+1} = p_t p^{π_t}; its last row says where the process is after H steps.

    An absorbing state keeps what has come to it: p[H, goal] is the probability to reach the goal within H steps.
    """
    p_pi = plan @ mdp.p
    p = np.empty((len(plan) + 1, mdp.S))
    p[0] = mdp.rho_0
    for p_t, p_pi_t, p_next in zip(p, p_pi, p[1:], strict=False):
        np.matmul(p_t, p_pi_t, out=p_next)
    return p


def grad_log_by_time(phi: ArrayLike, plan: Plan) -> Array:
    """∇log π_t(a|s) = φ(s, a) − Σ_b π_t(b|s) φ(s, b), of shape (H, S, A, d), with respect to θ_t."""
    phi = real_array("phi", phi, "S A d", LARGEST, (*plan.probs.shape[1:], None), ", as the plan has")
    return phi - (plan @ phi)[:, :, None]


def gradient_by_time(p: Array, plan: Plan, q: Array, grad_log_pi: Array, *, gamma: float) -> Array:
    """∇_{θ_t} J_H = γᵗ p_t π_t (q_t ∇log π_t), of shape (H, d): one gradient for each step's own θ_t.

    The time-indexed policy gradient theorem. With one θ for all steps ∇J_H is its sum over t. Takes p (H+1, S),
    q (H, S, A) and ∇log π (H, S, A, d).
    """
    H, S, A = plan.probs.shape
    grad_log_pi = real_array("grad_log_pi", grad_log_pi, "t S A d", LARGEST, (H, S, A, None), ", as the plan has")
    return np.einsum("tsa,tsad->td", _weights(p, plan, gamma) * _table(q, plan), grad_log_pi)


def softmax_gradient_by_time(p: Array, plan: Plan, q: Array, *, gamma: float) -> Array:
    """∂J_H/∂θ_t(s, a) of the tabular softmax, of shape (H, S, A): γᵗ p_t(s) π_t(a|s) (q_t(s, a) − v_t(s)).

    The theorem with ∇log π_t(a|s) = 1_{s,a} − π_t(·|s) put in. One table for all steps has the sum over t.
    """
    q = _table(q, plan)
    return _weights(p, plan, gamma) * (q - np.einsum("tsa,tsa->ts", plan.probs, q)[..., None])


def _weights(p: Array, plan: Plan, gamma: float) -> Array:
    """γᵗ p_t(s) π_t(a|s), (H, S, A): how often a is done in s at time t."""
    H, S, _ = plan.probs.shape
    p = real_array("p", p, "H+1 S", LARGEST, (H + 1, S), f", as the plan has H = {H} steps")
    return (number("gamma", gamma, 0, 1) ** np.arange(H)[:, None] * p[:-1])[..., None] * plan.probs


def _table(q: Array, plan: Plan) -> Array:
    return real_array("q", q, "t S A", LARGEST, plan.probs.shape, ", as the plan has")
