"""A recording in few bytes: neighbours on a slider differ little, so that what changes is told number by number.

    [size of the JSON, as uint32] [JSON] [numbers] [PNGs], compressed with zlib; model.js reads it

The JSON is the recording, with `frames` in rows: key, place of its `counts`, places of its `texts`, `at`, place of its
description, `looks`, `scenery`. Numbers are in hundredths of a pixel, as figure.js draws them, and −2e9 stands for NaN.
Frames of equal counts are one group. Of each group, number by number, stands how it changes from frame to frame:
zigzagged, so that small changes are small numbers, and the bytes of all numbers sorted by their rank.
"""

from __future__ import annotations

import json
import zlib
from base64 import b64decode
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

HUNDREDTHS, FARTHEST, NOWHERE = 100, 1.9e7, -2_000_000_000


def packed(recording: dict[str, Any]) -> bytes:
    """The bytes of a recording (`pgcourse.live.recording`). What is farther away than 1.9e7 pixels is brought there."""
    counts, strings = _Pool(), _Pool()
    rows = []
    groups: dict[int, list[np.ndarray]] = {}
    for key, frame in recording["frames"].items():
        group = counts.place(tuple(frame["counts"]))
        numbers = np.frombuffer(b64decode(frame["numbers"]), "<f4").astype(float)
        groups.setdefault(group, []).append(numbers)
        texts = [strings.place(text) for text in frame["texts"]]
        said = strings.place(frame["description"])
        rows.append([key, group, texts, frame["at"], said, frame["looks"], frame["scenery"]])
    backgrounds = [_smaller(b64decode(png)) for png in recording["backgrounds"]]
    data = {
        **recording,
        "frames": rows,
        "counts": list(counts.places),
        "strings": list(strings.places),
        "backgrounds": [len(png) for png in backgrounds],
    }
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    changes = np.concatenate([_changes(np.array(groups[k])) for k in range(len(groups))])
    by_rank = changes.astype("<u4").view(np.uint8).reshape(-1, 4).T.tobytes()
    whole = np.array([len(text)], "<u4").tobytes() + text + by_rank + b"".join(backgrounds)
    return zlib.compress(whole, 9)


def _smaller(png: bytes) -> bytes:
    """The same picture, which was made in a hurry, compressed with care."""
    image, file = Image.open(BytesIO(png)), BytesIO()
    opaque = image.mode != "RGBA" or image.getchannel("A").getextrema() == (255, 255)
    (image.convert("RGB") if opaque else image).save(file, "png", compress_level=9)
    return min(file.getvalue(), png, key=len)


def _changes(numbers: np.ndarray) -> np.ndarray:
    """(frames, n) of float → n · frames of uint32."""
    near = np.where(np.isnan(numbers), NOWHERE / HUNDREDTHS, np.clip(numbers, -FARTHEST, FARTHEST))
    whole = np.rint(near * HUNDREDTHS).astype(np.int64)
    change = np.diff(whole, axis=0, prepend=0).astype(np.int32).astype(np.int64)  # modulo 2³², as JavaScript adds up
    return (((change << 1) ^ (change >> 63)) & 0xFFFFFFFF).T.ravel()


class _Pool:
    """Equal things, kept once; `place` of each."""

    def __init__(self) -> None:
        self.places: dict[Any, int] = {}

    def place(self, thing: Any) -> int:
        return self.places.setdefault(thing, len(self.places))
