"""Continuous states and actions: a policy with its noise, q along the actions, and estimates as the noise goes away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Polygon
from matplotlib.ticker import NullFormatter

from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, PALE, POLICY, VALUE
from pgcourse.pictures.part import Floats, Handle, Numbers, Part, minus, note_above, plain


def as_on_slider(sigma: float) -> str:
    """Three digits, as the slider has them, which rounds 0.03125 up."""
    return f"{sigma * (1 + 1e-9):.3g}"


class NoisyLine(Part):
    """The policy a = K s + σ ε over the states: its mean as a line, ± 2σ as a band, and a state to drag along it.

    Numbers: K, sigma, s (floats).
    """

    def __init__(self, s: tuple[float, float], a: tuple[float, float]) -> None:
        self.s, self.a = s, a

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=self.s, ylim=self.a, xlabel="state s", ylabel="action a")
        plain(ax)
        ax.axhline(0, color=PALE, lw=0.8)
        ax.set_title("the policy, ± 2σ\n", fontsize=11, color=INK)
        self.band = Polygon(np.zeros((4, 2)), color=POLICY, alpha=0.22, lw=0, animated=True)
        ax.add_patch(self.band)
        (self.line,) = ax.plot([], [], color=POLICY, lw=2.2, animated=True)
        (self.rise,) = ax.plot([], [], "--", color=INK, lw=1.2, animated=True)
        (self.point,) = ax.plot([], [], "o", color=POLICY, mec="white", mew=2, ms=14, zorder=5, animated=True)
        self.note = note_above(ax)
        step = (self.s[1] - self.s[0]) / 40
        self.handles = [Handle(self.point, "state s", lambda s, a, _: {"s": s}, step=(step, 1), along=self.line)]

    def update(self, numbers: Numbers) -> None:
        K, sigma, s = numbers["K"], numbers["sigma"], numbers["s"]
        across: Floats = np.linspace(*self.s, 41)
        self.line.set_data(across, K * across)
        ends = across[[0, -1]]
        low, high = K * ends - 2 * sigma, K * ends + 2 * sigma
        self.band.set_xy(np.column_stack([[*ends, *ends[::-1]], [*low, *high[::-1]]]))
        self.rise.set_data([s, s], self.a)
        self.point.set_data([s], [K * s])
        self.note.set_text(minus(f"K = {K:.2f}, σ = {as_on_slider(sigma)}, s = {s:.2f}"))

    def describe(self, numbers: Numbers) -> str:
        return (
            f"The policy's mean is {numbers['K']:.2f} s, its noise σ is {as_on_slider(numbers['sigma'])}; "
            f"in state {numbers['s']:.2f} the mean action is {numbers['K'] * numbers['s']:.2f}."
        )


class ActionSlice(Part):
    """q(s, ·) in one state, its tangent at the mean action, the policy's density, and the actions drawn.

    label   what the curve is, if it is not q itself; the title and the description call it so, too
    Numbers: actions (k,), q (k,), mu, sigma, q_mu, slope (floats), drawn and q_drawn (N,).
    """

    def __init__(self, a: tuple[float, float], q: tuple[float, float], label: str = "q(s, a)") -> None:
        self.a, self.q, self.label = a, q, label

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=self.a, ylim=self.q, xlabel="action a", ylabel=self.label)
        plain(ax)
        ax.set_title(f"{self.label.replace('(s, a)', '(s, ·)')} and its slope at μ(s)\n", fontsize=11, color=INK)
        self.density = Polygon(np.zeros((3, 2)), color=POLICY, alpha=0.3, lw=0, animated=True)
        ax.add_patch(self.density)
        (self.curve,) = ax.plot([], [], color=VALUE, lw=2.2, animated=True)
        (self.dots,) = ax.plot([], [], ".", color=OCCUPANCY, ms=6, animated=True)
        (self.tangent,) = ax.plot([], [], color=GRADIENT, lw=2.5, animated=True)
        (self.point,) = ax.plot([], [], "o", color=POLICY, mec="white", mew=2, ms=11, zorder=5, animated=True)
        self.note = note_above(ax)

    def update(self, numbers: Numbers) -> None:
        mu, sigma, q_mu, slope = (numbers[name] for name in ("mu", "sigma", "q_mu", "slope"))
        self.curve.set_data(numbers["actions"], numbers["q"])
        self.dots.set_data(numbers["drawn"], numbers["q_drawn"])
        bell: Floats = np.linspace(-4, 4, 61)
        low, height = self.q[0], 0.22 * (self.q[1] - self.q[0])
        self.density.set_xy(np.column_stack([mu + sigma * bell, low + height * np.exp(-(bell**2) / 2)]))
        across, up = self.a[1] - self.a[0], self.q[1] - self.q[0]
        reach = 0.22 * across / np.hypot(1, slope * across / up)
        self.tangent.set_data([mu - reach, mu + reach], [q_mu - slope * reach, q_mu + slope * reach])
        self.point.set_data([mu], [np.clip(q_mu, *self.q)])
        above = "   (above the frame)" * bool(q_mu > self.q[1])
        self.note.set_text(minus(f"slope at μ(s) = {mu:.2f}: {round(float(slope), 2) + 0:+.2f}{above}"))

    def describe(self, numbers: Numbers) -> str:
        mu, q_mu, slope = numbers["mu"], numbers["q_mu"], numbers["slope"]
        return f"At the mean action {mu:.2f} {self.label} is {q_mu:.2f} and its slope {slope:+.2f}."


class Spread(Part):
    """Mean and standard deviation of single-sample estimates against σ, and the estimates themselves at one σ.

    looks   estimator → the line style it is drawn in, for the standard deviations
    Numbers: sigmas (k,), mean (k,), target (float, the limit), deviations (estimator → (k,)), sigma (float),
    estimates (N,), which (the estimator they are of), mean_now and deviation_now (floats). Estimates beyond the frame
    are drawn at its edge.
    """

    def __init__(
        self,
        sigmas: tuple[float, float],
        looks: Mapping[str, str],
        mean: tuple[float, float],
        deviation: tuple[float, float],
    ) -> None:
        self.sigmas, self.looks, self.mean, self.deviation = sigmas, looks, mean, deviation

    def draw(self, ax: Axes) -> None:
        ax.axis("off")
        above, below = ax.inset_axes((0.12, 0.56, 0.87, 0.42)), ax.inset_axes((0.12, 0.06, 0.87, 0.40))
        for plot, label in ((above, "estimates, mean"), (below, "standard deviation")):
            plot.set(xscale="log", xlim=self.sigmas, ylabel=label)
            plot.xaxis.set_minor_formatter(NullFormatter())
            plain(plot)
        above.set_ylim(self.mean)
        above.tick_params(labelbottom=False)
        below.set(ylim=self.deviation, yscale="log", xlabel="σ")
        names = {"-": "—", "--": "– –", ":": "···"}
        key = minus("     ".join(f"{names[look]} {name}" for name, look in self.looks.items()))
        below.set_title(key, fontsize=10, color=INK, pad=3)
        ax.set_title("\n", fontsize=10)
        styles: dict[str, Any] = {"animated": True, "color": INK}
        (self.cloud,) = above.plot([], [], ".", color=OCCUPANCY, ms=5, alpha=0.5, animated=True)
        (self.target,) = above.plot([], [], color=GRADIENT, lw=4, animated=True)
        (self.line,) = above.plot([], [], lw=1.3, **styles)
        (self.at,) = above.plot([], [], "o", mec="white", mew=1.5, ms=9, **styles)
        self.lines = {name: below.plot([], [], look, lw=1.8, **styles)[0] for name, look in self.looks.items()}
        (self.now,) = below.plot([], [], "o", color=OCCUPANCY, mec="white", mew=1.5, ms=11, zorder=5, animated=True)
        self.note = note_above(ax)

    def update(self, numbers: Numbers) -> None:
        sigmas, sigma, estimates = numbers["sigmas"], numbers["sigma"], np.asarray(numbers["estimates"])
        jitter = np.exp(0.25 * np.linspace(-1, 1, len(estimates)))
        inside = 0.97 * np.array(self.mean) + 0.03 * np.mean(self.mean)  # a dot on the frame would be cut in half
        seen = (estimates > inside[0]) & (estimates < inside[1])
        self.cloud.set_data(sigma * jitter, estimates.clip(*inside))
        self.target.set_data(self.sigmas, [numbers["target"]] * 2)
        self.line.set_data(sigmas, numbers["mean"])
        self.at.set_data([sigma], [numbers["mean_now"]])
        for name, line in self.lines.items():
            deviations = numbers["deviations"][name]
            line.set_data(sigmas, np.where(deviations > 0, deviations, np.nan))
        self.now.set_data([sigma], [max(numbers["deviation_now"], self.deviation[0])])
        n = np.count_nonzero(~seen)
        out = f", {n} of {len(seen)} dots {'is' if n == 1 else 'are'} farther out" if n else ""
        self.note.set_text(minus(f"deviation {numbers['deviation_now']:.3g}{out}"))

    def describe(self, numbers: Numbers) -> str:
        return (
            f"One estimate, {numbers['which']}, has mean {numbers['mean_now']:+.3f} and standard deviation "
            f"{numbers['deviation_now']:.3g} at σ = {as_on_slider(numbers['sigma'])}; "
            f"the limit of the mean is {numbers['target']:+.3f}."
        )
