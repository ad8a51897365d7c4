"""What the README says is so: its code runs, its commands and files exist, its figures are those last measured."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks import Row
from benchmarks import __main__ as benchmarks
from benchmarks.__main__ import figure, table

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def example(k):
    """What the last line of the README's k-th example gives, run as it stands."""
    names: dict[str, object] = {}
    *statements, last = ast.parse(re.findall(r"```python\n(.*?)```", README, re.S)[k]).body
    exec(compile(ast.Module(statements, []), "README.md", "exec"), names)
    return eval(compile(ast.Expression(last.value), "README.md", "eval"), names)


def test_the_first_example_solves_the_bellman_equation():
    residual = example(0)
    assert residual.shape == (16,)
    assert np.abs(residual).max() < 1e-12


def test_the_second_example_is_a_view_that_moves():
    view = example(1)
    assert view.error is None
    assert np.allclose(view.numbers["v_pi"], [-12, -10, -6, 0])
    view.values = {"right": 2 - np.sqrt(2)}
    assert np.isclose(view.numbers["v_pi"][0], -(6 + 4 * np.sqrt(2)))


@pytest.mark.slow
def test_the_third_example_is_played_by_two_processes_and_is_right():
    assert abs(example(2) - 12) < 5 * np.sqrt(92 / 64_000)


def test_every_command_is_one_of_the_launcher_s():
    said = set(re.findall(r"course\.py (\w+)", README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")))
    launcher = (ROOT / "course.py").read_text(encoding="utf-8")
    commands = ast.literal_eval(re.search(r"^EXTRAS = (\{.*?\})", launcher, re.M | re.S)[1])
    assert said == set(commands)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\((?!https?:|#)([^)]+)\)", README))))
def test_every_link_leads_somewhere(target):
    assert (ROOT / target).exists()


def test_every_module_is_on_the_map():
    for path in (ROOT / "pgcourse").iterdir():
        if (path.suffix == ".py" and not path.stem.startswith("_")) or (path / "__init__.py").exists():
            assert f"`{path.stem}`" in README, f"{path.stem} is missing from the README's table of layers"


def test_the_figures_are_those_of_the_last_run():
    found = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))
    assert found["figures"]
    for path in (ROOT / "README.md", ROOT / "benchmarks" / "README.md"):
        kept = re.search(r"<!-- benchmarks -->\s*(.*?)\s*<!-- /benchmarks -->", path.read_text(encoding="utf-8"), re.S)
        assert kept[1] == table(found), path


def test_without_a_browser_nothing_is_measured_that_could_not_be_kept(monkeypatch, capsys):
    monkeypatch.setattr(benchmarks, "CHROMIUM", None)
    monkeypatch.setattr(benchmarks.clipping, "run", lambda quick: pytest.fail("measured"))
    monkeypatch.setattr("sys.argv", ["benchmarks", "clipping"])
    assert benchmarks.main() == 2
    assert capsys.readouterr().err == "There is no Chromium or Chrome on the PATH, expected one: install it first.\n"


def test_a_part_of_the_benchmarks_leaves_the_other_figures_as_they_were(monkeypatch):
    monkeypatch.setattr(benchmarks, "CHROMIUM", "echo")
    before = {"versions": {"torch": "1"}, "figures": [figure("exact", Row("J", 7.0, 8, True), False)]}
    found = benchmarks.results({"imports": [Row("all", 1.2, 1.15, True)]}, True, before)
    assert [(one["what"], one["figure"], one["reached"]) for one in found["figures"]] == [
        ("J", 7.0, True),
        ("all", 1.2, False),
    ]
    assert found["versions"]["torch"] == "1"
    assert "| J | 7 | ≤ 8 | yes |\n| all * | 1.2 | ≤ 1.15 | **no** |" in table(found)
    again = benchmarks.results({"exact": [Row("J", 9.0, 8, True)]}, False, found)
    assert [(one["what"], one["figure"], one["quick"]) for one in again["figures"]] == [
        ("J", 9.0, False),
        ("all", 1.2, True),
    ]
