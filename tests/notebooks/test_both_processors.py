"""What is sampled holds with AVX-512 and without it: on processors that round differently.

The tests of this process do without it (processor.py). A child process runs once more the tests of all that is
sampled, with all that this processor has; the notebooks run so in their kernels. Of what takes long, it runs what is
marked `sampled`: statements about means. Whether a learner comes to its goal is tried here, and in the notebooks.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import processor
import pytest
from numpy._core._multiarray_umath import __cpu_features__

TESTS = Path(__file__).parents[1]
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


@pytest.fixture(scope="module")
def names():
    """What a process with everything has, and this one has not."""
    with processor.own():
        used = processor.avx512_in_use()
    if not used:
        pytest.skip("no AVX-512 here, or NumPy does not use it: the other tests have shown it already")
    return used


def test_these_tests_and_what_they_start_do_without(names):
    assert not any(__cpu_features__[name] for name in names.split())
    assert not processor.avx512_in_use()


def test_samples_keep_their_claims_where_digits_differ(names):
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider"]
    command += ["-m", "not slow or sampled"]
    with processor.own():
        child = subprocess.run(
            [*command, *(str(TESTS / name) for name in SAMPLED)],
            cwd=TESTS.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
    assert child.returncode == 0, child.stdout.decode(errors="replace")
