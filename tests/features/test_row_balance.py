"""The balance holds or says what is missing."""

from __future__ import annotations

from features.row_balance import Balance


def test_a_balance_holds_when_every_row_is_accounted_for() -> None:
    balance = Balance("events", 10, {"accepted": 6, "rejected": 1, "parked": 1, "duplicates": 1, "later": 1})
    assert balance.holds
    assert balance.rejected_share == 0.1
    assert balance.rows["events_in"] == 10
    assert balance.rows["events_accepted"] == 6


def test_a_lost_row_breaks_it() -> None:
    balance = Balance("events", 10, {"accepted": 9})
    assert not balance.holds
    assert "Of 10 rows for the table events, these are accounted for: 9 accepted." in balance.sentence


def test_rows_parked_for_too_long_do_not_count_as_tonights() -> None:
    balance = Balance("events", 30, {"accepted": 18, "rejected": 12}, too_long=10)
    assert balance.holds
    assert balance.rejected_share == 2 / 20
    assert balance.rows == {
        "events_in": 30, "events_accepted": 18, "events_rejected": 12, "events_parked_too_long": 10,
    }  # fmt: skip
    assert Balance("events", 10, {"rejected": 10}, too_long=10).rejected_share == 0.0


def test_headers_and_totals_among_the_rows_are_no_fault() -> None:
    balance = Balance("items", 30, {"accepted": 27, "rejected": 3}, not_data=2)
    assert (balance.holds, balance.faulty, balance.rows["items_not_data"]) == (True, 1, 2)


def test_an_unknown_outcome_breaks_it() -> None:
    assert not Balance("events", 1, {"eaten": 1}).holds


def test_an_empty_table_balances() -> None:
    assert Balance("events", 0, {}).holds
    assert Balance("events", 0, {}).rejected_share == 0.0
