"""What an algorithm may be told: everything else is refused by name, before anything runs."""

from __future__ import annotations

from fractions import Fraction

import gymnasium
import numpy as np
import pytest

from pgcourse.algorithms import a2c, ddpg, ppo, reinforce, sac, td3, trpo


@pytest.mark.parametrize(
    ("algorithm", "changes", "said"),
    [
        (ppo, {"epsilon": 0}, "epsilon is 0, expected a number > 0"),
        (ppo, {"lam": 1.1}, "lam is 1.1"),
        (ppo, {"gamma": np.nan}, "gamma is nan"),
        (ppo, {"alpha": np.inf}, "alpha is inf"),
        (ppo, {"most": 0}, "most is 0, expected a number > 0"),
        (ppo, {"log_sigma": np.nan}, "log_sigma is nan"),
        (a2c, {"log_sigma": np.inf}, "log_sigma is inf"),
        (ppo, {"epochs": 0}, "epochs is 0, expected an integer ≥ 1"),
        (ppo, {"minibatch": 2}, "minibatch is 2, expected ≥ 3 to normalise A: one number has no deviation"),
        (trpo, {"delta": 0}, "delta is 0, expected a finite number > 0"),
        (trpo, {"delta": np.nan}, "delta is nan"),
        (trpo, {"lam": 1.1}, "lam is 1.1"),
        (trpo, {"damping": -1}, "damping is -1, expected a finite number ≥ 0"),
        (trpo, {"shrink": 1.0}, "shrink is 1.0, expected a finite number > 0 and ≤ 0.99"),
        (trpo, {"products": 0}, "products is 0, expected an integer ≥ 1"),
        (trpo, {"tries": 1.5}, "tries is 1.5, expected an integer ≥ 1"),
        (ddpg, {"tau": 1.1}, "tau is 1.1, expected a finite number ≥ 0 and ≤ 1"),
        (ddpg, {"gamma": np.nan}, "gamma is nan"),
        (ddpg, {"warmup": -1}, "warmup is -1, expected an integer ≥ 0"),
        (ddpg, {"batch": 0}, "batch is 0, expected an integer ≥ 1"),
        (td3, {"precision": "half"}, "precision is 'half', expected 'double' or 'single'"),
        (ddpg, {"capacity": 200}, "capacity is 200, expected at least a batch: 256 transitions"),
        (ddpg, {"alpha_w": np.inf}, "alpha_w is inf"),
        (ddpg, {"unit": 0}, "unit is 0, expected a finite number > 0"),
        (ddpg, {"noise": -0.1}, "noise is -0.1, expected a finite number ≥ 0"),
        (td3, {"critics": 0}, "critics is 0, expected an integer ≥ 1"),
        (td3, {"delay": 1.5}, "delay is 1.5, expected an integer ≥ 1"),
        (td3, {"smoothing": -1}, "smoothing is -1, expected a finite number ≥ 0"),
        (td3, {"clip": np.inf}, "clip is inf"),
        (td3, {"noise": np.nan}, "noise is nan"),
        (sac, {"temperature": 0}, "temperature is 0, expected a finite number > 0"),
        (sac, {"target_entropy": np.inf}, "target_entropy is inf"),
        (sac, {"alpha_temperature": -1}, "alpha_temperature is -1"),
        (sac, {"gamma": 1.5}, "gamma is 1.5"),
        (a2c, {"hidden": (32, 0)}, r"hidden\[1\] is 0, expected an integer ≥ 1"),
        (ppo, {"hidden": 32}, "hidden is 32, expected a tuple of integers ≥ 1, one for each hidden layer"),
        (trpo, {"hidden": (2.5,)}, r"hidden\[0\] is 2.5"),
        (reinforce, {"hidden": None}, "hidden is None"),
        (sac, {"hidden": ("64",)}, r"hidden\[0\] is '64'"),
    ],
    ids=lambda x: next(iter(x)) if isinstance(x, dict) else getattr(x, "__name__", "").rpartition(".")[2],
)
def test_settings_that_are_none_are_refused_by_name(algorithm, changes, said):
    with pytest.raises(ValueError, match=said):
        algorithm.Settings(**changes)


def test_three_steps_can_be_normalised_and_one_need_not_be():
    assert ppo.Settings(minibatch=3).normalise
    assert ppo.Settings(minibatch=1, normalise=False).minibatch == 1


@pytest.mark.parametrize(
    ("algorithm", "field", "value"),
    [
        (ppo, "normalise", "no"),
        (ppo, "bootstrap", 1),
        (sac, "learned", "False"),
        (a2c, "optimiser", 3),
        (reinforce, "baseline", None),
    ],
)
def test_a_switch_is_true_or_false_and_an_optimiser_is_a_function(algorithm, field, value):
    expected = "a function" if field in ("optimiser", "baseline") else "True or False"
    with pytest.raises(ValueError, match=f"{field} is {value!r}, expected {expected}"):
        algorithm.Settings(**{field: value})


@pytest.mark.parametrize("algorithm", [a2c, ppo, trpo])
def test_the_critic_is_in_the_unit_of_the_settings(algorithm):
    settings = algorithm.Settings(n=4, unit=7.0, hidden=(2,), **({} if algorithm is a2c else {"minibatch": 4}))
    assert next(algorithm.train(gymnasium.make("CartPole-v1"), settings)).critic.unit == 7


@pytest.mark.parametrize("algorithm", [a2c, ddpg, ppo, reinforce, sac, td3, trpo])
def test_equal_settings_are_of_equal_types_whatever_was_given(algorithm):
    """A step size of np.float64 would turn single precision into double; a list could not be hashed."""
    plain = algorithm.Settings(hidden=(8,), gamma=0.5)
    given = algorithm.Settings(hidden=[np.int32(8)], gamma=Fraction(1, 2))
    assert (given, hash(given)) == (plain, hash(plain))
    assert [type(value) for value in vars(given).values()] == [type(value) for value in vars(plain).values()]


@pytest.mark.parametrize("algorithm", [a2c, ddpg, ppo, reinforce, sac, td3, trpo])
@pytest.mark.parametrize("given", [0, 1, {}])
def test_a_seed_in_the_place_of_the_settings_is_refused(algorithm, given):
    with pytest.raises(TypeError, match=r"settings is .*, expected \w+.Settings\(…\): a seed goes by its name, seed=0"):
        algorithm.train(gymnasium.make("Pendulum-v1"), given)
