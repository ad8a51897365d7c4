"""What test_another_processor runs in a child process, whose NumPy does without AVX-512."""

from __future__ import annotations

import nbformat
import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__
from stored_notebooks import NOTEBOOKS

AVX512 = [name for name in __cpu_dispatch__ if name == "X86_V4" or name.startswith("AVX512")]


def test_a_child_does_without():
    assert AVX512
    assert not any(__cpu_features__[name] for name in AVX512)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path):
    """Its cells in one process, without a kernel: with their asserts, and the answers of the exercises."""
    known: dict[str, object] = {}
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, f"{path.stem}, {cell.id}", "exec"), known)
