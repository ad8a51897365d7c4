"""CartPole-v1 and Pendulum-v1 with PPO: ours beside Stable-Baselines3's.

ours    `pgcourse.algorithms.ppo` with CARTPOLE, or as its Settings stand; 8 environments
theirs  Stable-Baselines3's PPO with rl-baselines3-zoo's hyper-parameters for the task, and its environments: 8 and 4

Solved is a mean return ≥ 475 of 100 trajectories of CartPole, actions drawn; ≥ −200 of 50 of Pendulum, without noise: a
look every 2,500 steps, the same code for both. The seconds are those of learning alone, of the processor, not of the
clock: what else the machine does falls on neither. A learner that is not there after 100,000 steps, the zoo's, is
stopped and its time counts as it is. Each run is a process of its own with one thread. Ours and theirs take turns, seed
by seed; a ratio is that of medians.

    pip install -e ".[bench,peers]"      # large: see benchmarks/README.md. Without it only ours run
    python -m benchmarks.on_policy
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from statistics import median
from time import process_time
from typing import Any

import gymnasium
import numpy as np

from benchmarks import Row
from benchmarks.off_policy import in_a_process
from pgcourse.algorithms import ppo
from pgcourse.environments import Act, play

EVERY, LIMIT = 2_500, 100_000


@dataclass(frozen=True)
class Task:
    """What is to be reached, with which settings, and how many times faster."""

    threshold: float
    trajectories: int
    horizon: int
    settings: ppo.Settings
    greedy: bool
    bound: float


TASKS = {
    "CartPole-v1": Task(475, 100, 500, ppo.CARTPOLE, False, 5.0),
    "Pendulum-v1": Task(-200, 50, 200, ppo.Settings(), True, 4.0),
}

Ask = Callable[[int, Act], bool]  # (steps so far, the policy) → is there more to do?


def ours(name: str, seed: int, ask: Ask) -> None:
    """Learn, and ask after every update."""
    for now in ppo.train(gymnasium.make_vec(name, num_envs=8), TASKS[name].settings, seed):
        if not ask(now.steps, now.policy.greedy if TASKS[name].greedy else now.policy):
            return


def theirs(name: str, seed: int, ask: Ask) -> None:
    """Learn, and ask after every step."""
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env

    class Asking(BaseCallback):
        def _on_step(self) -> bool:
            return ask(self.num_timesteps, lambda obs, rng: model.predict(obs, deterministic=TASKS[name].greedy)[0])

    def falling(most: float) -> Callable[[float], float]:
        return lambda left: most * left

    torch.set_num_threads(1)
    tuned: dict[str, dict[str, Any]] = {
        "CartPole-v1": {
            "n_steps": 32,
            "batch_size": 256,
            "gae_lambda": 0.8,
            "gamma": 0.98,
            "n_epochs": 20,
            "learning_rate": falling(1e-3),
            "clip_range": falling(0.2),
        },
        "Pendulum-v1": {"n_steps": 1024, "gamma": 0.9, "learning_rate": 1e-3, "use_sde": True, "sde_sample_freq": 4},
    }
    env = make_vec_env(name, n_envs={"CartPole-v1": 8, "Pendulum-v1": 4}[name], seed=seed)
    model = PPO("MlpPolicy", env, ent_coef=0.0, seed=seed, device="cpu", **tuned[name])
    model.learn(LIMIT, callback=Asking())


def learn(whose: str, name: str, seed: int) -> dict[str, Any]:
    """Processor seconds of learning until a look is at the threshold, steps, and whether it was."""
    task = TASKS[name]
    test = gymnasium.make_vec(name, num_envs=task.trajectories)
    found = {"seconds": 0.0, "steps": 0, "reached": False}
    next_look, start = EVERY, process_time()

    def ask(steps: int, act: Act) -> bool:
        nonlocal next_look, start
        if steps < next_look:
            return True
        next_look += EVERY
        found["seconds"] += process_time() - start
        found["steps"] = steps
        tau = play(test, act, task.trajectories, task.horizon, np.random.default_rng(steps), clip=True)
        found["reached"] = bool(tau.sums(tau.steps.r).mean() >= task.threshold)
        start = process_time()
        return not found["reached"] and steps < LIMIT

    {"ours": ours, "theirs": theirs}[whose](name, seed, ask)
    return found


def races(quick: bool) -> Iterator[Row]:
    """For each task how many of ours arrive and, where Stable-Baselines3 is installed, the ratio of seconds."""
    peers = find_spec("stable_baselines3") is not None
    if not peers:
        print('Stable-Baselines3 is left out: it needs pip install -e ".[bench,peers]"', file=sys.stderr)
    for name, task in TASKS.items():
        found: dict[str, list[dict[str, Any]]] = {"ours": [], "theirs": []}
        for seed in range(2 if quick else 5):
            for whose in ("ours", "theirs") if peers else ("ours",):
                found[whose].append(r := in_a_process(whose, name, str(seed), module="benchmarks.on_policy"))
                stopped = "" if r["reached"] else ": stopped"
                print(
                    f"{name} {whose:6} seed {seed} {r['seconds']:6.2f} s, {r['steps']} steps{stopped}", file=sys.stderr
                )
        reached, runs = sum(r["reached"] for r in found["ours"]), len(found["ours"])
        threshold = f"{task.threshold:g}".replace("-", "−")
        yield Row(f"{name} to {threshold} by our PPO, seeds of {runs}", reached, runs, False)
        if peers:
            theirs, ours = (median(r["seconds"] for r in found[whose]) for whose in ("theirs", "ours"))
            what = f"{name} to {threshold}, PPO: Stable-Baselines3 to ours"
            yield Row(what, theirs / ours, task.bound, False)


def run(quick: bool = False) -> list[Row]:
    """What arrives, and how fast beside Stable-Baselines3."""
    return [*races(quick)]


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(learn(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
    else:
        print(*run(), sep="\n")
