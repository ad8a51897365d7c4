"""How long our TRPO takes to solve CartPole-v1, beside our PPO.

`trpo.train` with its defaults and `ppo.train` with CARTPOLE, 8 environments each. The looks are those of
`benchmarks.cartpole`, with actions drawn from the policy.

python -m benchmarks.trust
"""

from __future__ import annotations

import sys
from statistics import median
from typing import Any

from benchmarks import Row, cartpole


def run(quick: bool = False) -> list[Row]:
    """The ratio of the medians of the seconds, and how many seeds get there."""
    found: dict[str, list[dict[str, Any]]] = {"trpo": [], "ppo": []}
    for name, seed, result in cartpole.turns(quick, ("trpo", "ppo")):
        found[name].append(r := result["drawn"])
        print(f"{name:4} seed {seed} {r['learning']:6.2f} s without looks, {r['steps']} steps", file=sys.stderr)
    trpo, ppo = (median(r["learning"] for r in found[name]) for name in ("trpo", "ppo"))
    reached = sum(r["reached"] for r in found["trpo"])
    return [
        Row("CartPole-v1 to 475: seconds of our TRPO to those of our PPO", trpo / ppo, 1, True),
        Row(f"TRPO reaches 475, seeds of {len(found['trpo'])}", reached, len(found["trpo"]), False),
    ]


if __name__ == "__main__":
    print(*run(), sep="\n")
