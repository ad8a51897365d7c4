"""The text of a cell as HTML: Markdown as JupyterLab reads it, formulas as MathML, links to the pages of the site.

MathML is drawn by the browser itself, read aloud by a screen reader, and needs no script and no network. Its font
comes with the page (`math.woff`).
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

from math_core import LatexError, LatexToMathML
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

_converter = LatexToMathML()
_ANCHOR = 'class="anchor-link" aria-label="link to this heading"'


def formula(latex: str, display: bool = False) -> str:
    """A formula as MathML. ValueError, with the formula, if it is none."""
    try:
        mathml = _converter.convert_with_local_state(latex.strip(), displaystyle=display)
    except LatexError as error:
        raise ValueError(f"the formula {latex.strip()!r} cannot be read: {error}") from error
    mathml = mathml.replace("&ApplyFunction;", "\u2061")  # an entity of HTML, which XML does not know
    return mathml.replace("\ufe00", "")  # asks for one of two forms of script letters: the font has one


class Words(IPythonRenderer):
    """Markdown → HTML. `link` says where a link leads here; `complaints` are the formulas that could not be read."""

    def __init__(self, link: Callable[[str], str | None]) -> None:
        super().__init__(escape=False)
        self._link = link
        self.complaints: list[str] = []

    def html(self, markdown: str) -> str:
        return MarkdownWithMath(renderer=self).render(markdown)

    def link(self, text: str, url: str, title: str | None = None) -> str:
        here = self._link(url)
        return text if here is None else super().link(text, here, title)

    def inline_math(self, body: str) -> str:
        return self._formula(body, False)

    def block_math(self, body: str) -> str:
        return self._formula(body, True)

    def multiline_math(self, text: str) -> str:
        return self._formula(text.strip().removeprefix("$$").removesuffix("$$"), True)

    def latex_environment(self, name: str, body: str) -> str:
        return self._formula(rf"\begin{{{name}}}{body}\end{{{name}}}", True)

    def heading(self, text: str, level: int, **attributes: Any) -> str:
        return super().heading(text, level, **attributes).replace('class="anchor-link"', _ANCHOR)

    def _formula(self, latex: str, display: bool) -> str:
        try:
            mathml = formula(latex, display)
        except ValueError as error:
            self.complaints.append(str(error))
            return f"<code>{html.escape(latex)}</code>"
        return f'<span class="formula">{mathml}</span>' if display else mathml
