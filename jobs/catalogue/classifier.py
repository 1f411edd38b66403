"""The classifier of categories: what it was trained on, when it is retrained, and its files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pyspark.sql import functions as F

from features.contract import CATALOGUE_CATEGORIES, TEXT_CATEGORIES
from jobs.execution.night import Night
from model.catalogue.categories import CategoryModel

METHOD = 1  # of the categories: to be raised with every change of what is predicted from the same texts
NEW_SHARE = 1 / 3  # of the texts with a category; learnt again once so many of them came later
LEAST_OF_CATEGORY = 5  # texts of a category that is worth learning again for
MOST_CATEGORIES = 10_000  # those of most texts; others are not predicted
FOLDER, _MODEL, _DESCRIPTION = "catalogue/categories", "model.npz", "description.json"
_ALL = ""  # the category of the row of all texts


@dataclass(frozen=True)
class EncoderUsed:
    """The encoder that a classifier reads texts with, as it was pretrained."""

    source: str
    max_item_tokens: int
    dtype: str
    as_of: str


@dataclass(frozen=True)
class Classifier:
    """A classifier whose files are in the warehouse.

    texts, bars: number of texts and bar of each category that the store had; see catalogue_categories
    """

    method: str
    encoder: EncoderUsed
    texts: Mapping[str, int]
    bars: Mapping[str, float]


def stored_classifier(night: Night) -> Classifier | None:
    """The classifier that texts were last read with; None without one, or where its files are missing."""
    rows = night.tables.read_or_empty(CATALOGUE_CATEGORIES).toPandas()
    if rows.empty:
        return None
    method = str(rows["method"].iloc[0])
    description = night.files.read(f"{FOLDER}/{method}/{_DESCRIPTION}")
    if description is None:
        return None
    rows = rows[rows["category"] != _ALL]
    return Classifier(
        method,
        EncoderUsed(**json.loads(description)),
        dict(zip(rows["category"], rows["texts"].astype(int), strict=True)),
        dict(zip(rows["category"], rows["bar"].astype(float), strict=True)),
    )


def reason_to_learn(
    known: Classifier | None, texts: Mapping[str, int], later: int, source: str, max_item_tokens: int
) -> str | None:
    """Why the classifier has to be learnt, None if it has not.

    texts: by category the number of current texts; later: how many of them came after the classifier
    source, max_item_tokens: of the encoder in the configuration
    """
    if known is None:
        return "there is none that has read every text"
    if not known.method.startswith(f"{METHOD}."):
        return "its method has changed"
    if (known.encoder.source, known.encoder.max_item_tokens) != (source, max_item_tokens):
        return "the encoder has changed"
    if len(texts) < MOST_CATEGORIES:  # else those of fewest texts change every night
        added = {name for name, count in texts.items() if count >= LEAST_OF_CATEGORY} - known.texts.keys()
        removed = {name for name, count in known.texts.items() if count >= LEAST_OF_CATEGORY} - texts.keys()
        if added or removed:
            return f"{len(added)} categories are new and {len(removed)} are gone"
    count = sum(texts.values())
    if later > NEW_SHARE * count:
        return f"{later} of {count} texts with a category are new"
    return None


def is_incomplete(night: Night, method: str) -> bool:
    """Whether text_categories has rows of another method, as after a run that was killed."""
    return night.tables.has(TEXT_CATEGORIES, f"method <> '{method}'")


def keep_model(night: Night, method: str, model: CategoryModel, encoder: EncoderUsed) -> None:
    """Writes the files of a classifier; the description is the last of them."""
    folder = night.scratch / "categories" / method
    folder.mkdir(parents=True, exist_ok=True)
    model.save(folder / _MODEL)
    night.files.upload(folder / _MODEL, f"{FOLDER}/{method}/{_MODEL}")
    night.files.write(f"{FOLDER}/{method}/{_DESCRIPTION}", json.dumps(encoder.__dict__, indent=2))


def keep_classifier(night: Night, classifier: Classifier) -> None:
    """Makes a classifier, whose files are written, the stored one, and deletes the files of others."""
    rows = [(classifier.method, _ALL, sum(classifier.texts.values()), 2.0)]
    rows += [(classifier.method, name, count, classifier.bars[name]) for name, count in classifier.texts.items()]
    frame = pd.DataFrame(rows, columns=CATALOGUE_CATEGORIES.column_names)
    night.tables.replace(
        night.spark.createDataFrame(frame, CATALOGUE_CATEGORIES.schema), CATALOGUE_CATEGORIES, where=None
    )
    for name in night.files.names(FOLDER):
        if name != classifier.method:
            night.files.delete(f"{FOLDER}/{name}")


def fetch_model(night: Night, method: str) -> Path:
    """A local folder with the model of a classifier, for `load_model`."""
    folder = night.scratch / "categories" / method
    if not (folder / _MODEL).exists():
        folder.mkdir(parents=True, exist_ok=True)
        night.files.download(f"{FOLDER}/{method}/{_MODEL}", folder / _MODEL)
    return folder


def load_model(folder: Path) -> CategoryModel:
    """The model in a folder of `fetch_model`."""
    return CategoryModel.load(folder / _MODEL)


def learnt_on(method: str) -> Any:
    """The night of a method, as a DATE literal."""
    return F.to_date(F.lit(method.split(".")[1]))
