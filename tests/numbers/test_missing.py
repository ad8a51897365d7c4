"""Without a package that a browser's Python may lack, an error says which part needs it, and which notebooks."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from pgcourse import Policy, bellman, gaussian, lqr, overestimation, zoo
from pgcourse.algorithms import search


@pytest.mark.parametrize(
    ("package", "hidden", "call", "said"),
    [
        (
            "scipy",
            "scipy.linalg.lapack",
            lambda: bellman.exact(zoo.frozen_lake(), Policy.uniform(16, 4)),
            r"pgcourse\.bellman .* most notebooks from 01 on",
        ),
        ("scipy", "scipy.special", lambda: gaussian.clipped_scores(0, 1, -1, 1), "clipped_scores .* notebook 11 "),
        ("scipy", "scipy.special", lambda: overestimation.chosen(3), "chosen .* notebook 18 "),
        ("scipy", "scipy.special", lambda: overestimation.smoothing_factor(1, 1), "smoothing_factor .* notebook 18 "),
        ("scipy", "scipy.linalg", lambda: lqr.best_gain(lqr.LQR(0.9, 1, 1, 1, 0, 0, 1, 0.9)), "best_gain .* 06"),
        (
            "cma",
            "cma",
            lambda: next(search.cma_es(lambda x: -(x**2).sum(axis=1), [1, 1], 1, np.random.default_rng(0))),
            "notebook 16 ",
        ),
    ],
    ids=["lapack", "special", "maximum", "smoothing", "riccati", "cma"],
)
def test_a_missing_package_is_named_with_the_notebooks_that_need_it(monkeypatch, package, hidden, call, said):
    call()
    bellman._lapack.cache_clear()
    monkeypatch.setitem(sys.modules, hidden, None)
    with pytest.raises(ModuleNotFoundError, match=rf"{said}.*pip install {package}") as told:
        call()
    assert told.value.name == package
    monkeypatch.undo()
    call()


@pytest.mark.slow
def test_where_there_are_no_processes_roll_outs_go_one_after_the_other():
    """As in a browser's Python, which has no `_multiprocessing`: the same numbers, in this process."""
    program = """if True:
        import os, sys
        if sys.argv[1] == "hide":
            sys.modules["_multiprocessing"] = None
        from numpy.random import default_rng
        from pgcourse.parallel import in_order, spawn
        def task(seed):
            return default_rng(seed).integers(2**40), os.getpid() == HERE
        HERE = os.getpid()
        print(*in_order(task, spawn(0, 4), n_jobs=2 if sys.argv[1] == "hide" else 1))
    """
    ways = [
        subprocess.run([sys.executable, "-c", program, way], capture_output=True, text=True, check=True).stdout
        for way in ("hide", "keep")
    ]
    assert ways[0] == ways[1]
    assert ways[0].count("True") == 4
