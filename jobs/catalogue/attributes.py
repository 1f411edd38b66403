"""Attributes of the texts that are new since the previous night."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import CATALOGUE_VALUES, TEXT_ATTRIBUTES
from jobs.catalogue.texts import add_found, attribute_map, new_texts
from jobs.execution.night import Night
from jobs.runtime.logs import event
from jobs.tables.warehouse import Warehouse
from model.catalogue.attribute_values import AttributeValues, Value
from model.catalogue.attributes import MOST_READ, attributes_of, described, given

METHOD = 1  # of the attributes: to be raised with every change of what is found in the same texts
GROWTH = 1.5  # values are learnt again once the catalogue has so many times the texts
LEARNT_TEXTS = 50_000  # at most, with attributes of the store: a sample by hash, on the driver
_COLUMNS = ("title", "description", "brand", "attributes")


def add_attributes(night: Night, texts: DataFrame) -> int:
    """Adds the attributes of the texts without a row; all again where values are learnt again. Returns their number.

    texts: the columns of catalogue_texts
    """
    night.tables.prepare(TEXT_ATTRIBUTES)
    method, values = _current_values(night, texts)
    new, is_all = new_texts(night, texts, TEXT_ATTRIBUTES, method)
    shared = night.spark.sparkContext.broadcast(values)

    def of_blocks(blocks: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for block in blocks:
            found = [
                [attribute._asdict() for attribute in attributes_of(text, own, shared.value)]
                for text, own in _read(block)
            ]
            yield pd.DataFrame({"text_hash": block["text_hash"], "method": method, "attributes": found})

    rows = new.select("text_hash", *_COLUMNS).mapInPandas(of_blocks, TEXT_ATTRIBUTES.schema)
    count = add_found(night, rows, TEXT_ATTRIBUTES, is_all)
    shared.destroy()
    night.record.decisions["attributes"] = method
    return count


def _current_values(night: Night, texts: DataFrame) -> tuple[str, AttributeValues]:
    """The method, and the values that texts are searched for. Writes catalogue_values if they are due."""
    stored = night.tables.read_or_empty(CATALOGUE_VALUES)
    last = stored.where(F.col("attribute") == "").first()
    count = texts.count()
    if last is not None and last["method"].startswith(f"{METHOD}.") and count <= GROWTH * last["texts"]:
        return last["method"], stored_values(night.tables)
    method, values = f"{METHOD}.{night.as_of}.{count}", _learnt(night, texts)
    frame = pd.DataFrame([Value("", "", "", False), *values.values()], columns=Value._fields)
    frame = frame.assign(method=method, texts=[count] + [0] * (len(frame) - 1))[CATALOGUE_VALUES.column_names]
    night.tables.replace(night.spark.createDataFrame(frame, CATALOGUE_VALUES.schema), CATALOGUE_VALUES, where=None)
    event("values of attributes learnt", step="enrich_items", as_of=night.as_of, texts=count, values=len(frame) - 1)
    return method, values


def stored_values(tables: Warehouse) -> AttributeValues:
    """Those of catalogue_values."""
    rows = tables.read(CATALOGUE_VALUES).where(F.col("attribute") != "").select(*Value._fields).collect()
    return AttributeValues.of(Value(*row) for row in rows)


def _learnt(night: Night, texts: DataFrame) -> AttributeValues:
    described_by_store = texts.where("brand <> '' OR size(attributes) > 0")
    count = described_by_store.count()
    parts = -(-count // LEARNT_TEXTS)
    if parts > 1:
        drawn = F.pmod(F.xxhash64("text_hash", F.lit(night.conf.seed)), F.lit(parts)) == 0
        described_by_store = described_by_store.where(drawn)
    # Markup may fill half of a description.
    short = described_by_store.withColumn("description", F.substring("description", 1, 2 * MOST_READ))
    rows = short.select("text_hash", *_COLUMNS).orderBy("text_hash").toPandas()
    return AttributeValues.learn(_read(rows))


def _read(rows: pd.DataFrame) -> Iterator[tuple[str, dict[str, str]]]:
    """The text of each row, and what the store says of its item."""
    columns = (rows[name] for name in _COLUMNS)
    for title, description, brand, entries in zip(*columns, strict=True):
        yield described(title, description), given(brand, attribute_map(entries))
