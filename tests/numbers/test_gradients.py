import autograd
import autograd.numpy
import numpy as np
import pytest
from hypothesis import given
from random_mdps import assert_close, claim, complex_step, ending, power_series, problems, return_of, solved

from pgcourse import bellman, zoo
from pgcourse.bellman import exact, objective
from pgcourse.gradients import (
    angle,
    compatible_critic,
    finite_differences,
    greediness_gradient,
    policy_gradient,
    tabular_softmax_gradient,
    value_gradient,
    value_gradient_operator,
)
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import (
    Policy,
    direct,
    grad_direct,
    grad_log_softmax,
    grad_softmax,
    softmax,
    tabular,
    tabular_softmax,
)

pytestmark = pytest.mark.filterwarnings("error")


def log_gradient(pi, grad_pi):
    return grad_pi / pi.probs[..., None]


# Many routes to one gradient


@claim
@given(problems())
def test_six_routes_to_the_gradient_of_J_agree(problem):
    """∇J = ρ₀ ∇v^π = ρ^π (q^π ∇π) = ρ^π π (q^π ∇log π) = ρ^π π (q − v) in the table = complex step = autograd."""
    mdp, theta = problem
    pi, phi = tabular_softmax(theta), tabular(mdp.S, mdp.A)
    _, q_pi, rho_pi, _ = exact(mdp, pi)
    grad_pi, grad_log_pi = grad_softmax(phi, pi), grad_log_softmax(phi, pi)
    size = rho_pi @ (pi @ np.abs(q_pi))
    reference = complex_step(lambda t: return_of(t, mdp), theta)

    for route in (
        mdp.rho_0 @ value_gradient(mdp, pi, q_pi, grad_pi),
        rho_pi @ np.einsum("sa,sad->sd", q_pi, grad_pi),
        policy_gradient(rho_pi, pi, q_pi, grad_log_pi),
        tabular_softmax_gradient(rho_pi, pi, q_pi),
        autograd.grad(lambda t: return_of(t, mdp, autograd.numpy))(theta),
    ):
        assert_close(route.reshape(theta.shape), reference, scale=size)


@claim
@given(problems(gammas=(0.0, 0.9, 0.99)))
def test_finite_differences_of_the_objective_agree_to_the_digits_they_have(problem):
    mdp, theta, pi, _, q_pi, rho_pi = solved(problem)
    differences = finite_differences(lambda t: objective(mdp, tabular_softmax(t)), theta)
    size = rho_pi @ (pi @ np.abs(q_pi))
    assert_close(tabular_softmax_gradient(rho_pi, pi, q_pi), differences, rtol=1e-8, scale=size)


@claim
@given(problems())
def test_the_theorem_holds_for_features_that_states_share(problem):
    mdp, theta = problem
    rng = np.random.default_rng(0)
    phi, theta = rng.standard_normal((mdp.S, mdp.A, 3)), rng.standard_normal(3)
    pi = softmax(phi, theta)
    _, q_pi, rho_pi, _ = exact(mdp, pi)
    reference = complex_step(lambda t: return_of(phi @ t, mdp), theta)
    size = rho_pi @ (pi @ np.abs(q_pi))
    assert_close(policy_gradient(rho_pi, pi, q_pi, grad_log_softmax(phi, pi)), reference, scale=size)
    assert_close(mdp.rho_0 @ value_gradient(mdp, pi, q_pi, grad_softmax(phi, pi)), reference, scale=size)


@claim
@given(problems())
def test_the_theorem_holds_for_probabilities_as_parameters(problem):
    mdp, theta = problem
    theta = tabular_softmax(theta).probs[:, :-1]
    if theta.size == 0:
        return  # one action: nothing to choose

    def J(theta):
        """J of π = θ + (0, …, 1 − Σθ), for a complex θ too."""
        pi = np.concatenate([theta, 1 - theta.sum(axis=1, keepdims=True)], axis=1)
        p_pi, r_pi = np.einsum("sa,sat->st", pi, mdp.p), (pi * mdp.r).sum(axis=1)
        return mdp.rho_0 @ np.linalg.solve(np.eye(mdp.S) - mdp.gamma * p_pi, r_pi)

    pi = direct(theta)
    _, q_pi, rho_pi, _ = exact(mdp, pi)
    grad_J = mdp.rho_0 @ value_gradient(mdp, pi, q_pi, grad_direct(mdp.S, mdp.A))
    assert_close(grad_J.reshape(theta.shape), complex_step(J, theta), scale=rho_pi @ np.abs(q_pi).sum(axis=1))


@claim
@given(problems())
def test_the_value_gradient_solves_its_bellman_equation_and_is_its_power_series(problem):
    """∇v = q^π ∇π + γ p^π ∇v, and so ∇v^π = Σ_t (γ p^π)ᵗ (q^π ∇π)."""
    mdp, theta = problem
    pi = tabular_softmax(theta)
    q_pi, grad_pi = exact(mdp, pi).q_pi, grad_softmax(tabular(mdp.S, mdp.A), pi)
    grad_v = value_gradient(mdp, pi, q_pi, grad_pi)
    source, p_pi = np.einsum("sa,sad->sd", q_pi, grad_pi), bellman.transition(mdp, pi)
    size = np.abs(q_pi).max() / (1 - mdp.gamma)
    assert_close(grad_v, source + mdp.gamma * p_pi @ grad_v, scale=size)
    assert_close(grad_v, power_series(mdp.gamma * p_pi) @ source, scale=size)


@claim
@given(problems(gammas=(0.9,)))
def test_with_gamma_1_the_theorem_counts_visits_before_the_end(problem):
    mdp, theta = problem
    stopping, theta = ending(mdp, 0.1), np.vstack([theta, theta[:1]])
    pi = tabular_softmax(theta)
    _, q_pi, rho_pi, _ = exact(stopping, pi)
    _, q_discounted, rho_discounted, _ = exact(mdp, Policy(pi.probs[:-1]))
    shorter = tabular_softmax_gradient(rho_discounted, Policy(pi.probs[:-1]), q_discounted)
    size = rho_pi @ (pi @ np.abs(q_pi))
    assert_close(tabular_softmax_gradient(rho_pi, pi, q_pi), np.vstack([shorter, 0 * shorter[:1]]), scale=size)


# What leaves the gradient as it is, and what turns it


@claim
@given(problems())
def test_a_baseline_of_the_state_changes_nothing(problem):
    """ρ π ((q − b) ∇log π) = ρ π (q ∇log π) for any b(s), because Σ_a π ∇log π = 0."""
    mdp, _, pi, _, q_pi, rho_pi = solved(problem)
    grad_log_pi = grad_log_softmax(tabular(mdp.S, mdp.A), pi)
    b = 10 * np.random.default_rng(0).standard_normal((mdp.S, 1))
    size = rho_pi @ (pi @ np.abs(q_pi - b))
    with_b = greediness_gradient(rho_pi, pi, q_pi - b, grad_log_pi)
    assert_close(with_b, policy_gradient(rho_pi, pi, q_pi, grad_log_pi), scale=size)
    assert_close(tabular_softmax_gradient(rho_pi, pi, q_pi - b).ravel(), with_b, scale=size)


@claim
@given(problems())
def test_in_the_table_the_right_q_with_any_weights_never_points_downhill(problem):
    """⟨g(ρ, q^π), ∇J⟩ = Σ_s ρ(s) ρ^π(s) Σ_a π² (q − v)² ≥ 0 for every ρ ≥ 0."""
    mdp, _, pi, v_pi, q_pi, rho_pi = solved(problem)
    rho = np.random.default_rng(0).exponential(size=mdp.S) ** 4
    cosine = np.vdot(tabular_softmax_gradient(rho, pi, q_pi), tabular_softmax_gradient(rho_pi, pi, q_pi))
    sum_of_squares = rho * rho_pi @ (pi.probs**2 * (q_pi - v_pi[:, None]) ** 2).sum(axis=1)
    assert cosine >= 0
    assert_close(cosine, sum_of_squares, scale=1e-3 * rho.sum() * rho_pi.sum() * np.abs(q_pi).max() ** 2)


def test_shared_parameters_and_wrong_weights_point_downhill_with_the_right_q():
    """The next state is A with probability 0.9 whatever one does; one p = P(a0); γ = 0.9. Small MDP found by search."""
    p = np.tile([0.9, 0.1, 0], (3, 2, 1))
    p[2] = [0, 0, 1]  # an end that nothing leads to
    mdp = FiniteMDP(p, [[1, 0], [-3, 0], [0, 0]], 0.9, [1, 0, 0])
    pi, grad_pi = Policy.uniform(3, 2), np.tile([[1.0], [-1.0]], (3, 1, 1))
    _, q_pi, rho_pi, _ = exact(mdp, pi)
    assert_close(rho_pi, [9.1, 0.9, 0])
    grad_J = policy_gradient(rho_pi, pi, q_pi, log_gradient(pi, grad_pi))
    assert_close(grad_J, [6.4])
    assert_close(mdp.rho_0 @ value_gradient(mdp, pi, q_pi, grad_pi), [6.4])
    assert_close(greediness_gradient(np.array([0.5, 0.5, 0]), pi, q_pi, log_gradient(pi, grad_pi)), [-1])


def safe_or_risky():
    """s0: a0 pays 1 and ends, a1 leads on to s1: a0 pays 3, a1 −3, the end. Small MDP found by search; γ = 0.9."""
    p = np.zeros((3, 2, 3))
    p[0, 0, 2] = p[0, 1, 1] = p[1, :, 2] = p[2, :, 2] = 1
    return FiniteMDP(p, [[1, 0], [3, -3], [0, 0]], 0.9, [1, 0, 0])


def test_the_best_action_values_point_downhill_with_the_right_weights_in_the_table():
    """q* in place of q^π: s1 is worth 3 to the best policy, and −2.88 to this one. The cosine is −0.98."""
    mdp = safe_or_risky()
    pi = Policy([[0.5, 0.5], [0.02, 0.98], [0.5, 0.5]])
    _, q_pi, rho_pi, J = exact(mdp, pi)
    q_best = bellman.action_value(mdp, bellman.optimal_values(mdp))
    assert_close(q_best, [[1, 2.7], [3, -3], [0, 0]])
    right, wrong = (tabular_softmax_gradient(rho_pi, pi, q) for q in (q_pi, q_best))
    assert_close(right[:2], [[0.898, -0.898], [0.05292, -0.05292]])
    assert_close(wrong[:2], [[-0.425, 0.425], [0.05292, -0.05292]])
    cosine = np.vdot(right, wrong) / np.linalg.norm(right) / np.linalg.norm(wrong)
    assert cosine == pytest.approx(-0.9833489296472508, rel=1e-9)
    moved = [objective(mdp, tabular_softmax(np.log(pi.probs) + 0.1 * g)) for g in (right, wrong)]
    assert (J, *moved) == pytest.approx((-0.796, -0.6346387894227636, -0.8716972047101139), rel=1e-9)


@pytest.mark.parametrize("gap", [0.0, 8.0, 16.0, 20.0])
def test_a_compatible_critic_of_a_table_is_the_advantage_also_of_rare_actions_policies(gap):
    """F x = ∇J, and x is no larger than the table's own solution, the advantages without their mean over actions."""
    mdp = zoo.garnet(4, 3, 2, 0.9, np.random.default_rng(0))
    pi = softmax(phi := tabular(4, 3), np.column_stack([np.full(4, gap), np.zeros((4, 2))]).ravel())
    v, q, rho, _ = exact(mdp, pi)
    score = grad_log_softmax(phi, pi)
    x = compatible_critic(rho, pi, q, score)
    A = q - v[:, None]
    assert np.abs(x).max() <= np.abs(A - A.mean(axis=1, keepdims=True)).max() * (1 + 1e-6)
    grad = greediness_gradient(rho, pi, q, score)
    np.testing.assert_allclose(greediness_gradient(rho, pi, score @ x, score), grad, atol=1e-6 * np.abs(grad).max())


@claim
@given(problems())
def test_a_compatible_critic_is_wrong_and_its_gradient_is_right(problem):
    """q_w = ∇log πᵀ w, with w of least squares under ρ^π π, gives ∇J exactly (Sutton et al. 2000, theorem 2)."""
    mdp, _ = problem
    rng = np.random.default_rng(0)
    phi = rng.standard_normal((mdp.S, mdp.A, 2))
    pi = softmax(phi, rng.standard_normal(2))
    _, q_pi, rho_pi, _ = exact(mdp, pi)
    grad_log_pi = grad_log_softmax(phi, pi)
    weight = np.sqrt(rho_pi[:, None] * pi.probs).ravel()
    w, *_ = np.linalg.lstsq(weight[:, None] * grad_log_pi.reshape(-1, 2), weight * q_pi.ravel(), rcond=None)
    g = greediness_gradient(rho_pi, pi, grad_log_pi @ w, grad_log_pi)
    assert_close(g, policy_gradient(rho_pi, pi, q_pi, grad_log_pi), scale=rho_pi @ (pi @ np.abs(q_pi)))


def test_dropping_the_discount_on_states_goes_down_for_both_objectives():
    """After Nota & Thomas 2020 (arXiv 1906.07073): +0.045 discounted, +0.15 undiscounted, −0.04 the usual update.

    s0 → s1 → s2 → the end, one p = P(a1): a1 in s0 pays 1 two steps later, a1 in s1 costs 0.85. States: s0, s1 after
    a0, s1 after a1, s2 with the prize, the end.
    """
    p, r = np.zeros((5, 2, 5)), np.zeros((5, 2))
    for s, a0, a1 in ((0, 1, 2), (1, 4, 4), (2, 3, 3), (3, 4, 4), (4, 4, 4)):
        p[s, 0, a0] = p[s, 1, a1] = 1
    r[[1, 2], 1], r[3] = -0.85, 1
    pi, grad_pi = Policy.uniform(5, 2), np.tile([[-1.0], [1.0]], (5, 1, 1))
    discounted, undiscounted = (FiniteMDP(p, r, gamma, np.eye(5)[0]) for gamma in (0.9, 1))
    for mdp, slope in ((discounted, 0.045), (undiscounted, 0.15)):
        _, q_pi, rho_pi, _ = exact(mdp, pi)
        assert_close(policy_gradient(rho_pi, pi, q_pi, log_gradient(pi, grad_pi)), [slope])
    visits, q_pi = bellman.occupancy(undiscounted, pi), exact(discounted, pi).q_pi
    assert_close(greediness_gradient(visits, pi, q_pi, log_gradient(pi, grad_pi)), [-0.04])


# Closed forms


def bandit(*rewards):
    """One state, one choice, γ = 0: J(π) = Σ_a π(a) r(a)."""
    return FiniteMDP(np.ones((1, len(rewards), 1)), [rewards], 0, [1])


def test_J_is_not_concave_in_the_parameters_of_a_softmax():
    """Mei et al. 2020 (arXiv 2005.06392), prop. 1: J at the midpoint, 1775/3000, is below the average, 1777/3000."""
    mdp = bandit(1, 0.9, 0.1)
    one, other = np.zeros((1, 3)), np.log([[9.0, 16, 25]])
    J_one, J_other, J_middle = (objective(mdp, tabular_softmax(t)) for t in (one, other, (one + other) / 2))
    assert J_middle == pytest.approx(1775 / 3000, rel=1e-12)
    assert (J_one + J_other) / 2 == pytest.approx(1777 / 3000, rel=1e-12)


def test_the_slope_of_the_corridor_at_one_half_is_8_in_p_and_2_in_its_logit():
    """d/dp (2p − 4)/(p(1 − p)) = 8 at p = ½, and dp/dlogit = p(1 − p) = ¼ (Sutton & Barto, Example 13.1)."""
    mdp = zoo.short_corridor()
    phi = np.tile([[0.0], [1.0]], (4, 1, 1))  # the logit of P(right), the same in every cell
    pi = softmax(phi, [0.0])
    _, q_pi, rho_pi, _ = exact(mdp, pi)
    assert_close(policy_gradient(rho_pi, pi, q_pi, grad_log_softmax(phi, pi)), [2])
    assert_close(mdp.rho_0 @ value_gradient(mdp, pi, q_pi, np.tile([[-1.0], [1.0]], (4, 1, 1))), [8])


def test_at_the_border_of_the_simplex_the_nabla_log_estimate_is_0_where_the_slope_is_1():
    """Bandit (t, 1 − t) with rewards (1, 0) at t = 0: dJ/dt = 1, but the action that pays is never drawn."""
    mdp, pi = bandit(1, 0), direct([[0.0]])
    q_pi, grad_pi = exact(mdp, pi).q_pi, grad_direct(1, 2)
    assert_close(mdp.rho_0 @ value_gradient(mdp, pi, q_pi, grad_pi), [1])
    drawn = pi.probs > 0
    estimates = q_pi[drawn] * grad_pi[drawn][:, 0] / pi.probs[drawn]  # one for each action that can be drawn
    assert pi.probs[drawn] @ estimates == 0


@pytest.mark.parametrize(("baseline", "variance"), [(0, 0.0009), (0.9, 0.0576), (0.1, 0)])
def test_v_is_not_the_best_baseline(baseline, variance):
    """Two arms, p = 0.9, q = (1, 0): the mean is 0.09 with any b; v^π = 0.9 is the worst of these three."""
    phi = np.array([[[1.0], [0]]])
    pi = softmax(phi, [np.log(9)])
    estimates = (np.array([[1, 0]]) - baseline) * grad_log_softmax(phi, pi)[..., 0]
    mean = float((pi @ estimates).item())
    assert mean == pytest.approx(0.09, rel=1e-12)
    assert float((pi @ estimates**2).item()) - mean**2 == pytest.approx(variance, abs=1e-15)


def test_a_landscape_of_two_hills_has_its_saddle_at_nine_nineteenths():
    """J = p q + 0.9 (1 − p)(1 − q): s0 chooses s1 or s2, which look alike. Small MDP found by search."""
    P = np.zeros((4, 2, 4))
    P[0, 0, 1] = P[0, 1, 2] = P[1, :, 3] = P[2, :, 3] = P[3, :, 3] = 1
    mdp = FiniteMDP(P, [[0, 0], [0.9, 0], [0, 1], [0, 0]], 1, [1, 0, 0, 0])
    grad_pi = np.zeros((4, 2, 2))
    grad_pi[0, :, 0] = grad_pi[1, :, 1] = grad_pi[2, :, 1] = -1, 1
    for p, q in ((0.3, 0.8), (0.5, 0.5), (9 / 19, 9 / 19)):
        pi = Policy([[1 - p, p], [1 - q, q], [1 - q, q], [0.5, 0.5]])
        _, q_pi, rho_pi, J = exact(mdp, pi)
        grad_J = np.array([q - 0.9 * (1 - q), p - 0.9 * (1 - p)])
        assert_close(J, p * q + 0.9 * (1 - p) * (1 - q))
        assert_close(mdp.rho_0 @ value_gradient(mdp, pi, q_pi, grad_pi), grad_J, scale=1)
        assert_close(policy_gradient(rho_pi, pi, q_pi, log_gradient(pi, grad_pi)), grad_J, scale=1)
    assert_close(grad_J, 0 * grad_J, scale=1)
    assert_close(J, 9 / 19)


# The border


def test_the_angle_does_not_hang_on_lengths():
    one, other = np.array([1.0, 0]), np.array([1.0, np.sqrt(3)])
    for a, b in ((1, 1), (1e-200, 1), (1e300, 1e300), (1e-320, 1e308), (5e-324, 1e-200)):
        assert angle(a * one, b * other) == pytest.approx(60, abs=1e-9)
        assert angle(a * one, -b * one) == 180
    assert np.isnan(angle(one, 0 * one))


PI, RHO, Q = Policy.uniform(3, 2), np.ones(3), np.arange(6.0).reshape(3, 2)
SCORES, MDP = np.ones((3, 2, 4)), zoo.garnet(3, 2, 2, 0.9, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: tabular_softmax_gradient(RHO[:, None], PI, Q), r"rho_pi has shape \(3, 1\), expected \(S,\) = \(3,\)"),
        (lambda: tabular_softmax_gradient(RHO, PI, Q[:1]), r"q_pi has shape \(1, 2\), expected \(S, A\) = \(3, 2\)"),
        (lambda: policy_gradient(RHO, PI, Q[:1], SCORES), r"q has shape \(1, 2\), expected \(S, A\) = \(3, 2\)"),
        (lambda: policy_gradient(RHO, PI, Q[:, :1], SCORES), r"q has shape \(3, 1\)"),
        (
            lambda: policy_gradient(RHO, PI, Q, SCORES[..., 0]),
            r"grad_log_pi has shape \(3, 2\), expected \(S, A, d\) = \(3, 2, d",
        ),
        (lambda: policy_gradient(RHO[None], PI, Q, SCORES), r"rho has shape \(1, 3\)"),
        (lambda: policy_gradient(RHO, PI, Q * np.nan, SCORES), r"q\[0, 0\] is nan, expected a finite number"),
        (
            lambda: policy_gradient(RHO, PI, Q * 1e300, SCORES * 1e300),
            "out of the range of floats, with rho up to 1, q",
        ),
        (lambda: tabular_softmax_gradient(RHO * 1e300, PI, Q * 1e300), "∇J is out of the range of floats"),
        (lambda: value_gradient(MDP, PI, Q[:1], SCORES), r"q_pi has shape \(1, 2\)"),
        (lambda: value_gradient(MDP, PI, Q[:, :1], SCORES), r"q_pi has shape \(3, 1\)"),
        (lambda: value_gradient(MDP, PI, Q, SCORES[:, :1]), r"grad_pi has shape \(3, 1, 4\)"),
        (
            lambda: value_gradient_operator(MDP, PI, Q, SCORES)(RHO),
            r"grad_v has shape \(3,\), expected \(S, d\) = \(3, 4\)",
        ),
        (lambda: compatible_critic(-RHO, PI, Q, SCORES), r"rho_pi\[s=0\] is -1.0, expected a weight ≥ 0"),
        (lambda: compatible_critic(RHO, PI, Q[:1], SCORES), r"q_pi has shape \(1, 2\)"),
        (lambda: compatible_critic(RHO, PI, np.ma.masked_less(Q, 1), SCORES), r"q_pi\[s=0, a=0\] is masked"),
        (lambda: angle(RHO, RHO[:2]), r"one and other have shapes \(3,\) and \(2,\), expected the same shape"),
        (lambda: angle(RHO, RHO * np.inf), r"other\[0\] is inf, expected a finite number"),
    ],
)
def test_what_would_be_broadcast_or_become_nan_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
