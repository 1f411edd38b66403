"""What each figure of drift measures, how it is written, and what to do about it: for the page and the alerts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp

from jobs.language.sentences import phrase, say
from jobs.report.page.numbers import amount, index, percent
from jobs.report.page.parts import Term, term
from model.phrases.table import ResponseWords


@dataclass(frozen=True)
class DriftFigure:
    """A figure of drift.

    label: what is measured; words: how a value is written; sentence: about a value beyond its bar, with {value} and
    {bar} to fill in; remedy: what to do; response: its plural, where the sentence names it
    """

    label: Term
    words: Callable[[float], str]
    sentence: str
    remedy: str

    response: str = ""

    def beyond(self, value: float, most: float) -> str:
        """The sentence of a value beyond its bar."""
        figures = {"value": self.words(value), "bar": self.words(most)}
        return say(self.sentence, response=self.response, Response=self.response.capitalize(), **figures)


def _factor(log_of_ratio: float) -> str:
    return amount(exp(log_of_ratio))


def drift_figures(words: ResponseWords) -> dict[str, DriftFigure]:
    """By the names of drift.bars; words: of the response that relevance.target names."""
    plural = words.plural
    return {
        "texts": DriftFigure(
            term(
                "new product texts", "Share of the texts of the listed products that the previous night did not have."
            ),
            percent,
            phrase("{value} of the product texts are new since the previous night; the bar is {bar}."),
            say(
                "Compare text_hash in item_features of both nights: a changed export rewrites titles, and only new "
                "texts are embedded again."
            ),
        ),
        "embeddings": DriftFigure(
            term(
                "shoppers' vectors moved",
                "Mean cosine distance between a shopper's embedding and the previous night's; 0 is no change.",
            ),
            index,
            phrase(
                "Shoppers' embeddings moved by {value} (mean cosine distance) since the previous night; the bar is "
                "{bar}."
            ),
            say(
                "Compare the encoder version in runs of both nights: if it is the same, the shoppers' texts have "
                "changed."
            ),
        ),
        "scores": DriftFigure(
            term(
                "chances shifted",
                "How far tonight's predicted chances are from the previous night's (population stability index): below "
                "0.1 they are alike, above 0.25 clearly different.",
            ),
            index,
            phrase(
                "Predicted chances shifted by {value} (population stability index) since the previous night; the bar "
                "is {bar}."
            ),
            say(
                "Compare model_version in runs of both nights, then look for features that moved (feature_drift in "
                "metrics)."
            ),
        ),
        "response": DriftFigure(
            term(
                "{response} moved between categories",
                "How far the last week's {response} by category are from those of the four weeks before (population "
                "stability index): below 0.1 they are alike, above 0.25 clearly different.",
                response=plural,
            ),
            index,
            phrase(
                "{Response} moved between categories by {value} (population stability index) in the last week; the bar "
                "is {bar}."
            ),
            say("Look at daily_item by category for a season, a sale, or an export that lacks a part of the shop."),
            plural,
        ),
        "response_level": DriftFigure(
            term(
                "{response} a day rose or fell",
                "Factor between the {response} a day of the last week and those of the four weeks before, whichever "
                "way; 1 is no change.",
                response=plural,
            ),
            _factor,
            phrase("{Response} a day rose or fell by a factor of {value} in the last week; the bar is {bar}."),
            say(
                "Look at daily_item by day for a season, a sale, a shop that is down, or an export that lacks a part "
                "of it."
            ),
            plural,
        ),
    }
