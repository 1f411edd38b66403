"""What a training's figures say of a model, in words: the same for the summary and the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, isfinite

from jobs.language.sentences import listed, phrase, restated, say
from jobs.report.page.numbers import NONE, amount, percent
from jobs.report.page.parts import term
from model.gate import HARMED, HELD, TOO_FEW
from model.phrases.table import ResponseWords

Decisions = Mapping[str, str]  # of a run of train_relevance: figures as text, by name


@dataclass(frozen=True)
class Recall:
    """A share of responses that models found: by the new model, by its reference, and by the first champion.

    answer: what the gate's test of a segment shows
    """

    label: str
    new: str
    reference: str
    first_champion: str = NONE
    answer: str = NONE


@dataclass(frozen=True)
class Calibration:
    """A measure of how right the chances are: what it is, its figure, and how to read it in a few words."""

    label: str
    figure: str
    hint: str


@dataclass(frozen=True)
class _Measure:
    label: str
    name: str
    words: Callable[[float], str]
    meaning: str = ""
    hint: str = ""


_CALIBRATION = (
    _Measure(phrase("average predicted chance"), "mean_probability", percent),
    _Measure(phrase("share that came true"), "rate", percent),
    _Measure(
        phrase("spread of the chances"), "slope", amount,
        phrase(
            "Calibration slope: 1 is right; below 1 high chances are too high and low ones too low, above 1 the "
            "reverse."
        ),
        phrase("1 is right, below 1 the chances are too extreme"),
    ),
    _Measure(
        phrase("level of the chances"), "in_the_large", lambda shift: amount(exp(shift)),
        phrase(
            "What the predicted odds have to be multiplied by for their average to be right (calibration in the "
            "large): 1 is right, above 1 the chances are too low."
        ),
        phrase("1 is right, above 1 the chances are too low"),
    ),
    _Measure(
        phrase("prediction error saved"), "gain", percent,
        phrase("How much smaller the log-loss is than that of predicting the average chance for every candidate."),
        phrase("compared with predicting the average for all"),
    ),
)  # fmt: skip
_CHALLENGER, _BY_CHANCE = "_challenger", "_by_chance"


def recalls(decisions: Decisions, words: ResponseWords) -> list[Recall]:
    """Recall on the tail and on all products; those of the two that the training measured.

    words: of the response that relevance.target names
    """
    named = {"responses": words.plural, "act": words.filled_into("{act}"), "over": words.over}
    tail = term(
        "tail {responses} found",
        "Of the tail and cold products that shoppers newly {act}{over} on days that the model had not seen, the share "
        "among the products it ranked highest for them.",
        **named,
    )
    overall = term(
        "{responses} found",
        "Of all products that shoppers newly {act}{over} on days that the model had not seen, the share among the "
        "products it ranked highest for them.",
        **named,
    )
    measured = [
        Recall(
            label,
            _figure(decisions, f"gate_{name}{_CHALLENGER}", percent),
            _figure(decisions, f"gate_{name}_reference", percent),
            _figure(decisions, f"gate_{name}_anchor_reference", percent),
        )
        for label, name in ((tail, "tail_recall"), (overall, "recall"))
    ]
    return [recall for recall in measured if recall.new != NONE]


def segment_recalls(decisions: Decisions) -> list[Recall]:
    """Recall on the tail by segment, department and activity of the shopper, as the gate compared them."""
    kinds = ("segment", "department", "shoppers")
    names = sorted(
        name.removesuffix(_CHALLENGER)
        for name in decisions
        if name.endswith(_CHALLENGER) and name.startswith(tuple(f"gate_{kind} " for kind in kinds))
    )
    return [
        Recall(
            restated(name.removeprefix("gate_")),
            _figure(decisions, f"{name}{_CHALLENGER}", percent),
            _figure(decisions, f"{name}_reference", percent),
            answer=decisions.get(f"{name}_answer", NONE),
        )
        for name in names
    ]


def segments_in_words(decisions: Decisions) -> str:
    """How many segments gave each of the gate's answers, and which were harmed; '' where none was compared."""
    answered: dict[str, list[str]] = {}
    for segment in segment_recalls(decisions):
        if segment.answer != NONE:
            answered.setdefault(segment.answer, []).append(segment.label)
    parts = [
        say(sentence, count=len(answered[answer]), segments=listed(answered[answer]))
        for answer, sentence in (
            (HARMED, phrase("{count} harmed ({segments})")),
            (HELD, phrase("{count} shown not to be harmed")),
            (TOO_FEW, phrase("{count} with too few shoppers to tell")),
        )
        if answer in answered
    ]
    return listed(parts)


def cold_recall(decisions: Decisions, words: ResponseWords) -> list[Recall]:
    """Recall on cold products; its reference is as many products drawn at random. Empty where none got a response.

    words: of the response that relevance.target names
    """
    label = term(
        "cold {responses} found",
        "Of the never {sold} products that shoppers then {act}{over}, the share among those it ranked highest of such "
        "products.",
        responses=words.plural,
        sold=words.sold,
        act=words.filled_into("{act}"),
        over=words.over,
    )
    by_chance = sorted(
        name for name in decisions if name.startswith("cold_items_recall_at_") and name.endswith(_BY_CHANCE)
    )
    return [
        Recall(label, _figure(decisions, name.removesuffix(_BY_CHANCE), percent), _figure(decisions, name, percent))
        for name in by_chance
    ]


def calibration(decisions: Decisions, part: str) -> list[Calibration]:
    """The calibration that the gate measured; part: all or tail."""
    return [
        Calibration(
            term(measure.label, measure.meaning) if measure.meaning else say(measure.label),
            _figure(decisions, f"calibration_{part}_{measure.name}", measure.words),
            say(measure.hint),
        )
        for measure in _CALIBRATION
    ]


def _figure(decisions: Decisions, name: str, words: Callable[[float], str]) -> str:
    value = float(decisions.get(name, "nan"))
    return words(value) if isfinite(value) else NONE
