"""What a person is shown of a plan: a product, a shopper, and why a product is in no list."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from features.contract import CANDIDATES, EXPOSURE_SCORES, ITEM_EXPOSURE
from jobs.execution.night import Night
from jobs.report.night_tables import Reading
from jobs.report.sections.starving import _why
from jobs.report.why_not import why_not_planned, why_not_shown
from jobs.runtime.errors import LongtailError
from jobs.show import item_in_words, shopper_in_words
from tests.jobs.planning.small_store import NIGHT, OPTED_OUT, USERS


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ("banned", "it is banned by Ben"),
        ("wine", "its category is under Alcohol, which is never shown"),
        ("jam", "its cap is 0: nothing is left of its stock"),
        ("wines", "the nearest list ends with .* at a score of .* above its own"),
    ],
)
def test_why_an_item_is_not_shown(planned: Night, item: str, why: str) -> None:
    told = why_not_planned(planned, item) if item in ("banned", "wine") else why_not_shown(planned, item)
    assert re.search(why, told), told


def test_a_shopper_and_a_product_are_shown_with_their_reasons(planned: Night) -> None:
    told = item_in_words(planned, "pinned")
    assert re.search(
        r"Pinned \(pinned\), Home, segment tail.*\n.*binding: floor\nin \d+ lists\n +\d+ .*pinned by Ann", told
    )
    assert "Not in the plan: it is banned by Ben" in item_in_words(planned, "banned")
    assert "in 0 lists\nNot shown to anyone: it is a candidate for 24 shoppers" in item_in_words(planned, "jam")
    assert "Relevant to many shoppers" in shopper_in_words(planned, OPTED_OUT[0])
    assert "shopper u00 lately bought: Tea" in shopper_in_words(planned, "u00")
    with pytest.raises(LongtailError, match="No product nothing was known"):
        item_in_words(planned, "nothing")
    with pytest.raises(LongtailError, match="No shopper nobody was known"):
        shopper_in_words(planned, "nobody")


def test_why_not_goes_by_the_value_of_an_item_and_by_personal_lists(spark: SparkSession, planned: Night) -> None:
    """wines is worth 1.1 times its relevance (margin 0.1); the shoppers without consent have no list of their own."""
    lists = planned.tables.read_date(EXPOSURE_SCORES, NIGHT).where("policy = 'main'").toPandas()
    given = planned.tables.read_date(ITEM_EXPOSURE, NIGHT).where("policy = 'main' AND item_id = 'wines'").toPandas()
    ends = lists[~lists["user_id"].isin(OPTED_OUT)].groupby("user_id")["score"].min()
    own = pd.Series({user: 0.01 + 0.001 * n for n, user in enumerate(USERS)}) * 1.1 + given["boost"].iloc[0]
    gap = (ends - own).dropna().min()
    assert f"{gap:.5f} above its own" in why_not_shown(planned, "wines")
    planned.tables.replace(spark.createDataFrame([], CANDIDATES.schema), CANDIDATES, None)
    reading = Reading(planned.tables, planned.conf, NIGHT)
    short = _why(reading).where("item_id = 'wines'").first()
    assert short is not None
    assert short["short"] == pytest.approx(gap)
