"""Policies and critics for a Box: inside it, in its units, and their slopes by complex steps."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest

from pgcourse.algorithms.bounded import Critics, SquashedGaussian, TanhNetwork, bounded_policy, steepness
from pgcourse.algorithms.networks import MLP
from pgcourse.arrays import frozen
from pgcourse.gaussian import squashed_entropy, squashed_log_density

CENTRE, HALF = frozen(np.array([[1.0, -2.0]])), frozen(np.array([[0.5, 3.0]]))  # actions of shape (1, 2)


def case(N=5, k=2):
    """A policy with two actions in different units, critics, states and actions."""
    rng = np.random.default_rng(0)
    policy = bounded_policy(TanhNetwork, 3, CENTRE, HALF, (6, 5), 1.0, rng)
    net = MLP((5, 6, 1), unit=2.0)
    critics = Critics(net, np.array([net.initial(rng) for _ in range(k)]), CENTRE, HALF)
    return policy, critics, rng.standard_normal((N, 3)), rng.standard_normal((N, 2)), rng


def along(f, x):
    """∂f/∂x by complex steps, for f that gives one number, of the shape of x."""
    slopes = np.empty(x.shape)
    for i in np.ndindex(x.shape):
        step = x.astype(complex)
        step[i] += 1e-30j
        slopes[i] = f(step).imag / 1e-30
    return slopes


def test_actions_fill_the_box_and_stay_inside():
    policy, _, s, _, rng = case()
    assert policy(s, rng).shape == (5, 1, 2)
    far = replace(policy, theta=1000 * policy.theta)(1000 * rng.standard_normal((200, 3)), rng)
    np.testing.assert_allclose(far.min(axis=0), CENTRE - HALF)
    np.testing.assert_allclose(far.max(axis=0), CENTRE + HALF)
    tiny = bounded_policy(TanhNetwork, 3, CENTRE, HALF, (6, 5), 1e-6, rng)
    np.testing.assert_allclose(tiny(s, rng), np.broadcast_to(CENTRE, (5, 1, 2)), atol=1e-4)


def test_the_policy_s_derivative_is_its_complex_step():
    policy, _, s, g, _ = case()
    expected = along(
        lambda theta: (g * policy.actions(replace(policy, theta=theta).forward(s)[-1])).sum(), policy.theta
    )
    np.testing.assert_allclose(policy.backward(policy.forward(s), g), expected, rtol=1e-10, atol=1e-12)


def test_the_critics_derivatives_are_their_complex_steps():
    """With respect to w, and to the action in the environment's units, summed over both critics with weights."""
    _, critics, s, a, rng = case()
    g, h = rng.standard_normal((2, len(s))), critics.forward(s, a)
    of_w = along(lambda w: (g * replace(critics, w=w)(s, a)).sum(), critics.w)
    np.testing.assert_allclose(critics.backward(h, g), of_w, rtol=1e-10, atol=1e-12)
    of_a = along(lambda a: (g * critics(s, a)).sum(), a)
    np.testing.assert_allclose(critics.action_slope(h, g), of_a, rtol=1e-10, atol=1e-12)
    alike = along(lambda a: 0.5 * critics(s, a).sum(), a)
    np.testing.assert_allclose(critics.action_slope(h, np.full((2, 1), 0.5)), alike, rtol=1e-10, atol=1e-12)


def test_critics_see_actions_in_units_of_the_box():
    """The same numbers with another Box say the same of the action at the same place in it."""
    _, critics, s, a, _ = case()
    plain = replace(critics, centre=np.zeros((1, 2)), half=np.ones((1, 2)))
    np.testing.assert_allclose(critics(s, CENTRE.ravel() + HALF.ravel() * a), plain(s, a), rtol=1e-12)


def test_a_policy_that_is_at_its_bounds_everywhere_has_no_slope_left_and_says_so():
    policy, _, s, g, _ = case()
    theta = policy.theta.copy()
    theta[-2:] = 1000, -1000  # the last biases
    policy = replace(policy, theta=theta)
    with pytest.raises(ValueError, match=r"the policy saturates: in all 5 states .* a smaller alpha_theta"):
        policy.backward(policy.forward(s), g)
    theta[-1] = 0  # the second action still moves
    assert np.isfinite(policy.backward(policy.forward(s), g)).all()


@pytest.mark.parametrize(("y", "flat"), [(9.8, False), (10.0, True)])
def test_at_9_9_a_policy_saturates(y, flat):
    """There tanh' = 4 e^−2y is 1e-8."""
    with pytest.raises(ValueError, match="the policy saturates") if flat else nullcontext():
        assert steepness(np.tanh([[-y, 2 * y]]))[0, 0] == pytest.approx(4 * np.exp(-2 * y), rel=1e-6)


# The squashed Gaussian


def gaussian(last=1.0, N=5):
    """A squashed Gaussian with two actions in different units, states, and a generator."""
    rng = np.random.default_rng(1)
    policy = bounded_policy(SquashedGaussian, 3, CENTRE, HALF, (6, 5), last, rng)
    return policy, rng.standard_normal((N, 3)), rng


def constant(mu, log_sigma, N=1, centre=0.0, half=1.0):
    """One action with the same law in all states, and N states."""
    policy = SquashedGaussian(MLP((1, 2)), np.array([0.0, 0.0, mu, log_sigma]), np.array([centre]), np.array([half]))
    return policy, np.zeros((N, 1))


def test_the_log_probability_of_what_is_drawn_is_that_of_the_action():
    """Per half-width, so that its units are those of the network: the density of (a − c)/h, from the action back."""
    policy, s, rng = gaussian()
    draw = policy.draw(s, rng)
    u = np.arctanh((policy.actions(draw.tanh) - CENTRE) / HALF)
    mu, log_sigma = np.split(policy.net.forward(policy.theta, s)[-1], 2, axis=1)
    expected = squashed_log_density(u, mu, np.exp(log_sigma)).sum(axis=1)
    np.testing.assert_allclose(draw.log_pi, expected, rtol=1e-9)


@pytest.mark.parametrize("u", [9.0, -9.0, 30.0])
def test_far_out_the_log_probability_is_right(u):
    """1 − tanh² u = 4e^−2|u|/(1 + e^−2|u|)²: −16.6 at |u| = 9, where 1 − a² has hardly a digit left, and 0 at 30."""
    policy, s = constant(u, -20.0, N=3)
    draw = policy.draw(s, np.random.default_rng(0))
    correction = np.log(4) - 2 * abs(u) - 2 * np.log1p(np.exp(-2 * abs(u)))
    epsilon = draw.epsilon[:, 0]
    np.testing.assert_allclose(draw.log_pi, -(epsilon**2) / 2 + 20 - np.log(2 * np.pi) / 2 - correction, rtol=1e-9)


def test_the_gaussian_s_derivative_is_its_complex_step():
    """Of Σ ⟨g, a⟩ + w log π with ε held fixed, written once more with 1 − tanh² as it stands."""
    policy, s, rng = gaussian()
    draw, g, w = policy.draw(s, rng), rng.standard_normal((5, 2)), rng.standard_normal((5, 1))

    def objective(theta):
        mu, log_sigma = np.split(policy.net.forward(theta, s)[-1], 2, axis=1)
        tanh = np.tanh(mu + np.exp(log_sigma) * draw.epsilon)
        return (g * policy.actions(tanh) - w * (log_sigma + np.log(1 - tanh**2))).sum()

    np.testing.assert_allclose(policy.backward(draw, g, w), along(objective, policy.theta), rtol=1e-9, atol=1e-11)


def test_a_log_sigma_that_is_cut_has_no_slope():
    for log_sigma, free in [(-21.0, False), (-19.0, True), (1.9, True), (2.1, False)]:
        policy, s = constant(0.1, log_sigma, N=4)
        draw = policy.draw(s, np.random.default_rng(0))
        assert draw.sigma[0, 0] == pytest.approx(np.exp(np.clip(log_sigma, -20, 2)))
        assert (policy.backward(draw, np.ones((4, 1)), np.ones((4, 1)))[-1] != 0) == free


def test_draws_follow_the_law():
    """z-scores: −log π against the entropy by quadrature; half of the draws are below the action without noise."""
    policy, s = constant(0.4, np.log(0.6), N=100_000, centre=1.0, half=3.0)
    rng = np.random.default_rng(0)
    log_pi = policy.draw(s, rng).log_pi
    entropy = squashed_entropy(0.4, 0.6)[0]
    assert abs(log_pi.mean() + entropy) < 4 * log_pi.std() / np.sqrt(len(s))
    a = policy(s, rng)
    assert abs((a < policy.greedy(s[:1], rng)).mean() - 0.5) < 4 * 0.5 / np.sqrt(len(s))
    assert ((a > -2) & (a < 4)).all()
    other = policy.actions(policy.draw(s, rng).tanh)
    assert abs(a.mean() - other.mean()) < 4 * np.sqrt(2) * a.std() / np.sqrt(len(s))
