"""What the property tests share: random MDPs, a meaning of "equal", and J written once more by another hand."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from pgcourse.bellman import exact
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import tabular_softmax
from pgcourse.zoo import garnet

claim = settings(derandomize=True, deadline=None, max_examples=40, database=None)
GAMMAS = (0.0, 0.5, 0.9, 0.99, 0.999)


@st.composite
def problems(draw, gammas=GAMMAS):
    """(mdp, theta): a random MDP, never with S = A, with or without absorbing states, and tabular parameters (S, A)."""
    S = draw(st.integers(2, 7))
    A = draw(st.integers(1, 5).filter(lambda n: n != S))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    absorbing = draw(st.integers(0, S - 1))
    mdp = garnet(S, A, draw(st.integers(1, S)), draw(st.sampled_from(gammas)), rng, absorbing)
    return mdp, draw(st.sampled_from((0.0, 1.0, 4.0))) * rng.standard_normal((S, A))


def solved(problem):
    """A problem with the tabular softmax π and its v^π, q^π and ρ^π: (mdp, theta, pi, v_pi, q_pi, rho_pi)."""
    mdp, theta = problem
    pi = tabular_softmax(theta)
    return (*problem, pi, *exact(mdp, pi)[:3])


def ending(mdp, stop):
    """The same process with γ = 1 and one more state, the end, where each step leads with probability `stop`."""
    S, A = mdp.S + 1, mdp.A
    p, r = np.zeros((S, A, S)), np.zeros((S, A))
    p[:-1, :, :-1], p[:-1, :, -1], p[-1, :, -1] = (1 - stop) * mdp.p, stop, 1
    r[:-1] = mdp.r
    return FiniteMDP(p, r, 1, np.append(mdp.rho_0, 0))


def assert_close(actual, expected, rtol=1e-9, scale=0.0):
    """Equal within rtol of the largest number in sight: entries that cancel may not be held to their own size."""
    scale = max(scale, float(np.abs(expected).max()))
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol * scale)


def return_of(theta, mdp, xp=np):
    """J of the tabular softmax with none of the package's operators, in any NumPy: real, complex or autograd's."""
    weights = xp.exp(theta)
    pi = weights / xp.sum(weights, axis=1, keepdims=True)
    p_pi, r_pi = xp.einsum("sa,sat->st", pi, mdp.p), xp.sum(pi * mdp.r, axis=1)
    return xp.dot(mdp.rho_0, xp.linalg.solve(xp.eye(mdp.S) - mdp.gamma * p_pi, r_pi))


def complex_step(f, theta, h=1e-30):
    """∂f/∂θᵢ = Im f(θ + ih eᵢ)/h: no difference is taken, so no digit is lost (Squire & Trapp 1998)."""
    grad = np.empty((*theta.shape, *np.shape(f(theta))))
    for i in np.ndindex(theta.shape):
        moved = theta.astype(complex)
        moved[i] += 1j * h
        grad[i] = np.imag(f(moved)) / h
    return grad


def power_series(matrix, doublings=17):
    """Σ_t Mᵗ over t < 2^doublings, as (I + M)(I + M²)(I + M⁴)…: a sum of powers, with nothing solved."""
    total = np.eye(len(matrix))
    for _ in range(doublings):
        total, matrix = total @ (np.eye(len(matrix)) + matrix), matrix @ matrix
    return total
