"""One palette, after Okabe and Ito, which readers with any colour vision can tell apart. A colour has one meaning."""

from matplotlib.colors import LinearSegmentedColormap

POLICY = "#0072B2"  # π and θ
GRADIENT = "#D55E00"  # ∇J
VALUE = "#00734F"  # v and J
OCCUPANCY = "#8F3F71"  # ρ
INK, PALE = "#1F2328", "#D0D7DE"

# From white on, never so dark that the text on it cannot be read
VALUES = LinearSegmentedColormap.from_list("values", ["#FFFFFF", "#BFE8D6", "#5CC29B"])
VISITS = LinearSegmentedColormap.from_list("visits", ["#FFFFFF", "#EAD3E1", "#CF9FBF"])

# What has a sign: minus is violet and plus orange, as in ColorBrewer's PuOr, which is safe for the colour-blind.
SIGNED = LinearSegmentedColormap.from_list("signed", ["#A699D6", "#FFFFFF", "#F2A661"], N=257)  # odd: 0 is white
PLUS, MINUS = SIGNED(1.0), SIGNED(0.0)
