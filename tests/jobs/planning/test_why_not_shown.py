"""What a person is shown of a plan: a product, a shopper, and why a product is in no list."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from features.contract import EXPOSURE_SCORES, ITEM_EXPOSURE
from jobs.execution.night import Night
from jobs.report.cause import Cause
from jobs.report.why_not import PLANNED, causes, why_not_planned, why_not_shown
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
    words = why_not_planned(planned, item) if item in ("banned", "wine") else why_not_shown(planned, item)
    assert re.search(why, words), words


def test_a_shopper_and_a_product_are_shown_with_their_reasons(planned: Night) -> None:
    words = item_in_words(planned, "pinned")
    assert re.search(
        r"Pinned \(pinned\), Home, segment tail.*\n.*; pushed by a floor, .*\nin \d+ lists\n +\d+ .*pinned by Ann",
        words,
    )
    assert "Not in the plan: it is banned by Ben" in item_in_words(planned, "banned")
    assert "in 0 lists\nNot shown to any shopper: it is a candidate for 24 shoppers" in item_in_words(planned, "jam")
    assert "Relevant to many shoppers" in shopper_in_words(planned, OPTED_OUT[0])
    assert "shopper u00 recently bought: Tea" in shopper_in_words(planned, "u00")
    with pytest.raises(LongtailError, match="No product nothing was known"):
        item_in_words(planned, "nothing")
    with pytest.raises(LongtailError, match="No shopper unknown was known"):
        shopper_in_words(planned, "unknown")


def test_why_not_goes_by_the_value_of_an_item_and_by_personal_lists(planned: Night) -> None:
    """wines is worth 1.1 times its relevance (margin 0.1); the shoppers without consent have no list of their own."""
    lists = planned.tables.read_date(EXPOSURE_SCORES, NIGHT).where("policy = 'main'").toPandas()
    wines = planned.tables.read_date(ITEM_EXPOSURE, NIGHT).where("policy = 'main' AND item_id = 'wines'")
    ends = lists[~lists["user_id"].isin(OPTED_OUT)].groupby("user_id")["score"].min()
    value = pd.Series({user: 0.01 + 0.001 * n for n, user in enumerate(USERS)}) * 1.1
    gaps = (ends - value).dropna() - wines.toPandas()["boost"].iloc[0]
    [row] = causes(planned.tables, planned.conf, NIGHT, wines.select(*PLANNED)).collect()
    assert row.cause == Cause.OUTRANKED
    assert (row.user_id, row.gap) == (gaps.idxmin(), pytest.approx(gaps.min()))
