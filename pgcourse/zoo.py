"""Named MDPs, each with its source."""

from __future__ import annotations

import numpy as np

from pgcourse.arrays import Array, generator, whole
from pgcourse.mdp import FiniteMDP, from_gymnasium

LEFT, RIGHT = 0, 1  # the corridor's actions
LAKES = ("4x4", "8x8")  # Gymnasium's maps


def frozen_lake(gamma: float = 0.99, slippery: bool = True, map_name: str = "4x4") -> FiniteMDP:
    """Gymnasium's FrozenLake-v1 from its own table: actions left, down, right, up; reward 1 on reaching the goal.

    Slippery: the step goes where it was meant to, or to one side, or to the other, each with probability 1/3.
    """
    import gymnasium  # only here: the rest of the course does without

    if map_name not in LAKES:
        raise ValueError(f"map_name is {map_name!r}, expected {' or '.join(map(repr, LAKES))}")
    return from_gymnasium(gymnasium.make("FrozenLake-v1", is_slippery=slippery, map_name=map_name), gamma)


def short_corridor() -> FiniteMDP:
    """Three cells and the exit, reward −1 a step, the last included; in the second cell left and right are switched.

    Sutton & Barto, 2nd ed., Example 13.1, with γ = 1. Actions: LEFT, RIGHT; state 3 is the exit.
    """
    p = np.zeros((4, 2, 4))
    for s, left, right in ((0, 0, 1), (1, 2, 0), (2, 1, 3), (3, 3, 3)):
        p[s, LEFT, left] = p[s, RIGHT, right] = 1
    r = -np.ones((4, 2))
    r[3] = 0
    return FiniteMDP(p, r, gamma=1.0, rho_0=np.eye(4)[0], name="short corridor")


def value_iteration_trap() -> FiniteMDP:
    """Two states where value iteration's greedy policies pass from the best one through one worse in both states.

    Action 0 goes to the other state, action 1 stays. Made for this course; with γ = 0.9 the greedy policies from
    v = 0 are worth (3.684, 6.316), (−11, −10), (3.684, 6.316), …
    """
    p = np.zeros((2, 2, 2))
    p[[0, 1], 0, [1, 0]] = p[[0, 1], 1, [0, 1]] = 1
    return FiniteMDP(p, np.array([[-2, -3], [3, -1]]), gamma=0.9, rho_0=np.full(2, 0.5), name="value iteration's trap")


def lost_discount() -> FiniteMDP:
    """Two choices one after the other, of which the usual update, without γᵗ on states, makes the worse of both.

    Action 1 pays 1 two steps later if it is chosen in state 0, and costs 0.85 at once in the next state (1 or 2,
    according to the first choice); state 3 holds the prize, 4 is the end; γ = 0.9. With one p = P(action 1) for all
    states, dJ/dp is 0.9² − 0.9·0.85 = +0.045, and +0.15 without discount; the usual update goes along 0.9² − 0.85 =
    −0.04. After Nota & Thomas 2020, arXiv 1906.07073.
    """
    p, r = np.zeros((5, 2, 5)), np.zeros((5, 2))
    for s, after_0, after_1 in ((0, 1, 2), (1, 4, 4), (2, 3, 3), (3, 4, 4), (4, 4, 4)):
        p[s, 0, after_0] = p[s, 1, after_1] = 1
    r[[1, 2], 1], r[3] = -0.85, 1
    return FiniteMDP(p, r, gamma=0.9, rho_0=np.eye(5)[0], name="lost discount")


def wrong_rho_downhill() -> FiniteMDP:
    """Two states where the right q on the wrong weights points downhill, if one number θ serves both states.

    Whatever one does, the next state is A with probability 0.9 and else B; start in A. Action 0 gains 1 in A and costs
    3 in B, action 1 nothing. Made for this course; with p = P(action 0) in both states and γ = 0.9, ρ^π = (9.1, 0.9)
    and dJ/dp = 6.4, but equal weights on A and B (½ each) give −1.
    """
    p = np.broadcast_to([0.9, 0.1], (2, 2, 2))
    return FiniteMDP(p, np.array([[1, 0], [-3, 0]]), gamma=0.9, rho_0=np.eye(2)[0], name="wrong ρ, downhill")


def stop_or_go_on() -> FiniteMDP:
    """Stop for 1, or go on to where one wins 3 or loses 3: a world where q* itself can point downhill.

    State 0: action 0 ends the game and pays 1, action 1 goes on to state 1. State 1: both actions end it, action 0 pays
    3, action 1 costs 3. State 2 is the end. Made for this course; with γ = 0.9, π(·|0) = (½, ½) and
    π(·|1) = (0.02, 0.98), ρ^π π (q* ∇log π) in the tabular softmax and ∇J have the cosine −0.983.
    """
    p = np.zeros((3, 2, 3))
    p[:, :, 2] = 1
    p[0, 1] = [0, 1, 0]
    return FiniteMDP(p, np.array([[1, 0], [3, -3], [0, 0]]), gamma=0.9, rho_0=np.eye(3)[0], name="stop or go on")


def stay_or_cash(gamma: float = 1.0) -> FiniteMDP:
    """Stay for 1 a step, or cash 3 and end: with few steps left, what is best depends on the time.

    State 0: action 0 stays and pays 1, action 1 ends and pays 3. State 1 is the end. Made for this course; with γ = 1
    and H = 3 steps a plan by time earns 5, the best single P(cash) is (5 − √7)/6 and earns 3.528153.
    """
    p, r = np.zeros((2, 2, 2)), np.array([[1.0, 3], [0, 0]])
    p[0, 0, 0] = p[0, 1, 1] = p[1, :, 1] = 1
    return FiniteMDP(p, r, gamma, rho_0=np.eye(2)[0], name="stay or cash")


def garnet(S: int, A: int, branching: int, gamma: float, rng: np.random.Generator, absorbing: int = 0) -> FiniteMDP:
    """A random MDP: from each pair, `branching` next states with random probabilities, rewards standard normal.

    The last `absorbing` states end the process. Archibald, McKinnon & Thomas 1995; Bhatnagar et al. 2009.
    """
    S, A, branching, absorbing = (
        whole("S", S),
        whole("A", A),
        whole("branching", branching),
        whole("absorbing", absorbing, 0),
    )
    if not 1 <= branching <= S or not 0 <= absorbing < S:
        raise ValueError(f"branching is {branching} and absorbing {absorbing}, expected 1 … {S} and 0 … {S - 1}")
    p, r = np.zeros((S, A, S)), generator(rng).standard_normal((S, A))
    for s, a in np.ndindex(S, A):
        p[s, a, rng.choice(S, branching, replace=False)] = rng.dirichlet(np.ones(branching))
    for s in range(S - absorbing, S):
        p[s], r[s] = np.eye(S)[s], 0
    return FiniteMDP(p, r, gamma, rng.dirichlet(np.ones(S)), f"Garnet({S}, {A}, {branching})")


def five_states() -> FiniteMDP:
    """Five states, three actions, two next states a pair: a Garnet whose random numbers are fixed, with γ = 0.9.

    Nothing in it ends, it may start anywhere, and with the uniform policy J = 0.738888 and |∇J| = 1.534572 (tabular
    softmax). Made for the notebooks on estimates: small enough to be exact, and no two states alike.
    """
    return _two_ways(5, 3, np.random.default_rng(11), "five states")


def three_states() -> FiniteMDP:
    """Three states, two actions, two next states a pair, γ = 0.9, made as `five_states`: its paths can be listed."""
    return _two_ways(3, 2, np.random.default_rng(12), "three states")


def _two_ways(S: int, A: int, rng: np.random.Generator, name: str) -> FiniteMDP:
    p = np.zeros((S, A, S))
    for s, a in np.ndindex(S, A):
        after = rng.choice(S, 2, replace=False)
        p[s, a, after] = np.diff([0, rng.random(), 1])
    return FiniteMDP(p, rng.standard_normal((S, A)), gamma=0.9, rho_0=np.full(S, 1 / S), name=name)


def lake_rewards(lake: FiniteMDP) -> Array:
    """r(s, a, s') of FrozenLake, (S, A, S'): 1 on reaching the goal, the last state. Its mean over s' is the MDP's r.

    With these, `sampling.rollouts` pays once, at the end, as Gymnasium does; then γᵗ G_t is G₀ at every step.
    """
    r = np.zeros(lake.p.shape)
    r[lake.live, :, -1] = 1
    return r


def lake_features(map_name: str = "4x4") -> np.ndarray:
    """Two features of each pair of FrozenLake, φ of shape (S, A, 2), so that θ is two numbers.

    progress  how many steps nearer to the goal the action means to go, holes walked around (−1, 0 or 1)
    caution   minus the number of holes among the three places where the ice may take you
    """
    slippery, sure = frozen_lake(map_name=map_name), frozen_lake(slippery=False, map_name=map_name)
    meant = sure.p.argmax(axis=2)  # (S, A): where the action goes on dry land
    goal = np.isin(np.arange(sure.S), meant[sure.r > 0])
    hole = slippery.absorbing & ~goal
    steps = np.where(goal, 0.0, np.inf)
    for _ in range(sure.S):
        steps = np.where(hole, np.inf, np.minimum(steps, 1 + steps[meant].min(axis=1)))
    phi = np.zeros((sure.S, sure.A, 2))
    with np.errstate(invalid="ignore"):  # ∞ − ∞, in holes
        nearer = steps[:, None] - steps[meant]
    phi[..., 0] = np.where(np.isfinite(nearer), nearer, 0)
    phi[..., 1] = -3 * slippery.p @ hole
    phi[slippery.absorbing] = 0
    return phi
