"""Measure, print one table, and keep it: results.json, and the table in the READMEs.

python -m benchmarks [--quick]            everything; returns 1 if a bound is not kept
python -m benchmarks exact imports        these modules alone: the figures of the others stay as they were
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import (
    Row,
    cartpole,
    clipping,
    continuous,
    exact,
    horizon,
    imports,
    known,
    latency,
    lockstep,
    marking,
    meanwhile,
    off_policy,
    on_policy,
    parallel,
    present,
    search,
    site,
    trust,
    updates,
)
from classroom.lab import CHROMIUM

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
READMES = HERE / "README.md", HERE.parent / "README.md"
OPEN, CLOSE = "<!-- benchmarks -->", "<!-- /benchmarks -->"
PACKAGES = "numpy", "matplotlib", "jupyterlab", "ipywidgets", "anywidget", "ipympl"
PEERS = "stable_baselines3", "torch"  # measured against


MODULES = (
    exact,
    clipping,
    continuous,
    horizon,
    lockstep,
    parallel,
    imports,
    site,
    marking,
    present,
    cartpole,
    trust,
    updates,
    off_policy,
    on_policy,
    search,
    latency,
    known,
    meanwhile,
)
NAMES = [module.__name__.removeprefix("benchmarks.") for module in MODULES]


def results(measured: Mapping[str, Sequence[Row]], quick: bool, before: dict[str, Any]) -> dict[str, Any]:
    """The figures by module, those of other modules as they were before, and what they were measured with."""
    said = subprocess.run([str(CHROMIUM), "--version"], capture_output=True, text=True, check=True).stdout
    chromium = re.search(r"[\d.]+", said)
    new = {name: [figure(name, row, quick) for row in rows] for name, rows in measured.items()}
    old = [one for one in before["figures"] if one["module"] not in new]
    return {
        "figures": [one for name in NAMES for one in new.get(name, [one for one in old if one["module"] == name])],
        "versions": before["versions"]
        | {
            "python": platform.python_version(),
            **{package: version(package) for package in (*PACKAGES, *PEERS) if find_spec(package)},
            "chromium": chromium.group() if chromium else said.strip(),
        },
        "cores": os.cpu_count(),
    }


def figure(name: str, row: Row, quick: bool) -> dict[str, Any]:
    """A row of the table."""
    return {
        "module": name,
        "what": row.what,
        "figure": float(f"{row.ratio:.3g}"),
        "bound": row.bound,
        "at_most": row.at_most,
        "reached": bool(row.reached),
        "quick": quick,
    }


def table(found: dict[str, Any]) -> str:
    """As GitHub shows it, with a line on what it was measured with."""
    lines = ["| what | figure | bound | reached |", "|---|---:|---:|:---:|"]
    for row in found["figures"]:
        bound = f"{'≤' if row['at_most'] else '≥'} {row['bound']:g}"
        what = row["what"] + " *" * row["quick"]
        lines.append(f"| {what} | {row['figure']:g} | {bound} | {'yes' if row['reached'] else '**no**'} |")
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    hasty = " A star marks a quick run, of few repetitions." if any(row["quick"] for row in found["figures"]) else ""
    return "\n".join([*lines, "", f"Measured on {found['cores']} cores: {versions}.{hasty}"])


def keep(text: str, readme: Path) -> None:
    """Put the table between the markers, where a README has them."""
    if readme.exists() and OPEN in (old := readme.read_text(encoding="utf-8")):
        before, rest = old.split(OPEN, 1)
        after = rest.split(CLOSE, 1)[1]
        readme.write_text(f"{before}{OPEN}\n\n{text}\n\n{CLOSE}{after}", encoding="utf-8")


def main() -> int:
    if {"-h", "--help"} & {*sys.argv[1:]}:
        print(__doc__)
        return 0
    quick, names = "--quick" in sys.argv[1:], [word for word in sys.argv[1:] if word != "--quick"]
    if unknown := [name for name in names if name not in NAMES]:
        print(f"{', '.join(unknown)} is no benchmark; expected some of {', '.join(NAMES)}", file=sys.stderr)
        return 2
    if CHROMIUM is None:  # the table names its version, whatever was measured: all would be lost at the end
        print("There is no Chromium or Chrome on the PATH, expected one: install it first.", file=sys.stderr)
        return 2
    chosen = [(name, module) for name, module in zip(NAMES, MODULES, strict=True) if name in (names or NAMES)]
    measured = {name: module.run(quick) for name, module in chosen}
    found = results(measured, quick, json.loads(RESULTS.read_text(encoding="utf-8")))
    print(table(found))
    RESULTS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for readme in READMES:
        keep(table(found), readme)
    return 0 if all(row.reached for rows in measured.values() for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
