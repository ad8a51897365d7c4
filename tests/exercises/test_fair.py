"""All checks at once: right answers pass in every form, and no answer raises, hangs, or spoils a later verdict."""

from __future__ import annotations

import itertools
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from endless import loops, loops_and_catches_all, loops_and_catches_exceptions, loops_in_a_line, sleeps
from right_answers import ALL, ARRAYS, FUNCTIONS, NUMBERS, TABLES

import pgcourse.exercises as course
from pgcourse.exercises import verdict
from pgcourse.exercises.ask import Mistake, close, mistaken, named
from pgcourse.exercises.words import shown
from pgcourse.policy import Policy

LONGEST = 800  # characters of a reply, whatever was answered


def slow_if(name):
    """The check of the sampler draws thousands of states for a verdict."""
    return [pytest.mark.slow] if name == "state_sampler" else []


def each(names):
    return [pytest.param(name, marks=slow_if(name)) for name in names]


def test_each_check_is_among_them():
    assert {f"check_{name}" for name in ALL} == {name for name in course.__all__ if name.startswith("check_")}


# What is right passes, in every form


@pytest.mark.parametrize("name", each(ALL))
def test_a_right_answer_is_right_and_again(name):
    asked = ALL[name]
    assert asked.check(asked.right), asked.check(asked.right)
    assert asked.check(asked.right)


def by(form):
    """A function's result in another form."""
    return lambda function: lambda *given: form(function(*given))


def of_each(form):
    """Of a pair of results, such as the new θ and w, each; else of the one."""
    return lambda result: tuple(map(form, result)) if isinstance(result, tuple) else form(result)


def works_in_place(function):
    """Like a function that uses its arguments as scratch paper."""

    def in_place(*given):
        result = function(*(x.copy() if isinstance(x, np.ndarray) else x for x in given))
        for x in given:
            if isinstance(x, np.ndarray):
                x[...] = 0
        return result

    return in_place


def in_one_buffer(function):
    """Like a function that returns the same array at each call."""
    buffers = {}

    def buffered(*given):
        result = np.asarray(function(*given))
        buffer = buffers.setdefault(result.shape, np.empty_like(result))
        buffer[...] = result
        return buffer

    return buffered


FORMS = {
    "lists": by(of_each(lambda x: np.asarray(x).tolist())),
    "tuples": by(of_each(lambda x: tuple(np.asarray(x).tolist()) if np.ndim(x) else x)),
    "float32": by(of_each(lambda x: np.asarray(x, dtype=np.float32))),
    "an axis more": by(of_each(lambda x: np.asarray(x)[..., None] if np.ndim(x) < 2 else x)),
    "objects": by(of_each(lambda x: np.asarray(x, dtype=object))),
}


NOT_IN_FLOAT32 = ("fixed_point", "state_sampler", "own_seeds")  # to within 1e-10; whole numbers


@pytest.mark.parametrize(
    ("name", "form"),
    [
        pytest.param(name, form, marks=slow_if(name))
        for name in FUNCTIONS
        for form in FORMS
        if form != "float32" or name not in NOT_IN_FLOAT32
    ],
)
def test_what_a_function_returns_is_understood_in_every_form(name, form):
    asked = FUNCTIONS[name]
    assert asked.check(FORMS[form](asked.right)), asked.check(FORMS[form](asked.right))


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name not in ("step", "state_sampler")])
def test_a_function_may_use_one_buffer_for_all_its_results(name):
    assert FUNCTIONS[name].check(in_one_buffer(FUNCTIONS[name].right))


@pytest.mark.parametrize("name", each(FUNCTIONS))
def test_a_function_that_works_in_place_is_judged_by_its_result_or_told(name):
    asked = FUNCTIONS[name]
    reply = asked.check(works_in_place(asked.right))
    if asked.pure:
        assert reply.tone == "nearly"
        assert "writes over " in reply.message
    else:
        assert reply, reply


@pytest.mark.parametrize("name", each(FUNCTIONS))
def test_no_function_spoils_a_later_verdict(name):
    """It may write what it likes into what it gets, also through a door that is closed."""

    def vandal(*given):
        for x in given:
            for array in (x, getattr(x, "p", None), getattr(x, "r", None), getattr(x, "probs", None)):
                if isinstance(array, np.ndarray):
                    try:
                        array[...] = 0
                    except ValueError:  # read-only
                        continue
        return given[0]

    assert not FUNCTIONS[name].check(vandal)
    assert FUNCTIONS[name].check(FUNCTIONS[name].right)


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize(
    "form",
    [float, np.float64, np.array, lambda x: np.array([x]), lambda x: [x], lambda x: (x,), lambda x: np.array([[x]]),
     np.float32, lambda x: np.array(x, dtype=np.float32), Fraction, Decimal,
     lambda x: np.int64(x) if float(x).is_integer() else x],
)  # fmt: skip
def test_a_number_is_understood_in_every_form(name, form):
    assert NUMBERS[name].check(form(NUMBERS[name].right))


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize(
    "form",
    [list, tuple, lambda x: x.astype(np.float32), lambda x: [np.array(y) for y in x], lambda x: x.astype(object),
     lambda x: np.ma.masked_array(x), lambda x: [Fraction(float(y)) for y in x]],
)  # fmt: skip
def test_an_array_is_understood_in_every_form(name, form):
    assert ARRAYS[name].check(form(ARRAYS[name].right))


def sloppy(x):
    return f" {x.lower()} " if isinstance(x, str) else x


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize(
    "form",
    [
        lambda table: {str(key): value for key, value in table.items()},
        lambda table: {sloppy(key): value for key, value in table.items()},
        lambda table: {key: sloppy(value) for key, value in table.items()},
        lambda table: {key: np.bool_(value) if isinstance(value, bool) else value for key, value in table.items()},
        lambda table: dict(reversed(table.items())),
        lambda table: list(table.values()),
        lambda table: tuple(table.values()),
    ],
)
def test_a_dictionary_is_understood_in_every_form(name, form):
    assert TABLES[name].check(form(TABLES[name].right))


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("reasons", "DECAB"),
        ("reasons", "d, e, c, a, b"),
        ("occupancy_proof", {1: "B", 2: "D", 3: "A", 4: "C"}),
        ("occupancy_proof", ("b", "d", "a", "c")),
        ("occupancy_proof", "b d a c"),
        ("occupancy_proof", "B, D, A, C"),
        ("biased", {"B", "C"}),
        ("biased", {"b", "c"}),
        ("biased", "BC"),
        ("biased", ["C", "B"]),
        ("biased", "B, C"),
        ("silent_bug", ["b"]),
        ("biased_update", {"B"}),
        ("zero_states", {(5.0, np.int64(2)): [float(s) for s in range(16)]}),
        ("zero_states", {(5, 2): {np.int64(s) for s in range(16)}}),
    ],
)
def test_letters_and_states_are_understood_in_other_forms(name, answer):
    assert ALL[name].check(answer)


# What is not an answer


class Mute:
    def __repr__(self):
        raise RuntimeError("no repr")


class Sulks(float):
    """A number that cannot be compared."""

    def __eq__(self, other):
        raise RuntimeError("no ==")

    __hash__ = float.__hash__
    __lt__ = __gt__ = __le__ = __ge__ = __float__ = __eq__


class NoArray:
    def __array__(self, *_, **__):
        raise RuntimeError("no array")


class Loud(Exception):
    def __str__(self):
        raise RuntimeError("no str")


def itself():
    inside = []
    inside.append(inside)
    return inside


RUBBISH = {
    "None": None,
    "x": "x",
    "48": "48",
    "True": True,
    "[]": [],
    "{}": {},
    "set()": set(),
    "nan": float("nan"),
    "inf": float("inf"),
    "-1e200": -1e200,
    "1e308s": [1e308] * 16,
    "10**400": 10**400,
    "10**5000": 10**5000,
    "1j": 1j,
    "object": object(),
    "int": int,
    "ragged": [[1, 2], [3]],
    "texts": ["a", "b"],
    "bytes": b"48",
    "None in a list": [None] * 16,
    "nan in an array": np.full(16, np.nan),
    "objects": np.array([object(), None], dtype=object),
    "no entries": np.empty((0, 3)),
    "many axes": np.zeros((2,) * 20),
    "mute": Mute(),
    "mutes": [Mute()] * 20,
    "sulks": Sulks(0.5),
    "no array": NoArray(),
    "itself": itself(),
    "10 MB": "x" * 10_000_000,
    "10 MB in a list": ["x" * 10_000_000],
    "range(10**9)": range(10**9),
    "ranges": [range(10**9)] * 3,
    "generator": (x for x in "abc"),
    "count()": itertools.count(),
    "policy": Policy.uniform(3, 2),
}


def is_a_fair_reply(reply, name):
    assert isinstance(reply, course.Verdict)
    assert reply.exercise == name
    assert 0 < len(reply.message) < LONGEST, len(reply.message)
    assert repr(reply)
    assert reply._repr_html_()
    return True


@pytest.mark.parametrize("name", each(ALL))
def test_rubbish_is_told_what_was_expected(name):
    for called, rubbish in RUBBISH.items():
        reply = ALL[name].check(rubbish)
        assert is_a_fair_reply(reply, name), called
        assert reply.tone in ("wrong", "nearly"), (called, reply)
        assert "Still at work" not in reply.message, called
        own_class = called in ("sulks", "no array", "mute", "mutes", "itself")
        assert own_class or "cannot be read" not in reply.message, (called, reply)
    assert ALL[name].check(ALL[name].right)


@pytest.mark.parametrize("name", TABLES)
def test_rubbish_in_a_dictionary_is_told(name):
    for called, rubbish in RUBBISH.items():
        reply = TABLES[name].check(dict.fromkeys(TABLES[name].right, rubbish))
        assert is_a_fair_reply(reply, name), called
        assert reply.tone in ("wrong", "nearly"), (called, reply)
        assert "Still at work" not in reply.message, called


@pytest.mark.parametrize("name", each([*FUNCTIONS, "constant", "best_baseline"]))
def test_a_function_that_returns_rubbish_is_told(name):
    for called, rubbish in RUBBISH.items():
        reply = ALL[name].check(lambda *given, rubbish=rubbish: rubbish)
        assert is_a_fair_reply(reply, name), called
        assert reply.tone in ("wrong", "nearly"), (called, reply)
        assert "Still at work" not in reply.message, called
        assert rubbish is not None or "is the `return` missing?" in reply.message


def raises(error):
    def function(*given):
        raise error

    return function


def calls_itself(*given):
    return calls_itself(*given)


RAISING = {
    "ZeroDivisionError": lambda *given: 1 / 0,
    "SystemExit": lambda *given: sys.exit(),
    "RecursionError": calls_itself,
    "MemoryError": raises(MemoryError()),
    "GeneratorExit": raises(GeneratorExit()),
    "Loud": raises(Loud()),
    "TypeError": lambda: 0,
    "NameError": lambda *given: not_there,  # noqa: F821
    "AssertionError": raises(AssertionError("x" * 10_000_000)),
}


@pytest.mark.parametrize("name", each([*FUNCTIONS, "constant", "best_baseline"]))
def test_a_function_that_raises_is_told_what_and_where(name):
    for error, function in RAISING.items():
        reply = ALL[name].check(function)
        assert is_a_fair_reply(reply, name), error
        assert reply.tone == "wrong"
        assert f"raised {error}" in reply.message
        assert error != "ZeroDivisionError" or 'in “"ZeroDivisionError": lambda *given: 1 / 0,”' in reply.message


@pytest.mark.parametrize("name", each(ALL))
def test_an_unanswered_exercise_waits_and_only_then_speaks_of_dots(name):
    asked = ALL[name]
    if name != "border":
        assert asked.check(...).tone == "waiting"
        assert "three dots" in asked.check(...).message
    if name in FUNCTIONS:
        for half in (lambda *given: ..., lambda *given: (..., ...), lambda *given: 0.5 * ...):
            assert asked.check(half).tone == "waiting"
    if name in TABLES:
        assert asked.check(dict.fromkeys(asked.right, ...)).tone == "waiting"
        assert asked.check(asked.right | {list(asked.right)[-1]: ...}).tone == "waiting"
    if name in ARRAYS:
        assert asked.check([..., *asked.right[1:]]).tone == "waiting"


@pytest.mark.parametrize("name", each([*FUNCTIONS, "best_p", "silent_bug"]))
def test_who_interrupts_is_not_given_a_verdict(name):
    class Interrupted:
        def __getattribute__(self, _):
            raise KeyboardInterrupt

    answer = raises(KeyboardInterrupt()) if name in FUNCTIONS else Interrupted()
    with pytest.raises(KeyboardInterrupt):
        ALL[name].check(answer)


# What never ends


class Endless:
    def __iter__(self):
        return itertools.count()

    def __len__(self):
        return loops()

    def __array__(self, *_, **__):
        return loops()

    def __repr__(self):
        return loops()


@pytest.mark.parametrize("name", each([*FUNCTIONS, "constant", "best_baseline"]))
@pytest.mark.parametrize("endless", [loops, loops_and_catches_all, loops_and_catches_exceptions, sleeps])
def test_an_answer_that_never_ends_is_ended(name, endless, monkeypatch):
    monkeypatch.setattr(verdict, "PATIENCE", 0.02)
    reply = ALL[name].check(endless)
    assert reply.tone == "wrong"
    assert "Does a loop never end?" in reply.message


@pytest.mark.slow
def test_the_line_that_never_ends_is_shown(monkeypatch):
    monkeypatch.setattr(verdict, "PATIENCE", 1.0)
    assert "stopped in “while True: pass" in FUNCTIONS["reward_to_go"].check(loops_in_a_line).message


@pytest.mark.parametrize("name", each(ALL))
def test_an_answer_that_is_never_done_when_it_is_looked_at_is_told(name, monkeypatch):
    monkeypatch.setattr(verdict, "PATIENCE", 0.02)
    assert is_a_fair_reply(ALL[name].check(Endless()), name)


# What is told


def test_a_wrong_result_next_to_the_right_one_is_shown_with_its_difference():
    reply = FUNCTIONS["reward_to_go"].check(by(lambda G: G + 1e-5)(FUNCTIONS["reward_to_go"].right))
    expected, yours = reply.message.split("is ")[1].rstrip(".").split("; you have ")
    assert float(yours) - float(expected) == pytest.approx(1e-5, rel=0.6)


@pytest.mark.parametrize("share", [0.3, 0.7, 1.0, 1.4])
def test_a_baseline_is_judged_by_the_variance_that_is_shown(share):
    """The least variance of the sample itself lies beside the textbook's b; what lies between has less, too."""

    def between(G, x):
        centred, size = x - x.mean(axis=0), (x**2).sum(axis=1)
        own, usual = (G[:, None] * x * centred).sum() / (centred**2).sum(), G @ size / size.sum()
        return usual + share * (own - usual)

    assert FUNCTIONS["baseline"].check(between)


def test_shown_is_short_and_never_fails():
    assert all(0 < len(shown(rubbish)) <= 80 for rubbish in RUBBISH.values())


@pytest.mark.parametrize("name", [name for name in FUNCTIONS if name != "state_sampler"])  # which draws
def test_no_mistake_has_the_right_value_or_that_of_another_mistake(name, monkeypatch):
    """It would never be told: a right answer, or the other mistake, comes first."""
    told: list[tuple[list, list[Mistake]]] = []

    def kept(tell, right):
        def telling(value, *given):
            values, mistakes = [given[0]] * right, list(given[right])
            told.append((values, mistakes))
            return tell(value, *given[:right], mistakes, *given[right + 1 :])

        return telling

    for module in [module for called, module in sys.modules.items() if called.startswith("pgcourse.exercises.nb")]:
        monkeypatch.setattr(module, "mistaken", kept(mistaken, right=1), raising=False)
        monkeypatch.setattr(module, "named", kept(named, right=0), raising=False)
    assert not FUNCTIONS[name].check(by(of_each(lambda x: 1.37 * np.asarray(x) + 0.0173))(FUNCTIONS[name].right))
    for values, mistakes in told:
        for mistake in mistakes:
            alike = [np.shape(mistake.value) == np.shape(value) and close(mistake.value, value) for value in values]
            assert not any(alike), mistake.message
            values.append(mistake.value)
