"""Search without a gradient: draw parameters around a mean, score them, move the mean to where scores are high.

    θ_i = m + L ε_i,   ε_i ~ N(0, I),   J_i = J(θ_i)           the candidates of one generation and their scores
    m, std ← mean and standard deviation of the elites, + floor        CEM          (Rubinstein 1999)
    m ← m + α L Σ_i u_i ε_i / pairs,  u the scores' centred ranks      antithetic   (Salimans et al. 2017)
    m, L by the library `cma`, which also learns a full covariance     cma_es       (Hansen & Ostermeier 2001)

All three *maximise*, draw from the `rng` that they are given, and are generators without end: each `next` is one
generation. J is a function of a batch, (N, d) → (N,). It may be noisy: nothing here takes the best score that was seen
for the worth of what is handed in, which is the mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pgcourse._missing import missing
from pgcourse.arrays import LARGEST, Array, finite, frozen, generator, number, real_array, whole

Objective = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Generation:
    """A search after one more generation; nothing in it changes.

    mean         (d,) what one would hand in now, and where the next candidates are drawn around
    spread       (d, d) L: the next candidates are mean + L ε; its columns are the half-axes of the ellipse of one σ
    candidates   (N, d) those of this generation, drawn before the mean moved, and their scores (N,)
    calls        how many θ have been scored so far
    """

    mean: Array
    spread: Array
    candidates: Array
    scores: Array
    calls: int


def cem(
    J: Objective, mean: ArrayLike, std: ArrayLike, rng: np.random.Generator, *, n: int = 40, elites: int = 8,
    floor: float = 0.1,
) -> Iterator[Generation]:  # fmt: skip
    """The cross-entropy method: the next mean and std are those of the `elites` best of n candidates, std + `floor`.

    Without a floor the std may shrink to nothing before the mean has arrived. Among equal scores, those that were drawn
    last are taken. mean (d,); std one number or (d,).

    ValueError naming the argument, or the candidate whose score is no finite number.
    """
    m, std, rng = *_start(mean, std), generator(rng)
    n, elites, floor = whole("n", n, 2), whole("elites", elites), number("floor", floor, 0, LARGEST)
    if elites > n:
        raise ValueError(f"elites is {elites}, expected at most n = {n}")
    return _cem(J, m, std, rng, n, elites, floor)


def _cem(
    J: Objective, mean: Array, std: Array, rng: np.random.Generator, n: int, elites: int, floor: float
) -> Iterator[Generation]:
    calls = 0
    while True:
        candidates = mean + std * rng.standard_normal((n, len(mean)))
        scores = _scores(J, candidates)
        order = np.argsort(scores, kind="stable")  # among equal scores, otherwise, each processor has its own order
        best = candidates[order[-elites:]]  # the *last* ones: argsort goes upwards
        mean, std = best.mean(axis=0), best.std(axis=0) + floor
        calls += n
        yield _generation(mean, np.diag(std), candidates, scores, calls)


def antithetic(
    J: Objective, mean: ArrayLike, std: ArrayLike, rng: np.random.Generator, *, pairs: int = 20, alpha: float = 2.0
) -> Iterator[Generation]:
    """An evolution strategy: a step of α std Σ_i u_i ε_i / pairs, of 2·`pairs` candidates m + std ε and m − std ε.

    u are the scores' ranks, spread evenly over [−½, ½]: only their order counts, so that neither the scale of J nor a
    single wild score does. The std stays as it is. mean (d,); std one number or (d,).

    ValueError as `cem`.
    """
    m, std, rng = *_start(mean, std), generator(rng)
    return _antithetic(J, m, std, rng, whole("pairs", pairs), number("alpha", alpha, most=LARGEST, above=0))


def _antithetic(
    J: Objective, mean: Array, std: Array, rng: np.random.Generator, pairs: int, alpha: float
) -> Iterator[Generation]:
    calls = 0
    while True:
        half = rng.standard_normal((pairs, len(mean)))
        epsilon = np.concatenate([half, -half])
        candidates = mean + std * epsilon
        scores = _scores(J, candidates)
        mean = finite(mean + alpha * std * (centred_ranks(scores) @ epsilon) / pairs, "the mean", alpha=alpha)
        calls += 2 * pairs
        yield _generation(mean, np.diag(std), candidates, scores, calls)


def centred_ranks(scores: Array) -> Array:
    """−½ for the lowest score … ½ for the highest, in even steps; equal scores share the mean of their ranks."""
    ordered = np.sort(scores)
    first, last = np.searchsorted(ordered, scores, "left"), np.searchsorted(ordered, scores, "right") - 1
    return (first + last) / 2 / max(len(scores) - 1, 1) - 0.5


def cma_es(
    J: Objective, mean: ArrayLike, std: ArrayLike, rng: np.random.Generator, *, n: int = 16
) -> Iterator[Generation]:
    """CMA-ES from the library `cma`: the mean, the step length and the full covariance adapt. mean (d,), d ≥ 2.

    The library minimises, so it is told −J. It would draw from NumPy's global generator: here it draws from `rng`.

    ValueError as `cem`, and for d = 1, where there is no covariance to learn: write one number as a difference of two.
    """
    m, std, rng = *_start(mean, std), generator(rng)
    if len(m) < 2:
        raise ValueError(f"mean has shape {m.shape}, expected d ≥ 2: CMA-ES learns how parameters go together")
    return _cma_es(J, m, std, rng, whole("n", n, 2))


def _cma_es(J: Objective, mean: Array, std: Array, rng: np.random.Generator, n: int) -> Iterator[Generation]:
    try:
        from cma import CMAEvolutionStrategy  # only here: the other two do without
    except ModuleNotFoundError as error:
        raise missing("cma", "pgcourse.algorithms.search.cma_es", "notebook 16") from error

    def randn(*shape: int) -> Array:
        return rng.standard_normal(shape)

    options = {"popsize": n, "CMA_stds": std, "randn": randn, "seed": np.nan, "verbose": -9}
    strategy = CMAEvolutionStrategy(mean, 1.0, options)
    candidates, calls = np.array(strategy.ask()), 0
    while True:
        scores = _scores(J, candidates)
        with np.errstate(over="ignore", invalid="ignore"):  # refused by name
            strategy.tell(candidates, -scores)
            following = np.array(strategy.ask())  # asked first: it brings the axes of C = B D² Bᵀ up to date
            spread = strategy.sigma * strategy.sigma_vec.scaling[:, None] * strategy.B * strategy.D
        calls += n
        finite(following, "a candidate", scores=scores)
        yield _generation(strategy.mean, spread, candidates, scores, calls)
        candidates = following


def _generation(mean: Array, spread: Array, candidates: Array, scores: Array, calls: int) -> Generation:
    return Generation(frozen(mean), frozen(spread), frozen(candidates), frozen(scores), calls)


def _start(mean: ArrayLike, std: ArrayLike) -> tuple[Array, Array]:
    m = frozen(real_array("mean", mean, "d", LARGEST))
    if np.ndim(std) == 0:
        return m, np.full(len(m), number("std", std, most=LARGEST, above=0))
    std = frozen(real_array("std", std, "d", LARGEST, m.shape, ", as the mean"))
    if (std <= 0).any():
        i = int((std <= 0).argmax())
        raise ValueError(f"std[d={i}] is {std[i]}, expected a number > 0")
    return m, std


def _scores(J: Objective, candidates: Array) -> Array:
    """J of each candidate, (N,): all at once, and all finite. J gets a copy, and so cannot move the candidates."""
    return real_array("J(candidates)", J(candidates.copy()), "N", shape=(len(candidates),), why=", one score each")
