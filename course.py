"""Set the course up the first time, then open it, test it or time it:

    python course.py lab            open JupyterLab on the first notebook     (more arguments go to jupyter lab)
    python course.py test           run every test of the course              (arguments go to pytest: -k bellman)
    python course.py check          run what takes a minute: no notebook, no browser, nothing slow
    python course.py notebook 05    run everything about one notebook; --new 20_many_states begins one
    python course.py present 04     show a notebook in class, for a presenter's remote (several: present 03 04)
    python course.py site           write the course as web pages that move   (a folder may follow, or --lite)
    python course.py student OUT    write the course for students, without answers, into the folder OUT
    python course.py mark FOLDER    run the checks of all notebooks that students have returned
    python course.py bench          measure pictures, roll-outs and learning  (more arguments go to benchmarks)

Where there is no `python`, type `python3`; on Windows, `py`, and `python` where there is no `py`. Everything is
installed in `.venv`, beside this file; to undo it, delete that.
"""
# This file needs the standard library only, and keeps to the grammar of Python 3.6: an old Python must be able to read
# it, and to run it as far as `become`, or it could not go and look for a newer one.

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST, TOO_NEW = (3, 11), (3, 15)  # `requires-python` of pyproject.toml, which an old Python cannot read
TESTED_FIRST = ("3.13", "3.12", "3.11", "3.14")

WINDOWS = os.name == "nt"
REPO = Path(os.path.abspath(__file__)).parent  # noqa: PTH100 (resolve() would turn a Windows drive into a server's name)
VENV = REPO / ".venv"
BIN = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if WINDOWS else "python")
LOG = VENV / "setup.log"
STAMP = VENV / "setup.json"  # written last: without it, the set-up is half-done

COMMANDS = {
    "lab": ["-m", "jupyterlab"],
    "test": ["-m", "pytest"],
    "check": ["-m", "pytest", "tests", "-m", "not (slow or browser or notebook)"],
    "notebook": ["-m", "classroom", "notebook"],
    "present": ["-m", "classroom", "present"],
    "site": ["-m", "classroom", "site"],
    "student": ["-m", "classroom", "student"],
    "mark": ["-m", "classroom", "mark"],
    "bench": ["-m", "benchmarks"],
}
ON_ALL_CORES = ["-n", "logical", "--maxprocesses", "4", "--dist", "loadfile", "--no-loadscope-reorder"]
COMMANDS["check"] += ON_ALL_CORES
ALL_TESTS = ["tests", "notebooks", *ON_ALL_CORES]  # what pytest is told if the reader says nothing
# What each command needs of pyproject.toml's optional dependencies
EXTRAS = {
    "lab": "",
    "test": "test",
    "check": "test",
    "notebook": "test",
    "present": "",
    "site": "site",
    "student": "",
    "mark": "mark",
    "bench": "bench",
}
COMMANDS["lab"] += [
    f"--ServerApp.root_dir={REPO}",  # a bare path would make `notebooks` the root
    "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb",
    f"--LabApp.app_settings_dir={REPO / 'binder'}",  # whose overrides.json asks no question about news at the start
    "--ServerApp.kernel_websocket_connection_class=binder.at_once.AtOnce",
]


class CannotSetUp(Exception):
    """A sentence that tells the student what to do."""


def main(arguments: list) -> int:
    if not arguments or arguments[0] in ("-h", "--help"):
        print((__doc__ or "").strip(), file=sys.stdout if arguments else sys.stderr)
        return 0 if arguments else 2
    if arguments[0] not in COMMANDS:
        told = f"{arguments[0]!r} is not a command, expected one of: {', '.join(COMMANDS)}."
        print(plain(told), file=sys.stderr)
        return 2
    command, *rest = arguments
    if command != "lab" and not (REPO / "classroom").exists():
        print("The students' version of the course has one command, lab.", file=sys.stderr)
        return 2
    if rest[:1] in (["-h"], ["--help"]) and help_of(command):
        print(plain(help_of(command)))
        return 0
    if command == "test" and not rest:
        rest = ALL_TESTS
    program = COMMANDS[command] + rest
    try:
        extra = extras_for(command, *rest)
        python = find_python()
        if python != sys.executable:
            return become(python, [str(REPO / "course.py"), *arguments], dict(os.environ), at=None)
        # An environment of the user's own (a virtual one, conda's, even conda's base) is used if it already has
        # everything, and left alone if not: nothing is ever installed there, so it does not matter which it is.
        if not (STAMP.exists() and is_same(sys.prefix, VENV)) and has_course(extra):
            return become(python, program, dict(os.environ))
        set_up(extra)
        return become(str(PYTHON), program, private_environment())
    except CannotSetUp as reason:
        print("\n" + str(reason), file=sys.stderr)
    except OSError as error:
        print(f"\nThe disk refused ({plain(error)}): see to that, then type the same line again.", file=sys.stderr)
    except KeyboardInterrupt:
        print("\nStopped. Type the same line again, and the set-up goes on.", file=sys.stderr)
        return 130
    return 1


def help_of(command: str) -> str:
    """What a command of this repository says of itself, without a set-up; "" for JupyterLab's and pytest's own."""
    _, module, *words = COMMANDS[command]
    folder = REPO.joinpath(module, *words[:1]) if module in ("benchmarks", "classroom") else REPO
    files = (folder / "__main__.py", folder / "__init__.py", folder.with_suffix(".py"))
    texts = [path.read_text(encoding="utf-8") for path in files if path.is_file() and folder != REPO]
    return texts[0].split('"""')[1].strip() if texts else ""


# Which Python


def is_supported(version: tuple) -> bool:
    return OLDEST <= tuple(version[:2]) < TOO_NEW


def find_python() -> str:
    """The running Python if it is neither too old nor too new, else the first suitable one of this computer.

    Suitable is a Python of 64 bits: not all packages come for 32, which are still to be had on Windows.
    """
    wide = sys.maxsize > 2**32
    if is_supported(sys.version_info) and wide:
        return sys.executable
    question = (
        "import os, sys; sys.stdout.buffer.write(os.fsencode(sys.executable)); "
        f"sys.exit(not ({OLDEST} <= sys.version_info[:2] < {TOO_NEW} and sys.maxsize > 2**32))"
    )
    for candidate in candidates():
        found = answer(candidate, question)
        if found:
            return os.fsdecode(found)
    running = ".".join(map(str, sys.version_info[:2])) + ("" if wide else " for 32 bits")
    raise CannotSetUp(
        f"The course needs Python 3.11 to 3.14{'' if wide else ' for 64 bits'}, and this is {running}: "
        f"install Python {TESTED_FIRST[0]}, then type the same line again."
    )


def candidates() -> list:
    launched = [["py", "-" + version] for version in TESTED_FIRST] if WINDOWS else []  # not every Windows has it
    return launched + [["python" + version] for version in TESTED_FIRST] + [["python3"], ["python"]]


def answer(python: list, question: str) -> bytes:
    try:
        return subprocess.check_output([*python, "-c", question], stderr=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError):
        return b""  # not there, or in name only (pyenv's stand-ins, an alias that opens a shop), or the answer is no


def become(python: str, arguments: list, environment: dict, at: "Path | None" = REPO) -> int:
    """Put that program in the place of this one, which keeps process, signals and exit code. Windows needs a child.

    It runs in the folder `at`; for None it stays where the user is, as another Python must, which comes here again.
    """
    if at:
        environment = dict(environment, PGCOURSE_FROM=str(Path.cwd()))  # a folder that is named is meant from here
        os.chdir(str(at))
    sys.stdout.flush()
    if not WINDOWS:
        os.execve(python, [python, *arguments], environment)
    child = subprocess.Popen([python, *arguments], env=environment)
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the child heard the same Ctrl-C and ends in its own time: Lab asks first


# Which environment


def is_same(folder: str, other: Path) -> bool:
    return Path(folder).exists() and other.exists() and Path(folder).samefile(other)


def extras_for(command: str, *words: str) -> str:
    """The extras that the command needs, and those that the variable PGCOURSE_EXTRAS adds: "test,dask,ray"."""
    more = re.findall(r"\w+", os.environ.get("PGCOURSE_EXTRAS", ""))
    more += ["lite"] * (command == "site" and "--lite" in words)
    project = (REPO / "pyproject.toml").read_text(encoding="utf-8")
    section = project.split("[project.optional-dependencies]")[1].split("\n[")[0]
    known = re.findall(r"^(\w+) = \[", section, re.MULTILINE)
    unknown = [name for name in more if name not in known]
    if unknown:
        raise CannotSetUp(f"PGCOURSE_EXTRAS names {unknown[0]}, expected some of: {', '.join(known)}.")
    return ",".join([EXTRAS[command]] * bool(EXTRAS[command]) + more)


def has_course(extra: str) -> bool:
    """Whether the running Python has this very checkout, and all that `pyproject.toml` asks of it."""
    if importlib.util.find_spec("packaging") is None:  # JupyterLab brings it: without it, there is no course here
        return False
    import tomllib

    project = tomllib.loads((REPO / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for name in extra.split(","):
        wanted += project["optional-dependencies"].get(name, [])
    return is_installed_from(REPO) and all(is_met(line) for line in wanted)


def is_installed_from(folder: Path) -> bool:
    """Whether `pgcourse` is installed as a link to that folder: a copy would run yesterday's code."""
    from importlib import metadata
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    for found in metadata.distributions(name="pgcourse"):
        origin = json.loads(found.read_text("direct_url.json") or "{}")
        path = url2pathname(urlsplit(origin.get("url", "")).path)
        if origin.get("dir_info", {}).get("editable") and is_same(path, folder):
            return True
    return False


def is_met(line: str) -> bool:
    """Whether a requirement such as `numpy>=2.1` is installed, in a version that will do."""
    from importlib import metadata

    from packaging.requirements import Requirement

    requirement = Requirement(line)
    if requirement.marker and not requirement.marker.evaluate():
        return True
    try:
        return requirement.specifier.contains(metadata.version(requirement.name), prereleases=True)
    except metadata.PackageNotFoundError:
        return False


def private_environment() -> dict:
    """The variables for `.venv`'s programs. Indexes, proxies and certificates stay as they are; where pip puts things
    and where Python looks for them is settled here, whatever the user's other projects need.
    """
    where = r"PYTHON(HOME|PATH)|PIP_(USER|TARGET|PREFIX|ROOT|PYTHON|REQUIRE_\w+|NO_DEPS|NO_BUILD_ISOLATION|CONSTRAINT)"
    variables = {name: value for name, value in os.environ.items() if not re.fullmatch(where, name, re.IGNORECASE)}
    variables["PIP_USER"] = "0"  # not just dropped: pip's configuration file may say `user = true`
    variables["VIRTUAL_ENV"] = str(VENV)
    variables["PATH"] = str(BIN) + os.pathsep + os.environ.get("PATH", "")  # for a `!pip` in a notebook
    variables["JUPYTER_PREFER_ENV_PATH"] = "1"  # or a kernel that another project left in the home folder comes first
    return variables


# The private environment


def set_up(extra: str) -> None:
    """Build, finish or renew `.venv`, if it needs that, until it has the course with these extras."""
    now, stamp = state(), read_stamp()
    step = next_step(stamp, now, extra)
    if step == "nothing":
        return
    started = time.time()
    if step == "build":
        if not is_ours():
            raise CannotSetUp(
                "There is a folder .venv already, which was not made here and cannot be used: activate or remove it, "
                "then type the same line again."
            )
        print("Setting the course up in .venv, once: about a minute on a fast line, and 600 to 900 MB.", flush=True)
        stamp = {}
        make_environment()
    elif not stamp:
        print("An earlier set-up was left half-done: finishing it, in about a minute.", flush=True)
    else:
        print("Bringing .venv up to date: less than a minute.", flush=True)
    if stamp.get("pins") != now["pins"] and STAMP.exists():
        STAMP.unlink()  # pip is about to replace packages: if it is killed halfway, this must not look finished
    extras = sorted({*stamp.get("extras", []), *extra.split(",")} - {""})
    course = ".[{}]".format(",".join(extras)) if extras else "."
    run_quietly([str(PYTHON), "-m", "pip", "install", "-c", "constraints.txt", "-e", course])
    write_stamp(dict(state(), extras=extras))
    print(f"Ready after {time.time() - started:.0f} s.", flush=True)


def next_step(stamp: dict, now: dict, extra: str) -> str:
    """What stands between `.venv` and the course: "build", "install" or "nothing"."""
    if "pip" not in now["whole"] or not is_supported(tuple(now["python"])):
        return "build"  # there is no environment, or only the beginning of one, or its Python is gone
    if stamp and not (is_same(stamp["checkout"], Path(now["checkout"])) and stamp["python"] == now["python"]):
        return "build"  # the folder was moved or Python replaced: the paths inside `.venv` lead nowhere
    if stamp.get("pins") == now["pins"] and "pgcourse" in now["whole"]:
        return "nothing" if {*extra.split(",")} <= {"", *stamp["extras"]} else "install"
    return "install"


def state() -> dict:
    """What `.venv` is now, and what it should be made of."""
    question = (  # pip writes a package's RECORD last
        "import importlib.metadata as installed, json, sys; "
        "is_whole = lambda name: any(found.read_text('RECORD') for found in installed.distributions(name=name)); "
        "print(json.dumps([sys.version_info[:2], list(filter(is_whole, ['pip', 'pgcourse']))]))"
    )
    python, whole = json.loads(answer([str(PYTHON), "-I"], question) or "[[], []]")
    pins = hashlib.sha256()
    for name in ("pyproject.toml", "constraints.txt"):
        pins.update((REPO / name).read_bytes())
    return {"checkout": str(REPO), "python": python, "whole": whole, "pins": pins.hexdigest()}


def read_stamp() -> dict:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}  # never finished
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(stamp: dict) -> None:
    unfinished = STAMP.with_suffix(".tmp")
    unfinished.write_text(json.dumps(stamp), encoding="utf-8")
    unfinished.replace(STAMP)  # whole or not at all


def is_ours() -> bool:
    """Whether `.venv` may be replaced: the set-up has begun it, or it is empty or not there."""
    return not VENV.is_dir() or STAMP.exists() or LOG.exists() or not any(VENV.iterdir())


def make_environment() -> None:
    if VENV.exists():
        shutil.rmtree(str(VENV))
    VENV.mkdir()
    LOG.touch()
    base = getattr(sys, "_base_executable", sys.executable)  # ours may just have been removed with `.venv`
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        run_quietly([base, "-m", "venv", str(VENV)])
    elif importlib.util.find_spec("venv") and importlib.util.find_spec("pip"):  # Debian's python3 and python3-pip
        run_quietly([base, "-m", "venv", "--without-pip", str(VENV)])
        run_quietly([sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "pip"])
    else:
        raise CannotSetUp(
            "This Python cannot make a virtual environment; on Debian and Ubuntu, type\n\n"
            "    sudo apt install python{}.{}-venv\n\nand then the same line again.".format(*sys.version_info[:2])
        )


def run_quietly(command: list) -> None:
    """Run a step of the set-up with its words in the log, and on a terminal the latest of them in one line."""
    words = []
    with subprocess.Popen(
        command,
        cwd=str(REPO),
        env=private_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as step:
        try:
            for line in step.stdout or ():
                words.append(line.decode("utf-8", "replace"))
                if sys.stdout.isatty():
                    print(f"\r  {plain(words[-1].strip()):76.76}", end="", flush=True)
        except KeyboardInterrupt:
            step.wait()  # pip heard it too, and puts back what it was replacing
            raise
    with LOG.open("a", encoding="utf-8") as log:
        log.writelines(words)
    if sys.stdout.isatty():
        print("\r" + 78 * " ", end="\r", flush=True)
    if step.returncode:
        raise CannotSetUp(explain("".join(words)))


def explain(words: str) -> str:
    """One sentence on why venv or pip failed, with its own last word."""
    causes = {
        r"enable-long-paths|winerror 206": r"The folder's path is too long: move the course to C:\pgcourse or so",
        r"winerror (5|32)\b": "A file of .venv is in use: end JupyterLab and what else runs from there",
        r"no space left|errno 28|quota": "The disk is full: make room (900 MB)",
        r"permission denied|read-only file system": "The disk refused: see who may write in .venv",
        r"connection|timed out|getaddrinfo|name resolution|proxy": "No network: connect, or see to the proxy",
        r"": "The set-up did not work: see to what it says",
    }
    advice = next(causes[pattern] for pattern in causes if re.search(pattern, words, re.IGNORECASE))
    lines = [line.strip() for line in words.splitlines() if line.strip()] or ["nothing"]
    last = [line for line in lines if line.startswith("ERROR")] or lines
    return f"{advice}, then type the same line again. It said: {plain(last[-1])} (the rest is in .venv/setup.log)"


def plain(text: object) -> str:
    """ASCII, which every terminal can print."""
    return str(text).encode("ascii", "backslashreplace").decode("ascii")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
