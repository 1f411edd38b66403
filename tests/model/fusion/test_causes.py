import numpy as np

from model.fusion.causes import directed, families, named, strongest
from model.fusion.inputs import ITEM_FEATURES
from model.retrieval.channels import ALL_CHANNELS

TERMS = ("als", "popularity", "share_of_type", "type_affinity", "odd")


def test_an_undeclared_term_is_a_family_of_its_own() -> None:
    assert families(TERMS).tolist() == [0, 1, 1, 2, 3]
    assert len(set(families((*ALL_CHANNELS, *ITEM_FEATURES)).tolist())) <= 10


def test_a_large_term_that_its_own_kind_takes_back_is_no_cause() -> None:
    # popularity + share_of_type: 3.0 - 2.9 = 0.1, so type_affinity (0.5) comes first, then als (0.2), then popularity.
    moved = np.array([[0.2, 3.0, -2.9, 0.5, -1.0]])
    assert strongest(moved, families(TERMS), 3, 0.001).tolist() == [[3, 0, 1]]
    assert strongest(moved, families(TERMS), 3, 0.15).tolist() == [[3, 0, -1]]


def test_a_low_term_is_named_low() -> None:
    below = np.array([[False, True, False, False, False]])
    places = directed(np.array([[1, 0, -1]]), below)
    assert places.tolist() == [[6, 0, -1]]
    assert [named(TERMS)[place] for place in places[0, :2]] == ["low:popularity", "als"]
