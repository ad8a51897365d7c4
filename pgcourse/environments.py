"""The same trajectories and streams from any Gymnasium environment, vectorised or not.

    act(obs, rng) → actions      the policy, for observations (N, …): actions (N,) integers, or (N, …) of a Box
    categorical(probabilities)   such an act from a function obs (N, …) → probabilities (N, A)

Observations must be Discrete or Box, actions Discrete or Box. An environment alone is a batch of N = 1.

Gymnasium ≥ 1.0 tells `terminated` from `truncated`, and vector environments begin a new trajectory by themselves, in
one of two ways. *Next step* (the default): the step after an end ignores its action, pays 0 and returns the first
observation of the new trajectory; it is no step of any trajectory and is not counted here. *Same step*: the ending
step returns the new first observation at once, and the true last one in `infos["final_obs"]`. With autoreset *disabled*
the lanes that ended are reset here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pgcourse.arrays import Array, check_distributions, environment_name, real_array, whole
from pgcourse.sampling import draw_rows
from pgcourse.trajectories import Indices, Mask, Packed, Stream, Trajectories

Act = Callable[[NDArray[Any], np.random.Generator], NDArray[Any]]


def categorical(probabilities: Callable[[NDArray[Any]], Array]) -> Act:
    """a ~ π(·|obs): an `act` from a function of observations (N, …) to probabilities (N, A); actions are 0 … A−1.

    ValueError naming the row and the value if a row is not a distribution, which NaN never is.
    """

    def act(obs: NDArray[Any], rng: np.random.Generator) -> Indices:
        probs = real_array("pi", probabilities(obs), "N A")
        check_distributions("pi", probs, "N A")
        return draw_rows(probs, np.arange(len(probs)), rng)

    return act


def rollouts(env: Any, act: Act, n: int, horizon: int, rng: np.random.Generator) -> Trajectories:
    """n trajectories, each to its end (terminated), to the environment's own time limit or to `horizon` (truncated).

    The environment is reset, with a seed from `rng`. Its N lanes take the n trajectories in the order in which they
    begin, and each one begun is finished: that many short ones finish first does not favour them. Where the horizon
    cuts a trajectory, its lane plays on unrecorded until it resets; if all do, all are reset.

    TypeError naming the space if one is not supported. ValueError naming the lane and the step if a reward is not
    finite, or naming the shape if `act` returns something else than one action a lane.
    """
    n, horizon = whole("n", n), whole("horizon", horizon)
    lanes = _Lanes(env, rng)
    playing, t = np.full(lanes.n, -1), np.zeros(lanes.n, dtype=int)  # which trajectory, and how far it is
    start: list[NDArray[Any]] = []
    parts: list[tuple[NDArray[Any], ...]] = []
    while True:
        begin = np.flatnonzero(lanes.fresh)[: n - len(start)]
        playing[begin], t[begin] = len(start) + np.arange(len(begin)), 0
        start += list(lanes.obs[begin])
        on = playing >= 0
        if not on.any():
            if len(start) == n:
                break
            lanes.reset()
            continue
        s, a, r, s_next, terminated, truncated, _ = lanes.step(act)
        truncated |= ~terminated & (t + 1 >= horizon)
        parts.append(tuple(x[on] for x in (s, a, r, s_next, terminated, truncated, playing, t)))
        t += 1
        playing[terminated | truncated] = -1
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.lexsort((columns[6], columns[7]))
    return Trajectories(np.array(start), Packed(*(column[order] for column in columns)))


def streams(env: Any, act: Act, steps: int, rng: np.random.Generator) -> Generator[Stream, Act | None, None]:
    """Batch after batch of `steps` transitions of each lane, (N, steps), without end: the environment goes on between.

    The environment is checked and reset at once, and stepped only when a batch is asked for. `send(act)` asks for one
    with another policy, kept from then on. Stop by asking no more: batches in hand are kept, the generator can be asked
    again later, and a new one begins anew, with a reset. Steps that only reset a lane are marked in `valid` as none.
    """
    steps = whole("steps", steps)
    lanes = _Lanes(env, rng)
    return _streams(lanes, act, steps)


def _streams(lanes: _Lanes, act: Act, steps: int) -> Generator[Stream, Act | None, None]:
    while True:
        parts = [lanes.step(act) for _ in range(steps)]
        act = (yield Stream(*(np.stack(column, axis=1) for column in zip(*parts, strict=True)))) or act


class _Lanes:
    """The N lanes of an environment: where each stands, and one step of all of them, whichever way they autoreset."""

    obs: NDArray[Any]  # (N, …)
    fresh: Mask  # (N,) where obs is the first of a trajectory

    def __init__(self, env: Any, rng: np.random.Generator) -> None:
        self.env, self.rng = env, rng
        self.vector = hasattr(env, "num_envs")
        self.n = env.num_envs if self.vector else 1
        self.name = environment_name(env)
        prefix = "single_" if self.vector else ""
        self._check_space("observation_space", getattr(env, f"{prefix}observation_space"))
        self.action_space = getattr(env, f"{prefix}action_space")
        self._check_space("action_space", self.action_space)
        mode = (getattr(env, "metadata", None) or {}).get("autoreset_mode", "NextStep")
        self.mode = getattr(mode, "value", mode) if self.vector else "alone"
        if self.mode not in ("NextStep", "SameStep", "Disabled", "alone"):
            raise ValueError(f"{self.name}: autoreset_mode is {mode!r}, expected NextStep, SameStep or Disabled")
        self.time = 0
        self.reset()

    def reset(self) -> None:
        """All lanes at the start of a trajectory."""
        obs, _ = self.env.reset(seed=int(self.rng.integers(2**31)))
        self.obs = np.array(obs) if self.vector else np.array(obs)[None]
        self.fresh = np.ones(self.n, dtype=bool)
        self.ended = np.zeros(self.n, dtype=bool)

    def step(self, act: Act) -> tuple[NDArray[Any], NDArray[Any], Array, NDArray[Any], Mask, Mask, Mask]:
        """s, a, r, s_next, terminated, truncated of each lane, and whether it was a step at all."""
        s, a = self.obs, self._actions(act)
        obs, r, terminated, truncated, info = self.env.step(a if self.vector else self._alone(a))
        if not self.vector:
            obs, r, terminated, truncated = (np.array(x)[None] for x in (obs, r, terminated, truncated))
        r = np.array(r, dtype=float)
        if not np.isfinite(r).all():
            i = int((~np.isfinite(r)).argmax())
            where = f"of lane {i} " if self.vector else ""
            raise ValueError(f"{self.name}: the reward {where}at step {self.time} is {r[i]}, expected a finite number")
        terminated, obs = np.array(terminated, dtype=bool), np.array(obs)
        truncated = np.array(truncated, dtype=bool) & ~terminated
        ended, real = terminated | truncated, ~self.ended
        s_next, self.obs, self.fresh = obs, obs, ended
        if self.mode == "NextStep":
            self.fresh, self.ended = self.ended, ended
        elif ended.any():
            if self.mode == "SameStep":
                s_next = obs.copy()
                for i in np.flatnonzero(ended).tolist():
                    s_next[i] = info["final_obs"][i]
            elif self.mode == "Disabled":
                self.obs = np.array(self.env.reset(options={"reset_mask": ended})[0])
            else:
                self.obs = np.array(self.env.reset()[0])[None]
        self.time += 1
        return s, a, r, s_next, terminated, truncated, real

    def _actions(self, act: Act) -> NDArray[Any]:
        a = np.asarray(act(self.obs, self.rng))
        shape = (self.n, *self.action_space.shape)
        if a.shape != shape:
            raise ValueError(f"{self.name}: act returned shape {a.shape}, expected {shape} for {self.n} observations")
        if type(self.action_space).__name__ == "Discrete":
            low, high = int(self.action_space.start), int(self.action_space.start + self.action_space.n)
            if a.dtype.kind not in "iu" or (a < low).any() or (a >= high).any():
                raise ValueError(f"{self.name}: act returned {a!r}, expected integers in {low} … {high - 1}")
        elif not np.isfinite(a).all():
            raise ValueError(f"{self.name}: act returned {a!r}, expected finite numbers")
        return a

    def _alone(self, a: NDArray[Any]) -> Any:
        return int(a[0]) if a.ndim == 1 and a.dtype.kind in "iu" else a[0].astype(self.action_space.dtype)

    def _check_space(self, what: str, space: Any) -> None:
        if type(space).__name__ not in ("Discrete", "Box"):
            raise TypeError(f"{self.name}: {what} is {space}, expected Discrete or Box")
