"""Where the widgets of a view stand, and all that it consists of."""

from __future__ import annotations

from collections.abc import Sequence

from ipywidgets import HBox, Layout, VBox, Widget


def arranged(
    controls: Sequence[Widget], buttons: Sequence[Widget], picture: Widget, below: Sequence[Widget | None]
) -> VBox:
    """Controls and buttons in a row, wrapped where it does not hold them; the picture; and what there is below it."""
    wrapped = Layout(flex_flow="row wrap")
    together = [HBox(buttons, layout=Layout(flex_flow="row wrap"))] if buttons else []  # wrapped one by one only
    row = HBox([*controls, *together], layout=wrapped)  # where a row does not hold all of them
    return VBox([row, picture, *(widget for widget in below if widget is not None)])


def tree(widget: Widget, without: set[Widget]) -> list[Widget]:
    """The widget, what is in it, and their layouts and styles: each is a comm of its own."""
    if widget in without:
        return []
    found = [widget, *(part for name in ("layout", "style") if isinstance(part := getattr(widget, name, None), Widget))]
    for child in getattr(widget, "children", ()):
        found += tree(child, without)
    return found
