"""What the second night of a store is compared in."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import cast

import pytest

from features.declarations import ITEM_FEATURES, USER_FEATURES
from jobs.execution.night import Night
from jobs.quality import drift
from jobs.quality.young_store import comparable_features

NIGHT = date(2024, 3, 9)
ALL = {feature.name for feature in (*ITEM_FEATURES, *USER_FEATURES)}


@pytest.mark.parametrize("first", [NIGHT - timedelta(days=28), None])
def test_features_of_events_are_compared_from_four_weeks_on(first: date | None) -> None:
    assert comparable_features((*ITEM_FEATURES, *USER_FEATURES), NIGHT, first, 28) == ALL


def test_a_young_store_is_compared_in_its_catalogue_alone() -> None:
    items = comparable_features(ITEM_FEATURES, NIGHT, NIGHT - timedelta(days=27), 28)
    assert {"is_eligible", "list_price", "category", "is_promoted"} <= items
    users = comparable_features(USER_FEATURES, NIGHT, NIGHT - timedelta(days=27), 28)
    assert "consent_personalisation" in users
    # Of those that a second night exceeded: by then not every shopper has bought within a day.
    assert not (items | users) & {
        "purchases_count_1d", "visit_days_28d", "spend_sum_life", "visit_probability", "days_since_signed_up",
        "days_since_listed", "popularity_rank_90d",
    }  # fmt: skip


@pytest.mark.parametrize(("history", "days"), [(60, 28), (35, 28), (17, 10), (7, 0), (1, 0), (None, 0)])
def test_purchases_before_the_last_week_are_those_of_days_that_the_store_had(
    monkeypatch: pytest.MonkeyPatch, history: int | None, days: int
) -> None:
    first = None if history is None else NIGHT - timedelta(days=history)
    monkeypatch.setattr(drift, "first_event_day", lambda _: first)
    assert drift.earlier_days(cast(Night, SimpleNamespace(as_of=NIGHT))) == days
