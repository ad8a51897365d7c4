"""What the course's own notebook asks: which exercises, and with which arguments their checks are called.

    check_zero_states(my_zeros, slope, slope_pi)

`my_zeros` is the student's. What `slope` and `slope_pi` are, the course's notebook says: a returned notebook may have
changed them. They are made by the statements of the course's notebook on which they hang, and by no others.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path
from symtable import SymbolTable, symtable
from typing import Any, NamedTuple

import pgcourse.exercises as course
from classroom.cells import is_solution, is_stub, source
from classroom.listing import read
from classroom.student import check_call

OWN = "my_"  # how the names of a student's answers begin


class Question(NamedTuple):
    """An exercise of a notebook."""

    exercise: str
    check: str
    stub: str  # id of the cell for the answer
    fixed: dict[str, ast.expr]  # parameter of the check → expression of the course's notebook
    before: list[ast.stmt]  # the statements that make what these expressions name
    left: dict[str, Any]  # parameter that the course's notebook leaves out → its default


def questions(notebook: Path) -> list[Question]:
    """The exercises of one of the course's notebooks, in their order."""
    cells = [cell for cell in read(notebook)["cells"] if cell["cell_type"] == "code"]
    found, statements = [], []
    for cell in cells:
        if is_solution(cell):
            continue
        statements += ast.parse(source(cell)).body
        if is_stub(cell):
            call = check_call(cell)
            name = ast.unparse(call.func)
            keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
            check = getattr(course, name)
            signature = inspect.signature(check)
            given = signature.bind(*call.args, **keywords).arguments
            left = {other: one.default for other, one in signature.parameters.items() if other not in given}
            fixed = {parameter: value for parameter, value in given.items() if not _is_own(value)}
            before = _needed(fixed.values(), statements[:-1])
            found.append(Question(check.exercise, name, cell["id"], fixed, before, left))
    return found


def fixed_values(asked: Iterable[Question]) -> dict[str, dict[str, Any]]:
    """Check → the arguments that the course's notebook gives it, by parameter. What it leaves out has its default."""
    values = {}
    for question in asked:
        names: dict[str, Any] = {}
        exec(compile(ast.Module(question.before, []), "<the course's notebook>", "exec"), names)
        values[question.check] = question.left | {
            parameter: eval(compile(ast.Expression(value), "<the course's notebook>", "eval"), names)
            for parameter, value in question.fixed.items()
        }
    return values


def _is_own(value: ast.expr) -> bool:
    """Whether an argument holds the student's answer, or a part of it."""
    return any(name.startswith(OWN) for name in made_and_used(ast.Expr(value))[1])


def _needed(expressions: Iterable[ast.expr], statements: list[ast.stmt]) -> list[ast.stmt]:
    """The statements that make the names in the expressions, and the names in these statements, and so on."""
    wanted = set[str]().union(*(made_and_used(ast.Expr(one))[1] for one in expressions))
    names, chosen = [made_and_used(one) for one in statements], set[int]()
    while True:
        new = [k for k, (made, _) in enumerate(names) if k not in chosen and made & wanted]
        if not new:
            return [statements[k] for k in sorted(chosen)]
        chosen.update(new)
        wanted = wanted.union(*(names[k][1] for k in new))


def made_and_used(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """The notebook's own names that a statement makes, or writes into; and those that it uses, also in functions."""
    top = symtable(ast.unparse(statement), "statement", "exec")
    made = {symbol.get_name() for symbol in top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
    for node in ast.walk(statement):
        if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
            made |= {inner.id for inner in ast.walk(node.value) if isinstance(inner, ast.Name)}
    used = {
        symbol.get_name()
        for scope in _scopes(top)
        for symbol in scope.get_symbols()
        if symbol.is_referenced() and (scope is top or symbol.is_global())
    }
    return made, used


def _scopes(table: SymbolTable) -> Iterator[SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _scopes(child)
