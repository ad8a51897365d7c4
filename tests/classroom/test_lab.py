"""A JupyterLab for a test or a benchmark: it is ended in any case, and says truly why it has not come."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest

from classroom.lab import end_process, program, start_lab

DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(600)"


@pytest.mark.skipif(sys.platform == "win32", reason="on Windows no process can ignore its end")
def test_a_process_that_does_not_hear_is_ended_all_the_same():
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE) as deaf:
        assert deaf.stdout is not None
        deaf.stdout.readline()
        end_process(deaf, seconds=0.1)
        assert deaf.poll() == -9


def test_one_that_ends_by_itself_is_told_from_one_that_is_late(tmp_path):
    with (
        pytest.raises(RuntimeError, match=r"JupyterLab ended by itself, with code 3\. It said:"),
        start_lab(tmp_path, tmp_path / "own", command=["-c", "import sys; sys.exit(3)"]),
    ):
        pass


def test_a_program_is_found_on_the_path_or_at_its_place(tmp_path, monkeypatch):
    chrome = tmp_path / "Google Chrome"
    shutil.copy(sys.executable, chrome)
    monkeypatch.setenv("PLACE", str(tmp_path))
    assert program("no-such-program") is None
    assert program("no-such-program", f"{tmp_path}/Google Chrome") == str(chrome)
    assert program("no-such-program", "$PLACE/Google Chrome", "python") == str(chrome)
