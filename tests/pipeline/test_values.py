"""A store in which much is clicked and never bought: a night by relevance.values, and its chances against the truth."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from features.contract import EXPOSURE_SCORES, METRICS, RELEVANCE, RUNS
from jobs.config.configuration import Config, load_config
from jobs.execution.night import Night, Record
from jobs.plan_exposure import plan_exposure
from jobs.registry.active_models import model_store, training_is_due
from jobs.report.page.numbers import percent
from jobs.report.summary import night_summary
from jobs.score import score
from jobs.show import chance_in_words
from model.bundle import Bundle
from tests.pipeline.csv_store import NIGHT, products, run_night, time_of, write_files

pytestmark = pytest.mark.slow
DAYS, HORIZON, SHOPPERS, ITEMS, LINES_A_DAY = 70, 14, 60, 120, 60


def lines_of(days: int, first: int, seed: int) -> pd.DataFrame:
    """line, customer, sku, at, kind: of each five products one after the other, odd numbers are bought and even ones
    clicked; from day `first` of the log on."""
    random, start = np.random.default_rng(seed), NIGHT - timedelta(days=DAYS)
    lines = []
    for line in range(first * LINES_A_DAY, (first + days) * LINES_A_DAY):
        shopper = int(random.integers(SHOPPERS))
        kind = shopper % 5 if random.random() < 0.7 else int(random.integers(5))
        place = min(int(random.exponential(5.0)), ITEMS // 10 - 1)
        is_click = random.random() < 0.7
        item = kind + 5 * (2 * place + (0 if is_click else 1))
        event = "click" if is_click else "purchase"
        lines.append((line, f"C{shopper:02}", f"N-{item:02}", time_of(line, start, LINES_A_DAY), event))
    return pd.DataFrame(lines, columns=["line", "customer", "sku", "at", "event"])


def write_store(folder: Path) -> Config:
    first = NIGHT - timedelta(days=DAYS)
    keys = {
        "candidates": {"per_user": 60, "least_cold": 4}, "summary": {"shoppers": 1},
        "relevance": {"horizon_days": HORIZON, "values": {"purchase": 1, "click": 1}},
        "segments": {"window_days": 28, "head_share": 0.3},
    }  # fmt: skip
    return write_files(
        folder, products(ITEMS, first), lines_of(DAYS, 0, seed=5),
        {"product_type": "kind", "category": "kind"}, {"event_type": "event"}, keys,
    )  # fmt: skip


def is_clicked() -> Column:
    return F.pmod(F.floor(F.substring("item_id", 3, 9).cast("int") / 5), F.lit(2)) == 0


def clicked_share(lists: DataFrame) -> float:
    """The share of the places of the lists that products have which are clicked and never bought."""
    row = lists.agg(F.avg(is_clicked().cast("double")).alias("share")).first()
    assert row is not None
    return float(row["share"])


def require_each_chance_explained(night: Night, pair: Row) -> None:
    words = chance_in_words(night, pair["user_id"], pair["item_id"])
    assert "(purchase) + 1 x " in words.splitlines()[0]
    for response in ("purchase", "click"):
        chance = percent(pair["chances"][response])
        assert f"a chance of {chance} of a {response} within 14 days\n" in words
        assert f"  total: a chance of {chance}" in words


def require_reports_of_each(run: Path) -> None:
    assert {"importance.csv", "click_importance.csv", "click_attention.svg"} <= {path.name for path in run.iterdir()}
    card = (run / "model_card.md").read_text(encoding="utf-8")
    assert "The chance of a click within 14 days" in card
    assert "- click responses: " in card


def test_a_night_by_values_of_responses(spark: SparkSession, tmp_path: Path) -> None:
    conf = write_store(tmp_path / "store")
    tables = run_night(spark, conf, NIGHT, "values")
    runs = {row["step"]: row for row in tables.read(RUNS).collect()}
    assert {name: run["status"] for name, run in runs.items() if run["status"] not in ("done", "skipped")} == {}

    night = Night(conf, NIGHT, "read", spark, tables, Record())
    champion = model_store(night).champion(NIGHT)
    assert champion is not None
    bundle = Bundle.load(champion.folder)
    assert (bundle.description.target, set(bundle.further)) == ("a purchase within 14 days", {"click"})
    assert any(name.startswith("click_gate_recall") for name in runs["train_relevance"]["decisions"])

    pairs = tables.read_date(RELEVANCE, NIGHT).persist()
    assert pairs.where("chances['purchase'] <> relevance OR chances['click'] IS NULL").isEmpty()
    assert pairs.where("chances['click'] < 0 OR chances['click'] > 1").isEmpty()
    coming = spark.createDataFrame(lines_of(HORIZON, DAYS, seed=6)[["customer", "sku", "event"]].drop_duplicates())
    for event in ("purchase", "click"):
        happened = coming.where(F.col("event") == event).toDF("user_id", "item_id", "event")
        true = pairs.join(happened, on=["user_id", "item_id"], how="left_semi").count()
        expected = pairs.agg(F.sum(F.col("chances")[event])).collect()[0][0]
        assert 0.6 < expected / true < 1.6, (event, expected, true)

    lists = tables.read_date(EXPOSURE_SCORES, NIGHT)
    listed = lists.join(pairs.select("user_id", "item_id", "chances"), on=["user_id", "item_id"], how="inner")
    total = F.col("chances")["purchase"] + F.col("chances")["click"]
    assert not listed.isEmpty()
    assert listed.where(F.abs(F.col("value") - total) > 1e-9).isEmpty()
    pair = listed.orderBy("user_id", "item_id").first()
    assert pair is not None
    require_each_chance_explained(night, pair)
    require_reports_of_each(champion.folder.parent)
    said = night_summary(spark, conf, NIGHT, {})
    assert "Value of a place: the chances of responses within 14 days, times purchase 1, click 1." in said
    assert "Mean chance: of a purchase within 14 days" in said
    assert not tables.read_date(METRICS, NIGHT).isEmpty()
    by_values = clicked_share(lists)

    # The same champion, planned by the target alone, then by a response that it does not predict yet.
    alone = load_config(tmp_path / "store" / "conf.yaml", ["relevance.values=null"])
    again = Night(alone, NIGHT, "alone", spark, tables, Record())
    score(again)
    assert tables.read_date(RELEVANCE, NIGHT).where("chances IS NOT NULL").isEmpty()
    plan_exposure(again)
    assert by_values > clicked_share(tables.read_date(EXPOSURE_SCORES, NIGHT))

    more = load_config(tmp_path / "store" / "conf.yaml", ["relevance.values={purchase: 1, click: 1, cart: 1}"])
    later = Night(more, NIGHT, "more", spark, tables, Record())
    score(later)
    assert later.record.decisions["values"] == "the champion predicts no cart yet"
    retry = NIGHT + timedelta(days=more.gate.retry_days)
    for configuration, is_due in ((conf, False), (more, True)):
        coming_night = Night(configuration, retry, "due", spark, tables, Record())
        assert training_is_due(coming_night, model_store(coming_night)) == (is_due or champion.is_reference)
