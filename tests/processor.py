"""With which of the processor's instructions NumPy and OpenBLAS work: AVX-512 gives other last digits.

The tests, and the processes that they start, do without it, as most laptops do. Kernels have all that this processor
has (`own`). So what a notebook claims is tried with both, and no claim hangs on a last digit.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

CHOICE = "PGCOURSE_PROCESSOR"  # "own" lets the tests have everything, too
VARIABLES = ("NPY_DISABLE_CPU_FEATURES", "OPENBLAS_CORETYPE")  # read when NumPy is imported
ASK = """
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
names = [name for name in __cpu_dispatch__ if name == "X86_V4" or name.startswith("AVX512")]
print(*[name for name in names if __cpu_features__[name]])
"""


def avx512_in_use() -> str:
    """The names of what NumPy uses of AVX-512 in a new process with this environment, with spaces between."""
    return subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True).stdout.strip()


def do_without_avx512() -> None:
    """In this process, which must not have imported NumPy yet, and in those that it starts."""
    if os.environ.get(CHOICE) == "own":
        return
    assert "numpy" not in sys.modules, "NumPy was imported before conftest.py"
    if names := avx512_in_use():
        os.environ.update(zip(VARIABLES, (names, "Haswell"), strict=True))


@contextmanager
def own() -> Iterator[None]:
    """What is started in this block has all that the processor has."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (*VARIABLES, "OPENBLAS_NUM_THREADS"):
            patch.delenv(name, raising=False)
        patch.setenv(CHOICE, "own")
        yield
