"""Where the course is published: the owner's name stands in pyproject.toml, under `project.urls`, and nowhere else."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

from classroom.listing import FIRST, ROOT, Unlisted


class Published(NamedTuple):
    """The owner and the name of the public repository; "<owner>" and "<repository>" as long as there is none."""

    owner: str
    repository: str

    @property
    def is_known(self) -> bool:
        return "<" not in self.owner + self.repository

    @property
    def site(self) -> str:
        """Where GitHub shows what `python course.py site` has written."""
        return f"https://{self.owner}.github.io/{self.repository}/"

    def binder(self, notebook: str = FIRST) -> str:
        """Where a notebook runs in the browser, with nothing installed."""
        where = f"{self.owner}/{self.repository}/main"
        return f"https://mybinder.org/v2/gh/{where}?urlpath=lab/tree/notebooks/{notebook}.ipynb"


def published(root: Path = ROOT) -> Published:
    """As pyproject.toml says. Raises Unlisted if the address there is no repository's."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    address = project.get("urls", {}).get("Repository", "")
    parts = address.removeprefix("https://github.com/").split("/")
    if len(parts) != 2 or not all(parts) or not address.startswith("https://github.com/"):
        raise Unlisted(
            f"pyproject.toml has {address!r} for project.urls.Repository, "
            "expected https://github.com/ with an owner and a repository."
        )
    return Published(*parts)
