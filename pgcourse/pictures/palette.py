"""One palette, after Okabe and Ito. A colour has one meaning.

Green and purple look alike to readers who do not see green, blue and green to those who do not see blue: what is on the
same axes differs in dashes, marks or words, too.
"""

from matplotlib.colors import LinearSegmentedColormap

POLICY = "#0072B2"  # π and θ
GRADIENT = "#D55E00"  # ∇J
VALUE = "#00734F"  # v and J
OCCUPANCY = "#8F3F71"  # ρ
GRADIENT_TEXT = "#B85000"  # ∇J in words: orange is too light to be read on white
INK, PALE = "#1F2328", "#D0D7DE"

# From white on, never so dark that the text on it cannot be read
VALUES = LinearSegmentedColormap.from_list("values", ["#FFFFFF", "#BFE8D6", "#5CC29B"])
VISITS = LinearSegmentedColormap.from_list("visits", ["#FFFFFF", "#EAD3E1", "#CF9FBF"])

# What has a sign: minus is violet and plus orange, as in ColorBrewer's PuOr, which is safe for the colour-blind.
SIGNED = LinearSegmentedColormap.from_list("signed", ["#A699D6", "#FFFFFF", "#F2A661"], N=257)  # odd: 0 is white
PLUS, MINUS = SIGNED(1.0), SIGNED(0.0)


def for_text(color: str) -> str:
    """The colour of words on what has this colour."""
    return GRADIENT_TEXT if color == GRADIENT else color
