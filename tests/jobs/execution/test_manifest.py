"""What a step's line on the console says of its rows."""

from __future__ import annotations

from jobs.execution.manifest import rows_in_words


def test_a_step_names_its_counts_that_are_not_zero() -> None:
    assert rows_in_words({"pairs": 987_600, "alerts": 0, "top_items": 12}) == "988 k pairs, 12 top items"


def test_a_step_that_judges_rows_says_what_became_of_them() -> None:
    rows = {
        "items_in": 950, "items_accepted": 949, "items_rejected": 1, "users_accepted": 389, "users_rejected": 2,
        "events_accepted": 1_916_153, "events_parked": 4_384,
    }  # fmt: skip
    assert rows_in_words(rows) == "rows of items 949, users 389, events 1.9 M; rejected 3; parked 4,384"
    assert rows_in_words({"items_accepted": 5, "items_rejected": 0}) == "rows of items 5"
