"""L, KL, F and the natural gradient, exact: against differences, closed forms, published theorems and other routes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from random_mdps import assert_close, claim, complex_step, problems, solved

from pgcourse import zoo
from pgcourse.bellman import exact, objective
from pgcourse.gradients import angle, finite_differences, greediness_gradient, policy_gradient
from pgcourse.policy import Policy, grad_log_softmax, mirror_step, softmax, tabular, tabular_softmax
from pgcourse.surrogate import (
    conjugate_gradient,
    divergence,
    fisher_product,
    longest_step,
    lower_bound,
    natural_gradient,
    surrogate_objective,
)


def uniform(mdp):
    """What is exact at θ = 0: exact(mdp, π), π, ∇log π, ρ where something is decided, and x."""
    pi = Policy.uniform(mdp.S, mdp.A)
    of, score = exact(mdp, pi), grad_log_softmax(tabular(mdp.S, mdp.A), pi)
    rho = np.where(mdp.absorbing, 0, of.rho_pi)
    return of, pi, score, rho, natural_gradient(rho, pi, of.q_pi, score)


def stepped(mdp, rho, pi, score, x, delta):
    step = longest_step(x, fisher_product(rho / rho.sum(), pi, score, x), delta)
    return tabular_softmax(step.reshape(mdp.S, mdp.A))


# The surrogate


@claim
@given(problems())
def test_the_surrogate_has_the_value_and_the_gradient_of_J_where_it_begins(problem):
    mdp, theta, pi, v_pi, q_pi, rho_pi = solved(problem)
    of, score = exact(mdp, pi), grad_log_softmax(tabular(mdp.S, mdp.A), pi)
    assert_close(surrogate_objective(of, pi), of.J, scale=np.abs(q_pi).max() * rho_pi.sum())

    def L(theta):
        weights = np.exp(theta)
        return (rho_pi[:, None] * weights / weights.sum(axis=1, keepdims=True) * (q_pi - v_pi[:, None])).sum()

    assert_close(complex_step(L, theta).ravel(), policy_gradient(rho_pi, pi, q_pi, score), scale=1e-9)


def test_the_difference_of_J_is_the_surrogate_with_the_new_policy_s_visits():
    """J(π') = J(π) + ρ^π' π' A (Kakade & Langford 2002, lemma 6.1): L puts ρ^π there instead."""
    rng = np.random.default_rng(3)
    mdp = zoo.garnet(5, 3, 2, 0.9, rng)
    old, new = (Policy(rng.dirichlet(np.ones(3), 5)) for _ in range(2))
    of, after = exact(mdp, old), exact(mdp, new)
    assert_close(surrogate_objective(of._replace(rho_pi=after.rho_pi), new), after.J)
    assert abs(surrogate_objective(of, new) - after.J) > 1e-3


def test_its_gradient_elsewhere_is_the_greediness_gradient_of_the_new_policy():
    rng = np.random.default_rng(4)
    mdp, phi = zoo.garnet(5, 3, 2, 0.9, rng), rng.standard_normal((5, 3, 4))
    of = exact(mdp, Policy.uniform(5, 3))
    theta = rng.standard_normal(4)
    new = softmax(phi, theta)
    g = greediness_gradient(of.rho_pi, new, of.q_pi - of.v_pi[:, None], grad_log_softmax(phi, new))
    np.testing.assert_allclose(
        g, finite_differences(lambda t: surrogate_objective(of, softmax(phi, t)), theta), rtol=1e-7
    )


@claim
@given(problems(gammas=(0.5, 0.9, 0.99)))
def test_J_is_never_below_the_bound(problem):
    mdp, _, pi, _, _, _ = solved(problem)
    of = exact(mdp, pi)
    for k in range(4):
        new = Policy(np.random.default_rng(k).dirichlet(np.ones(mdp.A), mdp.S) * 0.5 + pi.probs * 0.5)
        assert objective(mdp, new) >= lower_bound(of, pi, new, mdp.gamma) - 1e-9 * max(1, abs(of.J))


# KL and F


def test_the_divergence_is_zero_of_itself_and_infinite_where_nothing_is_left():
    pi, sure = Policy(np.array([[0.5, 0.5], [1.0, 0.0]])), Policy(np.array([[1.0, 0.0], [0.5, 0.5]]))
    assert divergence(pi, pi).tolist() == [0, 0]
    assert divergence(pi, sure)[0] == np.inf
    assert divergence(pi, sure)[1] == pytest.approx(np.log(2))


def test_F_is_the_hessian_of_the_mean_divergence():
    """By second differences of d KL along and across random directions, with shared parameters."""
    rng = np.random.default_rng(5)
    phi, theta, d = rng.standard_normal((5, 3, 4)), rng.standard_normal(4), rng.dirichlet(np.ones(5))
    pi = softmax(phi, theta)
    score, h = grad_log_softmax(phi, pi), 1e-3
    F = np.array([fisher_product(d, pi, score, e) for e in np.eye(4)])
    np.testing.assert_allclose(F, np.einsum("s,sa,sai,saj->ij", d, pi.probs, score, score), rtol=1e-12)

    def kl(step):
        return d @ divergence(pi, softmax(phi, theta + step))

    for u, v in rng.standard_normal((6, 2, 4)):
        mixed = (kl(h * (u + v)) - kl(h * (u - v)) - kl(h * (v - u)) + kl(-h * (u + v))) / (4 * h**2)
        assert mixed == pytest.approx(u @ F @ v, abs=2e-4)
    slope = finite_differences(kl, np.zeros(4))
    np.testing.assert_allclose(slope, 0, atol=1e-9)  # at π' = π the divergence itself has no slope


# The natural gradient


@claim
@given(problems())
def test_F_times_the_natural_gradient_is_the_gradient(problem):
    mdp, _, pi, _, q_pi, rho_pi = solved(problem)
    score = grad_log_softmax(tabular(mdp.S, mdp.A), pi)
    grad_J = policy_gradient(rho_pi, pi, q_pi, score)
    x = natural_gradient(rho_pi, pi, q_pi, score)
    image = fisher_product(rho_pi / rho_pi.sum(), pi, score, x)
    assert_close(image, grad_J, 1e-7, scale=1e-9)


def test_in_the_table_it_is_the_advantage_without_its_plain_mean_times_all_visits():
    mdp = zoo.frozen_lake()
    of, _, _, rho, x = uniform(mdp)
    A = of.q_pi - of.v_pi[:, None]
    expected = np.where(rho[:, None] > 0, rho.sum() * (A - A.mean(axis=1, keepdims=True)), 0)
    np.testing.assert_allclose(x.reshape(16, 4), expected, atol=1e-12)


def test_its_step_in_the_table_is_that_of_mirror_ascent():
    mdp = zoo.five_states()
    of, pi, _, rho, x = uniform(mdp)
    new = tabular_softmax(0.3 * x.reshape(5, 3))
    np.testing.assert_allclose(new.probs, mirror_step(pi, of.q_pi, 0.3 * rho.sum()).probs, rtol=1e-12)


def test_it_is_the_same_step_of_the_policy_for_other_features():
    """F⁺∇J in the coordinates φM moves π as in φ, to first order; the plain gradient does not."""
    rng = np.random.default_rng(6)
    mdp, phi, M = zoo.garnet(5, 3, 2, 0.9, rng), rng.standard_normal((5, 3, 4)), rng.standard_normal((4, 4))
    pi = Policy.uniform(5, 3)
    of = exact(mdp, pi)
    moves, plain = [], []
    for features in (phi, phi @ M):
        score = grad_log_softmax(features, pi)
        moves.append(score @ natural_gradient(of.rho_pi, pi, of.q_pi, score))
        plain.append(score @ policy_gradient(of.rho_pi, pi, of.q_pi, score))
    np.testing.assert_allclose(*moves, rtol=1e-8, atol=1e-10)
    assert angle(*plain) > 10


@pytest.mark.parametrize(
    ("mdp", "delta", "expected"),
    [
        (zoo.frozen_lake, 0.01, (0.00767, 0.021662, 0.024225)),
        (zoo.frozen_lake, 0.1, (0.0493, 0.028705, 0.040671)),
        (zoo.five_states, 0.01, (0.00957, 1.582, 1.614)),
        (zoo.five_states, 0.1, (0.0845, 2.912, 3.105)),
    ],
    ids=["lake, 0.01", "lake, 0.1", "five states, 0.01", "five states, 0.1"],
)
def test_kl_L_and_J_after_the_longest_step(mdp, delta, expected):
    """Found independently for this course."""
    mdp = mdp()
    of, pi, score, rho, x = uniform(mdp)
    new = stepped(mdp, rho, pi, score, x, delta)
    found = rho / rho.sum() @ divergence(pi, new), surrogate_objective(of, new), objective(mdp, new)
    np.testing.assert_allclose(found, expected, rtol=1e-3)


def test_on_the_lake_the_natural_gradient_turns_away_from_the_plain_one():
    of, pi, score, rho, x = uniform(zoo.frozen_lake())
    assert round(np.cos(np.radians(angle(x, policy_gradient(rho, pi, of.q_pi, score)))), 3) == 0.777


def test_J_along_the_natural_gradient_rises_far_and_falls_again():
    mdp = zoo.five_states()
    _, _, _, _, x = uniform(mdp)
    _, pi, score, rho, _ = uniform(mdp)
    step = longest_step(x, fisher_product(rho / rho.sum(), pi, score, x), 0.01).reshape(5, 3)
    J = {k: objective(mdp, tabular_softmax(k * step)) for k in (0, 10, 30.7, 31.7, 29.7, 100)}
    assert J[30.7] == pytest.approx(6.126, abs=1e-3)
    assert max(J.values()) == J[30.7]
    assert J[100] < 5.6


@pytest.mark.parametrize(
    ("mdp", "share"),
    [(zoo.frozen_lake(), 1.3e-6), (zoo.frozen_lake(gamma=0.95), 1.6e-5), (zoo.five_states(), 0.0185)],
    ids=["lake", "lake, 0.95", "five states"],
)
def test_the_best_step_by_the_bound_is_tiny(mdp, share):
    """The bound's quadratic model: gᵀx c − C c² max_s xᵀF_s x / 2, with its top at gᵀx / (C max_s xᵀF_s x)."""
    of, pi, score, rho, x = uniform(mdp)
    step = longest_step(x, fisher_product(rho / rho.sum(), pi, score, x), 0.01)
    A = of.q_pi - of.v_pi[:, None]
    C = 4 * np.abs(A).max() * mdp.gamma / (1 - mdp.gamma) ** 2
    curvature = (pi @ (score @ step) ** 2).max()
    top = policy_gradient(rho, pi, of.q_pi, score) @ step / (C * curvature)
    assert top == pytest.approx(share, rel=0.03)

    def bound(c):
        return lower_bound(of, pi, tabular_softmax(c * step.reshape(mdp.S, mdp.A)), mdp.gamma)

    assert bound(top) > max(bound(0.5 * top), bound(1.5 * top), of.J)
    assert bound(2.1 * top) < of.J


# Conjugate gradients


@pytest.mark.parametrize("rank", [4, 7])
def test_conjugate_gradients_solve_after_as_many_products_as_there_are_directions(rank):
    rng = np.random.default_rng(rank)
    root = rng.standard_normal((rank, 7))
    F, calls = root.T @ root, []
    b = F @ rng.standard_normal(7)

    def product(v):
        calls.append(v)
        return F @ v

    x = conjugate_gradient(product, b, n=20)
    np.testing.assert_allclose(x, np.linalg.lstsq(F, b, rcond=1e-10)[0], rtol=1e-6)
    assert len(calls) <= rank + 2


def test_each_further_product_comes_nearer():
    rng = np.random.default_rng(1)
    root = rng.standard_normal((9, 6))
    F, b = root.T @ root, rng.standard_normal(6)
    energy = [(x @ F @ x / 2 - b @ x) for x in (conjugate_gradient(lambda v: F @ v, b, n) for n in range(1, 7))]
    assert (np.diff(energy) < 0).all()


def test_nothing_to_solve_gives_zero_and_no_curvature_ends_it():
    assert conjugate_gradient(lambda v: v, np.zeros(3), 5).tolist() == [0, 0, 0]
    assert conjugate_gradient(lambda v: 0 * v, np.ones(3), 5).tolist() == [0, 0, 0]
    assert longest_step(np.zeros(2), np.zeros(2), 0.1).tolist() == [0, 0]


def test_conjugate_gradients_do_not_underflow():
    assert conjugate_gradient(lambda v: v, np.array([1e-170, 0]), 5).tolist() == [1e-170, 0]
    assert conjugate_gradient(lambda v: v, np.array([5e-324, 0]), 5).tolist() == [5e-324, 0]


# What is refused

PI, SCORE, D = Policy.uniform(4, 3), grad_log_softmax(tabular(4, 3), Policy.uniform(4, 3)), np.full(4, 0.25)
OF = exact(zoo.garnet(4, 3, 2, 0.9, np.random.default_rng(0)), PI)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda: surrogate_objective(OF, Policy.uniform(3, 3)),
            r"new policy has shape \(3, 3\), expected \(S, A\) = \(4, 3\)",
        ),
        (lambda: divergence(PI, Policy.uniform(4, 2)), r"new policy has shape \(4, 2\)"),
        (lambda: fisher_product(D[:3], PI, SCORE, np.ones(12)), r"d has shape \(3,\), expected \(S,\) = \(4,\)"),
        (lambda: fisher_product(-D, PI, SCORE, np.ones(12)), r"d\[s=0\] is -0.25, expected a weight ≥ 0"),
        (lambda: fisher_product(D, PI, SCORE, np.ones(11)), r"v has shape \(11,\), expected \(d,\) = \(12,\)"),
        (lambda: longest_step(np.ones(2), np.ones(2), 0), "delta is 0, expected a finite number > 0"),
        (lambda: longest_step(np.ones(2), np.ones(2), np.nan), "delta is nan"),
        (lambda: longest_step(np.ones(2), -np.ones(2), 0.1), "xᵀFx is -2.0, expected a number > 0"),
        (lambda: lower_bound(OF, PI, PI, 1.0), "gamma is 1.0, expected"),
        (lambda: conjugate_gradient(lambda v: v[:2], np.ones(3), 5), r"product\(v\) has shape \(2,\)"),
        (lambda: conjugate_gradient(lambda v: v * np.nan, np.ones(3), 5), "F v is out of the range of floats"),
        (lambda: conjugate_gradient(lambda v: v, np.array([np.nan]), 5), r"b\[d=0\] is nan"),
        (lambda: conjugate_gradient(lambda v: v, np.ones(3), 0), "n is 0, expected an integer ≥ 1"),
    ],
    ids=range(13),
)
def test_what_has_no_meaning_is_refused_by_name(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_a_product_that_works_in_place_spoils_nothing():
    def double(v):
        v *= 2
        return v

    assert np.allclose(conjugate_gradient(double, np.array([1.0, 1, 2]), 10), [0.5, 0.5, 1])
