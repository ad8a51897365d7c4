import copy
import dataclasses
import pickle
from fractions import Fraction

import numpy as np
import pytest

from pgcourse import bellman, zoo
from pgcourse.horizon import Plan
from pgcourse.lqr import LQR
from pgcourse.mdp import FiniteMDP
from pgcourse.policy import Policy

pytestmark = pytest.mark.filterwarnings("error")

P = np.array([[[0.5, 0.5], [1, 0], [0, 1]], [[0, 1], [0, 1], [0, 1]]])
R = np.array([[1.0, 2, 3], [0, 0, 0]])


def changed(array, index, value):
    array = array.copy()
    array[index] = value
    return array


def build(**fields):
    return FiniteMDP(**{"p": P, "r": R, "gamma": 0.9, "rho_0": [1, 0], **fields})


def test_an_mdp_is_a_frozen_copy_of_its_arrays():
    p = P.copy()
    mdp = build(p=p)
    p[:] = 0
    assert (mdp.p == P).all()
    assert (mdp.S, mdp.A, mdp.gamma) == (2, 3, 0.9)
    for array in (mdp.p, mdp.r, mdp.rho_0, mdp.absorbing, mdp.live, mdp.p_live):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        mdp.gamma = 0.5


def test_replacing_a_field_checks_again():
    assert dataclasses.replace(build(), gamma=0.5).gamma == 0.5
    with pytest.raises(ValueError, match="gamma is 2"):
        dataclasses.replace(build(), gamma=2)


def test_fractions_and_whole_numbers_are_numbers():
    half = Fraction(1, 2)
    mdp = build(p=[[[half, half]] * 3, [[0, 1]] * 3], r=[[half] * 3, [0] * 3], gamma=Fraction(9, 10))
    assert mdp.p.dtype == mdp.r.dtype == mdp.rho_0.dtype == np.float64
    assert mdp.gamma == 0.9
    assert build(gamma=np.int64(1)).gamma == 1


def test_a_state_that_stays_is_absorbing_only_if_it_pays_nothing():
    assert build().absorbing.tolist() == [False, True]
    assert build(r=changed(R, (1, 2), -1.0)).absorbing.tolist() == [False, False]
    assert build(p=changed(P, (1, 2), [0.5, 0.5])).absorbing.tolist() == [False, False]
    assert build().live.tolist() == [0]
    assert (build().p_live == [P[0], np.zeros((3, 2))]).all()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"p": changed(P, (0, 2), [0.5, 0.25])}, r"p\[s=0, a=2\] sums to 0.75, expected 1"),
        ({"p": changed(P, (1, 0), [-0.5, 1.5])}, r"p\[s=1, a=0, s'=0\] is -0.5, expected a probability"),
        ({"p": changed(P, (1, 0), [1e308, 1e308])}, r"p\[s=1, a=0, s'=0\] is 1e\+308, expected a probability"),
        ({"p": changed(P, (0, 1, 1), np.nan)}, r"p\[s=0, a=1, s'=1\] is nan, expected a finite number"),
        ({"p": changed(P, (0, 1, 1), np.inf)}, r"p\[s=0, a=1, s'=1\] is inf, expected a finite number"),
        ({"p": P[0]}, r"p has shape \(3, 2\), expected \(S, A, S'\)"),
        ({"p": P[:1]}, r"p has shape \(1, 3, 2\), expected \(1, 3, 1\)"),
        ({"p": np.zeros((0, 3, 0))}, r"p has shape \(0, 3, 0\), expected \(S, A, S'\)"),
        ({"p": [[1, 2], [3]]}, r"p is \[\[1, 2\], \[3\]\], expected real numbers of shape \(S, A, S'\)"),
        ({"p": None}, r"p is None, expected real numbers"),
        ({"p": "frozen lake"}, r"p is 'frozen lake', expected real numbers"),
        ({"p": P.astype(str)}, "expected real numbers"),
        ({"p": P + 0j}, "expected real numbers"),
        ({"r": R[:, :2]}, r"r has shape \(2, 2\), expected \(2, 3\), since p has S = 2 and A = 3"),
        ({"r": R[:, 0]}, r"r has shape \(2,\), expected \(S, A\)"),
        ({"r": changed(R, (0, 1), np.nan)}, r"r\[s=0, a=1\] is nan, expected a finite number"),
        ({"r": [[1, 2, 10**400], [0, 0, 0]]}, "r is .*, expected real numbers"),
        ({"rho_0": [0.5, 0.4]}, r"rho_0 sums to 0.9, expected 1"),
        ({"rho_0": [1.5, -0.5]}, r"rho_0\[s=0\] is 1.5, expected a probability"),
        ({"rho_0": [1]}, r"rho_0 has shape \(1,\), expected \(2,\)"),
        ({"rho_0": 0}, r"rho_0 is 0, expected real numbers of shape \(S,\)"),
        ({"rho_0": [np.nan, 1]}, r"rho_0\[s=0\] is nan"),
        ({"rho_0": {0: 1.0}}, r"rho_0 is \{0: 1.0\}"),
        ({"r": changed(R, (0, 1), 1e308)}, r"r\[s=0, a=1\] is 1e\+308, expected a size of at most 1e\+50"),
        ({"p": np.ma.masked_equal(P, 0.5)}, r"p\[s=0, a=0, s'=0\] is masked, expected real numbers"),
        ({"rho_0": np.ma.array([1.0, 0], mask=[False, True])}, r"rho_0\[s=1\] is masked"),
        (
            {"p": changed(P, (0, 0), [0.5, 0.5 + 3e-6]).astype(np.float32)},
            r"p\[s=0, a=0\] sums to 1.00000\d+, exp",
        ),
        ({"p": changed(P, (0, 0), [1, -1e-9])}, r"p\[s=0, a=0, s'=1\] is -1e-09, expected a probability"),
    ],
)
def test_a_wrong_array_is_refused_by_field_place_and_value(fields, message):
    with pytest.raises(ValueError, match=message):
        build(**fields)


@pytest.mark.parametrize(
    "gamma", [-0.1, 1.1, np.nan, np.inf, 10**400, "0.9", None, True, np.True_, 0.9j, np.complex128(0.9), [0.9]]
)
def test_gamma_is_a_real_number_from_0_to_1(gamma):
    with pytest.raises(ValueError, match=r"^gamma is .*, expected a number 0 ≤ γ < 1, or γ = 1 for a task that ends$"):
        build(gamma=gamma)


@pytest.mark.parametrize("gamma", [np.nextafter(1, 0), 1 - 1e-13])
def test_gamma_is_1_or_far_enough_below_it_for_p_to_be_exact(gamma):
    with pytest.raises(ValueError, match=r"^gamma is 0\.9+\d*, expected .* not between 1 − 1e-12 and 1"):
        build(gamma=gamma)
    assert build(gamma=np.array(0.5)).gamma == 0.5


# What rounding left


def in_kind(kind, S=7, A=3):
    """A random kernel and policy as a library with numbers of this kind would have them."""
    rng = np.random.default_rng(0)
    p, pi = rng.dirichlet(np.ones(S), (S, A)).astype(kind), rng.dirichlet(np.ones(A), S).astype(kind)
    return p / p.sum(axis=2, keepdims=True), pi / pi.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64, np.longdouble])
def test_rows_with_the_rounding_of_their_own_kind_are_taken_and_then_sum_to_1_as_float64_can(kind):
    p, probs = in_kind(kind)
    mdp, pi = FiniteMDP(p, np.ones((7, 3)), 0.9, p[0, 0]), Policy(probs)
    eps = float(np.finfo(kind).eps)
    for mine, given in ((mdp.p, p), (mdp.rho_0, p[0, 0]), (pi.probs, probs)):
        assert np.abs(mine.sum(axis=-1) - 1).max() < 2e-15
        np.testing.assert_allclose(mine, given.astype(float), rtol=10 * max(eps, 2e-16))
    assert bellman.objective(mdp, pi) == pytest.approx(10, rel=1e-12)


def test_rows_that_float64_rounded_stay_as_they_are_and_a_tiny_negative_one_is_0():
    tenths = np.full((10, 1, 10), 0.1)
    assert np.array_equal(FiniteMDP(tenths, np.ones((10, 1)), 0.9, tenths[0, 0]).p, tenths)
    assert Policy([[0.9, 0.1, 1 - 0.9 - 0.1]]).probs.tolist() == [[0.9, 0.1, 0]]  # the last is −2.8e-17


@pytest.mark.parametrize("off", [9e-10, -9e-10])
def test_with_gamma_near_1_a_row_that_is_a_little_off_is_worth_what_it_should_be(off):
    """Reward 1 for ever is 1/(1−γ) = 1e10. With 1 + 9e-10 in the diagonal, I − γp would have the other sign."""
    mdp = FiniteMDP([[[1 + off]]], [[1.0]], 1 - 1e-10, [1])
    assert bellman.objective(mdp, Policy.uniform(1, 1)) == pytest.approx(1e10, rel=1e-4)


def test_a_state_that_leaks_is_not_absorbing_however_little():
    """0 stays with 1 − 5e-10, and else goes to 1, which pays 1 for ever: v(0) = 5e-10 γ v(1) / (1 − γ (1 − 5e-10))."""
    leak, gamma = 5e-10, 1 - 1e-9
    mdp = FiniteMDP([[[1 - leak, leak]], [[0, 1]]], [[0], [1]], gamma, [1, 0])
    assert not mdp.absorbing.any()
    expected = leak * gamma / (1 - gamma) / (1 - gamma * (1 - leak))
    assert bellman.objective(mdp, Policy.uniform(2, 1)) == pytest.approx(expected, rel=1e-5)
    assert expected > 3e8


def test_a_masked_array_without_a_masked_number_is_an_array():
    assert np.array_equal(build(p=np.ma.array(P)).p, P)


# Copies


def kept(thing):
    """The arrays of an object, those that follow from others, too."""
    found = vars(thing).values() if hasattr(thing, "__dict__") else [thing.probs]
    return [
        x for value in found for x in (value if isinstance(value, tuple) else (value,)) if isinstance(x, np.ndarray)
    ]


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda thing: pickle.loads(pickle.dumps(thing))])
def test_a_copy_is_read_only_as_what_it_was_copied_from(again):
    """What an MDP knows of p is kept: a copy whose p could be changed would go on with what was known before."""
    mdp = zoo.short_corridor()
    assert mdp.absorbing.any()
    assert len(mdp.outcomes) == 3
    pi = Policy.uniform(mdp.S, mdp.A)
    regulator = LQR(0.9, 0.1, 1, 0.1, 0.1, 1, 0, 0.9)
    for thing in (mdp, pi, Plan.repeat(pi, 3), regulator):
        copied = kept(again(thing))
        assert len(copied) == len(kept(thing)) > 0
        for array in copied:
            assert not array.flags.writeable
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0
