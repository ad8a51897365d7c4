"""The same trajectories and streams from any Gymnasium environment, vectorised or not.

    act(obs, rng) → actions      the policy, for observations (N, …): actions (N,) integers, or (N, …) of a Box

`act` may only read the observations, and what it returns is copied.
Observations must be Discrete or Box, actions Discrete or Box. An environment alone is a batch of N = 1. An action
outside its Box is an error. With `clip` the environment gets the nearest action inside, and what `act` gave is kept:
that is what a Gaussian policy must score.

Gymnasium ≥ 1.0 tells `terminated` from `truncated`, and vector environments begin a new trajectory by themselves, in
one of two ways. *Next step* (the default): the step after an end ignores its action, pays 0 and returns the first
observation of the new trajectory; it is no step of any trajectory and is not counted here. *Same step*: the ending
step returns the new first observation at once, and the true last one in `infos["final_obs"]`. With autoreset *disabled*
the lanes that ended are reset here.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Generator
from decimal import Decimal
from numbers import Real
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from pgcourse.arrays import LARGEST, Array, environment_name, generator, sealed, whole
from pgcourse.trajectories import Mask, Packed, Stream, Trajectories

Act: TypeAlias = "Callable[[NDArray[Any], np.random.Generator], NDArray[Any]]"


def play(env: Any, act: Act, n: int, horizon: int, rng: np.random.Generator, clip: bool = False) -> Trajectories:
    """n trajectories, each to its end (terminated), to the environment's own time limit or to `horizon` (truncated).

    The environment is reset, with a seed from `rng`. Its N lanes take the n trajectories in the order in which they
    begin, and each one begun is finished: that many short ones finish first does not favour them. Where the horizon
    cuts a trajectory, its lane plays on unrecorded until it resets; if all do, all are reset.

    TypeError naming the space if one is not supported. ValueError naming the lane and the step if a reward is not
    finite, or naming the shape if `act` returns something else than one action a lane.
    """
    n, horizon = whole("n", n), whole("horizon", horizon)
    lanes = EnvironmentLanes(env, rng, clip)
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
    return Trajectories(np.array(start), Packed(*(sealed(column[order]) for column in columns)))


def play_streams(
    env: Any, act: Act, steps: int, rng: np.random.Generator, clip: bool = False
) -> Generator[Stream, Act | None, None]:
    """Batch after batch of `steps` transitions of each lane, (N, steps), without end: the environment goes on between.

    The environment is checked and reset at once, and stepped only when a batch is asked for. `send(act)` asks for one
    with another policy, kept from then on. Stop by asking no more: batches in hand are kept, the generator can be asked
    again later, and a new one begins anew, with a reset. Steps that only reset a lane are marked in `valid` as none.
    """
    steps = whole("steps", steps)
    lanes = EnvironmentLanes(env, rng, clip)
    return _play_streams(lanes, act, steps)


def _play_streams(lanes: EnvironmentLanes, act: Act, steps: int) -> Generator[Stream, Act | None, None]:
    while True:
        parts = [lanes.step(act) for _ in range(steps)]
        act = (yield Stream(*(sealed(np.stack(column, axis=1)) for column in zip(*parts, strict=True)))) or act


class EnvironmentLanes:
    """The N lanes of an environment: where each stands, and one step of all of them, whichever way they autoreset."""

    obs: NDArray[Any]  # (N, …)
    fresh: Mask  # (N,) where obs is the first of a trajectory

    def __init__(self, env: Any, rng: np.random.Generator, clip: bool = False) -> None:
        self.env, self.rng, self.clip = env, generator(rng), clip
        self.vector = hasattr(env, "num_envs")
        self.n = env.num_envs if self.vector else 1
        self.name = environment_name(env)
        self.observation_space = single_space(env, "observation", ("Discrete", "Box"))
        self.action_space = single_space(env, "action", ("Discrete", "Box"))
        mode = (getattr(env, "metadata", None) or {}).get("autoreset_mode", "NextStep")
        self.mode = getattr(mode, "value", mode) if self.vector else "alone"
        if self.mode not in ("NextStep", "SameStep", "Disabled", "alone"):
            raise ValueError(f"{self.name}: autoreset_mode is {mode!r}, expected NextStep, SameStep or Disabled")
        self.time = 0
        self.reset()

    def reset(self) -> None:
        """All lanes at the start of a trajectory."""
        self.obs = self._begin(seed=int(self.rng.integers(2**31)))
        self.fresh = np.ones(self.n, dtype=bool)
        self.ended = np.zeros(self.n, dtype=bool)

    def step(self, act: Act) -> tuple[NDArray[Any], NDArray[Any], Array, NDArray[Any], Mask, Mask, Mask]:
        """s, a, r, s_next, terminated, truncated of each lane, and whether it was a step at all."""
        s, a = self.obs, self._actions(act)
        inside = self._inside(a)
        answer = self.env.step(inside if self.vector else self._alone(inside))
        if not (isinstance(answer, tuple) and len(answer) == 5):
            raise ValueError(
                f"{self.name}: step returned {reprlib.repr(answer)}, expected (observation, reward, terminated, "
                "truncated, info), as Gymnasium has it; environments of the old Gym return four"
            )
        obs, r, terminated, truncated, info = answer
        obs, r = self._observations(obs), self._rewards(r)
        terminated = self._flags("terminated", terminated)
        truncated = self._flags("truncated", truncated) & ~terminated
        ended, real = terminated | truncated, ~self.ended
        s_next, self.obs, self.fresh = obs, obs, ended
        if self.mode == "NextStep":
            self.fresh, self.ended = self.ended, ended
        elif ended.any():
            if self.mode == "SameStep":
                if "final_obs" not in info:
                    raise ValueError(
                        f"{self.name}: infos at step {self.time} have no 'final_obs', expected the last observation of "
                        "each lane that ended, as autoreset_mode SameStep has it"
                    )
                s_next = obs.copy()
                for i in np.flatnonzero(ended).tolist():
                    s_next[i] = info["final_obs"][i]
            else:
                self.obs = self._begin(options={"reset_mask": ended}) if self.mode == "Disabled" else self._begin()
        self.time += 1
        return s, a, r, s_next, terminated, truncated, real

    def _begin(self, **how: Any) -> NDArray[Any]:
        """The first observations (N, …) after a reset."""
        answer = self.env.reset(**how)
        if not (isinstance(answer, tuple) and len(answer) == 2):
            raise ValueError(
                f"{self.name}: reset returned {reprlib.repr(answer)}, expected (observation, info), as Gymnasium has "
                "it; environments of the old Gym return the observation alone"
            )
        return self._observations(answer[0])

    def _observations(self, obs: Any) -> NDArray[Any]:
        """(N, …), of the shape that the space says."""
        found = np.array(obs) if self.vector else np.array(obs)[None]
        right = found.shape == (self.n, *self.observation_space.shape) and found.dtype.kind in "biuf"
        if not right or np.ma.isMaskedArray(obs):
            shape = (self.n,) * self.vector + self.observation_space.shape
            raise ValueError(
                f"{self.name}: an observation is {reprlib.repr(obs)} of shape {found.shape[not self.vector :]}, "
                f"expected shape {shape}, as for {self.observation_space}"
            )
        return found

    def _rewards(self, rewards: Any) -> Array:
        """(N,), all of them finite."""
        r = np.asarray(rewards)
        real = r.dtype.kind in "biuf" or all(isinstance(x, Real | Decimal) for x in r.flat)
        if not real or np.ma.isMaskedArray(rewards):  # "1.5" is text, and 1 + 2j would lose its 2j
            expected = "real numbers" if self.vector else "a real number"
            raise ValueError(
                f"{self.name}: the reward at step {self.time} is {reprlib.repr(rewards)}, expected {expected}"
            )
        r = r.astype(float)
        if r.shape != (shape := (self.n,) if self.vector else ()):
            expected = f"one for each lane, {shape}" if self.vector else "a number"
            raise ValueError(
                f"{self.name}: the reward at step {self.time} is {reprlib.repr(rewards)} of shape {r.shape}, "
                f"expected {expected}"
            )
        r = r.reshape(self.n)
        if not (fine := np.abs(r) <= LARGEST).all():  # False for NaN, too
            i = int(fine.argmin())
            where = f"of lane {i} " if self.vector else ""
            expected = f"a size of at most {LARGEST:g}" if np.isfinite(r[i]) else "a finite number"
            raise ValueError(f"{self.name}: the reward {where}at step {self.time} is {r[i]}, expected {expected}")
        return r

    def _flags(self, field: str, flags: Any) -> Mask:
        """(N,) of True and False: "False" and NaN would both count as True."""
        found = np.asarray(flags)
        known = found.dtype.kind == "b" or all(isinstance(x, Real | np.bool_) and x in (0, 1) for x in found.flat)
        if not known or found.size != self.n or np.ma.isMaskedArray(flags):
            expected = f"True or False for each of {self.n} lanes" if self.vector else "True or False"
            raise ValueError(f"{self.name}: {field} at step {self.time} is {reprlib.repr(flags)}, expected {expected}")
        return found.astype(bool).reshape(self.n)

    def _actions(self, act: Act) -> NDArray[Any]:
        seen = self.obs.view()
        seen.setflags(write=False)
        given = act(seen, self.rng)
        a = np.array(given)  # a copy: `act` may use its own array again for the next step
        shape = (self.n, *self.action_space.shape)
        if a.shape != shape:
            raise ValueError(f"{self.name}: act returned shape {a.shape}, expected {shape} for {self.n} observations")
        if type(self.action_space).__name__ == "Discrete":
            low, high = int(self.action_space.start), int(self.action_space.start + self.action_space.n)
            if a.dtype.kind not in "iu" or (a < low).any() or (a >= high).any():
                raise ValueError(f"{self.name}: act returned {a!r}, expected integers in {low} … {high - 1}")
        elif a.dtype.kind not in "biuf" or not np.isfinite(a).all():
            raise ValueError(f"{self.name}: act returned {a!r}, expected finite numbers")
        if np.ma.isMaskedArray(given):
            raise ValueError(f"{self.name}: act returned {given!r}, expected a plain array, with nothing masked")
        return a

    def _inside(self, a: NDArray[Any]) -> NDArray[Any]:
        """The actions as the environment gets them; ValueError naming the first that is outside the Box."""
        if type(self.action_space).__name__ == "Discrete":
            return a
        low, high, kind = self.action_space.low, self.action_space.high, self.action_space.dtype
        if kind.kind == "f":
            a = a.astype(kind, copy=False)  # before it is compared: 1 + 1e-9 is 1 in float32, and inside
        elif self.clip:
            a = np.rint(a)
        out = (a < low) | (a > high)
        if kind.kind != "f":
            out |= a != np.rint(a)  # integers are compared as they came: a cast would wrap them, or cut 2.9 to 2
        if out.any() and not self.clip:
            i = int(np.argwhere(out)[0, 0])
            raise ValueError(
                f"{self.name}: act returned {a[i]} for lane {i}, expected an action in {self.action_space}; "
                "with clip=True the environment gets the nearest one"
            )
        return np.clip(a, low, high).astype(kind) if out.any() else a.astype(kind, copy=False)

    def _alone(self, a: NDArray[Any]) -> Any:
        return int(a[0]) if a.ndim == 1 and a.dtype.kind in "iu" else a[0].astype(self.action_space.dtype)


def single_space(env: Any, kind: str, supported: tuple[str, ...], hint: str = "") -> Any:
    """The observation or action space of one lane, or TypeError, with the hint, if it is none of the supported."""
    name = f"{'single_' if hasattr(env, 'num_envs') else ''}{kind}_space"
    space = getattr(env, name, None)
    if space is None:
        raise TypeError(f"env is {reprlib.repr(env)}, expected an environment, such as gymnasium.make('CartPole-v1')")
    if (found := type(space).__name__) not in supported:  # by its name, so that nothing is imported
        if kind == "observation" and found in ("Dict", "Tuple", "Discrete", "MultiDiscrete", "MultiBinary"):
            hint = "; gymnasium.wrappers.FlattenObservation makes a Box of it"
        raise TypeError(f"{environment_name(env)}: {kind}_space is {space}, expected {' or '.join(supported)}{hint}")
    return space
