"""Checks that answer back: each names the mistake, and none raises on a wrong or missing answer.

    check_parameter_count(58)      # a Verdict: shown in the notebook, true only if the answer is right

An exercise not answered yet is `...`, Python's own ellipsis, so that "Run all" runs through.
"""

from pgcourse.exercises.nb00_start import check_best_p
from pgcourse.exercises.nb01_policies import (
    check_dominating_start,
    check_gradient_signs,
    check_parameter_count,
    check_table,
)
from pgcourse.exercises.nb02_reminders import (
    check_bellman_operator,
    check_occupancy,
    check_occupancy_proof,
    check_worse_greedy,
)
from pgcourse.exercises.nb03_value_gradients import (
    check_fixed_point,
    check_gradient_operator,
    check_reasons,
    check_zero_states,
)
from pgcourse.exercises.nb04_theorem import check_border, check_constant, check_silent_bug, check_state_sampler
from pgcourse.exercises.nb05_greediness import (
    check_critics,
    check_downhill_weights,
    check_inner_product,
    check_lagging_critic,
    check_statements,
)
from pgcourse.exercises.nb06_deterministic import check_compatible, check_downhill, check_dpg, check_spread
from pgcourse.exercises.nb07_rollouts import (
    check_baseline,
    check_biased,
    check_crossing,
    check_reward_to_go,
    check_td,
    check_weights,
)
from pgcourse.exercises.nb08_actor_critic import (
    check_best_baseline,
    check_biased_update,
    check_gae,
    check_step,
    check_tradeoff,
)
from pgcourse.exercises.shown import watch
from pgcourse.exercises.verdict import Verdict

__all__ = [
    "Verdict",
    "check_baseline",
    "check_bellman_operator",
    "check_best_baseline",
    "check_best_p",
    "check_biased",
    "check_biased_update",
    "check_border",
    "check_compatible",
    "check_constant",
    "check_critics",
    "check_crossing",
    "check_dominating_start",
    "check_downhill",
    "check_downhill_weights",
    "check_dpg",
    "check_fixed_point",
    "check_gae",
    "check_gradient_operator",
    "check_gradient_signs",
    "check_inner_product",
    "check_lagging_critic",
    "check_occupancy",
    "check_occupancy_proof",
    "check_parameter_count",
    "check_reasons",
    "check_reward_to_go",
    "check_silent_bug",
    "check_spread",
    "check_state_sampler",
    "check_statements",
    "check_step",
    "check_table",
    "check_td",
    "check_tradeoff",
    "check_weights",
    "check_worse_greedy",
    "check_zero_states",
]

watch()  # here and not in a cell of each notebook, where it would be noise to the reader and could be forgotten
