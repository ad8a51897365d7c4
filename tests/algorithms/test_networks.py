"""The backward pass is the derivative of the forward pass, by three other routes; optimisers against closed forms."""

from __future__ import annotations

import autograd
import autograd.numpy as anp
import gymnasium
import numpy as np
import pytest

from pgcourse.algorithms.networks import MLP, SoftmaxNetwork, inputs, log_softmax, orthogonal, policy_for
from pgcourse.algorithms.optimisers import FRESH, adam, rmsprop, sgd
from pgcourse.gradients import finite_differences
from pgcourse.policy import grad_log_softmax, softmax

SIZES = [(3, 2), (4, 5, 3), (2, 7, 3, 4)]


def case(sizes, N=6):
    rng = np.random.default_rng(len(sizes))
    net = MLP(sizes, unit=3.0)
    theta = net.initial(rng) + 0.1 * rng.standard_normal(net.d)
    return net, theta, rng.standard_normal((N, sizes[0])), rng.standard_normal((N, sizes[-1])), rng


@pytest.mark.parametrize("sizes", SIZES)
def test_the_backward_pass_is_the_complex_step_of_the_forward_pass(sizes):
    """∂f/∂θᵢ = Im f(θ + i h eᵢ)/h, exact to rounding, since the forward pass is analytic."""
    net, theta, x, g, _ = case(sizes)
    steps = theta + 1e-30j * np.eye(net.d)
    expected = [(g * net.forward(step, x)[-1]).sum().imag / 1e-30 for step in steps]
    np.testing.assert_allclose(net.backward(theta, net.forward(theta, x), g), expected, rtol=1e-12, atol=1e-13)


def scores(net, theta, x):
    """The forward pass once more, in autograd's NumPy and with parameters cut by hand."""
    end = 0
    for layer, (n, m) in enumerate(zip(net.sizes, net.sizes[1:], strict=False)):
        W, b = theta[end : end + n * m].reshape((n, m)), theta[end + n * m : end + (n + 1) * m]
        end += (n + 1) * m
        x = anp.dot(x, W) + b
        x = anp.tanh(x) if layer < len(net.sizes) - 2 else net.unit * x
    return x


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("beta", [0.0, 0.7])
def test_the_policy_s_gradient_agrees_with_autograd_and_with_differences(sizes, beta):
    net, theta, x, _, rng = case(sizes)
    a, weight = rng.integers(sizes[-1], size=len(x)), rng.standard_normal(len(x))

    def objective(theta):
        y = scores(net, theta, x)
        log_pi = y - anp.log(anp.sum(anp.exp(y), axis=1, keepdims=True))
        entropy = -anp.sum(anp.exp(log_pi) * log_pi)
        return anp.sum(weight * log_pi[anp.arange(len(a)), a]) + beta * entropy

    gradient, entropy = SoftmaxNetwork(net, theta).gradient(x, a, weight, beta)
    np.testing.assert_allclose(gradient, autograd.grad(objective)(theta), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(gradient, finite_differences(objective, theta), rtol=1e-5, atol=1e-6)
    pi = SoftmaxNetwork(net, theta).probs(x)
    np.testing.assert_allclose(entropy, -(pi * np.log(pi)).sum(axis=1), rtol=1e-12)


def test_without_a_hidden_layer_it_is_the_linear_softmax_of_the_course():
    """φ(s, a): the observation and a 1, in the block of action a."""
    net, theta, x, _, rng = case((3, 2))
    net = MLP((3, 2))
    phi = np.zeros((len(x), 2, 4, 2))
    for a in range(2):
        phi[:, a, :3, a], phi[:, a, 3, a] = x, 1
    phi = phi.reshape(len(x), 2, -1)
    pi = softmax(phi, theta)
    ours = SoftmaxNetwork(net, theta)
    np.testing.assert_allclose(ours.probs(x), pi.probs, rtol=1e-12)
    a, weight = rng.integers(2, size=len(x)), rng.standard_normal(len(x))
    expected = weight @ grad_log_softmax(phi, pi)[np.arange(len(x)), a]
    np.testing.assert_allclose(ours.gradient(x, a, weight)[0], expected, rtol=1e-12, atol=1e-14)


def test_actions_are_drawn_from_the_softmax():
    N = 100_000
    policy = SoftmaxNetwork(MLP((1, 3)), np.array([0, 0, 0, 0.0, 1.0, -2.0]), first=5)
    obs = np.zeros((N, 1))
    counts = np.bincount(policy(obs, np.random.default_rng(0)) - 5, minlength=3)
    p = policy.probs(obs[:1])[0]
    z = (counts - N * p) / np.sqrt(N * p * (1 - p))
    assert np.abs(z).max() < 4
    assert set(policy.greedy(obs, np.random.default_rng(0))) == {6}


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_initial_weights_are_orthogonal(shape):
    W = orthogonal(shape, np.random.default_rng(0))
    assert W.shape == shape
    np.testing.assert_allclose(W.T @ W if shape[0] >= shape[1] else W @ W.T, np.eye(min(shape)), atol=1e-12)


def test_a_policy_begins_almost_uniform_and_a_linear_one_exactly():
    env = gymnasium.make("CartPole-v1")
    obs = env.observation_space.high[None].clip(-3, 3)
    for hidden, tolerance in (((8,), 0.01), ((), 1e-15)):
        policy = policy_for(env, hidden, np.random.default_rng(0))
        assert np.abs(policy.probs(obs) - 0.5).max() < tolerance


def test_large_preferences_overflow_nothing():
    np.testing.assert_array_equal(log_softmax(np.array([[1e300, 0.0], [-1e300, 0.0]])), [[0, -1e300], [-1e300, 0]])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_observation_that_is_no_number_is_refused_with_its_place(value):
    with pytest.raises(ValueError, match=rf"obs\[1, 0, 2\] is {value}, expected a finite number"):
        inputs(np.array([[[0, 0, 0]], [[0, 0, value]]]), axes=2)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: gymnasium.make("FrozenLake-v1"),
            r"FrozenLake-v1: observation_space is Discrete\(16\), expected Box; ",
        ),
        (lambda: gymnasium.make("Pendulum-v1"), r"Pendulum-v1: action_space is Box\(.*\), expected Discrete"),
        (lambda: gymnasium.make_vec("Pendulum-v1", num_envs=2), "Pendulum-v1: action_space is Box"),
    ],
)
def test_a_space_that_is_not_supported_is_named(make, message):
    with pytest.raises(TypeError, match=message):
        policy_for(make(), (4,), np.random.default_rng(0))


# Optimisers


def test_constant_gradients_make_steps_of_one():
    """Then m̂ = g and ŝ = g² at every t, whatever the unit of g is; rmsprop's √s comes from 0 like √(1 − ρᵗ)."""
    g = np.array([1e-3, -4.0, 1e4])
    of_adam = of_rmsprop = FRESH
    for t in range(1, 30):
        step, of_adam = adam(g, of_adam, epsilon=0)
        np.testing.assert_allclose(step, np.sign(g), rtol=1e-12)
        step, of_rmsprop = rmsprop(g, of_rmsprop, rho=0.9, epsilon=0)
        np.testing.assert_allclose(step, np.sign(g) / np.sqrt(1 - 0.9**t), rtol=1e-12)
    assert of_adam.t == of_rmsprop.t == 29
    assert sgd(g, FRESH)[0] is g


def test_adam_keeps_the_means_it_says():
    gs = np.random.default_rng(0).standard_normal((5, 3))
    memory = FRESH
    for g in gs:
        step, memory = adam(g, memory)
    weight_m, weight_s = (rho ** np.arange(4, -1, -1) for rho in (0.9, 0.999))
    mean, square = weight_m @ gs / weight_m.sum(), weight_s @ gs**2 / weight_s.sum()
    np.testing.assert_allclose(step, mean / (np.sqrt(square) + 1e-8), rtol=1e-9)


@pytest.mark.parametrize("optimiser", [sgd, rmsprop, adam])
def test_an_optimiser_leaves_its_arguments_as_they_were(optimiser):
    g = np.ones(3)
    g.setflags(write=False)
    _, memory = optimiser(g, FRESH)
    before = [np.copy(x) for x in memory]
    optimiser(g, memory)
    assert all(np.array_equal(old, new) for old, new in zip(before, memory, strict=True))
