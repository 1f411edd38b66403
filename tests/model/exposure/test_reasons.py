"""Reasons in words."""

from __future__ import annotations

from datetime import date

from model.exposure.reasons import (
    banned_by,
    held_by,
    in_place_of,
    pinned_by,
    raised_by,
    reason_of,
    swapped_in_for,
)
from model.phrases import phrases


def test_a_reason_is_the_cause_and_what_moved_the_entry() -> None:
    boosted = reason_of("type_affinity", raised_by("new_items"))
    assert boosted == "Bought this type recently; boosted by the floor for new_items"
    assert reason_of("low:days_since_listed", held_by("brand"), in_place_of("Rye {500 g}")) == (
        "New in the range; limited by the cap for brand; in place of Rye {500 g}"
    )


def test_without_a_constraint_the_cause_stands_alone() -> None:
    assert reason_of("als", "", "") == "Matches the taste of past purchases"
    assert reason_of(None, "", phrases().explored) == "Relevant overall; drawn at random to learn about it"


def test_constraints_name_groups_and_owners() -> None:
    assert swapped_in_for("cold") == "added to meet the floor for cold"
    assert pinned_by("Ann", date(2017, 12, 24)) == "pinned by Ann until 2017-12-24"
    assert banned_by("Ben", None) == "banned by Ben"
