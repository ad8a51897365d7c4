"""How long until CartPole-v1 is solved, from scratch: our A2C in NumPy beside Stable-Baselines3's, as its zoo tunes it.

ours    `pgcourse.algorithms.a2c.train` with its defaults, 16 environments
theirs  `A2C("MlpPolicy", …, ent_coef=0.0)`, 8 environments: rl-baselines3-zoo's hyperparams/a2c.yml for CartPole-v1

Solved is a mean return ≥ 475, Gymnasium's threshold, of 100 trajectories: a look every 5,000 steps of the environments,
the same code for both, once with actions drawn from the policy and once with the most probable ones. The clock runs
from the first step to the end of the first such look; it counts the looks, but only those of its own kind. A learner
that is not there after the zoo's 500,000 steps is stopped and its time counts as it is, a lower bound.

Each run is a process of its own with one thread: two slow both down, torch most. Ours and theirs take turns, seed by
seed. The ratio is that of the medians over the seeds.

    pip install -e ".[bench,peers]"      # large: see benchmarks/README.md
    python -m benchmarks.cartpole
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from statistics import median
from time import perf_counter
from typing import Any

import gymnasium
import numpy as np

from benchmarks import Row
from pgcourse.algorithms import a2c, ppo, trpo
from pgcourse.environments import Act, play

THRESHOLD, TRAJECTORIES, EVERY, LIMIT = 475, 100, 5_000, 500_000
KINDS = "drawn", "greedy"
BOUND = 1.5

Ask = Callable[
    [int, dict[str, Act]], bool
]  # (steps so far, the policy in both kinds) → is there more to do? The clock starts at 0


def ours(seed: int, ask: Ask) -> None:
    """Learn, and ask after every update."""
    envs = gymnasium.make_vec("CartPole-v1", num_envs=16)
    ask(0, {})
    for learner in a2c.train(envs, seed=seed):
        if not ask(learner.steps, {"drawn": learner.policy, "greedy": learner.policy.greedy}):
            return


def theirs(seed: int, ask: Ask) -> None:
    """Learn, and ask after every step."""
    from stable_baselines3 import A2C
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env

    class Asking(BaseCallback):
        def _on_step(self) -> bool:
            return ask(self.num_timesteps, acts)

    model = A2C("MlpPolicy", make_vec_env("CartPole-v1", n_envs=8, seed=seed), ent_coef=0.0, seed=seed, device="cpu")
    acts: dict[str, Act] = {
        kind: lambda obs, rng, kind=kind: model.predict(obs, deterministic=kind == "greedy")[0] for kind in KINDS
    }
    ask(0, {})
    model.learn(2 * LIMIT, callback=Asking())


def of_module(learn: Any, settings: Any) -> Callable[[int, Ask], None]:
    """One of `pgcourse.algorithms` with 8 environments: learn, and ask after every update."""

    def learner(seed: int, ask: Ask) -> None:
        envs = gymnasium.make_vec("CartPole-v1", num_envs=8)
        ask(0, {})
        for now in learn.train(envs, settings, seed):
            if not ask(now.steps, {"drawn": now.policy, "greedy": now.policy.greedy}):
                return

    return learner


A2C = "ours", "theirs"
LEARNERS = {
    "ours": ours,
    "theirs": theirs,
    "trpo": of_module(trpo, trpo.Settings()),
    "ppo": of_module(ppo, ppo.CARTPOLE),
}


def learn(name: str, seed: int) -> dict[str, Any]:
    """For each kind of look seconds to the threshold, those without looks, steps, and whether it was reached."""
    test = gymnasium.make_vec("CartPole-v1", num_envs=TRAJECTORIES)
    looking, seconds, learning, steps_at = dict.fromkeys(KINDS, 0.0), {}, {}, {}
    next_look, start = EVERY, 0.0

    def ask(steps: int, acts: dict[str, Act]) -> bool:
        nonlocal next_look, start
        if steps == 0:
            start = perf_counter()
        if steps < next_look:
            return True
        next_look += EVERY
        clock = perf_counter() - start  # learning alone: the looks so far are taken off below
        for kind in set(KINDS) - set(seconds):
            begin = perf_counter()
            tau = play(test, acts[kind], TRAJECTORIES, 500, np.random.default_rng(seed))
            looking[kind] += perf_counter() - begin
            if tau.length.mean() >= THRESHOLD:
                seconds[kind], learning[kind], steps_at[kind] = clock + looking[kind], clock, steps
        start = perf_counter() - clock
        return len(seconds) < len(KINDS) and steps < LIMIT

    LEARNERS[name](seed, ask)
    total = perf_counter() - start
    return {
        kind: {
            "seconds": seconds.get(kind, total + looking[kind]),
            "learning": learning.get(kind, total),
            "steps": steps_at.get(kind, LIMIT),
            "reached": kind in seconds,
        }
        for kind in KINDS
    }


def in_a_process(name: str, seed: int) -> dict[str, Any]:
    """`learn` in a fresh interpreter with one thread."""
    one = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    command = [sys.executable, "-m", "benchmarks.cartpole", name, str(seed)]
    said = subprocess.run(command, env={**os.environ, **one}, capture_output=True, text=True, check=True).stdout
    return json.loads(said.splitlines()[-1])


def turns(quick: bool, names: tuple[str, ...] = A2C) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Each run as it is done: who learned, from which seed, and what came of it."""
    for seed in range(3 if quick else 5):
        for name in names:
            yield name, seed, in_a_process(name, seed)


def run(quick: bool = False) -> list[Row]:
    """The two ratios; none, with a word why, where Stable-Baselines3 is not installed."""
    if find_spec("stable_baselines3") is None:
        print('CartPole is left out: it needs pip install -e ".[bench,peers]"', file=sys.stderr)
        return []
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in A2C}
    for name, seed, result in turns(quick):
        found[name].append(result)
        for kind, r in result.items():
            times = f"{r['seconds']:6.2f} s, {r['learning']:6.2f} s without looks, {r['steps']} steps"
            print(f"{name:6} seed {seed} {kind:6} {times}{'' if r['reached'] else ': stopped'}", file=sys.stderr)
    rows = []
    for kind, words in zip(KINDS, ("policy", "greedy policy"), strict=True):
        theirs, ours = (median(result[kind]["seconds"] for result in found[name]) for name in ("theirs", "ours"))
        missed = sum(not result[kind]["reached"] for result in found["theirs"])
        note = f" ({missed} of theirs stopped before)" if missed else ""
        what = f"CartPole-v1 to 475, {words}: Stable-Baselines3's A2C to ours{note}"
        rows.append(Row(what, theirs / ours, BOUND, False))
    return rows


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(learn(sys.argv[1], int(sys.argv[2]))))
    else:
        print(*run(), sep="\n")
