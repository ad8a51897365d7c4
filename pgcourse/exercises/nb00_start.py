"""The exercise of notebook 00."""

from __future__ import annotations

from typing import Any

import numpy as np

from pgcourse.exercises.read import said_number
from pgcourse.exercises.verdict import Verdict, exercise, nearly, right, wrong


@exercise
def check_best_p(answer: Any) -> Verdict:
    """The P(right) that maximises J of the short corridor: 2 − √2 (Sutton & Barto, 2nd ed., Example 13.1)."""
    p = said_number(answer, "a probability such as 0.5")
    best = 2 - np.sqrt(2)
    theta = np.log(best / (1 - best))
    if not 0 <= p <= 1:
        return wrong(f"{p:g} is not a probability; expected P(right), a number between 0 and 1.")
    if abs(p - best) <= 0.01:
        return right(
            f"The summit is at P(right) = 2 − √2 ≈ {best:.4f}, where the slope is 0. The best policy is random!"
        )
    if abs(p - theta) <= 0.01:
        return nearly(f"{p:g} is the θ of the summit. The question is about P(right), on the scale above the curve.")
    if abs(p - (1 - best)) <= 0.01:
        return nearly(f"{p:g} is P(left) at the summit, and P(right) is what is left of 1.")
    if p == 1:
        return wrong("Always right? The second cell is switched: it sends you back to the first one, for ever.")
    if p == 0:
        return wrong("Always left? Then you never leave the first cell.")
    steeper, tone = "rises" if p < best else "falls", "nearly" if abs(p - best) < 0.06 else "wrong"
    return Verdict(
        tone,
        f"At P(right) = {p:g} the curve still {steeper}: look at the sign of the slope, and go on to where it is 0.",
    )
