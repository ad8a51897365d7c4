"""Whether a cell of a notebook would do the same again: it would if all that it reads is as it was before it ran."""

from __future__ import annotations

import ast
import builtins
import dis
import hashlib
import pickle
from collections.abc import Iterator, Set
from dataclasses import fields, is_dataclass
from functools import partial
from types import BuiltinFunctionType, CodeType, FunctionType, GetSetDescriptorType, ModuleType
from typing import Any

import numpy as np

DEFINES = ast.Assign | ast.FunctionDef | ast.Import | ast.ImportFrom
FIXED = ModuleType | BuiltinFunctionType | FunctionType | type | np.ufunc
PLAIN = int | float | complex | str | bytes | range | slice | None
CYTHON = "cython_function_or_method"  # a type that each library has for itself
PICKLED = ("numpy", "gymnasium")  # whose objects bring all that they are, the state of a random generator, too


def read_by(source: str, names: dict[str, Any]) -> dict[str, Any]:
    """What the code reads of `names`, itself and through functions that are defined there, in a form to compare.

    A name that is not there is left out: either the code does not come to it, or defines it first. So is a name that
    an earlier statement of the code has defined in any case.
    """
    found: dict[str, Any] = {}
    own: set[str] = set()
    for statement in ast.parse(source).body:
        code = compile(ast.Module([statement], []), "cell", "exec")
        _read(code, names, found, own)
        if isinstance(statement, DEFINES) and not any(isinstance(part, ast.NamedExpr) for part in ast.walk(statement)):
            own |= {step.argval for step in dis.get_instructions(code) if step.opname == "STORE_NAME"}
    return found


def would_do_the_same(before: dict[str, Any], source: str, names: dict[str, Any]) -> bool:
    """Whether `read_by` gives for the names of `before` what it gave then."""
    now = read_by(source, names)
    return all(now.get(name) == form for name, form in before.items())


def _read(code: CodeType, names: dict[str, Any], found: dict[str, Any], own: Set[str] = frozenset()) -> None:
    for name in _loaded(code):
        if name not in found and name not in own and (name in names or hasattr(builtins, name)):
            found[name] = None  # a function that calls itself
            found[name] = _form(names[name], names, found) if name in names else "a builtin"


def _loaded(code: CodeType) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_NAME", "LOAD_GLOBAL"):
            yield step.argval
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _loaded(inner)


def _form(thing: Any, names: dict[str, Any], found: dict[str, Any]) -> Any:
    """Equal for equal things; for what cannot be compared, an object that is equal to none."""

    def each(things: Any) -> list[Any]:
        return [_form(one, names, found) for one in things]

    kind = type(thing)
    if isinstance(thing, PLAIN):
        return kind, repr(thing)
    if kind is list or (isinstance(thing, tuple) and kind.__module__ != "__main__"):
        return kind, each(thing)
    if kind is dict:
        return each(thing), each(thing.values())
    if isinstance(thing, partial):
        return each([thing.func, thing.args, thing.keywords])
    if isinstance(thing, np.ndarray) and not thing.dtype.hasobject:
        return thing.dtype.str, thing.shape, hashlib.sha1(thing.tobytes()).digest()
    if isinstance(thing, FunctionType) and thing.__globals__ is names:
        _read(thing.__code__, names, found)
        inside = [cell.cell_contents for cell in thing.__closure__ or ()]
        return thing.__code__, each([thing.__defaults__, thing.__kwdefaults__, inside])
    if (isinstance(thing, FIXED) and getattr(thing, "__module__", "") != "__main__") or kind.__name__ == CYTHON:
        return id(thing)
    if isinstance(thing, type):  # of the notebook's own; its methods may speak of the class itself
        if (seen := f"class {id(thing)}") in found:
            return id(thing)
        found[seen] = None
        parts = [part for part in vars(thing).values() if not isinstance(part, GetSetDescriptorType)]
        return id(thing), each(thing.__bases__), each(parts)
    if is_dataclass(thing) and not isinstance(thing, type) and kind.__module__ != "__main__":
        return kind, each(getattr(thing, field.name) for field in fields(thing))
    if kind.__module__.partition(".")[0] in PICKLED:
        try:
            return hashlib.sha1(pickle.dumps(thing)).digest()
        except Exception:  # any, from the object's own code: it cannot be compared
            return object()
    return object()
