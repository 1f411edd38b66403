"""Variant groups of the texts that are new since the previous night."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import TEXT_VARIANTS
from jobs.catalogue.texts import attribute_map, new_texts, write_found
from jobs.execution.night import Night
from model.catalogue.plain_text import plain_text
from model.catalogue.variants import Text, block_of, description_words, grouped

METHOD = "1"  # to be raised with every change of which texts form a group
_IN_BLOCKS = "text_hash string, block string, words array<string>, variant_group string"


def add_variants(night: Night, texts: DataFrame) -> int:
    """Adds the variant group of the texts without one; all again after a change of METHOD. Returns their number.

    Only texts of one block are compared, and of them only with the leaders of groups.

    texts: the columns of catalogue_texts
    """
    night.tables.prepare(TEXT_VARIANTS)
    new, is_all = new_texts(night, texts, TEXT_VARIANTS, METHOD)
    blocks = _in_blocks(new.withColumn("variant_group", F.lit(""))).persist()
    count = blocks.count()
    in_order = blocks
    if count and not is_all:
        stored = night.tables.read(TEXT_VARIANTS)
        leaders = texts.join(_leaders(stored, blocks, texts), on="text_hash", how="inner")
        in_order = blocks.unionByName(_in_blocks(leaders))
    rows = (
        in_order.repartition("block")
        .sortWithinPartitions("block", F.col("variant_group") == "", "text_hash")
        .mapInPandas(partial(_grouped, METHOD), TEXT_VARIANTS.schema)
    )
    write_found(night, rows, TEXT_VARIANTS, count, is_all)
    blocks.unpersist()
    return count


def _leaders(stored: DataFrame, blocks: DataFrame, texts: DataFrame) -> DataFrame:
    """variant_group, text_hash: the first text of each group in these blocks, or another one if that is gone."""
    known = (
        stored.where("block <> ''")
        .join(blocks.select("block").distinct(), on="block", how="left_semi")
        .join(texts.select("text_hash"), on="text_hash", how="left_semi")
    )
    follows = ~F.startswith("text_hash", F.col("variant_group"))
    first = F.min(F.struct(follows.alias("follows"), "text_hash")).alias("first")
    return known.groupBy("variant_group").agg(first).select("variant_group", "first.text_hash")


def _in_blocks(texts: DataFrame) -> DataFrame:
    columns = ("text_hash", "title", "description", "brand", "category", "attributes", "variant_group")
    return texts.select(*columns).mapInPandas(_blocks, _IN_BLOCKS)


def _blocks(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    for frame in frames:
        titles, same = frame["title"].map(plain_text), zip(frame["brand"], frame["category"], strict=True)
        yield pd.DataFrame(
            {
                "text_hash": frame["text_hash"],
                "block": [
                    block_of(title, attribute_map(entries), *values)
                    for title, entries, values in zip(titles, frame["attributes"], same, strict=True)
                ],
                "words": [description_words(plain_text(text)) for text in frame["description"]],
                "variant_group": frame["variant_group"],
            }
        )


def _grouped(method: str, frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    rows = list[tuple[str, str, str, str]]()
    for text in grouped(_texts(frames)):
        rows.append((text.text_hash, method, text.block, text.group))
        if len(rows) == 10_000:
            yield pd.DataFrame(rows, columns=TEXT_VARIANTS.column_names)
            rows = []
    yield pd.DataFrame(rows, columns=TEXT_VARIANTS.column_names)


def _texts(frames: Iterator[pd.DataFrame]) -> Iterator[Text]:
    for frame in frames:
        columns = (frame[name] for name in ("block", "text_hash", "variant_group", "words"))
        for block, text_hash, group, words in zip(*columns, strict=True):
            yield Text(block, text_hash, group, frozenset(words))
