"""What samples, regulators, networks and learners refuse by name: wrong shapes, and numbers that would become NaN.

Shapes and numbers of MDPs, policies and exact gradients are in their own tests.
"""

from dataclasses import replace
from itertools import islice

import gymnasium
import numpy as np
import pytest

from pgcourse import deterministic, environments, estimators, gradients, lqr, returns, zoo
from pgcourse.algorithms import a2c, reinforce, search, td3
from pgcourse.algorithms.actor_critic import minibatches
from pgcourse.algorithms.bounded import SquashedGaussian, TanhNetwork
from pgcourse.algorithms.buffer import Replay
from pgcourse.algorithms.cartpole import balanced
from pgcourse.algorithms.networks import MLP
from pgcourse.algorithms.optimisers import sgd
from pgcourse.algorithms.policies import GaussianNetwork, SoftmaxNetwork, policy_for
from pgcourse.lockstep import monte_carlo, online
from pgcourse.lqr import LQR, Unstable
from pgcourse.policy import Policy, grad_direct, tabular
from pgcourse.sampling import rollouts, sample_pairs, streams

pytestmark = pytest.mark.filterwarnings("error")

NAN, INF = np.nan, np.inf
MDP, PI = zoo.garnet(4, 3, 2, 0.9, np.random.default_rng(0)), Policy.uniform(4, 3)
TAU = rollouts(MDP, PI, 5, 6, np.random.default_rng(1))
STEPS, M = TAU.steps, len(TAU.steps.r)
V, Q, RHO, SCORES = np.ones(4), np.ones((4, 3)), np.ones(4), np.ones((4, 3, 2))
ONES, X = np.ones(M), np.zeros((M, 1))
FIRST = (np.zeros(2, int), np.zeros(2, int))  # two pairs (s, a)

BOAT = LQR(A=1, B=0.5, Q=1, R=0.5, W=0.1, mu_0=1, Sigma_0=0.5, gamma=0.9)
TWO = LQR(np.eye(2) / 2, np.eye(2), np.eye(2), np.eye(2), np.eye(2), [1, 1], np.eye(2), 0.9)
FAR, W2 = LQR(1, 1, 1, 1, 1, 0, 1, 0.9999), np.eye(2)
S, A = np.ones((5, 1)), np.ones((5, 1))

RETURNS = [
    (
        lambda: returns.td_errors(STEPS, V, V, 0.9),
        rf"v has shape \(4,\), expected \(M,\) = \({M},\); of a table v \(S,\)",
    ),
    (lambda: returns.td_errors(STEPS, X, ONES, 0.9), rf"v has shape \({M}, 1\)"),
    (lambda: returns.td_errors(STEPS, ONES, ONES, NAN), "gamma is nan, expected a finite number ≥ 0 and ≤ 1"),
    (lambda: returns.returns_to_go(STEPS, 1.5), "gamma is 1.5, expected"),
    (lambda: returns.gae(STEPS, ONES[:1], 0.9, 0.5), r"delta has shape \(1,\)"),
    (lambda: returns.gae(STEPS, ONES, 0.9, 7), "lam is 7, expected a finite number ≥ 0 and ≤ 1"),
    (lambda: returns.gae(STEPS, ONES, 0.9, NAN), "lam is nan"),
    (lambda: returns.lambda_returns(STEPS, ONES, 1.0, 0.9, 1), "v is 1.0, expected real numbers"),
    (lambda: gradients.expected_gae(MDP, PI, V, 7), "lam is 7, expected a finite number ≥ 0 and ≤ 1"),
    (lambda: gradients.expected_gae(MDP, PI, V[:, None], 0.5), r"v has shape \(4, 1\), expected \(S,\) = \(4,\)"),
    (lambda: gradients.expected_gae_squared(MDP, PI, V, -0.1), "lam is -0.1, expected a finite number ≥ 0 and ≤ 1"),
    (lambda: gradients.expected_gae_squared(MDP, PI, V * NAN, 0.5), r"v\[s=0\] is nan, expected a finite number"),
]
GRADIENTS = [
    (
        lambda: gradients.value_gradient_operator(MDP, PI, Q, SCORES)(np.full((4, 2), NAN)),
        r"grad_v\[0, 0\] is nan, expected a finite number",
    ),
    (
        lambda: gradients.finite_differences(lambda x: 1e308 * np.sign(x[0]), np.zeros(1)),
        r"J\(theta\) is .*1e\+308.*, expected a finite number ≥ -1e\+50 and ≤ 1e\+50",
    ),
    (
        lambda: gradients.evolution_strategy(lambda x: INF, np.zeros(1), 2, 0.1, np.random.default_rng(0)),
        r"J\(theta\) is inf, expected a finite number",
    ),
    (lambda: gradients.angle([], []), r"one has shape \(0,\), expected at least one number"),
    (lambda: tabular(-1, 2), "S is -1, expected an integer ≥ 1"),
    (lambda: tabular(2, 2.5), "A is 2.5, expected an integer ≥ 1"),
    (lambda: grad_direct(2, 0), "A is 0, expected an integer ≥ 1"),
]
ESTIMATORS = [
    (
        lambda: estimators.from_pairs(RHO[:, None], Q, SCORES, *FIRST),
        r"rho has shape \(4, 1\), expected \(S,\) = \(4,\)",
    ),
    (lambda: estimators.from_pairs(RHO, Q[:1], SCORES, *FIRST), r"rho has shape \(4,\), expected \(S,\) = \(1,\)"),
    (lambda: estimators.from_pairs(RHO, Q, Q, *FIRST), r"grad_log_pi has shape \(4, 3\), .* = \(4, 3, d\)"),
    (lambda: estimators.from_pairs(RHO, Q, SCORES, *FIRST, b=Q), r"b has shape \(4, 3\), expected .*, or one number"),
    (lambda: estimators.from_pairs(RHO, Q, SCORES, *FIRST, b=[1]), r"b has shape \(1,\)"),
    (lambda: estimators.from_pairs(RHO, Q, SCORES, *FIRST, b=NAN), "b is nan, expected a finite number"),
    (
        lambda: estimators.from_pairs(RHO, 1e300 * Q, 1e300 * SCORES, *FIRST),
        r"q\[s=0, a=0\] is 1e\+300, expected a size of at most 1e\+50",
    ),
    (lambda: estimators.from_pairs(RHO, Q, SCORES, [0, 1], [0]), r"a has shape \(1,\), expected \(2,\), as s has"),
    (lambda: estimators.from_pairs(RHO, Q, SCORES, [0, -1], [0, 0]), r"s\[1\] is -1, expected an integer in 0 … 3"),
    (lambda: estimators.from_pairs(RHO, Q, SCORES, [0, 1], [0, 3]), r"a\[1\] is 3, expected an integer in 0 … 2"),
    (lambda: estimators.from_pairs(RHO, Q, SCORES, [0.0], [0]), r"s has .* type float64, expected integers"),
    (lambda: estimators.from_pairs(RHO, Q, SCORES, 0, 0), r"s has shape \(\) .*, expected integers of shape \(N,\)"),
    (
        lambda: estimators.mean_tabular_scores(TAU, ONES, Policy.uniform(4, 2)),
        r"tau.steps.a\[\d+\] is 2, expected an integer in 0 … 1",
    ),
    (
        lambda: estimators.mean_tabular_scores(TAU, ONES, Policy.uniform(3, 3)),
        r"tau.steps.s\[\d+\] is 3, expected an integer in 0 … 2",
    ),
    (lambda: estimators.full_return(TAU, 0.9, b=ONES), r"b is array\(.*\), expected a finite number"),
    (
        lambda: estimators.reward_to_go(TAU, 0.9, b=X),
        rf"b has shape \({M}, 1\), expected \(M,\) = \({M},\), or one number",
    ),
    (lambda: estimators.undiscounted(TAU, 0.9, b=V), r"b has shape \(4,\)"),
    (lambda: estimators.discounted(TAU, X, 0.9), rf"advantage has shape \({M}, 1\)"),
    (lambda: estimators.discounted(TAU, ONES, INF), "gamma is inf, expected"),
    (lambda: estimators.weighted_scores(TAU, X, SCORES), rf"weights has shape \({M}, 1\)"),
    (lambda: estimators.weighted_scores(TAU, 1.0, Q), r"grad_log_pi has shape \(4, 3\), expected \(S, A, d\)"),
    (lambda: estimators.mean_tabular_scores(TAU, X, PI), rf"weights has shape \({M}, 1\)"),
    (lambda: estimators.optimal_state_baseline(PI, Q[:1], SCORES), r"q has shape \(1, 3\)"),
    (lambda: estimators.optimal_constant_baseline(RHO[None], PI, Q, SCORES), r"rho has shape \(1, 4\)"),
]
SAMPLING = [
    (lambda: sample_pairs(0 * RHO, PI, 3, None), "rho is 0 in all states, expected a positive sum"),
    (lambda: sample_pairs(-RHO, PI, 3, None), r"rho\[s=0\] is -1.0, expected a weight ≥ 0"),
    (lambda: sample_pairs(NAN * RHO, PI, 3, None), r"rho\[s=0\] is nan, expected a finite number"),
    (lambda: sample_pairs(1e300 * RHO, PI, 3, None), r"rho\[s=0\] is 1e\+300, expected a size of at most 1e\+50"),
    (lambda: sample_pairs(RHO[:3], PI, 3, None), r"rho has shape \(3,\), expected \(S,\) = \(4,\), as pi has"),
    (lambda: sample_pairs(RHO, PI, 2.5, None), "n is 2.5, expected an integer ≥ 0"),
    (lambda: rollouts(MDP, Policy.uniform(3, 3), 1, 1, None), r"pi has shape \(3, 3\), expected \(S, A\) = \(4, 3\)"),
    (lambda: streams(MDP, PI, 1, 1, None, horizon=0), "horizon is 0, expected an integer ≥ 1"),
    (
        lambda: rollouts(replace(MDP, r=1e-10 * MDP.r), PI, 1, 1, None, r=np.zeros(MDP.p.shape)),
        r"r\[s=0, a=0\] has mean 0 over s', expected the MDP's r",
    ),
    (
        lambda: gradients.evolution_strategy(lambda x: 0.0, np.array([1.0, 1e9]), 1, 1e-9, np.random.default_rng(0)),
        r"sigma is 1e-09, expected a step that changes theta\[1\] = 1e\+09",
    ),
]
REGULATORS = [
    (lambda: lqr.value(BOAT, -1, 0.1, S[:, 0]), r"s has shape \(5,\), expected \(N, n\) = \(N, 1\)"),
    (lambda: lqr.value(TWO, np.zeros((2, 2)), 0, S), r"s has shape \(5, 1\), expected \(N, n\) = \(N, 2\)"),
    (lambda: lqr.reward(BOAT, S[:, 0], A[:, 0]), r"s has shape \(5,\)"),
    (lambda: lqr.reward(BOAT, S, A[:1]), r"a has shape \(1, 1\), expected \(N, m\) = \(5, 1\), one action a state"),
    (lambda: lqr.action_value(BOAT, -1, 0.1, S, S[:, 0]), r"a has shape \(5,\)"),
    (lambda: lqr.action_slope(BOAT, -1, NAN * S, A), r"s\[n=0, n=0\] is nan"),
    (lambda: lqr.objective(BOAT, -1, sigma=NAN), "sigma is nan, expected a finite number ≥ 0"),
    (lambda: lqr.objective(BOAT, -1, sigma=-1), "sigma is -1, expected"),
    (lambda: lqr.objective(BOAT, [[1], [1, 2]]), r"K is \[\[1\], \[1, 2\]\], expected real numbers"),
    (lambda: lqr.objective(BOAT, -1e300), r"K\[m=0, n=0\] is -1e\+300, expected a size of at most 1e\+50"),
    (lambda: lqr.second_moment(BOAT, -1, start=np.eye(2)), r"start has shape \(2, 2\), expected \(n, n\) = \(1, 1\)"),
    (lambda: lqr.second_moment(BOAT, -1, sigma=INF), "sigma is inf"),
    (lambda: lqr.occupancy_density(BOAT, -1, 0.1, [0.0], i=1), "i is 1, expected a component of the state in 0 … 0"),
    (lambda: lqr.occupancy_density(BOAT, -1, 0.1, [NAN]), r"x\[k=0\] is nan"),
    (lambda: lqr.sample_states(BOAT, -1, NAN, 3, None), "sigma is nan"),
    (lambda: lqr.sample_states(BOAT, -1, 0.1, 0, None), "n is 0, expected an integer ≥ 1"),
    (lambda: LQR(1e60, 1, 1, 1, 1, 1, 1, 0.9), r"A\[row=0, column=0\] is 1e\+60, expected a size"),
    (lambda: LQR(np.ma.masked_equal([[1.0]], 1), 1, 1, 1, 1, 1, 1, 0.9), r"A\[row=0, column=0\] is masked"),
    (lambda: LQR(np.eye(2), [[1], [1]], [[1e-9, 1e-9], [0, 1e-9]], 1, W2, [0, 0], W2, 0.9), "Q is .*symmetric and ≥ 0"),
    (lambda: LQR(1, 1, -5e-13, 1, 1, 1, 1, 0.9), "Q is .*, expected symmetric and ≥ 0"),
    (lambda: lqr.sample_states(FAR, 0, 0, 9, None), r"gamma is 0.9999 and A \+ BK is \[\[1.0\]\]: .* still changes"),
    (lambda: lqr.occupancy_density(FAR, 0, 0, [0.0]), r"gamma is 0.9999 and A \+ BK is"),
    (lambda: LQR(1, 1, 1, 1, 1, 1, 1, np.nextafter(1, 0)), "gamma is 0.99.*, expected a number 0 ≤ γ < 1"),
]
DETERMINISTIC = [
    (lambda: deterministic.nabla_log(S[:, 0], A, -1, 0.1), r"s has shape \(5,\), expected \(N, n\) = \(N, 1\)"),
    (lambda: deterministic.nabla_log(S, A[:1], -1, 0.1), r"a has shape \(1, 1\), expected \(N, m\) = \(5, 1\)"),
    (lambda: deterministic.nabla_log(S, A, -1, 1e-200), "∇log π is out of the range of floats"),
    (
        lambda: deterministic.nabla_log_estimates(BOAT, -1, 0.1, S, A, b=S),
        r"b has shape \(5, 1\), expected \(N,\) = \(5,\)",
    ),
    (lambda: deterministic.nabla_log_estimates(BOAT, -1, 0.1, S, A, b=NAN), "b is nan"),
    (lambda: deterministic.slope_estimates(BOAT, -1, S[:, 0]), r"s has shape \(5,\), expected \(N, n\)"),
    (lambda: deterministic.nabla_log_variance(1, 1, 1, [1, 0]), "sigma is 0.0, expected > 0"),
    (lambda: deterministic.nabla_log_variance(1, NAN, 1, 1), "slope is nan"),
    (lambda: deterministic.smoothed(lambda a, e: a, NAN, 1), "mu is nan"),
    (lambda: deterministic.smoothed(lambda a, e: a, 0, [NAN]), r"sigma\[0\] is nan"),
    (
        lambda: deterministic.compatible_weights(S, S),
        r"slopes has shape \(5, 1\), expected \(N,\) = \(5,\), one for each row",
    ),
    (lambda: deterministic.learned_slope(BOAT, -1, -1, NAN, 9, None), "sigma_b is nan"),
    (lambda: deterministic.learned_slope(BOAT, -1, -1, 0.1, 2.5, None), "n is 2.5"),
    (lambda: deterministic.ascent(BOAT, -1, NAN), "alpha is nan"),
    (
        lambda: third(deterministic.ascent(BOAT, -1, 0.1, lambda *_: np.array([[NAN]]))),
        r"K\[m=0, n=0\] is nan",
    ),
]
NET = SoftmaxNetwork(MLP((2, 3)), np.zeros(9), first=1)
GAUSSIAN = GaussianNetwork(MLP((2, 1)), np.zeros(4), np.zeros(1), np.ones(1))
SQUASHED = SquashedGaussian(MLP((2, 2)), np.zeros(6), np.zeros(1), np.ones(1))
TANH = TanhNetwork(MLP((2, 1)), np.zeros(3), np.zeros(1), np.ones(1))
NETWORKS = [
    (lambda: MLP((2,)), r"sizes are \(2,\), expected a tuple of at least inputs and outputs"),
    (lambda: MLP(3), "sizes are 3, expected a tuple of at least inputs and outputs"),
    (lambda: MLP((2, 0, 1)), r"sizes\[1\] is 0, expected an integer ≥ 1"),
    (lambda: MLP((2, 1)).initial(np.random.default_rng(0), NAN), "last is nan, expected a finite number"),
    (
        lambda: policy_for(cartpole(), 4, np.random.default_rng(0)),
        "hidden is 4, expected a tuple of integers ≥ 1, one for each hidden layer",
    ),
    (lambda: MLP((2, 1), unit=NAN), "unit is nan, expected a finite number > 0"),
    (
        lambda: MLP((2, 1)).forward(np.zeros(4), S),
        r"theta has shape \(4,\), expected \(3,\) for layers of sizes \(2, 1\)",
    ),
    (
        lambda: NET.gradient(np.ones((2, 2)), np.array([0, 1]), np.ones(2)),
        r"a is array\(\[0, 1\]\), expected 2 actions in 1 … 3",
    ),
    (lambda: NET.gradient(np.ones((2, 2)), np.array([1, 4]), np.ones(2)), "expected 2 actions in 1 … 3"),
    (lambda: NET.gradient(np.ones((2, 2)), np.array([1]), np.ones(2)), "expected 2 actions in 1 … 3"),
    (lambda: NET.gradient(np.ones((2, 2)), np.array([1, 1]), np.ones((2, 1))), r"weight has shape \(2, 1\)"),
    (lambda: NET.gradient(np.ones((2, 2)), np.array([1, 1]), np.ones(2), np.ones(3)), r"beta has shape \(3,\)"),
    (
        lambda: SoftmaxNetwork(NET.net, np.full(9, 1e308)).outputs(np.full((1, 2), 9.0)),
        "the output is out of the range of floats",
    ),
]
LEARNERS = [
    (lambda: run(seeds=[1, 2**63]), r"seeds\[1\] is 9223372036854775808, expected an integer ≥ 0 and < 2\*\*63$"),
    (lambda: run(seeds=[-1]), r"seeds\[0\] is -1, expected an integer ≥ 0$"),
    (lambda: reinforce.Settings(alpha=NAN), "alpha is nan, expected a finite number ≥ 0"),
    (lambda: reinforce.Settings(gamma=NAN), "gamma is nan, expected"),
    (lambda: reinforce.Settings(episodes=0), "episodes is 0"),
    (lambda: reinforce.Settings(horizon=2.5), "horizon is 2.5"),
    (lambda: a2c.Settings(alpha_theta=NAN), "alpha_theta is nan"),
    (lambda: a2c.Settings(alpha_w=INF), "alpha_w is inf"),
    (lambda: a2c.Settings(gamma=1.01), "gamma is 1.01"),
    (lambda: a2c.Settings(lam=-1), "lam is -1"),
    (lambda: a2c.Settings(beta=NAN), "beta is nan"),
    (lambda: a2c.Settings(unit=0), "unit is 0, expected a finite number > 0"),
    (lambda: a2c.Settings(n=0), "n is 0"),
    (
        lambda: third(reinforce.train(cartpole(), reinforce.Settings(episodes=1, alpha=1e308, optimiser=sgd))),
        "is out of the range of floats",
    ),
    (
        lambda: next(reinforce.train(cartpole(), reinforce.Settings(baseline=lambda tau, G: G[:, None]))),
        "the baseline has shape",
    ),
    (
        lambda: third(a2c.train(cartpole(), a2c.Settings(alpha_w=1e308))),
        "is out of the range of floats",
    ),
    (lambda: reinforce.train(cartpole(), seed=-1), "seed is -1, expected an integer ≥ 0"),
    (lambda: run(seeds=3), r"seeds is 3, expected one integer for each lane, such as range\(3\)"),
    (lambda: run(theta=[1e308, 0]), r"theta\[k=0, d=0\] is 1e\+308, expected a size of at most 1e\+50"),
    (lambda: run(theta=[[1, 2], [3]]), r"theta is \[\[1, 2\], \[3\]\], expected real numbers"),
    (lambda: run(phi=SCORES * 1e100), r"phi\[s=0, a=0, d=0\] is 1e\+100, expected a size"),
    (lambda: run(alpha=[[1], [1, 2]]), r"alpha is .*, expected real numbers"),
    (lambda: learn(lam=NAN), "lam is nan, expected a finite number ≥ 0 and ≤ 1"),
    (lambda: learn(lam_w="0.5"), "lam_w is '0.5', expected"),
]


def cartpole():
    return gymnasium.make("CartPole-v1")


def filled():
    replay = Replay(1, 2, 1)
    replay.add(np.ones((1, 2)), np.ones((1, 1)), np.ones(1), np.ones((1, 2)), np.zeros(1, bool))
    return replay


def third(run):
    return list(islice(run, 3))[-1]


def run(phi=SCORES, theta=(0, 0), alpha=0.1, seeds=(1,)):
    return monte_carlo.reinforce_runs(MDP, phi, theta, alpha=alpha, seeds=seeds, horizon=9)


def learn(**more):
    return online.actor_critic_runs(
        MDP, SCORES, [0, 0], alpha=0.1, seeds=[1], horizon=9, x=np.eye(4), alpha_w=0.1, **more
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [*RETURNS, *GRADIENTS, *ESTIMATORS, *SAMPLING, *REGULATORS, *DETERMINISTIC, *NETWORKS, *LEARNERS],
    ids=lambda x: x[:40] if isinstance(x, str) else None,
)
def test_it_is_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_compatible_weights_that_leave_all_bounds_are_said_to():
    phi = np.random.default_rng(0).standard_normal((4, 3, 2))
    run = online.natural_runs(MDP, phi, [0, 0], alpha=0.0, seeds=[1], horizon=9, x=np.eye(4), alpha_w=0.1, alpha_u=1e9)
    named = pytest.raises(ValueError, match=r"^u of seed 1 is \[.*\] after \d+ updates, expected finite numbers")
    with np.errstate(all="ignore"), named:
        list(islice(run, 500))


def test_where_nothing_keeps_the_costs_finite_there_is_no_best_gain():
    """B = 0 and γ A² = 3.6 > 1: no action helps."""
    with pytest.raises(Unstable, match=r"no best gain was found for A = \[\[2.0\]\], B = \[\[0.0\]\]"):
        lqr.best_gain(LQR(A=2, B=0, Q=1, R=1, W=1, mu_0=1, Sigma_0=1, gamma=0.9))


def test_lists_are_taken_as_arrays():
    assert np.array_equal(lqr.value(BOAT, [[-1]], 0.1, [[1], [2]]), lqr.value(BOAT, -1, 0.1, np.array([[1.0], [2.0]])))
    assert np.array_equal(estimators.reward_to_go(TAU, 0.9, ONES.tolist()), estimators.reward_to_go(TAU, 0.9, 1))


def test_a_dict_of_observations_is_told_how_to_become_a_box():
    env = cartpole()
    env.observation_space = gymnasium.spaces.Dict({"x": gymnasium.spaces.Discrete(2)})
    with pytest.raises(TypeError, match=r"observation_space is Dict.*; gymnasium.*FlattenObservation"):
        policy_for(env, (), np.random.default_rng(0))


@pytest.mark.parametrize("rng", [0, None, np.random.RandomState(0)], ids=["seed", "none", "old"])
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng: rollouts(MDP, PI, 5, 6, rng),
        lambda rng: streams(MDP, PI, 5, 6, rng),
        lambda rng: sample_pairs(RHO, PI, 5, rng),
        lambda rng: environments.play(gymnasium.make("FrozenLake-v1"), None, 1, 5, rng),
        lambda rng: environments.play_streams(gymnasium.make("FrozenLake-v1"), None, 5, rng),
        lambda rng: zoo.garnet(4, 3, 2, 0.9, rng),
        lambda rng: gradients.evolution_strategy(np.sum, np.zeros(2), 3, 1.0, rng),
        lambda rng: lqr.sample_states(BOAT, -0.5, 0.1, 3, rng),
        lambda rng: search.cem(np.sum, [0, 0], 1.0, rng),
        lambda rng: search.antithetic(np.sum, [0, 0], 1.0, rng),
        lambda rng: search.cma_es(np.sum, [0, 0], 1.0, rng),
        lambda rng: balanced(np.zeros((1, 4)), rng),
        lambda rng: NET.net.initial(rng),
        lambda rng: policy_for(cartpole(), (), rng),
        lambda rng: NET(np.ones((1, 2)), rng),
        lambda rng: GAUSSIAN(np.ones((1, 2)), rng),
        lambda rng: SQUASHED(np.ones((1, 2)), rng),
        lambda rng: SQUASHED.draw(np.ones((1, 2)), rng),
        lambda rng: filled().sample(1, rng),
        lambda rng: next(minibatches(rng, 2, np.ones(4))),
        lambda rng: td3.target_actions(TANH, np.ones((1, 2)), td3.Settings(), rng),
    ],
    ids=range(21),
)
def test_a_seed_in_the_place_of_a_generator_is_named(draw, rng):
    with pytest.raises(
        TypeError, match=r"^rng is .*, expected a NumPy generator, such as np\.random\.default_rng\(0\)"
    ):
        draw(rng)


@pytest.mark.parametrize("env", ["CartPole-v1", None, gymnasium.make])
def test_what_is_no_environment_is_named(env):
    for play in (lambda: a2c.train(env), lambda: reinforce.train(env)):
        with pytest.raises(
            TypeError, match=r"^env is .*, expected an environment, such as gymnasium\.make\('CartPole-v1'\)"
        ):
            next(play())
