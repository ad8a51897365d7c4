"""pgcourse: move θ, and watch the policy, ρ^π, v^π, J(θ) and ∇J(θ) move with it.

numbers    the chapter         mdp, zoo, policy, bellman, gradients
           samples             trajectories, alias, sampling, environments, returns, estimators
           learning            lanes, episodes, ascent, online (many seeds in lockstep on a finite MDP);
                               networks, optimisers, reinforce, actor_critic (any Gymnasium environment)
           continuous actions  lqr, deterministic
picture    pictures
live       live (LiveFigure), scenes, running (long work in small steps), explorer (Explorer)
course     exercises, progress, progress_page

Layers import downwards only. Notation, shapes and sources stand in each module's text.
"""

from pgcourse.explorer import Explorer
from pgcourse.live import LiveFigure
from pgcourse.mdp import FiniteMDP, from_gymnasium
from pgcourse.policy import Policy

__all__ = ["Explorer", "FiniteMDP", "LiveFigure", "Policy", "from_gymnasium"]
