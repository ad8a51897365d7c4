"""What all commands of `python course.py` share: folders as they are typed, and words as a terminal prints them."""

from __future__ import annotations

import io
import os
import sys

import pytest

from classroom import __main__ as commands
from classroom.folders import CannotWrite, given


def test_letters_that_the_terminal_has_not_are_no_reason_to_fail(monkeypatch):
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="cp1252"))
    monkeypatch.setitem(commands.COMMANDS, "site", lambda words: print("Written to", *words, flush=True) or 0)
    assert commands.main(["site", "Žofie π"]) == 0
    assert written.getvalue().rstrip() == b"Written to \x8eofie ?"


def test_a_folder_that_powershell_has_completed_is_not_taken_with_its_quote(tmp_path, monkeypatch):
    assert given(str(tmp_path)) == tmp_path
    with monkeypatch.context() as on_windows:
        on_windows.setattr(os, "name", "nt")
        with pytest.raises(CannotWrite, match="has a quote in it: leave out the backslash"):
            given('.\\returned notebooks"')
