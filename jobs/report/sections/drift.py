"""Features that moved since the last night, against their bars."""

from __future__ import annotations

import pandas as pd
from pyspark.sql import functions as F

from features.contract import METRICS
from jobs.quality.drift import PREFIX
from jobs.quality.gate import PREFIX as FEATURE
from jobs.report.night_tables import Reading
from jobs.report.page.parts import Bar, Bars, Block, Section, Table, Words

MOST = 8
_MEANING = {
    "texts": "share of new item texts",
    "embeddings": "mean distance of a shopper's vector from the last night's",
    "scores": "stability index of the relevance",
    "response": "stability index of purchases over categories, a week against four",
    "response_level": "|ln| of how many times as much was bought a day, a week against four",
}


def drift(reading: Reading) -> Section:
    """The features with the greatest drift, and every figure beyond its bar."""
    rows = reading.tables.read(METRICS).where(
        (F.col("as_of") == F.lit(reading.as_of)) & F.startswith("name", F.lit(FEATURE))
    )
    figures = rows.select("name", "segment", "value").toPandas()
    figures["name"] = figures["name"].str.removeprefix(FEATURE)
    moved = figures[figures["name"] == "drift"].sort_values(["value", "segment"], ascending=[False, True])
    blocks: list[Block] = [_of_the_night(reading), _beyond(reading, figures)]
    if moved.empty:
        blocks.append(Words(("No earlier night is near enough to measure drift against.",), ("metrics",)))
    else:
        blocks.insert(0, _moved(reading, moved))
    return Section("drift", "Drift", "How far the inputs of the model are from those of the last night.", tuple(blocks))


def _of_the_night(reading: Reading) -> Block:
    bars = []
    for name, words in _MEANING.items():
        value, bar = reading.figure(f"{PREFIX}{name}"), getattr(reading.conf.drift.bars, name)
        if value is not None:
            beyond = value > bar.most
            told = f"{value:.3f} of {bar.most:g}" + (" !" if beyond else "")
            bars.append(Bar(f"{name}: {words}", value / (2 * bar.most or 1.0), told, "warn" if beyond else "plain"))
    if not bars:
        return Words(("Drift of texts, embeddings and scores was not measured tonight.",), ("metrics",))
    note = "Half the width is the bar; what is beyond it is marked ! and alerts, or stops the night before publish."
    return Bars("Texts, embeddings, scores, what shoppers buy", tuple(bars), ("metrics",), note)


def _moved(reading: Reading, moved: pd.DataFrame) -> Bars:
    bar = reading.conf.quality.bars["drift"]
    scale = max(2 * bar.most, float(moved["value"].max()))
    bars = tuple(
        Bar(row["segment"], row["value"] / scale, f"{row['value']:.3f}" + (" !" if row["value"] > bar.most else ""),
            "warn" if row["value"] > bar.most else "plain")
        for row in moved.head(MOST).to_dict("records")
    )  # fmt: skip
    note = (
        f"Population stability index against the last night; {len(moved)} features are measured, below 0.1 is stable. "
        f"The bar is {bar.most:g}: above it the night {'stops' if bar.action == 'stop' else 'warns'} (marked !)."
    )
    return Bars("Features that moved most", bars, ("metrics",), note)


def _beyond(reading: Reading, figures: pd.DataFrame) -> Block:
    quality = reading.conf.quality
    cells = []
    for row in figures.sort_values("segment").to_dict("records"):
        name, feature = row["name"], row["segment"].split(".", 1)[-1]
        if name in quality.bars:
            most = quality.exceptions.get(feature, {}).get(name, quality.bars[name].most)
            if row["value"] > most:
                cells.append(
                    (
                        row["segment"],
                        name.replace("_", " "),
                        f"{row['value']:.3f}",
                        f"{most:g}",
                        quality.bars[name].action,
                    )
                )
    if not cells:
        return Words(("Every feature is within its bars.",), ("metrics",), title="Features and their bars", mark="good")
    columns = ("feature", "figure", "value", "bar", "what the bar does")
    return Table("Features beyond their bars", columns, tuple(cells), ("metrics",), frozenset({"value", "bar"}))
