"""The checks as they were installed: what a notebook has replaced in them, or below them, is put back.

    pristine = Pristine()     # before a student's first cell
    pristine.restore()        # before each check: returns the names of what was changed, such as "numpy.allclose"

Put back are functions, classes, modules and numbers in the modules that checks use, functions' own code, methods of the
course's classes, and every name of the course's modules, such as a tolerance. So is what the course's tables hold, such
as the dictionary PUSHES. What is added to a module is left. Numbers that the exercises have kept (`functools.cache`)
are forgotten: somebody may have written into them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from types import FunctionType, ModuleType
from typing import Any

import numpy as np

COURSE = "pgcourse"
IPYTHONS = {"exit", "quit", "display", "get_ipython"}  # of the builtins, which it changes while a cell runs
WATCHED = {COURSE, "numpy", "scipy", "builtins", "collections", "contextlib", "copy", "decimal", "functools", "html"}
WATCHED |= {"inspect", "itertools", "linecache", "math", "numbers", "operator", "random", "re", "reprlib", "time"}


class Pristine:
    """What the modules hold now."""

    def __init__(self) -> None:
        loaded = [(name, module) for name, module in sys.modules.items() if isinstance(module, ModuleType)]
        self._modules = {name: module for name, module in loaded if name.partition(".")[0] in WATCHED}
        self._names = [
            (module.__dict__, name, key, value)
            for name, module in self._modules.items()
            for key, value in vars(module).items()
            if not (name == "builtins" and key in IPYTHONS)
            and (_is_constant(name, key, value) or isinstance(value, ModuleType) or callable(value))
        ]
        functions = {id(one): one for _, _, _, value in self._names for one in _functions(value)}
        self._functions = [(one, _parts(one), _contents(one)) for one in functions.values()]
        self._kept = [one.cache_clear for _, name, _, one in self._names if _has_kept(name, one)]
        classes = {value for *_, value in self._names if isinstance(value, type) and _is_course(value.__module__)}
        self._classes = [(one, dict(vars(one))) for one in classes]
        self._tables = [
            (f"{name}.{key}", table, table.copy())
            for _, name, key, value in self._names
            if _is_course(name) and key.strip("_").isupper()  # what is written in small letters may change
            for table in _tables(value)
        ]

    def restore(self) -> list[str]:
        """Put back what has changed, and say what: each by its name."""
        changed = []
        for forget in self._kept:
            forget()
        for name, module in self._modules.items():
            if sys.modules.get(name) is not module:
                sys.modules[name] = module
                changed.append(name)
        for names, module_name, key, value in self._names:
            if names.get(key, names) is not value:
                names[key] = value
                changed.append(f"{module_name}.{key}")
        for function, parts, contents in self._functions:
            if _parts(function) != parts:
                function.__code__, function.__defaults__, function.__kwdefaults__ = parts
                changed.append(f"{function.__module__}.{function.__qualname__}")
            for cell, content in contents:
                if cell.cell_contents is not content:
                    cell.cell_contents = content
                    changed.append(f"{function.__module__}.{function.__qualname__}")
        for one, attributes in self._classes:
            changed += [f"{one.__module__}.{one.__qualname__}.{name}" for name in _put_back(one, attributes)]
        for name, table, kept in self._tables:
            if _inside(table) != _inside(kept):
                _refill(table, kept)
                changed.append(name)
        return changed


def _put_back(one: type, attributes: dict[str, Any]) -> Iterator[str]:
    for name, value in attributes.items():
        if not name.startswith("_abc") and vars(one).get(name, attributes) is not value:
            setattr(one, name, value)
            yield name
    inherited = {name for base in one.__mro__[1:] for name in vars(base)}
    for name in [name for name in vars(one) if name in inherited and name not in attributes]:
        delattr(one, name)
        yield name


def _tables(value: Any) -> Iterator[Any]:
    """A dictionary, list, set or array, and all that are in it."""
    if type(value) in (dict, list, set, np.ndarray):
        yield value
    if isinstance(value, dict | list | tuple):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _tables(one)


def _inside(table: Any) -> Any:
    """What a table holds, without a question to the things in it: their == may lie."""
    if isinstance(table, np.ndarray):
        return table.dtype.str, table.shape, table.tobytes()
    if isinstance(table, dict):
        return [(id(key), id(value)) for key, value in table.items()]
    return sorted(map(id, table)) if isinstance(table, set) else list(map(id, table))


def _refill(table: Any, kept: Any) -> None:
    if isinstance(table, np.ndarray):
        if (table.dtype, table.shape) != (kept.dtype, kept.shape):
            table.dtype = kept.dtype  # type: ignore[misc]  # NumPy's type hints call it read-only; it is not
            table.shape = kept.shape
        table[...] = kept
    elif isinstance(table, list):
        table[:] = kept
    else:
        table.clear()
        table.update(kept)


def _has_kept(module: str, value: Any) -> bool:
    return module.startswith(f"{COURSE}.exercises") and hasattr(value, "cache_clear")


def _is_constant(module: str, key: str, value: Any) -> bool:
    """Every name of the course's modules, and of the other modules numbers such as numpy.pi."""
    if _is_course(module):
        return not key.startswith("__")
    return isinstance(value, int | float | complex) and not key.startswith("_") and module != "time"  # of the time zone


def _is_course(module: str) -> bool:
    return module.partition(".")[0] == COURSE


def _functions(value: Any) -> Iterator[FunctionType]:
    """A function, those that it wraps, and the methods of a class."""
    if isinstance(value, type) and _is_course(value.__module__):
        for method in vars(value).values():
            yield from _functions(method)
    while isinstance(value, FunctionType):
        yield value
        value = value.__dict__.get("__wrapped__")


def _parts(function: FunctionType) -> tuple[Any, Any, Any]:
    return function.__code__, function.__defaults__, function.__kwdefaults__


def _contents(function: FunctionType) -> list[tuple[Any, Any]]:
    """What the functions of the course have around them."""
    found = []
    for cell in (function.__closure__ or ()) if _is_course(function.__module__ or "") else ():
        with suppress(ValueError):  # not filled yet
            found.append((cell, cell.cell_contents))
    return found
