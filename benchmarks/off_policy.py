"""Pendulum-v1 with SAC, TD3 and DDPG: ours in NumPy beside Stable-Baselines3's.

ours    `pgcourse.algorithms`, with Settings for this task alone: TUNED. Targets that follow faster (τ = 0.02) halve the
        steps that are needed, and 64 transitions an update teach as much here as 256; single precision, as theirs
theirs  those of Stable-Baselines3 with rl-baselines3-zoo's hyper-parameters for Pendulum, and networks as ours,
        (64, 64). SAC and DDPG have the zoo's warm-up of 100 and 10,000 steps. The zoo's TD3 has 10,000, too; here it
        has 1,000, as ours does, in its favour.

Solved is a mean return ≥ −200 of 20 trajectories without noise, in two looks running: a look every 500 steps, the same
code for all. The seconds are those of learning alone, of the processor, not of the clock: what else the machine does
falls on neither. A learner that is not there after 20,000 steps, the zoo's, is stopped and its time counts as it is.
Each run is a process of its own with one thread. Ours and theirs take turns, seed by seed; a ratio is that of medians.

    pip install -e ".[bench,peers]"      # large: see benchmarks/README.md. Without it only ours run
    python -m benchmarks.off_policy
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from statistics import median
from time import process_time
from typing import Any

import gymnasium
import numpy as np

from benchmarks import Row
from pgcourse.algorithms import ddpg, sac, td3
from pgcourse.environments import Act, play

THRESHOLD, TRAJECTORIES, EVERY, LIMIT, RUNNING = -200, 20, 500, 20_000, 2
BOUNDS = {"sac": 4.0, "td3": 2.5, "ddpg": 10.0}
OURS: dict[str, Any] = {"sac": sac, "td3": td3, "ddpg": ddpg}
TUNED: dict[str, Any] = {"alpha_theta": 2e-3, "alpha_w": 2e-3, "tau": 0.02, "batch": 64, "precision": "single"}
WARMUP = {"sac": 100, "td3": 1000, "ddpg": 500}

Ask = Callable[[int, Act], bool]  # (steps so far, the policy without noise) → is there more to do?


def ours(name: str, seed: int, ask: Ask) -> None:
    """Learn, and ask after every 50 steps."""
    settings = OURS[name].Settings(**TUNED, warmup=WARMUP[name])
    for learner in OURS[name].train(gymnasium.make("Pendulum-v1"), settings, seed):
        if not ask(learner.steps, lambda obs, rng, learner=learner: learner.actor(obs)):
            return


def theirs(name: str, seed: int, ask: Ask) -> None:
    """Learn, and ask after every step."""
    import stable_baselines3
    import torch
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.noise import NormalActionNoise

    class Asking(BaseCallback):
        def _on_step(self) -> bool:
            return ask(self.num_timesteps, lambda obs, rng: model.predict(obs, deterministic=True)[0])

    torch.set_num_threads(1)
    tuned: dict[str, Any] = {}
    if name != "sac":
        noise, warmup = NormalActionNoise(np.zeros(1), 0.1 * np.ones(1)), {"td3": 1_000, "ddpg": 10_000}[name]
        tuned = {"gamma": 0.98, "buffer_size": 200_000, "learning_starts": warmup, "action_noise": noise}
    kind = getattr(stable_baselines3, name.upper())
    networks = {"net_arch": [64, 64]}
    env = gymnasium.make("Pendulum-v1")
    model = kind("MlpPolicy", env, learning_rate=1e-3, policy_kwargs=networks, seed=seed, device="cpu", **tuned)
    model.learn(2 * LIMIT, callback=Asking())


def learn(whose: str, name: str, seed: int) -> dict[str, Any]:
    """Processor seconds of learning until two looks running are at the threshold, steps, and whether they were."""
    test = gymnasium.make_vec("Pendulum-v1", num_envs=TRAJECTORIES)
    found = {"seconds": 0.0, "steps": 0, "reached": False}
    good, start = 0, process_time()

    def ask(steps: int, act: Act) -> bool:
        nonlocal good, start
        if steps % EVERY:
            return True
        found["seconds"] += process_time() - start
        found["steps"] = steps
        tau = play(test, act, TRAJECTORIES, 200, np.random.default_rng(steps), clip=True)
        good = good + 1 if tau.sums(tau.steps.r).mean() >= THRESHOLD else 0
        found["reached"] = good == RUNNING
        start = process_time()
        return good < RUNNING and steps < LIMIT

    {"ours": ours, "theirs": theirs}[whose](name, seed, ask)
    return found


def in_a_process(*arguments: str, module: str = "benchmarks.off_policy") -> dict[str, Any]:
    """`learn` of the module in a fresh interpreter with one thread."""
    one = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL")}
    command = [sys.executable, "-m", module, *arguments]
    said = subprocess.run(command, env={**os.environ, **one}, capture_output=True, text=True, check=True).stdout
    return json.loads(said.splitlines()[-1])


def pendulum(quick: bool) -> Iterator[Row]:
    """For each algorithm how many of ours arrive and, where Stable-Baselines3 is installed, the ratio of seconds."""
    peers = find_spec("stable_baselines3") is not None
    if not peers:
        print('Stable-Baselines3 is left out: it needs pip install -e ".[bench,peers]"', file=sys.stderr)
    for name, bound in BOUNDS.items():
        found: dict[str, list[dict[str, Any]]] = {"ours": [], "theirs": []}
        for seed in range(2 if quick else 5):
            for whose in ("ours", "theirs") if peers else ("ours",):
                found[whose].append(r := in_a_process(whose, name, str(seed)))
                stopped = "" if r["reached"] else ": stopped"
                print(
                    f"{name:4} {whose:6} seed {seed} {r['seconds']:6.2f} s, {r['steps']} steps{stopped}",
                    file=sys.stderr,
                )
        reached, runs = sum(r["reached"] for r in found["ours"]), len(found["ours"])
        yield Row(f"Pendulum-v1 to −200 by our {name.upper()}, seeds of {runs}", reached, runs, False)
        if peers:
            theirs, ours = (median(r["seconds"] for r in found[whose]) for whose in ("theirs", "ours"))
            what = f"Pendulum-v1 to −200, {name.upper()}: Stable-Baselines3 to ours"
            yield Row(what, theirs / ours, bound, False)


def run(quick: bool = False) -> list[Row]:
    """What arrives, and how fast beside Stable-Baselines3."""
    return [*pendulum(quick)]


if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(learn(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
    else:
        print(*run(), sep="\n")
