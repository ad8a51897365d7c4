"""Our PNGs are read by another program as what they were made of."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from pgcourse.live.png import png_of


@pytest.mark.parametrize("shape", [(1, 1, 4), (1, 6, 4), (7, 1, 4), (50, 41, 4)])
def test_pillow_reads_the_pixels_that_were_written(shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    image = Image.open(io.BytesIO(png_of(pixels)))
    assert image.mode == "RGBA"
    assert np.array_equal(np.asarray(image), pixels)


def test_a_part_of_a_larger_picture_and_one_turned_about_are_read_as_well():
    pixels = np.random.default_rng(0).integers(0, 256, (30, 20, 4)).astype(np.uint8)
    for view in (pixels[3:9, 5:], pixels[::-1], pixels.transpose(1, 0, 2)):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(png_of(view)))), view)


def test_a_plain_picture_is_small():
    assert len(png_of(np.full((760, 1800, 4), 200, np.uint8))) < 30_000


def test_other_pixels_are_refused():
    with pytest.raises(ValueError, match="3 channels, expected 4"):
        png_of(np.zeros((2, 2, 3), np.uint8))
