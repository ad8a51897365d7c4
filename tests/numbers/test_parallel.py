"""The same work by many workers: the same results to the last bit, in any order, and no result lost by an error."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
import threading
from functools import partial

import numpy as np
import pytest

from pgcourse import Policy, zoo
from pgcourse.parallel import TasksFailed, as_finished, in_order, one_batch, spawn
from pgcourse.sampling import rollouts

CORRIDOR = zoo.short_corridor()
HALF = Policy.uniform(CORRIDOR.S, CORRIDOR.A)
SEEDS = spawn(0, 9)
HERE = ["sequential", "threading", pytest.param("loky", marks=pytest.mark.slow)]


def draws(seed):
    return np.random.default_rng(seed).standard_normal(5)


def five_fails(seed):
    if seed.spawn_key == (5,):
        raise ZeroDivisionError("five")
    return draws(seed)


def five_dies(tests, seed):
    """Ends the process, unless it is that of the tests: joblib works there if a cluster has one worker just now."""
    if seed.spawn_key == (5,):
        assert os.getpid() != tests, "the cluster has no two workers"
        os._exit(3)
    return draws(seed)


def walks(n, seed):
    return rollouts(CORRIDOR, HALF, n, 1000, np.random.default_rng(seed))


def the_same(found, k):
    return np.array_equal(found, draws(SEEDS[k]))


# Seeds


def test_every_task_of_every_run_has_a_stream_of_its_own():
    first = {tuple(draws(seed)) for run in range(20) for seed in spawn(run, 20)}
    assert len(first) == 400


def test_more_workers_only_add_streams():
    assert all(np.array_equal(draws(one), draws(other)) for one, other in zip(spawn(3, 4), spawn(3, 9), strict=False))


@pytest.mark.parametrize(("seed", "n"), [(-1, 3), (0.5, 3), (0, 0), (0, 2.5), (None, 3)])
def test_a_seed_or_number_that_is_none_is_named(seed, n):
    with pytest.raises(ValueError, match=r"^(seed|n) is .*, expected an integer ≥ [01]"):
        spawn(seed, n)


# Results


@pytest.mark.parametrize("backend", HERE)
def test_results_are_those_of_the_plain_loop_to_the_last_bit(backend):
    assert all(the_same(found, k) for k, found in enumerate(in_order(draws, SEEDS, 2, backend)))


@pytest.mark.parametrize("backend", HERE)
def test_each_task_comes_once_with_its_number(backend):
    pairs = dict(as_finished(draws, SEEDS, 2, backend))
    assert sorted(pairs) == list(range(len(SEEDS)))
    assert all(the_same(found, k) for k, found in pairs.items())


@pytest.mark.parametrize("backend", HERE)
def test_the_error_of_one_task_names_it_and_loses_no_other_result(backend):
    with pytest.raises(TasksFailed, match=r"^task 5 gave no result: ZeroDivisionError: five \(in five_fails") as found:
        in_order(five_fails, SEEDS, 2, backend)
    assert list(found.value.errors) == [5]
    assert list(found.value.results) == [k for k in range(len(SEEDS)) if k != 5]
    assert all(the_same(result, k) for k, result in found.value.results.items())


def test_the_message_counts_the_other_tasks_that_failed():
    def fails(seed):
        raise ValueError("no")

    with pytest.raises(TasksFailed, match=r"task 0 \(and 2 more\) gave no result: .*the results of the 0 others"):
        in_order(fails, spawn(0, 3), backend="sequential")


@pytest.mark.slow
def test_a_process_that_dies_names_its_task_and_loses_no_other_result():
    came = {}
    with pytest.raises(TasksFailed, match=r"^task 5 gave no result: TerminatedWorkerError") as found:
        came.update(as_finished(partial(five_dies, os.getpid()), SEEDS, 2))
    assert list(found.value.errors) == [5]
    assert list(found.value.results) == [k for k in range(len(SEEDS)) if k != 5]
    assert all(the_same(result, k) for k, result in found.value.results.items())


def test_whoever_waits_may_look_at_something_else_meanwhile():
    go_on = threading.Event()

    def waits(seed):
        assert go_on.wait(timeout=60)
        return draws(seed)

    finished = as_finished(waits, SEEDS, 2, "threading", patience=0.01)
    assert next(finished) is None
    go_on.set()
    assert sorted(pair[0] for pair in finished if pair is not None) == list(range(len(SEEDS)))


@pytest.mark.parametrize("backend", HERE)
def test_to_stop_is_to_ask_no_more(backend, recwarn):
    finished = as_finished(draws, spawn(0, 10_000), 2, backend)
    k, result = next(finished)
    finished.close()
    assert np.array_equal(result, draws(spawn(0, 10_000)[k]))
    assert not list(finished)
    assert not [warning for warning in recwarn if "joblib" in str(warning.filename)]


@pytest.mark.slow
def test_no_more_is_given_out_than_is_asked_for():
    """Or a picture that is stopped would go on in the background."""
    begun, one_more = [], threading.Semaphore(0)

    def counts(seed):
        begun.append(seed)
        one_more.release()

    finished = as_finished(counts, spawn(0, 500), 2, "threading")
    next(finished)
    while one_more.acquire(timeout=0.3):  # until nothing begins any more
        pass
    assert len(begun) < 50
    assert len(list(finished)) == 499


def test_no_task_is_no_work():
    assert in_order(draws, []) == []


# Roll-outs


def test_batches_are_joined_in_order_and_keep_every_trajectory():
    parts = in_order(partial(walks, 40), SEEDS, 2, "threading")
    whole = one_batch(parts)
    assert len(whole) == 40 * len(SEEDS)
    assert np.array_equal(whole.length, np.concatenate([tau.length for tau in parts]))
    rewards = np.concatenate([tau.sums(tau.steps.r * 0.9**tau.steps.t) for tau in parts])
    assert np.allclose(whole.sums(whole.steps.r * 0.9**whole.steps.t), rewards)
    order = list(zip(whole.steps.t.tolist(), whole.steps.n.tolist(), strict=True))
    assert order == sorted(order), "as Packed has it: by time, then by trajectory"


def test_joined_batches_have_the_corridor_s_mean_and_variance():
    """E T = 12 and Var T = 92, by (I − p^π)⁻¹ in test_begun_first."""
    length = one_batch(in_order(partial(walks, 500), SEEDS)).length
    n = len(length)
    assert abs(length.mean() - 12) < 5 * np.sqrt(92 / n)
    fourth = ((length - 12.0) ** 4).mean()
    assert abs(((length - 12.0) ** 2).mean() - 92) < 5 * np.sqrt((fourth - 92**2) / n)


def test_nothing_cannot_be_joined():
    with pytest.raises(ValueError, match=r"^parts is empty, expected"):
        one_batch([])


# What is refused


@pytest.mark.parametrize("n_jobs", [0, -1, 1.5, True, "2", None])
def test_a_number_of_jobs_that_is_none_is_named(n_jobs):
    with pytest.raises(ValueError, match=r"^n_jobs is .*, expected an integer ≥ 1"):
        as_finished(draws, SEEDS, n_jobs)


@pytest.mark.parametrize("patience", [0, -1, np.nan, "long"])
def test_a_patience_that_is_none_is_named(patience):
    with pytest.raises(ValueError, match=r"^patience is .*, expected a number > 0"):
        as_finished(draws, SEEDS, patience=patience)


def test_another_backend_is_refused_by_name():
    with pytest.raises(
        ValueError, match=r"^backend is 'spark', expected one of sequential, loky, threading, dask, ray"
    ):
        as_finished(draws, SEEDS, backend="spark")


@pytest.mark.parametrize(("backend", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_a_backend_that_is_not_installed_says_which_extra_to_install(backend, package, monkeypatch):
    monkeypatch.setattr("pgcourse.parallel.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=rf'needs the package {package}, .* -e "\.\[{backend}\]"$'):
        as_finished(draws, SEEDS, 2, backend)


@pytest.mark.parametrize("backend", ["loky", "dask"])
def test_a_task_that_cannot_be_sent_is_named(backend):
    lock = threading.Lock()

    def holds_a_lock(seed):
        return lock

    pytest.importorskip("distributed" if backend == "dask" else "joblib", reason="the extra is not installed")
    with pytest.raises(
        TypeError, match=r"^task holds_a_lock cannot be sent to another process .*, expected a function"
    ):
        as_finished(holds_a_lock, SEEDS, 2, backend)
    assert next(as_finished(holds_a_lock, SEEDS, 2, "threading"))[1] is lock


def test_a_number_in_the_place_of_seeds_is_named():
    with pytest.raises(TypeError, match=r"^seeds is 3, expected one seed for each task, as spawn\(0, n\) gives"):
        as_finished(len, 3)


def test_what_is_no_function_is_no_task():
    with pytest.raises(TypeError, match=r"^task is 3, expected a function of one seed"):
        as_finished(3, SEEDS)


# Where there are no processes, and on clusters


@pytest.mark.slow
def test_where_python_starts_no_processes_it_is_the_plain_loop():
    """joblib takes this variable for what a browser's Python has: no `multiprocessing`."""
    program = (
        "import os; from pgcourse.parallel import in_order, spawn; "
        "print(set(in_order(lambda seed: os.getpid(), spawn(0, 3), 2)) == {os.getpid()})"
    )
    there = os.environ | {"JOBLIB_MULTIPROCESSING": "0"}
    said = subprocess.run([sys.executable, "-c", program], env=there, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "True"


@pytest.fixture(scope="module")
def dask():
    distributed = pytest.importorskip("distributed", reason="needs the extra dask: pip install -e '.[dask]'")
    with distributed.Client(n_workers=2, threads_per_worker=1, dashboard_address=None) as client:

        def ready():
            client.wait_for_workers(
                2, timeout=120
            )  # one that was silent for long is taken for dead, and another begins
            return "dask"

        yield ready


@pytest.fixture(scope="module")
def ray():
    ray = pytest.importorskip("ray", reason="needs the extra ray: pip install -e '.[ray]'")
    for attempt in range(8):  # Ray gives its own processes 30 seconds to start, which a busy machine may not keep
        try:
            ray.init(num_cpus=2, include_dashboard=False, object_store_memory=10**8)
            break
        except Exception as error:
            ray.shutdown()
            if "timed out during startup" not in str(error) or attempt == 7:
                raise
    yield lambda: "ray"
    ray.shutdown()


def where_and_what(seed):
    return os.getpid(), five_fails(seed), walks(40, seed)


@pytest.mark.slow
@pytest.mark.parametrize("cluster", ["dask", "ray"])
def test_a_cluster_of_two_processes_gives_the_same_to_the_last_bit_and_names_what_fails(cluster, request):
    """All in one call: with Ray each call starts two processes anew."""
    with pytest.raises(TasksFailed, match=r"^task 5 gave no result: ZeroDivisionError") as found:
        in_order(where_and_what, SEEDS, 2, request.getfixturevalue(cluster)())
    assert list(found.value.results) == [k for k in range(len(SEEDS)) if k != 5]
    for k, (process, drawn, walked) in found.value.results.items():
        assert process != os.getpid()
        assert the_same(drawn, k)
        assert np.array_equal(walked.steps.s, walks(40, SEEDS[k]).steps.s)


@pytest.mark.slow
@pytest.mark.parametrize("cluster", ["dask", "ray"])
def test_a_worker_of_a_cluster_that_dies_names_its_task_too(cluster, request):
    with pytest.raises(TasksFailed, match=r"^task 1 gave no result: ") as found:
        in_order(partial(five_dies, os.getpid()), SEEDS[4:6], 2, request.getfixturevalue(cluster)())
    assert list(found.value.results) == [0]
    assert np.array_equal(found.value.results[0], draws(SEEDS[4]))


def test_a_failure_can_be_pickled_and_copied():
    failed = TasksFailed({1: "it was stopped"}, {0: 5})
    for again in (pickle.loads(pickle.dumps(failed)), copy.copy(failed), copy.deepcopy(failed)):
        assert (str(again), again.errors, again.results) == (str(failed), failed.errors, failed.results)
