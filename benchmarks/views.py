"""The notebook in which `latency` measures: one picture, and the ways from a slider to it.

A two-parameter softmax on FrozenLake. Each view is a cell of its own, behind the cell with what they share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import nbformat

SETUP = """
import gymnasium
import ipympl.backend_nbagg
import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import FloatSlider, Label, VBox, interact

from pgcourse import Explorer
from pgcourse.lockstep.monte_carlo import reinforce_runs
from pgcourse.bellman import exact, objective
from pgcourse.gradients import policy_gradient
from pgcourse.pictures import GridWorld, Landscape, Part, Picture
from pgcourse.policy import grad_log_softmax, softmax
from pgcourse.zoo import frozen_lake, short_corridor

%matplotlib inline
lake = frozen_lake()
desc = gymnasium.make("FrozenLake-v1").unwrapped.desc
row, column = np.divmod(np.arange(16), 4)
progress = np.stack([-1.0 * (column > 0), row < 3, column < 3, -1.0 * (row > 0)], axis=1)  # to the goal, as intended
falling = lake.p[..., desc.ravel() == b"H"].sum(axis=-1)
phi = np.stack([progress, -3 * falling], axis=-1)

def compute(theta_1, theta_2=4.0):
    theta = np.array([theta_1, theta_2])
    pi = softmax(phi, theta)
    v_pi, q_pi, rho_pi, J = exact(lake, pi)
    grad_J = policy_gradient(rho_pi, pi, q_pi, grad_log_softmax(phi, pi))
    return {"theta": theta, "pi": pi, "v_pi": v_pi, "J": J, "grad_J": grad_J}

compute(1.0)  # what is imported when first needed is imported now
x, y = np.linspace(-2, 4, 61), np.linspace(-2, 12, 61)
J = np.array([[objective(lake, softmax(phi, [a, b])) for a in x] for b in y])

def slider():
    return FloatSlider(1, min=-2, max=4, step=0.05, description="θ₁")

def parts():
    return [Landscape(x, y, J), GridWorld(desc)]
"""

ECHO = """
echo_slider, label = slider(), Label("1.0")
label.add_class("echo")
echo_slider.observe(lambda change: setattr(label, "value", str(change.new)), "value")
VBox([echo_slider, label])
"""

OURS = """
Explorer({"theta_1": slider(), "theta_2": 4.0}, compute, Picture(parts()), ahead=False)
"""

INTERACT = """
@interact(theta_1=slider())
def show(theta_1):
    figure, axes = plt.subplots(1, 2, figsize=(9, 3.8), dpi=100, layout="constrained")
    numbers = compute(theta_1)
    for part, ax in zip(parts(), axes):
        part.draw(ax)
        part.update(numbers)
    plt.show()
"""

IPYMPL = """
picture = Picture(parts())
picture.update(compute(1.0))
for artist in picture.figure.findobj(lambda artist: artist.get_animated()):
    artist.set_animated(False)  # ipympl draws the whole figure
canvas = ipympl.backend_nbagg.Canvas(picture.figure)
manager = ipympl.backend_nbagg.FigureManager(canvas, 0)

def follow(change):
    picture.update(compute(change.new))
    canvas.draw_idle()

ipympl_slider = slider()
ipympl_slider.observe(follow, "value")
VBox([ipympl_slider, canvas])
"""


RUN = """
class Returns(Part):
    def draw(self, ax):
        ax.set(xlim=(0, 1000), ylim=(-100, 0))
        (self.line,) = ax.plot([], [], animated=True)

    def update(self, numbers):
        self.line.set_data(np.arange(1000), numbers["returns"])

    def describe(self, numbers):
        return f"{np.isfinite(numbers['returns']).sum()} episodes."

def learn():  # REINFORCE in 100 lanes, 1000 episodes each (Sutton & Barto, figure 13.1)
    right, returns = np.array([[0.0], [1.0]]) * np.ones((4, 1, 1)), np.full(1000, np.nan)
    how = {'alpha': 2.0**-13, 'seeds': range(100), 'horizon': 10_000}
    lanes = reinforce_runs(short_corridor(), right, [np.log(0.05 / 0.95)], **how)
    for k, state in zip(range(1000), lanes):
        returns[k] = state.returns.mean()
        yield (k + 1) / 1000, {"returns": returns.copy()}

nothing = np.full(1000, np.nan)
Explorer({"returns": nothing}, lambda returns: {"returns": returns}, Picture([Returns()]), run=learn)
"""

LEARNING = """
from itertools import count
from pgcourse.algorithms import ddpg

def learn():  # DDPG as notebook 17 trains it, and at work from the 128th step on
    learners = ddpg.train(gymnasium.make("Pendulum-v1"), ddpg.Settings(n=5, batch=128, warmup=128), 0)
    for k, learner in zip(count(1), learners):
        yield 1 - 1 / k, {"steps": learner.steps}

def compute_beside(steps, theta_1, theta_2):
    return compute(theta_1, theta_2)

controls = {"theta_1": slider(), "theta_2": 4.0, "steps": 0}
Explorer(controls, compute_beside, Picture(parts()), run=learn, ahead=False)
"""


class View(NamedTuple):
    """One way to follow the slider: its cell's source, where it paints, and what a paint is there."""

    name: str
    source: str
    target: str  # CSS
    shows: str  # "dom", "img" or "canvas"


VIEWS = (
    View("echo", ECHO, ".echo", "dom"),
    View("ours", OURS, ".live-figure svg", "dom"),
    View("interact", INTERACT, ".widget-interact", "img"),
    View("ipympl", IPYMPL, ".jupyter-matplotlib-canvas-div", "canvas"),
)

# The same with pictures made ahead, beside the anchors; `alone` is ours without them.
SCENES = 'scenes={"here": {}, "there": {"theta_1": 3.0}, "back": {"theta_1": -1.0}}'
OURS_KNOWN = OURS.replace(", ahead=False", f", {SCENES}")
OURS_ALONE = OURS.replace("ahead=False", f"ahead=False, {SCENES}")
KNOWN = (
    View("echo", ECHO, ".echo", "dom"),
    View("ours", OURS_KNOWN, ".live-figure svg", "dom"),
    View("alone", OURS_ALONE, ".live-figure svg", "dom"),
    View("interact", INTERACT, ".widget-interact", "img"),
)


# A run of many seconds in the same view, whose slider is no input of it.
MEANWHILE = (View("echo", ECHO, ".echo", "dom"), View("learning", LEARNING, ".live-figure svg", "dom"))


def cells(views: Sequence[View]) -> dict[str, int]:
    """Where each view stands; behind the last of them there is a run."""
    return {name: k for k, name in enumerate([*(view.name for view in views), "run"], start=1)}


def notebook(views: Sequence[View] = VIEWS) -> nbformat.NotebookNode:
    """The shared cell, then a cell for each view, then a run."""
    sources = [SETUP, *(view.source for view in views), RUN]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    written = [nbformat.v4.new_code_cell(source.strip()) for source in sources]
    return nbformat.v4.new_notebook(cells=written, metadata={"kernelspec": kernel})
