"""The course's pictures: ordinary matplotlib, whose animated artists are moved by `update`.

A *part* is drawn once into an axes (`draw(ax)`), then moved (`update(numbers)`) and put into words
(`describe(numbers)`). `numbers` is a dictionary with the names of the course's notation: theta, pi, v_pi, rho_pi, J,
grad_J, … A `Picture` puts parts side by side in one figure.

    picture = Picture([Landscape(t1, t2, J), GridWorld(desc)])
    picture.update({"theta": theta, "J": J, "grad_J": grad_J, "pi": pi, "v_pi": v_pi})
    picture.figure.savefig("still.png")
"""

from pgcourse.pictures.actor_critic import CriticBars, Fit, LongRun, Lottery, PolicyMap, Tradeoff
from pgcourse.pictures.bars import ActionBars, ProbabilityBars
from pgcourse.pictures.control import ActionSlice, NoisyLine, Spread
from pgcourse.pictures.directions import EstimateCloud, ExactAndSampled, TwoObjectives, Vectors, VectorTable
from pgcourse.pictures.equations import LinesTable, Residuals
from pgcourse.pictures.gains import GainMap, StableCurve, StatesAndSlopes, Trajectory, TwoArrows
from pgcourse.pictures.graphs import WAYS, Curve, GradientCloud, Landscape, WaysTable
from pgcourse.pictures.greediness import Directions, Ingredients, Plane, StateArrows
from pgcourse.pictures.improvement import PairGrid, PolicyBars, PolicyValues, TwoStates
from pgcourse.pictures.learning import LearningCurve, NoisySteps, QuantileCurve, WeightBars
from pgcourse.pictures.operators import Gap, TwoValues
from pgcourse.pictures.part import GRADIENT, OCCUPANCY, POLICY, VALUE, Handle, Part, Picture
from pgcourse.pictures.rollouts import BatchCloud, CreditSums, CreditTable, EstimatorTable, Paths
from pgcourse.pictures.steps import Climbs, Hops, StepSizes
from pgcourse.pictures.theorem import Factors, PairTerms, StepBars
from pgcourse.pictures.visits import Total, VisitGrid
from pgcourse.pictures.worlds import Corridor, GridWorld, SignedGrid

__all__ = [
    "GRADIENT",
    "OCCUPANCY",
    "POLICY",
    "VALUE",
    "WAYS",
    "ActionBars",
    "ActionSlice",
    "BatchCloud",
    "Climbs",
    "Corridor",
    "CreditSums",
    "CreditTable",
    "CriticBars",
    "Curve",
    "Directions",
    "EstimateCloud",
    "EstimatorTable",
    "ExactAndSampled",
    "Factors",
    "Fit",
    "GainMap",
    "Gap",
    "GradientCloud",
    "GridWorld",
    "Handle",
    "Hops",
    "Ingredients",
    "Landscape",
    "LearningCurve",
    "LinesTable",
    "LongRun",
    "Lottery",
    "NoisyLine",
    "NoisySteps",
    "PairGrid",
    "PairTerms",
    "Part",
    "Paths",
    "Picture",
    "Plane",
    "PolicyBars",
    "PolicyMap",
    "PolicyValues",
    "ProbabilityBars",
    "QuantileCurve",
    "Residuals",
    "SignedGrid",
    "Spread",
    "StableCurve",
    "StateArrows",
    "StatesAndSlopes",
    "StepBars",
    "StepSizes",
    "Total",
    "Tradeoff",
    "Trajectory",
    "TwoArrows",
    "TwoObjectives",
    "TwoStates",
    "TwoValues",
    "VectorTable",
    "Vectors",
    "VisitGrid",
    "WaysTable",
    "WeightBars",
]
