"""Alerts on a surge of bad reviews."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

from pyspark.sql import SparkSession

from jobs.reviews.surges import surges
from tests.jobs.reviews.test_read_reviews import FIRST, conf_in, night_of, rated, review, run, store


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
