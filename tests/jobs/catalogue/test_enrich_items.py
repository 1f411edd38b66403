"""enrich_items on a small catalogue: what a night adds, what a second one costs, what features and page make of it."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from pyspark.sql import SparkSession

from features.aggregates.item_features import item_rows
from features.contract import (
    CATALOGUE_TERMS,
    DAILY_ITEM,
    DAILY_PAIR,
    ITEMS,
    PROMOTIONS,
    RUNS,
    TEXT_KEYWORDS,
    TEXT_VARIANTS,
)
from features.declarations import ITEM_FEATURES_TABLE
from jobs.catalogue import terms, variants
from jobs.catalogue.reading import enriched_texts
from jobs.catalogue.texts import catalogue_texts
from jobs.config.configuration import Config, load_config
from jobs.enrich_items import enrich_items
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.report.night_tables import Reading
from jobs.report.page.parts import Bars, Table
from jobs.report.sections.catalogue import catalogue
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.tables.warehouse import Warehouse
from model.catalogue.keywords import keywords
from model.catalogue.plain_text import plain_text
from model.catalogue.term_weights import term_weights
from tests.jobs.small_tables import filled

FIRST, SECOND = date(2024, 3, 1), date(2024, 3, 2)
LISTED, CHANGED = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, 12, tzinfo=UTC)
CATALOGUE: list[dict[str, Any]] = [
    {
        "item_id": f"{kind}-{word}", "title": f"Organic {word} {kind}", "description": f"Our {kind} of {word}.",
        "brand": "Acme",
    }
    for kind, words in (("herbal tea", ("mint", "lemon", "ginger")), ("hand soap", ("lavender", "lemon", "coconut")))
    for word in words
]  # fmt: skip
BAD: list[dict[str, Any]] = [
    {"item_id": "empty", "title": "", "description": None},
    {"item_id": "control", "title": "\x00\x01", "description": "\u200b"},
    {"item_id": "emoji", "title": "\U0001f600 \U0001f680"},
    {"item_id": "one", "title": "Tea"},
    {"item_id": "html", "title": "<b>Herbal</b> tea &amp; soap", "description": "<script>x()</script><p>Tea</p>"},
    {"item_id": "long", "title": "herbal tea " * 150, "description": "mint lemon " * 900},
    {"item_id": "mixed", "title": "\u7eff\u8336 \u0447\u0430\u0439 tea \u0634\u0627\u064a", "description": "\u8336"},
]  # fmt: skip


def items(spark: SparkSession, rows: list[dict[str, Any]], since: datetime = LISTED) -> Any:
    times = {"valid_from": since, "listed_at": LISTED, "updated_at": since}
    return filled(spark, ITEMS, [times | row for row in rows])


def conf_in(folder: Path, enrich: bool = True, **plan: Any) -> Config:
    path = folder / f"{len(list(folder.glob('*.yaml')))}.yaml"
    keys = {
        "warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"},
        "catalogue": {"enrich": enrich}, "plan": plan,
    }  # fmt: skip
    path.write_text(yaml.safe_dump(keys), encoding="utf-8")
    return load_config(path)


def run(spark: SparkSession, conf: Config, as_of: date) -> dict[str, int]:
    night, _ = run_step(enrich_items, spark, conf, as_of, f"run-{as_of}")
    return night.record.rows


def stored(spark: SparkSession, conf: Config, table: Any) -> pd.DataFrame:
    return Warehouse(spark, conf.warehouse).read(table).toPandas().set_index(table.key[-1]).sort_index()


def groups(spark: SparkSession, conf: Config, as_of: date) -> dict[str, str]:
    """The variant group of each item at a date."""
    night = night_of(spark, conf, as_of)
    rows = described(night).select("item_id", "variant_group").toPandas()
    return dict(zip(rows["item_id"], rows["variant_group"], strict=True))


def night_of(spark: SparkSession, conf: Config, as_of: date) -> Night:
    return Night(conf, as_of, "run", spark, Warehouse(spark, conf.warehouse), Record())


def described(night: Night) -> Any:
    empty = [night.spark.createDataFrame([], table.schema) for table in (DAILY_ITEM, DAILY_PAIR, PROMOTIONS)]
    return item_rows(night.tables.read(ITEMS), *empty, [night.as_of], 365, enriched=enriched_texts(night))


@pytest.fixture(scope="module")
def folder(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalogue")
    Warehouse(spark, str(folder / "warehouse")).replace(items(spark, [*CATALOGUE, *BAD]), ITEMS, where=None)
    return folder


@dataclass(frozen=True)
class Enriched:
    """A folder whose catalogue the night of FIRST has enriched, and the rows that its step reported."""

    folder: Path
    rows: dict[str, int]


@pytest.fixture(scope="module")
def enriched(spark: SparkSession, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Enriched:
    """Read only."""
    copy = shutil.copytree(folder, tmp_path_factory.mktemp("enriched") / "copy")
    return Enriched(copy, run(spark, conf_in(copy), FIRST))


@pytest.fixture
def later(enriched: Enriched, tmp_path: Path) -> Path:
    """A copy of the enriched folder, for more nights."""
    return shutil.copytree(enriched.folder, tmp_path / "copy")


def test_a_night_without_it_reads_and_writes_nothing(spark: SparkSession, folder: Path) -> None:
    conf = conf_in(folder, enrich=False)
    assert run(spark, conf, FIRST) == {}
    tables = Warehouse(spark, conf.warehouse)
    row = tables.read(RUNS).where("step = 'enrich_items'").first()
    assert row is not None
    assert (row["status"], row["inputs"], row["outputs"]) == ("skipped", {}, {})
    assert not tables.exists(TEXT_KEYWORDS)
    words = described(night_of(spark, conf, FIRST)).where("item_id = 'herbal tea-mint'").first()
    assert (words["keywords"], words["variant_group"]) == (["organic", "mint", "herbal", "tea"], None)


def test_features_without_the_step_are_refused(spark: SparkSession, folder: Path) -> None:
    with pytest.raises(LongtailError, match="text_keywords does not exist"):
        enriched_texts(night_of(spark, conf_in(folder), FIRST))


def test_the_first_night_reads_every_text_and_equals_the_computation_in_memory(
    spark: SparkSession, enriched: Enriched
) -> None:
    conf = conf_in(enriched.folder)
    texts = len(CATALOGUE) + len(BAD)
    assert enriched.rows == {"keywords": texts, "variants": texts, "texts": texts}
    known = catalogue_texts(night_of(spark, conf, FIRST)).toPandas()
    in_memory = term_weights(
        plain_text(f"{title} . {text}") for title, text in zip(known["title"], known["description"], strict=True)
    )
    weights = stored(spark, conf, CATALOGUE_TERMS)["weight"].drop("")
    assert weights.to_dict() == pytest.approx(in_memory, abs=2e-6)
    of_text = stored(spark, conf, TEXT_KEYWORDS)
    for row in known.itertuples():
        expected = keywords(
            plain_text(row.title), plain_text(row.description), weights.to_dict(), conf.catalogue.keywords
        )
        assert of_text.loc[row.text_hash, "keywords"].tolist() == [keyword.phrase for keyword in expected]
    wordless = known.loc[~known["title"].str.contains(r"\w\w"), "text_hash"]
    assert len(wordless) == 3  # empty, control, emoji
    assert of_text.loc[wordless, "keywords"].map(len).sum() == 0


def test_variants_of_a_title_are_one_group_and_others_are_not(spark: SparkSession, enriched: Enriched) -> None:
    conf = conf_in(enriched.folder)
    of_item = groups(spark, conf, FIRST)
    assert of_item["herbal tea-mint"] == of_item["herbal tea-lemon"] == of_item["herbal tea-ginger"]
    assert of_item["hand soap-coconut"] == of_item["hand soap-lemon"] != of_item["herbal tea-lemon"]
    alone = {of_item[name] for name in ("empty", "control", "emoji", "one", "html", "long", "mixed")}
    assert len(alone) == 7
    assert not alone & {of_item["herbal tea-mint"], of_item["hand soap-coconut"]}
    row = described(night_of(spark, conf, FIRST)).where("item_id = 'herbal tea-mint'").first()
    assert row["keywords"] != ["organic", "mint", "herbal", "tea"]
    assert set(" ".join(row["keywords"]).split()) >= {"herbal", "tea"}


def test_groups_are_the_same_however_the_texts_are_divided(spark: SparkSession, later: Path) -> None:
    night = night_of(spark, conf_in(later), FIRST)
    before = stored(spark, night.conf, TEXT_VARIANTS)
    for parts in (1, 7):
        Warehouse(spark, night.conf.warehouse).replace(
            spark.createDataFrame([], TEXT_VARIANTS.schema), TEXT_VARIANTS, where=None
        )
        variants.add_variants(night, catalogue_texts(night).repartition(parts))
        pd.testing.assert_frame_equal(stored(spark, night.conf, TEXT_VARIANTS), before)


def test_a_second_night_reads_what_changed(spark: SparkSession, later: Path) -> None:
    conf = conf_in(later)
    before, terms_before = groups(spark, conf, FIRST), stored(spark, conf, CATALOGUE_TERMS)
    assert run(spark, conf, FIRST)["keywords"] == 0
    changed = {**CATALOGUE[0], "title": "Organic Mint Hand Soap 12 oz", "description": None}
    new = {"item_id": "new", "title": "Organic vanilla herbal tea, 20 ct", "brand": "Acme"}
    tables = Warehouse(spark, conf.warehouse)
    tables.add(items(spark, [changed, new], CHANGED), ITEMS)
    rows = run(spark, conf, SECOND)
    assert (rows["keywords"], rows["variants"]) == (2, 2)
    after = groups(spark, conf, SECOND)
    assert after["herbal tea-mint"] == before["hand soap-coconut"]
    assert after["new"] == before["herbal tea-lemon"]
    assert {name: group for name, group in after.items() if name not in ("new", "herbal tea-mint")} == {
        name: group for name, group in before.items() if name != "herbal tea-mint"
    }
    assert groups(spark, conf, FIRST) == before  # the past is as it was
    pd.testing.assert_frame_equal(stored(spark, conf, CATALOGUE_TERMS), terms_before)


def test_a_changed_method_reads_all_texts_again(
    spark: SparkSession, later: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = conf_in(later)
    monkeypatch.setattr(variants, "METHOD", "next")
    rows = run(spark, conf, SECOND)
    assert (rows["keywords"], rows["variants"]) == (0, rows["texts"])
    monkeypatch.setattr(terms, "METHOD", terms.METHOD + 1)
    rows = run(spark, conf, SECOND)
    assert (rows["keywords"], rows["variants"]) == (rows["texts"], 0)
    assert set(stored(spark, conf, TEXT_KEYWORDS)["method"]) == {f"{terms.METHOD}.{SECOND}.{rows['texts']}"}


def test_words_are_counted_again_when_the_catalogue_has_grown(
    spark: SparkSession, enriched: Enriched, later: Path
) -> None:
    conf = conf_in(later)
    assert set(stored(spark, conf, CATALOGUE_TERMS)["method"]) == {f"{terms.METHOD}.{FIRST}.{enriched.rows['texts']}"}
    more = [
        {"item_id": f"more-{number}", "title": f"Beeswax candle {word}"} for number, word in enumerate("abcdefghijkl")
    ]
    Warehouse(spark, conf.warehouse).add(items(spark, more, CHANGED), ITEMS)
    rows = run(spark, conf, SECOND)
    assert rows["keywords"] == rows["texts"]
    assert set(stored(spark, conf, CATALOGUE_TERMS)["method"]) == {f"{terms.METHOD}.{SECOND}.{rows['texts']}"}


def test_a_plan_may_name_the_group_where_it_is_known(tmp_path: Path) -> None:
    rule = {"list_rules": {"variants": {"each": "variant_group", "most": 1}}}
    assert conf_in(tmp_path, **rule).plan.list_rules["variants"].column_name == "variant_group"
    with pytest.raises(ConfigurationError, match=r"names variant_group, which needs catalogue\.enrich"):
        conf_in(tmp_path, enrich=False, **rule)


def test_the_page_says_what_the_catalogue_lacks(spark: SparkSession, later: Path) -> None:
    conf = conf_in(later)
    night = night_of(spark, conf, FIRST)
    texts = described(night).select("item_id", "text_hash", "title", "variant_group").toPandas()
    rows = [{"as_of": FIRST, "is_eligible": row["item_id"] != "one", **row} for row in texts.to_dict("records")]
    night.tables.replace(filled(spark, ITEM_FEATURES_TABLE, rows), ITEM_FEATURES_TABLE, where=None)
    section = catalogue(Reading(night.tables, conf, FIRST))
    bars, table = section.blocks
    assert isinstance(bars, Bars)
    assert isinstance(table, Table)
    counts = {bar.label: bar.text for bar in bars.bars}
    assert counts["no price"] == counts["no picture"] == counts["no category"] == "12 of 12"
    assert counts["no brand"] == "6 of 12"
    assert counts["no description"] == "2 of 12"  # empty, emoji
    assert counts["a title of one word or none"] == "2 of 12"  # empty, control
    assert [row[1:] for row in table.rows] == [("3", "3"), ("3", "3")]
    assert "6 products are in 2 groups" in table.note
    assert section.lead == "83.3 % of 12 products have a description."
