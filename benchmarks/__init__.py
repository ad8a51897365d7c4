"""What this project promises, times as ratios to an anchor measured in the same run: read ratios, not times.

Every module here has `run(quick=False)`, which returns its figures as rows, and prints them as
`python -m benchmarks.<name>`. What is compared takes turns, so that whatever else the machine does falls on all alike.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """One figure: `ratio` should be at most, or at least, `bound`."""

    what: str
    ratio: float
    bound: float
    at_most: bool

    @property
    def reached(self) -> bool:
        """Whether the figure keeps its promise."""
        return self.ratio <= self.bound if self.at_most else self.ratio >= self.bound

    def __str__(self) -> str:
        sign, mark = "≤" if self.at_most else "≥", "✓" if self.reached else "✗"
        return f"{self.ratio:9.3g}  {sign} {self.bound:<6g} {mark}  {self.what}"
