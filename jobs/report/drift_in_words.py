"""What each figure of drift measures, how it is written, and what to do about it: for the page and the alerts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp

from jobs.report.page.numbers import amount, index, percent
from jobs.report.page.parts import Term
from model.phrases.table import ResponseWords


@dataclass(frozen=True)
class DriftFigure:
    """A figure of drift.

    label: what is measured; words: how a value is written; sentence: about a value beyond its bar; remedy: what to do
    """

    label: Term
    words: Callable[[float], str]
    sentence: str
    remedy: str

    def beyond(self, value: float, most: float) -> str:
        """The sentence of a value beyond its bar."""
        return self.sentence.format(value=self.words(value), bar=self.words(most))


def _factor(log_of_ratio: float) -> str:
    return amount(exp(log_of_ratio))


def drift_figures(words: ResponseWords) -> dict[str, DriftFigure]:
    """By the names of drift.bars; words: of the response that relevance.target names."""
    plural, capital = words.plural, words.plural.capitalize()
    return {
        "texts": DriftFigure(
            Term(
                "new product texts", "Share of the texts of the listed products that the previous night did not have."
            ),
            percent,
            "{value} of the product texts are new since the previous night; the bar is {bar}.",
            "Compare text_hash in item_features of both nights: a changed export rewrites titles, and only new texts "
            "are embedded again.",
        ),
        "embeddings": DriftFigure(
            Term(
                "shoppers' vectors moved",
                "Mean cosine distance between a shopper's embedding and the previous night's; 0 is no change.",
            ),
            index,
            "Shoppers' embeddings moved by {value} (mean cosine distance) since the previous night; the bar is {bar}.",
            "Compare the encoder version in runs of both nights: if it is the same, the shoppers' texts have changed.",
        ),
        "scores": DriftFigure(
            Term(
                "chances shifted",
                "How far tonight's predicted chances are from the previous night's (population stability index): below "
                "0.1 they are alike, above 0.25 clearly different.",
            ),
            index,
            "Predicted chances shifted by {value} (population stability index) since the previous night; the bar is "
            "{bar}.",
            "Compare model_version in runs of both nights, then look for features that moved (feature_drift in "
            "metrics).",
        ),
        "response": DriftFigure(
            Term(
                f"{plural} moved between categories",
                f"How far the last week's {plural} by category are from those of the four weeks before (population "
                "stability index): below 0.1 they are alike, above 0.25 clearly different.",
            ),
            index,
            f"{capital} moved between categories by {{value}} (population stability index) in the last week; the bar "
            "is {bar}.",
            "Look at daily_item by category for a season, a sale, or an export that lacks a part of the shop.",
        ),
        "response_level": DriftFigure(
            Term(
                f"{plural} a day rose or fell",
                f"Factor between the {plural} a day of the last week and those of the four weeks before, whichever "
                "way; 1 is no change.",
            ),
            _factor,
            f"{capital} a day rose or fell by a factor of {{value}} in the last week; the bar is {{bar}}.",
            "Look at daily_item by day for a season, a sale, a shop that is down, or an export that lacks a part of "
            "it.",
        ),
    }
