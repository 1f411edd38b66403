"""From which day on a night sums up again: after a changed consent, and by another clock."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import cast

import pytest
from pyspark.sql import SparkSession

from features.contract import IDENTITIES, USERS
from features.declarations import USER_FEATURES_TABLE
from jobs import build_features as build_job
from jobs.execution.night import Night
from jobs.incremental.known_events import Known
from jobs.incremental.visitors import changed_consents
from tests.jobs.small_tables import filled

CONSENTS = "user_id string, valid_from timestamp"


def test_a_consent_that_differs_from_that_of_the_last_features_is_named(spark: SparkSession) -> None:
    def people(**agrees: bool) -> list[dict[str, object]]:
        return [{"user_id": user, "consent_personalisation": agreed} for user, agreed in agrees.items()]

    first, last = date(2024, 3, 1), date(2024, 3, 4)
    built = [row | {"as_of": last} for row in people(u1=True, u2=False, u3=True, u4=True)]
    built += [row | {"as_of": first} for row in people(u3=False)]
    names = [
        {"visitor_id": f"v{number}", "user_id": user, "valid_from": datetime(2024, 2, number, tzinfo=UTC)}
        for number, user in enumerate(("u1", "u1", "u2", "u3"), start=1)
    ]
    tables = {
        IDENTITIES: filled(spark, IDENTITIES, names),
        USER_FEATURES_TABLE: filled(spark, USER_FEATURES_TABLE, built),
        USERS: filled(spark, USERS, people(u1=False, u2=True, u3=True, u4=False, u5=True)),
    }
    of_store = SimpleNamespace(exists=tables.__contains__, read=tables.__getitem__)
    changed = changed_consents(cast(Night, SimpleNamespace(tables=of_store)), last)
    assert changed is not None
    # u4 has no visitor and u5 is new.
    assert sorted((row["user_id"], row["valid_from"].day) for row in changed.collect()) == [
        ("u1", 1),
        ("u1", 2),
        ("u2", 3),
    ]
    without = SimpleNamespace(exists=lambda table: table is not IDENTITIES, read=tables.__getitem__)
    assert changed_consents(cast(Night, SimpleNamespace(tables=without)), last) is None


CLOCK = {"time_zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    ("decisions", "has_views", "since"),
    [
        ({}, False, None),
        (CLOCK, False, date(2024, 3, 2)),
        (CLOCK | {"session_minutes": "30"}, True, date(2024, 3, 2)),
        (CLOCK | {"session_minutes": "20"}, True, None),
    ],
)
def test_days_are_summed_up_again_by_another_clock_or_session_and_from_a_changed_consent_on(
    monkeypatch: pytest.MonkeyPatch,
    spark: SparkSession,
    decisions: dict[str, str],
    has_views: bool,
    since: date | None,
) -> None:
    last = {"as_of": date(2024, 3, 4), "decisions": decisions}
    consents = spark.createDataFrame(
        [("u1", datetime(2024, 3, 2, 9, tzinfo=UTC)), ("u1", datetime(2024, 3, 3, tzinfo=UTC))], CONSENTS
    )
    monkeypatch.setattr(build_job, "last_done", lambda *_, **__: last)
    monkeypatch.setattr(build_job, "changed_consents", lambda *_: consents)
    monkeypatch.setattr(build_job, "has_views", lambda *_: has_views)
    monkeypatch.setattr(build_job, "daily_visitors", lambda _: None)
    features = SimpleNamespace(time_zone="Europe/Berlin", session_minutes=30)
    tables = SimpleNamespace(read=lambda table: None)
    night = SimpleNamespace(as_of=date(2024, 3, 5), tables=tables, conf=SimpleNamespace(features=features))
    known = SimpleNamespace(newest=last, days_since=lambda run: set())
    assert build_job._first_open_day(cast(Night, night), cast(Known, known)) == since
