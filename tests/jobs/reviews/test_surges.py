"""Alerts on a surge of bad reviews, and the page's section on satisfaction."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from pyspark.sql import SparkSession

from features.contract import REVIEW_SENTIMENT
from features.contract.segments import TAIL
from features.declarations import ITEM_FEATURES_TABLE
from jobs.report.night_tables import Reading
from jobs.report.page.parts import Bars, Table
from jobs.report.sections.reviews import reviews
from jobs.reviews.surges import surges
from jobs.tables.warehouse import Warehouse
from tests.jobs.reviews.test_read_reviews import FIRST, conf_in, night_of, rated, review, run, store
from tests.jobs.small_tables import filled


def test_a_surge_is_alerted_with_its_words(spark: SparkSession, tmp_path: Path) -> None:
    conf = conf_in(tmp_path)
    usual = rated(150, FIRST - timedelta(days=30))
    day = FIRST - timedelta(days=2)
    surge = [review(f"s{n}", f"the battery leaked after {n} days", 1.0, day, item_id="phone") for n in range(12)]
    same = [review(f"x{n}", "battery leaked", 1.0, day, item_id="cup", user_id="one") for n in range(12)]
    as_usual = [row | {"event_id": f"u{n}"} for n, row in enumerate(rated(15, day))]
    store(spark, conf, [*usual, *surge, *same, *as_usual])
    assert run(spark, conf)["alerts"] == 1
    [line] = (night_of(spark, conf).files.read(f"alerts/{FIRST}-read_reviews.jsonl") or b"").decode().splitlines()
    alert = json.loads(line)
    assert (alert["name"], alert["about"], alert["value"]) == ("reviews.surge", "phone", 1.0)
    assert alert["text"] == (
        "12 of 12 reviews of the product phone in the last 7 days are bad; 33% were expected. "
        "Words that drive it: battery, leaked, days."
    )
    assert surges(night_of(spark, conf, FIRST + timedelta(days=10))) == []


def test_the_page_shows_satisfaction_by_segment_and_provider(spark: SparkSession, tmp_path: Path) -> None:
    conf = conf_in(tmp_path)
    day = FIRST - timedelta(days=1)
    stars = {"lamp": (5.0, 5.0, 5.0, 1.0), "odd": (1.0, 2.0, 4.0, None), "gone": (5.0,)}
    rows = [
        {"event_id": f"{item}-{n}", "user_id": f"u-{n}", "item_id": item, "day": day, "rating": rating}
        for item, ratings in stars.items()
        for n, rating in enumerate(ratings)
    ]
    features = [{"as_of": FIRST, "item_id": item, "segment": TAIL, "provider_id": provider}
                for item, provider in (("lamp", "good"), ("odd", "bad"), ("silent", "none"))]  # fmt: skip
    tables = Warehouse(spark, conf.warehouse)
    tables.replace(filled(spark, REVIEW_SENTIMENT, rows), REVIEW_SENTIMENT, where=None)
    tables.replace(filled(spark, ITEM_FEATURES_TABLE, features), ITEM_FEATURES_TABLE, where=None, checked=True)
    section = reviews(Reading(tables, conf, FIRST))
    bars, table = section.blocks
    assert isinstance(bars, Bars)
    assert isinstance(table, Table)
    assert section.lead.startswith("57")
    assert [(bar.label, round(bar.share, 3)) for bar in bars.bars] == [(TAIL, 0.571)]
    assert [row[:3] for row in table.rows] == [("bad", "1", "3"), ("good", "1", "4")]
    earlier = reviews(Reading(tables, conf, FIRST - timedelta(days=1)))
    assert "No review of the 90 days" in earlier.blocks[0].sentences[0]  # type: ignore[union-attr]
