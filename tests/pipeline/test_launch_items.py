"""Suggestions for new items, by the model of a night."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pyspark.sql import functions as F

from features.contract import LAUNCH_SUGGESTIONS, RELEVANCE
from features.declarations import ITEM_FEATURES_TABLE, USER_FEATURES_TABLE
from jobs.execution.night import Night, Record
from jobs.launch_items import Rows, launch_items
from jobs.launching.audiences import pairs_of, sample_of
from jobs.launching.launches import launched, read_catalogue
from jobs.registry.active_models import model_store
from jobs.relevance.item_side import read_item_side
from jobs.relevance.wordings import chances_of_wordings, texts_of
from jobs.report.launch_in_words import launch_in_words
from jobs.retrieval.date_side import channel_settings
from jobs.runtime.errors import LongtailError
from model.bundle import Bundle
from model.launch.wordings import CURRENT
from tests.pipeline.small_night import AS_OF, Store


@pytest.fixture(scope="module")
def night(store: Store) -> Iterator[Night]:
    night = Night(store.conf, AS_OF, "launch", store.spark, store.tables, Record())
    yield night
    shutil.rmtree(Path(store.conf.warehouse) / LAUNCH_SUGGESTIONS.name, ignore_errors=True)


@pytest.fixture(scope="module")
def items(night: Night) -> list[str]:
    """Two items with the most candidate shoppers, and one without any."""
    scored = night.tables.read_date(RELEVANCE, AS_OF).groupBy("item_id").count().orderBy(F.desc("count"), "item_id")
    known = night.tables.read_date(ITEM_FEATURES_TABLE, AS_OF).select("item_id").join(scored, "item_id", "left_anti")
    return [row["item_id"] for row in [*scored.limit(2).collect(), *known.orderBy("item_id").limit(1).collect()]]


@pytest.fixture(scope="module")
def suggested(night: Night, items: list[str]) -> tuple[list[Rows], dict[str, str]]:
    return launch_items(night, items, most=1)


def test_the_current_wording_has_the_chance_that_score_wrote(
    night: Night, items: list[str], suggested: tuple[list[Rows], dict[str, str]]
) -> None:
    first, _, unwanted = suggested[0]
    consenting = night.tables.read_date(USER_FEATURES_TABLE, AS_OF).where("consent_personalisation").select("user_id")
    scored = night.tables.read_date(RELEVANCE, AS_OF).where(F.col("item_id") == items[0])
    written = scored.join(consenting, on="user_id", how="left_semi").select("relevance").toPandas()["relevance"]
    assert first[0]["wording"] == CURRENT
    assert first[0]["chance"] == pytest.approx(written.mean(), rel=1e-6)
    assert first[0]["sampled_count"] == first[0]["audience_count"] == len(written)
    assert first[0]["audience_responses"] == pytest.approx(written.sum())
    assert len(first) > 1
    assert all(row["chance_low"] <= row["chance"] <= row["chance_high"] for row in first)
    assert {row["wording"]: row["chance"] for row in unwanted}[CURRENT] is None
    stored = night.tables.read_date(LAUNCH_SUGGESTIONS, AS_OF)
    assert stored.count() == sum(map(len, suggested[0]))
    assert stored.select("item_id").distinct().count() == 3
    assert all(launch_in_words(rows, suggested[1], night.conf) for rows in suggested[0])


def test_an_equal_text_has_an_equal_chance_and_another_text_another(night: Night, items: list[str]) -> None:
    champion = model_store(night).champion(AS_OF)
    assert champion is not None
    scorer, catalogue = Bundle.load(champion.folder).scorer, read_catalogue(night)
    side = read_item_side(night, AS_OF, champion.encoder_version, scorer.ranker.inputs)
    texts = texts_of(side, catalogue["text_hash"].to_numpy(dtype=str), 0)
    pairs = sample_of(night, pairs_of(night, items[:1], champion.version))
    place = catalogue["item_id"].tolist().index(items[0])
    own = texts.vectors[texts.row[place]]
    vectors = {items[0]: np.stack([own, -own])}
    chances = chances_of_wordings(
        night, champion, scorer, side, texts, pairs, vectors, channel_settings(night.conf)
    )[items[0]]  # fmt: skip
    np.testing.assert_allclose(chances[:, 1], chances[:, 0], rtol=1e-6)
    assert (np.abs(chances[:, 2] - chances[:, 0]) > 1e-9).any()
    with pytest.raises(LongtailError, match=r"scored .* and now version 99 is the champion"):
        pairs_of(night, items, "99")


def test_the_newest_items_that_may_be_shown_are_launches(night: Night) -> None:
    catalogue = read_catalogue(night)
    catalogue["days_since_listed"], catalogue["is_eligible"] = 100.0, True
    catalogue.loc[:2, "days_since_listed"] = [3.0, 1.0, 2.0]
    catalogue.loc[1, "is_eligible"] = False
    ids = catalogue["item_id"].tolist()
    assert launched(night, catalogue, [], most=5) == [ids[2], ids[0]]
    assert launched(night, catalogue, [], most=1) == [ids[2]]
    assert launched(night, catalogue, [ids[9], ids[1]], most=1) == [ids[9], ids[1]]
    with pytest.raises(LongtailError, match="has no item nothing"):
        launched(night, catalogue, ["nothing"], most=1)
    catalogue["days_since_listed"] = 100.0
    with pytest.raises(LongtailError, match="No item that may be shown was listed in the 28 days"):
        launched(night, catalogue, [], most=1)
