"""pgcourse: move θ, and watch the policy, ρ^π, v^π, J(θ) and ∇J(θ) move with it.

numbers    the chapter         mdp, zoo, policy, bellman, gradients, windows, surrogate; arrays (checked at the border)
           finite horizon      horizon
           samples             trajectories, importance, sampling, environments, returns, estimators, durations
           many processes      parallel
           continuous actions  gaussian, lqr, deterministic; soft (values), overestimation
           learning            lockstep (many seeds at once on a finite MDP), algorithms (any Gymnasium environment)
picture    pictures
live       live (LiveFigure; Explorer, with steps, runs and scenes)
course     exercises

Layers import downwards only. Notation, shapes and sources stand in each module's text.
"""

from pgcourse.live import Explorer, LiveFigure
from pgcourse.mdp import FiniteMDP, from_gymnasium
from pgcourse.policy import Policy

__all__ = ["Explorer", "FiniteMDP", "LiveFigure", "Policy", "from_gymnasium"]
