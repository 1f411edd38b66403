"""Predicted categories and attributes of a small catalogue: tables, features, channels, page, a second night."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from pyspark.sql import Row, SparkSession

from features.aggregates.item_features import item_rows
from features.contract import (
    CATALOGUE_CATEGORIES,
    CATALOGUE_VALUES,
    DAILY_ITEM,
    DAILY_PAIR,
    ITEMS,
    PROMOTIONS,
    TEXT_ATTRIBUTES,
    TEXT_CATEGORIES,
)
from features.declarations import ITEM_FEATURES, ITEM_FEATURES_TABLE
from jobs.catalogue import categories, classifier
from jobs.catalogue.classifier import Classifier, EncoderUsed, reason_to_learn
from jobs.catalogue.reading import enriched_texts
from jobs.config.configuration import Config, load_config
from jobs.enrich_items import enrich_items
from jobs.execution.manifest import run_step
from jobs.execution.night import Night, Record
from jobs.report.night_tables import Reading
from jobs.report.page.parts import Table
from jobs.report.sections.catalogue import catalogue
from jobs.retrieval.date_side import _items
from jobs.runtime.errors import ConfigurationError
from jobs.tables.warehouse import Warehouse
from tests.jobs.small_tables import filled
from tests.model.text.tiny import write_tiny_bert

FIRST, SECOND = date(2024, 3, 1), date(2024, 3, 2)
LISTED, CHANGED = datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 3, 1, 12, tzinfo=UTC)
KINDS = {"Fruit": ("apple", "pear", "plum", "cherry"), "Home > Furniture": ("chair", "table", "desk", "shelf")}
WORDS = ("big", "small", "old", "new", "fine", "plain")
KNOWN: list[dict[str, Any]] = [
    {"item_id": f"{word}-{thing}", "title": f"{word} {thing}", "category": kind, "attributes": {}}
    for kind, things in KINDS.items() for thing in things for word in WORDS
]  # fmt: skip
WITHOUT: list[dict[str, Any]] = [
    {"item_id": "lost-apple", "title": "shiny apple"},
    {"item_id": "lost-desk", "title": "wobbly desk", "category": "  "},
    {"item_id": "empty", "title": "", "description": None},
    {"item_id": "control", "title": "\x00\x01", "description": "\u200b"},
    {"item_id": "emoji", "title": "\U0001f600 \U0001f680"},
    {"item_id": "one", "title": "Tea"},
    {"item_id": "html", "title": "<b>Ripe</b> plum &amp; apple", "description": "<script>x()</script><p>Fruit</p>"},
    {"item_id": "long", "title": "apple pear " * 150, "description": "plum cherry " * 1_600},
    {"item_id": "mixed", "title": "\u7eff\u8336 \u0447\u0430\u0439 tea \u0634\u0627\u064a", "description": "\u8336"},
]  # fmt: skip
WRONG = {"item_id": "wrong", "title": "striped pear", "category": "Home > Furniture"}
SIZED: list[dict[str, Any]] = [
    {"item_id": f"sized-{number}", "title": f"Acme plum {number}00 g", "category": "Fruit", "brand": "ACME"}
    for number in (1, 2)
] + [
    {"item_id": "dyed", "title": "cotton chair, blue", "category": "Home > Furniture", "attributes": {"Color": "navy"}},
    {"item_id": "packed", "title": "Acme cherry, 6 x 330 ml", "category": "Fruit", "attributes": {"Size": "12 oz"}},
]
_ENCODER = "encoder.txt"  # with the path of the encoder, which a copy of the folder shares
EVERYTHING = [*KNOWN, *WITHOUT, WRONG, *SIZED]


def items(spark: SparkSession, rows: list[dict[str, Any]], since: datetime = LISTED) -> Any:
    times = {"valid_from": since, "listed_at": LISTED, "updated_at": since}
    return filled(spark, ITEMS, [times | row for row in rows])


def encoder_of(folder: Path) -> str:
    """The path of the encoder of a folder; any for one without a store."""
    file = folder / _ENCODER
    return file.read_text(encoding="utf-8") if file.exists() else "bert"


def conf_in(folder: Path, **catalogue: Any) -> Config:
    path = folder / f"{len(list(folder.glob('*.yaml')))}.yaml"
    keys = {
        "warehouse": str(folder / "warehouse"), "source": {"kind": "complete_journey"},
        "encoder": {"model": encoder_of(folder), "dtype": "float32", "max_item_tokens": 16},
        "catalogue": {"enrich": True, "categories": True, "attributes": True, **catalogue},
    }  # fmt: skip
    path.write_text(yaml.safe_dump(keys), encoding="utf-8")
    return load_config(path)


def run(spark: SparkSession, conf: Config, as_of: date) -> Record:
    night, _ = run_step(enrich_items, spark, conf, as_of, f"run-{as_of}")
    return night.record


def night_of(spark: SparkSession, conf: Config, as_of: date) -> Night:
    return Night(conf, as_of, "run", spark, Warehouse(spark, conf.warehouse), Record())


def features(night: Night) -> dict[str, Row]:
    """By item the features of its text, as item_features has them, and the store's category."""
    empty = [night.spark.createDataFrame([], table.schema) for table in (DAILY_ITEM, DAILY_PAIR, PROMOTIONS)]
    rows = item_rows(night.tables.read(ITEMS), *empty, [night.as_of], 365, enriched=enriched_texts(night))
    return {row["item_id"]: row for row in rows.collect()}


def stored(spark: SparkSession, conf: Config, table: Any) -> pd.DataFrame:
    return Warehouse(spark, conf.warehouse).read(table).toPandas().set_index(table.key[-1]).sort_index()


def new_folder(spark: SparkSession, folder: Path, rows: list[dict[str, Any]]) -> Path:
    (folder / "bert").mkdir()
    (folder / _ENCODER).write_text(str(write_tiny_bert(folder / "bert")), encoding="utf-8")
    Warehouse(spark, str(folder / "warehouse")).replace(items(spark, rows), ITEMS, where=None)
    return folder


@dataclass(frozen=True)
class Enriched:
    """A folder whose catalogue the night of FIRST has read, and what its step reported."""

    folder: Path
    record: Record


@pytest.fixture(scope="module")
def enriched(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Enriched:
    """Read only."""
    folder = new_folder(spark, tmp_path_factory.mktemp("catalogue"), EVERYTHING)
    return Enriched(folder, run(spark, conf_in(folder), FIRST))


@pytest.fixture
def later(enriched: Enriched, tmp_path: Path) -> Path:
    """A copy of the enriched folder, for more nights."""
    return shutil.copytree(enriched.folder, tmp_path / "copy")


def test_the_first_night_reads_every_text_and_says_why(spark: SparkSession, enriched: Enriched) -> None:
    texts, labelled = len(EVERYTHING), len(KNOWN) + 1 + len(SIZED)
    assert (enriched.record.rows["categories"], enriched.record.rows["attributes"]) == (texts, texts)
    assert enriched.record.decisions["categories"] == f"{classifier.METHOD}.{FIRST}.{labelled}"
    assert enriched.record.decisions["categories learnt"] == "there is none that has read every text"
    conf = conf_in(enriched.folder)
    known = stored(spark, conf, CATALOGUE_CATEGORIES)
    assert known["texts"].to_dict() == {"": labelled, "Fruit": 27, "Home > Furniture": 26}
    assert known.loc["", "bar"] == 2.0
    assert known["bar"].drop("").between(0.6, 1.0).all()


def test_an_item_without_a_category_gets_one_and_keeps_its_column(spark: SparkSession, enriched: Enriched) -> None:
    rows = features(night_of(spark, conf_in(enriched.folder), FIRST))
    found = {name: row["category_predicted"] for name, row in rows.items()}
    assert (found["lost-apple"], found["lost-desk"]) == ("Fruit", "Home > Furniture")
    assert found["html"] == found["long"] == found["big-plum"] == "Fruit"
    assert rows["lost-apple"]["category"] in ("", None)
    assert rows["big-plum"]["category"] == "Fruit"
    assert 0.5 <= rows["lost-apple"]["category_chance"] <= 1.0
    for name in ("empty", "control"):
        assert (found[name], rows[name]["category_chance"]) == (None, 0.0)
    sure = features(night_of(spark, conf_in(enriched.folder, category_bar=1.0), FIRST))
    assert {row["category_predicted"] for row in sure.values()} <= {None, "Fruit", "Home > Furniture"}
    assert sure["one"]["category_predicted"] is None
    assert sure["one"]["category_chance"] == rows["one"]["category_chance"]  # the bar needs no new reading


def test_a_likely_wrong_category_is_listed_with_its_evidence(spark: SparkSession, enriched: Enriched) -> None:
    table = Warehouse(spark, conf_in(enriched.folder).warehouse).read(TEXT_CATEGORIES)
    [wrong] = table.where("category_instead IS NOT NULL").collect()
    assert wrong["category_instead"] == wrong["category_best"] == "Fruit"
    assert wrong["chance_instead"] > 0.6
    assert wrong["chance_own"] < 0.4
    others = table.where("category_instead IS NULL")
    assert others.where("chance_own IS NULL AND chance_instead IS NULL").count() == len(EVERYTHING) - 1
    assert others.where("category_best IS NULL").count() >= 2  # empty, control


def test_attributes_come_from_the_store_then_from_the_text(spark: SparkSession, enriched: Enriched) -> None:
    conf = conf_in(enriched.folder)
    rows = features(night_of(spark, conf, FIRST))

    def found(name: str) -> tuple[Any, ...]:
        return tuple(rows[name][key] for key in ("size", "size_unit", "pack", "colour", "material", "brand_found"))

    assert found("sized-1") == ("100", "g", None, None, None, "ACME")
    assert found("packed") == ("12", "oz", "6", None, None, "ACME")  # the store's own size; the text names the brand
    assert found("dyed") == (None, None, None, "navy", "cotton", None)  # the store's own colour
    assert found("empty") == found("one") == (None,) * 6
    assert rows["packed"]["brand"] is None
    learnt = stored(spark, conf, CATALOGUE_VALUES)
    assert learnt.loc["acme", "value"] == "ACME"
    entries = stored(spark, conf, TEXT_ATTRIBUTES).loc[rows["packed"]["text_hash"], "attributes"]
    assert [tuple(entry.values()) for entry in entries] == [
        ("brand", "ACME", "", "value"), ("pack", "6", "", "pattern"), ("size", "12", "oz", "store"),
    ]  # fmt: skip


def test_a_second_night_reads_what_changed_without_learning(
    spark: SparkSession, later: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conf = conf_in(later)
    before = stored(spark, conf, TEXT_CATEGORIES)
    tables = Warehouse(spark, conf.warehouse)
    added = [{"item_id": "new", "title": "green plum, 5 kg"}, {**KNOWN[0], "title": "big chair", "category": "Fruit"}]
    tables.add(items(spark, added, CHANGED), ITEMS)
    record = run(spark, conf, SECOND)
    assert (record.rows["categories"], record.rows["attributes"]) == (2, 2)
    assert "categories learnt" not in record.decisions
    after = stored(spark, conf, TEXT_CATEGORIES)
    pd.testing.assert_frame_equal(after.loc[before.index], before)
    rows = features(night_of(spark, conf, SECOND))
    assert (rows["new"]["category_predicted"], rows["new"]["size"], rows["new"]["size_unit"]) == ("Fruit", "5", "kg")
    moved = after.loc[rows[KNOWN[0]["item_id"]]["text_hash"]]
    assert moved["category_instead"] == "Home > Furniture"  # of a text that the classifier did not learn

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a night without new texts loads no encoder")

    monkeypatch.setattr(categories, "loaded_encoder", refuse)
    record = run(spark, conf, SECOND)
    assert (record.rows["categories"], record.rows["attributes"]) == (0, 0)


@pytest.mark.slow
def test_a_new_category_or_a_killed_run_is_learnt_again(spark: SparkSession, later: Path) -> None:
    conf = conf_in(later)
    tables = Warehouse(spark, conf.warehouse)
    tea = [{"item_id": f"tea-{word}", "title": f"{word} tea", "category": "Drinks"} for word in WORDS]
    tables.add(items(spark, tea, CHANGED), ITEMS)
    record = run(spark, conf, SECOND)
    assert record.decisions["categories learnt"] == "1 categories are new and 0 are gone"
    assert record.rows["categories"] == len(EVERYTHING) + len(tea)
    assert features(night_of(spark, conf, SECOND))["one"]["category_predicted"] == "Drinks"
    method = record.decisions["categories"]
    assert night_of(spark, conf, SECOND).files.names("catalogue/categories") == [method]
    half = tables.read(TEXT_CATEGORIES).toPandas().assign(method=["of another"] + [method] * (len(EVERYTHING) + 5))
    tables.replace(spark.createDataFrame(half, TEXT_CATEGORIES.schema), TEXT_CATEGORIES, where=None)
    assert run(spark, conf, SECOND).decisions["categories learnt"] == "there is none that has read every text"
    assert set(stored(spark, conf, TEXT_CATEGORIES)["method"]) == {method}


@pytest.mark.parametrize("kinds", [0, pytest.param(1, marks=pytest.mark.slow)])
def test_a_store_without_two_categories_gets_none(spark: SparkSession, tmp_path: Path, kinds: int) -> None:
    rows = [{**row, "category": "Fruit" if kinds else None} for row in KNOWN]
    conf = conf_in(new_folder(spark, tmp_path, rows), attributes=False)
    record = run(spark, conf, FIRST)
    assert record.rows["categories"] == 0
    assert record.decisions["categories"] == f"none: {len(rows) * kinds} texts have one of {kinds} categories"
    assert stored(spark, conf, TEXT_CATEGORIES).empty
    assert {row["category_predicted"] for row in features(night_of(spark, conf, FIRST)).values()} == {None}


@pytest.mark.slow
def test_a_store_that_drops_its_categories_loses_the_predicted_ones(spark: SparkSession, later: Path) -> None:
    conf = conf_in(later)
    tables = Warehouse(spark, conf.warehouse)
    tables.add(items(spark, [{**row, "category": None} for row in EVERYTHING], CHANGED), ITEMS)
    assert run(spark, conf, SECOND).rows["categories"] == 0
    assert stored(spark, conf, TEXT_CATEGORIES).empty


def test_the_page_says_what_was_found(spark: SparkSession, enriched: Enriched, later: Path) -> None:
    conf = conf_in(later)
    fill_features(spark, conf)
    section = catalogue(Reading(Warehouse(spark, conf.warehouse), conf, FIRST))
    predicted, wrong, attributes = section.blocks[2:]
    assert isinstance(predicted, Table)
    assert isinstance(wrong, Table)
    assert isinstance(attributes, Table)
    assert {"shiny apple", "wobbly desk"} <= {row[0] for row in predicted.rows}
    assert predicted.note.startswith(f"Of {len(WITHOUT)} products without a category ")
    assert [row[:3] for row in wrong.rows] == [("striped pear", "Home > Furniture", "Fruit")]
    assert wrong.note.startswith("Products in all: 1.")
    named = {row[0]: row[1:3] for row in attributes.rows}
    assert named["brand"] == ("2", "1")
    assert named["size"] == ("1", "2")
    assert named["colour"] == ("1", "0")
    assert section.sources >= {"text_categories", "text_attributes"}


def test_channels_take_a_predicted_category_where_there_is_none(spark: SparkSession, later: Path) -> None:
    conf = conf_in(later)
    fill_features(spark, conf)
    taken = conf_in(later, categories_in_channels=True)
    own, filled_in = (
        _items(night_of(spark, one, FIRST), FIRST).set_index("item_id")["category"] for one in (conf, taken)
    )
    assert (own["lost-apple"], filled_in["lost-apple"]) == ("", "Fruit")
    assert own["wrong"] == filled_in["wrong"] == "Home > Furniture"
    assert filled_in["empty"] == ""


def fill_features(spark: SparkSession, conf: Config) -> None:
    """item_features of FIRST with what the texts say."""
    night = night_of(spark, conf, FIRST)
    defaults = {feature.name: feature.default for feature in ITEM_FEATURES}
    names = [
        "item_id", "text_hash", "title", "category", "variant_group", "category_predicted", "category_chance",
    ]  # fmt: skip
    rows = [
        {name: row[name] if row[name] is not None else defaults.get(name) for name in names}
        | {"as_of": FIRST, "is_eligible": True}
        for row in features(night).values()
    ]
    night.tables.replace(filled(spark, ITEM_FEATURES_TABLE, rows), ITEM_FEATURES_TABLE, where=None)


def test_a_part_needs_what_it_reads(tmp_path: Path) -> None:
    for key, switches in {
        "enrich": {"enrich": False, "attributes": False},
        "categories": {"categories": False, "categories_in_channels": True},
    }.items():
        with pytest.raises(ConfigurationError, match=rf"needs catalogue\.{key}; set it to true"):
            conf_in(tmp_path, **switches)


USED = EncoderUsed("bert", 32, "float32", "2024-01-01")
BEFORE = Classifier(f"{classifier.METHOD}.2024-01-01.90", USED, {"a": 60, "b": 26, "c": 4}, {})


@pytest.mark.parametrize(
    ("texts", "later", "reason"),
    [
        ({"a": 60, "b": 30}, 30, None),  # c had fewer than 5 texts; 30 of 90 are a third
        ({"a": 60, "b": 30}, 31, "31 of 90 texts with a category are new"),
        ({"a": 60, "b": 30, "d": 4}, 0, None),
        ({"a": 60, "b": 30, "d": 5}, 0, "1 categories are new and 0 are gone"),
        ({"a": 90}, 0, "0 categories are new and 1 are gone"),
    ],
)
def test_when_a_classifier_is_learnt_again(texts: dict[str, int], later: int, reason: str | None) -> None:
    assert reason_to_learn(BEFORE, texts, later, "bert", 32) == reason


def test_a_classifier_of_another_method_or_encoder_is_learnt_again() -> None:
    texts = {"a": 60, "b": 26}
    assert reason_to_learn(None, texts, 0, "bert", 32) == "there is none that has read every text"
    assert reason_to_learn(BEFORE, texts, 0, "other", 32) == "the encoder has changed"
    assert reason_to_learn(BEFORE, texts, 0, "bert", 64) == "the encoder has changed"
    old = Classifier("0.2024-01-01.90", USED, BEFORE.texts, {})
    assert reason_to_learn(old, texts, 0, "bert", 32) == "its method has changed"


def test_the_sample_holds_some_texts_of_every_category(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(categories, "MOST_LEARNT", 100)
    names = ["big"] * 990 + ["small"] * 7 + ["tiny"] * 3
    hashes = [f"{number:04}" for number in np.random.default_rng(1).permutation(1000)]
    frame = spark.createDataFrame(pd.DataFrame({"text_hash": hashes, "category": names}))
    rows = categories._sample(frame, 1000, 17).toPandas()
    counts = rows["category"].value_counts()
    assert 60 <= counts["big"] <= 140
    assert (counts["small"] >= 5, counts["tiny"]) == (True, 3)
