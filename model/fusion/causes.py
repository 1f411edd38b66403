"""The strongest causes of a relevance, from what each term adds to the logit.

Terms of one family say nearly the same, and only their sum says how much it counts.
"""

from __future__ import annotations

import numpy as np

from model.fusion.inputs import ITEM_FEATURE_FAMILIES
from model.fusion.signals import SIGNAL_FAMILIES
from model.retrieval.channels import ALL_CHANNELS

LOW = "low:"  # before the name of a term that speaks for a candidate by being low among those of the shopper

_FAMILIES: dict[str, str] = {
    **{name: channel.family for name, channel in ALL_CHANNELS.items()},
    **ITEM_FEATURE_FAMILIES,
    **SIGNAL_FAMILIES,
}


def families(terms: tuple[str, ...]) -> np.ndarray:
    """[terms] int: 0, 1, … in the order in which families first occur; an undeclared term is a family of its own."""
    names = [family_of(term) for term in terms]
    place = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([place[name] for name in names])


def family_of(term: str) -> str:
    """The family of a term; its own name where none is declared."""
    return _FAMILIES.get(term, term)


def strongest(moved: np.ndarray, family: np.ndarray, most: int, least: float) -> np.ndarray:
    """[..., most] places of terms: of the families that add most in sum, each the term that adds most; -1 for none.

    `moved` [..., terms] is what each term adds to the logit, `family` [terms] of `families`. A family that adds no more
    than `least` in sum is no cause: a large term that its own kind takes back explains nothing.
    """
    count = int(family.max()) + 1
    added = moved @ np.eye(count, dtype=moved.dtype)[family]
    leader = np.stack(
        [(own := np.flatnonzero(family == one))[moved[..., own].argmax(axis=-1)] for one in range(count)], axis=-1
    )
    order = np.argsort(-added, axis=-1, kind="stable")[..., :most]
    return np.where(np.take_along_axis(added, order, axis=-1) > least, np.take_along_axis(leader, order, axis=-1), -1)


def named(terms: tuple[str, ...]) -> tuple[str, ...]:
    """Names by the places of `directed`: the terms, then the terms as low ones."""
    return (*terms, *(f"{LOW}{term}" for term in terms))


def directed(places: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Places [..., most] of terms to places in `named`; `below` [..., terms] bool says which terms are low."""
    low = np.take_along_axis(below, np.maximum(places, 0), axis=-1)
    return np.where((places >= 0) & low, places + below.shape[-1], places)
