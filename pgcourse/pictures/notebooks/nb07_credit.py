"""Trajectories as paths, the estimates of ∇J they make, and which reward gives which action its credit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import Circle
from numpy.typing import ArrayLike

from pgcourse.pictures.clouds import Cloud
from pgcourse.pictures.grids import Grid
from pgcourse.pictures.palette import GRADIENT, INK, OCCUPANCY, PALE, POLICY, SIGNED, VALUE, for_text
from pgcourse.pictures.part import Floats, Numbers, Part, minus, note_above, signed
from pgcourse.pictures.tables import Table


class Paths(Grid):
    """Trajectories on a grid as lines, each on a lane of its own that drifts, so that a way back does not hide the way.

    At most `most` paths are drawn. Numbers: paths, a sequence of states (T + 1,) for each; path_returns, their
    returns; batch, the number of the batch.
    """

    def __init__(self, desc: ArrayLike, most: int = 10) -> None:
        super().__init__(desc)
        self.most = most

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        self.draw_edges(ax)
        for field, color in (("H", "#8C959F"), ("G", VALUE)):
            for x, y in self.centres[self.flat == field]:
                ax.add_patch(Circle((x, y), 0.42, facecolor=color, alpha=0.35))
        self.draw_names(ax, -0.45, -0.45, ha="left", va="top")
        self.lines = [ax.plot([], [], color=OCCUPANCY, lw=1.6, alpha=0.7, animated=True)[0] for _ in range(self.most)]
        looks = (("*", VALUE, 15), ("X", INK, 10), ("s", POLICY, 8))
        self.ends = [
            ax.plot([], [], mark, color=color, mec="white", mew=1, ms=size, zorder=5, animated=True)[0]
            for mark, color, size in looks
        ]
        ax.set_title("\n", fontsize=12)  # room for the note
        self.note = note_above(ax, in_layout=False)

    def update(self, numbers: Numbers) -> None:
        paths = [np.asarray(path) for path in numbers["paths"]][: self.most]
        last: list[list[Floats]] = [[], [], []]
        for i, line in enumerate(self.lines):
            if i >= len(paths):
                line.set_data([], [])
                continue
            xy = self.way(paths[i], i, len(paths))
            line.set_data(xy.T)
            last["GH".find(self.flat[paths[i][-1]])].append(xy[-1])
        for marks, places in zip(self.ends, last, strict=True):
            marks.set_data(np.array(places).reshape(-1, 2).T)
        self.note.set_text(self.said(numbers))

    def way(self, path: Floats, i: int, n: int) -> Floats:
        """(T + 1, 2): the centres of the cells, shifted by the path's lane and by how far it has come."""
        lane = 0.44 * ((i + 0.5) / n - 0.5)
        drift = np.linspace(-0.12, 0.12, len(path))
        return self.centres[path] + np.column_stack([lane + drift, drift - lane])

    def said(self, numbers: Numbers) -> str:
        paths = numbers["paths"]
        at_goal = sum(bool(self.flat[path[-1]] == "G") for path in paths)
        in_hole = sum(bool(self.flat[path[-1]] == "H") for path in paths)
        many = f"{len(paths)} trajectories" if len(paths) > 1 else "one trajectory"
        drawn = f" ({self.most} drawn)" if len(paths) > self.most else ""
        mean = float(np.mean(numbers["path_returns"]))
        return minus(
            f"batch {numbers['batch']}: {many}{drawn}\n"
            f"★ goal {at_goal}   ✖ hole {in_hole}   {'mean ' if len(paths) > 1 else ''}G = {mean:.2f}"
        )

    def describe(self, numbers: Numbers) -> str:
        return self.said(numbers).replace("\n", "; ").replace("★ ", "").replace("✖ ", "") + "."


class BatchCloud(Cloud):
    """One dot for each batch of trajectories, in parts of |∇J|, which is the radius of the circle.

    ◇ is where theory puts the estimates' mean, + is the mean of those drawn; the batch shown elsewhere has a ring.
    Numbers: estimates (n, 2), mean (2,), grad_J (2,), batch, and edge, how many |∇J| there are from the middle to the
    picture's edge.
    """

    looks = (("expected", "D", 11, 1.6, INK), ("average", "+", 13, 2.2, INK), ("ring", "o", 13, 2, POLICY))

    def __init__(self, labels: tuple[str, str] = ("∂/∂θ₁", "∂/∂θ₂")) -> None:
        self.labels = labels

    def draw(self, ax: Axes) -> None:
        (self.circle,) = ax.plot([], [], "--", color=GRADIENT, lw=1, animated=True)  # below the dots
        super().draw(ax)
        ax.set(xlim=(-1, 1), ylim=(-1, 1), xticks=[], yticks=[])
        ax.set_xlabel(self.labels[0], fontsize=10)
        ax.set_ylabel(self.labels[1], fontsize=10)
        for side in ax.spines.values():
            side.set_color(PALE)
        ax.set_title("\n", fontsize=12)  # room for the note
        self.note = note_above(ax, in_layout=False)

    def update(self, numbers: Numbers) -> None:
        edge, estimates = numbers["edge"], np.asarray(numbers["estimates"])
        around = np.linspace(0, 2 * np.pi, 73)
        self.circle.set_data(np.cos(around) / edge, np.sin(around) / edge)
        marks = {"expected": numbers["mean"], "average": estimates.mean(axis=0)}
        marks["ring"] = estimates[numbers["batch"] - 1]
        far = float(np.linalg.norm(numbers["grad_J"])) * edge
        out = self.show(numbers["grad_J"], estimates, marks, far, 1)
        beyond = f" ({out} out)" if out else ""
        drawn, exact = (" (out)" if self.beyond(marks[name], far) else "" for name in ("average", "expected"))
        self.note.set_text(
            f"● a batch{beyond}   + their mean{drawn}\n→ ∇J   ◇ exact mean{exact}   edge: {edge:.0f} |∇J|"
        )

    def describe(self, numbers: Numbers) -> str:
        length = np.linalg.norm(numbers["grad_J"])
        off = np.linalg.norm(np.mean(numbers["estimates"], axis=0) - numbers["grad_J"]) / length
        u, v = numbers["grad_J"]
        mean, far = np.mean(numbers["estimates"], axis=0), numbers["edge"] * length
        places = {"this mean": mean, "the exact mean": numbers["mean"]}
        lost = [f"; {name} is outside the picture" for name, place in places.items() if self.beyond(place, far)]
        return (
            f"The exact gradient is ({u:.4f}, {v:.4f}); the mean of {len(numbers['estimates'])} estimates "
            f"is {off:.2f} of its length away from it{''.join(lost)}."
        )


class EstimatorTable(Table):
    """Estimators in figures: exact bias, how many trajectories it takes, and how well a batch points.

    The bias is told of the chosen one only: the others are for the reader to guess.
    Numbers: figures, name → (bias in parts of |∇J|, trajectories for a signal as large as the noise, mean cosine of a
    batch's estimate with ∇J), for each of the rows, the last two nan where no trajectory has a reward; chosen, one of
    the rows; size, the trajectories of a batch.
    """

    top, rule, note_at, bottom = 1.2, 0.6, 1.2, 1.9

    def __init__(self, names: Sequence[str]) -> None:
        heads = ("exact bias,\n% of |∇J|", "N for\nS/N = 1", "cosine,\na batch")
        says = "{}: bias {} % of |∇J|, signal to noise 1 takes {} trajectories, cosine {}"
        super().__init__(names, heads, says, (0.62, 0.82, 0.99))

    def draw(self, ax: Axes) -> None:
        super().draw(ax)
        for text in (*self.titles, self.note):
            text.set_fontsize(9.5)
        for name in self.names:
            name.set(x=0.04, animated=True, in_layout=False)
        self.pointer = ax.text(0.0, 1, "▸", va="center", fontsize=12, color=POLICY, animated=True, in_layout=False)

    def update(self, numbers: Numbers) -> None:
        super().update(numbers)
        for y, (row, name, cells) in enumerate(zip(self.rows, self.names, self.cells, strict=True), start=1):
            chosen = row == numbers["chosen"]
            for text in (name, *cells):
                text.set_fontweight("bold" if chosen else "normal")
            if chosen:
                self.pointer.set_y(y)

    def figures(self, numbers: Numbers) -> list[tuple[str, str, str]]:
        rows = []
        for name in self.rows:
            bias, N, cosine = numbers["figures"][name]
            told = "?" if name != numbers["chosen"] else "0" if bias < 5e-9 else f"{100 * bias:.1f}"
            rows.append((told, "–" if np.isnan(N) else f"{N:.0f}", "–" if np.isnan(cosine) else f"{cosine:.2f}"))
        return rows

    def remark(self, numbers: Numbers) -> str:
        return f"S/N of a batch of N: |∇J| / its spread. A batch: {numbers['size']}."

    def describe(self, numbers: Numbers) -> str:
        return f"Chosen is {numbers['chosen']}. {self.read_out(numbers)}."


class CreditTable(Part):
    """E[r_k ∇log π(a_t|s_t)], time t of the action downwards, time k of the reward to the right; mean or sample.

    Numbers: credit (n, n), the numbers in the cells; largest, the size of full colour; past, the sum below the
    diagonal and future, on it and above, both over all times; of, what they are means of.
    """

    def __init__(self, n: int) -> None:
        self.n = n

    def draw(self, ax: Axes) -> None:
        n = self.n
        ax.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), aspect="equal")
        ax.set_xticks(range(n))
        ax.set_yticks(range(n))
        ax.set_xlabel("the reward's time k", fontsize=10)
        ax.set_ylabel("the action's time t", fontsize=10)
        ax.tick_params(length=0)
        self.image = ax.imshow(np.zeros((n, n)), cmap=SIGNED, norm=Normalize(-1, 1), zorder=0, animated=True)
        self.cells = [
            [ax.text(k, t, "", ha="center", va="center", fontsize=9, color=INK, animated=True) for k in range(n)]
            for t in range(n)
        ]
        steps = np.repeat(np.arange(n + 1), 2)
        ax.plot(steps[:-1] - 0.5, steps[1:] - 0.5, color=INK, lw=2, zorder=3)

    def update(self, numbers: Numbers) -> None:
        credit, largest = np.asarray(numbers["credit"]), numbers["largest"]
        self.image.set_data(np.sign(credit) * np.sqrt(np.minimum(np.abs(credit) / largest, 1)))
        for t, k in np.ndindex(self.n, self.n):
            self.cells[t][k].set_text("0" if abs(credit[t, k]) < 5e-3 else minus(f"{credit[t, k]:+.2f}"))

    def describe(self, numbers: Numbers) -> str:
        return (
            f"Credit of actions from rewards, {numbers['of']}. The table shows the first {self.n} times. "
            f"Over all times: rewards before the action {signed(numbers['past'])}, "
            f"from it on {signed(numbers['future'])}."
        )


class CreditSums(Part):
    """What the table adds up to, and what it costs: the past's sum is 0 in the mean, but its noise is not.

    The sums are over all times; n says how many of them the table beside it shows.
    Numbers: past, future, the sums below the diagonal and above; grad_J, a number; of; full and to_go, the standard
    deviation of one trajectory's estimate with all rewards and with those to come.
    """

    def __init__(self, n: int) -> None:
        self.n = n

    def draw(self, ax: Axes) -> None:
        ax.set(xlim=(0, 1), ylim=(8.2, -1.6))
        ax.axis("off")
        ax.text(0, -0.8, f"all times t and k; the table shows the first {self.n}", fontsize=10, color=INK, va="center")
        self.heads = ax.text(0, 0, "", fontsize=11, color=INK, weight="bold", va="center", animated=True)
        names = (
            (1, "◣ below the steps: rewards already paid", INK),
            (2, "◥ on the steps and above: rewards to come", INK),
            (3, "∇J, exact", for_text(GRADIENT)),
            (5, "G₀: all rewards", INK),
            (6, "G_t: rewards to come", INK),
            (7, "ratio of the variances", INK),
        )
        for y, name, color in names:
            ax.text(0, y, name, fontsize=10.5, color=color, va="center")
        ax.text(
            0, 4.1, "standard deviation of one estimate, sampled", fontsize=11, color=INK, weight="bold", va="center"
        )
        ax.axhline(2.5, color=INK, lw=0.8)
        self.values = {
            y: ax.text(0.98, y, "", ha="right", va="center", fontsize=11, color=color, animated=True)
            for y, _, color in names
        }

    def update(self, numbers: Numbers) -> None:
        self.heads.set_text(f"sums, {numbers['of']}")
        ratio = (numbers["full"] / numbers["to_go"]) ** 2
        sums = [signed(float(numbers[name])) for name in ("past", "future", "grad_J")]
        said = [*sums, f"{numbers['full']:.1f}", f"{numbers['to_go']:.1f}", f"{ratio:.1f}"]
        for text, string in zip(self.values.values(), said, strict=True):
            text.set_text(string)

    def describe(self, numbers: Numbers) -> str:
        return (
            f"The exact gradient is {signed(float(numbers['grad_J']))}; one estimate's standard deviation is "
            f"{numbers['full']:.1f} with all rewards and {numbers['to_go']:.1f} with those to come."
        )
