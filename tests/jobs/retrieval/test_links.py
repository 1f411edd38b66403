"""Links on Spark's tables."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from features.contract import DAILY_VISITOR, EVENTS, IMAGE_EMBEDDINGS, ITEMS, RUNS
from jobs.config.configuration import load_config
from jobs.execution.night import Night, Record
from jobs.images.vectors import DIMENSION, VERSION
from jobs.retrieval.links import with_links
from jobs.sources.missing_inputs import without_silent
from jobs.tables.warehouse import Warehouse
from model.retrieval.channel import Channel
from model.retrieval.channels import ALL_CHANNELS, silent_channels
from model.retrieval.links import HistoryLinks, cosines
from model.retrieval.sequences import LinkScores
from tests.jobs.small_tables import filled
from tests.model.retrieval.small_store import catalogue, shoppers
from tests.spark_session import ROOT

NIGHT = date(2024, 5, 2)
VIEWED = Channel(
    "viewed_together", "Shoppers who viewed both.", "taste",
    LinkScores(HistoryLinks("view_cosines", cosines, event_type="click"), "decayed"), ("clicks",),
)  # fmt: skip
ROWS = [
    ("ann", "rye-c", "click", 1), ("ann", "rye-d", "click", 1),
    ("ann", "tea-b", "click", 2),  # on the date itself
    ("bob", "tea-a", "purchase", 1), ("bob", "tea-b", "purchase", 1),  # bought and not viewed
    ("zoe", "milk-b", "click", 1), ("zoe", "odd", "click", 1),  # not among the sampled shoppers
]  # fmt: skip


@pytest.mark.parametrize("has_account", [True, False])
def test_a_channel_of_views_is_one_declaration(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_account: bool
) -> None:
    """The views are those of a sampled shopper, or of a visitor without an account."""
    monkeypatch.setitem(ALL_CHANNELS, VIEWED.name, VIEWED)
    conf = load_config(ROOT / "conf/local.yaml", [f"warehouse={tmp_path}"])
    night = Night(conf, NIGHT, "run", spark, Warehouse(spark, conf.warehouse), Record())
    rows = [
        {"event_id": str(n), "user_id": user if has_account or user != "ann" else None, "visitor_id": user,
         "item_id": item, "event_type": event_type,
         "event_time": datetime(2024, 5, day, 9, tzinfo=UTC), "event_date": date(2024, 5, day),
         "ingested_at": datetime(2024, 5, day, 9, tzinfo=UTC), "sample_weight": 1.0}
        for n, (user, item, event_type, day) in enumerate(ROWS)
    ]  # fmt: skip
    night.tables.add(filled(spark, EVENTS, rows), EVENTS)
    if not has_account:
        night.tables.prepare(DAILY_VISITOR)
    known = catalogue()
    item_rows = spark.createDataFrame(pd.DataFrame({"item_id": known.item_ids, "item_row": np.arange(6)}))

    links = with_links(night, NIGHT, known, shoppers(), item_rows, np.array([]), (VIEWED.name,)).links

    expected = np.zeros((6, 4))
    expected[3, 2] = expected[4, 1] = 1.0  # from rye-c to rye-d and back; columns are tea-b, rye-c, rye-d, odd
    assert list(links) == ["view_cosines"]
    np.testing.assert_allclose(links["view_cosines"].toarray(), expected, rtol=1e-6)
    assert silent_channels((VIEWED.name,), {"clicks"}) == (VIEWED.name,)


@pytest.mark.parametrize("embeds", [True, False])
def test_pictures_link_items_where_the_night_embeds_them(spark: SparkSession, tmp_path: Path, embeds: bool) -> None:
    """tea-a looks like rye-c; tea-b has no vector, rye-d only one of another address and one of another model."""
    conf = load_config(ROOT / "conf/local.yaml", [f"warehouse={tmp_path}", f"images.embed={str(embeds).lower()}"])
    night = Night(conf, NIGHT, "run", spark, Warehouse(spark, conf.warehouse), Record())
    listed = datetime(2024, 1, 1, tzinfo=UTC)
    times = {"valid_from": listed, "listed_at": listed, "updated_at": listed}
    items = [{"item_id": item, "image_uri": f"{item}.jpg"} | times for item in ("tea-a", "tea-b", "rye-c", "rye-d")]
    pictures = [
        ("tea-a", "m1", "tea-a.jpg", [0.6, 0.8]), ("rye-c", "m1", "rye-c.jpg", [0.8, 0.6]),
        ("tea-b", "m1", "tea-b.jpg", None), ("rye-d", "m1", "old.jpg", [1.0, 0.0]),
        ("rye-d", "m2", "rye-d.jpg", [1.0, 0.0]), ("none", "m1", "none.jpg", [1.0, 0.0]),
    ]  # fmt: skip
    rows = [
        {"item_id": item, "model_version": version, "image_uri": uri, "embedding": vector,
         "mask_reason": None if vector else "broken"}
        for item, version, uri, vector in pictures
    ]  # fmt: skip
    ran = {"step": "embed_images", "as_of": NIGHT, "status": "done", "decisions": {VERSION: "m1", DIMENSION: "2"}}
    for table, content in ((ITEMS, items), (IMAGE_EMBEDDINGS, rows), (RUNS, [ran])):
        night.tables.replace(filled(spark, table, content), table, None)
    night.tables.prepare(EVENTS)
    known = catalogue()
    item_rows = spark.createDataFrame(pd.DataFrame({"item_id": known.item_ids, "item_row": np.arange(6)}))
    links = with_links(night, NIGHT, known, shoppers(), item_rows, np.array([]), ("pictures",)).links["pictures"]
    expected = np.zeros((6, 4))
    if embeds:
        expected[0, 1] = 0.96  # from tea-a to rye-c, in column 1; tea-a is not eligible
    np.testing.assert_allclose(links.toarray(), expected, rtol=1e-6)
    names = ("als", "pictures", "pictures_mean", "pictures_viewed")
    assert without_silent(night, names) == (names if embeds else names[:1])
