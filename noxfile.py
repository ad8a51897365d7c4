"""The tests with other Pythons, other versions and another processor: `nox`, or one of them: `nox -s lowest`.

Each session has an environment of its own. What a reader sees in a browser is left to `python course.py test`.
"""

import nox

PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
WITHOUT_BROWSER = ("pytest", "tests", "notebooks", "-m", "not browser", "-n", "logical", "--dist", "loadfile")
OLDER_PROCESSOR = "AVX512_ICL AVX512_CNL AVX512_CLX AVX512_SKX AVX512_SPR X86_V4"  # what most laptops do not have

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
    session.run(*WITHOUT_BROWSER, *session.posargs)


@nox.session(python=PYTHONS)
def newest(session: nox.Session) -> None:
    """The newest versions that there are."""
    session.install("--upgrade", "-e", ".[test]")
    session.run(*WITHOUT_BROWSER, *session.posargs)


@nox.session(python=PYTHONS[0])
def older_processor(session: nox.Session) -> None:
    """NumPy without AVX-512: other last digits."""
    session.install("-c", "constraints.txt", "-e", ".[test]")
    session.run(*WITHOUT_BROWSER, *session.posargs, env={"NPY_DISABLE_CPU_FEATURES": OLDER_PROCESSOR})
