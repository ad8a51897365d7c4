"""How long `import pgcourse` takes, beside the packages it cannot do without.

    base     `import numpy, matplotlib.figure, ipywidgets` (= 1)
    package  `import pgcourse`
    all      `import pgcourse` and every module of it, as a notebook's import cell may

Each in a fresh interpreter, in turns; the ratio is the median over the rounds of the ratio within a round.

    python -m benchmarks.imports
"""

from __future__ import annotations

import subprocess
import sys
from pkgutil import iter_modules
from statistics import median
from time import perf_counter

import pgcourse
from benchmarks import Row

MODULES = ", ".join(f"pgcourse.{module.name}" for module in iter_modules(pgcourse.__path__))
PROGRAMS = {
    "base": "import numpy, matplotlib.figure, ipywidgets",
    "package": "import pgcourse",
    "all": f"import {MODULES}",
}


def seconds(program: str) -> float:
    """The time of a fresh interpreter that runs `program`, its own start included."""
    start = perf_counter()
    subprocess.run([sys.executable, "-c", program], check=True)
    return perf_counter() - start


def run(quick: bool = False) -> list[Row]:
    """The ratios to the bare imports, after one round that warms the disk."""
    for program in PROGRAMS.values():
        seconds(program)
    rounds = [{name: seconds(program) for name, program in PROGRAMS.items()} for _ in range(5 if quick else 15)]
    package, everything = (median(r[name] / r["base"] for r in rounds) for name in ("package", "all"))
    return [
        Row("import pgcourse, to its packages alone", package, 1.25, True),
        Row("import every module of pgcourse, to its packages alone", everything, 1.25, True),
    ]


if __name__ == "__main__":
    print(*run(), sep="\n")
