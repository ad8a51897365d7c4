"""What is claimed of every picture, in whichever file its own tests stand."""

from __future__ import annotations

import io
import re

import numpy as np


def shows_its_numbers(make, first, second, third):
    """A picture moved about and back is the fresh one, pixel by pixel, and other numbers look different."""
    moved, fresh = make(), make()
    for numbers in (first, second, third, first):
        moved.update(numbers)
    fresh.update(first)
    assert np.array_equal(drawn(moved), drawn(fresh))
    moved.update(second)
    assert not np.array_equal(drawn(moved), drawn(fresh)), "the picture does not show its numbers"


def says_its_numbers(make, *all_numbers):
    """The description is prose with numbers, and changes with them."""
    picture = make()
    said = {picture.describe(numbers) for numbers in all_numbers}
    assert len(said) == len(all_numbers)
    for text in said:
        assert re.search(r"\d", text)
        assert text.endswith(".")
        assert not re.search(r"nan|array|None", text)


def drawn(picture):
    """The pixels, moving artists included."""
    picture.figure.savefig(buffer := io.BytesIO(), format="rgba", dpi=50)
    return np.frombuffer(buffer.getvalue(), np.uint8)
