"""The course's pictures: ordinary matplotlib, whose animated artists are moved by `update`.

A *part* is drawn once into an axes (`draw(ax)`), then moved (`update(numbers)`) and put into words
(`describe(numbers)`). `numbers` is a dictionary with the names of the course's notation: theta, pi, v_pi, rho_pi, J,
grad_J, … A `Picture` puts parts side by side in one figure.

    picture = Picture([Landscape(t1, t2, J), GridWorld(desc)])
    picture.update({"theta": theta, "J": J, "grad_J": grad_J, "pi": pi, "v_pi": v_pi})
    picture.figure.savefig("still.png")

Shapes stand by family: `grids`, `curves`, `clouds`, `planes`, `tables`, `bars`, `runs`. What one notebook alone uses is
in `notebooks`. All of them can be imported from here.
"""

from importlib import import_module
from pkgutil import walk_packages

from pgcourse.pictures.notebooks.nb01_ways import WAYS
from pgcourse.pictures.palette import GRADIENT, OCCUPANCY, POLICY, VALUE

for _module in (import_module(found.name) for found in walk_packages(__path__, f"{__name__}.")):
    globals().update({name: x for name, x in vars(_module).items() if getattr(x, "__module__", "") == _module.__name__})

_classes = [name for name, x in globals().items() if isinstance(x, type)]
__all__ = ["GRADIENT", "OCCUPANCY", "POLICY", "VALUE", "WAYS", *sorted(_classes)]
