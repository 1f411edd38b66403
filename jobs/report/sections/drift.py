"""How far the night is from the previous one: features, texts, embeddings, scores and purchases against their bars."""

from __future__ import annotations

import pandas as pd

from features.contract.metrics import DRIFT, FEATURE
from jobs.language.sentences import phrase, say
from jobs.report.drift_in_words import drift_figures
from jobs.report.night_figures import NightFigures
from jobs.report.page.numbers import index
from jobs.report.page.parts import Bar, Bars, Block, Section, Table, Words
from jobs.report.terms import feature_figures

MOST = 8
_ACTIONS = {"stop": phrase("stop"), "warn": phrase("warn")}


def drift(reading: NightFigures) -> Section:
    """The features with the greatest drift, and every figure beyond its bar."""
    figures = reading.feature_figures
    figures = figures.assign(name=figures["name"].str.removeprefix(FEATURE))
    moved = figures[figures["name"] == "drift"].sort_values(["value", "segment"], ascending=[False, True])
    blocks: list[Block] = [_of_the_night(reading), _beyond(reading, figures)]
    if moved.empty:
        nothing = say("No earlier night is near enough to compare the features with.")
        blocks.append(Words((nothing,), ("metrics",)))
    else:
        blocks.insert(0, _moved(reading, moved))
    lead = say("How far the model's inputs are from those of the previous night.")
    return Section("drift", say("Drift"), lead, tuple(blocks))


def _of_the_night(reading: NightFigures) -> Block:
    bars = []
    for name, figure in drift_figures(reading.words).items():
        value, bar = reading.figure(f"{DRIFT}{name}"), getattr(reading.conf.drift.bars, name)
        if value is not None:
            beyond = value > bar.most
            text = say("{count} of {all}", count=figure.words(value), all=figure.words(bar.most))
            text += " !" if beyond else ""
            bars.append(Bar(figure.label, value / (2 * bar.most or 1.0), text, "warn" if beyond else "plain"))
    if not bars:
        return Words((say("Drift of texts, embeddings and scores was not measured tonight."),), ("metrics",))
    note = say(
        "The bar of a figure is at half the width; what is beyond it is marked ! and raises an alert, or stops the "
        "night before it is published."
    )
    title = say("Texts, embeddings, scores, what shoppers {do}", do=reading.words.do)
    return Bars(title, tuple(bars), ("metrics",), note)


def _moved(reading: NightFigures, moved: pd.DataFrame) -> Bars:
    bar = reading.conf.quality.bars["drift"]
    scale = max(2 * bar.most, float(moved["value"].max()))
    bars = tuple(
        Bar(row["segment"], row["value"] / scale, index(row["value"]) + (" !" if row["value"] > bar.most else ""),
            "warn" if row["value"] > bar.most else "plain")
        for row in moved.head(MOST).to_dict("records")
    )  # fmt: skip
    note = say(
        "How far the values of a feature are from those of the previous night (population stability index); {count} "
        "features are measured, below 0.1 is stable. Above the bar of {bar}, marked !, the night {does}.",
        count=len(moved),
        bar=f"{bar.most:g}",
        does=say("stops") if bar.action == "stop" else say("warns"),
    )
    return Bars(say("Features that moved most"), bars, ("metrics",), note)


def _beyond(reading: NightFigures, figures: pd.DataFrame) -> Block:
    quality = reading.conf.quality
    cells = []
    for row in figures.sort_values("segment").to_dict("records"):
        name, feature = row["name"], row["segment"].split(".", 1)[-1]
        if name in quality.bars:
            most = quality.exceptions.get(feature, {}).get(name, quality.bars[name].most)
            if row["value"] > most:
                label, words = feature_figures()[name]
                does = say(_ACTIONS[quality.bars[name].action])
                cells.append((row["segment"], label, words(row["value"]), words(most), does))
    if not cells:
        good = say("Every feature is within its bars.")
        return Words((good,), ("metrics",), title=say("Features and their bars"), mark="good")
    columns = (say("feature"), say("figure"), say("value"), say("bar"), say("what the bar does"))
    return Table(say("Features beyond their bars"), columns, tuple(cells), ("metrics",), frozenset(columns[2:4]))
