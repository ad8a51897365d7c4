"""LiveFigure: what cannot be shown in the browser as matplotlib shows it is refused by its name."""

from __future__ import annotations

import numpy as np
import pytest
from ipywidgets.widgets.widget import _instances
from matplotlib.figure import Figure

from pgcourse.live.figure import LiveFigure

REFUSED = {
    "annotation": (TypeError, "Annotation", lambda ax: ax.annotate("a", (0, 0), animated=True)),
    "filling": (TypeError, "FillBetween|PolyCollection", lambda ax: ax.fill_between([0, 1], [0, 1], animated=True)),
    "dots": (TypeError, "PathCollection", lambda ax: ax.scatter([0], [0], animated=True)),
    "legend": (TypeError, "Legend", lambda ax: ax.legend(handles=[]).set_animated(True)),
    "steps": (ValueError, "drawstyle is 'steps-pre'", lambda ax: ax.step([0, 1], [0, 1], animated=True)),
    "some markers": (ValueError, "markevery is 2", lambda ax: ax.plot([0], "o", markevery=2, animated=True)),
    "half a marker": (ValueError, "fillstyle is 'left'", lambda ax: ax.plot([0], "o", fillstyle="left", animated=True)),
    "mathtext": (ValueError, "moving text is plain", lambda ax: ax.text(0, 0, r"$\theta$", animated=True)),
    "turned": (ValueError, "rotation_mode is", lambda ax: ax.text(0, 0, "a", rotation=30, animated=True)),
    "quiver angles": (ValueError, "angles is 'uv'", lambda ax: ax.quiver([0], [0], [1], [1], animated=True)),
    "quiver scale": (
        ValueError,
        "scale is None",
        lambda ax: ax.quiver([0], [0], [1], [1], angles="xy", scale_units="xy", animated=True),
    ),
    "photograph": (ValueError, "65×64 cells", lambda ax: ax.imshow(np.zeros((65, 64)), animated=True)),
    "smooth": (
        ValueError,
        "interpolation is 'bilinear'",
        lambda ax: ax.imshow(np.zeros((2, 3)), interpolation="bilinear", animated=True),
    ),
    "arrows coloured by number": (
        ValueError,
        r"colours by number \(C\), expected one colour",
        lambda ax: ax.quiver([0], [0], [1], [1], [3], angles="xy", scale_units="xy", scale=1, width=1, animated=True),
    ),
    "shifted dashes": (
        ValueError,
        "offset of the dashes is 2",
        lambda ax: ax.plot([0, 1], [0, 1], ls=(2, (5, 1)), lw=1, animated=True),
    ),
    "two-coloured dashes": (
        ValueError,
        "gapcolor is 'red'",
        lambda ax: ax.plot([0, 1], [0, 1], "--", gapcolor="red", animated=True),
    ),
    "sketch": (
        ValueError,
        "sketch_params is",
        lambda ax: ax.plot([0, 1], [0, 1], animated=True)[0].set_sketch_params(1, 2, 3),
    ),
    "TeX": (ValueError, "usetex is True", lambda ax: ax.text(0, 0, "a", usetex=True, animated=True)),
    "bubble": (
        ValueError,
        "boxstyle is",
        lambda ax: ax.text(0, 0, "a", bbox={"boxstyle": "rarrow"}, animated=True),
    ),
    "half transparent": (
        ValueError,
        "some colours are half transparent",
        lambda ax: ax.imshow(np.full((2, 2, 4), 0.5), animated=True),
    ),
    "many alphas": (
        ValueError,
        "size of alpha is 4, expected 1",
        lambda ax: ax.imshow(np.zeros((2, 2)), alpha=np.ones((2, 2)), animated=True),
    ),
    "hatch": (ValueError, "hatch is '/'", lambda ax: ax.bar([0], [1], hatch="/", animated=True)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_travel_is_refused_by_name_and_leaves_no_comm(case: str) -> None:
    error, words, draw = REFUSED[case]
    figure = Figure()
    draw(figure.subplots())
    before = len(_instances)
    with pytest.raises(error, match=words):
        LiveFigure(figure)
    assert len(_instances) == before


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan, np.inf])
def test_a_scale_that_is_none_is_refused_by_name(scale: float) -> None:
    with pytest.raises(ValueError, match=f"scale is {scale}, expected a finite number > 0"):
        LiveFigure(Figure(), scale=scale)


def test_what_is_no_figure_is_refused_by_name() -> None:
    with pytest.raises(TypeError, match="figure is None, expected a matplotlib Figure"):
        LiveFigure(None)


def test_polar_axes_are_refused() -> None:
    figure = Figure()
    figure.add_subplot(projection="polar").plot([0, 1], [0, 1], animated=True)
    with pytest.raises(ValueError, match="clip_path is"):
        LiveFigure(figure)
