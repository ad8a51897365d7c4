"""What is drawn and claimed holds on a processor that rounds differently: without AVX-512, as most laptops are.

One child process runs the code of all notebooks, another the tests of all that is sampled. There NumPy and OpenBLAS do
without these instructions, and last digits differ from those of this process.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

TESTS = Path(__file__).parents[1]
CHILD = TESTS / "notebooks" / "without_avx512.py"  # no test_: pytest finds it only where it is named
VARIABLE = "NPY_DISABLE_CPU_FEATURES"
AVX512 = [name for name in __cpu_dispatch__ if name == "X86_V4" or name.startswith("AVX512")]
SAMPLED = (
    "algorithms",
    "lockstep",
    "exercises/test_nb04_theorem.py",
    "exercises/test_nb07_rollouts.py",
    "exercises/test_nb08_actor_critic.py",
    "numbers/test_environments.py",
    "numbers/test_estimators.py",
    "numbers/test_returns.py",
    "numbers/test_rollouts.py",
    "numbers/test_sampling.py",
)


def test_notebooks_and_samples_keep_their_claims_where_digits_differ(tmp_path):
    used = [name for name in AVX512 if __cpu_features__[name]]
    if not used:
        pytest.skip("no AVX-512 here, or NumPy does not use it: the other tests have shown it already")
    other = os.environ | {VARIABLE: " ".join(used), "OPENBLAS_CORETYPE": "Haswell"}
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]
    said, children = [], []
    for files in ([str(CHILD)], [str(TESTS / name) for name in SAMPLED]):
        said.append(tmp_path / str(len(said)))
        with said[-1].open("w") as out:
            child = subprocess.Popen([*command, *files], env=other, cwd=TESTS.parent, stdout=out, stderr=out)
        children.append(child)
    codes = [child.wait() for child in children]
    assert codes == [0, 0], "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in said)
