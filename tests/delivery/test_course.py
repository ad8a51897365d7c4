"""`course.py` gets a student from a fresh checkout to the course, or says in one sentence what is in the way.

Its decisions are tried one by one. The whole way is walked with a pip that only pretends: these tests install nothing
and need no network. The checkout's path has a space and an umlaut throughout.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import venv
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
ON_POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has no process groups to send Ctrl-C to")


@pytest.fixture(autouse=True)
def no_more_extras(monkeypatch):
    """Whatever this test run itself was told to install."""
    monkeypatch.delenv("PGCOURSE_EXTRAS", raising=False)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout of its own, which no test shares and nothing else uses."""
    folder = tmp_path / "Kurs für Anfänger"
    (folder / "classroom").mkdir(parents=True)
    for name in ("course.py", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture
def course(checkout: Path) -> ModuleType:
    """That checkout's `course.py`, as a module."""
    spec = importlib.util.spec_from_file_location("course_of_a_test", checkout / "course.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(checkout: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What a student's terminal shows."""
    return subprocess.run(
        [sys.executable, str(checkout / "course.py"), *arguments],
        cwd=checkout.parent,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **variables},
        capture_output=True,
        encoding="utf-8",
    )


# Which Python


def test_a_suitable_python_stays(course):
    assert course.find_python() == sys.executable


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 10, 13), (3, 15, 0), (4, 0, 0)])
def test_from_an_unsuitable_python_the_first_suitable_one_takes_over(course, monkeypatch, version):
    pretended = SimpleNamespace(version_info=version, executable="unsuitable", maxsize=sys.maxsize)
    in_name_only = [sys.executable, "-c", "raise SystemExit(127)"]
    monkeypatch.setattr(course, "sys", pretended)
    monkeypatch.setattr(course, "candidates", lambda: [["no-such-python"], in_name_only, [sys.executable]])
    assert Path(course.find_python()).samefile(sys.executable)


def test_where_there_is_none_the_sentence_names_what_is_needed_and_what_is_there(course, monkeypatch):
    monkeypatch.setattr(course, "sys", SimpleNamespace(version_info=(3, 8, 18), executable="old", maxsize=sys.maxsize))
    monkeypatch.setattr(course, "candidates", lambda: [["no-such-python"]])
    with pytest.raises(course.CannotSetUp, match=r"needs Python 3\.11 to 3\.14, and this is 3\.8: install"):
        course.find_python()


def test_windows_asks_its_launcher_first_which_not_everybody_has(course, monkeypatch):
    monkeypatch.setattr(course, "WINDOWS", True)
    assert course.candidates()[0] == ["py", "-3.13"]
    assert {command for command, *_ in course.candidates()} >= {"py", "python3.13", "python"}


def test_a_python_of_32_bits_is_too_small(course, monkeypatch):
    small = SimpleNamespace(version_info=(3, 13, 2), executable="small", maxsize=2**31 - 1)
    monkeypatch.setattr(course, "sys", small)
    monkeypatch.setattr(course, "candidates", lambda: [[sys.executable]])
    assert Path(course.find_python()).samefile(sys.executable)
    monkeypatch.setattr(course, "candidates", lambda: [])
    with pytest.raises(course.CannotSetUp, match=r"3\.14 for 64 bits, and this is 3\.13 for 32 bits: install"):
        course.find_python()


# Which environment


@pytest.mark.parametrize(
    ("requirement", "is_met"),
    [
        ("numpy>=2.1", True),
        ("numpy>=2.1,<2.1", False),
        ("no-such-package", False),
        ("no-such-package; sys_platform == 'nowhere'", True),
    ],
)
def test_a_requirement_is_met_by_what_is_installed(course, requirement, is_met):
    assert course.is_met(requirement) is is_met


def test_only_a_link_to_this_very_checkout_counts_as_installed(course, checkout, tmp_path, monkeypatch):
    record = tmp_path / "site" / "pgcourse-0.1.0.dist-info" / "direct_url.json"
    record.parent.mkdir(parents=True)
    (record.parent / "METADATA").write_text("Metadata-Version: 2.1\nName: pgcourse\nVersion: 0.1.0\n")
    monkeypatch.syspath_prepend(tmp_path / "site")
    (tmp_path / "another").mkdir()

    def is_installed(folder: Path, editable: bool) -> bool:
        record.write_text(json.dumps({"url": folder.as_uri(), "dir_info": {"editable": editable}}))
        return course.is_installed_from(checkout)

    assert is_installed(checkout, editable=True)
    assert not is_installed(checkout, editable=False)
    assert not is_installed(tmp_path / "another", editable=True)


def test_an_environment_that_has_the_course_is_used_and_left_as_it_is(course, monkeypatch):
    monkeypatch.setattr(course, "is_installed_from", lambda folder: True)
    monkeypatch.setattr(course, "become", lambda python, arguments, environment: (python, arguments, environment))
    monkeypatch.setattr(course, "set_up", lambda extra: pytest.fail("pyproject.toml asks for more"))
    assert course.main(["test", "-k", "bellman"]) == (sys.executable, ["-m", "pytest", "-k", "bellman"], os.environ)
    assert not course.VENV.exists()


@pytest.mark.parametrize("command", ["lab", "test", "bench"])
def test_an_environment_that_lacks_one_thing_is_not_used(course, monkeypatch, command):
    monkeypatch.setattr(course, "is_installed_from", lambda folder: True)
    extra = course.EXTRAS[command]
    monkeypatch.setattr(course, "is_met", lambda line: True)
    assert course.has_course(extra)
    monkeypatch.setattr(course, "is_met", lambda line: not line.startswith("playwright"))
    assert course.has_course(extra) is (command == "lab")
    monkeypatch.setattr(course, "is_met", lambda line: not line.startswith("scipy"))
    assert not course.has_course(extra)


def test_a_variable_adds_extras_and_an_unknown_one_is_told(course, monkeypatch, capsys):
    monkeypatch.setattr(course, "is_installed_from", lambda folder: True)
    monkeypatch.setattr(course, "is_met", lambda line: not line.startswith("ray"))
    assert course.extras_for("test") == "test"
    assert course.extras_for("site", "OUT") == "site"
    assert course.extras_for("site", "--lite", "OUT") == "site,lite"
    assert course.has_course("test")
    monkeypatch.setenv("PGCOURSE_EXTRAS", "dask, ray")
    assert course.extras_for("lab") == "dask,ray"
    assert course.extras_for("test") == "test,dask,ray"
    assert not course.has_course("test,dask,ray")
    monkeypatch.setenv("PGCOURSE_EXTRAS", "spark")
    assert course.main(["test"]) == 1
    assert "PGCOURSE_EXTRAS names spark, expected some of: site, test, " in capsys.readouterr().err


def test_what_the_user_told_pip_for_other_projects_does_not_move_the_course(course, monkeypatch):
    for name in ("PIP_USER", "PIP_TARGET", "PIP_REQUIRE_VIRTUALENV", "PYTHONPATH", "PYTHONHOME", "PIP_PROXY"):
        monkeypatch.setenv(name, "1")
    variables = course.private_environment()
    assert variables["PIP_USER"] == "0"
    assert variables["PIP_PROXY"] == "1"
    assert not {"PIP_TARGET", "PIP_REQUIRE_VIRTUALENV", "PYTHONPATH", "PYTHONHOME"} & set(variables)
    assert variables["PATH"].split(os.pathsep)[0] == str(course.BIN)


# What is left to do


def test_the_stamp_decides_what_is_left_to_do(course, checkout, tmp_path):
    now = {"checkout": str(checkout), "python": [3, 12], "whole": ["pip", "pgcourse"], "pins": "today's"}
    stamp = {**now, "extras": ["test"]}

    assert course.next_step(stamp, now, "test") == "nothing"
    assert course.next_step(stamp, now, "") == "nothing", "lab needs less than test"
    assert course.next_step(stamp, now, "bench") == "install"
    assert course.next_step(stamp, now, "test,dask") == "install"
    assert course.next_step({**stamp, "extras": ["dask", "ray", "test"]}, now, "test,dask") == "nothing"
    assert course.next_step({**stamp, "pins": "yesterday's"}, now, "test") == "install"
    assert course.next_step(stamp, {**now, "whole": ["pip"]}, "test") == "install", "killed while adding an extra"
    assert course.next_step({}, now, "test") == "install", "half-done"

    assert course.next_step({}, {**now, "python": [], "whole": []}, "test") == "build", "nothing there"
    assert course.next_step({}, {**now, "whole": []}, "test") == "build", "killed while pip was being put in"
    assert course.next_step(stamp, {**now, "python": [3, 10]}, "test") == "build", "too old"
    assert course.next_step(stamp, {**now, "python": [3, 13]}, "test") == "build", "another Python took its place"
    assert course.next_step({**stamp, "checkout": str(tmp_path / "old")}, now, "test") == "build", "moved"
    assert course.next_step({**stamp, "checkout": str(tmp_path)}, now, "test") == "build", "copied"


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_the_stamp_knows_a_changed_pin(course, checkout, name):
    before = course.state()["pins"]
    assert course.state()["pins"] == before
    with (checkout / name).open("a") as file:
        file.write("# changed\n")
    assert course.state()["pins"] != before


def test_a_stamp_is_read_as_it_was_written_and_a_torn_one_not_at_all(course):
    assert course.read_stamp() == {}
    course.VENV.mkdir()
    course.write_stamp({"pins": "some", "extras": ["test"]})
    assert course.read_stamp() == {"pins": "some", "extras": ["test"]}
    course.STAMP.write_text(course.STAMP.read_text()[:-5])
    assert course.read_stamp() == {}


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError'\nERROR: No matching distribution",
            "No netw",
        ),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied: 'x'", "The disk refused"),
        ("ERROR: Could not install packages: [WinError 5] Access is denied: 'x.pyd'", "A file of .venv is in use"),
        (
            "HINT: how to enable this: /warnings/enable-long-paths\nERROR: [Errno 2] No such file",
            "The folder's path is too long: move the course to C:\\pgcourse or so, then type",
        ),
        ("ERROR: Cannot install numpy==1 and scipy==2\nERROR: ResolutionImpossible", "The set-up did not work"),
        ("", "The set-up did not work"),
    ],
)
def test_a_failure_of_pip_is_told_in_one_sentence(course, words, sentence):
    told = course.explain(words)
    assert told.startswith(sentence)
    assert "then type the same line again" in told
    assert "\n" not in told
    assert words.split("\n")[-1] in told


# How an environment is made


def commands_to_make_an_environment(course, monkeypatch, modules: set[str]) -> list[list[str]]:
    commands: list[list[str]] = []
    monkeypatch.setattr(course.importlib.util, "find_spec", lambda name: name in modules or None)
    monkeypatch.setattr(course, "run_quietly", commands.append)
    course.make_environment()
    return commands


def test_a_complete_python_makes_it_in_one_step(course, monkeypatch):
    (command,) = commands_to_make_an_environment(course, monkeypatch, {"venv", "ensurepip", "pip"})
    assert command[1:] == ["-m", "venv", str(course.VENV)]


def test_debian_without_python3_venv_but_with_pip_takes_two(course, monkeypatch):
    make, fill = commands_to_make_an_environment(course, monkeypatch, {"venv", "pip"})
    assert "--without-pip" in make
    assert fill[1:] == ["-m", "pip", "--python", str(course.PYTHON), "install", "pip"]


def test_debian_without_either_is_told_the_line_to_type(course, monkeypatch, capsys):
    monkeypatch.setattr(course, "has_course", lambda extra: False)
    monkeypatch.setattr(course.importlib.util, "find_spec", lambda name: None)
    assert course.main(["lab"]) == 1
    line = "sudo apt install python{}.{}-venv".format(*sys.version_info)
    assert line in [told.strip() for told in capsys.readouterr().err.splitlines()]


def test_a_folder_that_cannot_be_made_is_a_sentence_too(checkout):
    (checkout / ".venv").write_text("a file, where a folder should be")
    outcome = run(checkout, "lab")
    assert outcome.returncode == 1
    assert "The disk refused" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_an_environment_that_somebody_else_has_made_is_never_removed(checkout):
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "pyvenv.cfg").write_text("made by another tool, which puts no pip in it")
    outcome = run(checkout, "lab")
    assert outcome.returncode == 1
    assert "There is a folder .venv already, which was not made here and cannot be used" in outcome.stderr
    assert [path.name for path in (checkout / ".venv").iterdir()] == ["pyvenv.cfg"]


# The whole way, with a pip that only pretends

PIP = """
import json, os, pathlib, sys, time
here = pathlib.Path(__file__).parent.parent
with (here / "calls").open("a") as calls:
    calls.write(json.dumps([sys.argv[1:], os.getcwd(), os.environ["PIP_USER"]]) + "\\n")
behaviour = os.environ.get("PRETEND", "")
if behaviour == "no network":
    print("WARNING: Retrying (Retry(total=0)) after connection broken by 'NameResolutionError'")
    sys.exit("ERROR: No matching distribution found for setuptools>=77")
if behaviour == "slow":
    time.sleep(60)
(here / "pgcourse-0.1.0.dist-info").mkdir(exist_ok=True)
(here / "pgcourse-0.1.0.dist-info" / "METADATA").write_text("Name: pgcourse")
(here / "pgcourse-0.1.0.dist-info" / "RECORD").write_text("pgcourse.py,,")
"""
PYTEST = "import os, sys; print('pytest in', os.getcwd(), 'with', sys.argv[1:]); sys.exit(7)"


@pytest.fixture
def site(checkout: Path) -> Path:
    """The packages of a `.venv` that was left half-done: Python and pip are there, the course is not."""
    folder = checkout / ".venv"
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    for name, text in {
        "pip/__main__.py": PIP,
        "pip-1.dist-info/METADATA": "Name: pip",
        "pip-1.dist-info/RECORD": "pip/__main__.py,,",
        "pytest.py": PYTEST,
    }.items():
        (site / name).parent.mkdir(exist_ok=True)
        (site / name).write_text(text)
    return site


def calls(site: Path) -> list:
    recorded = site / "calls"
    return [json.loads(line) for line in recorded.read_text().splitlines()] if recorded.exists() else []


@pytest.mark.slow
def test_a_half_done_set_up_is_finished_once_and_renewed_when_a_pin_changes(checkout, site):
    first = run(checkout, "test", "-k", "bellman", PIP_USER="1", PYTHONPATH="elsewhere")
    assert first.returncode == 7, "pytest's exit code is passed on"
    assert "half-done" in first.stdout
    assert "Ready after" in first.stdout
    assert f"pytest in {checkout} with ['-k', 'bellman']" in first.stdout
    assert calls(site) == [[["install", "-c", "constraints.txt", "-e", ".[test]"], str(checkout), "0"]]

    second = run(checkout, "test")
    assert second.stdout.startswith("pytest in")
    assert len(calls(site)) == 1
    assert run(checkout, "test", PGCOURSE_EXTRAS="ray").returncode == 7
    assert calls(site)[1][0][-1] == ".[ray,test]"

    with (checkout / "constraints.txt").open("a") as file:
        file.write("something-new==1\n")
    third = run(checkout, "test")
    assert third.stdout.startswith("Bringing .venv up to date")
    assert len(calls(site)) == 3


@pytest.mark.slow
def test_without_network_there_is_one_sentence_and_the_next_run_goes_on(checkout, site):
    offline = run(checkout, "test", PRETEND="no network")
    assert offline.returncode == 1
    assert offline.stderr.strip().startswith("No network")
    assert "No matching distribution found for setuptools>=77" in offline.stderr
    assert "Traceback" not in offline.stderr
    assert "connection broken" in (checkout / ".venv" / "setup.log").read_text()
    assert run(checkout, "test").returncode == 7


@ON_POSIX
@pytest.mark.slow
def test_ctrl_c_leaves_a_set_up_that_goes_on(checkout, site):
    student = subprocess.Popen(
        [sys.executable, str(checkout / "course.py"), "test"],
        env={**os.environ, "PRETEND": "slow"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a shell ignores it for what is in background
    )
    deadline = time.monotonic() + 120
    while not calls(site):
        assert time.monotonic() < deadline, "pip was never started"
        time.sleep(0.02)
    os.killpg(student.pid, signal.SIGINT)
    _, told = student.communicate(timeout=120)
    assert student.returncode == 130
    assert told.decode().strip() == "Stopped. Type the same line again, and the set-up goes on."
    assert run(checkout, "test").returncode == 7


# Handing over


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["-h"], 0), (["--help"], 0)])
def test_without_a_command_it_says_which_there_are(checkout, course, arguments, code):
    outcome = run(checkout, *arguments)
    assert outcome.returncode == code
    said, silent = (outcome.stdout, outcome.stderr) if arguments else (outcome.stderr, outcome.stdout)
    assert re.findall(r"python course\.py (\w+)", said) == list(course.COMMANDS)
    assert silent == ""
    assert not (checkout / ".venv").exists()


@pytest.mark.parametrize("command", ["bench", "mark", "notebook", "present", "site", "student"])
@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_needs_no_set_up(checkout, command, word):
    for folder in ("classroom", "benchmarks"):
        shutil.copytree(ROOT / folder, checkout / folder, dirs_exist_ok=True)
    outcome = run(checkout, command, word)
    assert outcome.returncode == 0
    assert ("python -m benchmarks" if command == "bench" else f"python course.py {command}") in outcome.stdout
    assert not (checkout / ".venv").exists()


def test_an_unknown_command_is_named(checkout, course):
    outcome = run(checkout, "lib")
    assert outcome.returncode == 2
    assert outcome.stderr == f"'lib' is not a command, expected one of: {', '.join(course.COMMANDS)}.\n"


def test_a_folder_is_meant_from_where_the_user_is_also_after_another_python(course, monkeypatch, tmp_path):
    started = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        course.os, "execve", lambda python, words, environment: started.append((environment, Path.cwd()))
    )
    monkeypatch.setattr(course, "WINDOWS", False)
    monkeypatch.setattr(course, "has_course", lambda extra: True)
    monkeypatch.setattr(course.subprocess, "Popen", lambda *_, **__: SimpleNamespace(wait=lambda: 0))
    monkeypatch.delenv("PGCOURSE_FROM", raising=False)
    for python in ("newer", sys.executable):
        monkeypatch.setattr(course, "find_python", lambda python=python: python)
        course.main(["mark", "returned"])
    assert [environment.get("PGCOURSE_FROM") for environment, _ in started] == [None, str(tmp_path)]
    assert [folder for _, folder in started] == [tmp_path, course.REPO]


def test_lab_opens_the_first_notebook_without_a_question_about_news(course, checkout):
    assert course.COMMANDS["lab"] == [
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={checkout}",
        "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb",
        f"--LabApp.app_settings_dir={checkout / 'binder'}",
        "--ServerApp.kernel_websocket_connection_class=binder.at_once.AtOnce",
    ]


def test_windows_waits_for_a_child_and_leaves_ctrl_c_to_it(course, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(course, "WINDOWS", True)
    assert course.become(sys.executable, ["-c", "raise SystemExit(7)"], dict(os.environ)) == 7

    heard = iter([KeyboardInterrupt, 0])

    def wait() -> int:
        outcome = next(heard)
        if outcome is KeyboardInterrupt:
            raise KeyboardInterrupt
        return 0

    monkeypatch.setattr(course.subprocess, "Popen", lambda *_, **__: SimpleNamespace(wait=wait))
    assert course.become(sys.executable, [], {}) == 0


def test_test_runs_notebooks_too_unless_pytest_is_told_what_to_run(course, monkeypatch):
    started = []
    monkeypatch.setattr(course, "has_course", lambda extra: True)
    monkeypatch.setattr(course, "become", lambda python, arguments, environment: started.append(arguments) or 0)
    for command in (["test"], ["test", "-k", "bellman"], ["check", "-x"], ["notebook", "05"]):
        assert course.main(command) == 0
    everything, some, check, notebook = started
    assert everything[2:4] == ["tests", "notebooks"]
    assert some == ["-m", "pytest", "-k", "bellman"]
    assert check[2:5] == ["tests", "-m", "not (slow or browser or notebook)"]
    assert check[-1] == "-x"
    assert notebook == ["-m", "classroom", "notebook", "05"]
