"""The backward pass is the derivative of the forward pass, by complex steps; optimisers against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from pgcourse.algorithms.networks import MLP, inputs, orthogonal
from pgcourse.algorithms.optimisers import FRESH, adam, rmsprop, sgd, shortened

SIZES = [(3, 2), (4, 5, 3), (2, 7, 3, 4)]


ACTIVATIONS = ["tanh", "relu"]


def case(sizes, N=6, activation="tanh"):
    rng = np.random.default_rng(len(sizes))
    net = MLP(sizes, unit=3.0, activation=activation)
    theta = net.initial(rng) + 0.1 * rng.standard_normal(net.d)
    return net, theta, rng.standard_normal((N, sizes[0])), rng.standard_normal((N, sizes[-1])), rng


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES)
def test_the_backward_pass_is_the_complex_step_of_the_forward_pass(sizes, activation):
    """∂f/∂θᵢ = Im f(θ + i h eᵢ)/h, exact to rounding, since the forward pass is analytic, or so near θ."""
    net, theta, x, g, _ = case(sizes, activation=activation)
    steps = theta + 1e-30j * np.eye(net.d)
    expected = [(g * net.forward(step, x)[-1]).sum().imag / 1e-30 for step in steps]
    np.testing.assert_allclose(net.backward(theta, net.forward(theta, x), g), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES)
def test_how_the_outputs_move_with_the_inputs_is_the_complex_step_of_the_forward_pass(sizes, activation):
    """∂⟨g_n, y_n⟩/∂x_n, one input at a time for all rows."""
    net, theta, x, g, _ = case(sizes, activation=activation)
    steps = [x + 1e-30j * unit for unit in np.eye(sizes[0])]
    expected = np.stack([(g * net.forward(theta, step)[-1]).sum(axis=1).imag / 1e-30 for step in steps], axis=1)
    np.testing.assert_allclose(net.slope(theta, net.forward(theta, x), g), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES)
def test_many_networks_at_once_are_each_by_itself(sizes, activation):
    net, theta, x, g, rng = case(sizes, activation=activation)
    many = theta + 0.1 * rng.standard_normal((3, net.d))
    h = net.forward(many, x)
    gs = g * np.array([1.0, -2.0, 0.5])[:, None, None]
    for k in range(3):
        alone = net.forward(many[k], x)
        np.testing.assert_allclose(h[-1][k], alone[-1], rtol=1e-12)
        np.testing.assert_allclose(net.backward(many, h, gs)[k], net.backward(many[k], alone, gs[k]), rtol=1e-10)
        np.testing.assert_allclose(net.slope(many, h, gs)[k], net.slope(many[k], alone, gs[k]), rtol=1e-10)


def test_an_activation_that_is_none_is_refused_by_name():
    with pytest.raises(ValueError, match="activation is 'sigmoid', expected 'tanh' or 'relu'"):
        MLP((2, 3), activation="sigmoid")


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("sizes", SIZES)
def test_how_the_outputs_move_along_a_direction_is_the_complex_step_of_the_forward_pass(sizes, activation):
    net, theta, x, g, rng = case(sizes, activation=activation)
    u = rng.standard_normal(net.d)
    h = net.forward(theta, x)
    moved = net.along(theta, h, u)
    np.testing.assert_allclose(moved, net.forward(theta + 1e-30j * u, x)[-1].imag / 1e-30, rtol=1e-12, atol=1e-13)
    assert (g * moved).sum() == pytest.approx(net.backward(theta, h, g) @ u, rel=1e-12)


def test_hidden_layers_begin_twice_as_large_in_their_squares_and_the_last_as_asked():
    net = MLP((3, 6, 4, 2))
    *hidden, (last, b) = net.layers(net.initial(np.random.default_rng(0), last=0.1))
    for W, bias in hidden:
        np.testing.assert_allclose(np.linalg.svd(W)[1], np.sqrt(2), rtol=1e-12)
        assert not bias.any()
    np.testing.assert_allclose(np.linalg.svd(last)[1], 0.1, rtol=1e-12)
    assert not b.any()


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4)])
def test_initial_weights_are_orthogonal(shape):
    W = orthogonal(shape, np.random.default_rng(0))
    assert W.shape == shape
    np.testing.assert_allclose(W.T @ W if shape[0] >= shape[1] else W @ W.T, np.eye(min(shape)), atol=1e-12)


def test_no_direction_of_initial_weights_is_more_likely_than_another():
    """Of one column: the Gaussian itself, times a number > 0. LAPACK alone chooses signs, which are not even."""
    x = np.random.default_rng(3).standard_normal((5, 1))
    np.testing.assert_allclose(orthogonal((5, 1), np.random.default_rng(3)), x / np.linalg.norm(x), rtol=1e-12)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_observation_that_is_no_number_is_refused_with_its_place(value):
    with pytest.raises(ValueError, match=rf"obs\[1, 0, 2\] is {value}, expected a finite number"):
        inputs(np.array([[[0, 0, 0]], [[0, 0, value]]]), 3, axes=2)


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


def test_the_very_first_step_of_rmsprop_is_10_and_half_of_it_for_a_gradient_as_small_as_epsilon():
    """√s = 0.1 |g| at first, with ρ = 0.99: at g = 10⁻⁴ it is ε."""
    step, _ = rmsprop(np.array([-1e3, 1e-4]), FRESH)
    np.testing.assert_allclose(step, [-10, 5], rtol=1e-6)


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


def test_a_longer_gradient_is_shortened_and_a_shorter_one_is_not():
    g = np.array([3.0, -4.0])
    np.testing.assert_allclose(shortened(g, 0.5), [0.3, -0.4])
    assert np.array_equal(shortened(g, 5.5), g)
    assert np.array_equal(shortened(0 * g, 0.5), 0 * g)


def test_a_network_of_integers_is_refused():
    with pytest.raises(ValueError, match="theta is of type int64, expected floats"):
        MLP((2, 1)).forward(np.array([1, 1, 0]), np.array([[0.5, 0.9]]))


def test_a_masked_observation_is_refused():
    with pytest.raises(ValueError, match=r"obs\[0, 1\] is masked, expected real numbers"):
        inputs(np.ma.array([[0.5, 0.9]], mask=[[False, True]]), 2)


@pytest.mark.parametrize(
    ("obs", "told"),
    [
        (np.ones((5, 3)), r"obs has shape \(5, 3\), expected \(N, …\), each row of size 2"),
        (np.ones(2), r"obs has shape \(2,\), expected \(N, …\), each row of size 2"),
        (np.ones((0, 2)), r"obs has shape \(0, 2\), expected at least one number"),
        ([["0.5", "0.9"]], "obs is .*, expected real numbers"),
        (np.ones((1, 2)) + 1j, "obs is .*, expected real numbers"),
    ],
    ids=["wide", "one alone", "none", "text", "complex"],
)
def test_an_observation_that_does_not_fit_is_refused(obs, told):
    """One that is alone must be a row; "0.5" would be read as a number, and i dropped with a warning."""
    with pytest.raises(ValueError, match=f"^{told}"):
        inputs(obs, 2)
