"""The same work with many seeds, on the processes of this computer or of others, through joblib.

    spawn(seed, n)                      one independent seed for each task
    as_finished(task, seeds, …)         (k, task(seeds[k])) as they finish: a generator; to stop is to close it
    in_order(task, seeds, …)            [task(seeds[0]), task(seeds[1]), …]
    one_batch([tau_0, tau_1, …])        the roll-outs of many tasks as one batch

A task carries its own seed, and all its random numbers come from it. So the results do not hang on which process did
which task, nor on how many there are: they are those of the plain loop, to the last bit. (Linear algebra with large
matrices may differ in its last digits with the number of its threads: "loky" gives each process one.)

    backend "sequential"                the plain loop
            "loky"                      n_jobs processes of this computer; their linear algebra has one thread each
            "threading"                 n_jobs threads
            "dask", "ray"               the workers of a cluster; README says how to reach one

Where Python can start no processes, as in a browser, "loky" is the plain loop, too.
"""

from __future__ import annotations

import pickle
import time
import traceback
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.random import SeedSequence

from pgcourse.arrays import number, sealed, whole
from pgcourse.trajectories import Packed, Trajectories

Result = TypeVar("Result")
Task = Callable[[SeedSequence], Result]
Finished = Generator[tuple[int, Result] | None, None, None]

BACKENDS = {"sequential": "", "loky": "", "threading": "", "dask": "distributed", "ray": "ray"}  # what each needs
LOCAL = ("sequential", "threading")  # nothing is sent anywhere
AHEAD = 4  # tasks a worker that are given out and whose results nobody has taken: then no more are
POLL = 0.005  # seconds between two looks at whether a result has come


class TasksFailed(RuntimeError):
    """Some tasks gave no result. `errors`: k → what happened to task k; `results`: k → those of all the others."""

    def __init__(self, errors: Mapping[int, str], results: Mapping[int, Any]) -> None:
        self.errors, self.results = dict(sorted(errors.items())), dict(sorted(results.items()))
        first, why = next(iter(self.errors.items()))
        more = f" (and {len(self.errors) - 1} more)" if len(self.errors) > 1 else ""
        there = f"the results of the {len(self.results)} others are in `results`"
        super().__init__(f"task {first}{more} gave no result: {why}; {there}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.errors, self.results)  # an exception is pickled by its message otherwise


class _Outcome(NamedTuple):
    k: int
    result: Any
    error: str = ""


def spawn(seed: int, n: int) -> list[SeedSequence]:
    """n seeds, each of a random stream of its own: SeedSequence(seed).spawn(n).

    `np.random.default_rng(seeds[k])` is the generator of task k. That two streams meet, of one seed or of two, has a
    negligible chance; the first of n are the same for any n. With seed + k, task 1 of seed 0 is task 0 of seed 1.
    """
    return SeedSequence(whole("seed", seed, 0)).spawn(whole("n", n))


def as_finished(
    task: Task[Result],
    seeds: Sequence[SeedSequence],
    n_jobs: int = 1,
    backend: str = "loky",
    patience: float = np.inf,
) -> Finished[Result]:
    """(k, task(seeds[k])) for every k, in the order in which they finish; TasksFailed at the end if some did not.

    After `patience` seconds without a result it yields None, so that whoever asks can look at something else. A process
    that dies takes along what it and its neighbours were at: these tasks are done again, in halves, down to the one
    whose process dies. With "dask" the cluster says how many workers there are, whatever n_jobs is.

    ValueError naming n_jobs, backend or patience; ImportError naming the extra to install; TypeError naming the task if
    it cannot be sent to another process.
    """
    n_jobs, patience = whole("n_jobs", n_jobs), number("patience", patience, above=0, limit=True)
    if not isinstance(seeds, Iterable):
        raise TypeError(f"seeds is {seeds!r}, expected one seed for each task, as spawn(0, n) gives")
    seeds = list(seeds)
    _check_backend(backend)
    if not callable(task):
        raise TypeError(f"task is {task!r}, expected a function of one seed")
    if backend not in LOCAL:
        _check_sendable(task, n_jobs, backend)
    return _as_finished(task, seeds, n_jobs, backend, patience)


def in_order(task: Task[Result], seeds: Sequence[SeedSequence], n_jobs: int = 1, backend: str = "loky") -> list[Result]:
    """[task(seed) for seed in seeds], by many workers; errors as `as_finished`."""
    found = dict(pair for pair in as_finished(task, seeds, n_jobs, backend) if pair is not None)
    return [found[k] for k in range(len(found))]


def one_batch(parts: Sequence[Trajectories]) -> Trajectories:
    """The trajectories of all parts as one batch, in the order of the parts."""
    if not parts:
        raise ValueError("parts is empty, expected at least one batch of trajectories")
    first = np.cumsum([0, *(len(tau) for tau in parts)])
    numbers = [tau.steps.n + offset for tau, offset in zip(parts, first[:-1], strict=True)]
    n, t = np.concatenate(numbers), np.concatenate([tau.steps.t for tau in parts])
    order = np.lexsort((n, t))
    columns = {
        name: sealed(np.concatenate([getattr(tau.steps, name) for tau in parts])[order])
        for name in ("s", "a", "r", "s_next", "terminated", "truncated")
    }
    start = np.concatenate([tau.start for tau in parts])
    return Trajectories(start, Packed(**columns, n=sealed(n[order]), t=sealed(t[order])))


def _as_finished(
    task: Task[Result], seeds: list[SeedSequence], n_jobs: int, backend: str, patience: float
) -> Finished[Result]:
    results, errors = dict[int, Result](), dict[int, str]()
    groups = [list(range(len(seeds)))]  # tasks given out together
    while groups:
        group, under_way = groups.pop(), set[int]()
        to_give = iter(group)

        def calls(most: float, to_give: Iterator[int] = to_give, under_way: set[int] = under_way) -> Iterator[Any]:
            while len(under_way) < most and (k := next(to_give, None)) is not None:
                under_way.add(k)
                yield _attempt, (task, k, seeds[k]), {}

        broken: Exception | None = None
        try:
            for outcome in _outcomes(calls, n_jobs, backend, patience):
                if outcome is None:
                    yield None
                    continue
                under_way.discard(outcome.k)
                if outcome.error:
                    errors[outcome.k] = outcome.error
                else:
                    results[outcome.k] = outcome.result
                    yield outcome.k, outcome.result
        except Exception as error:  # a task's own is its outcome: this one is a worker's, or of the way there or back
            broken = error
        lost = sorted(under_way)
        groups += [rest] if (rest := list(to_give)) else []
        if broken is not None and not lost:
            raise broken  # nothing was under way: no task is to blame
        if len(lost) == 1:
            errors[lost[0]] = f"{type(broken).__name__}: {broken}".partition("\n")[0]
        else:
            groups += [half for half in (lost[: len(lost) // 2], lost[len(lost) // 2 :]) if half]
    if errors:
        raise TasksFailed(errors, results)


def _attempt(task: Task[Any], k: int, seed: SeedSequence) -> _Outcome:
    """In the worker: a task's own error travels as a result, so that it ends no other task."""
    try:
        return _Outcome(k, task(seed))
    except Exception as error:
        line = traceback.extract_tb(error.__traceback__)[-1]
        return _Outcome(k, None, f"{type(error).__name__}: {error} (in {line.name}, line {line.lineno})")


def _outcomes(
    calls: Callable[[float], Iterator[Any]], n_jobs: int, backend: str, patience: float
) -> Generator[_Outcome | None, None, None]:
    """What joblib makes of the calls, as it comes; None after `patience` seconds without anything."""
    import joblib

    if backend == "loky" and joblib.effective_n_jobs(n_jobs) == 1:
        backend = "sequential"
    if backend == "ray":
        from ray.util.joblib import register_ray

        register_ray()
    threads = {"inner_max_num_threads": 1} if backend == "loky" else {}
    with joblib.parallel_config(backend, n_jobs=n_jobs, **threads):
        workers = joblib.effective_n_jobs(n_jobs)
        can_stream = workers == 1 or joblib.parallel.get_active_backend()[0].supports_return_generator
        parallel = joblib.Parallel(return_as="generator_unordered" if can_stream else "list", batch_size=1)
    finished = iter(parallel(calls(AHEAD * workers if can_stream else np.inf)))
    try:
        taken, until = 0, time.monotonic() + patience
        while True:
            if can_stream and workers > 1 and _nothing_to_take(parallel, taken):
                if time.monotonic() >= until:
                    yield None
                    until = time.monotonic() + patience
                else:
                    time.sleep(POLL)
                continue
            if (outcome := next(finished, None)) is None:
                return
            taken, until = taken + 1, time.monotonic() + patience
            yield outcome
    finally:
        if can_stream:
            with warnings.catch_warnings():  # joblib's, that not all was asked for: to ask no more is how one stops
                warnings.simplefilter("ignore", UserWarning)
                finished.close()


def _nothing_to_take(parallel: Any, taken: int) -> bool:
    """Whether the next result, or the error of a worker, would have to be waited for.

    joblib gives no other way to ask. With Dask it keeps a dead worker's error to itself: it is raised here.
    """
    jobs = [call.job for call in tuple(parallel._jobs_set) if hasattr(call.job, "exception")]
    if (error := next((error for job in jobs if job.done() and (error := job.exception())), None)) is not None:
        raise error
    return parallel.n_completed_tasks == taken < parallel.n_dispatched_tasks and not parallel._aborting


def _check_backend(backend: str) -> None:
    if backend not in BACKENDS:
        raise ValueError(f"backend is {backend!r}, expected one of {', '.join(BACKENDS)}")
    needs = BACKENDS[backend]
    if needs and find_spec(needs) is None:
        raise ImportError(
            f"backend {backend!r} needs the package {needs}, which is not installed: type, in the course's folder, "
            f'python -m pip install -c constraints.txt -e ".[{backend}]"'
        )


def _check_sendable(task: Task[Any], n_jobs: int, backend: str) -> None:
    from joblib import effective_n_jobs, wrap_non_picklable_objects

    if backend == "loky" and effective_n_jobs(n_jobs) == 1:
        return  # it stays here
    try:
        pickle.dumps(wrap_non_picklable_objects(task, keep_wrapper=True))  # as the workers get it
    except Exception as error:
        name = getattr(task, "__name__", None) or type(task).__name__
        raise TypeError(
            f"task {name} cannot be sent to another process ({type(error).__name__}: {error}), expected a function "
            "that holds only data: open files, generators and views it must make for itself"
        ) from error
