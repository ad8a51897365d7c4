"""How long `import pgcourse` takes, beside the packages it cannot do without.

    base     `import numpy, matplotlib.figure, ipywidgets` (= 1)
    package  `import pgcourse`
    all      `import pgcourse` and every module of it, as a notebook's import cell may

Each in a fresh interpreter, in turns; the ratio is the median over the rounds of the ratio within a round. Bytecode is
kept in a folder of its own, as Python does where nobody forbids it; the first round writes it.

    python -m benchmarks.imports
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pkgutil import walk_packages
from statistics import median
from time import perf_counter

import pgcourse
from benchmarks import Row

MODULES = ", ".join(module.name for module in walk_packages(pgcourse.__path__, "pgcourse."))
PROGRAMS = {
    "base": "import numpy, matplotlib.figure, ipywidgets",
    "package": "import pgcourse",
    "all": f"import {MODULES}",
}


def run(quick: bool = False) -> list[Row]:
    """The ratios to the bare imports, after one round that warms the disk and writes the bytecode."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}

        def seconds(program: str) -> float:
            """The time of a fresh interpreter that runs `program`, its own start included."""
            start = perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True, env=environment)
            return perf_counter() - start

        for program in PROGRAMS.values():
            seconds(program)
        rounds = [{name: seconds(program) for name, program in PROGRAMS.items()} for _ in range(5 if quick else 15)]
    package, everything = (median(r[name] / r["base"] for r in rounds) for name in ("package", "all"))
    return [
        Row("import pgcourse, to its packages alone", package, 1.25, True),
        Row("import every module of pgcourse, to its packages alone", everything, 1.15, True),
    ]


if __name__ == "__main__":
    print(*run(), sep="\n")
