"""read_reviews on a small store: what a night learns, what a second one costs, what features make of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from pyspark.sql import DataFrame, SparkSession

from features.aggregates.item_features import item_features, item_rows
from features.contract import (
    DAILY_ITEM,
    DAILY_PAIR,
    DEMAND_FORECAST,
    EVENTS,
    ITEMS,
    PROMOTIONS,
    REVIEW_SENTIMENT,
    REVIEW_TERMS,
    RUNS,
)
from jobs.config.configuration import Config, load_config
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.read_reviews import read_reviews
from jobs.reviews.learning import current_sentiment
from jobs.reviews.reading import judged_reviews, with_bad_reviews, words_of_bad_reviews
from jobs.reviews.rows import store_reviews
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.tables.erasure import WITH_SHOPPERS
from jobs.tables.warehouse import Warehouse
from model.reviews.sentiment import learn
from tests.jobs.small_tables import filled

FIRST, SECOND = date(2024, 3, 1), date(2024, 3, 2)
GOOD, BAD = ("very good", "works well", "love it", "很好"), ("broken", "awful smell", "arrived late", "太差了")
THINGS = ("box", "lamp", "颜色", "shirt", "phone")
ODD = {
    "empty": "", "control": "\x00\x01\u200b", "one": "broken", "emoji": "\U0001f600",
    "html": "<p>awful&nbsp;smell</p><script>x()</script>", "long": "love it " * 1250 + "works well " * 5,
    "mixed": "太差了 \u0447\u0430\u0439 broken \u0634\u0627\u064a", "repeats": "awful smell " * 1000,
}  # fmt: skip


def review(number: int | str, text: str | None, rating: float | None, day: date, **columns: Any) -> dict[str, Any]:
    moment = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
    return {
        "event_id": f"r-{number}", "user_id": f"u-{number}", "item_id": "lamp", "event_type": "review",
        "event_time": moment, "event_date": day, "ingested_at": moment, "sample_weight": 1.0, "text": text,
        "rating": rating,
    } | columns  # fmt: skip


def rated(number: int, day: date = FIRST - timedelta(days=1)) -> list[dict[str, Any]]:
    """As many reviews, every third with one star and bad words, others with five and good words."""
    return [
        review(n, f"the {THINGS[n % 5]} {(BAD if n % 3 == 0 else GOOD)[n % 4]} {n}", 1.0 if n % 3 == 0 else 5.0, day)
        for n in range(number)
    ]


def odd(day: date = FIRST - timedelta(days=1)) -> list[dict[str, Any]]:
    rows = [review(name, text, None, day, item_id="odd") for name, text in ODD.items()]
    return [*rows, review("stars", None, 2.0, day, item_id="odd"), review("neither", None, None, day, item_id="odd")]


def conf_in(folder: Path, *, read: bool = True, low_rating: float | None = 2.0, **reviews: Any) -> Config:
    path = folder / f"{len(list(folder.glob('*.yaml')))}.yaml"
    keys = {
        "warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"},
        "features": {"low_rating": low_rating}, "reviews": {"read": read, **reviews},
    }  # fmt: skip
    path.write_text(yaml.safe_dump(keys), encoding="utf-8")
    return load_config(path)


def store(spark: SparkSession, conf: Config, rows: Sequence[dict[str, Any]]) -> None:
    Warehouse(spark, conf.warehouse).replace(filled(spark, EVENTS, rows), EVENTS, where=None)


def run(spark: SparkSession, conf: Config, as_of: date = FIRST) -> dict[str, int]:
    night, _ = run_step(read_reviews, spark, conf, as_of, f"run-{as_of}")
    return night.record.rows


def night_of(spark: SparkSession, conf: Config, as_of: date = FIRST) -> Night:
    return Night(conf, as_of, "run", spark, Warehouse(spark, conf.warehouse), Record())


def stored(spark: SparkSession, conf: Config) -> pd.DataFrame:
    rows = Warehouse(spark, conf.warehouse).read(REVIEW_SENTIMENT).toPandas()
    return rows.set_index(rows["event_id"].str.removeprefix("r-")).sort_index()


def judged(night: Night) -> DataFrame | None:
    return judged_reviews(night.tables, night.conf)


def features(spark: SparkSession, reviews: DataFrame | None, *dates: date) -> pd.DataFrame:
    since = datetime(2024, 1, 1, tzinfo=UTC)
    ids = ("lamp", "odd", "silent")
    items = filled(spark, ITEMS, [{"item_id": i, "valid_from": since, "listed_at": since} for i in ids])
    empty = [spark.createDataFrame([], table.schema) for table in (DAILY_ITEM, DAILY_PAIR, PROMOTIONS)]
    forecasts = spark.createDataFrame([], DEMAND_FORECAST.schema)
    rows = item_features(item_rows(items, *empty, dates, 365, reviews=reviews), forecasts, 0.8)
    columns = ("item_id", "as_of", "reviews_count_90d", "bad_reviews_share_90d", "bad_reviews_trend_28d")
    return rows.select(*columns).toPandas().set_index(["item_id", "as_of"])


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose reviews the night of FIRST has read. Read only."""
    folder = tmp_path_factory.mktemp("reviews")
    conf = conf_in(folder)
    store(spark, conf, [*rated(150), *odd()])
    rows = run(spark, conf)
    texts = {"rated_texts": 150 + len(ODD) - 1, "bad_texts": 50, "good_texts": 100}
    assert rows == texts | {"reviews": 151 + len(ODD), "alerts": 0}
    return folder


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(folder, tmp_path / "copy")


def test_a_night_without_it_reads_and_writes_nothing(spark: SparkSession, tmp_path: Path) -> None:
    conf = conf_in(tmp_path, read=False)
    assert run(spark, conf) == {}
    tables = Warehouse(spark, conf.warehouse)
    row = tables.read(RUNS).where("step = 'read_reviews'").first()
    assert row is not None
    assert (row["status"], row["inputs"], row["outputs"]) == ("skipped", {}, {})
    assert not tables.exists(REVIEW_SENTIMENT)
    assert judged(night_of(spark, conf)) is None
    assert words_of_bad_reviews(night_of(spark, conf)) == ""


def test_features_without_the_step_are_refused(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(LongtailError, match="review_sentiment does not exist"):
        judged(night_of(spark, conf_in(tmp_path)))


def test_the_chances_equal_those_in_memory(spark: SparkSession, folder: Path) -> None:
    conf = conf_in(folder)
    rows, reviews = stored(spark, conf), pd.DataFrame([*rated(150), *odd()])
    terms = Warehouse(spark, conf.warehouse).read(REVIEW_TERMS).toPandas()
    assert set(terms["method"]) == set(rows["method"]) == {f"1.2-4.{FIRST}.{150 + len(ODD) - 1}"}
    by_text = reviews[reviews["rating"].notna() & reviews["text"].notna()]
    known = learn(by_text["text"].tolist(), (by_text["rating"] <= 2).to_numpy())
    with_texts = rows.join(reviews.set_index(reviews["event_id"].str.removeprefix("r-"))["text"])
    alone = np.nan_to_num(known.chance(with_texts["text"].tolist()), nan=-1.0)
    # The reviews without a rating teach as well, and the order of the texts is another.
    assert np.abs(alone - with_texts["negative"].fillna(-1.0)).max() < 0.25
    assert (with_texts["negative"] > 0.5)[with_texts["rating"] == 1.0].all()
    assert (with_texts["negative"] < 0.5)[with_texts["rating"] == 5.0].all()


def test_odd_texts_are_read_or_have_no_chance(spark: SparkSession, folder: Path) -> None:
    negative = stored(spark, conf_in(folder))["negative"]
    assert negative[["empty", "control", "emoji", "stars"]].isna().all()
    assert (negative[["one", "html", "mixed", "repeats"]] > 0.5).all()
    assert negative["long"] < 0.5
    assert "neither" not in negative.index


def test_a_second_night_reads_what_is_new_or_corrected_and_drops_what_is_gone(spark: SparkSession, copy: Path) -> None:
    conf = conf_in(copy)
    before = stored(spark, conf)
    corrected = review(0, "works well", 5.0, FIRST - timedelta(days=1))
    new = review("new", "awful smell", None, FIRST)
    store(spark, conf, [corrected, *rated(150)[2:], *odd(), new])
    assert run(spark, conf, SECOND)["reviews"] == 2
    after = stored(spark, conf)
    assert set(before.index) - set(after.index) == {"1"}
    assert set(after.index) - set(before.index) == {"new"}
    assert before["negative"]["0"] > 0.5 > after["negative"]["0"]
    assert after["negative"]["new"] > 0.5
    assert set(after["method"]) == set(before["method"])
    # Half as many again, or another limit of a good rating: all are read by a new sentiment.
    store(spark, conf, [*rated(300), new])
    assert run(spark, conf, SECOND)["reviews"] == 301
    assert set(stored(spark, conf)["method"]) == {f"1.2-4.{SECOND}.301"}
    other = night_of(spark, conf_in(copy, good_from=5), SECOND)
    assert current_sentiment(other, store_reviews(other))[0] == f"1.2-5.{SECOND}.301"


def test_one_class_of_ratings_teaches_nothing_and_still_counts(
    spark: SparkSession, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    conf = conf_in(tmp_path)
    store(spark, conf, [row | {"rating": 1.0} for row in rated(60)])
    assert run(spark, conf)["reviews"] == 60
    assert "no sentiment is learnt from reviews" in caplog.text
    night = night_of(spark, conf)
    rows = judged(night)
    assert rows is not None
    assert rows.where("negative IS NULL AND is_bad").count() == 60
    assert words_of_bad_reviews(night).endswith("none")


def test_features_count_the_newest_review_of_a_shopper_before_the_date(spark: SparkSession, tmp_path: Path) -> None:
    conf = conf_in(tmp_path)
    day = FIRST - timedelta(days=1)
    changed = [review(n, None, rating, FIRST - timedelta(days=n), user_id="same")
               for n, rating in ((1, 1.0), (2, 5.0), (3, 5.0))]  # fmt: skip
    visitor = review("v", None, 5.0, FIRST - timedelta(days=40), user_id=None, visitor_id="same")
    other = [review(f"o{n}", None, 5.0, day, item_id="odd") for n in range(6)]
    old, late = review("old", None, 1.0, FIRST - timedelta(days=91)), review("late", None, 1.0, FIRST)
    store(spark, conf, [*changed, visitor, *other, old, late])
    run(spark, conf)
    rows = features(spark, judged(night_of(spark, conf)), FIRST, day)
    overall = 1 / 8
    assert rows.loc[("lamp", FIRST)].tolist() == pytest.approx([2, (1 + 20 * overall) / 22, 2.0])
    assert rows.loc[("odd", FIRST)].tolist() == pytest.approx([6, 20 * overall / 26, 1.0])
    assert rows.loc[("silent", FIRST)].tolist() == pytest.approx([0, overall, 1.0])
    assert rows.loc[("lamp", day), "reviews_count_90d"] == 3  # the old one is of these 90 days
    assert rows.loc[("lamp", day), "bad_reviews_share_90d"] == pytest.approx((1 + 20 / 3) / 23)


def test_a_negative_text_without_a_rating_is_a_low_rating(spark: SparkSession, folder: Path) -> None:
    night = night_of(spark, conf_in(folder, negative_from=0.5))
    typed = with_bad_reviews(night, night.tables.read(EVENTS)).where("item_id = 'odd'").toPandas()
    low = set(typed.loc[typed["event_type"] == "low_rating", "event_id"].str.removeprefix("r-"))
    assert low == {"one", "html", "mixed", "repeats", "stars"}
    method = set(stored(spark, night.conf)["method"]).pop()
    assert words_of_bad_reviews(night) == f"texts from 0.5 by {method}"


def test_a_forgotten_shopper_leaves_the_table() -> None:
    assert REVIEW_SENTIMENT in WITH_SHOPPERS


def test_what_is_bad_has_to_be_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"needs the largest rating of a bad review; set features\.low_rating"):
        conf_in(tmp_path, low_rating=None)
    with pytest.raises(
        ConfigurationError, match=r"reviews\.good_from is 2, which has to be above features\.low_rating"
    ):
        conf_in(tmp_path, good_from=2)
    conf_in(tmp_path, read=False, low_rating=None)
