"""The Pendulum of many states is Gymnasium's, step by step; and q^μ is what an environment pays."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from pgcourse.algorithms.pendulum import FASTEST, STRONGEST, WORST, action_value, moved, observed

GAMMA = 0.98


@pytest.fixture(scope="module")
def env():
    return gymnasium.make("Pendulum-v1").unwrapped


def pairs(n, seed):
    """Angles of more than a turn, speeds and torques beyond the limits."""
    rng = np.random.default_rng(seed)
    return rng.uniform(-7, 7, n), rng.uniform(-8, 8, n), rng.uniform(-3, 3, n)


def swing_up(obs):
    """A torque that depends on everything that is observed, and is clipped in some states."""
    cos, sin, speed = np.asarray(obs, dtype=float).T
    return (2.5 * np.sign(speed) * (cos < 0.7) - (8 * sin + 2 * speed) * (cos >= 0.7))[:, None]


def lie_down(obs):
    return np.zeros((len(obs), 1))


def put(env, angle, speed):
    env.reset()
    env.state = np.array([angle, speed])


def test_a_step_is_gymnasium_s_to_the_last_digits(env):
    angle, speed, a = pairs(200, 0)
    after = np.stack(moved(angle, speed, a), axis=1)
    for k in range(200):
        put(env, angle[k], speed[k])
        obs, r, terminated, truncated, _ = env.step(a[k : k + 1])
        np.testing.assert_allclose(after[k], [*env.state, r], rtol=1e-14, atol=1e-14)
        np.testing.assert_array_equal(observed(after[k, :1], after[k, 1:2]), obs[None])
        assert (terminated, truncated) == (False, False)


def test_the_limits_are_gymnasium_s(env):
    assert (env.max_speed, env.max_torque) == (FASTEST, STRONGEST) == (env.observation_space.high[2], 2)
    assert moved(np.array([-np.pi]), np.array([8.0]), np.array([2.0]))[2][0] == pytest.approx(-WORST, rel=1e-14)
    assert moved(*pairs(1000, 1))[2].min() > -WORST


@pytest.mark.parametrize("act", [swing_up, lie_down])
def test_q_is_the_return_of_one_rollout_in_gymnasium(env, act):
    angle, speed, a = pairs(8, 2)
    q = action_value(act, angle, speed, a, GAMMA, steps=60)
    for k in range(8):
        put(env, angle[k], speed[k])
        paid = [env.step(a[k : k + 1])[1]]
        paid += [env.step(act(env._get_obs()[None])[0])[1] for _ in range(59)]
        assert q[k] == pytest.approx(GAMMA ** np.arange(60) @ paid, rel=1e-5)  # the last digits of chaos


def test_with_gamma_1_it_is_the_return_of_an_episode():
    angle, speed, _ = pairs(5, 6)
    env, G = gymnasium.make("Pendulum-v1"), []
    for k in range(5):
        env.reset()
        env.unwrapped.state, G_k, over = np.array([angle[k], speed[k]]), 0.0, False
        while not over:
            _, r, _, over, _ = env.step(lie_down([0])[0])
            G_k += r
        G.append(G_k)
    np.testing.assert_allclose(action_value(lie_down, angle, speed, gamma=1, steps=200), G, rtol=1e-9)


def test_without_a_the_policy_takes_the_first_step_too():
    angle, speed, _ = pairs(50, 3)
    own = swing_up(observed(angle, speed))[:, 0]
    alone, given = (action_value(swing_up, angle, speed, a, steps=50) for a in (None, own))
    np.testing.assert_array_equal(alone, given)


def test_q_obeys_the_bellman_equation_up_to_what_is_left_out():
    angle, speed, a = pairs(100, 4)
    q = action_value(swing_up, angle, speed, a, GAMMA)
    *after, r = moved(angle, speed, a)
    left_out = r + GAMMA * action_value(swing_up, *after, gamma=GAMMA) - q  # one step more
    assert (left_out >= -(GAMMA**400) * WORST).all()
    assert (left_out <= 1e-12).all()


def test_what_is_left_out_is_within_the_bound_and_hangs_on_the_worst_place():
    hanging = np.array([-np.pi]), np.zeros(1)  # never moves: each step costs π²
    q = [action_value(lie_down, *hanging, gamma=GAMMA, steps=steps)[0] for steps in (400, 4000)]
    assert q[1] == pytest.approx(-(np.pi**2) / (1 - GAMMA), rel=1e-9)
    assert 0.1 < q[0] - q[1] < GAMMA**400 * WORST / (1 - GAMMA) < 0.252


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"angle": [0.0, np.nan]}, r"angle\[n=1\] is nan"),
        ({"speed": [0.0]}, r"speed has shape \(1,\), expected \(N,\) = \(2,\), as angle has"),
        ({"a": [[0.0], [0.0]]}, r"a has shape \(2, 1\).*one torque a state"),
        ({"gamma": 1.1}, "gamma is 1.1"),
        ({"steps": 0}, "steps is 0"),
        ({"act": lambda obs: np.zeros(2)}, r"act returned shape \(2,\), expected \(2, 1\)"),
        ({"act": lambda obs: np.full((2, 1), np.inf)}, r"act\[0, 0\] is inf"),
    ],
)
def test_what_has_no_value_is_refused_by_name(changed, said):
    with pytest.raises(ValueError, match=said):
        action_value(**{"act": lie_down, "angle": [0.0, 1.0], "speed": [0.0, 1.0]} | changed)
