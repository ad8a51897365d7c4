"""`python course.py mark FOLDER`: what lies in the folder, who it is from, and what cannot be read."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from returned_notebooks import CHECK, NAME, entry, put

from classroom.mark import returned, run


def listed(folder: Path) -> list[tuple[str, str]]:
    (own := folder / ".own").mkdir()
    return [(one.who, one.shown) for one in returned.find_returned(folder, own).notebooks]


def test_a_student_is_known_by_the_folder_or_by_the_rest_of_the_file_s_name(tmp_path):
    for name in (
        f"ada-{NAME}.ipynb",
        f"{NAME} (bob).ipynb",
        "carol.ipynb",
        f"Dan O'Neil/{NAME}.ipynb",
        f"Eve_17_assignsubmission_file/deep/er/{NAME}.ipynb",
        f"Fay Ng_18_assignsubmission_file_{NAME}.ipynb",
        "Dan O'Neil/progress.ipynb",
        "Dan O'Neil/.ipynb_checkpoints/00_start_here-checkpoint.ipynb",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert sorted(who for who, _ in listed(tmp_path)) == ["(bob)", "Dan O'Neil", "Eve", "Fay Ng", "ada", "carol"]


def test_what_cannot_be_read_is_a_row_and_what_is_left_out_is_named(tmp_path, monkeypatch):
    (tmp_path / "Ada").mkdir()
    put(tmp_path / "Ada", "ada", CHECK)
    locked = tmp_path / "Bob_17_assignsubmission_file" / "deep"
    locked.mkdir(parents=True)
    (tmp_path / "marks-2026-01-31T120000.csv").write_text("")
    if os.name != "nt":
        (tmp_path / "Carol.ipynb").symlink_to(tmp_path / "Ada")
    inside = Path.iterdir

    def iterdir(folder: Path):
        if folder == locked:
            raise PermissionError(13, "Permission denied")
        return inside(folder)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    found = returned.find_returned(tmp_path, tmp_path)
    assert [(one.who, one.note) for one in found.notebooks] == [("Ada", ""), ("Bob", "this folder cannot be read")]
    assert found.other == (os.name != "nt") * (
        "Left out, since they are neither notebooks nor hand-ins: Carol.ipynb (a link)."
    )
    with pytest.raises(ValueError, match=r"^it cannot be read \(.+\)$"):
        run.read(tmp_path, {})


def test_a_hand_in_and_a_folder_bring_the_history(tmp_path):
    with zipfile.ZipFile(tmp_path / "hand-in-x.zip", "w") as packed:
        packed.writestr("hand-in.json", entry("best_p", name="Ada Lovelace"))
        packed.writestr(f"deep/../../{NAME}.ipynb", "{}")
        packed.writestr("04_the_theorem.ipynb", "{}")
    (tmp_path / "Bob").mkdir()
    (tmp_path / "Bob" / f"{NAME}.ipynb").write_text("{}")
    (tmp_path / "Bob" / "progress.json").write_text(entry("best_p"))
    (tmp_path / "Carol").mkdir()
    (tmp_path / "Carol" / f"{NAME}.ipynb").write_text("{}")
    (tmp_path / "Carol" / "progress.json").write_text("{")
    (own := tmp_path / ".own").mkdir()
    found = returned.find_returned(tmp_path, own).notebooks
    assert [one.who for one in found] == ["Bob", "Carol", "Ada Lovelace", "Ada Lovelace"]
    assert [one.history.get("best_p", {}).get("attempts") for one in found] == [3, None, 3, 3]
    assert [bool(one.note) for one in found] == [False, True, False, False]
    assert found[1].note.startswith("its progress.json cannot be read: it is not JSON")
    assert all(own in one.path.parents for one in found[2:])


def test_all_folders_of_a_hand_in_are_marked_and_no_hidden_ones(tmp_path):
    paths = [f"a/{NAME}.ipynb", f"b/{NAME}.ipynb", f"{NAME}.ipynb"]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as packed:
        for path in [*paths, f"a/.ipynb_checkpoints/{NAME}-checkpoint.ipynb", f"__MACOSX/._{NAME}.ipynb"]:
            packed.writestr(path, path)
    (own := tmp_path / ".own").mkdir()
    found = returned.find_returned(tmp_path, own).notebooks
    assert [one.shown for one in found] == [f"all.zip: {path}" for path in paths]
    assert [one.path.read_text() for one in found] == paths


def test_a_hand_in_that_is_none_or_swells_is_one_row(tmp_path, monkeypatch):
    monkeypatch.setattr(returned, "MOST", 10**6)
    (tmp_path / "bad.zip").write_bytes(b"PK no")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{NAME}.ipynb", bytes(10**7))
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as packed:
        packed.writestr("readme.txt", "mine")
    with zipfile.ZipFile(tmp_path / "torn.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(f"{NAME}.ipynb", bytes(1000))
    torn = bytearray((tmp_path / "torn.zip").read_bytes())
    torn[30 + len(f"{NAME}.ipynb")] = 255  # the first byte after the file's head
    (tmp_path / "torn.zip").write_bytes(torn)
    (own := tmp_path / ".own").mkdir()
    notes = {one.who: one.note for one in returned.find_returned(tmp_path, own).notebooks}
    assert notes == {
        "bad": "it cannot be unpacked: File is not a zip file",
        "bomb": "it cannot be unpacked: its files have more than 0 MB",
        "empty": "it has no notebooks",
        "torn": "it cannot be unpacked: Error -3 while decompressing data: invalid block type",
    }
