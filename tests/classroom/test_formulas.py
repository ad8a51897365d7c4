"""Formulas of the site: MathML which says what the LaTeX says, in a font that can draw it."""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from xml.etree import ElementTree

from fontTools.ttLib import TTFont
from stored_notebooks import NOTEBOOKS

import classroom.site
from classroom.site.words import Words, formula

FONT = Path(classroom.site.__file__).parent / "math.woff"
LETTERS = [*map(chr, range(0x41, 0x5B)), *map(chr, range(0x61, 0x7B)), *map(chr, range(0x391, 0x3CA))]
ITALIC = {  # a letter that stands alone is drawn so
    letter: italic
    for letter in LETTERS
    for italic in map(chr, range(0x1D434, 0x1D71C))
    if unicodedata.normalize("NFKC", italic) == letter
    and re.fullmatch("MATHEMATICAL ITALIC (SMALL|CAPITAL) .*", unicodedata.name(italic, ""))
} | {"h": "ℎ"}


def formulas() -> list[tuple[str, bool]]:
    """Every formula of the course, and whether it stands in a line of its own."""
    found = {}
    for path in NOTEBOOKS:
        for one in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            if one["cell_type"] == "markdown":
                for display, inline in re.findall(r"\$\$(.+?)\$\$|\$([^$]+?)\$", "".join(one["source"]), re.S):
                    found[display or inline, bool(display)] = None
    return list(found)


def drawn(mathml: str) -> str:
    """The characters that a browser takes from the font."""
    characters = ""
    for node in ElementTree.fromstring(mathml).iter():
        text = (node.text or "").strip()
        if node.tag == "mi" and len(text) == 1 and node.get("mathvariant") != "normal":
            text = ITALIC.get(text, text)
        characters += text
    return characters


def test_every_formula_of_the_course_is_mathml_that_the_page_s_font_can_draw():
    known = set(map(chr, TTFont(FONT).getBestCmap()))
    everything = formulas()
    assert len(everything) > 500
    for latex, display in everything:
        text = drawn(formula(latex, display))
        assert "\\" not in text, latex
        missing = {c for c in text if c not in known and not c.isspace() and unicodedata.category(c) != "Cf"}
        assert not missing, (latex, missing)


def test_a_formula_says_what_its_latex_says():
    fraction = ElementTree.fromstring(formula(r"\frac{a}{b_0} \le \sqrt{c}", display=True))
    assert fraction.get("display") == "block"
    assert [node.tag for node in fraction] == ["mfrac", "mo", "msqrt"]
    assert "".join(fraction.itertext()) == "ab0≤c"
    assert ElementTree.fromstring(formula(r"\max_a q")).find(".//munder") is None  # beside, in a line of text
    assert ElementTree.fromstring(formula(r"\max_a q", display=True)).find(".//munder") is not None


def test_a_formula_that_cannot_be_read_is_named_and_shown_as_it_is():
    words = Words(lambda url: url)
    assert "<code>\\frac{a</code>" in words.html(r"Now $\frac{a$ stands here.")
    (complaint,) = words.complaints
    assert r"the formula '\\frac{a' cannot be read" in complaint
