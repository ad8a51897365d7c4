"""Returns and advantages against sums written out, with ends of both kinds and with holes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from random_mdps import assert_close, claim, problems

from pgcourse import bellman, zoo
from pgcourse.gradients import expected_gae
from pgcourse.policy import Policy, tabular_softmax
from pgcourse.returns import gae, lambda_returns, returns_to_go, td_errors
from pgcourse.sampling import rollouts
from pgcourse.trajectories import Packed, Stream

GAMMA = 0.8


@pytest.fixture(scope="module")
def stream():
    """5 lanes of 30 steps with ends of both kinds, and after some ends a step that only resets."""
    rng = np.random.default_rng(0)
    terminated, truncated = rng.random((2, 5, 30)) < 0.12
    truncated &= ~terminated
    valid = np.ones((5, 30), bool)
    valid[:, 1:] = ~((terminated | truncated)[:, :-1] & (rng.random((5, 29)) < 0.5))
    s, s_next, r = rng.integers(4, size=(5, 30)), rng.integers(4, size=(5, 30)), rng.standard_normal((5, 30))
    go_on = (valid & ~terminated & ~truncated)[:, :-1]
    s[:, 1:][go_on] = s_next[:, :-1][go_on]
    return Stream(s, 0 * s, r, s_next, terminated & valid, truncated & valid, valid)


@pytest.fixture(scope="module")
def packed():
    rng = np.random.default_rng(3)
    mdp = zoo.garnet(5, 3, 3, GAMMA, rng, absorbing=1)
    return rollouts(mdp, Policy.uniform(5, 3), 40, 7, rng)


def rows(steps):
    """The indices of each trajectory's steps, in time, by walking."""
    if isinstance(steps, Packed):
        for n in np.unique(steps.n):
            yield np.flatnonzero(steps.n == n)
        return
    for lane in range(steps.r.shape[0]):
        row = []
        for t in range(steps.r.shape[1]):
            if not steps.valid[lane, t]:
                continue
            row.append(lane * steps.r.shape[1] + t)
            if steps.ended[lane, t]:
                yield row
                row = []
        yield row


def slow(steps, delta, c, n=10**6):
    """Σ_{k<n} cᵏ δ_{t+k} within each trajectory, term by term."""
    flat, out = delta.ravel(), np.zeros(delta.size)
    for row in rows(steps):
        for i in range(len(row)):
            out[row[i]] = sum(c**k * flat[row[i + k]] for k in range(min(n, len(row) - i)))
    return out.reshape(delta.shape)


@pytest.fixture(scope="module", params=["stream", "packed"])
def steps(request):
    found = request.getfixturevalue(request.param)
    return found if request.param == "stream" else found.steps


@pytest.fixture(scope="module")
def v():
    return np.random.default_rng(9).standard_normal(5)


@pytest.fixture(scope="module")
def delta(steps, v):
    return td_errors(steps, v[steps.s], v[steps.s_next], GAMMA)


def test_the_critic_bootstraps_at_a_truncation_and_not_at_a_termination(steps, v, delta):
    assert steps.terminated.any()
    assert steps.truncated.any()
    expected = np.zeros(delta.size)
    for row in rows(steps):
        for i in row:
            s, r, s_next, over = (x.ravel()[i] for x in (steps.s, steps.r, steps.s_next, steps.terminated))
            expected[i] = r - v[s] if over else r + GAMMA * v[s_next] - v[s]
    np.testing.assert_allclose(delta.ravel(), expected, atol=1e-14)


def test_nothing_that_a_critic_says_of_the_end_matters(packed, v):
    steps = packed.steps
    nonsense = np.where(steps.terminated, np.nan, v[steps.s_next])
    assert np.array_equal(
        td_errors(steps, v[steps.s], nonsense, GAMMA), td_errors(steps, v[steps.s], v[steps.s_next], GAMMA)
    )


@pytest.mark.parametrize("lam", [0.0, 0.3, 0.95, 1.0])
def test_gae_is_the_sum_written_out(steps, delta, lam):
    np.testing.assert_allclose(gae(steps, delta, GAMMA, lam), slow(steps, delta, GAMMA * lam), atol=1e-12)


def test_gae_0_is_the_td_error_and_gae_1_is_the_return_minus_v(steps, v, delta):
    """λ = 1: r summed to the end, with γᵏ v after a truncation or the batch's edge."""
    np.testing.assert_array_equal(gae(steps, delta, GAMMA, 0), delta)
    flat = {name: getattr(steps, name).ravel() for name in ("r", "s_next", "terminated")}
    expected = np.zeros(delta.size)
    for row in rows(steps):
        for i, start in enumerate(row):
            G = sum(GAMMA**k * flat["r"][j] for k, j in enumerate(row[i:]))
            if not flat["terminated"][row[-1]]:
                G += GAMMA ** (len(row) - i) * v[flat["s_next"][row[-1]]]
            expected[start] = G
    found = lambda_returns(steps, delta, v[steps.s], GAMMA, 1)
    real = np.concatenate([list(row) for row in rows(steps)]).astype(int)
    np.testing.assert_allclose(found.ravel()[real], expected[real], atol=1e-12)


def test_returns_to_go_count_what_was_seen(steps):
    np.testing.assert_allclose(returns_to_go(steps, GAMMA), slow(steps, steps.r, GAMMA), atol=1e-12)


def test_shapes_that_disagree_are_named(stream):
    with pytest.raises(ValueError, match=r"truncated has shape \(5, 29\), expected \(5, 30\) to begin with, as r has"):
        Stream(stream.s, stream.a, stream.r, stream.s_next, stream.terminated, stream.truncated[:, 1:], stream.valid)


# What the advantages are in the mean


@claim
@given(problems(gammas=(0.0, 0.5, 0.9, 0.99)))
def test_expected_gae_is_right_with_the_right_critic_and_at_lambda_1_with_any(problem):
    mdp, theta = problem
    pi = tabular_softmax(theta)
    v_pi, q_pi, _, _ = bellman.exact(mdp, pi)
    v = np.where(mdp.absorbing, 0, v_pi + np.random.default_rng(0).standard_normal(mdp.S))
    scale = np.abs(q_pi).max() + np.abs(v).max()
    for lam in (0.0, 0.4, 1.0):
        assert_close(expected_gae(mdp, pi, v_pi, lam), q_pi - v_pi[:, None], scale=scale)
    assert_close(expected_gae(mdp, pi, v, 1.0), q_pi - v[:, None], scale=scale)
    assert_close(expected_gae(mdp, pi, v, 0.0), bellman.action_value(mdp, v) - v[:, None], scale=scale)


TWO = {"s": [0, 1], "a": [0, 0], "r": [1.0, 10.0], "s_next": [1, 2]}
ENDS = {"terminated": np.array([False, True]), "truncated": np.zeros(2, bool)}


def test_flags_that_are_numbers_are_refused():
    """As places they would mark other trajectories."""
    with pytest.raises(ValueError, match="truncated is of type int64, expected True and False"):
        Packed(**TWO, **ENDS | {"truncated": np.array([0, 1])}, n=[0, 0], t=[0, 1])


def test_steps_stay_as_they_are_when_the_arrays_that_made_them_are_written_to():
    arrays = {name: np.array(values) for name, values in (TWO | ENDS | {"n": [0, 0], "t": [0, 1]}).items()}
    steps = Packed(**arrays)
    before = {name: getattr(steps, name).tolist() for name in arrays}
    for name, array in arrays.items():
        array[:] = array[::-1].copy()
        assert getattr(steps, name).tolist() == before[name], name
        with pytest.raises(ValueError, match="read-only"):
            getattr(steps, name)[0] = 0


def test_no_steps_at_all_are_steps():
    assert Packed([], [], [], [], [], [], n=[], t=[]).backward([], 0.9).shape == (0,)


@pytest.mark.parametrize(("n", "t"), [([0, 0], [1, 0]), ([1, 0], [0, 0]), ([0, 0], [0, 0])])
def test_steps_in_another_order_are_refused(n, t):
    with pytest.raises(ValueError, match=r"steps 0 and 1 have \(t, n\) = .*, expected them ordered by t, then by n"):
        Packed(**TWO, **ENDS, n=n, t=t)
