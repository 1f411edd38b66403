"""The balance holds or says what is missing."""

from __future__ import annotations

from features.accounting import Balance


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


def test_an_unknown_outcome_breaks_it() -> None:
    assert not Balance("events", 1, {"eaten": 1}).holds


def test_an_empty_table_balances() -> None:
    assert Balance("events", 0, {}).holds
    assert Balance("events", 0, {}).rejected_share == 0.0
