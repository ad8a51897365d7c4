"""Both kinds of policies: log π against its own definition, its gradient against autograd, draws against the law."""

from __future__ import annotations

from dataclasses import replace

import autograd
import autograd.numpy as anp
import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Discrete
from one_number import Reach

from pgcourse.algorithms.networks import MLP
from pgcourse.algorithms.policies import GaussianNetwork, SoftmaxNetwork, log_softmax, policy_for
from pgcourse.gradients import finite_differences
from pgcourse.policy import grad_log_softmax, softmax

SIZES = [(3, 2), (4, 5, 3), (2, 7, 3, 4)]


def case(sizes, N=6):
    """A network, its numbers, observations and weights."""
    rng = np.random.default_rng(len(sizes))
    net = MLP(sizes, unit=3.0)
    theta = net.initial(rng) + 0.1 * rng.standard_normal(net.d)
    return net, theta, rng.standard_normal((N, sizes[0])), rng.standard_normal(N), rng


# Softmax


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
    net, theta, x, weight, rng = case(sizes)
    a = rng.integers(sizes[-1], size=len(x))

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
    _, theta, x, weight, rng = case((3, 2))
    net = MLP((3, 2))
    phi = np.zeros((len(x), 2, 4, 2))
    for a in range(2):
        phi[:, a, :3, a], phi[:, a, 3, a] = x, 1
    phi = phi.reshape(len(x), 2, -1)
    pi = softmax(phi, theta)
    ours = SoftmaxNetwork(net, theta)
    np.testing.assert_allclose(ours.probs(x), pi.probs, rtol=1e-12)
    a = rng.integers(2, size=len(x))
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


def test_a_policy_begins_almost_uniform_and_a_linear_one_exactly():
    env = gymnasium.make("CartPole-v1")
    obs = env.observation_space.high[None].clip(-3, 3)
    for hidden, tolerance in (((8,), 0.01), ((), 1e-15)):
        policy = policy_for(env, hidden, np.random.default_rng(0))
        assert np.abs(policy.probs(obs) - 0.5).max() < tolerance


def test_a_policy_for_actions_that_do_not_start_at_0_draws_these():
    policy = policy_for(Reach(Discrete(3, start=5)), (8,), np.random.default_rng(0))
    assert set(policy(np.zeros((200, 1)), np.random.default_rng(0))) == {5, 6, 7}


@pytest.mark.parametrize("action", [-1, 2])
def test_no_action_is_counted_from_the_end(action):
    policy = policy_for(gymnasium.make("CartPole-v1"), (), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"expected 1 actions in 0 … 1"):
        policy.log_prob(np.zeros((1, 4)), np.array([action]))


def test_large_preferences_overflow_nothing():
    np.testing.assert_array_equal(log_softmax(np.array([[1e300, 0.0], [-1e300, 0.0]])), [[0, -1e300], [-1e300, 0]])


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
        policy_for(make(), (4,), np.random.default_rng(0), ("Discrete",))


# Gaussian


def gaussian(sizes):
    """A Gaussian policy with actions (m, 1), whose components have different centres and widths."""
    net, theta, x, weight, rng = case(sizes)
    m = sizes[-1]
    centre, half = rng.standard_normal((m, 1)), rng.uniform(0.5, 2, (m, 1))
    policy = GaussianNetwork(net, np.append(theta, rng.uniform(-1, 0.5, m)), centre, half)
    return policy, x, policy(x, rng), weight


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("beta", [0.0, 0.7])
def test_the_gaussian_s_gradient_agrees_with_autograd_and_log_pi_with_its_definition(sizes, beta):
    policy, x, a, weight = gaussian(sizes)
    net, (N, m) = policy.net, a.shape[:2]

    def densities(theta):
        mean = policy.centre[:, 0] + policy.half[:, 0] * scores(net, theta[: net.d], x)
        sigma = policy.half[:, 0] * anp.exp(theta[net.d :])
        return -(((a[:, :, 0] - mean) / sigma) ** 2) / 2 - anp.log(sigma) - np.log(2 * np.pi) / 2

    def objective(theta):
        entropy = anp.sum(theta[net.d :]) + np.log(policy.half).sum() + m * np.log(2 * np.pi * np.e) / 2
        return anp.sum(weight * anp.sum(densities(theta), axis=1)) + N * beta * entropy

    gradient, entropy = policy.gradient(x, a, weight, beta)
    np.testing.assert_allclose(gradient, autograd.grad(objective)(policy.theta), rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(policy.log_prob(x, a), densities(policy.theta).sum(axis=1), rtol=1e-12)
    np.testing.assert_allclose(entropy, policy.entropy(x))
    assert gradient.shape == policy.theta.shape


@pytest.mark.parametrize("make", [gaussian, lambda sizes: discrete(sizes)], ids=["Gaussian", "softmax"])
def test_weights_may_depend_on_log_pi_as_ratios_do(make):
    policy, x, a, weight = make((4, 5, 3))
    fixed = policy.gradient(x, a, weight * np.exp(policy.log_prob(x, a)))[0]
    np.testing.assert_allclose(policy.gradient(x, a, lambda log_pi: weight * np.exp(log_pi))[0], fixed, rtol=1e-12)


def discrete(sizes):
    net, theta, x, weight, rng = case(sizes)
    policy = SoftmaxNetwork(net, theta, first=2)
    return policy, x, policy(x, rng), weight


def test_the_softmax_s_log_prob_and_entropy_are_those_of_its_probabilities():
    policy, x, a, _ = discrete((4, 5, 3))
    pi = policy.probs(x)
    np.testing.assert_allclose(policy.log_prob(x, a), np.log(pi[np.arange(len(x)), a - 2]), rtol=1e-12)
    np.testing.assert_allclose(policy.entropy(x), -(pi * np.log(pi)).sum(axis=1), rtol=1e-12)


def test_the_gaussian_draws_by_its_density_and_its_entropy_is_minus_the_mean_of_log_pi():
    policy, _, _, _ = gaussian((4, 5, 3))
    obs, rng = np.ones((200_000, 4)), np.random.default_rng(0)
    a = policy(obs, rng)
    mean, sigma = policy.greedy(obs[:1], rng)[0], (policy.half[:, 0] * np.exp(policy.log_sigma))[:, None]
    assert np.abs((a.mean(axis=0) - mean) / sigma * np.sqrt(len(a))).max() < 4
    assert np.abs((a.var(axis=0) / sigma**2 - 1) * np.sqrt(len(a) / 2)).max() < 4
    log_pi = policy.log_prob(obs, a)
    assert abs(log_pi.mean() + policy.entropy(obs[:1])[0]) < 4 * log_pi.std() / np.sqrt(len(a))


@pytest.mark.parametrize("name", ["Pendulum-v1", "MountainCarContinuous-v0"])
def test_a_policy_for_a_box_is_centred_and_scaled_and_draws_beyond_it(name):
    env = gymnasium.make(name)
    policy = policy_for(env, (8,), np.random.default_rng(0), log_sigma=np.log(0.5))
    obs = np.tile(env.observation_space.sample(), (1000, 1))
    a, high = policy(obs, np.random.default_rng(1)), env.action_space.high
    assert np.abs(policy.greedy(obs[:1], np.random.default_rng(0))).max() < 0.1 * high
    assert abs(a.std() / (0.5 * high[0]) - 1) < 4 / np.sqrt(2000)
    assert (np.abs(a) > high).any()


@pytest.mark.parametrize("log_sigma", [-301.0, 400.0, np.nan])
def test_a_log_sigma_whose_density_is_no_float_is_refused_by_name(log_sigma):
    policy, x, a, weight = gaussian((3, 2))
    theta = np.append(policy.theta[:-1], log_sigma)
    lost = GaussianNetwork(policy.net, theta, policy.centre, policy.half)
    for use in (lambda: lost.log_prob(x, a), lambda: lost.gradient(x, a, weight), lambda: lost.entropy(x)):
        with pytest.raises(ValueError, match=rf"log_sigma\[1\] is {log_sigma}, expected a size of at most 300"):
            use()


def test_actions_so_far_out_that_log_pi_overflows_are_refused():
    policy, x, a, _ = gaussian((3, 2))
    with pytest.raises(ValueError, match="log π is out of the range of floats, with z up to"):
        policy.log_prob(x, np.full(a.shape, 1e200))


def test_actions_of_another_shape_are_refused():
    policy, x, a, weight = gaussian((3, 2))
    with pytest.raises(ValueError, match=r"a has shape \(6, 2\), expected"):
        policy.gradient(x, a[..., 0], weight)


@pytest.mark.parametrize("make", [gaussian, lambda sizes: discrete(sizes)], ids=["Gaussian", "softmax"])
def test_observations_and_weights_that_do_not_fit_are_refused_by_name(make):
    policy, x, a, weight = make((3, 2))
    for ask in (policy.entropy, policy.fisher_products, lambda obs: policy.log_prob(obs, a), policy.outputs):
        with pytest.raises(ValueError, match=r"^obs\[0, 0\] is nan, expected a finite number"):
            ask(np.nan * x)
        with pytest.raises(ValueError, match=r"^obs has shape \(6, 2\), expected \(N, …\), each row of size 3"):
            ask(x[:, :2])
    for given in (np.nan * weight, lambda log_pi: np.nan * log_pi):
        with pytest.raises(ValueError, match=r"^weight\[n=0\] is nan, expected a finite number"):
            policy.gradient(x, a, given)


def test_a_box_without_finite_bounds_is_told_how_to_get_some():
    env = gymnasium.make("Pendulum-v1")
    env.action_space = gymnasium.spaces.Box(-np.inf, np.inf, (1,))
    with pytest.raises(ValueError, match=r"Pendulum-v1: action_space is Box\(-inf.* expected finite bounds.*Rescale"):
        policy_for(env, (4,), np.random.default_rng(0))
    env.action_space = gymnasium.spaces.Box(0, 0, (1,))
    with pytest.raises(ValueError, match="expected finite bounds, low < high"):
        policy_for(env, (4,), np.random.default_rng(0))


# How far apart two policies are


@pytest.mark.parametrize("make", [gaussian, discrete], ids=["Gaussian", "softmax"])
def test_the_divergence_is_the_mean_of_the_difference_of_log_pi(make):
    """By draws: E[log π − log π_new], one z-score; and 0 of itself."""
    policy, x, _, _ = make((4, 5, 3))
    new = replace(policy, theta=policy.theta + 0.5 * np.random.default_rng(1).standard_normal(len(policy.theta)))
    obs = np.tile(x[:1], (100_000, 1))
    a = policy(obs, np.random.default_rng(2))
    drawn = policy.log_prob(obs, a) - new.log_prob(obs, a)
    told = policy.divergence(new, x)
    assert abs(drawn.mean() - told[0]) < 4.5 * drawn.std() / np.sqrt(len(drawn))
    assert (told > 0).all()
    np.testing.assert_allclose(policy.divergence(policy, x), 0, atol=1e-12)


@pytest.mark.parametrize("make", [gaussian, discrete], ids=["Gaussian", "softmax"])
@pytest.mark.parametrize("sizes", SIZES)
def test_fisher_products_are_those_of_the_divergence_s_hessian(make, sizes):
    """Second differences of the mean KL along random directions; at π itself it has no slope."""
    policy, x, _, _ = make(sizes)
    product, rng, h = policy.fisher_products(x), np.random.default_rng(3), 1e-3

    def kl(step):
        return policy.divergence(replace(policy, theta=policy.theta + step), x).mean()

    for u, v in rng.standard_normal((4, 2, len(policy.theta))):
        mixed = (kl(h * (u + v)) - kl(h * (u - v)) - kl(h * (v - u)) + kl(-h * (u + v))) / (4 * h**2)
        assert mixed == pytest.approx(u @ product(v), rel=1e-3, abs=1e-3 * np.abs(product(v)).max())
        assert u @ product(v) == pytest.approx(v @ product(u), rel=1e-9)


def test_the_softmax_s_fisher_products_are_means_of_its_scores():
    """F = mean over states of Σ_a π ∇log π ∇log πᵀ, with scores one pair at a time."""
    policy, x, _, _ = discrete((4, 5, 3))
    pi, F = policy.probs(x), np.zeros((policy.net.d, policy.net.d))
    for n in range(len(x)):
        for a in range(3):
            score = policy.gradient(x[n : n + 1], np.array([2 + a]), np.ones(1))[0]
            F += pi[n, a] * np.outer(score, score) / len(x)
    product = policy.fisher_products(x)
    np.testing.assert_allclose([product(e) for e in np.eye(len(F))], F, rtol=1e-9, atol=1e-12)


def test_policies_of_two_kinds_have_no_divergence():
    with pytest.raises(TypeError, match="new is SoftmaxNetwork, expected a GaussianNetwork"):
        gaussian((3, 2))[0].divergence(discrete((3, 2))[0], np.zeros((1, 3)))
    with pytest.raises(TypeError, match="new is GaussianNetwork, expected a SoftmaxNetwork"):
        discrete((3, 2))[0].divergence(gaussian((3, 2))[0], np.zeros((1, 3)))


@pytest.mark.parametrize(
    ("new", "told"),
    [
        (SoftmaxNetwork(MLP((4, 1)), np.zeros(5), first=2), r"actions in 2 … 2, expected one for actions in 2 … 4"),
        (SoftmaxNetwork(MLP((4, 3)), np.zeros(15)), r"actions in 0 … 2, expected one for actions in 2 … 4"),
    ],
    ids=["one action", "others"],
)
def test_a_policy_for_other_actions_has_no_divergence(new, told):
    """One action would be broadcast against three; 0 … 2 and 2 … 4 are as many."""
    policy, x, _, _ = discrete((4, 5, 3))
    with pytest.raises(ValueError, match=f"^new is a policy for {told}, as the old one"):
        policy.divergence(new, x)


@pytest.mark.parametrize("make", [gaussian, discrete], ids=["Gaussian", "softmax"])
def test_a_policy_that_sees_something_else_is_to_blame_and_not_the_observation(make):
    policy, x, _, _ = make((4, 5, 3))
    net = MLP((2, 7, 3))
    new = replace(policy, net=net, theta=np.zeros(net.d + len(policy.theta) - policy.net.d))
    with pytest.raises(ValueError, match=r"^new is a policy of 2 inputs, expected 4, as the old one"):
        policy.divergence(new, x)


def test_a_gaussian_in_another_box_has_no_divergence():
    """In units of its own half-width the same θ is another law."""
    policy, x, _, _ = gaussian((4, 5, 3))
    for other in (replace(policy, half=2 * policy.half), replace(policy, centre=policy.centre + 1)):
        with pytest.raises(ValueError, match=r"^new is a policy for actions of centre .* and half-width .*, expected"):
            policy.divergence(other, x)


@pytest.mark.parametrize(
    ("theta", "kind"),
    [(np.zeros(7), SoftmaxNetwork), (np.zeros(6, int), SoftmaxNetwork), ([0.0] * 6, SoftmaxNetwork)]
    + [(np.zeros(d), GaussianNetwork) for d in (6, 7, 9)],
)
def test_a_theta_that_does_not_fit_the_network_is_refused(theta, kind):
    """Integers would cut the observations; a number too many would be a second log σ for the same action."""
    box = (np.zeros(2), np.ones(2)) if kind is GaussianNetwork else ()
    expected = rf"expected an array of floats of shape \({8 if box else 6},\)"
    with pytest.raises(ValueError, match=r"^theta is .*" + expected):
        kind(MLP((2, 2)), theta, *box)
