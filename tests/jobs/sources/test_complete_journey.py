"""The panel's mapping on a panel of a few rows."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from jobs.runtime.errors import LongtailError
from jobs.sources.complete_journey import CompleteJourney
from jobs.sources.complete_journey.listing import listings
from jobs.sources.complete_journey.words import in_words, package_size
from tests.jobs.sources.panels import write_panel

BEFORE = date(2017, 12, 1)


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_panel(tmp_path_factory.mktemp("panel"))


def _with_text_time(events: DataFrame) -> DataFrame:
    return events.withColumn("event_time", F.col("event_time").cast("string"))


def test_each_line_is_one_purchase(spark: SparkSession, panel: Path) -> None:
    events = _with_text_time(CompleteJourney(spark, 1.0, panel).events(None, BEFORE))
    rows = {row["event_id"]: row for row in events.where("event_type = 'purchase'").collect()}
    assert len(rows) == 6  # including those without units, of an unknown product, and of a later date
    first = rows["purchase-1-1"]
    assert (first["quantity"], first["price"], first["discount"]) == (2, Decimal("3.0000"), Decimal("0.7500"))
    assert (first["user_id"], first["item_id"], first["store_id"], first["basket_id"]) == ("100", "1", "900", "1")
    assert first["event_time"] == "2017-10-31 10:00:00"  # read as UTC, the session's zone
    assert rows["purchase-1-2"]["quantity"] == 1  # 12,000 hundredths of a gallon
    assert rows["purchase-2-1"]["quantity"] == 0


def test_a_shopper_of_the_store_saw_its_promotions_once(spark: SparkSession, panel: Path) -> None:
    source = CompleteJourney(spark, 1.0, panel)

    def seen(since: date | None) -> set[tuple[str, str, str, str]]:
        rows = _with_text_time(source.events(since, BEFORE)).where("event_type = 'exposure'").collect()
        assert all((row["sample_weight"], row["quantity"], row["price"]) == (1.0, 0, 0) for row in rows)
        return {(row["user_id"], row["item_id"], row["event_time"], row["placement"]) for row in rows}

    # 100 was in 900 twice in week 45: one exposure, at the first visit. 101 was in 901 in week 49, which promoted none.
    assert seen(None) == {("100", "1", "2017-10-31 10:00:00", "display 0, mailer A")}
    # If the first visit of the week was before `since`, the second one is no exposure.
    assert seen(date(2017, 11, 1)) == set()
    assert seen(date(2017, 10, 31)) == seen(None)


def test_a_sampled_exposure_has_the_inverse_share_as_its_weight(spark: SparkSession, tmp_path: Path) -> None:
    promotions = [(product, 900, "1", "0", 45) for product in range(2000)]
    panel = write_panel(tmp_path, promotions=promotions)
    rows = CompleteJourney(spark, 0.25, panel).events(None, BEFORE).where("event_type = 'exposure'").collect()
    assert {row["sample_weight"] for row in rows} == {4.0}
    assert len(rows) == pytest.approx(500, abs=80)  # binomial, sd 19
    assert CompleteJourney(spark, 0.0, panel).events(None, BEFORE).where("event_type = 'exposure'").count() == 0


def test_items_in_words(spark: SparkSession, panel: Path) -> None:
    rows = {row["item_id"]: row for row in CompleteJourney(spark, 1.0, panel).items(BEFORE).collect()}
    assert rows["1"]["title"] == "Ice - Crushed / Cubed, 22 lb"
    assert rows["1"]["category"] == "Grocery > Frozen Ice"
    assert rows["1"]["attributes"] == {"department": "Grocery", "package_size": "22 lb"}
    assert rows["3"]["title"] == "Miscellaneous"  # neither type nor category
    assert (rows["3"]["category"], rows["3"]["product_type"]) == ("Miscellaneous", None)
    assert rows["4"]["title"] == "Soft Drink 2 Liter Bottle Carbonated Including, 2 ltr"
    assert (rows["4"]["brand"], rows["4"]["provider_id"]) == ("National", "14")
    assert not any(row["filtered"] for row in rows.values())


def test_promotions_of_a_week(spark: SparkSession, panel: Path) -> None:
    source = CompleteJourney(spark, 1.0, panel)
    rows = source.promotions(None, BEFORE).where("item_id = '4'").collect()
    assert [(row["store_id"], row["placement"]) for row in rows] == [("900", "display 5, mailer H")]
    assert (rows[0]["valid_from"], rows[0]["valid_to"]) == (date(2017, 11, 27), date(2017, 12, 4))
    assert source.promotions(date(2017, 11, 27), BEFORE).count() == 2
    assert source.promotions(None, BEFORE).count() == 5  # including the later one


def test_users_are_all_households(spark: SparkSession, panel: Path) -> None:
    rows = {row["user_id"]: row for row in CompleteJourney(spark, 1.0, panel).users(BEFORE).collect()}
    assert set(rows) == {"100", "101", "102"}  # 102 has demographics and never bought
    assert rows["100"]["attributes"]["age"] == "65+"
    assert "home_ownership" not in rows["100"]["attributes"]  # not known
    assert rows["101"]["attributes"] == {}


@pytest.mark.parametrize("column", ["household_id", "product_type", "week"])
def test_a_missing_column_is_named(spark: SparkSession, tmp_path: Path, column: str) -> None:
    source = CompleteJourney(spark, 1.0, write_panel(tmp_path, without=column))
    with pytest.raises(LongtailError, match=f"has no column {column}"):
        [source.users(BEFORE), source.items(BEFORE)]


def test_words(spark: SparkSession) -> None:
    texts = ["BREAD:ITALIAN/FRENCH", "  ", None, "FRZN  MISC SEAFOOD"]
    frame = spark.createDataFrame([(text,) for text in texts], "text string")
    assert [row[0] for row in frame.select(in_words(F.col("text"))).collect()] == [
        "Bread Italian / French", None, None, "Frozen Miscellaneous Seafood",
    ]  # fmt: skip
    sizes = spark.createDataFrame([("EX   16 OZ",), (" ",), (None,)], "text string")
    assert [row[0] for row in sizes.select(package_size(F.col("text"))).collect()] == ["ex 16 oz", None, None]


def _listed(spark: SparkSession, sales: list[date], weeks: list[int], before: date) -> list[tuple[date, date]]:
    lines = spark.createDataFrame(
        [(1, datetime(day.year, day.month, day.day, 12)) for day in sales],
        "product_id long, transaction_timestamp timestamp",
    )
    weekly = spark.createDataFrame([(1, week) for week in weeks for _ in range(2)], "product_id long, week long")
    return sorted((row["listed_on"], row["withdrawn_on"]) for row in listings(lines, weekly, before).collect())


def test_listings_are_the_union_of_spans(spark: SparkSession) -> None:
    # 2017-01-02 + 150 d = 2017-06-01; a sale on 05-31 overlaps and prolongs to 10-28, one on 06-01 only touches.
    day = date(2017, 1, 2)
    assert _listed(spark, [day, day], [], BEFORE) == [(day, date(2017, 6, 1))]
    assert _listed(spark, [day, date(2017, 5, 31)], [], BEFORE) == [(day, date(2017, 10, 28))]
    assert _listed(spark, [day, date(2017, 6, 1)], [], BEFORE) == [
        (day, date(2017, 6, 1)),
        (date(2017, 6, 1), date(2017, 10, 29)),
    ]
    # Week 2 begins on 2017-01-02 and lists for 56 days only; the sale's span contains these.
    assert _listed(spark, [], [2], BEFORE) == [(day, date(2017, 2, 27))]
    assert _listed(spark, [day], [2], BEFORE) == [(day, date(2017, 6, 1))]
    assert _listed(spark, [], [], BEFORE) == []


def test_the_listing_at_a_date_follows_from_earlier_events_alone(spark: SparkSession) -> None:
    """At every cut, a rebuild with later events lists the same products as one with earlier events only."""
    sales = [date(2017, 1, 2), date(2017, 6, 1), date(2017, 6, 20), date(2017, 11, 20), date(2017, 12, 1)]
    weeks = [2, 26, 36, 49]
    complete = _listed(spark, sales, weeks, date(2018, 1, 1))
    cuts = {day for sale in sales for day in (sale, date.fromordinal(sale.toordinal() + 1))}
    cuts |= {span[1] for span in complete} | {date(2017, 8, 14), date(2017, 8, 28), date(2017, 10, 23)}
    for cut in sorted(cuts):
        earlier = _listed(spark, sales, weeks, cut)
        # As in a point-in-time join, the last version that began before the cut decides.
        assert _is_listed(complete, cut) == _is_listed(earlier, cut), cut


def _is_listed(spans: list[tuple[date, date]], cut: date) -> bool:
    known = [span for span in spans if span[0] < cut]
    return bool(known) and max(known)[1] > cut
