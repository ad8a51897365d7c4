"""Gymnasium's FrozenLake 4×4, for the tests of pictures."""

from pgcourse import zoo

DESC = [list("SFFF"), list("FHFH"), list("FFFH"), list("HFFG")]
ACTIONS = ["left", "down", "right", "up"]
LAKE = zoo.frozen_lake()
