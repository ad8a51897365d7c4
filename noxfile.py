"""The tests with other Pythons, other versions and another processor: `nox`, or one of them: `nox -s lowest`.

Each session has an environment of its own. What a reader sees in a browser is left to `python course.py test`.
"""

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
ON_ALL_CORES = ("-n", "logical", "--dist", "loadfile", "--no-loadscope-reorder")
WITHOUT_BROWSER = ("pytest", "tests", "notebooks", "-m", "not browser", *ON_ALL_CORES)
OTHER_VERSIONS = ("pytest", "tests", "notebooks", "-m", "not (browser or pinned)", *ON_ALL_CORES)

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = False


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """The tested versions, on every Python."""
    session.install("-c", "constraints.txt", "-e", ".[test]")
    session.run(*WITHOUT_BROWSER, *session.posargs)


@nox.session(python=PYTHONS[0])
def lowest(session: nox.Session) -> None:
    """The lowest versions that pyproject.toml allows."""
    session.install("--resolution", "lowest-direct", "-e", ".[test]")
    session.run(*OTHER_VERSIONS, *session.posargs)


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """The newest versions that there are."""
    session.install("--upgrade", "-e", ".[test]")
    session.run(*OTHER_VERSIONS, *session.posargs)


@nox.session(python=PYTHONS[0])
def own_processor(session: nox.Session) -> None:
    """All that this processor has: elsewhere only notebooks and what is sampled use AVX-512."""
    session.install("-c", "constraints.txt", "-e", ".[test]")
    session.run(*WITHOUT_BROWSER, *session.posargs, env={"PGCOURSE_PROCESSOR": "own"})
