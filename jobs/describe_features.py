"""Writes the catalogue of features as a page: meaning, source, owner, default and the share of defaults."""

from __future__ import annotations

from datetime import date

from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from features.contract import METRICS
from features.contract.metrics import FEATURE_DEFAULT_SHARE
from features.declarations import (
    ITEM_FEATURES,
    ITEM_FEATURES_TABLE,
    PAIR_FEATURES,
    USER_FEATURES,
    USER_FEATURES_TABLE,
    Feature,
)
from jobs.execution.command import main_of
from jobs.execution.night import Night

CATALOGUE = "features.md"
Shares = dict[str, float]  # <table>.<feature> -> share of entities with the default


def describe_features(night: Night) -> None:
    """Writes <warehouse>/features.md, the catalogue of all declared features.

    One row for each feature: name, meaning, window, source columns, type, default, share of items or shoppers that have
    the default in the night of --as-of, freshness, owner. Without figures of that night the shares are left out.
    """
    rows = night.tables.read_or_empty(METRICS).where(
        (F.col("as_of") == F.lit(night.as_of)) & (F.col("name") == FEATURE_DEFAULT_SHARE)
    )
    shares = {row["segment"]: row["value"] for row in rows.select("segment", "value").collect()}
    night.files.write(CATALOGUE, catalogue_page(night.as_of, shares))
    declared = len(ITEM_FEATURES) + len(USER_FEATURES) + len(PAIR_FEATURES)
    night.record.rows = {"features": declared, "with_share": len(shares)}
    print(night.files.shown(CATALOGUE), flush=True)


def catalogue_page(as_of: date, shares: Shares) -> str:
    """The page as Markdown, with a dash for a feature without a share."""
    parts = [
        "# Features",
        f"All declared features, with the share of items or shoppers that had the default in the night of {as_of}. A "
        "window of n days is [as_of - n days, as_of), in UTC; life is everything before as_of.",
    ]
    for table, features, title in (
        (ITEM_FEATURES_TABLE, ITEM_FEATURES, "Items"),
        (USER_FEATURES_TABLE, USER_FEATURES, "Shoppers"),
    ):
        parts += [f"## {title}: `{table.name}`", table.meaning, _table(table.name, features, shares)]
    parts += [
        "## Pairs of a shopper and an item",
        "Computed for training and scoring, and stored in no table. A model names those that it reads.",
        _table("pairs", PAIR_FEATURES, {}),
    ]
    return "\n\n".join(parts) + "\n"


def _table(table: str, features: tuple[Feature, ...], shares: Shares) -> str:
    head = ("feature", "meaning", "window", "source", "type", "default", "share of default", "freshness", "owner")
    lines = [head, ("---",) * len(head)]
    for feature in features:
        share = shares.get(f"{table}.{feature.name}")
        lines.append(
            (
                f"`{feature.name}`",
                feature.meaning,
                feature.window or "",
                ", ".join(f"`{source}`" for source in feature.source_columns),
                feature.type.simpleString(),
                "empty" if isinstance(feature.type, ArrayType) or feature.default == "" else str(feature.default),
                "-" if share is None else f"{share:.1%}",
                feature.freshness,
                feature.owner,
            )
        )
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    main_of(describe_features)
