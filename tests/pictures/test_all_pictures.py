"""What is claimed of every picture: the CASES of the files beside this one, each with three sets of numbers."""

from __future__ import annotations

import io
import re
import runpy
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from matplotlib.text import Text

import pgcourse.live.drawn
from pgcourse import pictures
from pgcourse.live import LiveFigure

pytestmark = pytest.mark.slow  # all pictures of the course are drawn, many times

CASES = {
    f"{path.stem.removeprefix('test_')}: {name}": case
    for path in sorted(Path(__file__).parent.glob("test_*.py"))
    if path.stem not in ("test_all_pictures", "test_room")
    for name, case in runpy.run_path(str(path))["CASES"].items()
}


@pytest.mark.parametrize("case", CASES)
def test_a_picture_moved_about_and_back_is_the_fresh_one_and_shows_its_numbers(case):
    make, (first, second, third) = CASES[case]
    moved, fresh = make(), make()
    for numbers in (first, second, third, first):
        moved.update(numbers)
    fresh.update(first)
    expected = drawn(fresh)
    assert np.array_equal(drawn(moved), expected)
    moved.update(second)
    assert not np.array_equal(drawn(moved), expected), "the picture does not show its numbers"


def drawn(picture):
    """The pixels, moving artists included. Where the axes stand is left out: that is half of the time, and alike."""
    picture.figure.set_layout_engine("none")
    picture.figure.savefig(buffer := io.BytesIO(), format="rgba", dpi=50)
    return np.frombuffer(buffer.getvalue(), np.uint8)


@pytest.mark.parametrize("case", CASES)
def test_the_description_is_prose_with_numbers_and_changes_with_them(case):
    make, all_numbers = CASES[case]
    picture = make()
    said = {picture.describe(numbers) for numbers in all_numbers}
    assert len(said) == len(all_numbers)
    for text in said:
        assert re.search(r"\d", text)
        assert text.endswith(".")
        assert not re.search(r"nan|array|None", text)


@pytest.mark.parametrize("case", CASES)
def test_a_negative_number_has_a_minus_sign_whether_written_or_spoken(case):
    make, all_numbers = CASES[case]
    picture = make()
    for numbers in all_numbers:
        picture.update(numbers)
        texts = [text.get_text() for text in picture.figure.findobj(Text)]
        for text in (*texts, picture.describe(numbers)):
            assert not re.search(r"(?<!\w)-[\d.∞]|\de-\d", text), text


@pytest.mark.parametrize("case", CASES)
def test_a_picture_like_one_before_is_shown_as_that_was_drawn(case, monkeypatch):
    monkeypatch.setattr(pgcourse.live.drawn, "_known", OrderedDict())  # the first is drawn, whatever came before
    make, (numbers, *_) = CASES[case]
    pictures = make(), make()
    for picture in pictures:
        picture.update(numbers)
    drawn, again = (LiveFigure(picture.figure) for picture in pictures)
    try:
        for part in ("size", "papers", "background", "artists", "handles", "frame"):
            assert getattr(again, part) == getattr(drawn, part), part
    finally:
        drawn.close()
        again.close()


@pytest.mark.parametrize("case", CASES)
def test_a_live_figure_can_move_all_of_it(case):
    make, all_numbers = CASES[case]
    picture = make()
    picture.update(all_numbers[0])
    live = LiveFigure(picture.figure, case)
    try:
        for numbers in all_numbers:
            picture.update(numbers)
            live.update(picture.describe(numbers))
    finally:
        live.close()


def test_every_part_has_its_case():
    shown = {type(part) for make, _ in CASES.values() for part in make().parts}
    known = {x for name in pictures.__all__ if isinstance(x := getattr(pictures, name), type)}
    drawn = {part for part in known if issubclass(part, pictures.Part) and not part.__subclasses__()}
    assert not {part.__name__ for part in drawn - shown}
