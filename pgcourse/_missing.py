"""The sentence for a package that is not installed. A browser's Python (JupyterLite) may lack one."""

from __future__ import annotations


def missing(package: str, user: str, notebooks: str) -> ModuleNotFoundError:
    """The error of `user`, a part of this package, without `package`; `notebooks` use that part."""
    return ModuleNotFoundError(
        f"{user} needs the package {package}, which is not installed here and which {notebooks} cannot do without: "
        f"type python -m pip install {package}, or run the course in JupyterLab",
        name=package,
    )
