"""`python course.py mark FOLDER`: what lies in the folder, who it is from, and what cannot be read."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from unicodedata import normalize

import pytest
from returned_notebooks import CHECK, NAME, entry, put

from classroom.mark import packed, returned, run
from pgcourse.exercises.progress_page import HAND_IN


def found(folder: Path) -> list[returned.Returned]:
    (own := folder / ".own").mkdir()
    return returned.find_returned(folder, own).notebooks


def listed(folder: Path) -> list[tuple[str, str]]:
    return [(one.who, one.shown) for one in found(folder)]


def zipped(files: dict[str, str | bytes]) -> bytes:
    with zipfile.ZipFile(whole := io.BytesIO(), "w") as made:
        for path, content in files.items():
            made.writestr(path, content)
    return whole.getvalue()


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
    for ours in ("marks.csv", "replies.csv", "marks.txt", "marks-2026-01-31T120000.csv"):
        (tmp_path / ours).write_text("")
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
    with zipfile.ZipFile(tmp_path / "hand-in-x.zip", "w") as made:
        made.writestr("hand-in.json", entry("best_p", name="Ada Lovelace"))
        made.writestr(f"deep/../../{NAME}.ipynb", "{}")
        made.writestr("04_the_theorem.ipynb", "{}")
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
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as made:
        for path in [*paths, f"a/.ipynb_checkpoints/{NAME}-checkpoint.ipynb", f"__MACOSX/._{NAME}.ipynb"]:
            made.writestr(path, path)
    (own := tmp_path / ".own").mkdir()
    found = returned.find_returned(tmp_path, own).notebooks
    assert [one.shown for one in found] == [f"all.zip: {path}" for path in paths]
    assert [one.path.read_text() for one in found] == paths


def test_a_hand_in_that_is_none_or_swells_is_one_row(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST", 10**6)
    (tmp_path / "bad.zip").write_bytes(b"PK no")
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(f"{NAME}.ipynb", bytes(10**7))
    with zipfile.ZipFile(tmp_path / "empty.zip", "w") as made:
        made.writestr("readme.txt", "mine")
    with zipfile.ZipFile(tmp_path / "torn.zip", "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(f"{NAME}.ipynb", bytes(1000))
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


def test_a_zip_in_a_zip_is_unpacked_two_levels_deep(tmp_path):
    book = {f"{NAME}.ipynb": "{}"}
    inner = zipped(book | {"hand-in.json": entry("best_p", name="Ada")})
    deep = zipped({"deeper.zip": zipped({"deepest.zip": zipped(book)}), **book})
    (tmp_path / "hw.zip").write_bytes(zipped(book | {"inner.ZIP": inner, "deep.zip": deep, "bad.zip": "PK no"}))
    assert [(one.who, one.shown.removeprefix("hw.zip: "), one.note) for one in found(tmp_path)] == [
        ("hw", f"{NAME}.ipynb", ""),
        ("Ada", f"inner.ZIP/{NAME}.ipynb", ""),
        ("hw", "deep.zip/deeper.zip/deepest.zip", "deepest.zip in it was not opened"),
        ("hw", f"deep.zip/{NAME}.ipynb", ""),
        ("hw", "bad.zip", "it cannot be unpacked: File is not a zip file"),
    ]


def test_a_zip_in_a_zip_has_no_size_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST", 10**6)
    most = {f"{NAME}.ipynb": bytes(9 * 10**5)}
    files = {f"Ada_1_assignsubmission_file_/{k}.zip": zipped(most) for k in range(2)}
    files |= {f"Bob_2_assignsubmission_file_/{NAME}.ipynb": bytes(9 * 10**5)}
    (tmp_path / "all.zip").write_bytes(zipped(files))
    notes = [(one.who, one.note) for one in found(tmp_path)]
    assert notes == [("Ada", ""), ("Ada", "it cannot be unpacked: its files have more than 0 MB"), ("Bob", "")]


def test_all_students_files_in_a_zip_have_a_limit_too(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MOST_OF_ALL", 10**6)
    files = {f"{who}_1_assignsubmission_file_/{NAME}.ipynb": bytes(9 * 10**5) for who in ("Ada", "Bob")}
    (tmp_path / "all.zip").write_bytes(zipped(files))
    assert [bool(one.note) for one in found(tmp_path)] == [False, True]


def test_two_files_of_one_path_in_a_zip_are_both_there(tmp_path):
    with zipfile.ZipFile(tmp_path / "ada.zip", "w") as archive:
        archive.writestr(f"{NAME}.ipynb", "{}")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr(f"{NAME}.ipynb", "[]")
    assert [one.path.read_text() for one in found(tmp_path)] == ["{}", "[]"]


def test_a_name_from_macos_is_the_same_name(tmp_path):
    """There an accent may be a sign of its own, and a .zip does not say that its names are UTF-8."""
    ours, theirs = (normalize(form, "Jürgen Müller") for form in ("NFC", "NFD"))
    assert ours != theirs
    packed = bytearray(
        zipped({f"{theirs}/{NAME}.ipynb": "{}", f"{theirs}_17_assignsubmission_file/{NAME}.ipynb": "{}"})
    )
    for head, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):  # of each file, and in the list at the end
        at = packed.find(head)
        while at >= 0:
            packed[at + flags + 1] &= ~8
            at = packed.find(head, at + 1)
    (tmp_path / "all.zip").write_bytes(packed)
    for who in (ours, f"{theirs}_17_assignsubmission_file", "Ada"):
        (tmp_path / who).mkdir()
        (tmp_path / who / f"{NAME}.ipynb").write_text("{}")
    (tmp_path / f"{NAME}_{theirs}.ipynb").write_text("{}")
    (tmp_path / "hand-in.zip").write_bytes(zipped({f"{NAME}.ipynb": "{}", HAND_IN: entry("best_p", name=theirs)}))
    notebooks = found(tmp_path)
    assert sorted(one.who.split(" (")[0] for one in notebooks) == ["Ada", *5 * [ours], "all"]
    assert [one.shown for one in notebooks if one.who == "all"] == [f"all.zip: {theirs}/{NAME}.ipynb"]


def test_of_two_namesakes_each_has_a_row(tmp_path):
    for number, name in ((11, f"{NAME}.ipynb"), (12, "hw.rar")):
        (folder := tmp_path / f"Jan Novak_{number}_assignsubmission_file_").mkdir()
        (folder / name).write_text("{}")
    assert [(one.who, one.note) for one in found(tmp_path)] == [
        ("Jan Novak (11)", ""),
        ("Jan Novak (12)", "nothing in it can be marked: hw.rar"),
    ]


def test_namesakes_are_told_apart_and_nobody_else(tmp_path):
    ada, book = entry("best_p", name="Ada"), {f"{NAME}.ipynb": "{}"}
    for path, content in {
        "ada.zip": zipped(book | {"hand-in.json": ada}),
        "ada (1).zip": zipped(book | {"hand-in.json": ada}),
        f"bob_{NAME}.ipynb": b"{}",
        "bob_01_policies_and_J.ipynb": b"{}",
        "class.zip": zipped(
            {f"{k}/{name}": text for k in "xy" for name, text in (book | {"hand-in.json": ada}).items()}
        ),
        "cy.zip": zipped({"hand-in.json": ada.replace("Ada", "Cy"), f"a/{NAME}.ipynb": "{}", f"b/{NAME}.ipynb": "{}"}),
        f"Homework 1-8/Dan_1_assignsubmission_file_/{NAME}.ipynb": b"{}",
        f"Homework 2-9/Dan_7_assignsubmission_file_/{NAME}.ipynb": b"{}",
        "Homework 3-9.zip": zipped({f"Dan_{k}_assignsubmission_file_/{NAME}.ipynb": "{}" for k in (8, 9)}),
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    assert [one.who for one in found(tmp_path)] == [
        "Dan",
        "Dan",
        "Dan (8)",
        "Dan (9)",
        "Ada (ada (1).zip)",
        "Ada (ada.zip)",
        "bob",
        "bob",
        "Ada (x)",
        "Ada (y)",
        "Cy",
        "Cy",
    ]


def test_an_empty_folder_is_a_row_if_its_student_has_returned_nothing_else(tmp_path):
    for folder in ("Ada/pictures", "Bob", "Cy/deep/more", "Dan_4_assignsubmission_file_", "Eve/.cache"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "Ada" / f"{NAME}.ipynb").write_text("{}")
    nothing = "nothing in it can be marked: "
    assert {one.who: one.note for one in found(tmp_path)} == {
        "Ada": "",
        "Bob": f"{nothing}Bob (an empty folder)",
        "Cy": f"{nothing}more (an empty folder)",
        "Dan": f"{nothing}Dan_4_assignsubmission_file_ (an empty folder)",
        "Eve": f"{nothing}Eve (an empty folder)",
    }


def test_a_name_from_within_another_student_s_folder_is_noted(tmp_path):
    for folder in ("Eve/Bob_9_assignsubmission_file_", "Ada"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / f"{NAME}.ipynb").write_text("{}")
    inner = zipped({f"Bob_9_assignsubmission_file_/{NAME}.ipynb": "{}"})
    (tmp_path / "Eve" / "hw.zip").write_bytes(inner)
    notes = [(one.who, one.note) for one in found(tmp_path)]
    assert sorted(notes) == [("Ada", ""), *[("Bob", "named by what lies in Eve")] * 2]


def test_a_hand_in_json_that_cannot_be_read_is_a_note_and_its_notebooks_are_marked(tmp_path):
    good = entry("best_p", name="Zoë")
    kept = {
        "utf": good.encode("utf-8-sig"),
        "latin": good.replace("\\u00eb", "ë").encode("latin-1"),
        "comma": good + ",",
    }
    for name, text in kept.items():
        (tmp_path / f"{name}.zip").write_bytes(zipped({"hand-in.json": text, f"{NAME}.ipynb": "{}"}))
    (tmp_path / "Ada").mkdir()
    (tmp_path / "Ada" / f"{NAME}.ipynb").write_text("{}")
    (tmp_path / "Ada" / "hand-in.json").write_text(good)
    rows = {one.who: one for one in found(tmp_path)}
    assert sorted(rows) == ["Ada", "Zoë", "comma", "latin"]
    assert all(returned.is_notebook(one.path.name) for one in rows.values())
    assert [bool(rows[who].history) for who in ("Ada", "Zoë", "latin", "comma")] == [True, True, False, False]
    assert rows["latin"].note.startswith("its hand-in.json cannot be read: 'utf-8' codec can't decode")
    assert rows["comma"].note.startswith("its hand-in.json cannot be read: it is not JSON")
    assert rows["Ada"].note == rows["Zoë"].note == ""


def test_every_student_has_a_row_and_every_file_that_is_left_out_is_named(tmp_path):
    for path, content in {
        f"Ada/{NAME}.IPYNB": b"{}",
        "Bob/HW.ZIP": zipped({f"{NAME}.IPYNB": "{}"}),
        "Cy/hw.rar": b"",
        f"Dan/{NAME}.ipynb.txt": b"",
        "Eve/progress.ipynb": b"{}",
        "Fay_6_assignsubmission_file_report.pdf": b"",
        "Gus/report.pdf": b"",
        f"Gus/{NAME}.ipynb": b"{}",
        "all.zip": zipped(
            {"Hal_8_assignsubmission_file_/hw.rar": "", f"Ida_9_assignsubmission_file_/{NAME}.ipynb": "{}"}
        ),
        "letter.docx": b"",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    (own := tmp_path / ".own").mkdir()
    given = returned.find_returned(tmp_path, own)
    nothing = "nothing in it can be marked: "
    assert {one.who: one.note for one in given.notebooks} == dict.fromkeys(("Ada", "Bob", "Gus", "Ida"), "") | {
        "Cy": f"{nothing}hw.rar",
        "Dan": f"{nothing}{NAME}.ipynb.txt",
        "Eve": f"{nothing}progress.ipynb",
        "Fay": f"{nothing}Fay_6_assignsubmission_file_report.pdf",
        "Hal": f"{nothing}hw.rar",
    }
    assert len(given.notebooks) == 9
    left = [f"Cy/hw.rar, Dan/{NAME}.ipynb.txt, Fay_6_assignsubmission_file_report.pdf, Gus/report.pdf, letter.docx"]
    assert given.other.replace(os.sep, "/") == f"Left out, since they are neither notebooks nor hand-ins: {left[0]}."


# A .zip of a whole class


def test_of_a_class_in_one_zip_each_student_has_the_own_name_and_history(tmp_path):
    of_bob = entry("best_p", name="Bob").replace('"attempts": 3', '"attempts": 5')
    files = {
        "Ada_1_assignsubmission_file_/hand-in.json": entry("best_p", name="Ada"),
        f"Ada_1_assignsubmission_file_/{NAME}.ipynb": "{}",
        "Bob_2_assignsubmission_file_/hand-in.json": of_bob,
        f"Bob_2_assignsubmission_file_/{NAME}.ipynb": "{}",
        f"Cy Lee_3_assignsubmission_file_/{NAME}.ipynb": "{}",
        f"Dan/{NAME}.ipynb": "{}",
        "Eve/hand-in.json": entry("best_p", name="Eve Ng"),
        f"Eve/{NAME}.ipynb": "{}",
    }
    (tmp_path / "all.zip").write_bytes(zipped(files))
    known = [(one.who, one.history["best_p"]["attempts"] if one.history else 0) for one in found(tmp_path)]
    assert known == [("Ada", 3), ("Bob", 5), ("Cy Lee", 0), ("all", 0), ("Eve Ng", 3)]


def test_moodle_s_name_is_found_below_other_folders_and_comes_before_what_a_student_has_typed(tmp_path):
    mine = {"hand-in.json": entry("best_p", name="Bob"), f"Bob_9_assignsubmission_file_/{NAME}.ipynb": "{}"}
    for path, content in {
        f"Homework 4-1234/Nested A_43_assignsubmission_file_/{NAME}.ipynb": b"{}",
        f"Homework 4-1234/Nested B_44_assignsubmission_file_/deep/{NAME}.ipynb": b"{}",
        "Homework 4-1234/Nested C_45_assignsubmission_file_/hand-in-bob.zip": zipped(mine),
        f"Nested D_46_assignsubmission_file_{NAME}.ipynb": b"{}",
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(content)
    assert [who for who, _ in listed(tmp_path)] == ["Nested A", "Nested B", "Nested C", "Nested D"]


def test_a_hand_in_at_the_top_of_a_zip_is_not_that_of_moodle_s_folders(tmp_path):
    files = {"hand-in.json": entry("best_p", name="Ada"), f"Bob_2_assignsubmission_file_/{NAME}.ipynb": "{}"}
    (tmp_path / "all.zip").write_bytes(zipped(files | {f"{NAME}.ipynb": "{}"}))
    assert [(one.who, bool(one.history)) for one in found(tmp_path)] == [("Bob", False), ("Ada", True)]
