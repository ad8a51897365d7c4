"""Measure everything, print one table, and keep it: results.json, and the table in the READMEs.

python -m benchmarks [--quick]     returns 1 if a bound is not kept
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import Row, cartpole, exact, imports, latency, lockstep

HERE = Path(__file__).parent
READMES = HERE / "README.md", HERE.parent / "README.md"
OPEN, CLOSE = "<!-- benchmarks -->", "<!-- /benchmarks -->"
PACKAGES = "numpy", "matplotlib", "jupyterlab", "ipywidgets", "anywidget", "ipympl"
PEERS = "stable_baselines3", "torch"  # measured against, where they are installed


def results(rows: Sequence[Row], quick: bool) -> dict[str, Any]:
    """The figures, and what they were measured with."""
    said = subprocess.run([str(latency.CHROMIUM), "--version"], capture_output=True, text=True, check=True).stdout
    chromium = re.search(r"[\d.]+", said)
    return {
        "figures": [
            {
                "what": row.what,
                "figure": float(f"{row.ratio:.3g}"),
                "bound": row.bound,
                "at_most": row.at_most,
                "reached": bool(row.reached),
            }
            for row in rows
        ],
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in PACKAGES},
            **{package: version(package) for package in PEERS if find_spec(package)},
            "chromium": chromium.group() if chromium else said.strip(),
        },
        "cores": os.cpu_count(),
        "quick": quick,
    }


def table(found: dict[str, Any]) -> str:
    """As GitHub shows it, with a line on what it was measured with."""
    lines = ["| what | figure | bound | reached |", "|---|---:|---:|:---:|"]
    for row in found["figures"]:
        bound = f"{'≤' if row['at_most'] else '≥'} {row['bound']:g}"
        lines.append(f"| {row['what']} | {row['figure']:g} | {bound} | {'yes' if row['reached'] else '**no**'} |")
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    haste = "A quick run, of few repetitions, on" if found["quick"] else "One run on"
    return "\n".join([*lines, "", f"{haste} {found['cores']} cores: {versions}."])


def keep(text: str, readme: Path) -> None:
    """Put the table between the markers, where a README has them."""
    if readme.exists() and OPEN in (old := readme.read_text(encoding="utf-8")):
        before, rest = old.split(OPEN, 1)
        after = rest.split(CLOSE, 1)[1]
        readme.write_text(f"{before}{OPEN}\n\n{text}\n\n{CLOSE}{after}", encoding="utf-8")


def main() -> int:
    quick = "--quick" in sys.argv[1:]
    modules = (exact, lockstep, imports, cartpole, latency)
    rows = [row for module in modules for row in module.run(quick)]
    found = results(rows, quick)
    print(table(found))
    (HERE / "results.json").write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for readme in READMES:
        keep(table(found), readme)
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
