"""Keywords of the texts that are new since the previous night."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from pyspark.sql import DataFrame

from features.contract import TEXT_KEYWORDS
from jobs.catalogue.terms import current_terms
from jobs.catalogue.texts import add_found, new_texts
from jobs.execution.night import Night
from model.catalogue.keywords import keywords
from model.catalogue.plain_text import plain_text


def add_keywords(night: Night, texts: DataFrame) -> int:
    """Adds the keywords of the texts without any; all again where the words were counted again. Returns their number.

    texts: the columns of catalogue_texts
    """
    night.tables.prepare(TEXT_KEYWORDS)
    method, terms = current_terms(night, texts)
    new, is_all = new_texts(night, texts, TEXT_KEYWORDS, method)
    shared, most = night.spark.sparkContext.broadcast(terms), night.conf.catalogue.keywords

    def of_blocks(blocks: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for block in blocks:
            by_text = [
                keywords(plain_text(title), plain_text(description), shared.value, most)
                for title, description in zip(block["title"], block["description"], strict=True)
            ]
            yield pd.DataFrame(
                {
                    "text_hash": block["text_hash"],
                    "method": method,
                    "keywords": [[keyword.phrase for keyword in of_text] for of_text in by_text],
                    "weights": [[keyword.weight for keyword in of_text] for of_text in by_text],
                }
            )

    rows = new.select("text_hash", "title", "description").mapInPandas(of_blocks, TEXT_KEYWORDS.schema)
    count = add_found(night, rows, TEXT_KEYWORDS, is_all)
    shared.destroy()
    night.record.decisions["keywords"] = method
    return count
