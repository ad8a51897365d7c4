"""One page of the site, from a notebook's cells and from what they showed when they ran (run.py).

A page is one file: its style, its font, its scripts and its pictures are in it, so that it can be opened from a disk,
sent by mail, or put on any web server.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, NamedTuple

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import Python3Lexer

from classroom.cells import is_for_instructors, is_solution
from classroom.site.pack import packed
from classroom.site.run import VIEW
from classroom.site.words import Words
from pgcourse.live.figure import LiveFigure
from pgcourse.live.scenes import SceneButtons

HERE = Path(__file__).parent
MISSING = "This cell did not run when the page was made."
LOST = "This picture was lost: the notebook ended before it could be recorded."


class Page(NamedTuple):
    """A page, and what is wrong with it, one sentence a fault."""

    text: str
    faults: list[str]


def notebook_page(
    title: str,
    cells: list[dict[str, Any]],
    lines: Iterable[dict[str, Any]],
    nav: str,
    about: str,
    footer: str,
    link: Callable[[str], str | None],
) -> Page:
    """The page of a notebook; `lines` are those of run.py, and `link` says where links lead."""
    words, faults, parts = Words(link), [], []
    lines = list(lines)
    shown = {line["cell"]: line for line in lines if "cell" in line}
    views = {line["view"]: line for line in lines if "view" in line}
    for cell in cells:
        source, tags = "".join(cell["source"]), cell["metadata"].get("tags", [])
        if is_for_instructors(cell) or is_solution(cell):  # instructors have the notebooks
            continue
        if cell["cell_type"] == "markdown":
            body = words.html(source)
            faults += [f"cell {cell['id']}: {complaint}" for complaint in words.complaints]
            words.complaints.clear()
        elif cell["cell_type"] == "code":
            ran = shown.get(cell["id"], {"outputs": [], "error": MISSING})
            body = _code(source, cell["metadata"].get("jupyter", {}).get("source_hidden", False))
            if "exercise" not in tags:  # no reply to an answer that nobody gave
                body += "".join(_output(data, views) for data in ran["outputs"])
                if ran["error"]:
                    faults.append(f"cell {cell['id']}: {ran['error']}")
                    body += f'<p class="failed">This cell failed: <code>{html.escape(ran["error"])}</code></p>'
                faults += [f"cell {cell['id']}: {reason}" for reason in _reasons(ran["outputs"], views)]
        else:
            continue
        parts.append(f'<div class="cell" id="{html.escape(cell["id"])}">\n{body}\n</div>')
    first, *rest = parts or [""]
    main = "\n".join([first, f'<p class="about">{about}</p>', *rest])
    scripts = _scripts() if views else ""
    return Page(framed(title, nav, main, footer, scripts), faults)


def framed(title: str, nav: str, main: str, footer: str, scripts: str = "") -> str:
    """A page around what it says."""
    page = Template((HERE / "page.html").read_text(encoding="utf-8"))
    return page.substitute(title=html.escape(title), css=_css(), nav=nav, main=main, footer=footer, scripts=scripts)


@cache
def _css() -> str:
    font = base64.b64encode((HERE / "math.woff").read_bytes()).decode()
    css = Template((HERE / "page.css").read_text(encoding="utf-8")).substitute(font=font)
    dark = HtmlFormatter(style="github-dark", nobackground=True).get_style_defs("pre")
    light = HtmlFormatter(style="default", nobackground=True).get_style_defs("pre")
    return f"{css}\n{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"


@cache
def _scripts() -> str:
    """figure.js and scenes.js as they are in a notebook, and the page's own."""

    def safe(text: str) -> str:
        return text.replace("</script", "<\\/script")

    modules = {"figure": str(LiveFigure._esm), "scenes": str(SceneButtons._esm)}
    parts = [f'<script type="text/plain" id="{name}">\n{safe(text)}</script>' for name, text in modules.items()]
    own = safe("".join((HERE / name).read_text(encoding="utf-8") for name in ("model.js", "page.js")))
    return "\n".join([*parts, f'<script type="module">\n{own}</script>'])


def _code(source: str, folded: bool) -> str:
    shown = f"<pre>{highlight(source, Python3Lexer(), HtmlFormatter(nowrap=True)).rstrip()}</pre>"
    if not folded:
        return shown
    first = source.partition("\n")[0].lstrip("# ")
    return f'<details class="code"><summary>{html.escape(first)}</summary>{shown}</details>'


def _output(data: dict[str, Any], views: Mapping[int, dict[str, Any]]) -> str:
    if VIEW in data:
        view = views.get(data[VIEW]["view"])
        return _view(view) if view else f'<p class="failed">{LOST}</p>'
    if "text/html" in data:
        return f'<div class="output">{data["text/html"]}</div>'
    if "image/png" in data:
        return f'<img class="still" src="data:image/png;base64,{data["image/png"]}" alt="a picture">'
    return f'<pre class="output">{html.escape(data.get("text/plain", ""))}</pre>'


def _view(view: dict[str, Any]) -> str:
    name = html.escape(view["name"], quote=True)
    if "recording" not in view:
        image = f'<img class="still" width="{view["width"]:g}" src="data:image/png;base64,{view["still"]}"'
        image += f' alt="{html.escape(view["alt"], quote=True)}">'
        return f'{image}<p class="more">This is a still picture. It moves in the notebook.</p>'
    more = f'<p class="more">{html.escape(view["more"])}</p>' if view["more"] else ""
    data = base64.b64encode(packed(view["recording"])).decode()
    script = f'<script type="application/octet-stream">{data}</script>'
    silent = "<noscript><p>This picture needs JavaScript.</p></noscript>"
    return f'<div class="view widget-vbox" role="group" aria-label="{name}">{more}{silent}{script}</div>'


def _reasons(outputs: list[dict[str, Any]], views: Mapping[int, dict[str, Any]]) -> list[str]:
    there = [views.get(output[VIEW]["view"], {"reason": LOST}) for output in outputs if VIEW in output]
    return [view["reason"] for view in there if "reason" in view]


def plain(markdown: str) -> str:
    """The text of a heading without its marks."""
    return re.sub(r"[*_`#]", "", markdown).strip()
