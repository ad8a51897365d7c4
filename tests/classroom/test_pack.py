"""A recording as the bytes in a page: what comes back is what was recorded."""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image
from small_course import view

from classroom.site.pack import packed
from pgcourse.live.recording import record_view


def unpacked(data: bytes) -> dict[str, Any]:
    """As the head of pack.py says: written again, for this test."""
    whole = zlib.decompress(data)
    size = int.from_bytes(whole[:4], "little")
    found = json.loads(whole[4 : 4 + size])
    rows = found["frames"]
    lengths = [sum(counts) for counts in found["counts"]]
    total = sum(lengths[row[1]] for row in rows)
    at = 4 + size + 4 * total
    z = np.frombuffer(whole[4 + size : at], np.uint8).reshape(4, total).T.copy().view("<u4").ravel().astype(np.int64)
    changes = np.where(z & 1, -(z + 1) // 2, z // 2)
    frames, start = {}, 0
    for group, length in enumerate(lengths):
        mine = [row[0] for row in rows if row[1] == group]
        block = changes[start : start + length * len(mine)].reshape(length, len(mine)).cumsum(axis=1)
        start += block.size
        block = (block + 2**31) % 2**32 - 2**31
        for key, numbers in zip(mine, block.T, strict=True):
            frames[key] = np.where(numbers == -2_000_000_000, np.nan, numbers / 100)
    found["numbers"] = frames
    found["pngs"] = []
    for length in found["backgrounds"]:
        found["pngs"].append(whole[at : at + length])
        at += length
    return found


def pixels(png: bytes) -> bytes:
    return Image.open(BytesIO(png)).convert("RGBA").tobytes()


def test_a_recording_comes_back_from_its_bytes_to_a_hundredth_of_a_pixel():
    recording = record_view(view())
    found = unpacked(packed(recording))
    assert list(found["numbers"]) == list(recording["frames"])
    for key, frame in recording["frames"].items():
        numbers = np.frombuffer(b64decode(frame["numbers"]), "<f4").astype(float)
        assert np.allclose(found["numbers"][key], numbers, rtol=0, atol=0.0051, equal_nan=True)
        assert np.isnan(numbers).any() == (frame["texts"] == ["x = -4.00"] or frame["at"][0] is None)
    for png, stored in zip(recording["backgrounds"], found["pngs"], strict=True):
        assert len(stored) < len(b64decode(png))
        assert pixels(stored) == pixels(b64decode(png))
    for row in found["frames"]:
        frame = recording["frames"][row[0]]
        assert [found["strings"][k] for k in row[2]] == frame["texts"]
        assert found["strings"][row[4]] == frame["description"]


def test_whole_numbers_such_as_colours_and_what_is_far_away_come_back():
    frames = {
        "1": [0.0, 0xFFFFFF, -1.0, 1e30, np.nan],
        "2": [5.25, 0x000001, 0xABCDEF, -1e30, 3.0],
    }
    made = {
        key: {
            "numbers": _base64(numbers),
            "counts": [5],
            "texts": [],
            "at": [],
            "description": "",
            "looks": {},
            "scenery": 0,
        }
        for key, numbers in frames.items()
    }
    found = unpacked(packed({"frames": made, "backgrounds": []}))["numbers"]
    assert found["1"][:4].tolist() == [0.0, 0xFFFFFF, -1.0, 1.9e7]
    assert np.isnan(found["1"][4])
    assert found["2"].tolist() == [5.25, 1, 0xABCDEF, -1.9e7, 3.0]


def _base64(numbers: list[float]) -> str:
    from base64 import b64encode

    return b64encode(np.array(numbers, "<f4").tobytes()).decode()
