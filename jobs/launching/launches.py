"""Recently listed items: their texts, attributes and other wordings, and what they lack compared with look-alikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from features.contract import CATALOGUE_VALUES, ITEMS
from features.declarations import ITEM_FEATURES_TABLE
from features.point_in_time import versions_at
from features.texts import with_item_text
from jobs.catalogue.attributes import stored_values
from jobs.execution.night import Night
from jobs.runtime.errors import LongtailError
from model.catalogue.attribute_values import AttributeValues
from model.catalogue.attributes import attributes_of, described, given
from model.launch.gaps import Gap, missing_attributes, missing_keywords
from model.launch.look_alikes import look_alikes
from model.launch.wordings import Product, Wording, wordings

MOST_KEYWORDS = 10  # that a text lacks
_SALES = "purchases_count_90d"
_COLUMNS = ("item_id", "title", "category", "keywords", "text_hash", "is_eligible", "days_since_listed", _SALES)


@dataclass(frozen=True)
class Launch:
    """A recently listed item. wordings: the current one first; look_alikes: items, the nearest text first

    look_alike_texts: title and description of each
    """

    item_id: str
    product: Product
    days: float  # since it was listed
    wordings: tuple[Wording, ...]
    look_alikes: tuple[str, ...]
    look_alike_texts: tuple[str, ...]
    missing_attributes: tuple[Gap, ...]
    missing_keywords: tuple[Gap, ...]


def read_catalogue(night: Night) -> pd.DataFrame:
    """_COLUMNS of the items of the night, in the order of their ids."""
    items = night.tables.read_date(ITEM_FEATURES_TABLE, night.as_of).select(*_COLUMNS).toPandas()
    return items.sort_values("item_id", ignore_index=True)


def launched(night: Night, catalogue: pd.DataFrame, named: Sequence[str], most: int) -> list[str]:
    """The named items, or without any the `most` newest that may be shown, listed in the last launch.days.

    Raises LongtailError for an id that the night does not know, and where no item was listed recently.
    """
    if unknown := sorted(set(named) - set(catalogue["item_id"])):
        raise LongtailError(
            f"The night of {night.as_of} has no item {', '.join(unknown[:5])}.", "Look the id up in the table items."
        )
    if named:
        return list(dict.fromkeys(named))
    days = catalogue["days_since_listed"]
    recent = catalogue[catalogue["is_eligible"].astype(bool) & (days <= night.conf.launch.days)]
    if recent.empty:
        raise LongtailError(
            f"No item that may be shown was listed in the {night.conf.launch.days} days before {night.as_of}.",
            "Raise launch.days, or name items by --item.",
        )
    return recent.sort_values(["days_since_listed", "item_id"])["item_id"].head(most).tolist()


def read_launches(
    night: Night, catalogue: pd.DataFrame, chosen: Sequence[str], vectors: np.ndarray, row: np.ndarray
) -> list[Launch]:
    """The launches in the order of `chosen`.

    vectors: [t, d] unit vectors of texts; row: [n] the text of each item of the catalogue
    """
    places = pd.Index(catalogue["item_id"]).get_indexer(pd.Index(chosen))
    names, code = np.unique(catalogue["category"].fillna("").to_numpy(dtype=str), return_inverse=True)
    sales, most = catalogue[_SALES].to_numpy(dtype=np.float64), night.conf.launch.look_alikes
    alike = [
        look_alikes(vectors[row[place]], vectors, row, str(names[code[place]]), (names, code), sales, most)
        for place in places
    ]
    ids = catalogue["item_id"].to_numpy()
    read = _products(night, catalogue, sorted({*ids[places], *ids[np.concatenate(alike)]}))
    return [
        _launch(night, read, str(ids[place]), float(catalogue["days_since_listed"][place]), ids[others].tolist())
        for place, others in zip(places, alike, strict=True)
    ]


def wording_texts(night: Night, launches: Sequence[Launch]) -> dict[tuple[str, str], str]:
    """By item and name of a wording what the encoder reads of the item with it, without the current ones."""
    rows = [
        (launch.item_id, wording.name, wording.title, wording.description or None)
        for launch in launches
        for wording in launch.wordings[1:]
    ]
    worded = night.spark.createDataFrame(rows, "item_id string, wording string, title string, description string")
    others = _versions(night, [launch.item_id for launch in launches]).drop("title", "description")
    texts = with_item_text(worded.join(F.broadcast(others), on="item_id", how="inner"))
    return {(row["item_id"], row["wording"]): row["text"] for row in texts.collect()}


def _launch(night: Night, read: dict[str, Product], item: str, days: float, others: list[str]) -> Launch:
    product, alike = read[item], [read[other] for other in others]
    named = [{attribute.attribute for attribute in other.attributes} for other in alike]
    return Launch(
        item_id=item,
        product=product,
        days=days,
        wordings=tuple(wordings(product, night.conf.report.language)),
        look_alikes=tuple(others),
        look_alike_texts=tuple(f"{other.title} . {other.description}" for other in alike),
        missing_attributes=tuple(missing_attributes({one.attribute for one in product.attributes}, named)),
        missing_keywords=tuple(
            missing_keywords(f"{product.title} . {product.description}", [o.keywords for o in alike], MOST_KEYWORDS)
        ),
    )


def _products(night: Night, catalogue: pd.DataFrame, ids: list[str]) -> dict[str, Product]:
    """By id what the store says of an item, with the attributes that its texts name.

    The values that texts are searched for are those of catalogue_values, or else those of these items.
    """
    rows = [row.asDict() for row in _versions(night, ids).collect()]
    keywords = dict(zip(catalogue["item_id"], catalogue["keywords"], strict=True))
    store = {row["item_id"]: given(row["brand"] or "", _texts(row["attributes"])) for row in rows}
    said = {row["item_id"]: described(row["title"], row["description"] or "") for row in rows}
    if night.conf.catalogue.attributes and night.tables.exists(CATALOGUE_VALUES):
        values = stored_values(night.tables)
    else:
        values = AttributeValues.learn((said[item], store[item]) for item in sorted(store))
    return {
        row["item_id"]: Product(
            row["title"] or "",
            row["description"] or "",
            row["category"] or "",
            attributes_of(said[row["item_id"]], store[row["item_id"]], values),
            list(keywords[row["item_id"]]),
            store[row["item_id"]],
        )
        for row in rows
    }


def _versions(night: Night, ids: list[str]) -> DataFrame:
    """item_id, title, description, category, brand, attributes of the items as of the night."""
    columns = ["item_id", "valid_from", "title", "description", "category", "brand", "attributes"]
    named = night.spark.createDataFrame([(item,) for item in ids], "item_id string")
    items = night.tables.read(ITEMS).select(*columns).join(F.broadcast(named), on="item_id", how="left_semi")
    return versions_at(items, [night.as_of], "item_id").select(*(name for name in columns if name != "valid_from"))


def _texts(attributes: dict[str, str | None] | None) -> dict[str, str]:
    return {key: value or "" for key, value in (attributes or {}).items()}
