import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_mdps import assert_close, claim, complex_step, problems

from pgcourse import policy
from pgcourse.policy import Policy

pytestmark = pytest.mark.filterwarnings("error")


@st.composite
def features(draw):
    """(φ, θ) of a linear softmax: features (S, A, d) and parameters (d,), never with S = A."""
    S, A, d = draw(st.integers(1, 5)), draw(st.integers(1, 4)), draw(st.integers(1, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return rng.standard_normal((S + A, A, d)), draw(st.sampled_from((0.1, 1.0, 5.0))) * rng.standard_normal(d)


def probabilities(phi, theta):
    """The softmax as its definition has it, for complex parameters too."""
    weights = np.exp(phi @ theta)
    return weights / weights.sum(axis=1, keepdims=True)


# π as an operator


@claim
@given(problems(), st.sampled_from([(), (3,), (2, 3)]))
def test_pi_at_f_is_the_expectation_over_actions(problem, tail):
    mdp, theta = problem
    pi = policy.tabular_softmax(theta)
    f = np.random.default_rng(0).standard_normal((mdp.S, mdp.A, *tail))
    assert_close(pi @ f, np.einsum("sa,sa...->s...", pi.probs, f))


@claim
@given(problems())
def test_p_pi_v_is_pi_p_v(problem):
    """Chapter, Reminder 2: p^π v = π p v, and T^π v = r^π + γ p^π v = π (r + γ p v)."""
    mdp, theta = problem
    pi, v = policy.tabular_softmax(theta), np.random.default_rng(0).standard_normal(mdp.S)
    assert_close((pi @ mdp.p) @ v, pi @ (mdp.p @ v), scale=1)
    assert_close(pi @ mdp.r + mdp.gamma * (pi @ mdp.p) @ v, pi @ (mdp.r + mdp.gamma * mdp.p @ v), scale=1)


def test_a_policy_is_a_frozen_copy():
    probs = np.array([[0.5, 0.5, 0], [0, 0, 1]])
    pi = Policy(probs)
    probs[:] = 0
    assert pi.probs.tolist() == [[0.5, 0.5, 0], [0, 0, 1]]
    for array in (pi.probs, policy.tabular_softmax(probs).probs):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        pi.probs = probs


def test_a_policy_shows_its_probabilities():
    assert repr(Policy([[0.25, 0.75, 0]])) == "Policy(\n[[0.25 0.75 0.  ]])"


def test_uniform_and_deterministic_policies():
    assert Policy.uniform(2, 4).probs.tolist() == [[0.25] * 4] * 2
    assert Policy.deterministic([2, 0], 3).probs.tolist() == [[0, 0, 1], [1, 0, 0]]


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (np.ones((3, 2)), r"f has shape \(3, 2\), expected \(S, A, …\) with \(S, A\) = \(2, 3\)"),
        (np.ones(2), r"f has shape \(2,\)"),
    ],
)
def test_an_operand_of_the_wrong_shape_is_refused(f, message):
    with pytest.raises(ValueError, match=message):
        Policy.uniform(2, 3) @ f


@pytest.mark.parametrize(
    ("product", "message"),
    [
        (lambda p, pi, q: 0.9 * p @ pi @ q, r"from the right, p @ \(pi @ q\)"),
        (lambda p, pi, q: q[:, 0] @ pi, "from the right"),
        (lambda p, pi, q: 0.9 * pi @ q, r"gamma \* \(pi @ f\)"),
        (lambda p, pi, q: np.float64(0.9) * pi @ q, r"gamma \* \(pi @ f\)"),
        (lambda p, pi, q: pi * q, "acts by @, not by"),
        (lambda p, pi, q: q * pi, r"pi\.probs"),
    ],
)
def test_a_product_that_python_reads_from_the_left_is_refused_and_says_how_to_write_it(product, message):
    with pytest.raises(TypeError, match=message):
        product(np.ones((3, 2, 3)), Policy.uniform(3, 2), np.ones((3, 2)))


def test_an_operand_that_is_no_array_is_left_to_its_own_rmatmul():
    class Kernel:
        def __rmatmul__(self, pi):
            return "mine"

    assert Policy.uniform(2, 3) @ Kernel() == "mine"
    with pytest.raises(TypeError, match="unsupported operand"):
        Policy.uniform(2, 3) @ [1, 2]


# Softmax


@claim
@given(features())
def test_softmax_is_its_definition_and_forgets_a_shift_of_a_states_preferences(problem):
    phi, theta = problem
    pi = policy.softmax(phi, theta)
    assert_close(pi.probs, probabilities(phi, theta))
    shift = np.linspace(-3, 3, len(phi))[:, None]
    assert_close(policy.tabular_softmax(phi @ theta + shift).probs, pi.probs)


@claim
@given(features())
def test_the_gradients_of_the_softmax_match_the_complex_step(problem):
    phi, theta = problem
    pi = policy.softmax(phi, theta)
    grad_pi = np.moveaxis(complex_step(lambda t: probabilities(phi, t), theta), 0, -1)
    grad_log_pi = np.moveaxis(complex_step(lambda t: np.log(probabilities(phi, t)), theta), 0, -1)
    assert_close(policy.grad_softmax(phi, pi), grad_pi, scale=1e-3)
    assert_close(policy.grad_log_softmax(phi, pi), grad_log_pi, scale=1e-3)


@claim
@given(features())
def test_the_expectation_of_nabla_log_pi_is_zero(problem):
    """Σ_a π(a|s) ∇log π(a|s) = Σ_a ∇π(a|s) = ∇1 = 0: why a baseline changes nothing."""
    phi, theta = problem
    pi = policy.softmax(phi, theta)
    np.testing.assert_allclose(pi @ policy.grad_log_softmax(phi, pi), 0, atol=1e-12)
    np.testing.assert_allclose(policy.grad_softmax(phi, pi).sum(axis=1), 0, atol=1e-12)


def test_the_tabular_softmax_is_the_linear_one_with_indicators():
    theta = np.random.default_rng(0).standard_normal((4, 3))
    linear = policy.softmax(policy.tabular(4, 3), theta.ravel())
    np.testing.assert_array_equal(linear.probs, policy.tabular_softmax(theta).probs)


@pytest.mark.parametrize("size", [1e3, 1e300, 1e308])
def test_huge_parameters_neither_overflow_nor_warn(size):
    theta = size * np.array([[1, -1, 1], [-1, -1, -1], [0, 0, 1], [-1, 0, 1]])
    expected = [[0.5, 0, 0.5], [1 / 3, 1 / 3, 1 / 3], [0, 0, 1], [0, 0, 1]]
    np.testing.assert_allclose(policy.tabular_softmax(theta).probs, expected)
    np.testing.assert_allclose(policy.softmax(policy.tabular(4, 3), theta.ravel()).probs, expected)


def test_preferences_out_of_the_range_of_floats_are_refused_by_name():
    with pytest.raises(ValueError, match=r"phi @ theta\[s=0, a=1\] is inf, expected a finite number"):
        policy.softmax([[[1.0], [2.0]]], [1e308])


def test_a_softmax_is_never_deterministic_while_its_weights_are_representable():
    """The supremum over softmax policies is not attained: every probability stays positive."""
    assert (policy.tabular_softmax([[0, 700.0], [-700, 0]]).probs > 0).all()


# Direct


def test_the_chapter_s_table_has_48_parameters_on_frozen_lake():
    """|S| (|A| − 1) = 16 × 3 = 48, where the chapter says 58."""
    assert policy.grad_direct(16, 4).shape == (16, 4, 48)


def test_direct_is_affine_with_the_constant_gradient_of_grad_direct():
    rng = np.random.default_rng(0)
    old, new = rng.dirichlet(np.ones(3), (2, 4))[..., :2]
    step = policy.direct(new).probs - policy.direct(old).probs
    assert_close(policy.grad_direct(4, 3) @ (new - old).ravel(), step)


def test_direct_reaches_the_corners_of_the_simplex():
    theta = [[1, 0], [0, 1], [0, 0], [0.5, 0.5 + 2.3e-16], [0.25, 0.75 + 1e-13]]  # the last two add up to more than 1
    probs = policy.direct(theta).probs
    assert probs[:3].tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert probs[3:, 2].tolist() == [0, 0]
    np.testing.assert_allclose(probs.sum(axis=1), 1, rtol=1e-15)


@pytest.mark.parametrize("row", [[-0.1, 0.5], [0.7, 0.4], [0.25, 0.75 + 1e-11], [1e308, 1e308], [-1e308, -1e308]])
def test_direct_refuses_a_row_outside_the_simplex_by_its_state(row):
    with pytest.raises(ValueError, match=r"theta\[s=1\] is .*, expected probabilities ≥ 0 with a sum ≤ 1"):
        policy.direct([[0.5, 0.5], row, [0, 0]])


# The door

RUBBISH = [
    None,
    "left",
    object(),
    {},
    [],
    [[]],
    [[1], [1, 2]],
    [["1", "2"]],
    [[1 + 0j, 0]],
    [[None, 1]],
    [[10**400, 1]],
]


@pytest.mark.parametrize(
    ("what", "make"),
    [
        ("pi", Policy),
        ("theta", policy.tabular_softmax),
        ("theta", policy.direct),
        ("phi", lambda x: policy.softmax(x, [1.0])),
        ("theta", lambda x: policy.softmax(np.ones((3, 2, 2)), x)),
        ("actions", lambda x: Policy.deterministic(x, 2)),
    ],
)
@pytest.mark.parametrize("rubbish", RUBBISH)
def test_rubbish_is_refused_by_the_name_of_its_field(what, make, rubbish):
    with pytest.raises(ValueError, match=rf"^{what}\W.*expected"):
        make(rubbish)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Policy([[0.5, 0.5], [0.5, 0.6]]), r"pi\[s=1\] sums to 1.1, expected 1"),
        (lambda: Policy([[0.5, 0.5], [-0.5, 1.5]]), r"pi\[s=1, a=0\] is -0.5, expected a probability"),
        (lambda: Policy([[0.5, 0.5], [np.nan, 1]]), r"pi\[s=1, a=0\] is nan"),
        (lambda: Policy([0.5, 0.5]), r"pi has shape \(2,\), expected \(S, A\)"),
        (lambda: policy.tabular_softmax([[0, 1], [np.inf, 0]]), r"theta\[s=1, a=0\] is inf"),
        (lambda: policy.tabular_softmax([0, 1]), r"theta has shape \(2,\), expected \(S, A\)"),
        (lambda: policy.softmax(np.ones((3, 2, 2)), [0, np.nan]), r"theta\[d=1\] is nan"),
        (lambda: policy.softmax(np.ones((3, 2, 2)), [0]), r"theta has shape \(1,\), expected \(2,\), since phi has"),
        (lambda: policy.softmax(np.ones((3, 2)), [0, 1]), r"phi has shape \(3, 2\), expected \(S, A, d\)"),
        (lambda: Policy.deterministic([0, 2], 2), r"actions\[s=1\] is 2, expected an integer in 0 … 1"),
        (lambda: Policy.deterministic([0.5, 1], 2), r"actions\[s=0\] is 0.5, expected an integer"),
        (lambda: Policy.deterministic([0, -1], 2), r"actions\[s=1\] is -1, expected an integer"),
    ],
)
def test_a_wrong_number_is_refused_by_field_place_and_value(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Policy.uniform(2, 0), "A is 0, expected an integer ≥ 1"),
        (lambda: Policy.uniform(2.5, 2), "S is 2.5, expected an integer ≥ 1"),
        (lambda: Policy.deterministic([0], 1.5), "A is 1.5, expected an integer ≥ 1"),
        (lambda: Policy.uniform(1, 2) @ np.ma.masked_equal([[1, 2]], 1), "f is a masked array"),
        (lambda: Policy(np.ma.masked_equal([[1.0, 0]], 0)), r"pi\[s=0, a=1\] is masked"),
        (
            lambda: policy.grad_log_softmax(np.ones((1, 2)), Policy.uniform(1, 2)),
            r"phi has shape \(1, 2\), expected \(S, A, d",
        ),
        (
            lambda: policy.mirror_step(Policy.uniform(3, 2), np.ones((1, 2)), 1),
            r"q has shape \(1, 2\), .* = \(3, 2\), as pi",
        ),
        (lambda: policy.mirror_step(Policy.uniform(1, 2), [[0, np.nan]], 1), r"q\[s=0, a=1\] is nan"),
        (lambda: policy.mirror_step(Policy.uniform(1, 2), [[0, 1]], np.nan), "alpha is nan, expected a number ≥ 0"),
        (lambda: policy.mirror_step(Policy.uniform(1, 2), [[0, 1]], -1), "alpha is -1, expected a number ≥ 0"),
    ],
)
def test_what_would_be_broadcast_or_become_nan_is_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    "q", [np.array([[3.0, 1, 3, 9], [0, 0, 0, 0]]), 1e308 * np.array([[1.0, -1, 1, 1], [1, 1, 1, 1]])]
)
def test_the_mirror_step_is_greedy_where_pi_is_positive_as_alpha_grows_and_at_infinity(q):
    """The last action is never taken by π in state 0; the two best ones keep their proportion 1 : 3."""
    pi = Policy([[0.1, 0.6, 0.3, 0], [0.25, 0.25, 0.25, 0.25]])
    for alpha in (1e4, 1e308, np.inf):
        np.testing.assert_allclose(policy.mirror_step(pi, q, alpha).probs, [[0.25, 0, 0.75, 0], [0.25] * 4], atol=1e-12)


@claim
@given(problems(), st.sampled_from([0.0, 0.1, 3.0]))
def test_the_mirror_step_is_a_step_of_the_table_along_q(problem, alpha):
    theta = problem[1]
    q = np.random.default_rng(1).standard_normal(theta.shape)
    step = policy.mirror_step(policy.tabular_softmax(theta), q, alpha)
    assert_close(step.probs, policy.tabular_softmax(theta + alpha * q).probs)


def test_direct_takes_the_rounding_of_float32():
    theta = np.array([[0.1, 0.2, 0.7], [1 / 3, 1 / 3, 1 / 3]], dtype=np.float32)  # 0.1 + 0.2 + 0.7 = 1 + 3e-8
    pi = policy.direct(theta)
    assert (pi.probs >= 0).all()
    np.testing.assert_allclose(pi.probs[:, :3], theta, atol=1e-7)
    with pytest.raises(ValueError, match=r"theta\[s=0\] is"):
        policy.direct(theta + np.float32(1e-5))


def test_direct_with_one_action_has_no_parameters():
    assert policy.direct(np.zeros((3, 0))).probs.tolist() == [[1.0]] * 3
    assert policy.grad_direct(3, 1).shape == (3, 1, 0)


def test_text_among_objects_is_no_number():
    with pytest.raises(ValueError, match=r"pi is .*, expected real numbers .* with text"):
        Policy(np.array([["0.5", 0.5]], dtype=object))
